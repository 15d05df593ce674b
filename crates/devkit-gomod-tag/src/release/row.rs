//! A module of a plan: the version that it gets, the tag, and why.

use crate::git::Oid;
use crate::go::version::Version;
use crate::repository::{Module, Repository, shown_folder};

/// A module of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The index of the module in [`Repository::modules`].
    pub module: usize,
    /// The module's folder, empty for the root.
    pub folder: String,
    /// The module's path.
    pub path: String,
    /// The module's highest version that is not withdrawn.
    pub current: Option<Version>,
    /// The version that the module gets.
    pub next: Option<Version>,
    /// The tag of that version.
    pub tag: Option<String>,
    /// Why the module gets a version.
    pub why: Vec<Why>,
    /// Whether the tag is there already, on this very commit.
    pub exists: bool,
    /// Whether the remote has it, if that was asked.
    pub on_remote: Option<bool>,
    /// Files that have changed since the current version; `None` if there is none.
    pub changed: Option<Vec<Vec<u8>>>,
    /// The commit of the current version.
    pub(crate) base: Option<Oid>,
    /// A version that is higher than the current one, and not in the history of the plan's commit.
    pub(crate) outside: Option<Version>,
}

/// Why a module gets a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The module has no version yet.
    FirstRelease,
    /// So many files of the module have changed since its last version.
    Changed(usize),
    /// Modules that it requires get higher versions.
    RequiresBumped,
    /// All modules get the same version.
    Lockstep,
    /// The version is there already.
    Tagged,
    /// A line of versions below the highest goes on.
    Backport,
    /// The last version was a pre-release.
    Prerelease,
    /// The user asked for a version.
    Forced,
}

/// The rows of a plan with the modules that they are about.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) all: &'a [Row],
}

impl<'a> Rows<'a> {
    pub(crate) fn module(self, row: &Row) -> &'a Module {
        &self.repository.modules[row.module]
    }

    /// The row of a module.
    pub(crate) fn of(self, module: usize) -> Option<&'a Row> {
        self.all.iter().find(|row| row.module == module)
    }

    /// The row of a module's path.
    pub(crate) fn of_path(self, path: &str) -> Option<&'a Row> {
        self.all.iter().find(|row| row.path == path)
    }

    /// The version that a module gets, if it is part of the plan.
    pub(crate) fn next(self, module: usize) -> Option<&'a Version> {
        self.of(module)?.next.as_ref()
    }

    /// Whether a module has the version that it gets already, on the very commit of the plan.
    pub(crate) fn is_tagged(self, row: &Row) -> bool {
        row.next.is_some() && row.next == row.current && row.is_on(&self.repository.commit.oid)
    }

    /// The options that select the modules of the plan, and one more.
    pub(crate) fn with_module(self, more: &str) -> String {
        const MOST: usize = 5;
        let more = format!("--module {}", shown_folder(more));
        if self.all.len() > MOST {
            return format!("{more} beside the others");
        }
        let rows = self.all.iter().map(|row| format!("--module {}", shown_folder(&row.folder)));
        rows.filter(|row| *row != more).chain([more.clone()]).collect::<Vec<_>>().join(" ")
    }
}

impl Row {
    /// Whether the current version is one of a commit.
    pub(crate) fn is_on(&self, commit: &Oid) -> bool {
        self.base.as_ref() == Some(commit)
    }
}
