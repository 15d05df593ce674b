//! A plan, carried out: the question, the commit, the tags, the push.

use std::fmt::Write as _;

use devkit_gomod_tag::apply::{self, Branch, Kept, PushFailed, PushMode};
use devkit_gomod_tag::git::{Commit, Oid, TagKind};
use devkit_gomod_tag::options::Remote;
use devkit_gomod_tag::plan::Plan;
use devkit_gomod_tag::repository::shown_folder;
use devkit_gomod_tag::row::Row;
use devkit_gomod_tag::{Code, Repository};
use devkit_text::escape;

use super::api::ApiReport;
use super::options::Doing;
use super::render::{PlanDocument, State};
use super::trouble;
use crate::amounts::count;
use crate::failure::Failure;
use crate::stdin;
use crate::ui::{self, Documents, Ui};

/// A plan that is being carried out.
pub(super) struct Run<'a> {
    pub(super) ui: &'a Ui,
    pub(super) repository: &'a Repository,
    pub(super) plan: &'a Plan,
    pub(super) doing: &'a Doing,
    pub(super) remote: Option<Remote>,
    /// Whether requirements are to be updated.
    pub(super) updates: bool,
    /// What gorelease says.
    pub(super) api: Vec<ApiReport>,
    /// The commit that updated requirements are in.
    pub(super) commit: Option<Commit>,
}

