//! `devkit gomod-tag tag`, `plan` and `status`: one plan, and whether it is carried out.

use std::fmt::Write as _;
use std::io::{self, BufRead as _};

use devkit_gomod_tag::apply::{self, Branch, Kept, PushFailed, PushMode};
use devkit_gomod_tag::git::{Commit, Git, Oid};
use devkit_gomod_tag::plan::{self, Options, Plan, Remote, Row};
use devkit_gomod_tag::{Code, Repository};
use devkit_text::escape;

use super::api::{self, Answer};
use super::options::{Acting, Chosen, Doing, Steps, Where};
use super::render::{self, Document, State};
use super::trouble;
use crate::exit;
use crate::failure::{self, Failure};
use crate::ui::{self, Ui};

#[derive(Debug, clap::Args)]
#[command(disable_version_flag = true)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    chosen: Chosen,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, clap::Args)]
#[command(disable_version_flag = true)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    exact: Exact,
    #[command(flatten)]
    chosen: Chosen,
    #[command(flatten)]
    steps: Steps,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, clap::Args)]
#[command(disable_version_flag = true)]
pub(super) struct TagArgs {
    #[command(flatten)]
    exact: Exact,
    #[command(flatten)]
    acting: Acting,
}

/// The version that all get, in one of two ways to write it.
#[derive(Debug, clap::Args)]
pub(super) struct Exact {
    /// The version that the modules get
    #[arg(id = "exact", value_name = "VERSION")]
    positional: Option<String>,
    /// The same
    #[arg(id = "exactly", long = "version", value_name = "VERSION", conflicts_with = "exact")]
    named: Option<String>,
    /// Print version
    #[arg(short = 'V', action = clap::ArgAction::Version)]
    print_version: Option<bool>,
}

impl Exact {
    /// As it was typed.
    pub(super) fn get(&self) -> Option<&str> {
        self.positional.as_deref().or(self.named.as_deref())
    }
}

/// What has changed: 0 nothing, 1 something.
pub(super) fn status(ui: &Ui, args: &StatusArgs) -> anyhow::Result<u8> {
    let repository = super::repository(args.place.commit.as_deref(), args.place.root.as_deref())?;
    let mut options = args.place.options(&args.chosen);
    options.selection.changed = true;
    options.only_modules = true;
    let plan = plan::plan(&repository, &options).map_err(trouble::git)?;
    // What names no module is no answer.
    let stops = |code: Code| matches!(code, Code::NoModules | Code::Shallow);
    if plan.problems.iter().any(|problem| stops(problem.code)) {
        return Ok(refused(ui, &plan));
    }
    let code = if plan.rows.is_empty() { exit::DONE } else { exit::NO };
    if ui.json {
        ui::document(&document(&repository, &plan, true))?;
        return Ok(code);
    }
    let mut text = render::table(ui, &plan);
    if plan.rows.is_empty() {
        text.push_str("nothing to release: no module has changed since its last version\n");
    }
    for problem in &plan.problems {
        let _ = writeln!(
            text,
            "{} {} [{}]\n  hint:  {}",
            ui.mark(false),
            problem.message,
            problem.code.as_str(),
            problem.hint
        );
    }
    text.push_str(&render::rest(ui, &repository.git, &plan));
    if args.place.commit.is_none() {
        let status = repository.git.status().map_err(trouble::git)?;
        let count = status.modified.len();
        if count > 0 {
            let _ =
                writeln!(text, "not looked at: {count} files that are changed and not committed");
        }
    }
    ui::result(text.as_bytes())?;
    render::warn(ui, &plan.warnings);
    Ok(code)
}

/// The plan, and nothing else.
pub(super) fn plan(ui: &Ui, args: &PlanArgs) -> anyhow::Result<u8> {
    let repository = super::repository(args.place.commit.as_deref(), args.place.root.as_deref())?;
    let mut options = args.place.options(&args.chosen);
    args.steps.add(args.exact.get(), &mut options)?;
    let plan = plan::plan(&repository, &options).map_err(trouble::git)?;
    let api = if args.steps.api { api::ask(&repository, &plan)? } else { Vec::new() };
    show(ui, &repository, &plan, &api)
}

/// The same, and then it is done. Also `devkit gomod-tag VERSION`.
pub(super) fn tag(ui: &Ui, args: &TagArgs) -> anyhow::Result<u8> {
    act(ui, args.exact.get(), &args.acting)
}

