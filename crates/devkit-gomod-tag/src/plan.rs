//! The release that is to be made: which modules, which versions, and what stands against it.

use std::collections::HashMap;

use crate::changes::Changes;
use crate::checks;
use crate::commits::{self, Change};
use crate::git::{Commit, GitError, Logged, Oid, TagKind};
use crate::path::ModulePath;
use crate::problem::{Code, Problem};
use crate::repository::{Module, Repository};
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
    /// Whether the commit was named, and the work tree does not matter.
    pub commit_is_named: bool,
    /// What tags are made with.
    pub kind: Option<TagKind>,
    /// What the remote has, if it is to get the tags.
    pub remote: Option<Remote>,
    /// Whether the state of the work tree and the repository is left out.
    pub only_modules: bool,
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
    /// Tags, and the commits that they lead to.
    pub tags: HashMap<String, Oid>,
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
    /// The commits of current versions.
    pub(crate) bases: HashMap<String, Oid>,
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
        bases: HashMap::new(),
        update: Update::default(),
    };
    let set = draft.set_versions();
    draft.select()?;
    draft.give_versions(&set)?;
    // Without versions there is nothing to look at.
    if draft.problems.iter().all(|problem| problem.code != Code::BadVersion) {
        if options.update_requires {
            draft.update = update::update(&draft)?;
        }
        draft.say_why();
        checks::all(&mut draft)?;
    } else {
        draft.rows.clear();
    }
    let dependents = draft.dependents();
    let mut plan = Plan {
        commit: repository.commit.clone(),
        branch: repository.git.branch(),
        rows: draft.rows,
        problems: draft.problems,
        warnings: draft.warnings,
        skipped: draft.skipped,
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
        let (selected, unmatched) = selection.of(repository, &set);
        for pattern in unmatched.0 {
            let known = repository.modules.iter().map(|module| module.shown_folder());
            let near = devkit_text::nearest(&pattern, known);
            let hint = match near.first() {
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
        let base = |at: usize| {
            let tag = &repository.modules[at].current()?.tag;
            Some((self.bases.get(tag)?.clone(), at))
        };
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
            let may_be_under_way = self.options.remote.is_some() && self.is_on_commit(module);
            if selection.changed && !is_changed && !is_set && !may_be_under_way {
                continue;
            }
            self.rows.push(Row {
                module: at,
                folder: module.folder.clone(),
                path: module.name().to_owned(),
                current: module.current().map(|release| release.version.clone()),
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

    /// The commits of current versions.
    fn know_bases(&mut self, selected: &[usize]) -> Result<(), GitError> {
        let repository = self.repository;
        let tag = |at: &usize| Some(&*repository.modules[*at].current()?.tag);
        let tags: Vec<&str> = selected.iter().filter_map(tag).collect();
        let commits = repository.peeled(&tags)?;
        let known = tags.into_iter().zip(commits);
        self.bases.extend(known.filter_map(|(tag, commit)| Some((tag.to_owned(), commit?))));
        Ok(())
    }

    /// Whether the current version is of this very commit.
    fn is_on_commit(&self, module: &Module) -> bool {
        let base = module.current().and_then(|release| self.bases.get(&release.tag));
        base == Some(&self.repository.commit.oid)
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
            Next::Auto if self.options.lockstep => match self.lockstep_change()? {
                Some(bump) => self.lockstep(bump),
                None => None,
            },
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
                (None, Next::Auto) => match self.by_commits(row)? {
                    Some(bump) => self.bumped(row, bump),
                    None => None,
                },
            };
            if let (Some(version), Ok(prefix)) = (&row.next, &module.prefix) {
                row.tag = Some(prefix.tag(version));
            }
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
            return Some(first(module));
        };
        // What is on this commit already needs no other number, unless it is to become a release.
        let becomes_release = current.is_prerelease() && bump != Bump::Prerelease;
        if self.is_on_commit(module) && !becomes_release {
            return Some(current.clone());
        }
        let Some(next) = self.stepped(current.bumped(bump), bump, &[module]) else {
            let why = format!("{current} is a release already");
            self.skipped.push((row.folder.clone(), why));
            return None;
        };
        Some(next)
    }

    fn stepped(&self, next: Option<Version>, bump: Bump, modules: &[&Module]) -> Option<Version> {
        let mut next = next?;
        let is_taken = |version: &Version| {
            modules.iter().any(|module| {
                let tag = module.prefix.as_ref().map(|prefix| prefix.tag(version));
                let tag = tag.ok().and_then(|tag| self.repository.tags.get(&tag));
                tag.is_some() || module.is_retracted(version)
            })
        };
        while is_taken(&next) {
            next = next.bumped(match bump {
                Bump::Release => Bump::Patch,
                bump => bump,
            })?;
        }
        Some(next)
    }

    /// The version that all get: the next of the highest.
    fn lockstep(&self, bump: Bump) -> Option<Version> {
        let modules: Vec<&Module> = self.rows.iter().map(|row| self.module(row)).collect();
        let Some(highest) = self.rows.iter().filter_map(|row| row.current.as_ref()).max() else {
            return modules.first().map(|module| first(module));
        };
        let all_there = self.rows.iter().all(|row| {
            row.current.as_ref() == Some(highest) && self.is_on_commit(self.module(row))
        });
        if all_there && !(highest.is_prerelease() && bump != Bump::Prerelease) {
            return Some(highest.clone());
        }
        self.stepped(highest.bumped(bump), bump, &modules)
    }

    /// The commits of a module since its current version, which is of `base`.
    fn commits_of(&self, row: &Row) -> Result<Vec<Logged>, GitError> {
        let module = self.module(row);
        let base = module.current().and_then(|release| self.bases.get(&release.tag));
        let log = self.repository.git.log(base, &self.repository.commit.oid)?;
        let is_of_module = |commit: &Logged| commit.paths.iter().any(|path| module.area.has(path));
        Ok(log.into_iter().filter(is_of_module).collect())
    }

    fn by_commits(&mut self, row: &Row) -> Result<Option<Bump>, GitError> {
        let module = self.module(row);
        let Some(current) = &row.current else { return Ok(Some(Bump::Minor)) };
        if self.is_on_commit(module) {
            return Ok(Some(Bump::Patch));
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
        if let Some(sample) = unparsable.first() {
            let more = match unparsable.len() - 1 {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let shown = shown(&row.folder);
            let so = if bump.is_none() { "; nothing else asks for a version" } else { "" };
            self.skipped.push((
                row.folder.clone(),
                format!("not counted in {shown}, no Conventional Commit: {sample}{more}{so}"),
            ));
        } else if bump.is_none() {
            let why = match commits.len() {
                0 => "no commit since its last version".to_owned(),
                count => format!("nothing in its {count} commits asks for a version"),
            };
            self.skipped.push((row.folder.clone(), why));
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

/// The first version that a module gets.
fn first(module: &Module) -> Version {
    let major = module.path.as_ref().ok().and_then(ModulePath::major);
    Version::first(major.as_ref())
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
        BadVersion::Build => text.split('+').next().unwrap_or_default().to_owned(),
        _ => "three numbers with a v, such as v1.2.3 or v1.2.3-rc.1".to_owned(),
    };
    let hint = match hint.parse::<Version>() {
        Ok(version) => format!("did you mean {version}?"),
        Err(_) => hint,
    };
    let shown = devkit_text::escape(text.as_bytes());
    Problem::new(Code::BadVersion, format!("'{shown}' is not a Go version"), hint).because(why)
}
