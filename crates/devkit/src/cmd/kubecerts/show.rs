//! `devkit kubecerts show`: what a context holds, never a key.

use devkit_kubecerts::Report;

use super::{Document, Every, Loaded, Selection, WARN_DAYS, render};
use crate::host::Host;
use crate::ui::{Answer, Documents, Ui};

/// Show what a context holds, never a key
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    every: Every,
}

pub(super) fn run(ui: &Ui, host: &Host, args: &Args) -> anyhow::Result<u8> {
    let loaded = args.selection.load(ui, host)?;
    let reports = if args.every.all {
        loaded.examine_all(WARN_DAYS)
    } else {
        let selected = loaded.select(&args.selection)?;
        loaded.whole_material(&selected)?;
        vec![loaded.examine(&selected, &[], WARN_DAYS)]
    };
    ui.answer(&Contexts { loaded, reports, all: args.every.all })
}

/// What is shown: one context, or all.
struct Contexts {
    loaded: Loaded,
    reports: Vec<Report>,
    all: bool,
}

impl Contexts {
    /// Whether each has a line only, with a mark where it does not work; -v says why.
    fn is_list(&self, ui: &Ui) -> bool {
        self.all && ui.verbose == 0
    }
}

impl Answer for Contexts {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        match self.reports.as_slice() {
            [report] if !self.all => to.add(&Document::one(&self.loaded, report.clone())),
            reports => to.add(&Document::all(&self.loaded, reports.to_vec())),
        }
    }

    fn remarks(&self, ui: &Ui) {
        let told = if self.is_list(ui) { &[] } else { &self.reports[..] };
        self.loaded.warn(ui, &told.iter().collect::<Vec<_>>());
    }

    fn text(&self, ui: &Ui) -> String {
        if self.is_list(ui) {
            return render::list(ui, &self.loaded, &self.reports);
        }
        let shown = self.reports.iter().map(|report| render::shown(ui, &self.loaded, report));
        shown.collect::<Vec<_>>().join("\n")
    }
}