/// A plan that is only shown.
fn show(ui: &Ui, repository: &Repository, plan: &Plan, api: &[Answer]) -> anyhow::Result<u8> {
    if ui.json {
        if !plan.problems.is_empty() {
            return Ok(refused(ui, plan));
        }
        ui::document(&document(repository, plan, true).with_api(api))?;
        return Ok(exit::DONE);
    }
    let mut text = text(ui, repository, plan);
    text.push_str(&api::text(ui, api));
    ui::result(text.as_bytes())?;
    render::warn(ui, &plan.warnings);
    if plan.problems.is_empty() { Ok(exit::DONE) } else { Ok(refused(ui, plan)) }
}

fn text(ui: &Ui, repository: &Repository, plan: &Plan) -> String {
    let mut text = render::table(ui, plan);
    if plan.rows.is_empty() && plan.problems.is_empty() {
        text.push_str("nothing to release\n");
    }
    text.push_str(&render::rest(ui, &repository.git, plan));
    text
}

/// Problems of one kind that are told in full.
const IN_FULL: usize = 3;

/// Tells what stands against a plan. Of many of one kind the first ones, unless all are asked for.
fn refused(ui: &Ui, plan: &Plan) -> u8 {
    let mut failures: Vec<Failure> = Vec::new();
    for alike in plan.problems.chunk_by(|a, b| a.code == b.code) {
        let all = ui.json || ui.verbose > 0 || alike.len() <= IN_FULL + 1;
        let told = if all { alike } else { &alike[..IN_FULL] };
        failures.extend(told.iter().map(|problem| trouble::problem(ui, problem)));
        let left = &alike[told.len()..];
        if let Some(first) = left.first() {
            let mut folders: Vec<&str> =
                left.iter().filter_map(|problem| problem.folder.as_deref()).collect();
            folders.dedup();
            let text = match folders.len() {
                0 | 1 => format!("{} more like these", left.len()),
                count => format!("{} more like these, in {count} modules", left.len()),
            };
            failures.push(Failure::new(first.code.as_str(), text).hint("-v shows all of them"));
        }
    }
    let problem = |problem| {
        serde_json::to_value(render::ProblemDocument::of(problem))
            .expect("strings and numbers always make a JSON document")
    };
    failure::report_all(ui, &failures, plan.problems.iter().map(problem).collect())
}

fn document<'a>(repository: &'a Repository, plan: &'a Plan, dry_run: bool) -> Document<'a> {
    let state = |row: &Row| match (row.exists, row.on_remote) {
        (true, Some(true)) => State::Pushed,
        (true, _) => State::Exists,
        (false, _) => State::Planned,
    };
    Document::new(repository, plan, &plan.commit.oid, dry_run, state)
}

/// Plans, shows, asks, and does it.
fn act(ui: &Ui, version: Option<&str>, acting: &Acting) -> anyhow::Result<u8> {
    let doing = &acting.doing;
    let repository =
        super::repository(acting.place.commit.as_deref(), acting.place.root.as_deref())?;
    let git = &repository.git;
    let mut options = acting.place.options(&acting.chosen);
    acting.steps.add(version, &mut options)?;
    let kind = doing.kind(git);
    options.kind = Some(kind);
    let remote = match doing.push() {
        Some(_) => Some(remote(git, doing)?),
        None => None,
    };
    options.remote = remote.clone();
    check_usage(&options, acting, git)?;
    let plan = plan::plan(&repository, &options).map_err(trouble::git)?;
    if let (true, Some(row)) =
        (plan.problems.is_empty(), plan.rows.iter().find(|row| row.next.is_none()))
    {
        let folder = escape(render::shown(&row.folder).as_bytes());
        return Err(Failure::new("usage", format!("which version {folder} gets was not said"))
            .hint("--version, --bump or --set says it; devkit gomod-tag status shows what changed")
            .into());
    }
    let api = if acting.steps.api { api::ask(&repository, &plan)? } else { Vec::new() };
    if doing.dry_run || !plan.problems.is_empty() || plan.rows.is_empty() {
        let code = show(ui, &repository, &plan, &api)?;
        if code == exit::TROUBLE && !ui.json {
            ui::message("no tag was created\n");
        }
        return Ok(code);
    }
    if !ui.json && !ui.quiet {
        let mut text = text(ui, &repository, &plan);
        text.push_str(&api::text(ui, &api));
        ui::result(text.as_bytes())?;
    }
    render::warn(ui, &plan.warnings);
    let updates = options.update_requires;
    let mut run =
        Run { ui, repository: &repository, plan: &plan, doing, remote, updates, api, commit: None };
    if !plan.is_done() {
        run.ask()?;
    }
    run.carry_out(kind)
}

