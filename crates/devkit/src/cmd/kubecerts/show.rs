//! `devkit kubecerts show`: what a context holds, never a key.

use super::{Document, Every, Selection, WARN_DAYS, render};
use crate::exit;
use crate::host::Host;
use crate::ui::{self, Ui};

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
    if ui.json {
        ui::document(&if args.every.all {
            Document::all(&loaded, reports)
        } else {
            Document::one(&loaded, reports.into_iter().next().expect("one was selected"))
        })?;
        return Ok(exit::DONE);
    }
    // A list has a mark for each that does not work; -v says why.
    let list = args.every.all && ui.verbose == 0;
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
