//! `devkit completions`: scripts for shells.

use clap_complete::Shell;

use crate::{cli, exit, ui};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  devkit completions bash > ~/.local/share/bash-completion/completions/devkit"
)]
pub(crate) struct Args {
    /// The shell to print a script for
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    // Not straight to stdout: clap_complete panics when a reader has seen enough.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut cli::command(), "devkit", &mut script);
    ui::result(&script)?;
    Ok(exit::DONE)
}
