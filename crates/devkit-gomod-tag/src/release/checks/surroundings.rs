//! What is around the modules: the work tree, the branch, the history, and who makes the tags.

use std::collections::HashSet;

use devkit_report::{Detailed, message};

use super::{Decided, quoted};
use crate::git::{Git, GitError, TagKind};
use crate::options::Surroundings;
use crate::problem::{Code, Judge as _, Judgement, problem};
use crate::release::update::Edited;

/// A repository that does not know which versions there are.
#[must_use]
pub fn shallow(git: &Git) -> Option<Detailed<Judgement>> {
    git.is_shallow.then(|| {
        problem(
            Code::Shallow,
            "the repository has only a part of its history, so which versions there are is not known",
            "git fetch --unshallow --tags; in GitHub's checkout action: fetch-depth: 0",
        )
    })
}

/// What is not about a single module.
pub(super) fn check(decided: &Decided<'_>) -> Result<Vec<Detailed<Judgement>>, GitError> {
    let (repository, options) = (decided.rows.repository, decided.options);
    let git = &repository.git;
    let mut found = Vec::new();
    if options.surroundings == Surroundings::WorkTree {
        found.extend(dirty(decided)?);
    }
    if !decided.rows.all.is_empty() {
        found.extend(branch(decided)?);
    }
    let needs_identity = matches!(options.kind, Some(TagKind::Annotated | TagKind::Signed))
        || !decided.update.files.is_empty();
    if needs_identity && let Err(error) = git.identity() {
        let problem = problem(
            Code::NoIdentity,
            "git does not know who makes the tags",
            "git config user.name NAME && git config user.email ADDRESS",
        );
        found.push(match error {
            GitError::Failed { says, .. } => problem.because(first_line(&says)),
            _ => problem,
        });
    }
    Ok(found)
}

fn first_line(says: &str) -> String {
    // git explains what to do before it says what is the matter.
    let lines = || says.lines().map(str::trim).filter(|line| !line.is_empty());
    let fatal = lines().find(|line| line.starts_with("fatal: ") || line.starts_with("error: "));
    let line = fatal.or_else(|| lines().next()).unwrap_or("it does not say why");
    let line = line.strip_prefix("fatal: ").or(line.strip_prefix("error: ")).unwrap_or(line);
    line.to_owned()
}

/// Files that the tag would not have, though somebody may think so.
fn dirty(decided: &Decided<'_>) -> Result<Option<Detailed<Judgement>>, GitError> {
    let repository = decided.rows.repository;
    let status = repository.git.status()?;
    let of_plan =
        |path: &[u8]| decided.rows.all.iter().any(|row| decided.rows.module(row).area.has(path));
    let folder = repository.git.folder();
    // What a run before this one wrote for the very same plan is no surprise.
    let is_ours = |file: &Edited| {
        std::fs::read(folder.join(&file.path)).is_ok_and(|now| now == file.new.as_bytes())
    };
    let files = &decided.update.files;
    let ours: HashSet<&[u8]> =
        files.iter().filter(|file| is_ours(file)).map(|file| file.path.as_bytes()).collect();
    let is_foreign = |path: &&Vec<u8>| !ours.contains(&path[..]);
    let modified: Vec<&Vec<u8>> = status.modified.iter().filter(is_foreign).collect();
    let untracked: Vec<&Vec<u8>> =
        status.untracked.iter().filter(is_foreign).filter(|path| of_plan(path)).collect();
    let count = modified.len() + untracked.len();
    let hint = if decided.options.update_requires {
        "commit or stash it: git stash -u"
    } else {
        "commit or stash it (git stash -u); or name the commit: --commit HEAD"
    };
    if let Some(first) = modified.first().or(untracked.first()) {
        let shown = &first[..];
        let message = match (count, modified.is_empty()) {
            (1, false) => message!("{} is not committed, so a tag would not have it", shown),
            (1, true) => message!("{} is not tracked, so a tag would not have it", shown),
            _ => message!(
                "{} and {} more are not committed, so a tag would not have them",
                shown,
                count - 1
            ),
        };
        return Ok(Some(problem(Code::Dirty, message, hint)));
    }
    // Ignored, and in the way of one that is to be made.
    let in_the_way = files.iter().find(|file| {
        file.old.is_none() && folder.join(&file.path).symlink_metadata().is_ok() && !is_ours(file)
    });
    Ok(in_the_way.map(|file| {
        let message = message!("{} is there, and not tracked by git", file.path);
        problem(Code::Dirty, message, "git add it, or move it away: it is to be written")
    }))
}

/// A commit that is on no branch is lost when its tag goes, and was reviewed by nobody.
fn branch(decided: &Decided<'_>) -> Result<Option<Detailed<Judgement>>, GitError> {
    let repository = decided.rows.repository;
    let (git, commit) = (&repository.git, &repository.commit);
    let on = match &decided.options.branch {
        Some(branch) => {
            let Some(name) = git.branch_ref(branch) else {
                return Ok(Some(problem(
                    Code::CommitNotOnBranch,
                    message!("there is no branch {}", quoted(branch)),
                    "git branch -a lists them",
                )));
            };
            git.is_ancestor(&commit.oid, &name)?
        }
        // What is checked out as a branch needs no search.
        None if decided.options.surroundings == Surroundings::WorkTree
            && git.branch().is_some() =>
        {
            true
        }
        None => git.branch_with(&commit.oid, &["refs/heads", "refs/remotes"])?.is_some(),
    };
    let of = if let Some(branch) = &decided.options.branch {
        message!("not on branch {}", quoted(branch))
    } else {
        message!("on no branch")
    };
    let problem = || {
        problem(
            Code::CommitNotOnBranch,
            message!("commit {} is {}", commit.oid.short(), of),
            "merge it first, or name a commit that is: --commit REV",
        )
    };
    Ok((!on).then(problem))
}
