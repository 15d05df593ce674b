//! Findings of a plan, beside the lines of the repository.

use std::path::Path;

use devkit_gomod_tag::plan::Plan;
use devkit_gomod_tag::{Code, Judgement, Repository};
use devkit_report::{Detailed, Finding, Place};

use crate::findings::{Annotations, Annotator};
use crate::ui::Ui;

/// The code of a module that has changed since its last version.
pub(super) const UNRELEASED: &str = "unreleased";

/// The `go.mod` of a module, from the root of the repository.
pub(super) fn go_mod(folder: &str) -> Place {
    Place::file(Path::new(folder).join("go.mod"))
}

/// What is found, at its place; what has none is told at the `go.mod` of its module.
pub(super) fn annotate(
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
