//! The requirements of a module that are modules of the same repository.
//!
//! Inside the repository a `replace` or a `go.work` hides what a requirement says; outside nothing
//! does.

pub(crate) mod behind;

use crate::go::gomod::{GoMod, Require};
use crate::go::path::ModulePath;
use crate::go::tag::{TagPrefix, known_root};
use crate::repository::{Module, Repository, prefix_of};

/// A requirement of a module of the same repository.
pub(crate) struct Sibling<'a> {
    /// How it is written.
    pub(crate) require: &'a Require,
    pub(crate) path: ModulePath,
    /// What its tags begin with.
    prefix: TagPrefix,
    /// The index of the required module in [`Repository::modules`], if it is there.
    pub(crate) module: Option<usize>,
    /// The version, as it will be.
    pub(crate) version: String,
}

/// The modules of the same repository that a module requires.
pub(crate) fn siblings<'a>(repository: &Repository, go_mod: &'a GoMod) -> Vec<Sibling<'a>> {
    let Some(root) = &repository.root else { return Vec::new() };
    let sibling = |require: &'a Require| {
        // Nearly all that is required is somebody else's.
        if !require.path.text.starts_with(&**root) {
            return None;
        }
        let path: ModulePath = require.path.text.parse().ok()?;
        let prefix = prefix_of(root, &path)?;
        let of_path = |module: &Module| module.path.as_ref() == Ok(&path) && module.prefix.is_ok();
        let module = repository.modules.iter().position(of_path);
        // A path below another one's import path need not be of its repository.
        let is_here = module.is_some()
            || repository.has_releases(&prefix)
            || known_root(path.as_str()) == Some(root);
        let version = require.version.text.clone();
        is_here.then_some(Sibling { require, path, prefix, module, version })
    };
    go_mod.requires.iter().filter_map(sibling).collect()
}

/// Whether a module replaces a version of another by a folder.
pub(crate) fn is_replaced(go_mod: &GoMod, path: &str, version: &str) -> bool {
    go_mod.replaces.iter().any(|it| {
        let fits = it.old.version.as_ref().is_none_or(|old| old.text == version);
        it.old.path.text == path && fits && it.new.version.is_none()
    })
}
