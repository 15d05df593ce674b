//! The command `devkit man`: manual pages in roff.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;

use crate::exit;
use crate::failure::Failure;
use crate::ui::{self, Ui};

const SCHEMA: &str = "devkit.man/1";

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  devkit man fwd | man -l -\n  devkit man --out ~/.local/share/man/man1"
)]
pub(crate) struct Args {
    /// The command to print the page of (fwd, kubecerts-extract); without one, devkit's own
    #[arg(conflicts_with = "out")]
    command: Option<String>,
    /// Write all pages into this folder instead
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// With `--json`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    pages: Vec<Page>,
}

/// A page, or where it was written.
#[derive(Serialize)]
struct Page {
    name: String,
    roff: Option<String>,
    path: Option<PathBuf>,
}

#[expect(clippy::disallowed_methods, reason = "a page that is torn is made again by the next run")]
pub(crate) fn run(ui: &Ui, args: &Args, devkit: clap::Command) -> anyhow::Result<u8> {
    let mut devkit = devkit.disable_help_subcommand(true);
    devkit.build();
    if let Some(folder) = &args.out {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let mut pages = Vec::new();
        for command in all(&devkit) {
            let name = page_name(command);
            let file = folder.join(format!("{name}.1"));
            fs::write(&file, page(command)?)
                .with_context(|| format!("cannot write {}", file.display()))?;
            if !ui.quiet && !ui.json {
                ui::message(&format!("{}\n", file.display()));
            }
            let path = std::path::absolute(&file).context("cannot tell the current folder")?;
            pages.push(Page { name, roff: None, path: Some(path) });
        }
        if ui.json {
            ui::document(&Document { schema: SCHEMA, pages })?;
        }
        return Ok(exit::DONE);
    }
    let command = match &args.command {
        None => &devkit,
        Some(name) => {
            let wanted = format!("devkit-{name}");
            all(&devkit).into_iter().find(|command| page_name(command) == wanted).ok_or_else(
                || {
                    let names: Vec<_> =
                        devkit.get_subcommands().map(clap::Command::get_name).collect();
                    Failure::new(
                        "usage",
                        format!("there is no command '{}'", name.escape_default()),
                    )
                    .hint(format!("there are {}", names.join(", ")))
                },
            )?
        }
    };
    let roff = page(command)?;
    if ui.json {
        let pages = vec![Page { name: page_name(command), roff: Some(roff), path: None }];
        ui::document(&Document { schema: SCHEMA, pages })?;
    } else {
        ui::bytes(roff.as_bytes())?;
    }
    Ok(exit::DONE)
}

/// A command and all below it.
fn all(command: &clap::Command) -> Vec<&clap::Command> {
    std::iter::once(command).chain(command.get_subcommands().flat_map(all)).collect()
}

fn page_name(command: &clap::Command) -> String {
    command.get_display_name().unwrap_or(command.get_name()).to_owned()
}

fn page(command: &clap::Command) -> anyhow::Result<String> {
    let mut roff = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut roff).context("cannot make a man page")?;
    // What stands below the options are tables and commands, whose lines must stay as they are.
    let page = String::from_utf8(roff).context("cannot make a man page")?;
    Ok(page
        .replace(".SH EXTRA\n", ".SH NOTES\n.nf\n")
        .replace(".SH VERSION\n", ".fi\n.SH VERSION\n"))
}
