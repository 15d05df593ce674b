//! The modules of one repository, and the versions that Go finds in its tags.
//!
//! [`Version`] orders versions as Go does, [`ModulePath`] knows which path goes with which major
//! version, [`GoMod`] is a `go.mod` file with the place of every token, so that an edit changes a
//! version and no other byte.
//!
//! Rule: the Go Modules Reference; `semver`, `module` and `modfile` of `golang.org/x/mod`.

pub mod apply;
pub mod changes;
mod checks;
pub mod commits;
pub mod git;
pub mod gomod;
pub mod options;
mod path;
pub mod plan;
pub mod problem;
pub mod repository;
mod requires;
pub mod row;
pub mod select;
mod slip;
pub mod sum;
pub mod tag;
mod taken;
#[cfg(test)]
mod tests;
pub mod update;
pub mod verify;
mod version;
mod versions;
pub mod zip;

pub use checks::{not_releasable, shallow};
pub use git::{Git, GitError};
pub use gomod::GoMod;
pub use options::Options;
pub use path::{BadPath, MajorSuffix, ModulePath};
pub use plan::Plan;
pub use problem::{Code, Judgement};
pub use repository::{Module, Repository};
pub use select::Selection;
pub use tag::{Misplaced, TagPrefix};
pub use version::{BadVersion, Bump, Number, Version};
