//! What has changed in a module since a commit: files that enter its zip file.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::panic::resume_unwind;
use std::rc::Rc;
use std::thread;

use crate::git::{Difference, EntryKind, GitError, Oid};
use crate::repository::{Module, Repository};

/// Paths from the root of the repository.
pub type Paths = Rc<Vec<Vec<u8>>>;

/// The changes up to the commit of a repository, each found out once.
#[derive(Debug)]
pub struct Changes<'a> {
    repository: &'a Repository,
    known: RefCell<HashMap<(Oid, usize), Paths>>,
}

impl<'a> Changes<'a> {
    /// None is known yet.
    #[must_use]
    pub fn new(repository: &'a Repository) -> Self {
        Self { repository, known: RefCell::default() }
    }

    /// The files of a module (by its place among the modules) that differ from those of a commit.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn since(&self, base: &Oid, module: usize) -> Result<Paths, GitError> {
        self.find_out(&[(base.clone(), module)])?;
        Ok(Rc::clone(&self.known.borrow()[&(base.clone(), module)]))
    }

    /// Finds the differences of many modules at once, with one question to git for each commit.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn find_out(&self, wanted: &[(Oid, usize)]) -> Result<(), GitError> {
        let repository = self.repository;
        let mut by_base: BTreeMap<&Oid, Vec<usize>> = BTreeMap::new();
        for key in wanted.iter().filter(|key| !self.known.borrow().contains_key(*key)) {
            let modules = by_base.entry(&key.0).or_default();
            if !modules.contains(&key.1) {
                modules.push(key.1);
            }
        }
        let by_base: Vec<_> = by_base.into_iter().collect();
        let ask = |base: &Oid, modules: &[usize]| {
            if *base == repository.commit.oid {
                return Ok(Vec::new());
            }
            let mut below: Vec<&str> =
                modules.iter().map(|at| &*repository.modules[*at].folder).collect();
            // Everywhere, or else the license that modules are given.
            if below.contains(&"") {
                below.clear();
            } else {
                below.push("LICENSE");
            }
            repository.git.differences(base, &repository.commit.oid, &below)
        };
        let answers = thread::scope(|scope| {
            let half = by_base.len().div_ceil(2);
            let mut parts = by_base.chunks(half.max(1)).map(|part| {
                scope.spawn(move || {
                    part.iter().map(|(base, modules)| ask(base, modules)).collect::<Vec<_>>()
                })
            });
            let started: Vec<_> = parts.by_ref().collect();
            let ended = started
                .into_iter()
                .map(|part| part.join().unwrap_or_else(|panic| resume_unwind(panic)));
            ended.flatten().collect::<Result<Vec<_>, _>>()
        })?;
        let mut known = self.known.borrow_mut();
        for ((base, modules), differences) in by_base.into_iter().zip(answers) {
            for at in modules {
                let paths = of_module(repository, &repository.modules[at], &differences);
                known.insert((base.clone(), at), Rc::new(paths));
            }
        }
        Ok(())
    }
}

/// The differences that enter a module's zip file.
fn of_module(repository: &Repository, module: &Module, all: &[Difference]) -> Vec<Vec<u8>> {
    let is_file = |kind: Option<EntryKind>| kind == Some(EntryKind::File);
    let folder = module.file("");
    // The folder of a module below this one, if the file is its go.mod.
    let nested = |path: &[u8]| {
        let inside = path.strip_prefix(folder.as_bytes())?;
        let name = inside.rsplit(|byte| *byte == b'/').next()?;
        let at = inside.len() - name.len();
        let cuts = at > 0 && name.eq_ignore_ascii_case(b"go.mod");
        cuts.then(|| path[..path.len() - name.len()].to_vec())
    };
    // Modules that were cut out of this one, and that were put back into it or are gone.
    let (mut appeared, mut gone) = (Vec::new(), Vec::new());
    for difference in all {
        let [old, new] = difference.kinds.map(is_file);
        match nested(&difference.path) {
            Some(nested) if new && !old => appeared.push(nested),
            Some(nested) if old && !new => gone.push(nested),
            _ => {}
        }
    }
    let below = |folders: &[Vec<u8>], path: &[u8]| folders.iter().any(|it| path.starts_with(it));
    let is_in = |path: &[u8]| module.area.has(path);
    let was_in = |path: &[u8]| {
        !below(&gone, path)
            && (is_in(path) || below(&appeared, path) && module.area.had(path, &appeared))
    };
    let mut paths: Vec<Vec<u8>> = Vec::new();
    for difference in all {
        let path = &difference.path;
        let [old, new] = difference.kinds;
        // The text of a link is taken for the license of a module that has none; else a link is in no
        // zip file, and whether a file is executable is not told there.
        let is_license = path == b"LICENSE" && !folder.is_empty() && is_in(path);
        let counts =
            |kind: Option<EntryKind>| is_file(kind) || is_license && kind == Some(EntryKind::Link);
        let (before, after) = (counts(old) && was_in(path), counts(new) && is_in(path));
        let is_same = before && after && difference.same_contents;
        if (before || after) && !is_same {
            paths.push(path.clone());
        }
    }
    // What is as it was, and belongs to another module now or did then.
    if !appeared.is_empty() || !gone.is_empty() {
        let known: HashMap<&[u8], &Difference> =
            all.iter().map(|difference| (&difference.path[..], difference)).collect();
        for entry in repository.tree.iter().filter(|entry| entry.kind == EntryKind::File) {
            let path = &entry.path[..];
            let is_other = is_in(path) != was_in(path);
            if is_other && path.starts_with(folder.as_bytes()) && !known.contains_key(path) {
                paths.push(path.to_vec());
            }
        }
    }
    paths.sort();
    paths.dedup();
    paths
}
