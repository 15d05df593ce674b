//! The release that is to be made: which modules, which versions, and what stands against it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::changes::Changes;
use crate::checks;
use crate::commits::{self, Change};
use crate::git::{Commit, GitError, Logged, Oid, TagKind};
use crate::path::ModulePath;
use crate::problem::{Code, Problem};
use crate::repository::{Module, Release, Repository};
use crate::select::{Selection, fits};
use crate::update::{self, Update};
use crate::version::{BadVersion, Bump, Version};

/// What the user asks for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Which modules.
    pub selection: Selection,
    /// Which version each gets.
    pub next: Next,
    /// Versions of single modules: a folder, path or pattern, and the version as it was typed.
    pub set: Vec<(String, String)>,
    /// All get the same version, counted from the highest.
    pub lockstep: bool,
    /// Whether requirements of modules of the plan are brought to its versions.
    pub update_requires: bool,
    /// The branch that the commit is to be on.
    pub branch: Option<String>,
    /// What of the surroundings is looked at.
    pub surroundings: Surroundings,
    /// What tags are made with.
    pub kind: Option<TagKind>,
    /// What the remote has, if it is to get the tags.
    pub remote: Option<Remote>,
}

/// What is looked at beside the modules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Surroundings {
    /// The branch, and the work tree: what is checked out is to be released.
    #[default]
    WorkTree,
    /// Which branch has the commit, which was named.
    Branch,
    /// Nothing.
    None,
}

/// The version that each module gets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Next {
    /// Nobody said.
    #[default]
    Unsaid,
    /// This one, as it was typed.
    Exactly(String),
    /// The next one of a kind.
    Bump(Bump),
    /// By the messages of its commits.
    Auto,
}

/// The tags of a remote.
#[derive(Debug, Clone, Default)]
pub struct Remote {
    /// Its name.
    pub name: String,
    /// Tags, and the commits that they lead to: of each place that it is pushed to.
    pub places: Vec<HashMap<String, Oid>>,
}

impl Remote {
    /// The commits of a tag, of the places that have it.
    pub fn commits(&self, tag: &str) -> impl Iterator<Item = &Oid> {
        self.places.iter().filter_map(move |tags| tags.get(tag))
    }

    /// Whether every place has a tag.
    #[must_use]
    pub fn has(&self, tag: &str) -> bool {
        self.places.iter().all(|tags| tags.contains_key(tag))
    }
}

/// A release to be made.
#[derive(Debug)]
pub struct Plan {
    /// The commit that gets the tags; its child, if requirements are updated.
    pub commit: Commit,
    /// The branch that is checked out.
    pub branch: Option<String>,
    /// One for each module, in the order of their folders.
    pub rows: Vec<Row>,
    /// What stands against it.
    pub problems: Vec<Problem>,
    /// What should be known.
    pub warnings: Vec<Problem>,
    /// Modules that were selected and get no version, and why.
    pub skipped: Vec<(String, String)>,
    /// Commits of modules that are no Conventional Commits, and so say nothing.
    pub uncounted: Vec<(String, Vec<String>)>,
    /// Modules that need one of the plan and are not part of it.
    pub dependents: Vec<Dependent>,
    /// Changes to files that come before the tags.
    pub update: Update,
}

/// A module of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its place among the modules.
    pub module: usize,
    /// Its folder, empty for the root.
    pub folder: String,
    /// Its path.
    pub path: String,
    /// Its highest version that is not withdrawn.
    pub current: Option<Version>,
    /// The version that it gets.
    pub next: Option<Version>,
    /// The tag.
    pub tag: Option<String>,
    /// Why it gets one.
    pub why: Vec<Why>,
    /// Whether the tag is there already, on this very commit.
    pub exists: bool,
    /// Whether the remote has it, if that was asked.
    pub on_remote: Option<bool>,
    /// Files that have changed since the current version; `None` if there is none.
    pub changed: Option<Vec<Vec<u8>>>,
}

/// Why a module gets a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It has none yet.
    FirstRelease,
    /// Files of it have changed since its last version.
    Changed(usize),
    /// Versions of others that it requires go up.
    RequiresBumped,
    /// All get the same.
    Lockstep,
    /// It is there already.
    Tagged,
    /// A line of versions below the highest goes on.
    Backport,
    /// The last version was a pre-release.
    Prerelease,
    /// It was asked for.
    Forced,
}

