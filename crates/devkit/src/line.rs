//! The whole command line as clap has it: global options, the recipes, and `help` where there are commands.

use clap::CommandFactory as _;
use clap::Parser;

use crate::help::{self, GLOBAL_OPTIONS};
use crate::recipe::{self, Recipe};
use crate::ui::When;

const LONG_VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\ncommit: ",
    env!("DEVKIT_COMMIT"),
    "\ntarget: ",
    env!("DEVKIT_TARGET")
);

/// Small, sharp tools for containers, Kubernetes, Java and Go work
#[derive(Debug, Parser)]
#[command(
    name = "devkit",
    version,
    long_version = LONG_VERSION,
    propagate_version = true,
    max_term_width = help::MOST_COLUMNS,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
struct Cli {
    #[command(flatten)]
    global: Global,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = GLOBAL_OPTIONS)]
pub(crate) struct Global {
    /// Machine-readable output on stdout
    #[arg(long, global = true, display_order = 900)]
    pub(crate) json: bool,
    /// Colour: auto, always or never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        env = "DEVKIT_COLOR",
        default_value = "auto",
        hide_possible_values = true,
        display_order = 901
    )]
    pub(crate) color: When,
    /// Print errors only
    #[arg(short, long, global = true, display_order = 902)]
    pub(crate) quiet: bool,
    /// Print more; repeat for even more
    #[arg(short, long, global = true, action = clap::ArgAction::Count, display_order = 903)]
    pub(crate) verbose: u8,
}

/// The whole command line, for completions and man pages too.
pub(crate) fn command(recipes: &'static [Recipe]) -> clap::Command {
    let help = recipe::find(recipes, "help").map(Recipe::command).unwrap_or_default();
    let commands = recipe::by_task(recipes).map(|recipe| with_help(recipe.command(), &help));
    let devkit = Cli::command().subcommands(commands);
    let help = devkit.get_subcommands().map(mirrored).collect::<Vec<_>>();
    devkit.mut_subcommand("help", |own| own.subcommands(help))
}

/// Where there are commands below a command, one of them is `help`: `devkit kubecerts help tap`.
fn with_help(command: clap::Command, help: &clap::Command) -> clap::Command {
    if !command.has_subcommands() {
        return command;
    }
    let command =
        command.disable_help_subcommand(true).mut_subcommands(|below| with_help(below, help));
    let below = command.get_subcommands().map(mirrored).collect::<Vec<_>>();
    command.subcommand(help.clone().subcommands(below))
}

/// A command's name and those below it, as what `help` can be asked about.
fn mirrored(command: &clap::Command) -> clap::Command {
    let about = command.get_about().cloned().unwrap_or_default();
    let below = command.get_subcommands().filter(|below| below.get_name() != "help");
    clap::Command::new(command.get_name().to_owned())
        .about(about)
        .disable_help_subcommand(true)
        .subcommands(below.map(mirrored))
}
