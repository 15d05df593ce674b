//! Every error of git and of what carries a plan out, with hostile text in each field.

use std::io;

use devkit_gomod_tag::apply::ApplyError;
use devkit_gomod_tag::git::GitError;
use proptest::prelude::*;

use super::{apply, git, unread};
use crate::failure::tests::{assert_tame, every, hostile, path};

every! {
    fn of_git(text) -> GitError {
        GitError::Missing(_) => GitError::Missing(io::Error::other(text)),
        GitError::TooOld { .. } => GitError::TooOld { found: text.into() },
        GitError::NoRepository { .. } => GitError::NoRepository { folder: path(text) },
        GitError::Unsafe { .. } => GitError::Unsafe { says: format!("git config {text}\n{text}") },
        GitError::InsideRepository => GitError::InsideRepository,
        GitError::NoCommit { .. } => GitError::NoCommit { rev: text.into() },
        GitError::Failed { .. } =>
            GitError::Failed { command: text.into(), says: format!("fatal: {text}\n{text}") },
    }
}

every! {
    fn of_apply(text) -> ApplyError {
        ApplyError::Git(_) => ApplyError::Git(GitError::NoCommit { rev: text.into() }),
        ApplyError::Write(_) => ApplyError::Write(devkit_fs::Error::Io {
            action: "write",
            path: path(text),
            source: io::Error::other(text),
        }),
        ApplyError::Commit { .. } => ApplyError::Commit { says: text.into() },
        ApplyError::OtherCommit { .. } => ApplyError::OtherCommit { path: text.into() },
        ApplyError::Sign { .. } => ApplyError::Sign { says: text.into() },
        ApplyError::Tags { .. } => ApplyError::Tags { says: format!("{text}\nhook") },
    }
}

proptest! {
    #[test]
    fn no_error_of_git_has_hostile_text(text in hostile()) {
        for error in of_git(&text) {
            assert_tame(&git(error));
        }
        for error in of_git(&text) {
            assert_tame(&unread(error, true));
        }
        for error in of_apply(&text) {
            assert_tame(&apply(error));
        }
    }
}
