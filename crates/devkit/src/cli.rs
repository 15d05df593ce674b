//! The command line: global options, help, and what a name of the binary stands for.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::Path;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches, Parser};

use crate::cmd::{self, Command};
use crate::exit;
use crate::failure::Failure;
use crate::host::variables::Variables;
use crate::ui::{self, To, Ui, When};

const LONG_VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\ncommit: ",
    env!("DEVKIT_COMMIT"),
    "\ntarget: ",
    env!("DEVKIT_TARGET")
);

const GLOBAL_OPTIONS: &str = "Options (for every command)";

const EXIT_CODES: &str = "Exit codes: 0 done or yes · 1 no, or changes needed · 2 could not do it";

/// Small, sharp tools for containers, Kubernetes, Java and Go work
#[derive(Debug, Parser)]
#[command(
    name = "devkit",
    version,
    long_version = LONG_VERSION,
    propagate_version = true,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = GLOBAL_OPTIONS)]
struct Global {
    /// Machine-readable output on stdout
    #[arg(long, global = true, display_order = 900)]
    json: bool,
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
    color: When,
    /// Print errors only
    #[arg(short, long, global = true, display_order = 902)]
    quiet: bool,
    /// Print more; repeat for even more
    #[arg(short, long, global = true, action = clap::ArgAction::Count, display_order = 903)]
    verbose: u8,
}

/// Turns the name the binary was called by into a subcommand: a link named `sockfwd` is
/// `devkit fwd`. Any other name is `devkit`, so that renamed binaries work.
pub(crate) fn real_arguments(mut args: Vec<OsString>) -> Vec<OsString> {
    let name = args.first().and_then(|arg| Path::new(arg).file_name().map(OsStr::to_owned));
    let command = cmd::CALLED_AS.iter().find(|(link, _)| name.as_deref() == Some(OsStr::new(link)));
    if let Some((_, command)) = command {
        args.insert(1, command.into());
    }
    // Help and hints then name what can be typed, whatever the binary is called.
    match args.first_mut() {
        Some(name) => *name = "devkit".into(),
        None => args.push("devkit".into()),
    }
    args
}

/// The whole command line, for completions and man pages too.
pub(crate) fn command() -> clap::Command {
    let command = Cli::command();
    let groups = groups(&command);
    command
        .help_template(format!(
            "devkit: {{about}}\n\n{{usage-heading}} devkit <COMMAND> [OPTIONS]\n{groups}\n{}\n\
         {{options}}{{after-help}}",
            heading_and_lines(GLOBAL_OPTIONS, &[])
        ))
        .after_help(format!("{}\n\n{EXIT_CODES}", heading_and_lines("Examples", cmd::EXAMPLES)))
}

/// What the arguments came to.
pub(crate) enum Parsed {
    /// There is a command to run.
    Run(Command),
    /// Help or version is printed already; this is the exit code.
    Printed(u8),
}

/// Reads the arguments, and prints help and version where asked.
pub(crate) fn parse(
    args: Vec<OsString>,
    ui: &mut Ui,
    variables: &Variables,
) -> anyhow::Result<Parsed> {
    let named = named_command(&args);
    let parsed = command()
        // What `devkit fwd --version` names: there is one version, devkit's.
        .mut_subcommands(|command| command.display_name("devkit"))
        .try_get_matches_from(args)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let error = match parsed {
        Ok(Cli { global, command }) => {
            *ui = Ui::new(global.json, global.quiet, global.verbose, global.color, variables);
            return Ok(Parsed::Run(command));
        }
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            ui::bytes(rendered(ui, To::Out, &error.render()).as_bytes())?;
            Ok(Parsed::Printed(exit::DONE))
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if !ui.json => {
            ui::message(&rendered(ui, To::Err, &error.render()));
            Ok(Parsed::Printed(exit::TROUBLE))
        }
        // The same with options, which clap takes for an argument: a set DEVKIT_COLOR is enough.
        ErrorKind::MissingSubcommand if !ui.json => {
            ui::message(&rendered(ui, To::Err, &command().render_help()));
            Ok(Parsed::Printed(exit::TROUBLE))
        }
        _ => Err(usage(&error, &named).into()),
    }
}

