//! Which modules a release is of, and the version that each of them gets.

mod base;
pub(crate) mod step;

use devkit_report::{Detailed, message};

use crate::git::GitError;
use crate::go::slip;
use crate::go::version::{BadVersion, Bump, Version};
use crate::options::{Next, Options};
use crate::problem::{Code, Judge as _, Judgement, problem};
use crate::release::changes::Changes;
use crate::release::commits::{ByCommits, History};
use crate::release::row::{Row, Rows};
use crate::repository::{Module, Repository};
use crate::select::fits;

use base::Bases;
use step::NoStep;

/// The modules of a release with their versions, and what there is to say about them.
#[derive(Default)]
pub(crate) struct Versions {
    pub(crate) rows: Vec<Row>,
    /// Folders of modules that get no version, and why.
    pub(crate) skipped: Vec<(String, String)>,
    /// Folders of modules, and their commits that are no Conventional Commits.
    pub(crate) uncounted: Vec<(String, Vec<String>)>,
    pub(crate) problems: Vec<Detailed<Judgement>>,
}

/// Finds the modules that are meant, and gives each its version.
pub(crate) fn versions(
    repository: &Repository,
    options: &Options,
    changes: &Changes<'_>,
) -> Result<Versions, GitError> {
    let mut set = Vec::new();
    let mut problems = Vec::new();
    for (pattern, text) in &options.set {
        match text.parse() {
            Ok(version) => set.push((pattern.clone(), version)),
            Err(why) => problems.push(bad_version(text, why)),
        }
    }
    let (rows, unknown) = selected(repository, options, changes)?;
    problems.extend(unknown);
    let history = History::new(repository);
    let counting = Counting { repository, options, set, history };
    let given = counting.give(rows)?;
    problems.extend(given.problems);
    Ok(Versions { problems, ..given })
}

/// The rows of the modules that are meant, without versions, and a problem for each name that no
/// module has.
fn selected(
    repository: &Repository,
    options: &Options,
    changes: &Changes<'_>,
) -> Result<(Vec<Row>, Vec<Detailed<Judgement>>), GitError> {
    let selection = &options.selection;
    let set: Vec<String> = options.set.iter().map(|(pattern, _)| pattern.clone()).collect();
    // With a version for the others, a version of its own is no selection.
    let is_selection = options.next == Next::Unsaid;
    let (selected, unmatched) = selection.of(repository, &set, is_selection);
    let unknown = unmatched.0.iter().map(|pattern| unknown_module(repository, pattern)).collect();
    let bases = Bases::of(repository, &selected)?;
    let base = |at: usize| Some((bases.get(at)?.commit.clone(), at));
    let wanted: Vec<_> = selected.iter().filter_map(|at| base(*at)).collect();
    changes.find_out(&wanted)?;
    let mut rows = Vec::new();
    for at in selected {
        let module = &repository.modules[at];
        let base = bases.get(at);
        let files = match base {
            Some(base) => Some(changes.since(&base.commit, at)?.to_vec()),
            None => None,
        };
        let is_set = set.iter().any(|pattern| fits(pattern, module));
        let is_changed = files.as_ref().is_none_or(|files| !files.is_empty());
        let is_on_commit = base.is_some_and(|base| base.commit == repository.commit.oid);
        // With a push, a version of this commit may still be on its way.
        let may_be_under_way = options.remote.is_some() && is_on_commit;
        if selection.changed && !is_changed && !is_set && !may_be_under_way {
            continue;
        }
        rows.push(Row {
            module: at,
            folder: module.folder.clone(),
            path: module.name().to_owned(),
            current: base.map(|base| base.version.clone()),
            next: None,
            tag: None,
            why: Vec::new(),
            exists: false,
            on_remote: None,
            changed: files,
            base: base.map(|base| base.commit.clone()),
            outside: base.and_then(|base| base.outside.clone()),
        });
    }
    Ok((rows, unknown))
}

fn unknown_module(repository: &Repository, pattern: &str) -> Detailed<Judgement> {
    let known = repository.modules.iter().map(Module::shown_folder);
    let near = devkit_text::nearest(pattern, known);
    let hint = match near.first() {
        _ if pattern.contains(['[', '{']) => {
            message!("patterns have *, ** and ?; devkit gomod-tag list shows all modules")
        }
        Some(near) => message!("did you mean {}? devkit gomod-tag list shows all", near),
        None => {
            message!("devkit gomod-tag list shows all; folders count from the repository's root")
        }
    };
    problem(Code::NoModules, message!("no module is or fits {}", pattern), hint)
}

/// All that decides about versions.
struct Counting<'a> {
    repository: &'a Repository,
    options: &'a Options,
    /// Versions of single modules: a folder, path or pattern, and the version.
    set: Vec<(String, Version)>,
    history: History<'a>,
}

