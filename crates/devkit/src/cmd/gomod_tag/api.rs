//! `--api`: what gorelease says about a version and the changes of an API.

use std::fmt::Write as _;

use devkit_gomod_tag::plan::Plan;
use devkit_gomod_tag::repository::shown_folder;
use devkit_gomod_tag::verify::World;
use devkit_gomod_tag::{Module, Repository};
use devkit_text::{escape, words};

use super::verify::go;
use crate::failure::Failure;
use crate::host::Host;
use crate::ui::Ui;

/// What gorelease says about a module.
pub(super) struct ApiReport {
    /// The module's folder, empty for the root.
    pub(super) folder: String,
    /// Whether the version fits.
    pub(super) ok: bool,
    /// All of it.
    pub(super) report: String,
}

/// Asks about every module of a plan, in the work tree.
pub(super) fn ask(
    host: &Host,
    repository: &Repository,
    plan: &Plan,
) -> anyhow::Result<Vec<ApiReport>> {
    let gorelease = host.programs().find("gorelease").ok_or_else(|| {
        Failure::new("gorelease-missing", "--api asks gorelease, and it is not on the PATH")
            .hint("go install golang.org/x/exp/cmd/gorelease@latest; or leave --api out")
    })?;
    let (go, _) = go(host)?;
    let failed = |error: std::io::Error| {
        Failure::new("io", "cannot prepare a folder for gorelease").because(words(&error))
    };
    let folder = tempfile::tempdir().map_err(failed)?;
    let root = repository.root.clone().unwrap_or_default();
    let world = World::new(&go, &repository.git, &root, folder.path()).map_err(failed)?;
    let mut answers = Vec::new();
    for row in &plan.rows {
        let Some(next) = &row.next else { continue };
        let module: &Module = &repository.modules[row.module];
        let place = repository.git.folder().join(&module.folder);
        let (ok, report) = world
            .api(&gorelease, &place, row.current.as_ref(), next)
            .map_err(|error| Failure::new("io", "cannot start gorelease").because(words(&error)))?;
        answers.push(ApiReport { folder: row.folder.clone(), ok, report });
    }
    Ok(answers)
}

/// The last lines of each, and all of it where the version does not fit.
pub(super) fn text(ui: &Ui, answers: &[ApiReport]) -> String {
    let mut text = String::new();
    if !answers.is_empty() {
        text.push_str("\nby its API (gorelease)\n");
    }
    for answer in answers {
        let summary = answer.report.rsplit("# summary\n").next().unwrap_or_default();
        let first = summary.lines().next().unwrap_or_default();
        let folder = escape(shown_folder(&answer.folder).as_bytes());
        let _ = writeln!(text, "{} {folder}: {}", ui.mark(answer.ok), escape(first.as_bytes()));
        if !answer.ok || ui.verbose > 0 {
            for line in answer.report.lines().filter(|line| !line.is_empty()) {
                let _ = writeln!(text, "    {}", escape(line.as_bytes()));
            }
        }
    }
    text
}
