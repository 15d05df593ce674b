//! `devkit kubecerts check`: does what a context holds work, and for how long?

use devkit_kubecerts::{Error, Report};
use serde::Serialize;

use super::{Every, Loaded, Selection, WARN_DAYS, explain, render};
use crate::amounts::whole;
use crate::exit;
use crate::host::Host;
use crate::ui::{Answer, Documents, Ui};

const SCHEMA: &str = "devkit.kubecerts.check/1";

/// Find what has expired, does not match or is missing
///
/// Exit code 0: nothing was found. 1: something was. 2: the kubeconfig could not be read. A context without
/// a certificate, or with the system's CAs, is no finding.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    every: Every,
    /// A certificate that ends within so many days is a finding
    #[arg(long, value_name = "DAYS", default_value_t = WARN_DAYS,
          value_parser = whole::<u32>("a number of days is wanted, such as 30"))]
    warn_days: u32,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    ok: bool,
    contexts: Vec<Checked<'a>>,
    warnings: &'a [devkit_kubecerts::Warning],
}

#[derive(Serialize)]
struct Checked<'a> {
    ok: bool,
    findings: Vec<&'a devkit_kubecerts::Warning>,
    #[serde(flatten)]
    report: &'a Report,
}

pub(super) fn run(ui: &Ui, host: &Host, args: &Args) -> anyhow::Result<u8> {
    let loaded = args.selection.load(ui, host)?;
    let reports = if args.every.all {
        loaded.examine_all(args.warn_days)
    } else {
        let selected = loaded.select(&args.selection)?;
        match loaded.material(&selected).complete() {
            // The kubeconfig is right, and what it speaks of is not there.
            Ok(_)
            | Err(
                Error::FileNotFound { .. }
                | Error::DataInFileField { .. }
                | Error::IsDirectory { .. }
                | Error::Unreadable { .. },
            ) => vec![loaded.examine(&selected, &[], args.warn_days)],
            Err(error) => return Err(explain::error(&loaded.names, &error).into()),
        }
    };
    ui.answer(&Findings { loaded, reports })
}

/// The contexts that were looked at.
struct Findings {
    loaded: Loaded,
    reports: Vec<Report>,
}

impl Findings {
    fn is_ok(&self) -> bool {
        self.reports.iter().all(|report| report.findings().next().is_none())
    }
}

impl Answer for Findings {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        let contexts = self.reports.iter().map(|report| {
            let findings: Vec<_> = report.findings().collect();
            Checked { ok: findings.is_empty(), findings, report }
        });
        let warnings = self.loaded.config.warnings();
        let (ok, contexts) = (self.is_ok(), contexts.collect());
        to.add(&Document { schema: SCHEMA, ok, contexts, warnings })
    }

    fn remarks(&self, ui: &Ui) {
        self.loaded.warn(ui, &[]);
    }

    fn text(&self, ui: &Ui) -> String {
        render::checked(ui, &self.loaded, &self.reports)
    }

    fn exit(&self) -> u8 {
        if self.is_ok() { exit::DONE } else { exit::NO }
    }
}
