//! Requirements brought to the versions of a plan: what becomes of `go.mod` and `go.sum`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::git::GitError;
use crate::gomod::Token;
use crate::plan::Draft;
use crate::problem::{Code, Problem};
use crate::requires::{self, Known, is_replaced, siblings};
use crate::sum::{self, Archive};
use crate::version::{Version, precedence};

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
    /// Its folder.
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

    fn file(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path).map(|file| &*file.new)
    }
}

/// What becomes of the requirements of the modules of a plan.
pub(crate) fn update(draft: &Draft<'_>) -> Result<Update, GitError> {
    let mut update = Update::default();
    let mut known = Known::default();
    for row in &draft.rows {
        let module = draft.module(row);
        let (Ok(go_mod), true) = (&module.go_mod, module.prefix.is_ok()) else { continue };
        if !draft.may_edit(row) {
            continue;
        }
        let mut edits: Vec<(&Token, String)> = Vec::new();
        for sibling in siblings(draft.repository, go_mod) {
            let Some(other) = sibling.module else { continue };
            let old = &sibling.version;
            let planned = draft.row_of(other).and_then(|row| row.next.as_ref());
            let current = draft.repository.modules[other].current().map(|it| &it.version);
            let is_older = |than: &Version| precedence(old).is_none_or(|old| old < *than);
            let path = &sibling.require.path.text;
            let new = if let Some(next) = planned.filter(|next| is_older(next)) {
                Some(next)
            } else if requires::is_nothing(&mut known, draft, &sibling)? {
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
    sums(draft, &mut update)?;
    update.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(update)
}

/// Lines of `go.sum` for versions that are not there yet: those required first, because their own
/// `go.sum` is part of their sum.
fn sums(draft: &Draft<'_>, update: &mut Update) -> Result<(), GitError> {
    for bumped in update.requires.clone() {
        let Ok(go_mod) = &draft.repository.modules[bumped.module].go_mod else { continue };
        let is_planned = draft
            .row_of_path(&bumped.path)
            .is_some_and(|row| row.next.as_ref().is_some_and(|next| next.to_string() == bumped.to));
        if !is_planned && !is_replaced(go_mod, &bumped.path, &bumped.to) {
            let file = draft.repository.modules[bumped.module].file("go.sum");
            let what = format!("{} {} in {file}", bumped.path, bumped.to);
            update.without_sum.push((what, "it is no version of this plan".into()));
        }
    }
    let needs = needs(draft, update);
    let order = order(&needs);
    let modules = &draft.repository.modules;
    let wanted: BTreeSet<usize> = needs.values().flatten().copied().collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let archive = ArchiveOf::new(draft, &wanted);
    let is_partial = archive.is_err() && draft.repository.git.is_partial();
    let archive = if is_partial { ArchiveOf { tar: Vec::new() } } else { archive? };
    let mut known = Sums::new(draft, archive.read())?;
    let go_sums = go_sums(draft, needs.keys().copied())?;
    for (at, in_cycle) in order {
        let module = &modules[at];
        let file = module.file("go.sum");
        let mut lines = Vec::new();
        for other in needs.get(&at).into_iter().flatten() {
            let path = modules[*other].name().to_owned();
            let Some(version) = draft.row_of(*other).and_then(|row| row.next.as_ref()) else {
                continue;
            };
            let why = if in_cycle.contains(other) {
                "they require each other, and no sum can be part of what it is the sum of"
            } else if let Some([of_zip, of_go_mod]) = known.of(update, *other) {
                lines.push((path.clone(), version.to_string(), of_zip));
                lines.push((path, format!("{version}/go.mod"), of_go_mod));
                continue;
            } else if is_partial {
                "its files are not all here: git fetch --refetch --no-filter"
            } else {
                "git's attributes change its go.mod or go.sum on the way out"
            };
            update.without_sum.push((format!("{path} in {file}"), why.to_owned()));
        }
        let old = go_sums.get(&at).cloned().flatten();
        let new = sum::with_lines(old.as_deref().unwrap_or_default(), &lines);
        // What is out already has the sums that it has.
        let is_out = draft.row_of(at).is_some_and(|row| draft.is_tagged(row)) && !update.edits(at);
        if !lines.is_empty() && Some(&new) != old.as_ref() && !is_out {
            update.files.push(Edited { path: file, old, new });
        }
    }
    Ok(())
}

/// The `go.sum` files of modules, `None` for one that there is not.
fn go_sums(
    draft: &Draft<'_>,
    modules: impl Iterator<Item = usize>,
) -> Result<HashMap<usize, Option<String>>, GitError> {
    let modules: Vec<usize> = modules.collect();
    let repository = draft.repository;
    let commit = repository.commit.oid.as_str();
    let name = |at: &usize| format!("{commit}:{}", repository.modules[*at].file("go.sum"));
    let names: Vec<String> = modules.iter().map(name).collect();
    let contents = repository.git.contents(&names)?.into_iter();
    let texts = contents.map(|it| it.and_then(|bytes| String::from_utf8(bytes).ok()));
    Ok(modules.into_iter().zip(texts).collect())
}

/// For each module of the plan, the others of the plan whose sums it needs: those that it requires,
/// and what those require, unless it puts a folder in their place.
fn needs(draft: &Draft<'_>, update: &Update) -> BTreeMap<usize, BTreeSet<usize>> {
    let mut required: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for row in &draft.rows {
        let Ok(go_mod) = &draft.module(row).go_mod else { continue };
        for sibling in siblings(draft.repository, go_mod) {
            let path = &sibling.require.path.text;
            let version = update.version(row.module, path).unwrap_or(&sibling.version);
            let Some(other) = sibling.module else { continue };
            let planned = draft.row_of(other).and_then(|row| row.next.as_ref());
            if planned.is_some_and(|next| next.to_string() == version) {
                required.entry(row.module).or_default().push(other);
            }
        }
    }
    let mut needs = BTreeMap::new();
    for (at, direct) in &required {
        let Ok(go_mod) = &draft.repository.modules[*at].go_mod else { continue };
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        let mut next = direct.clone();
        while let Some(other) = next.pop() {
            if seen.insert(other) {
                next.extend(required.get(&other).into_iter().flatten());
            }
        }
        seen.retain(|other| {
            let version = draft.row_of(*other).and_then(|row| row.next.as_ref());
            let version = version.map(ToString::to_string).unwrap_or_default();
            other != at && !is_replaced(go_mod, draft.repository.modules[*other].name(), &version)
        });
        if !seen.is_empty() {
            needs.insert(*at, seen);
        }
    }
    needs
}

/// Sums in `go.sum` files of a plan that are not those of its commit: go calls that an attack.
pub(crate) fn wrong_sums(draft: &Draft<'_>) -> Result<Vec<Problem>, GitError> {
    let update = &draft.update;
    let needs = needs(draft, update);
    let modules = &draft.repository.modules;
    // Only where there is such a line at all.
    let mut known: Vec<(usize, usize, usize, String)> = Vec::new();
    for (at, text) in go_sums(draft, needs.keys().copied())? {
        let text = match update.file(&modules[at].file("go.sum")) {
            Some(new) => new.to_owned(),
            None => text.unwrap_or_default(),
        };
        for other in &needs[&at] {
            let version = draft.row_of(*other).and_then(|row| row.next.as_ref());
            let Some(version) = version else { continue };
            for (which, file) in ["", "/go.mod"].into_iter().enumerate() {
                let start = format!("{} {version}{file} ", modules[*other].name());
                let line = text.lines().find_map(|line| line.strip_prefix(&start));
                known.extend(line.map(|sum| (at, *other, which, sum.trim().to_owned())));
            }
        }
    }
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: BTreeSet<usize> = known.iter().map(|(_, other, _, _)| *other).collect();
    let archive = ArchiveOf::new(draft, &wanted)?;
    let mut sums = Sums::new(draft, archive.read())?;
    let mut problems: Vec<((usize, usize), Problem)> = Vec::new();
    for (at, other, which, sum) in known {
        let is_other = sums.of(update, other).is_some_and(|sums| sums[which] != sum);
        let is_told = problems.last().is_some_and(|(told, _)| *told == (at, other));
        if is_other && !is_told {
            let file = modules[at].file("go.sum");
            let version = draft.row_of(other).and_then(|row| row.next.as_ref());
            let version = version.map(ToString::to_string).unwrap_or_default();
            let path = modules[other].name();
            let problem = Problem::new(
                Code::RequireBehind,
                format!(
                    "{file} has the sum of another {path} {version} than the one of this commit"
                ),
                "files have changed since it was written; --update-requires writes it anew, but in a circle: \
                 take the line out there",
            );
            let problem = problem.because("go would call it a security error");
            problems.push(((at, other), problem.of(&modules[at].folder)));
        }
    }
    Ok(problems.into_iter().map(|(_, problem)| problem).collect())
}

/// Modules in the order in which their sums can be known, each with those it is in a cycle with.
fn order(needs: &BTreeMap<usize, BTreeSet<usize>>) -> Vec<(usize, BTreeSet<usize>)> {
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
        // One that needs none of those left, but those that need it as well.
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
struct ArchiveOf {
    tar: Vec<u8>,
}

impl ArchiveOf {
    fn new(draft: &Draft<'_>, modules: &BTreeSet<usize>) -> Result<Self, GitError> {
        let repository = draft.repository;
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

    fn read(&self) -> Option<Archive<'_>> {
        Archive::read(&self.tar)
    }
}

/// The sums of the versions of a plan, each computed once, when its own files are known.
struct Sums<'a> {
    draft: &'a Draft<'a>,
    archive: Option<Archive<'a>>,
    /// What modules without a license get: Go takes it as it is in the repository.
    license: Option<Vec<u8>>,
    known: HashMap<usize, Option<[String; 2]>>,
}

impl<'a> Sums<'a> {
    fn new(draft: &'a Draft<'a>, archive: Option<Archive<'a>>) -> Result<Self, GitError> {
        let name = format!("{}:LICENSE", draft.repository.commit.oid.as_str());
        let license = draft.repository.git.contents(&[name])?.into_iter().next().flatten();
        Ok(Self { draft, archive, license, known: HashMap::new() })
    }

    /// The two sums of a module's version. `None`: its own changed files would be converted by git.
    fn of(&mut self, update: &Update, module: usize) -> Option<[String; 2]> {
        if let Some(known) = self.known.get(&module) {
            return known.clone();
        }
        let sums = self.compute(update, module);
        self.known.insert(module, sums.clone());
        sums
    }

    fn compute(&self, update: &Update, module: usize) -> Option<[String; 2]> {
        let archive = self.archive.as_ref()?;
        let version = self.draft.row_of(module)?.next.as_ref()?;
        let module = &self.draft.repository.modules[module];
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
        for entry in module.area.entries(&self.draft.repository.tree) {
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
