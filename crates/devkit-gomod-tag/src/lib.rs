//! The modules of one repository, and the versions that Go finds in its tags.
//!
//! [`Version`] orders versions as Go does, [`ModulePath`] knows which path goes with which major
//! version, [`GoMod`] is a `go.mod` file with the place of every token, so that an edit changes a
//! version and no other byte.
//!
//! Rule: the Go Modules Reference; `semver`, `module` and `modfile` of `golang.org/x/mod`.

pub mod apply;
pub mod git;
mod go;
pub mod options;
pub mod plan;
pub mod problem;
mod release;
pub mod repository;
pub mod select;
#[cfg(test)]
mod tests;
pub mod verify;

pub use git::{Git, GitError};
pub use go::gomod::GoMod;
pub use go::path::{BadPath, MajorSuffix, ModulePath};
pub use go::tag::{Misplaced, TagPrefix};
pub use go::version::{BadVersion, Bump, Number, Version};
pub use go::{gomod, sum, tag, zip};
pub use options::Options;
pub use plan::Plan;
pub use problem::{Code, Judgement};
pub use release::checks::{not_releasable, shallow};
pub use release::{changes, commits, row, update};
pub use repository::{Module, Repository};
pub use select::Selection;
