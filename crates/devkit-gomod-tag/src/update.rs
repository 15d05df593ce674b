//! Requirements brought to the versions of a plan: what becomes of `go.mod` and `go.sum`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::git::GitError;
use crate::gomod::Token;
use crate::plan::Draft;
use crate::problem::{Code, Problem};
use crate::repository::Module;
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
        let mut edits: Vec<(&Token, String)> = Vec::new();
        for sibling in siblings(draft.repository, go_mod) {
            let Some(other) = sibling.module else { continue };
            let old = &sibling.version;
            let planned = draft.row_of(other).and_then(|row| row.next.as_ref());
            let current = draft.repository.modules[other].current().map(|it| &it.version);
            let is_older = |than: &Version| precedence(old).is_none_or(|old| old < *than);
            let path = &sibling.require.path.text;
            let is_nothing = requires::is_nothing(&mut known, draft, &sibling)?;
            let new = match planned {
                Some(next) if is_older(next) => Some(next),
                // A higher one that nobody can fetch goes down.
                _ if is_nothing => planned.or(current),
                // What is put in its place here may be as new as its last version.
                None if is_replaced(go_mod, path, old) => current.filter(|it| is_older(it)),
                _ => None,
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
    let archived = archive.read();
    for (at, in_cycle) in order {
        let module = &modules[at];
        let mut lines = Vec::new();
        for other in needs.get(&at).into_iter().flatten() {
            let other_module = &modules[*other];
            let Some(version) = draft.row_of(*other).and_then(|row| row.next.as_ref()) else {
                continue;
            };
            let (path, version) = (other_module.name().to_owned(), version.to_string());
            if in_cycle.contains(other) {
                let why =
                    "they require each other, and no sum can be part of what it is the sum of";
                update
                    .without_sum
                    .push((format!("{path} in {}", module.file("go.sum")), why.into()));
                continue;
            }
            let sums =
                archived.as_ref().and_then(|it| sums_of(draft, update, it, other_module, &version));
            match sums {
                Some([of_zip, of_go_mod]) => {
                    lines.push((path.clone(), version.clone(), of_zip));
                    lines.push((path, format!("{version}/go.mod"), of_go_mod));
                }
                None if is_partial => {
                    let why = "its files are not all here: git fetch --refetch --no-filter";
                    update
                        .without_sum
                        .push((format!("{path} in {}", module.file("go.sum")), why.into()));
                }
                None => {
                    let why = "git's attributes change its go.mod or go.sum on the way out";
                    update
                        .without_sum
                        .push((format!("{path} in {}", module.file("go.sum")), why.into()));
                }
            }
        }
        if !lines.is_empty() {
            write(draft, update, module, &lines)?;
        }
    }
    Ok(())
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
    if !draft.update.files.is_empty() {
        return Ok(Vec::new());
    }
    let needs = needs(draft, &Update::default());
    let modules = &draft.repository.modules;
    // Only where there is such a line at all.
    let names: Vec<String> = needs
        .keys()
        .map(|at| {
            format!("{}:{}", draft.repository.commit.oid.as_str(), modules[*at].file("go.sum"))
        })
        .collect();
    let contents = draft.repository.git.contents(&names)?;
    let mut known: Vec<(usize, usize, String)> = Vec::new();
    for ((at, others), text) in needs.iter().zip(contents) {
        let text = text.and_then(|text| String::from_utf8(text).ok()).unwrap_or_default();
        for other in others {
            let version = draft.row_of(*other).and_then(|row| row.next.as_ref());
            let Some(version) = version else { continue };
            let start = format!("{} {version} ", modules[*other].name());
            let line = text.lines().find_map(|line| line.strip_prefix(&start));
            known.extend(line.map(|sum| (*at, *other, sum.trim().to_owned())));
        }
    }
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: BTreeSet<usize> = known.iter().map(|(_, other, _)| *other).collect();
    let archive = ArchiveOf::new(draft, &wanted)?;
    let Some(archived) = archive.read() else { return Ok(Vec::new()) };
    let mut problems = Vec::new();
    for (at, other, sum) in known {
        let version = draft.row_of(other).and_then(|row| row.next.as_ref());
        let version = version.map(ToString::to_string).unwrap_or_default();
        let sums = sums_of(draft, &Update::default(), &archived, &modules[other], &version);
        if sums.is_some_and(|[of_zip, _]| of_zip != sum) {
            let file = modules[at].file("go.sum");
            let path = modules[other].name();
            let problem = Problem::new(
                Code::RequireBehind,
                format!(
                    "{file} has the sum of another {path} {version} than the one of this commit"
                ),
                "files have changed since it was written; --update-requires writes it anew",
            );
            let problem = problem.because("go would call it a security error");
            problems.push(problem.of(&modules[at].folder));
        }
    }
    Ok(problems)
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
        let scratch = tempfile::tempdir().map_err(GitError::Missing)?;
        let tar = repository.git.archive(&repository.commit.oid, &folders, scratch.path())?;
        Ok(Self { tar })
    }

    fn read(&self) -> Option<Archive<'_>> {
        Archive::read(&self.tar)
    }
}

