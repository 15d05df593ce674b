//! What has changed in a module since a commit: files that enter its zip file.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
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

    /// The same for many at once, with one question to git for each commit.
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
            let ended = started.into_iter().map(|part| part.join().expect("it does not panic"));
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

/// Those differences that enter a module's zip file.
fn of_module(repository: &Repository, module: &Module, all: &[Difference]) -> Vec<Vec<u8>> {
    let in_zip = |kind: Option<EntryKind>| kind == Some(EntryKind::File);
    let counts = |difference: &&Difference| {
        let [old, new] = difference.kinds;
        // A link is in no zip file, and whether a file is executable is not told there.
        (in_zip(old) || in_zip(new)) && !(difference.same_contents && old.is_some() && old == new)
    };
    let folder = module.file("");
    let of_nested = |difference: &Difference| {
        let inside = difference.path.strip_prefix(folder.as_bytes())?;
        let nested = inside.strip_suffix(b"go.mod").filter(|nested| nested.ends_with(b"/"))?;
        Some([folder.as_bytes(), nested].concat())
    };
    let mut paths = Vec::new();
    for difference in all.iter().filter(counts) {
        if module.area.has(&difference.path) {
            paths.push(difference.path.clone());
            continue;
        }
        // A module was cut out of this one, or was put back into it.
        let [old, new] = difference.kinds;
        let Some(nested) = of_nested(difference).filter(|_| in_zip(old) != in_zip(new)) else {
            continue;
        };
        let is_below = |path: &[u8]| path.starts_with(&nested) && path != &difference.path[..];
        let there_now = repository.tree.iter().map(|entry| &entry.path);
        let known: HashMap<&[u8], &Difference> =
            all.iter().map(|difference| (&difference.path[..], difference)).collect();
        let was_there = |path: &&Vec<u8>| {
            known.get(&path[..]).is_none_or(|difference| in_zip(difference.kinds[0]))
        };
        if in_zip(new) {
            paths.extend(there_now.filter(|path| is_below(path)).filter(was_there).cloned());
            let gone = all.iter().filter(|it| it.kinds[1].is_none() && is_below(&it.path));
            paths.extend(gone.map(|difference| difference.path.clone()));
        } else {
            paths.extend(there_now.filter(|path| is_below(path)).cloned());
        }
    }
    paths.sort();
    paths.dedup();
    paths
}