fn rendered(ui: &Ui, to: To, text: &StyledStr) -> String {
    if ui.coloured(to) { text.ansi().to_string() } else { text.to_string() }
}

/// Puts clap's complaint into the shape that all errors have.
fn usage(error: &clap::Error, command: &str) -> Failure {
    let text = error.render().to_string();
    let complaint = text.split("\n\n").next().unwrap_or_default();
    let complaint = complaint.strip_prefix("error: ").unwrap_or(complaint);
    // Missing arguments come as a list below the first line.
    let message = complaint.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let message = if message.is_empty() { "no command was given".into() } else { message };
    let suggestion =
        [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue]
            .into_iter()
            .find_map(|kind| match error.get(kind)? {
                ContextValue::String(text) => Some(text.clone()),
                ContextValue::Strings(texts) => texts.first().cloned(),
                ContextValue::StyledStr(text) => Some(text.to_string()),
                _ => None,
            });
    let suggestion = suggestion.or_else(|| match error.get(ContextKind::InvalidSubcommand)? {
        ContextValue::String(typed) => nearest(typed),
        _ => None,
    });
    let example = cmd::EXAMPLES.iter().find(|example| example.starts_with(&format!("{command} ")));
    let more = format!("{command} --help shows all there is");
    // The command that is listened to stands after `--`.
    let meant = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(typed)) if !typed.starts_with('-') => Some(typed),
        _ => None,
    };
    if let Some(typed) = meant.filter(|_| command.ends_with(" tap")) {
        return Failure::new("usage", message).hint(format!("{command} -- {typed} …; {more}"));
    }
    Failure::new("usage", message).hint(match (suggestion, example) {
        (Some(meant), _) => format!("did you mean '{meant}'? {more}"),
        (None, Some(example)) if error.kind() == ErrorKind::MissingRequiredArgument => {
            format!("for example: {example}; {more}")
        }
        _ => more,
    })
}

/// The command that was meant by a slip of two letters; clap finds only longer ones.
fn nearest(typed: &str) -> Option<String> {
    let names = cmd::GROUPS.iter().flat_map(|(_, names)| names.iter());
    let slips = |name: &&&str| strsim::damerau_levenshtein(typed, name);
    let nearest = names.min_by_key(|name| slips(name))?;
    (slips(&nearest) <= 2 && slips(&nearest) < typed.len()).then(|| (*nearest).to_owned())
}

/// `devkit fwd` where that is the command the arguments name, else `devkit`; `devkit kubecerts tap` where
/// the next argument is one of its own commands.
fn named_command(args: &[OsString]) -> String {
    let known = cmd::GROUPS.iter().flat_map(|(_, names)| names.iter());
    let named = args
        .iter()
        .enumerate()
        .find_map(|(at, arg)| known.clone().find(|name| arg == **name).map(|name| (at, *name)));
    let Some((at, name)) = named else { return "devkit".into() };
    let within = Cli::command();
    let within = within.find_subcommand(name);
    let next = args.get(at + 1).and_then(|arg| arg.to_str());
    match next.and_then(|next| within?.find_subcommand(next)) {
        Some(own) => format!("devkit {name} {}", own.get_name()),
        None => format!("devkit {name}"),
    }
}

/// The commands by task, each with its one line.
fn groups(command: &clap::Command) -> String {
    let about = |name: &str| match name {
        "help" => "Help for a command".to_owned(),
        _ => command
            .find_subcommand(name)
            .and_then(clap::Command::get_about)
            .map_or_else(String::new, ToString::to_string),
    };
    let mut text = String::new();
    for (title, names) in cmd::GROUPS {
        let lines: Vec<_> =
            names.iter().map(|name| format!("{name:<13} {}", about(name))).collect();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let _ = write!(text, "\n{}\n", heading_and_lines(title, &lines));
    }
    text
}

fn heading_and_lines(title: &str, lines: &[&str]) -> String {
    let style = clap::builder::Styles::styled();
    let header = style.get_header();
    let mut text = format!("{header}{title}{header:#}");
    for line in lines {
        let _ = write!(text, "\n  {line}");
    }
    text
}
