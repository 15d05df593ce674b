//! `devkit kubecerts show`: what a context holds, never a key.

use devkit_kubecerts::{Report, Selected};

use super::{Document, Loaded, Selection, WARN_DAYS, clock, explain, read, render};
use crate::exit;
use crate::ui::{self, Ui};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
}

pub(super) fn run(ui: &Ui, args: &Args) -> anyhow::Result<u8> {
    let loaded = args.selection.load()?;
    let reports = if args.selection.all {
        all(&loaded, WARN_DAYS)
    } else {
        let selected = loaded.select(&args.selection)?;
        let material =
            selected.material(&read).map_err(|error| explain::error(&loaded.names, &error))?;
        vec![Report::new(&selected, &material, clock(WARN_DAYS))]
    };
    if ui.json {
        ui::document(&if args.selection.all {
            Document::all(&loaded, reports)
        } else {
            Document::one(&loaded, reports.into_iter().next().expect("one was selected"))
        })?;
        return Ok(exit::DONE);
    }
    // A list has a mark for each that does not work; -v says why.
    let list = args.selection.all && ui.verbose == 0;
    loaded.warn(ui, &if list { Vec::new() } else { reports.iter().collect() });
    let text = if list {
        render::list(ui, &loaded, &reports)
    } else {
        let texts: Vec<_> =
            reports.iter().map(|report| render::shown(ui, &loaded, report)).collect();
        texts.join("\n")
    };
    ui::result(text.as_bytes())?;
    Ok(exit::DONE)
}

/// Every context, also those that are broken.
pub(super) fn all(loaded: &Loaded, warn_days: u32) -> Vec<Report> {
    let report = |context: &str, selected: Result<Selected<'_>, _>| match selected {
        Err(error) => Report::broken(context, None, &error),
        Ok(selected) => match selected.material(&read) {
            Ok(material) => Report::new(&selected, &material, clock(warn_days)),
            Err(error) => Report::broken(context, Some(&selected), &error),
        },
    };
    loaded.config.all().map(|(context, selected)| report(context, selected)).collect()
}
