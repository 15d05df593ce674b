//! `devkit gomod-tag tag` and `plan`: one plan, and whether it is carried out.

use devkit_gomod_tag::Repository;
use devkit_gomod_tag::plan::{self, Plan};
use devkit_gomod_tag::repository::shown_folder;
use devkit_gomod_tag::row::Row;
use devkit_text::escape;

use super::annotate::annotate;
use super::api::{self, ApiReport};
use super::beforehand::{check_branch, check_usage, remote};
use super::options::{Acting, Chosen, Steps, Where};
use super::render::{self, PlanDocument, State};
use super::run::Run;
use super::trouble;
use crate::exit;
use crate::failure::{self, Failure};
use crate::findings::ReportOption;
use crate::host::Host;
use crate::ui::{self, Documents, Ui};

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
    /// The version as it was typed.
    pub(super) fn get(&self) -> Option<&str> {
        self.positional.as_deref().or(self.named.as_deref())
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

/// Makes a plan, and carries it out. Also `devkit gomod-tag VERSION`.
pub(super) fn tag(ui: &Ui, host: &Host, args: &TagArgs) -> anyhow::Result<u8> {
    act(ui, host, args.exact.get(), &args.acting)
}

/// A plan that is only shown.
fn show(ui: &Ui, repository: &Repository, plan: &Plan, api: &[ApiReport]) -> anyhow::Result<u8> {
    let is_refused = !plan.problems.is_empty();
    ui.answer(&ShownPlan { repository, plan, api })?;
    Ok(if is_refused { refused(ui, plan) } else { exit::DONE })
}

/// A plan, and what gorelease says of it.
struct ShownPlan<'a> {
    repository: &'a Repository,
    plan: &'a Plan,
    api: &'a [ApiReport],
}

impl ui::Answer for ShownPlan<'_> {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        // A program gets what stands against a plan as the error, and no plan.
        if !self.plan.problems.is_empty() {
            return Ok(());
        }
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
pub(super) fn refused(ui: &Ui, plan: &Plan) -> u8 {
    let mut failures: Vec<Failure> = Vec::new();
    for alike in plan.problems.chunk_by(|a, b| a.detail.code == b.detail.code) {
        let all = ui.verbose > 0 || alike.len() <= IN_FULL + 1;
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

/// The plan for programs, of which nothing is done yet.
pub(super) fn document<'a>(
    repository: &'a Repository,
    plan: &'a Plan,
    dry_run: bool,
) -> PlanDocument<'a> {
    let state = |row: &Row| match (row.exists, row.on_remote) {
        (true, Some(true)) => State::Pushed,
        (true, _) => State::Exists,
        (false, _) => State::Planned,
    };
    PlanDocument::new(repository, plan, &plan.commit.oid, dry_run, state)
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
        if code == exit::TROUBLE {
            ui.advise("no tag was created\n");
        }
        return Ok(code);
    }
    ui.progress(&(text(ui, &repository, &plan) + &api::text(ui, &api)))?;
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