/// Options that do not fit together.
fn check_usage(options: &Options, acting: &Acting, git: &Git) -> Result<(), Failure> {
    if !options.update_requires {
        return Ok(());
    }
    if !git.has_work_tree {
        return Err(Failure::new(
            "usage",
            "--update-requires needs a work tree, and this is a bare repository",
        )
        .hint("clone it, and run this there"));
    }
    if acting.place.commit.is_some() {
        return Err(Failure::new(
            "usage",
            "--update-requires makes a commit on what is checked out",
        )
        .hint("leave --commit out, or check that commit's branch out"));
    }
    if git.branch().is_none() {
        return Err(Failure::new(
            "usage",
            "--update-requires makes a commit, and no branch is checked out",
        )
        .hint("git switch BRANCH; the commit would be on none"));
    }
    Ok(())
}

/// The remote that gets the tags, and what it has.
fn remote(git: &Git, doing: &Doing) -> anyhow::Result<Remote> {
    let branch = git.branch();
    let of_branch = |key: &str| git.config(&format!("branch.{}.{key}", branch.as_ref()?));
    let name = doing
        .remote
        .clone()
        .or_else(|| of_branch("pushRemote"))
        .or_else(|| git.config("remote.pushDefault"))
        .or_else(|| of_branch("remote").filter(|name| name != "."))
        .or_else(|| {
            let remotes = git.remotes();
            let origin = remotes.iter().find(|name| *name == "origin");
            origin.or(remotes.first().filter(|_| remotes.len() == 1)).cloned()
        });
    let Some(name) = name else {
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
            let failure = trouble::git(error);
            Err(Failure {
                code: "push-failed",
                message: format!("cannot ask {shown} for its tags, so nothing was done"),
                ..failure
            }
            .hint("check the address and the access: git remote -v; without --push nobody is asked")
            .into())
        }
    }
}

/// A plan that is being carried out.
struct Run<'a> {
    ui: &'a Ui,
    repository: &'a Repository,
    plan: &'a Plan,
    doing: &'a Doing,
    remote: Option<Remote>,
    /// Whether requirements are to be updated.
    updates: bool,
    /// What gorelease says.
    api: Vec<Answer>,
    /// The commit that updated requirements are in.
    commit: Option<Commit>,
}

