//! devkit chores.
fn main() {}
