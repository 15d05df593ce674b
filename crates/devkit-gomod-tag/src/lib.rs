//! The modules of one repository, and the versions that Go finds in its tags.
//!
//! [`Version`] orders versions as Go does, [`ModulePath`] knows which path goes with which major
//! version, [`GoMod`] is a `go.mod` file with the place of every token, so that an edit changes a
//! version and no other byte.
//!
//! Rule: the Go Modules Reference; `semver`, `module` and `modfile` of `golang.org/x/mod`.

pub mod gomod;
mod path;
pub mod tag;
#[cfg(test)]
mod tests;
mod version;

pub use gomod::GoMod;
pub use path::{BadPath, MajorSuffix, ModulePath};
pub use tag::{Misplaced, TagPrefix};
pub use version::{BadVersion, Bump, Number, Version};
