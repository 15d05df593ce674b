//! What stands behind a requirement: a version of this plan, a commit, or nothing that can be fetched.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::{Sibling, siblings};
use crate::git::{GitError, Oid};
use crate::go::gomod::GoMod;
use crate::go::version::{Version, precedence};
use crate::release::row::Rows;
use crate::repository::Repository;

/// What stands behind a requirement.
#[derive(Clone)]
pub(crate) enum Behind {
    /// The version will be made with this plan.
    Planned,
    /// A commit, by its tag or its name, and what its `go.mod` says.
    Commit(Oid, Option<Rc<GoMod>>),
    /// Nothing that anybody outside could fetch, and why.
    Nothing(String),
}

/// What stands behind requirements, each looked up once.
#[derive(Default)]
pub(crate) struct Known {
    behind: HashMap<Key, Behind>,
    /// What each `go.mod` of a version requires of the same repository, by its place in memory.
    further: HashMap<*const GoMod, Rc<Vec<Key>>>,
}

/// A path and a version.
pub(crate) type Key = (String, String);

/// Whether nobody outside could fetch a requirement.
pub(crate) fn is_nothing(
    known: &mut Known,
    rows: Rows<'_>,
    sibling: &Sibling<'_>,
) -> Result<bool, GitError> {
    known.look_up(rows, &[sibling])?;
    Ok(matches!(known.behind(sibling), Behind::Nothing(_)))
}

impl Known {
    pub(crate) fn behind(&self, sibling: &Sibling<'_>) -> Behind {
        let key = (sibling.path.as_str().to_owned(), sibling.version.clone());
        self.behind
            .get(&key)
            .cloned()
            .unwrap_or_else(|| Behind::Nothing("it was not looked up".into()))
    }

    /// What stands behind one of the keys that [`Known::further`] gave.
    pub(crate) fn of(&self, key: &Key) -> &Behind {
        &self.behind[key]
    }

    /// What the `go.mod` of a version requires of the same repository, all of it looked up.
    pub(crate) fn further(
        &mut self,
        rows: Rows<'_>,
        go_mod: &Rc<GoMod>,
    ) -> Result<Rc<Vec<Key>>, GitError> {
        if let Some(further) = self.further.get(&Rc::as_ptr(go_mod)) {
            return Ok(Rc::clone(further));
        }
        let siblings = siblings(rows.repository, go_mod);
        self.look_up(rows, &siblings.iter().collect::<Vec<_>>())?;
        let key = |it: &Sibling<'_>| (it.path.as_str().to_owned(), it.version.clone());
        let further = Rc::new(siblings.iter().map(key).collect::<Vec<_>>());
        self.further.insert(Rc::as_ptr(go_mod), Rc::clone(&further));
        Ok(further)
    }

