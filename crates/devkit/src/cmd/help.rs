//! `devkit help`: what `--help` shows, and with `--json` the list of commands for programs.

use clap::ArgMatches;
use serde::Serialize;

use crate::help::{self, Screen};
use crate::host::Host;
use crate::recipe::{self, Recipe, Task};
use crate::ui::{self, Documents, To, Ui};
use crate::{line, preset};

pub(crate) const RECIPE: Recipe = Recipe {
    name: "help",
    links: &[],
    also: &["commands", "usage"],
    task: Task::About,
    page: None,
    headlines: &[],
    examples: &["devkit help kubecerts tap", "devkit help --json"],
    slips: &[],
    arguments: |command| command.about("Help for a command").disable_help_subcommand(true),
    run,
};

/// With `--json`.
#[derive(Serialize)]
struct HelpDocument<'a> {
    schema: &'static str,
    commands: Vec<CommandDocument<'a>>,
}

/// A command, or one below it.
#[derive(Serialize)]
struct CommandDocument<'a> {
    /// What is typed behind devkit: `kubecerts tap`.
    name: String,
    /// The page in the manual; null where there is none.
    page: Option<&'a str>,
    group: &'a str,
    links: &'a [&'a str],
    about: String,
    /// What the help says beyond the one line; null if that is all.
    details: Option<String>,
    examples: Vec<&'a str>,
}

fn run(ui: &Ui, host: &Host, matches: &ArgMatches) -> anyhow::Result<u8> {
    let mut path = Vec::new();
    let mut matches = matches;
    while let Some((name, below)) = matches.subcommand() {
        path.push(name);
        matches = below;
    }
    let devkit = preset::without_empty_ones(line::command(super::RECIPES), &host.variables);
    ui.answer(&AskedHelp { devkit, path })
}

/// The commands that help is wanted for.
struct AskedHelp<'a> {
    devkit: clap::Command,
    path: Vec<&'a str>,
}

impl ui::Answer for AskedHelp<'_> {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        let mut devkit = self.devkit.clone();
        devkit.build();
        to.add(&HelpDocument { schema: "devkit.help/1", commands: entries(&devkit, &self.path) })
    }

    fn text(&self, ui: &Ui) -> String {
        let text = help::screen(self.devkit.clone(), super::RECIPES, &self.path, Screen::Whole);
        help::rendered(ui, To::Out, &text)
    }
}

/// The command of a path and all below it, `help` itself but for its own entry left out.
fn entries(devkit: &clap::Command, path: &[&str]) -> Vec<CommandDocument<'static>> {
    let mut within = devkit;
    for name in path {
        within = within.find_subcommand(name).unwrap_or(within);
    }
    let mut entries = Vec::new();
    let mut add = |command: &clap::Command, path: &[&str]| {
        let recipe = path.first().and_then(|name| recipe::find(super::RECIPES, name));
        entries.extend(recipe.map(|recipe| entry(recipe, command, path)));
    };
    walk(within, path, &mut add);
    entries
}

fn walk(command: &clap::Command, path: &[&str], add: &mut dyn FnMut(&clap::Command, &[&str])) {
    add(command, path);
    if path.first() == Some(&"help") {
        return;
    }
    for below in command.get_subcommands() {
        let name = below.get_name();
        if path.is_empty() || name != "help" {
            walk(below, &[path, &[name]].concat(), add);
        }
    }
}

fn entry(
    recipe: &'static Recipe,
    command: &clap::Command,
    path: &[&str],
) -> CommandDocument<'static> {
    let name = path.join(" ");
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let details = command.get_long_about().map(ToString::to_string);
    let details = details.and_then(|text| Some(text.strip_prefix(&about)?.trim().to_owned()));
    CommandDocument {
        page: recipe.page,
        group: recipe.task.title(),
        links: if path.len() == 1 { recipe.links } else { &[] },
        about,
        details: details.filter(|text| !text.is_empty()),
        examples: recipe.examples_of(&name).collect(),
        name,
    }
}
