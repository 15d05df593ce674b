//! The command `devkit completions`: scripts by which shells complete arguments.

use clap_complete::Shell;

use serde::Serialize;

use crate::exit;
use crate::ui::{self, Ui};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  devkit completions bash > ~/.local/share/bash-completion/completions/devkit"
)]
pub(crate) struct Args {
    /// The shell to print a script for
    shell: Shell,
}

/// With `--json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    shell: String,
    script: &'a str,
}

pub(crate) fn run(ui: &Ui, args: &Args, mut devkit: clap::Command) -> anyhow::Result<u8> {
    // Not straight to stdout: clap_complete panics when a reader has seen enough.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut devkit, "devkit", &mut script);
    if ui.json {
        let (shell, script) = (args.shell.to_string(), str::from_utf8(&script)?);
        ui::document(&Document { schema: "devkit.completions/1", shell, script })?;
    } else {
        ui::bytes(&script)?;
    }
    Ok(exit::DONE)
}
