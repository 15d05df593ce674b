//! The help screens: `-h` is usage, two examples and the usual options; `--help` is all there is. An option
//! under a heading of its own is a detail, and `-h` leaves it out.

use std::fmt::Write as _;

use clap::builder::StyledStr;

use crate::recipe::{self, Recipe, Task};
use crate::ui::{To, Ui};

/// The heading over the options that every command has.
pub(crate) const GLOBAL_OPTIONS: &str = "Options (for every command)";

const EXIT_CODES: &str = "Exit codes: 0 done or yes · 1 no, or changes needed · 2 could not do it";

/// What of a command is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Screen {
    /// What fits a screen of 80 columns and 24 lines: `-h`.
    Short,
    /// All there is: `--help`.
    Whole,
}

/// The help of a command; of devkit itself where `path` is empty.
///
/// `devkit`: the whole command line.
pub(crate) fn screen(
    mut devkit: clap::Command,
    recipes: &'static [Recipe],
    path: &[&str],
    screen: Screen,
) -> StyledStr {
    // Names, usage and the options of every command reach the commands below only by this.
    devkit.build();
    let Some((name, _)) = path.split_first() else { return top(devkit, recipes, screen) };
    let mut command = &devkit;
    for name in path {
        command = command.find_subcommand(name).unwrap_or(command);
    }
    let examples: Vec<&str> = recipe::find(recipes, name)
        .map(|recipe| recipe.examples_of(&path.join(" ")).collect())
        .unwrap_or_default();
    laid_out(command.clone(), &examples, screen).render_help()
}

fn laid_out(command: clap::Command, examples: &[&str], screen: Screen) -> clap::Command {
    let shown = match screen {
        Screen::Short => examples.get(..2).unwrap_or(examples),
        Screen::Whole => examples,
    };
    // The examples are part of the template, because clap would wrap other text, and a line that is
    // to be pasted must stay one.
    let mut template = "{before-help}{usage-heading} {usage}\n\n".to_owned();
    if !shown.is_empty() {
        let title = if shown.len() == 1 { "Example:" } else { "Examples:" };
        let _ = write!(template, "{}\n\n", heading_and_lines(title, shown));
    }
    template.push_str("{all-args}{after-help}");
    let short = command.get_about().cloned();
    let long = command.get_long_about().cloned();
    let topics = command.get_after_long_help().or_else(|| command.get_after_help()).cloned();
    let (before, after) = match screen {
        Screen::Short => (short, None),
        Screen::Whole => (long.or(short), topics),
    };
    let hidden = screen == Screen::Short && command.get_name() != "help";
    let command = match command.find_subcommand("help") {
        Some(_) if hidden => command.mut_subcommand("help", |help| help.hide(true)),
        _ => command,
    };
    with_own_help_line(command.mut_args(|arg| shown_in(screen, arg)), screen)
        .help_template(template)
        .before_help(before.unwrap_or_default())
        .after_help(after.unwrap_or_default())
}

/// An argument with as much of its text as a screen has.
fn shown_in(screen: Screen, arg: clap::Arg) -> clap::Arg {
    match (screen, arg.get_long_help()) {
        (Screen::Short, _) => {
            let detail = arg.get_help_heading().is_some() || arg.get_id() == "version";
            arg.hide_short_help(detail)
        }
        (Screen::Whole, Some(long)) => {
            let text = long.to_string().replace("\n\n", "; ");
            arg.help(text)
        }
        (Screen::Whole, None) => arg,
    }
}

/// Clap's own line would name the screen that is shown.
fn with_own_help_line(command: clap::Command, screen: Screen) -> clap::Command {
    command.mut_arg("help", |arg| {
        arg.help(match screen {
            Screen::Short => "Print this help; --help shows all options",
            Screen::Whole => "Print help; -h is a summary",
        })
    })
}

/// The first screen of all: the commands by task.
fn top(devkit: clap::Command, recipes: &'static [Recipe], screen: Screen) -> StyledStr {
    let whole = screen == Screen::Whole;
    let mut template = "devkit: {about}\n\n{usage-heading} devkit <COMMAND> [OPTIONS]\n".to_owned();
    let lines = command_lines(&devkit, recipes);
    for (at, task) in Task::ALL.into_iter().enumerate() {
        if whole || at == 0 {
            template.push('\n');
        }
        template.push_str(&heading_and_lines(task.title(), &[]));
        template.push('\n');
        for (_, line) in lines.iter().filter(|(recipe, _)| recipe.task == task) {
            template.push_str(line);
        }
    }
    let examples: Vec<&str> =
        recipe::by_task(recipes).flat_map(|recipe| recipe.headlines.iter().copied()).collect();
    template.push('\n');
    if whole {
        let options = heading_and_lines(GLOBAL_OPTIONS, &[]);
        let examples = heading_and_lines("Examples", &examples);
        let _ = write!(template, "{options}\n{{options}}\n\n{examples}\n\n{EXIT_CODES}");
    } else {
        let first = examples.first().copied().unwrap_or_default();
        let _ = write!(template, "Example: {first}\nMore: devkit --help, devkit COMMAND -h");
    }
    with_own_help_line(devkit, screen).help_template(template).render_help()
}

/// Each command with its one line, wrapped and coloured by clap; the lines end with a line break.
fn command_lines(
    devkit: &clap::Command,
    recipes: &'static [Recipe],
) -> Vec<(&'static Recipe, String)> {
    let in_order: Vec<_> = recipe::by_task(recipes).collect();
    let commands = in_order.iter().enumerate().map(|(at, recipe)| {
        let about = devkit.find_subcommand(recipe.name).and_then(clap::Command::get_about);
        let command = clap::Command::new(recipe.name).display_order(at);
        command.about(about.cloned().unwrap_or_default())
    });
    let list = clap::Command::new("devkit")
        .disable_help_subcommand(true)
        .help_template("{subcommands}")
        .max_term_width(MOST_COLUMNS)
        .subcommands(commands)
        .render_help();
    let mut lines: Vec<(&Recipe, String)> = Vec::new();
    let mut rest = in_order.into_iter();
    for line in list.ansi().to_string().lines() {
        // A line that goes on is indented further than a name.
        let begins = line.strip_prefix("  ").is_some_and(|rest| !rest.starts_with(' '));
        match (begins, lines.last_mut()) {
            (false, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            _ => lines.extend(rest.next().map(|recipe| (recipe, format!("{line}\n")))),
        }
    }
    lines
}

/// Help is never wider, however wide the terminal is.
pub(crate) const MOST_COLUMNS: usize = 100;

fn heading_and_lines(title: &str, lines: &[&str]) -> String {
    let style = clap::builder::Styles::styled();
    let header = style.get_header();
    let mut text = format!("{header}{title}{header:#}");
    for line in lines {
        let _ = write!(text, "\n  {line}");
    }
    text
}

/// A text of clap's for a stream, coloured or not.
pub(crate) fn rendered(ui: &Ui, to: To, text: &StyledStr) -> String {
    if ui.coloured(to) { text.ansi().to_string() } else { text.to_string() }
}