/// A module that needs one of the plan and is not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependent {
    /// Its folder.
    pub folder: String,
    /// What it requires.
    pub requires: String,
    /// Which version of that.
    pub version: String,
}

/// What a plan is made from, and made into.
pub(crate) struct Draft<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) options: &'a Options,
    pub(crate) changes: Changes<'a>,
    pub(crate) rows: Vec<Row>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<Problem>,
    pub(crate) skipped: Vec<(String, String)>,
    uncounted: Vec<(String, Vec<String>)>,
    /// The versions that modules are counted from, with their commits.
    bases: HashMap<usize, (Release, Oid)>,
    /// Versions that are higher, and not in the history of the commit.
    outside: HashMap<usize, Version>,
    /// Commits since bases.
    logs: RefCell<HashMap<Option<Oid>, Rc<Vec<Logged>>>>,
    pub(crate) update: Update,
}

/// Plans a release.
///
/// # Errors
///
/// [`GitError`]. What stands against the release is in [`Plan::problems`].
pub fn plan(repository: &Repository, options: &Options) -> Result<Plan, GitError> {
    let mut draft = Draft {
        repository,
        options,
        changes: Changes::new(repository),
        rows: Vec::new(),
        problems: Vec::new(),
        warnings: Vec::new(),
        skipped: Vec::new(),
        uncounted: Vec::new(),
        bases: HashMap::new(),
        outside: HashMap::new(),
        logs: RefCell::default(),
        update: Update::default(),
    };
    let set = draft.set_versions();
    draft.select()?;
    draft.give_versions(&set)?;
    // Without versions there is nothing to look at.
    if draft.problems.iter().all(|problem| problem.code != Code::BadVersion) {
        if options.update_requires {
            draft.update_requires()?;
        }
        draft.say_why();
        checks::all(&mut draft)?;
    } else {
        draft.rows.clear();
    }
    let dependents = draft.dependents();
    let rows = &draft.rows;
    draft.skipped.retain(|(folder, _)| rows.iter().all(|row| row.folder != *folder));
    let mut plan = Plan {
        commit: repository.commit.clone(),
        branch: repository.git.branch(),
        rows: draft.rows,
        problems: draft.problems,
        warnings: draft.warnings,
        skipped: draft.skipped,
        uncounted: draft.uncounted,
        dependents,
        update: draft.update,
    };
    plan.problems.sort_by(|a, b| (a.code, &a.folder).cmp(&(b.code, &b.folder)));
    plan.warnings.sort_by(|a, b| (a.code, &a.folder).cmp(&(b.code, &b.folder)));
    Ok(plan)
}

impl Plan {
    /// Whether all its tags are there, and at the remote if that was asked.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.rows.iter().all(|row| row.exists && row.on_remote != Some(false))
            && self.update.files.is_empty()
    }

    /// Tags to be made.
    pub fn new_tags(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.tag.is_some() && !row.exists)
    }
}

