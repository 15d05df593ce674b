//! Complaints of clap about arguments, in the shape that all errors have: in our words, and with a line to
//! paste where it can be known what was meant.

use std::ffi::{OsStr, OsString};

use clap::error::ErrorKind;
use devkit_text::{escape, nearest};

use crate::failure::Failure;
use crate::host::variables::Variables;
use crate::meant::CommandLine;
use crate::preset;
use crate::recipe::{self, Recipe};
use crate::typed::{before_dashes, named, path, stray};

/// Puts clap's complaint into the shape that all errors have.
pub(crate) fn failure(
    error: &clap::Error,
    args: &[OsString],
    devkit: &clap::Command,
    recipes: &'static [Recipe],
    variables: &Variables,
) -> Failure {
    let path = path(args, devkit);
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let commands = std::iter::once(devkit).chain(named(args, devkit).into_iter().map(|(_, it)| it));
    let typed: Vec<&OsStr> = before_dashes(args).collect();
    if let Some(refused) = preset::refused(error, &typed, commands, variables) {
        return of_variable(error, &refused);
    }
    let word = stray(error).filter(|word| !word.starts_with('-'));
    if let (Some((&"help", asked)), Some(word)) = (path.split_first(), word) {
        return no_such_command(asked, &word, devkit, recipes);
    }
    let command =
        std::iter::once("devkit").chain(path.iter().copied()).collect::<Vec<_>>().join(" ");
    let more = format!("{command} --help shows all there is");
    let message = message(error);
    let whole = CommandLine { devkit, recipes };
    let hint = if let Some(line) = whole.slip(error, args) {
        line
    } else if let Some((word, line)) = whole.misspelt(error, args) {
        format!("did you mean '{word}'? {}", line.unwrap_or(more))
    } else {
        let example = path.first().and_then(|name| recipe::find(recipes, name));
        let example = example.and_then(|recipe| recipe.examples_of(&path.join(" ")).next());
        match example.filter(|_| error.kind() == ErrorKind::MissingRequiredArgument) {
            Some(example) => format!("for example: {example}; {more}"),
            None => more,
        }
    };
    Failure::new("usage", message).hint(hint)
}

/// What could not be done. Clap's words, but where they speak of how clap sees it.
fn message(error: &clap::Error) -> String {
    if let (ErrorKind::ArgumentConflict, Some(word)) = (error.kind(), stray(error)) {
        let word = escape(word.as_bytes());
        return format!("unexpected argument '{word}' found");
    }
    let text = error.render().to_string();
    let complaint = text.split("\n\n").next().unwrap_or_default();
    let complaint = complaint.strip_prefix("error: ").unwrap_or(complaint);
    // Missing arguments come as a list below the first line.
    let message = complaint.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    if message.is_empty() { "no command was given".into() } else { message }
}

/// A value that nobody typed.
fn of_variable(error: &clap::Error, refused: &preset::Refused) -> Failure {
    let preset::Refused { name, value, option } = refused;
    let value = escape(value);
    let message = match error.kind() {
        ErrorKind::InvalidUtf8 => format!("the variable {name} is not UTF-8: '{value}'"),
        _ => error
            .render()
            .to_string()
            .split("\n\n")
            .next()
            .and_then(|text| text.split_once(&format!("for '{option}'")))
            .map(|(_, rest)| rest.lines().map(str::trim).collect::<Vec<_>>().join(" "))
            .map_or_else(
                || format!("invalid value '{value}' for the variable {name}"),
                |rest| format!("invalid value '{value}' for the variable {name}{rest}"),
            ),
    };
    Failure::new("usage", message).hint(format!("unset {name}, or give it a value of {option}"))
}

/// `devkit help` about something that is no command.
fn no_such_command(
    asked: &[&str],
    word: &str,
    devkit: &clap::Command,
    recipes: &'static [Recipe],
) -> Failure {
    let mut within = devkit;
    for name in asked {
        within = within.find_subcommand(name).unwrap_or(within);
    }
    let names =
        within.get_subcommands().map(clap::Command::get_name).filter(|name| *name != "help");
    let also = recipe::called_otherwise(recipes, word).filter(|_| asked.is_empty());
    let near = also
        .map(|recipe| recipe.name.to_owned())
        .or_else(|| nearest(word, names).into_iter().next());
    let line =
        ["devkit", "help"].into_iter().chain(asked.iter().copied()).collect::<Vec<_>>().join(" ");
    let typed = asked.iter().copied().chain([word]).collect::<Vec<_>>().join(" ");
    let message = format!("there is no command '{}'", escape(typed.as_bytes()));
    Failure::new("usage", message).hint(match near {
        Some(near) => format!("did you mean '{near}'? {line} {near}"),
        None if within.has_subcommands() => format!("{line} lists what there is"),
        None => format!("{line} shows all there is"),
    })
}