impl Run<'_> {
    /// Asks on a terminal; elsewhere somebody must have said yes before.
    pub(super) fn ask(&self) -> anyhow::Result<()> {
        if self.doing.yes {
            return Ok(());
        }
        let question = self.question();
        // Nobody can say yes to what was not shown.
        if !self.ui.shows_progress() || !stdin::may_ask() {
            let message = if stdin::may_ask() {
                "the plan is not shown, so nothing was done"
            } else {
                "there is no terminal to ask on, so nothing was done"
            };
            return Err(Failure::new("not-confirmed", message)
                .hint("--yes does it unasked, --dry-run only shows it")
                .into());
        }
        if stdin::confirmed(&question) {
            return Ok(());
        }
        Err(Failure::new("not-confirmed", "nothing was done").into())
    }

    fn question(&self) -> String {
        let mut parts = Vec::new();
        let files = self.plan.update.files.len();
        if files > 0 {
            parts.push(format!("commit {}", count(files, "file")));
        }
        let new = self.plan.new_tags().count();
        if new > 0 && !self.doing.commit_only {
            parts.push(format!("create {}", count(new, "tag")));
        }
        if let Some(remote) = &self.remote {
            let left = self.plan.rows.iter().filter(|row| row.on_remote == Some(false)).count();
            let has_branch = files > 0 || self.branch_to_push(&remote.name).is_some();
            let branch = if has_branch { git_branch(self.repository) } else { String::new() };
            let name = escape(remote.name.as_bytes());
            parts.push(format!("push {branch}{} to {name}", count(left, "tag")));
        }
        let last = parts.pop().unwrap_or_default();
        let mut text = match parts.len() {
            0 => last,
            _ => format!("{} and {last}", parts.join(", ")),
        };
        if let Some(first) = text.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        format!("{text}?")
    }

    pub(super) fn carry_out(&mut self, kind: TagKind) -> anyhow::Result<u8> {
        let git = &self.repository.git;
        if !self.plan.update.files.is_empty() {
            let message = self.message_of_commit();
            let made = apply::commit(git, self.plan, &message).map_err(trouble::apply)?;
            self.ui.progress(&format!(
                "{} commit {} \"{}\"\n",
                self.ui.mark(true),
                made.oid.short(),
                escape(made.subject.as_bytes())
            ))?;
            self.commit = Some(made);
        }
        if self.doing.commit_only {
            return self.stopped_at_commit();
        }
        let message = self.doing.message.as_deref().filter(|_| !self.updates);
        let commit = self.target().clone();
        let new = apply::tag(git, self.plan, &commit, kind, message).map_err(trouble::apply)?;
        let tags: Vec<String> = self.plan.rows.iter().filter_map(|row| row.tag.clone()).collect();
        let mut lines = String::new();
        for row in &self.plan.rows {
            let there = if row.exists { "  was there already" } else { "" };
            let tag = row.tag.as_deref().unwrap_or_default();
            let _ = writeln!(lines, "{} {tag}{there}", self.ui.mark(true));
        }
        self.ui.progress(&lines)?;
        match (self.remote.take(), self.doing.push()) {
            (Some(remote), Some(mode)) => self.push(&remote, mode, &new)?,
            _ => self.next(&tags)?,
        }
        let pushed = self.doing.push().is_some();
        let state = |row: &Row| match (pushed, row.exists) {
            (true, _) => State::Pushed,
            (false, true) => State::Exists,
            (false, false) => State::Created,
        };
        let document = PlanDocument::new(self.repository, self.plan, &commit, false, state);
        self.ui.answer(&CarriedOut(document.with_api(&self.api)))
    }

    /// The commit that gets the tags.
    fn target(&self) -> &Oid {
        self.commit.as_ref().map_or(&self.plan.commit.oid, |commit| &commit.oid)
    }

    fn message_of_commit(&self) -> String {
        if let Some(message) = &self.doing.message {
            return message.clone();
        }
        let tags: Vec<&str> = self.plan.rows.iter().filter_map(|row| row.tag.as_deref()).collect();
        let subject = match &tags[..] {
            [one] => format!("Release {one}"),
            tags => format!("Release {} modules", tags.len()),
        };
        let mut text = subject;
        if tags.len() > 1 {
            text.push_str("\n\n");
            text.push_str(&tags.join("\n"));
        }
        text
    }

    fn stopped_at_commit(&self) -> anyhow::Result<u8> {
        if self.commit.is_none() {
            self.ui.progress("no requirement has to change, so there is nothing to commit\n")?;
        } else {
            let mut again = "devkit gomod-tag tag --commit REV".to_owned();
            for row in &self.plan.rows {
                let (folder, next) = (shown_folder(&row.folder), row.next.as_ref());
                let next = next.map(ToString::to_string).unwrap_or_default();
                let _ = write!(again, " --set {}", ui::quoted(&format!("{folder}={next}")));
            }
            self.ui.progress(&format!("next: once it is merged, as commit REV: {again}\n"))?;
        }
        let state = |_: &Row| State::Planned;
        let commit = self.target();
        let document = PlanDocument::new(self.repository, self.plan, commit, false, state);
        self.ui.answer(&CarriedOut(document))
    }

    /// What makes the tags known.
    fn next(&self, tags: &[String]) -> anyhow::Result<()> {
        let git = &self.repository.git;
        let remote = self.doing.remote.clone().or_else(|| git.push_remote());
        let Some(remote) = remote else { return Ok(()) };
        let branch = self.branch_to_push(&remote);
        let again = if self.plan.is_done() { "" } else { "       (or run again with --push)" };
        self.ui
            .progress(&format!("next: {}{again}\n", push_command(&remote, branch.as_ref(), tags)))
    }

    fn push(&self, remote: &Remote, mode: PushMode, new: &[(String, Oid)]) -> anyhow::Result<()> {
        let git = &self.repository.git;
        let is_left = |row: &&Row| row.on_remote != Some(true);
        let left = self.plan.rows.iter().filter(is_left).filter_map(|row| row.tag.clone());
        let left: Vec<String> = left.collect();
        let name = escape(remote.name.as_bytes());
        let branch = self.branch_to_push(&remote.name);
        if left.is_empty() && branch.is_none() {
            return self.ui.progress(&format!("{name} has all of them\n"));
        }
        let url = git.remote_url(&remote.name).unwrap_or_else(|| remote.name.clone());
        if mode == PushMode::Atomic && left.len() > 3 && url.contains("github.com") {
            let text = format!(
                "GitHub starts no workflow for more than three tags in one push, and these are {}; \
                 --push=each sends them one by one",
                left.len()
            );
            self.ui.warning("no-workflow", &text);
        }
        let commit = self.target();
        let there = format!("refs/remotes/{}", remote.name);
        if branch.is_none() && git.branch_with(commit, &[&there]).is_ok_and(|it| it.is_none()) {
            let text = format!(
                "no branch of {name} has commit {}, as far as is known here; git push {name} HEAD sends it",
                commit.short()
            );
            self.ui.warning(Code::CommitNotOnBranch.as_str(), &text);
        }
        match apply::push(git, &remote.name, mode, branch.as_ref(), &left, new) {
            Ok(()) => self.ui.progress(&format!("{} pushed to {name}\n", self.ui.mark(true))),
            Err(failed) => Err(not_pushed(remote, branch.is_some(), &failed).into()),
        }
    }

    /// A commit of --update-requires goes with its tags, also one of a run that was cut off.
    pub(super) fn branch_to_push(&self, remote: &str) -> Option<Branch> {
        let git = &self.repository.git;
        let branch = git.branch().filter(|_| self.updates)?;
        let message = self.message_of_commit();
        let is_ours =
            self.commit.is_some() || git.message(&self.plan.commit.oid).starts_with(message.trim());
        // Hooks may have added lines to the message.
        let there = git.upstream_at(remote, &branch).unwrap_or_else(|| branch.clone());
        is_ours.then_some(Branch { here: branch, there })
    }
}

