//! What is looked at before a plan is made: options that do not fit together, and the remote.

use devkit_gomod_tag::git::Git;
use devkit_gomod_tag::options::{Options, Remote};
use devkit_text::escape;

use super::options::{Acting, Doing};
use super::trouble;
use crate::failure::Failure;

/// Options that do not fit together.
pub(super) fn check_usage(options: &Options, acting: &Acting, git: &Git) -> anyhow::Result<()> {
    if !options.update_requires {
        return Ok(());
    }
    if !git.has_work_tree {
        return Err(Failure::new(
            "usage",
            "--update-requires needs a work tree, and this is a bare repository",
        )
        .hint("clone it, and run this there")
        .into());
    }
    if acting.place.commit.is_some() {
        return Err(Failure::new(
            "usage",
            "--update-requires makes a commit on what is checked out",
        )
        .hint("leave --commit out, or check that commit's branch out")
        .into());
    }
    if git.branch().is_none() {
        return Err(Failure::new(
            "usage",
            "--update-requires makes a commit, and no branch is checked out",
        )
        .hint("git switch BRANCH; the commit would be on none")
        .into());
    }
    Ok(())
}

/// A branch that goes to one of another name, which git refuses to guess at, too.
pub(super) fn check_branch(git: &Git, remote: &str) -> anyhow::Result<()> {
    let Some(branch) = git.branch() else { return Ok(()) };
    let Some(there) = git.upstream_at(remote, &branch).filter(|there| *there != branch) else {
        return Ok(());
    };
    if git.config("push.default").is_some_and(|it| it == "upstream" || it == "tracking") {
        return Ok(());
    }
    let (branch, there) = (escape(branch.as_bytes()), escape(there.as_bytes()));
    let remote = escape(remote.as_bytes());
    let message =
        format!("the branch {branch} goes to {there} at {remote}, and its commit would, too");
    Err(Failure::new("usage", message)
        .hint("if that is meant: git config push.default upstream; else --commit-only, for a pull request")
        .into())
}

/// The remote that gets the tags, and what it has.
pub(super) fn remote(git: &Git, doing: &Doing) -> anyhow::Result<Remote> {
    let Some(name) = doing.remote.clone().or_else(|| git.push_remote()) else {
        return Err(Failure::new("no-remote", "which remote gets the tags is not clear")
            .hint("--remote NAME; git remote -v lists them")
            .into());
    };
    let shown = escape(name.as_bytes());
    if name.starts_with('-') {
        return Err(Failure::new("usage", format!("{shown} is no remote"))
            .hint("--remote NAME")
            .into());
    }
    match git.remote_tags(&name) {
        Ok(places) => Ok(Remote { name, places }),
        Err(error) => {
            let message = format!("cannot ask {shown} for its tags, so nothing was done");
            let failure = trouble::git(error).renamed("push-failed", message);
            Err(failure.hint("check the address and the access: git remote -v; without --push nobody is asked").into())
        }
    }
}
