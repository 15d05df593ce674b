//! The sums of versions that have no tag yet, computed from the files that they will have.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Edited, Update};
use crate::git::GitError;
use crate::go::sum::{self, Archive};
use crate::release::requires::{is_replaced, siblings};
use crate::release::row::Rows;

/// For each module of the plan, the others of the plan whose sums it needs: those that it requires,
/// and what those require, unless it puts a folder in their place.
pub(super) fn needs(rows: Rows<'_>, update: &Update) -> BTreeMap<usize, BTreeSet<usize>> {
    let mut required: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for row in rows.all {
        let Ok(go_mod) = &rows.module(row).go_mod else { continue };
        for sibling in siblings(rows.repository, go_mod) {
            let path = &sibling.require.path.text;
            let version = update.version(row.module, path).unwrap_or(&sibling.version);
            let Some(other) = sibling.module else { continue };
            let planned = rows.next(other);
            if planned.is_some_and(|next| next.to_string() == version) {
                required.entry(row.module).or_default().push(other);
            }
        }
    }
    let mut needs = BTreeMap::new();
    for (at, direct) in &required {
        let Ok(go_mod) = &rows.repository.modules[*at].go_mod else { continue };
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        let mut next = direct.clone();
        while let Some(other) = next.pop() {
            if seen.insert(other) {
                next.extend(required.get(&other).into_iter().flatten());
            }
        }
        seen.retain(|other| {
            let version = rows.next(*other);
            let version = version.map(ToString::to_string).unwrap_or_default();
            other != at && !is_replaced(go_mod, rows.repository.modules[*other].name(), &version)
        });
        if !seen.is_empty() {
            needs.insert(*at, seen);
        }
    }
    needs
}

/// Modules in the order in which their sums can be known, each with those it is in a cycle with.
pub(super) fn order(needs: &BTreeMap<usize, BTreeSet<usize>>) -> Vec<(usize, BTreeSet<usize>)> {
    let reach = |from: usize| {
        let mut seen = BTreeSet::new();
        let mut next: Vec<usize> = vec![from];
        while let Some(at) = next.pop() {
            for other in needs.get(&at).into_iter().flatten() {
                if seen.insert(*other) {
                    next.push(*other);
                }
            }
        }
        seen
    };
    let reach: HashMap<usize, BTreeSet<usize>> = needs.keys().map(|at| (*at, reach(*at))).collect();
    let reaches = |a: &usize, b: &usize| reach.get(a).is_some_and(|seen| seen.contains(b));
    let mut left: Vec<usize> = needs.keys().copied().collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        // A module that needs none of those left, but for those that need it as well.
        let is_ready = |at: &usize| {
            left.iter().all(|other| other == at || !reaches(at, other) || reaches(other, at))
        };
        let place =
            left.iter().position(is_ready).expect("a finite graph of cycles has a first one");
        let at = left.swap_remove(place);
        let cycle = reach[&at].iter().filter(|other| reaches(other, &at)).copied().collect();
        order.push((at, cycle));
    }
    order
}

/// The files of the commit, as Go gets them.
pub(super) struct ArchiveOf {
    pub(super) tar: Vec<u8>,
}

impl ArchiveOf {
    pub(super) fn new(rows: Rows<'_>, modules: &BTreeSet<usize>) -> Result<Self, GitError> {
        let repository = rows.repository;
        let folders = modules.iter().map(|at| &*repository.modules[*at].folder);
        let mut folders: Vec<&str> = folders.collect();
        if folders.contains(&"") {
            folders.clear();
        }
        let scratch = tempfile::tempdir().map_err(|error| GitError::Failed {
            command: "archive".into(),
            says: format!("there is no folder for it: {}", devkit_text::words(&error)),
        })?;
        let tar = repository.git.archive(&repository.commit.oid, &folders, scratch.path())?;
        Ok(Self { tar })
    }

    pub(super) fn read(&self) -> Option<Archive<'_>> {
        Archive::read(&self.tar)
    }
}

/// The sums of the versions of a plan, each computed once, when its own files are known.
pub(super) struct Sums<'a> {
    rows: Rows<'a>,
    archive: Option<Archive<'a>>,
    /// What modules without a license get: Go takes it as it is in the repository.
    license: Option<Vec<u8>>,
    known: HashMap<usize, Option<[String; 2]>>,
}

impl<'a> Sums<'a> {
    pub(super) fn new(rows: Rows<'a>, archive: Option<Archive<'a>>) -> Result<Self, GitError> {
        let name = format!("{}:LICENSE", rows.repository.commit.oid.as_str());
        let license = rows.repository.git.contents(&[name])?.into_iter().next().flatten();
        Ok(Self { rows, archive, license, known: HashMap::new() })
    }

    /// The two sums of a module's version. `None`: its own changed files would be converted by git.
    pub(super) fn of(&mut self, update: &Update, module: usize) -> Option<[String; 2]> {
        if let Some(known) = self.known.get(&module) {
            return known.clone();
        }
        let sums = self.compute(update, module);
        self.known.insert(module, sums.clone());
        sums
    }

    fn compute(&self, update: &Update, module: usize) -> Option<[String; 2]> {
        let archive = self.archive.as_ref()?;
        let version = self.rows.next(module)?;
        let module = &self.rows.repository.modules[module];
        let own = update.files.iter().filter(|it| module.area.has(it.path.as_bytes()));
        let edited: HashMap<&[u8], &Edited> =
            own.map(|file| (file.path.as_bytes(), file)).collect();
        for (path, file) in &edited {
            let given = archive.get(path);
            if file.old.as_ref().is_some_and(|old| given != Some(old.as_bytes())) {
                return None;
            }
        }
        let mut files: Vec<(&[u8], &[u8])> = Vec::new();
        for entry in module.area.entries(&self.rows.repository.tree) {
            let is_given = entry.path == b"LICENSE" && !module.folder.is_empty();
            let license = self.license.as_deref().filter(|_| is_given);
            // What is not in the archive is a link.
            let contents = license.or_else(|| archive.get(&entry.path));
            let contents = contents.filter(|_| !edited.contains_key(&entry.path[..]));
            files.extend(contents.map(|contents| (module.area.name(&entry.path), contents)));
        }
        for (path, file) in &edited {
            files.push((module.area.name(path), file.new.as_bytes()));
        }
        let go_mod = files.iter().find(|(name, _)| *name == b"go.mod")?.1;
        let of_go_mod = sum::of_go_mod(go_mod);
        Some([sum::of_files(&format!("{}@{version}", module.name()), files), of_go_mod])
    }
}