/// The version of one module, and what there is to say about it.
#[derive(Default)]
struct Given {
    next: Option<Version>,
    skipped: Option<String>,
    uncounted: Vec<String>,
    refused: Option<Detailed<Judgement>>,
}

/// The version that all modules get, and what there is to say about it.
#[derive(Default)]
struct Common {
    next: Option<Version>,
    told: Versions,
}

impl Counting<'_> {
    /// Gives each row its version.
    fn give(&self, rows: Vec<Row>) -> Result<Versions, GitError> {
        let (exact, bad) = match &self.options.next {
            Next::Exactly(text) => match text.parse::<Version>() {
                Ok(version) => (Some(version), None),
                Err(why) => (None, Some(bad_version(text, why))),
            },
            _ => (None, None),
        };
        let Common { next: common, mut told } = self.common(&rows)?;
        told.problems.extend(bad);
        let is_counted = matches!(self.options.next, Next::Bump(_) | Next::Auto);
        for mut row in rows {
            let given = self.version(&row, exact.as_ref(), common.as_ref())?;
            told.skipped.extend(given.skipped.map(|why| (row.folder.clone(), why)));
            if !given.uncounted.is_empty() {
                told.uncounted.push((row.folder.clone(), given.uncounted));
            }
            told.problems.extend(given.refused);
            if given.next.is_none() && is_counted {
                continue;
            }
            row.tag = given.next.as_ref().and_then(|next| self.module(&row).tag(next));
            row.next = given.next;
            told.rows.push(row);
        }
        Ok(told)
    }

    fn module(&self, row: &Row) -> &Module {
        &self.repository.modules[row.module]
    }

    fn version(
        &self,
        row: &Row,
        exact: Option<&Version>,
        common: Option<&Version>,
    ) -> Result<Given, GitError> {
        let module = self.module(row);
        if let Some((_, version)) = self.set.iter().find(|(pattern, _)| fits(pattern, module)) {
            return Ok(Given::of(Some(version.clone())));
        }
        Ok(match &self.options.next {
            Next::Unsaid => Given::default(),
            Next::Exactly(_) => Given::of(exact.cloned()),
            Next::Bump(_) | Next::Auto if self.options.lockstep => Given::of(common.cloned()),
            Next::Bump(bump) => self.bumped(row, *bump),
            Next::Auto if row.is_on(&self.repository.commit.oid) => Given::of(row.current.clone()),
            Next::Auto => {
                let ByCommits { bump, skipped, uncounted } = self.history.ask(row)?;
                let given = bump.map(|bump| self.bumped(row, bump)).unwrap_or_default();
                Given { skipped: skipped.or(given.skipped), uncounted, ..given }
            }
        })
    }

    fn bumped(&self, row: &Row, bump: Bump) -> Given {
        match step::bumped(self.repository, row, bump) {
            Ok(next) => Given::of(next),
            Err(NoStep::Skipped(why)) => Given { skipped: Some(why), ..Given::default() },
            Err(NoStep::Refused(why)) => Given { refused: Some(*why), ..Given::default() },
        }
    }

    /// The version that all get, where they get the same.
    fn common(&self, rows: &[Row]) -> Result<Common, GitError> {
        if !self.options.lockstep {
            return Ok(Common::default());
        }
        let mut told = Versions::default();
        let bump = match self.options.next {
            Next::Bump(bump) => bump,
            Next::Auto => {
                let mut bumps = Vec::new();
                for row in rows {
                    let ByCommits { bump, skipped, uncounted } = self.history.ask(row)?;
                    bumps.extend(bump);
                    told.skipped.extend(skipped.map(|why| (row.folder.clone(), why)));
                    if !uncounted.is_empty() {
                        told.uncounted.push((row.folder.clone(), uncounted));
                    }
                }
                let Some(bump) = bumps.into_iter().max_by_key(|bump| rank(*bump)) else {
                    // What is tagged may still be on its way.
                    let commit = &self.repository.commit.oid;
                    let here = rows.iter().filter(|row| row.is_on(commit));
                    let next = here.filter_map(|row| row.current.clone()).max();
                    return Ok(Common { next, told });
                };
                bump
            }
            Next::Unsaid | Next::Exactly(_) => return Ok(Common::default()),
        };
        let all = Rows { repository: self.repository, all: rows };
        let next = match step::lockstep(all, bump) {
            Ok(next) => next,
            Err(problems) => {
                told.problems = problems;
                None
            }
        };
        Ok(Common { next, told })
    }
}

impl Given {
    fn of(next: Option<Version>) -> Self {
        Self { next, ..Self::default() }
    }
}

fn rank(bump: Bump) -> u8 {
    match bump {
        Bump::Major => 3,
        Bump::Minor => 2,
        _ => 1,
    }
}

fn bad_version(text: &str, why: BadVersion) -> Detailed<Judgement> {
    let hint = slip::meant(text, why);
    problem(Code::BadVersion, message!("'{}' is not a Go version", text), hint)
        .because(why.to_string())
}
