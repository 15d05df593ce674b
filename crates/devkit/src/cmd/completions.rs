//! The command `devkit completions`: scripts by which shells complete arguments.

use clap_complete::Shell;
use serde::Serialize;

use crate::line;
use crate::recipe::{self, Recipe, Task};
use crate::ui::{self, Documents, Ui};

pub(crate) const RECIPE: Recipe = Recipe {
    name: "completions",
    links: &[],
    also: &["completion", "complete"],
    task: Task::About,
    page: None,
    headlines: &[],
    examples: &["devkit completions bash > ~/.local/share/bash-completion/completions/devkit"],
    slips: &[],
    arguments: <Args as clap::Args>::augment_args,
    run: |ui, _, matches| run(ui, &recipe::read(matches)?),
};

/// Print a completion script (bash, zsh, fish, powershell, elvish)
#[derive(Debug, clap::Args)]
struct Args {
    /// The shell to print a script for
    shell: Shell,
}

/// With `--json`.
#[derive(Serialize)]
struct CompletionsDocument {
    schema: &'static str,
    shell: String,
    script: String,
}

fn run(ui: &Ui, args: &Args) -> anyhow::Result<u8> {
    // Not straight to stdout: clap_complete panics when a reader has seen enough.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut line::command(super::RECIPES), "devkit", &mut script);
    let (shell, script) = (args.shell.to_string(), String::from_utf8(script)?);
    ui.answer(&CompletionsDocument { schema: "devkit.completions/1", shell, script })
}

impl ui::Answer for CompletionsDocument {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        to.add(self)
    }

    fn text(&self, _: &Ui) -> String {
        self.script.clone()
    }

    fn write(&self, _: &Ui, text: &str) -> anyhow::Result<()> {
        ui::bytes(text.as_bytes())
    }
}
