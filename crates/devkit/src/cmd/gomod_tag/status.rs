//! `devkit gomod-tag status`: what has changed since the last versions.

use std::fmt::Write as _;

use devkit_gomod_tag::options::Surroundings;
use devkit_gomod_tag::plan::{self, Plan};
use devkit_gomod_tag::row::Row;
use devkit_gomod_tag::{Code, Repository};
use devkit_report::{Finding, message};

use super::annotate::{UNRELEASED, annotate, go_mod};
use super::options::{Chosen, Where};
use super::tag::{document, refused};
use super::{render, trouble};
use crate::amounts::count;
use crate::exit;
use crate::findings::ReportOption;
use crate::ui::{self, Documents, To, Ui};

/// Show what has changed since the last versions
///
/// Exit code 0: nothing has. 1: something has.
#[derive(Debug, clap::Args)]
#[command(disable_version_flag = true)]
pub(super) struct Args {
    #[command(flatten)]
    chosen: Chosen,
    #[command(flatten)]
    annotations: ReportOption,
    #[command(flatten)]
    place: Where,
}

/// What has changed: 0 nothing, 1 something.
pub(super) fn run(ui: &Ui, args: &Args) -> anyhow::Result<u8> {
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
            let files = count(self.uncommitted, "file");
            let _ = writeln!(text, "not looked at: {files} changed and not committed");
        }
        text
    }

    fn exit(&self) -> u8 {
        if self.plan.rows.is_empty() { exit::DONE } else { exit::NO }
    }
}

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
