//! Requirements brought to the versions of a plan: what becomes of `go.mod` and `go.sum`.

mod go_sum;
mod sums;

use crate::git::GitError;
use crate::go::gomod::Token;
use crate::go::version::{Version, precedence};
use crate::options::{Next, Options};
use crate::release::requires::behind::{Known, is_nothing};
use crate::release::requires::{is_replaced, siblings};
use crate::release::row::Rows;

pub(crate) use go_sum::wrong;

/// Changes to files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Update {
    /// In the order of their paths.
    pub files: Vec<Edited>,
    /// Which requirements change.
    pub requires: Vec<Bumped>,
    /// Sums that could not be written, and why.
    pub without_sum: Vec<(String, String)>,
}

/// A file that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// From the root of the repository.
    pub path: String,
    /// What it holds; `None`: it is new.
    pub old: Option<String>,
    /// What it is to hold.
    pub new: String,
}

/// A requirement that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bumped {
    /// The place of the module that requires.
    pub module: usize,
    /// The folder of that module.
    pub folder: String,
    /// What it requires.
    pub path: String,
    /// The version so far.
    pub from: String,
    /// The version to be.
    pub to: String,
}

impl Update {
    /// Whether requirements of a module change.
    #[must_use]
    pub fn edits(&self, module: usize) -> bool {
        self.requires.iter().any(|bumped| bumped.module == module)
    }

    /// The new version of a requirement of a module.
    #[must_use]
    pub fn version(&self, module: usize, path: &str) -> Option<&str> {
        let found = self.requires.iter().find(|it| it.module == module && it.path == path);
        found.map(|bumped| &*bumped.to)
    }

    pub(crate) fn file(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path).map(|file| &*file.new)
    }
}

/// What becomes of the requirements of the modules of a plan.
pub(crate) fn update(rows: Rows<'_>, options: &Options) -> Result<Update, GitError> {
    let mut update = Update::default();
    let mut known = Known::default();
    let repository = rows.repository;
    for row in rows.all {
        let module = rows.module(row);
        let (Ok(go_mod), true) = (&module.go_mod, module.prefix.is_ok()) else { continue };
        // A version that is out and that was named keeps its files.
        if rows.is_tagged(row) && !matches!(options.next, Next::Bump(_)) {
            continue;
        }
        let mut edits: Vec<(&Token, String)> = Vec::new();
        for sibling in siblings(repository, go_mod) {
            let Some(other) = sibling.module else { continue };
            let old = &sibling.version;
            let planned = rows.next(other);
            let current = repository.modules[other].current().map(|it| &it.version);
            let is_older = |than: &Version| precedence(old).is_none_or(|old| old < *than);
            let path = &sibling.require.path.text;
            let new = if let Some(next) = planned.filter(|next| is_older(next)) {
                Some(next)
            } else if is_nothing(&mut known, rows, &sibling)? {
                // A higher one that nobody can fetch goes down.
                planned.or(current)
            } else if planned.is_none() && is_replaced(go_mod, path, old) {
                // What is put in its place here may be as new as its last version.
                current.filter(|it| is_older(it))
            } else {
                None
            };
            let new = new.map(ToString::to_string).filter(|new| new != old);
            let Some(new) = new else { continue };
            update.requires.push(Bumped {
                module: row.module,
                folder: module.folder.clone(),
                path: sibling.require.path.text.clone(),
                from: old.clone(),
                to: new.clone(),
            });
            edits.push((&sibling.require.version, new));
        }
        if !edits.is_empty() {
            edits.sort_by_key(|(token, _)| token.span.start);
            let words = edits.iter().map(|(token, new)| (*token, &**new));
            update.files.push(Edited {
                path: module.file("go.mod"),
                old: Some(go_mod.as_str().to_owned()),
                new: go_mod.edited(words),
            });
        }
    }
    let mut update = go_sum::with_lines(rows, update)?;
    update.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(update)
}
