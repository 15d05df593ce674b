//! `devkit kubecerts check`: does what a context holds work, and for how long?

use devkit_kubecerts::{Code, Error, Report, told};
use devkit_report::{Finding, message};
use serde::Serialize;

use super::{Every, Loaded, Selection, WARN_DAYS, explain, render};
use crate::amounts::whole;
use crate::exit;
use crate::findings::{Annotations, Annotator, ReportOption};
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
    #[command(flatten)]
    annotations: ReportOption,
    /// A certificate that ends within so many days is a finding
    #[arg(long, value_name = "DAYS", default_value_t = WARN_DAYS,
          value_parser = whole::<u32>("a number of days is wanted, such as 30"))]
    warn_days: u32,
}

#[derive(Serialize)]
struct CheckDocument<'a> {
    schema: &'static str,
    ok: bool,
    contexts: Vec<CheckedContexts<'a>>,
    warnings: &'a [Finding],
}

#[derive(Serialize)]
struct CheckedContexts<'a> {
    ok: bool,
    findings: Vec<&'a Finding>,
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
    let verdicts = Verdicts { loaded, reports };
    match args.annotations.report {
        Some(annotations) => verdicts.annotate(ui, host, annotations),
        None => ui.answer(&verdicts),
    }
}

/// The contexts that were looked at.
struct Verdicts {
    loaded: Loaded,
    reports: Vec<Report>,
}

impl Verdicts {
    fn is_ok(&self) -> bool {
        self.reports.iter().all(|report| report.findings().next().is_none())
    }
}

impl Verdicts {
    /// Each finding is told once for each context that it is about, by its name.
    fn annotate(&self, ui: &Ui, host: &Host, annotations: Annotations) -> anyhow::Result<u8> {
        let of_context = |report: &Report, found: &Finding| match &report.context {
            Some(context) => {
                let message = message!("context '{}': {}", told(context), found.message);
                Finding { message, ..found.clone() }
            }
            None => found.clone(),
        };
        let of_report = |report: &Report| -> Vec<Finding> {
            report.warnings.iter().map(|found| of_context(report, found)).collect()
        };
        let of_contexts: Vec<Finding> = self.reports.iter().flat_map(of_report).collect();
        let meaning = |code: &str| {
            let known = Code::ALL.iter().find(|known| known.name() == code)?;
            Some(known.meaning().into())
        };
        let by = Annotator { command: "kubecerts", base: host.folder(), meaning: &meaning };
        by.print(ui, annotations, self.loaded.config.warnings().iter().chain(&of_contexts))?;
        Ok(self.exit())
    }
}

impl Answer for Verdicts {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        let contexts = self.reports.iter().map(|report| {
            let findings: Vec<_> = report.findings().collect();
            CheckedContexts { ok: findings.is_empty(), findings, report }
        });
        let warnings = self.loaded.config.warnings();
        let (ok, contexts) = (self.is_ok(), contexts.collect());
        to.add(&CheckDocument { schema: SCHEMA, ok, contexts, warnings })
    }

    fn remarks(&self, ui: &Ui) {
        self.loaded.warn(ui, &[]);
    }

    fn text(&self, ui: &Ui) -> String {
        render::checked(ui, &self.loaded, &self.reports, false)
    }

    fn brief(&self, ui: &Ui) -> String {
        render::checked(ui, &self.loaded, &self.reports, true)
    }

    fn exit(&self) -> u8 {
        if self.is_ok() { exit::DONE } else { exit::NO }
    }
}
