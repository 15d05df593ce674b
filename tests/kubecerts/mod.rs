//! `devkit kubecerts`.

mod corpus;
mod differential;
mod errors;
mod extract;
mod manual;
mod world;