impl<'a> Draft<'a> {
    pub(crate) fn module(&self, row: &Row) -> &'a Module {
        &self.repository.modules[row.module]
    }

    /// The row of a module.
    pub(crate) fn row_of(&self, module: usize) -> Option<&Row> {
        self.rows.iter().find(|row| row.module == module)
    }

    /// `--set`, with what is no version told.
    fn set_versions(&mut self) -> Vec<(String, Version)> {
        let mut set = Vec::new();
        for (pattern, text) in &self.options.set {
            match text.parse() {
                Ok(version) => set.push((pattern.clone(), version)),
                Err(why) => self.problems.push(bad_version(text, why)),
            }
        }
        set
    }

    /// Fills the rows, without versions.
    fn select(&mut self) -> Result<(), GitError> {
        let repository = self.repository;
        let selection = &self.options.selection;
        let set: Vec<String> =
            self.options.set.iter().map(|(pattern, _)| pattern.clone()).collect();
        // With a version for the others, a version of its own is no selection.
        let is_selection = self.options.next == Next::Unsaid;
        let (selected, unmatched) = selection.of(repository, &set, is_selection);
        for pattern in unmatched.0 {
            let known = repository.modules.iter().map(Module::shown_folder);
            let near = devkit_text::nearest(&pattern, known);
            let hint = match near.first() {
                _ if pattern.contains(['[', '{']) => {
                    "patterns have *, ** and ?; devkit gomod-tag list shows all modules".to_owned()
                }
                Some(near) => format!("did you mean {near}? devkit gomod-tag list shows all"),
                None => "devkit gomod-tag list shows all; folders count from the repository's root"
                    .to_owned(),
            };
            let shown = devkit_text::escape(pattern.as_bytes());
            self.problems.push(Problem::new(
                Code::NoModules,
                format!("no module is or fits {shown}"),
                hint,
            ));
        }
        self.know_bases(&selected)?;
        let base = |at: usize| Some((self.bases.get(&at)?.1.clone(), at));
        let wanted: Vec<_> = selected.iter().filter_map(|at| base(*at)).collect();
        self.changes.find_out(&wanted)?;
        for at in selected {
            let module = &repository.modules[at];
            let changed = match base(at) {
                Some((base, at)) => Some(self.changes.since(&base, at)?.to_vec()),
                None => None,
            };
            let is_set = set.iter().any(|pattern| fits(pattern, module));
            let is_changed = changed.as_ref().is_none_or(|files| !files.is_empty());
            // With a push, a version of this commit may still be on its way.
            let may_be_under_way = self.options.remote.is_some() && self.is_on_commit(at);
            if selection.changed && !is_changed && !is_set && !may_be_under_way {
                continue;
            }
            self.rows.push(Row {
                module: at,
                folder: module.folder.clone(),
                path: module.name().to_owned(),
                current: self.bases.get(&at).map(|(release, _)| release.version.clone()),
                next: None,
                tag: None,
                why: Vec::new(),
                exists: false,
                on_remote: None,
                changed,
            });
        }
        Ok(())
    }

    /// The versions that are counted from: the highest that is not withdrawn, of those in the history
    /// of the commit if that one is not.
    fn know_bases(&mut self, selected: &[usize]) -> Result<(), GitError> {
        let repository = self.repository;
        let commit = &repository.commit.oid;
        let current = |at: &usize| Some((*at, repository.modules[*at].current()?.clone()));
        let mut found: Vec<(usize, Release)> = selected.iter().filter_map(current).collect();
        let tags: Vec<&str> = found.iter().map(|(_, release)| &*release.tag).collect();
        let outside = repository.git.tags_outside(commit, &tags)?;
        for (at, release) in &mut found {
            if !outside.contains(&release.tag) {
                continue;
            }
            let module = &repository.modules[*at];
            let Ok(prefix) = &module.prefix else { continue };
            let inside = repository.git.tags_inside(commit, &prefix.to_string())?;
            let here = module.releases.iter().rev().filter(|it| inside.contains(&it.tag));
            let kept = here.clone().find(|it| !module.is_retracted(&it.version));
            if let Some(older) = kept.or(here.clone().next()) {
                self.outside.insert(*at, release.version.clone());
                *release = older.clone();
            }
        }
        let tags: Vec<&str> = found.iter().map(|(_, release)| &*release.tag).collect();
        let commits = repository.peeled(&tags)?;
        for ((at, release), commit) in found.into_iter().zip(commits) {
            self.bases.extend(commit.map(|commit| (at, (release, commit))));
        }
        Ok(())
    }

    /// Whether the version that is counted from is of this very commit.
    fn is_on_commit(&self, module: usize) -> bool {
        self.bases.get(&module).is_some_and(|(_, commit)| *commit == self.repository.commit.oid)
    }

    /// The row of a module's path.
    pub(crate) fn row_of_path(&self, path: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.path == path)
    }

    /// The options that select the modules of the plan, and one more.
    pub(crate) fn with_module(&self, more: &str) -> String {
        const MOST: usize = 5;
        let more = format!("--module {}", shown(more));
        if self.rows.len() > MOST {
            return format!("{more} beside the others");
        }
        let rows = self.rows.iter().map(|row| format!("--module {}", shown(&row.folder)));
        rows.filter(|row| *row != more).chain([more.clone()]).collect::<Vec<_>>().join(" ")
    }

    /// Requirements, and the versions of modules that are to have new ones because of that.
    fn update_requires(&mut self) -> Result<(), GitError> {
        loop {
            self.update = update::update(self)?;
            let Next::Bump(bump) = self.options.next else { return Ok(()) };
            let is_stale = |row: &Row| self.is_tagged(row) && self.update.edits(row.module);
            let mut stale: Vec<usize> =
                (0..self.rows.len()).filter(|at| is_stale(&self.rows[*at])).collect();
            if stale.is_empty() {
                return Ok(());
            }
            // One version for all is another one for all.
            if self.options.lockstep {
                stale = (0..self.rows.len()).collect();
            }
            let modules: Vec<&Module> =
                stale.iter().map(|at| self.module(&self.rows[*at])).collect();
            let highest = stale.iter().filter_map(|at| self.rows[*at].current.clone()).max();
            let common = self.stepped(highest.and_then(|it| it.bumped(bump)), bump, &modules);
            for at in stale {
                let mut row = self.rows[at].clone();
                let module = self.module(&row);
                let own = row.current.as_ref().and_then(|current| current.bumped(bump));
                row.next = if self.options.lockstep {
                    common.clone()
                } else {
                    self.stepped(own, bump, &[module])
                };
                row.tag = tag_of(module, row.next.as_ref());
                self.rows[at] = row;
            }
        }
    }

    /// Whether a module has the version that it gets already, on this very commit.
    pub(crate) fn is_tagged(&self, row: &Row) -> bool {
        row.next.is_some() && row.next == row.current && self.is_on_commit(row.module)
    }

    /// Whether an update may change the files of a module: not those of a version that is out and
    /// that was named.
    pub(crate) fn may_edit(&self, row: &Row) -> bool {
        matches!(self.options.next, Next::Bump(_)) || !self.is_tagged(row)
    }

    fn give_versions(&mut self, set: &[(String, Version)]) -> Result<(), GitError> {
        let exact = match &self.options.next {
            Next::Exactly(text) => match text.parse::<Version>() {
                Ok(version) => Some(version),
                Err(why) => {
                    self.problems.push(bad_version(text, why));
                    None
                }
            },
            _ => None,
        };
        let lockstep = match self.options.next {
            Next::Bump(bump) if self.options.lockstep => self.lockstep(bump),
            Next::Auto if self.options.lockstep => {
                if let Some(bump) = self.lockstep_change()? {
                    self.lockstep(bump)
                } else {
                    // What is tagged may still be on its way.
                    let here = self.rows.iter().filter(|row| self.is_on_commit(row.module));
                    here.filter_map(|row| row.current.clone()).max()
                }
            }
            _ => None,
        };
        let mut rows = std::mem::take(&mut self.rows);
        for row in &mut rows {
            let module = self.module(row);
            let own = set.iter().find(|(pattern, _)| fits(pattern, module));
            row.next = match (own, &self.options.next) {
                (Some((_, version)), _) => Some(version.clone()),
                (None, Next::Unsaid) => None,
                (None, Next::Exactly(_)) => exact.clone(),
                (None, Next::Bump(_) | Next::Auto) if self.options.lockstep => lockstep.clone(),
                (None, Next::Bump(bump)) => self.bumped(row, *bump),
                (None, Next::Auto) if self.is_on_commit(row.module) => row.current.clone(),
                (None, Next::Auto) => match self.by_commits(row)? {
                    Some(bump) => self.bumped(row, bump),
                    None => None,
                },
            };
            row.tag = tag_of(module, row.next.as_ref());
        }
        if matches!(self.options.next, Next::Bump(_) | Next::Auto) {
            rows.retain(|row| row.next.is_some());
        }
        self.rows = rows;
        Ok(())
    }

    /// The next version of a module. A withdrawn one, and one that has a tag, is stepped over.
    fn bumped(&mut self, row: &Row, bump: Bump) -> Option<Version> {
        let module = self.module(row);
        let Some(current) = &row.current else {
            return self.first(module);
        };
        // What is on this commit already needs no other number, unless it is to become a release.
        let becomes_release = current.is_prerelease() && bump != Bump::Prerelease;
        if self.is_on_commit(row.module) && !becomes_release {
            return Some(current.clone());
        }
        let above = module.above_for_retraction().filter(|highest| *highest > current);
        if self.refuse_outside(row, bump, above.is_some()) {
            return None;
        }
        // What this commit withdraws is withdrawn by the highest version only.
        let base = above.unwrap_or(current);
        let next = self.stepped(base.bumped(bump), bump, &[module]);
        if next.is_none() {
            self.skipped.push((row.folder.clone(), format!("{current} is a release already")));
        }
        next
    }

    /// Whether a step is refused, because the highest version is not in the history of the commit: all
    /// but a patch of an older line, and that too if it would withdraw something.
    fn refuse_outside(&mut self, row: &Row, bump: Bump, withdraws: bool) -> bool {
        let Some(higher) = self.outside.get(&row.module) else { return false };
        if bump == Bump::Patch && !withdraws {
            return false;
        }
        let (path, folder) = (&row.path, shown(&row.folder));
        let current = row.current.as_ref().map(ToString::to_string).unwrap_or_default();
        let hint = if withdraws {
            "retract where that version is: go reads what is withdrawn from the highest release"
                .into()
        } else {
            format!(
                "say which version it is: --set {folder}=VERSION; --bump patch goes on from {current}"
            )
        };
        let message =
            format!("{higher}, the last version of {path}, is not in the history of this commit");
        self.problems.push(Problem::new(Code::BadVersion, message, hint).of(&row.folder));
        true
    }

    /// The first version of a module: above all tags that go takes for versions of it.
    fn first(&self, module: &Module) -> Option<Version> {
        let major = module.path.as_ref().ok().and_then(ModulePath::major);
        let first = Version::first(major.as_ref());
        let above = module.floor.as_ref().and_then(|floor| floor.bumped(Bump::Minor));
        self.stepped(above.or(Some(first)), Bump::Minor, &[module])
    }

    fn stepped(&self, next: Option<Version>, bump: Bump, modules: &[&Module]) -> Option<Version> {
        // Once taken, a major version goes on in itself.
        let step = match bump {
            Bump::Release | Bump::Major => Bump::Patch,
            bump => bump,
        };
        let mut next = next?;
        loop {
            let has_tag = |module: &&Module| {
                let tag = tag_of(module, Some(&next));
                tag.is_some_and(|tag| self.repository.tags.contains_key(&tag))
            };
            let retracting = modules.iter().filter_map(|module| module.retracting(&next));
            // Past the whole range at once.
            let high = retracting.map(|range| range.high().clone()).max();
            next = match high {
                Some(high) => high.max(next).bumped(step)?,
                None if modules.iter().any(has_tag) => next.bumped(step)?,
                None => return Some(next),
            };
        }
    }

    /// The version that all get: the next of the highest.
    fn lockstep(&mut self, bump: Bump) -> Option<Version> {
        let mut refused = false;
        for row in self.rows.clone() {
            refused |= self.refuse_outside(&row, bump, false);
        }
        if refused {
            return None;
        }
        let modules: Vec<&Module> = self.rows.iter().map(|row| self.module(row)).collect();
        let Some(highest) = self.rows.iter().filter_map(|row| row.current.as_ref()).max() else {
            let first = modules.iter().filter_map(|module| self.first(module)).max();
            return self.stepped(first, Bump::Minor, &modules);
        };
        // It is on this commit for some, and can still be what the others get.
        let is_here =
            |row: &Row| row.current.as_ref() == Some(highest) && self.is_on_commit(row.module);
        let is_free = |row: &Row| {
            let tag = tag_of(self.module(row), Some(highest));
            tag.is_some_and(|tag| !self.repository.tags.contains_key(&tag))
        };
        let is_begun = self.rows.iter().any(is_here)
            && self.rows.iter().all(|row| is_here(row) || is_free(row));
        if is_begun && !(highest.is_prerelease() && bump != Bump::Prerelease) {
            return Some(highest.clone());
        }
        let above = modules.iter().filter_map(|module| module.above_for_retraction()).max();
        let base = above.filter(|above| *above > highest).unwrap_or(highest);
        self.stepped(base.bumped(bump), bump, &modules)
    }

    /// The commits of a module since the version that is counted from.
    fn commits_of(&self, row: &Row) -> Result<Vec<Logged>, GitError> {
        let module = self.module(row);
        let base = self.bases.get(&row.module).map(|(_, commit)| commit.clone());
        let known = self.logs.borrow().get(&base).cloned();
        let log = if let Some(log) = known {
            log
        } else {
            let log = self.repository.git.log(base.as_ref(), &self.repository.commit.oid)?;
            let log = Rc::new(log);
            self.logs.borrow_mut().insert(base, Rc::clone(&log));
            log
        };
        let is_of_module = |commit: &&Logged| commit.paths.iter().any(|path| module.area.has(path));
        Ok(log.iter().filter(is_of_module).cloned().collect())
    }

    fn by_commits(&mut self, row: &Row) -> Result<Option<Bump>, GitError> {
        let Some(current) = &row.current else { return Ok(Some(Bump::Minor)) };
        if self.is_on_commit(row.module) {
            return Ok(None);
        }
        let commits = self.commits_of(row)?;
        let mut highest = Change::None;
        let mut unparsable = Vec::new();
        for commit in &commits {
            match commits::change(commit) {
                Some(change) => highest = highest.max(change),
                None => unparsable.push(told(commit)),
            }
        }
        let bump = commits::bump(highest, current);
        if bump.is_none() {
            let why = match commits.len() {
                0 => "no commit since its last version".to_owned(),
                1 => "its commit asks for no version".to_owned(),
                count => format!("none of its {count} commits asks for a version"),
            };
            self.skipped.push((row.folder.clone(), why));
        }
        if !unparsable.is_empty() {
            self.uncounted.push((row.folder.clone(), unparsable));
        }
        Ok(bump)
    }

    /// The highest that the commits of any module ask for.
    fn lockstep_change(&mut self) -> Result<Option<Bump>, GitError> {
        let rank = |bump: &Bump| match bump {
            Bump::Major => 3,
            Bump::Minor => 2,
            _ => 1,
        };
        let mut bumps = Vec::new();
        for row in self.rows.clone() {
            bumps.extend(self.by_commits(&row)?);
        }
        Ok(bumps.into_iter().max_by_key(rank))
    }

    /// Says why each module gets a version.
    fn say_why(&mut self) {
        let is_lockstep = self.options.lockstep || matches!(self.options.next, Next::Exactly(_));
        let many = self.rows.len() > 1;
        let mut rows = std::mem::take(&mut self.rows);
        for row in &mut rows {
            let changed = row.changed.as_ref().map_or(0, Vec::len);
            let mut why = Vec::new();
            if row.current.is_none() {
                why.push(Why::FirstRelease);
            } else if changed > 0 {
                why.push(Why::Changed(changed));
            }
            if self.update.edits(row.module) {
                why.push(Why::RequiresBumped);
            }
            if why.is_empty() {
                why.push(match (&row.current, &row.next) {
                    (Some(current), Some(next)) if current == next => Why::Tagged,
                    (Some(current), Some(_)) if current.is_prerelease() => Why::Prerelease,
                    _ if is_lockstep && many => Why::Lockstep,
                    _ => Why::Forced,
                });
            }
            row.why = why;
        }
        self.rows = rows;
    }

    /// Modules that need one of the plan and are not part of it.
    fn dependents(&self) -> Vec<Dependent> {
        let mut found = Vec::new();
        for (at, module) in self.repository.modules.iter().enumerate() {
            let Ok(go_mod) = &module.go_mod else { continue };
            if self.row_of(at).is_some() || module.releases.is_empty() || module.is_hidden {
                continue;
            }
            for require in go_mod.requires.iter().filter(|require| !require.indirect) {
                let needed = self.rows.iter().find(|row| row.path == require.path.text);
                let next = needed.and_then(|row| row.next.as_ref()).map(ToString::to_string);
                if next.is_some_and(|next| next != require.version.text) {
                    found.push(Dependent {
                        folder: module.folder.clone(),
                        requires: require.path.text.clone(),
                        version: require.version.text.clone(),
                    });
                }
            }
        }
        found
    }
}

