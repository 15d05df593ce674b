//! What Go makes of names, versions and files, by its own rules.

pub mod gomod;
pub(crate) mod path;
pub(crate) mod slip;
pub mod sum;
pub mod tag;
pub(crate) mod version;
pub mod zip;
