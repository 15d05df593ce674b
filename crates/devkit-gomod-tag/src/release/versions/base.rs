//! The versions that modules are counted from: the highest that is not withdrawn, of those in the
//! history of the commit if that one is not.

use std::collections::HashMap;

use crate::git::{GitError, Oid};
use crate::go::version::Version;
use crate::repository::{Release, Repository};

/// The version that a module is counted from.
pub(super) struct Base {
    pub(super) version: Version,
    /// The commit of that version.
    pub(super) commit: Oid,
    /// A version that is higher, and not in the history of the repository's commit.
    pub(super) outside: Option<Version>,
}

/// The versions that modules are counted from, by the index of the module.
pub(super) struct Bases(HashMap<usize, Base>);

impl Bases {
    pub(super) fn get(&self, module: usize) -> Option<&Base> {
        self.0.get(&module)
    }

    pub(super) fn of(repository: &Repository, selected: &[usize]) -> Result<Self, GitError> {
        let commit = &repository.commit.oid;
        let current = |at: &usize| Some((*at, repository.modules[*at].current()?.clone(), None));
        let mut found: Vec<(usize, Release, Option<Version>)> =
            selected.iter().filter_map(current).collect();
        let tags: Vec<&str> = found.iter().map(|(_, release, _)| &*release.tag).collect();
        let outside = repository.git.tags_outside(commit, &tags)?;
        for (at, release, higher) in &mut found {
            if !outside.contains(&release.tag) {
                continue;
            }
            let module = &repository.modules[*at];
            let Ok(prefix) = &module.prefix else { continue };
            let inside = repository.git.tags_inside(commit, &prefix.to_string())?;
            let here = module.releases.iter().rev().filter(|it| inside.contains(&it.tag));
            let kept = here.clone().find(|it| !module.is_retracted(&it.version));
            if let Some(older) = kept.or(here.clone().next()) {
                *higher = Some(release.version.clone());
                *release = older.clone();
            }
        }
        let tags: Vec<&str> = found.iter().map(|(_, release, _)| &*release.tag).collect();
        let commits = repository.peeled(&tags)?;
        let mut bases = HashMap::new();
        for ((at, release, outside), commit) in found.into_iter().zip(commits) {
            let base = |commit| Base { version: release.version, commit, outside };
            bases.extend(commit.map(|commit| (at, base(commit))));
        }
        Ok(Self(bases))
    }
}