fn tag_of(module: &Module, version: Option<&Version>) -> Option<String> {
    Some(module.prefix.as_ref().ok()?.tag(version?))
}

fn told(commit: &Logged) -> String {
    let subject = commit.message.lines().next().unwrap_or_default();
    format!("{} {}", commit.oid.short(), devkit_text::escape(subject.as_bytes()))
}

/// A folder as people write it.
pub(crate) fn shown(folder: &str) -> &str {
    if folder.is_empty() { "." } else { folder }
}

fn bad_version(text: &str, why: BadVersion) -> Problem {
    let hint = match why {
        BadVersion::NoV if format!("v{text}").parse::<Version>().is_ok() => format!("v{text}"),
        _ if ["list", "status", "plan", "tag", "verify"].iter().any(|it| is_slip(text, it)) => {
            "if a command is meant: list, status, plan, tag or verify".to_owned()
        }
        BadVersion::Build => text.split('+').next().unwrap_or_default().to_owned(),
        _ => "three numbers with a v, such as v1.2.3 or v1.2.3-rc.1".to_owned(),
    };
    let hint = match hint.parse::<Version>() {
        Ok(version) => format!("did you mean {version}?"),
        Err(_) => hint,
    };
    let shown = devkit_text::escape(text.as_bytes());
    Problem::new(Code::BadVersion, format!("'{shown}' is not a Go version"), hint)
        .because(why.to_string())
}

/// Whether a word is another one but for a slip or two.
fn is_slip(text: &str, word: &str) -> bool {
    !devkit_text::nearest(text, std::iter::once(word)).is_empty()
}
