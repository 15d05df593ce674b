//! What a release takes: which modules change, what they require of each other, and what stands against it.

pub mod changes;
pub(crate) mod checks;
pub mod commits;
pub(crate) mod requires;
pub mod row;
pub(crate) mod taken;
pub mod update;
pub(crate) mod versions;
