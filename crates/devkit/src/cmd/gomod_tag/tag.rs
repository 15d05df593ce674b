//! `devkit gomod-tag tag`, `plan` and `status`: one plan, and whether it is carried out.

use std::fmt::Write as _;
use std::path::Path;

use devkit_gomod_tag::git::Git;
use devkit_gomod_tag::options::{Options, Remote, Surroundings};
use devkit_gomod_tag::plan::{self, Plan};
use devkit_gomod_tag::repository::shown_folder;
use devkit_gomod_tag::row::Row;
use devkit_gomod_tag::{Code, Judgement, Repository};
use devkit_report::{Detailed, Finding, Place, message};
use devkit_text::escape;

use super::api::{self, Answer};
use super::options::{Acting, Chosen, Doing, Steps, Where};
use super::render::{self, Document, State};
use super::run::Run;
use super::trouble;
use crate::exit;
use crate::failure::{self, Failure};
use crate::findings::{Annotations, Annotator, ReportOption};
use crate::host::Host;
use crate::ui::{self, Documents, To, Ui};

/// Show what has changed since the last versions
///
/// Exit code 0: nothing has. 1: something has.
#[derive(Debug, clap::Args)]
#[command(disable_version_flag = true)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    chosen: Chosen,
    #[command(flatten)]
    annotations: ReportOption,
    #[command(flatten)]
    place: Where,
}

/// Show which tags would be made, and what stands against them
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
    annotations: ReportOption,
    #[command(flatten)]
    place: Where,
}

/// Show the same, ask, and make the tags: all or none
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
    #[arg(id = "exact", help_heading = "Versions", value_name = "VERSION")]
    positional: Option<String>,
    /// The same, as an option
    #[arg(
        id = "exactly",
        help_heading = "Versions",
        long = "version",
        value_name = "VERSION",
        conflicts_with = "exact"
    )]
    named: Option<String>,
    /// Print the version of devkit
    #[arg(short = 'V', help_heading = "Versions", action = clap::ArgAction::Version)]
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
    options.surroundings = Surroundings::None;
    let plan = plan::plan(&repository, &options).map_err(trouble::git)?;
    // What names no module is no answer.
    let stops = |code: Code| matches!(code, Code::NoModules | Code::Shallow);
    if plan.problems.iter().any(|problem| stops(problem.detail.code)) {
        return Ok(refused(ui, &plan));
    }
    let code = if plan.rows.is_empty() { exit::DONE } else { exit::NO };
    if let Some(annotations) = args.annotations.report {
        annotate(ui, annotations, &repository, &plan, plan.rows.iter().map(unreleased).collect())?;
        return Ok(code);
    }
    let uncommitted = match args.place.commit {
        Some(_) => 0,
        None => repository.git.status().map_err(trouble::git)?.modified.len(),
    };
    ui.answer(&Changed { repository: &repository, plan: &plan, uncommitted })
}

/// What has changed since the last versions.
struct Changed<'a> {
    repository: &'a Repository,
    plan: &'a Plan,
    /// Files that are changed and not committed.
    uncommitted: usize,
}

impl ui::Answer for Changed<'_> {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        to.add(&document(self.repository, self.plan, true))
    }

    fn remarks(&self, ui: &Ui) {
        render::warn(ui, &self.plan.warnings);
    }

    fn text(&self, ui: &Ui) -> String {
        let mut text = render::table(ui, self.repository, self.plan);
        if self.plan.rows.is_empty() {
            text.push_str("nothing to release: no module has changed since its last version\n");
        }
        for problem in &self.plan.problems {
            let hint = problem.hint.clone().unwrap_or_default();
            let line = ui.sign(false).then(format!(" {} [{}]", problem.message, problem.code));
            let _ = writeln!(text, "{}  hint:  {hint}", ui.paragraph(To::Out, &line));
        }
        text.push_str(&render::rest(ui, &self.repository.git, self.plan));
        if self.uncommitted > 0 {
            let _ = writeln!(
                text,
                "not looked at: {} files that are changed and not committed",
                self.uncommitted
            );
        }
        text
    }

    fn exit(&self) -> u8 {
        if self.plan.rows.is_empty() { exit::DONE } else { exit::NO }
    }
}

/// The plan, and nothing else.
pub(super) fn plan(ui: &Ui, host: &Host, args: &PlanArgs) -> anyhow::Result<u8> {
    let repository = super::repository(args.place.commit.as_deref(), args.place.root.as_deref())?;
    let mut options = args.place.options(&args.chosen);
    args.steps.add(args.exact.get(), &mut options)?;
    let plan = plan::plan(&repository, &options).map_err(trouble::git)?;
    let api = if args.steps.api { api::ask(host, &repository, &plan)? } else { Vec::new() };
    if let Some(annotations) = args.annotations.report {
        annotate(ui, annotations, &repository, &plan, Vec::new())?;
        return Ok(if plan.problems.is_empty() { exit::DONE } else { exit::TROUBLE });
    }
    show(ui, &repository, &plan, &api)
}

/// The code of a module that has changed since its last version.
const UNRELEASED: &str = "unreleased";

/// A module that has changed since its last version.
fn unreleased(row: &Row) -> Finding {
    let files = row.changed.as_ref().map_or(0, Vec::len);
    let message = match &row.current {
        None => message!("{} has no version yet", row.path),
        Some(version) if files == 1 => {
            message!("1 file of {} has changed since {}", row.path, version)
        }
        Some(version) => {
            message!("{} files of {} have changed since {}", files, row.path, version)
        }
    };
    Finding::warning(UNRELEASED, message).at(go_mod(&row.folder))
}

