//! What went wrong, in the user's words, and what to do next.

#[cfg(test)]
mod tests;

use devkit_gomod_tag::Code;
use devkit_gomod_tag::apply::ApplyError;
use devkit_gomod_tag::git::{GitError, LEAST_GIT};
use devkit_report::{Message, SeveralLines, message};
use devkit_text::words;

use crate::failure::Failure;

/// What git would not do.
pub(super) fn git(error: GitError) -> Failure {
    match error {
        GitError::Missing(source) => Failure::new("git-missing", "cannot start git")
            .because(words(&source))
            .hint("install git, and put it on the PATH"),
        GitError::TooOld { found } => {
            let [major, minor] = LEAST_GIT;
            Failure::new("git-missing", message!("git {} is too old", found)).hint(message!(
                "git {}.{} or newer is needed",
                major,
                minor
            ))
        }
        GitError::NoRepository { .. } => {
            Failure::new("no-repository", "this folder is in no git repository")
                .hint("change into the repository whose modules are to be tagged")
        }
        GitError::Unsafe { says } => {
            let command = says.lines().map(str::trim).find(|line| line.starts_with("git config"));
            let command = command.unwrap_or("git config --global --add safe.directory FOLDER");
            Failure::new(
                "unsafe-repository",
                "git does not touch this repository, because it belongs to another user",
            )
            .hint(message!(
                "if you trust it (what it configures can run programs as you): {}",
                command
            ))
        }
        GitError::InsideRepository => {
            Failure::new("no-repository", "this folder is inside of .git, and not in the work tree")
                .hint("change into the work tree")
        }
        GitError::NoCommit { rev } => {
            Failure::new("no-commit", message!("there is no commit {}", rev))
                .hint("git log shows what there is")
        }
        GitError::Failed { command, says } => {
            Failure::new("git", message!("git {} failed", command)).because(told(&says))
        }
    }
}

/// A repository that cannot be read; `is_head`: no commit was named.
pub(super) fn unread(error: GitError, is_head: bool) -> Failure {
    match error {
        GitError::NoCommit { .. } if is_head => {
            Failure::new("no-commit", "the repository has no commit yet")
                .hint("tags name commits: git add and git commit come first")
        }
        error => git(error),
    }
}

/// What a program said, without its labels.
pub(super) fn told(says: &str) -> Message {
    let lines: Vec<String> = says
        .lines()
        .map(|line| line.trim().trim_start_matches("fatal: ").trim_start_matches("error: "))
        .filter(|line| !line.is_empty())
        .map(|line| line.replace('\t', " "))
        .collect();
    message!("{}", SeveralLines(&lines.join("\n")))
}

/// What could not be carried out.
pub(super) fn apply(error: ApplyError) -> Failure {
    match error {
        ApplyError::Git(error) => git(error),
        ApplyError::Write(error) => {
            let failure = Failure::new("io", error.to_string()).hint("nothing was changed");
            match std::error::Error::source(&error) {
                Some(source) => match source.downcast_ref::<std::io::Error>() {
                    Some(source) => failure.because(words(source)),
                    None => failure,
                },
                None => failure,
            }
        }
        ApplyError::Commit { says } => {
            Failure::new("commit-failed", "git did not commit, so no tag was created")
                .because(told(&says))
                .hint("go.mod and go.sum are as they were")
        }
        ApplyError::OtherCommit { path } => Failure::new(
            "commit-failed",
            message!("the commit had another {} than was planned, so it was taken back", path),
        )
        .because("a hook of the repository changed what was committed")
        .hint("no tag was created; the hook must change nothing that is committed; other files are as it left them"),
        ApplyError::Sign { says } => Failure::new(
            Code::SignFailed.as_str(),
            "git could not sign the tags, so none was created",
        )
        .because(told(&says))
        .hint("git config user.signingKey names the key; --no-sign makes them without"),
        ApplyError::Tags { says } => {
            let message = "git could not make the tags, so none was created";
            if says.contains("hook") {
                return Failure::new("git", message)
                    .because(told(&says))
                    .hint("the hook reference-transaction of this repository refuses it");
            }
            Failure::new(Code::TagExists.as_str(), message)
                .because(told(&says))
                .hint("run devkit gomod-tag plan again: something may have changed meanwhile")
        }
    }
}