/// The two sums of a module's version. `None`: its own changed files would be converted by git.
fn sums_of(
    draft: &Draft<'_>,
    update: &Update,
    archive: &Archive<'_>,
    module: &Module,
    version: &str,
) -> Option<[String; 2]> {
    let repository = draft.repository;
    let edited: Vec<&Edited> =
        update.files.iter().filter(|it| module.area.has(it.path.as_bytes())).collect();
    for file in &edited {
        let given = archive.get(file.path.as_bytes());
        if file.old.as_ref().is_some_and(|old| given != Some(old.as_bytes())) {
            return None;
        }
    }
    let license = module
        .area
        .entries(&repository.tree)
        .find(|it| it.path == b"LICENSE" && !module.folder.is_empty());
    let license = license.and_then(|entry| {
        let name = entry.oid.as_str().to_owned();
        repository.git.contents(&[name]).ok()?.into_iter().next().flatten()
    });
    let mut files: Vec<(&[u8], &[u8])> = Vec::new();
    for entry in module.area.entries(&repository.tree) {
        let name = module.area.name(&entry.path);
        let is_edited = edited.iter().any(|file| file.path.as_bytes() == entry.path);
        if is_edited {
            continue;
        }
        match archive.get(&entry.path) {
            _ if entry.path == b"LICENSE" && license.is_some() => {
                files.extend(license.as_deref().map(|contents| (name, contents)));
            }
            Some(contents) => files.push((name, contents)),
            // A link.
            None => {}
        }
    }
    for file in &edited {
        files.push((module.area.name(file.path.as_bytes()), file.new.as_bytes()));
    }
    let go_mod = files.iter().find(|(name, _)| *name == b"go.mod")?.1;
    let of_go_mod = sum::of_go_mod(go_mod);
    Some([sum::of_files(&format!("{}@{version}", module.name()), files), of_go_mod])
}

/// Writes lines into the `go.sum` of a module.
fn write(
    draft: &Draft<'_>,
    update: &mut Update,
    module: &Module,
    lines: &[(String, String, String)],
) -> Result<(), GitError> {
    let path = module.file("go.sum");
    let repository = draft.repository;
    let name = format!("{}:{path}", repository.commit.oid.as_str());
    let old = repository.git.contents(&[name])?.into_iter().next().flatten();
    let Ok(old) = old.map(String::from_utf8).transpose() else { return Ok(()) };
    let before = update.file(&path).or(old.as_deref()).unwrap_or_default();
    let new = sum::with_lines(before, lines);
    if Some(&new) != old.as_ref() {
        update.files.retain(|file| file.path != path);
        update.files.push(Edited { path, old, new });
    }
    Ok(())
}