/// The `go.mod` of a module, from the root of the repository.
fn go_mod(folder: &str) -> Place {
    Place::file(Path::new(folder).join("go.mod"))
}

/// What is found, at its place; what has none is told at the `go.mod` of its module.
fn annotate(
    ui: &Ui,
    annotations: Annotations,
    repository: &Repository,
    plan: &Plan,
    more: Vec<Finding>,
) -> anyhow::Result<()> {
    let placed = |found: &Detailed<Judgement>| {
        let place = found.place.clone();
        let place = place.or_else(|| found.detail.folder.as_deref().map(go_mod));
        found.finding.clone().at(place)
    };
    let mut all: Vec<Finding> = plan.problems.iter().chain(&plan.warnings).map(placed).collect();
    all.extend(more);
    let meaning = |code: &str| match code {
        UNRELEASED => Some("a module that has changed since its last version".into()),
        code => {
            let known = Code::ALL.iter().find(|known| known.as_str() == code)?;
            Some(known.meaning().into())
        }
    };
    let folder = repository.git.folder();
    let base = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let by = Annotator { command: "gomod-tag", base: &base, meaning: &meaning };
    by.print(ui, annotations, &all)
}

/// The same, and then it is done. Also `devkit gomod-tag VERSION`.
pub(super) fn tag(ui: &Ui, host: &Host, args: &TagArgs) -> anyhow::Result<u8> {
    act(ui, host, args.exact.get(), &args.acting)
}

/// A plan that is only shown.
fn show(ui: &Ui, repository: &Repository, plan: &Plan, api: &[Answer]) -> anyhow::Result<u8> {
    let is_refused = !plan.problems.is_empty();
    if !(ui.json && is_refused) {
        ui.answer(&ShownPlan { repository, plan, api })?;
    }
    Ok(if is_refused { refused(ui, plan) } else { exit::DONE })
}

/// A plan, and what gorelease says of it.
struct ShownPlan<'a> {
    repository: &'a Repository,
    plan: &'a Plan,
    api: &'a [Answer],
}

impl ui::Answer for ShownPlan<'_> {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        to.add(&document(self.repository, self.plan, true).with_api(self.api))
    }

    fn remarks(&self, ui: &Ui) {
        render::warn(ui, &self.plan.warnings);
    }

    fn text(&self, ui: &Ui) -> String {
        text(ui, self.repository, self.plan) + &api::text(ui, self.api)
    }
}

fn text(ui: &Ui, repository: &Repository, plan: &Plan) -> String {
    let mut text = render::table(ui, repository, plan);
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
    for alike in plan.problems.chunk_by(|a, b| a.detail.code == b.detail.code) {
        let all = ui.json || ui.verbose > 0 || alike.len() <= IN_FULL + 1;
        let told = if all { alike } else { &alike[..IN_FULL] };
        failures.extend(told.iter().map(|problem| Failure::from(problem.finding.clone())));
        let left = &alike[told.len()..];
        if let Some(first) = left.first() {
            let mut folders: Vec<&str> =
                left.iter().filter_map(|problem| problem.detail.folder.as_deref()).collect();
            folders.dedup();
            let text = match folders.len() {
                0 | 1 => format!("{} more like these", left.len()),
                count => format!("{} more like these, in {count} modules", left.len()),
            };
            failures
                .push(Failure::new(first.detail.code.as_str(), text).hint("-v shows all of them"));
        }
    }
    let problem = |problem| {
        serde_json::to_value(problem).expect("texts and numbers always make a JSON document")
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
fn act(ui: &Ui, host: &Host, version: Option<&str>, acting: &Acting) -> anyhow::Result<u8> {
    let doing = &acting.doing;
    let repository =
        super::repository(acting.place.commit.as_deref(), acting.place.root.as_deref())?;
    let git = &repository.git;
    let mut options = acting.place.options(&acting.chosen);
    acting.steps.add(version, &mut options)?;
    let kind = doing.kind(git, options.update_requires);
    options.kind = Some(kind);
    let remote = match doing.push() {
        Some(_) => Some(remote(git, doing)?),
        None => None,
    };
    options.remote.clone_from(&remote);
    check_usage(&options, acting, git)?;
    if let (true, Some(remote)) = (options.update_requires, &remote) {
        check_branch(git, &remote.name)?;
    }
    let plan = plan::plan(&repository, &options).map_err(trouble::git)?;
    if let (true, Some(row)) =
        (plan.problems.is_empty(), plan.rows.iter().find(|row| row.next.is_none()))
    {
        let folder = escape(shown_folder(&row.folder).as_bytes());
        return Err(Failure::new("usage", format!("which version {folder} gets was not said"))
            .hint("--version, --bump or --set says it; devkit gomod-tag status shows what changed")
            .into());
    }
    let api = if acting.steps.api { api::ask(host, &repository, &plan)? } else { Vec::new() };
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
        ui.text(&text)?;
    }
    render::warn(ui, &plan.warnings);
    let updates = options.update_requires;
    let mut run =
        Run { ui, repository: &repository, plan: &plan, doing, remote, updates, api, commit: None };
    let pushes_branch =
        run.remote.as_ref().is_some_and(|remote| run.branch_to_push(&remote.name).is_some());
    let nothing = doing.commit_only && plan.update.files.is_empty();
    if (!plan.is_done() || pushes_branch) && !nothing {
        run.ask()?;
    }
    run.carry_out(kind)
}

/// Options that do not fit together.
fn check_usage(options: &Options, acting: &Acting, git: &Git) -> anyhow::Result<()> {
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
fn check_branch(git: &Git, remote: &str) -> anyhow::Result<()> {
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
fn remote(git: &Git, doing: &Doing) -> anyhow::Result<Remote> {
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
