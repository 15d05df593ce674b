//! What was typed: which commands the arguments name, and which of them clap did not expect.

use std::ffi::{OsStr, OsString};

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The arguments that are devkit's own: what follows `--` is another program's, or data.
pub(crate) fn before_dashes(args: &[OsString]) -> impl Iterator<Item = &OsStr> {
    args.iter().map(OsString::as_os_str).skip(1).take_while(|arg| *arg != "--")
}

/// The commands that the arguments name, from the outside in, and where each stands.
pub(crate) fn named<'a>(
    args: &[OsString],
    devkit: &'a clap::Command,
) -> Vec<(usize, &'a clap::Command)> {
    let mut found: Vec<(usize, &clap::Command)> = Vec::new();
    let mut words = before_dashes(args).enumerate();
    while let Some((at, word)) = words.next() {
        let command = found.last().map_or(devkit, |(_, command)| command);
        let Some(word) = word.to_str() else { continue };
        if word.starts_with('-') {
            if takes_the_next(word, command) || takes_the_next(word, devkit) {
                words.next();
            }
            continue;
        }
        match command.find_subcommand(word) {
            Some(below) => found.push((at + 1, below)),
            None => break,
        }
    }
    found
}

/// Whether the word after an option is its value.
fn takes_the_next(option: &str, command: &clap::Command) -> bool {
    let found = command.get_arguments().find(|arg| match option.strip_prefix("--") {
        Some(long) => arg.get_long() == Some(long),
        None => arg.get_short().is_some_and(|short| option == format!("-{short}")),
    });
    found.is_some_and(|arg| arg.get_action().takes_values() && !arg.is_require_equals_set())
}

/// The names of the commands that the arguments name: `["kubecerts", "tap"]`.
pub(crate) fn path(args: &[OsString], devkit: &clap::Command) -> Vec<String> {
    named(args, devkit).iter().map(|(_, command)| command.get_name().to_owned()).collect()
}

/// Makes `devkit kubecerts help tap` the same as `devkit help kubecerts tap`.
pub(crate) fn help_first(mut args: Vec<OsString>, devkit: &clap::Command) -> Vec<OsString> {
    let named = named(&args, devkit);
    let help = named.iter().position(|(_, command)| command.get_name() == "help");
    if let Some(help) = help.filter(|at| *at > 0) {
        let (from, to) = (named[help].0, named[0].0);
        args[to..=from].rotate_right(1);
    }
    args
}

/// The argument that clap did not expect.
pub(crate) fn stray(error: &clap::Error) -> Option<String> {
    let kind = match error.kind() {
        ErrorKind::UnknownArgument => ContextKind::InvalidArg,
        ErrorKind::InvalidSubcommand | ErrorKind::ArgumentConflict => {
            ContextKind::InvalidSubcommand
        }
        _ => return None,
    };
    match error.get(kind)? {
        ContextValue::String(word) => Some(word.clone()),
        _ => None,
    }
}
