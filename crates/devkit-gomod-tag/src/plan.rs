//! The release that is to be made: which modules, which versions, and what stands against it.

use devkit_report::Detailed;

use crate::git::{Commit, GitError};
use crate::options::{Next, Options};
use crate::problem::{Code, Judge, Judgement};
use crate::release::changes::Changes;
use crate::release::checks::{self, Decided, Findings};
use crate::release::row::{Row, Rows, Why};
use crate::release::taken;
use crate::release::update::{self, Update};
use crate::release::versions::{self, step};
use crate::repository::Repository;

/// A release to be made.
#[derive(Debug)]
pub struct Plan {
    /// The commit that gets the tags; its child, if requirements are updated.
    pub commit: Commit,
    /// The branch that is checked out.
    pub branch: Option<String>,
    /// A row for each module, in the order of their folders.
    pub rows: Vec<Row>,
    /// What stands against it.
    pub problems: Vec<Detailed<Judgement>>,
    /// What should be known.
    pub warnings: Vec<Detailed<Judgement>>,
    /// Modules that were selected and get no version, and why.
    pub skipped: Vec<(String, String)>,
    /// Commits of modules that are no Conventional Commits, and so say nothing.
    pub uncounted: Vec<(String, Vec<String>)>,
    /// Modules that need one of the plan and are not part of it.
    pub dependents: Vec<Dependent>,
    /// Changes to files that come before the tags.
    pub update: Update,
}

/// A module that needs one of the plan and is not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependent {
    /// The folder of that module.
    pub folder: String,
    /// What it requires.
    pub requires: String,
    /// Which version of that.
    pub version: String,
}

/// Plans a release.
///
/// # Errors
///
/// [`GitError`]. What stands against the release is in [`Plan::problems`].
pub fn plan(repository: &Repository, options: &Options) -> Result<Plan, GitError> {
    let changes = Changes::new(repository);
    let versions = versions::versions(repository, options, &changes)?;
    let mut problems = versions.problems;
    let mut warnings = Vec::new();
    let (mut rows, mut update) = (Vec::new(), Update::default());
    // Without versions there is nothing to look at.
    if problems.iter().all(|problem| problem.detail.code != Code::BadVersion) {
        (rows, update) = updated(repository, options, versions.rows)?;
        rows = with_reasons(rows, options, &update);
        let (found, untaggable) =
            taken::look_up(Rows { repository, all: &rows }, options.remote.as_ref(), &update)?;
        rows = found;
        problems.extend(untaggable);
        let all = Rows { repository, all: &rows };
        let decided = Decided { rows: all, options, changes: &changes, update: &update };
        let Findings { problems: against, warnings: known } = checks::all(&decided)?;
        problems.extend(against);
        warnings.extend(known.into_iter().map(Judge::warns));
    }
    let by_code = |a: &Detailed<Judgement>, b: &Detailed<Judgement>| {
        (a.detail.code, &a.detail.folder).cmp(&(b.detail.code, &b.detail.folder))
    };
    problems.sort_by(by_code);
    warnings.sort_by(by_code);
    let dependents = dependents(Rows { repository, all: &rows });
    let mut skipped = versions.skipped;
    skipped.retain(|(folder, _)| rows.iter().all(|row| row.folder != *folder));
    Ok(Plan {
        commit: repository.commit.clone(),
        branch: repository.git.branch(),
        rows,
        problems,
        warnings,
        skipped,
        uncounted: versions.uncounted,
        dependents,
        update,
    })
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

/// Requirements, and the versions of modules that are to have new ones because of that.
fn updated(
    repository: &Repository,
    options: &Options,
    mut rows: Vec<Row>,
) -> Result<(Vec<Row>, Update), GitError> {
    if !options.update_requires {
        return Ok((rows, Update::default()));
    }
    loop {
        let all = Rows { repository, all: &rows };
        let update = update::update(all, options)?;
        let Next::Bump(bump) = options.next else { return Ok((rows, update)) };
        let is_stale = |row: &&Row| all.is_tagged(row) && update.edits(row.module);
        let stale: Vec<usize> = rows.iter().filter(is_stale).map(|row| row.module).collect();
        if stale.is_empty() {
            return Ok((rows, update));
        }
        rows = step::again(all, &stale, bump, options.lockstep);
    }
}

/// The rows, each with the reasons why it gets a version.
fn with_reasons(mut rows: Vec<Row>, options: &Options, update: &Update) -> Vec<Row> {
    let is_lockstep = options.lockstep || matches!(options.next, Next::Exactly(_));
    let many = rows.len() > 1;
    for row in &mut rows {
        let changed = row.changed.as_ref().map_or(0, Vec::len);
        let mut why = Vec::new();
        if row.current.is_none() {
            why.push(Why::FirstRelease);
        } else if changed > 0 {
            why.push(Why::Changed(changed));
        }
        if update.edits(row.module) {
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
    rows
}

/// Modules that need one of the plan and are not part of it.
fn dependents(rows: Rows<'_>) -> Vec<Dependent> {
    let mut found = Vec::new();
    for (at, module) in rows.repository.modules.iter().enumerate() {
        let Ok(go_mod) = &module.go_mod else { continue };
        if rows.of(at).is_some() || module.releases.is_empty() || module.is_hidden {
            continue;
        }
        for require in go_mod.requires.iter().filter(|require| !require.indirect) {
            let needed = rows.of_path(&require.path.text);
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
