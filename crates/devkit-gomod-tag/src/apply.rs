//! Carries a plan out: the commit, the tags, the push. Nothing else of the crate changes anything.

use std::collections::HashMap;
use std::path::PathBuf;

use devkit_fs::{Existing, NewFile};

use crate::git::{Commit, Git, GitError, Oid, TagKind};
use crate::plan::Plan;

/// How tags are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushMode {
    /// All in one push, all or none.
    Atomic,
    /// Each tag by a push of its own, for services that ignore pushes of many.
    Each,
}

/// What could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file could not be written; all are as they were.
    #[error(transparent)]
    Write(#[from] devkit_fs::Error),
    /// git did not commit; all files are as they were.
    #[error("the commit was refused")]
    Commit {
        /// What git and its hooks said.
        says: String,
    },
    /// The commit held something else, because a hook changed it, and was taken back.
    #[error("the commit held something else than was planned")]
    OtherCommit {
        /// The first file that differs.
        path: String,
    },
    /// A tag could not be signed; there is none of them.
    #[error("git could not sign a tag")]
    Sign {
        /// What git said.
        says: String,
    },
    /// Tags could not be made; there is none of them.
    #[error("git made no tag")]
    Tags {
        /// What git said.
        says: String,
    },
}

/// A push that failed.
#[derive(Debug)]
pub struct PushFailed {
    /// What git and the remote said.
    pub says: String,
    /// Tags that have arrived.
    pub arrived: Vec<String>,
    /// Tags that have not.
    pub left: Vec<String>,
    /// What was done about the new ones.
    pub kept: Kept,
}

/// What became of new tags after a push that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The tags are gone, because the remote has none of them.
    TakenBack,
    /// The tags are there, because the remote has some of them.
    SomeArrived,
    /// The tags are there, because the remote does not say what it has.
    Unknown,
    /// The tags were there before.
    NotNew,
}

/// Writes the changed files of a plan and commits them: nothing else, and with the repository's
/// hooks. Gives the new commit.
///
/// # Errors
///
/// [`ApplyError`].
pub fn commit(git: &Git, plan: &Plan, message: &str) -> Result<Commit, ApplyError> {
    let files = &plan.update.files;
    let paths: Vec<PathBuf> = files.iter().map(|file| git.folder().join(&file.path)).collect();
    let new = files.iter().zip(&paths).map(|(file, path)| NewFile {
        path,
        contents: file.new.as_bytes(),
        mode: 0o666,
    });
    devkit_fs::publish(&new.collect::<Vec<_>>(), &[], Existing::Replace)?;
    let names: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
    if let Err(error) = git.commit_files(message, &names) {
        git.restore(&names)?;
        return Err(match error {
            GitError::Failed { says, .. } => ApplyError::Commit { says },
            error => error.into(),
        });
    }
    let made = git.commit("HEAD")?;
    let names = files.iter().map(|file| format!("{}:{}", made.oid.as_str(), file.path));
    let contents = git.contents(&names.collect::<Vec<_>>())?;
    let mut pairs = files.iter().zip(contents);
    let other = pairs.find(|(file, now)| now.as_deref() != Some(file.new.as_bytes()));
    let differences = git.differences(&plan.commit.oid, &made.oid, &[])?;
    let is_ours = |path: &[u8]| files.iter().any(|file| file.path.as_bytes() == path);
    let foreign = differences.iter().find(|difference| !is_ours(&difference.path));
    let path = other
        .map(|(file, _)| file.path.clone())
        .or_else(|| foreign.map(|it| devkit_text::escape(&it.path)));
    let Some(path) = path else { return Ok(made) };
    git.take_back(&plan.commit.oid, &made.oid)?;
    let names: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
    git.restore(&names)?;
    Err(ApplyError::OtherCommit { path })
}

/// Makes the tags of a plan that are not there, all or none, with the objects that they name.
///
/// # Errors
///
/// [`ApplyError`]; there is none of them then.
pub fn tag(
    git: &Git,
    plan: &Plan,
    commit: &Oid,
    kind: TagKind,
    message: Option<&str>,
) -> Result<Vec<(String, Oid)>, ApplyError> {
    let tags: Vec<(String, String)> = plan
        .new_tags()
        .filter_map(|row| {
            let (tag, next) = (row.tag.clone()?, row.next.as_ref()?);
            let message = match message {
                Some(message) => message.to_owned(),
                None => format!("{} {next}", row.path),
            };
            Some((tag, message))
        })
        .collect();
    if tags.is_empty() {
        return Ok(Vec::new());
    }
    let made = git.create_tags(commit, &tags, kind);
    let objects = made.map_err(|error| match error {
        GitError::Failed { says, .. } if kind == TagKind::Signed => ApplyError::Sign { says },
        GitError::Failed { says, .. } => ApplyError::Tags { says },
        error => error.into(),
    })?;
    Ok(tags.into_iter().map(|(name, _)| name).zip(objects).collect())
}

/// A branch, and what it is called at the remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Here.
    pub here: String,
    /// There.
    pub there: String,
}

/// The full names of a push, so that no branch of the same name is in the way.
#[must_use]
pub fn refspecs(branch: Option<&Branch>, tags: &[String]) -> Vec<String> {
    let branch = branch.map(|it| format!("refs/heads/{}:refs/heads/{}", it.here, it.there));
    branch
        .into_iter()
        .chain(tags.iter().map(|tag| format!("refs/tags/{tag}:refs/tags/{tag}")))
        .collect()
}

/// Sends tags, and the branch with them if there is a new commit. `new`: those that were made just
/// now, which are taken back if the remote proves to have none.
///
/// # Errors
///
/// [`PushFailed`].
pub fn push(
    git: &Git,
    remote: &str,
    mode: PushMode,
    branch: Option<&Branch>,
    tags: &[String],
    new: &[(String, Oid)],
) -> Result<(), PushFailed> {
    let parts: Vec<Vec<String>> = match mode {
        PushMode::Atomic => vec![refspecs(branch, tags)],
        PushMode::Each => {
            let each = tags.iter().map(|tag| refspecs(None, std::slice::from_ref(tag)));
            branch.map(|branch| refspecs(Some(branch), &[])).into_iter().chain(each).collect()
        }
    };
    let failure = parts.iter().find_map(|part| git.push(remote, part).err());
    let Some(failure) = failure else { return Ok(()) };
    let says = match failure {
        GitError::Failed { says, .. } => says,
        error => error.to_string(),
    };
    let there = git.remote_tags(remote).ok();
    let has = |tag: &String| {
        there.iter().flatten().any(|tags: &HashMap<String, Oid>| tags.contains_key(tag))
    };
    // With several places one may have it, and another not.
    let everywhere = |tag: &&String| {
        there.as_ref().is_some_and(|places| places.iter().all(|tags| tags.contains_key(*tag)))
    };
    let arrived: Vec<String> = tags.iter().filter(everywhere).cloned().collect();
    let left: Vec<String> = tags.iter().filter(|tag| !arrived.contains(tag)).cloned().collect();
    let kept = match &there {
        Some(_) if new.is_empty() => Kept::NotNew,
        Some(_) if new.iter().any(|(tag, _)| has(tag)) => Kept::SomeArrived,
        Some(_) if git.delete_tags(new).is_ok() => Kept::TakenBack,
        Some(_) | None => Kept::Unknown,
    };
    Err(PushFailed { says, arrived, left, kept })
}