/// What was done, for programs. People were told when it was.
struct CarriedOut<'a>(PlanDocument<'a>);

impl ui::Answer for CarriedOut<'_> {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        to.add(&self.0)
    }

    fn text(&self, _: &Ui) -> String {
        String::new()
    }
}

/// The branch that a commit is made on, for a question.
fn git_branch(repository: &Repository) -> String {
    repository.git.branch().map_or_else(String::new, |it| format!("{} and ", escape(it.as_bytes())))
}

fn push_command(remote: &str, branch: Option<&Branch>, tags: &[String]) -> String {
    let names = branch.map(|it| {
        let here = format!("refs/heads/{}", it.here);
        if it.here == it.there { here } else { format!("{here}:refs/heads/{}", it.there) }
    });
    let names = names.into_iter().chain(tags.iter().map(|tag| format!("refs/tags/{tag}")));
    let names: Vec<String> = names.map(|name| ui::quoted(&name)).collect();
    format!("git push --atomic {} {}", ui::quoted(remote), names.join(" "))
}

/// A command for each tag.
fn each(remote: &str, tags: &[String]) -> String {
    let remote = ui::quoted(remote);
    let commands = tags
        .iter()
        .map(|tag| format!("git push {remote} {}", ui::quoted(&format!("refs/tags/{tag}"))));
    commands.collect::<Vec<_>>().join(" && ")
}

/// What is said of a push that failed, and what is left to do.
fn not_pushed(remote: &Remote, has_branch: bool, failed: &PushFailed) -> Failure {
    let name = escape(remote.name.as_bytes());
    let (message, hint) = match failed.kept {
        Kept::TakenBack => (
            format!("{name} took none of the tags, so they were taken back here, too"),
            if failed.says.contains("does not support --atomic") {
                "that server takes one at a time: --push=each".to_owned()
            } else if has_branch {
                "correct that and run this again; the new commit is still here".to_owned()
            } else {
                "correct that and run this again".to_owned()
            },
        ),
        Kept::SomeArrived => (
            format!("{name} took {} of the tags, and not the others", failed.arrived.len()),
            format!("what is left: {}", each(&remote.name, &failed.left)),
        ),
        Kept::Unknown => (
            format!("whether {name} has the tags is not known; they are kept here"),
            "run this again with --push: what has arrived is not sent twice".to_owned(),
        ),
        Kept::NotNew => (
            format!("{name} did not take all of the tags; they are kept here"),
            format!("run this again with --push, or: {}", each(&remote.name, &failed.left)),
        ),
    };
    Failure::new("push-failed", message).because(trouble::told(&failed.says)).hint(hint)
}