impl Run<'_> {
    /// Asks on a terminal; elsewhere somebody must have said yes before.
    fn ask(&self) -> anyhow::Result<()> {
        if self.doing.yes {
            return Ok(());
        }
        let question = self.question();
        // Nobody can say yes to what was not shown.
        if self.ui.json || self.ui.quiet || !super::may_ask() {
            let message = if super::may_ask() {
                "the plan is not shown, so nothing was done"
            } else {
                "there is no terminal to ask on, so nothing was done"
            };
            return Err(Failure::new("not-confirmed", message)
                .hint("--yes does it unasked, --dry-run only shows it")
                .into());
        }
        ui::message(&format!("{question} [y/N] "));
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).unwrap_or_default();
        if matches!(&*answer.trim().to_ascii_lowercase(), "y" | "yes") {
            return Ok(());
        }
        Err(Failure::new("not-confirmed", "nothing was done").into())
    }

    fn question(&self) -> String {
        let count = |count: usize, what: &str| match count {
            1 => format!("1 {what}"),
            count => format!("{count} {what}s"),
        };
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
            let branch = if files > 0 { git_branch(self.repository) } else { String::new() };
            let name = escape(remote.name.as_bytes());
            parts.push(format!("push {}{branch} to {name}", count(left, "tag")));
        }
        let mut text = parts.join(" and ");
        if let Some(first) = text.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        format!("{text}?")
    }

    fn carry_out(&mut self, kind: devkit_gomod_tag::git::TagKind) -> anyhow::Result<u8> {
        let git = &self.repository.git;
        if !self.plan.update.files.is_empty() {
            let message = self.message_of_commit();
            let made = apply::commit(git, self.plan, &message).map_err(trouble::apply)?;
            self.say(&format!(
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
        let message = self.doing.message.as_deref();
        let commit = self.target().clone();
        let made = apply::tag(git, self.plan, &commit, kind, message).map_err(trouble::apply)?;
        let tags: Vec<String> = self.plan.rows.iter().filter_map(|row| row.tag.clone()).collect();
        let mut lines = String::new();
        for row in &self.plan.rows {
            let there = if row.exists { "  was there already" } else { "" };
            let tag = row.tag.as_deref().unwrap_or_default();
            let _ = writeln!(lines, "{} {tag}{there}", self.ui.mark(true));
        }
        self.say(&lines)?;
        match (self.remote.take(), self.doing.push()) {
            (Some(remote), Some(mode)) => self.push(&remote, mode, &made)?,
            _ => self.next(&tags)?,
        }
        if self.ui.json {
            let pushed = self.doing.push().is_some();
            let state = |row: &Row| match (pushed, row.exists) {
                (true, _) => State::Pushed,
                (false, true) => State::Exists,
                (false, false) => State::Created,
            };
            let document = Document::new(self.repository, self.plan, &commit, false, state);
            ui::document(&document.with_api(&self.api))?;
        }
        Ok(exit::DONE)
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
            self.say("no requirement has to change, so there is nothing to commit\n")?;
        } else {
            let mut again = "devkit gomod-tag tag --commit REV".to_owned();
            for row in &self.plan.rows {
                let (folder, next) = (render::shown(&row.folder), row.next.as_ref());
                let next = next.map(ToString::to_string).unwrap_or_default();
                let _ = write!(again, " --set {}", ui::quoted(&format!("{folder}={next}")));
            }
            self.say(&format!("next: once it is merged, as commit REV: {again}\n"))?;
        }
        if self.ui.json {
            let state = |_: &Row| State::Planned;
            let commit = self.target();
            ui::document(&Document::new(self.repository, self.plan, commit, false, state))?;
        }
        Ok(exit::DONE)
    }

    fn say(&self, text: &str) -> anyhow::Result<()> {
        if self.ui.json || self.ui.quiet { Ok(()) } else { ui::result(text.as_bytes()) }
    }

    /// What makes the tags known.
    fn next(&self, tags: &[String]) -> anyhow::Result<()> {
        let git = &self.repository.git;
        let remotes = git.remotes();
        let remote = remotes.iter().find(|name| *name == "origin").or(remotes.first());
        let Some(remote) = remote else { return Ok(()) };
        let branch = self.commit.as_ref().and_then(|_| git.branch());
        let again = if self.plan.is_done() { "" } else { "       (or run again with --push)" };
        self.say(&format!("next: {}{again}\n", push_command(remote, branch.as_deref(), tags)))
    }

    fn push(&self, remote: &Remote, mode: PushMode, made: &[(String, Oid)]) -> anyhow::Result<()> {
        let git = &self.repository.git;
        let is_left = |row: &&Row| row.on_remote != Some(true);
        let left = self.plan.rows.iter().filter(is_left).filter_map(|row| row.tag.clone());
        let left: Vec<String> = left.collect();
        let name = escape(remote.name.as_bytes());
        let branch = self.branch_to_push(&remote.name);
        if left.is_empty() && branch.is_none() {
            return self.say(&format!("{name} has all of them\n"));
        }
        let url = git.remote_url(&remote.name).unwrap_or_else(|| remote.name.clone());
        if mode == PushMode::Atomic
            && left.len() > 3
            && url.contains("github.com")
            && !self.ui.quiet
        {
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
            if !self.ui.quiet {
                self.ui.warning(Code::CommitNotOnBranch.as_str(), &text);
            }
        }
        match apply::push(git, &remote.name, mode, branch.as_ref(), &left, made) {
            Ok(()) => self.say(&format!("{} pushed to {name}\n", self.ui.mark(true))),
            Err(failed) => Err(self.not_pushed(remote, branch.is_some(), &failed).into()),
        }
    }

    /// A commit of --update-requires goes with its tags, also one of a run that was cut off.
    fn branch_to_push(&self, remote: &str) -> Option<Branch> {
        let git = &self.repository.git;
        let branch = git.branch().filter(|_| self.updates)?;
        let message = self.message_of_commit();
        let is_ours = self.commit.is_some() || git.message(&self.plan.commit.oid) == message.trim();
        let there = git.upstream_at(remote, &branch).unwrap_or_else(|| branch.clone());
        is_ours.then_some(Branch { here: branch, there })
    }

    fn not_pushed(&self, remote: &Remote, has_branch: bool, failed: &PushFailed) -> Failure {
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
}

/// The branch that a commit is made on, for a question.
fn git_branch(repository: &Repository) -> String {
    repository.git.branch().map_or_else(String::new, |it| format!(" and {}", escape(it.as_bytes())))
}

fn push_command(remote: &str, branch: Option<&str>, tags: &[String]) -> String {
    let names = branch.map(|branch| format!("refs/heads/{branch}")).into_iter();
    let names = names.chain(tags.iter().map(|tag| format!("refs/tags/{tag}")));
    let names: Vec<String> = names.map(|name| ui::quoted(&name)).collect();
    format!("git push --atomic {} {}", ui::quoted(remote), names.join(" "))
}

/// One command for each tag.
fn each(remote: &str, tags: &[String]) -> String {
    let remote = ui::quoted(remote);
    let commands = tags
        .iter()
        .map(|tag| format!("git push {remote} {}", ui::quoted(&format!("refs/tags/{tag}"))));
    commands.collect::<Vec<_>>().join(" && ")
}
