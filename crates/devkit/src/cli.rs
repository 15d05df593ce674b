//! Reads the arguments: what is to be run, what is printed at once, and what a name of the binary stands for.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::error::ErrorKind;
use clap::{ArgMatches, FromArgMatches as _};

use crate::cmd::RECIPES;
use crate::help::{self, Screen};
use crate::host::variables::Variables;
use crate::line::{self, Global};
use crate::recipe::{self, Recipe};
use crate::ui::{self, To, Ui};
use crate::{exit, preset, typed, usage};

/// Turns the name the binary was called by into a subcommand: a link named `sockfwd` is
/// `devkit fwd`. Any other name is `devkit`, so that renamed binaries work.
pub(crate) fn real_arguments(mut args: Vec<OsString>) -> Vec<OsString> {
    let name = args.first().and_then(|arg| Path::new(arg).file_name().map(OsStr::to_owned));
    if let Some(recipe) =
        name.as_deref().and_then(OsStr::to_str).and_then(|link| recipe::of_link(RECIPES, link))
    {
        args.insert(1, recipe.name.into());
    }
    // Help and hints then name what can be typed, whatever the binary is called.
    match args.first_mut() {
        Some(name) => *name = "devkit".into(),
        None => args.push("devkit".into()),
    }
    args
}

/// What the arguments came to.
pub(crate) enum ParsedLine {
    /// There is a command to run.
    Run(&'static Recipe, ArgMatches),
    /// Help or version is printed already; this is the exit code.
    Printed(u8),
}

/// Reads the arguments, and prints help and version where asked.
pub(crate) fn parse(
    args: Vec<OsString>,
    ui: &mut Ui,
    variables: &Variables,
) -> anyhow::Result<ParsedLine> {
    let mut devkit = preset::without_empty_ones(line::command(RECIPES), variables);
    let args = typed::help_first(args, &devkit);
    let parsed = devkit
        .clone()
        // What `devkit fwd --version` names: there is one version, devkit's.
        .mut_subcommands(|command| command.display_name("devkit"))
        .try_get_matches_from(&args);
    let error = match parsed {
        Ok(mut matches) => {
            let Global { json, color, quiet, verbose } = Global::from_arg_matches(&matches)?;
            *ui = Ui::new(json, quiet, verbose, color, variables);
            let (name, matches) = matches.remove_subcommand().expect("clap asks for a command");
            let recipe = recipe::find(RECIPES, &name).expect("the commands come from this list");
            return Ok(ParsedLine::Run(recipe, matches));
        }
        Err(error) => error,
    };
    // Only now do all arguments know how they are written.
    devkit.build();
    let path = typed::path(&args, &devkit);
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match error.kind() {
        ErrorKind::DisplayHelp => {
            let whole = typed::before_dashes(&args).any(|arg| arg == "--help");
            let screen = if whole { Screen::Whole } else { Screen::Short };
            // What `help` can be asked about is no command of its own.
            let path = if path.first() == Some(&"help") { &path[..1] } else { &path[..] };
            let text = help::screen(devkit, RECIPES, path, screen);
            ui.text(&help::rendered(ui, To::Out, &text))?;
            Ok(ParsedLine::Printed(exit::DONE))
        }
        ErrorKind::DisplayVersion => {
            ui.text(&help::rendered(ui, To::Out, &error.render()))?;
            Ok(ParsedLine::Printed(exit::DONE))
        }
        // The second kind is the same with options, which clap takes for an argument: a set
        // DEVKIT_COLOR is enough.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand
            if !ui.is_for_programs() =>
        {
            let screen = if path.is_empty() { Screen::Whole } else { Screen::Short };
            let text = help::screen(devkit, RECIPES, &path, screen);
            ui::message(&help::rendered(ui, To::Err, &text));
            Ok(ParsedLine::Printed(exit::TROUBLE))
        }
        _ => Err(usage::failure(&error, &args, &devkit, RECIPES, variables).into()),
    }
}