    /// Finds out about all that is not known yet, with two questions to git.
    pub(crate) fn look_up(
        &mut self,
        rows: Rows<'_>,
        siblings: &[&Sibling<'_>],
    ) -> Result<(), GitError> {
        let mut wanted: Vec<(&Sibling<'_>, Version)> = Vec::new();
        let mut seen = HashSet::new();
        for sibling in siblings {
            let key = (sibling.path.as_str().to_owned(), sibling.version.clone());
            if self.behind.contains_key(&key) || !seen.insert(key.clone()) {
                continue;
            }
            let text = sibling.version.strip_suffix("+incompatible").unwrap_or(&sibling.version);
            let Some(version) = precedence(text) else {
                self.behind.insert(key, Behind::Nothing("it is no version".into()));
                continue;
            };
            let next = sibling.module.and_then(|module| rows.next(module));
            if next == Some(&version) {
                self.behind.insert(key, Behind::Planned);
            } else {
                wanted.push((sibling, version));
            }
        }
        let commits = commits(rows, &wanted)?;
        let mut names = Vec::new();
        for ((sibling, _), commit) in wanted.iter().zip(&commits) {
            if let Ok(commit) = commit {
                let name = |folder: String| format!("{}:{folder}go.mod", commit.as_str());
                names.extend(folders(sibling).map(name));
            }
        }
        let mut contents = rows.repository.git.contents(&names)?.into_iter();
        for ((sibling, _), commit) in wanted.iter().zip(commits) {
            let key = (sibling.path.as_str().to_owned(), sibling.version.clone());
            let behind = match commit {
                Err(why) => Behind::Nothing(why),
                Ok(commit) => {
                    let found: Vec<_> = contents.by_ref().take(2).flatten().collect();
                    of_commit(sibling, commit, found.into_iter())
                }
            };
            self.behind.insert(key, behind);
        }
        Ok(())
    }
}

/// Where the `go.mod` of a sibling can be: two folders, which may be the same.
fn folders(sibling: &Sibling<'_>) -> impl Iterator<Item = String> {
    let prefix = sibling.prefix.to_string();
    let major = sibling.path.major();
    let inner = major.map_or_else(|| prefix.clone(), |it| format!("{prefix}v{}/", it.as_str()));
    [inner, prefix].into_iter()
}

/// The commits of versions, or why there are none.
fn commits(
    rows: Rows<'_>,
    wanted: &[(&Sibling<'_>, Version)],
) -> Result<Vec<Result<Oid, String>>, GitError> {
    let repository = rows.repository;
    let tags: Vec<Option<String>> = wanted
        .iter()
        .map(|(sibling, version)| version.revision().is_none().then(|| sibling.prefix.tag(version)))
        .collect();
    let names: Vec<&str> = tags.iter().flatten().map(String::as_str).collect();
    let mut peeled = repository.peeled(&names)?.into_iter();
    let mut found = Vec::with_capacity(wanted.len());
    for ((_, version), tag) in wanted.iter().zip(&tags) {
        found.push(match tag {
            Some(tag) => peeled
                .next()
                .flatten()
                .ok_or_else(|| format!("there is no tag {tag}, and none in this plan")),
            None => pseudo(repository, version)?,
        });
    }
    Ok(found)
}

/// The commit of a pseudo-version, which Go compares with what it says.
fn pseudo(repository: &Repository, version: &Version) -> Result<Result<Oid, String>, GitError> {
    let (Some(revision), Some(time)) = (version.revision(), version.time()) else {
        return Ok(Err("it is no version".into()));
    };
    if revision.len() != 12 || !revision.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(Err("its end is no commit of twelve digits".into()));
    }
    let found = repository.git.checked(&[format!("{revision}^{{commit}}")], "commit")?;
    let Some(commit) = found.into_iter().flatten().next() else {
        return Ok(Err("there is no such commit".into()));
    };
    match repository.git.time(&commit) {
        Some(real) if real != time => {
            Ok(Err(format!("that commit is of {real}, and not of {time}")))
        }
        _ => Ok(Ok(commit)),
    }
}

/// Whether a commit is a version of a sibling.
fn of_commit(sibling: &Sibling<'_>, commit: Oid, found: impl Iterator<Item = Vec<u8>>) -> Behind {
    let texts = found.filter_map(|it| String::from_utf8(it).ok());
    let parsed: Vec<GoMod> = texts.filter_map(|text| GoMod::parse(&text).ok()).collect();
    let path_of = |it: &GoMod| it.module.as_ref().map(|token| token.text.clone());
    let own = parsed.iter().position(|it| path_of(it).as_deref() == Some(sibling.path.as_str()));
    if let Some(own) = own {
        return Behind::Commit(commit, parsed.into_iter().nth(own).map(Rc::new));
    }
    match parsed.first().and_then(path_of) {
        Some(other) if !sibling.version.ends_with("+incompatible") => {
            Behind::Nothing(format!("its go.mod in {} has the path {}", commit.short(), other))
        }
        // Without a go.mod the root of a repository is a module all the same.
        _ if sibling.prefix.to_string().is_empty()
            || sibling.version.ends_with("+incompatible") =>
        {
            Behind::Commit(commit, None)
        }
        _ => Behind::Nothing(format!("there was no go.mod in {} then", sibling.prefix)),
    }
}
