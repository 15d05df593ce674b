//! `devkit kubecerts check`: does what a context holds work, and for how long?

use devkit_kubecerts::{Error, Report};
use serde::Serialize;

use super::{Every, Selection, WARN_DAYS, explain, render};
use crate::exit;
use crate::host::Host;
use crate::ui::{self, Ui};

const SCHEMA: &str = "devkit.kubecerts.check/1";

#[derive(Debug, clap::Args)]
#[command(long_about = "Find what has expired, does not match or is missing\n\n\
        Exit code 0: nothing was found. 1: something was. 2: the kubeconfig could not be read. A \
        context without a certificate, or with the system's CAs, is no finding.")]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    every: Every,
    /// A certificate that ends within so many days is a finding
    #[arg(long, value_name = "DAYS", default_value_t = WARN_DAYS)]
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
    let ok = !reports.iter().any(|report| report.findings().next().is_some());
    if ui.json {
        let contexts = reports
            .iter()
            .map(|report| {
                let findings: Vec<_> = report.findings().collect();
                Checked { ok: findings.is_empty(), findings, report }
            })
            .collect();
        let warnings = loaded.config.warnings();
        ui::document(&Document { schema: SCHEMA, ok, contexts, warnings })?;
    } else {
        if !ui.quiet {
            for warning in loaded.config.warnings() {
                ui.warning(warning.code, &loaded.names.shorten(&warning.message));
            }
        }
        ui::result(render::checked(ui, &loaded, &reports).as_bytes())?;
    }
    Ok(if ok { exit::DONE } else { exit::NO })
}
