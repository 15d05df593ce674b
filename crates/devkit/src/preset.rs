//! The environment variables that stand for options: `DEVKIT_…`. An empty one counts as unset, and what is
//! wrong with a value is told of the variable, because nobody typed the option.

use std::ffi::OsStr;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::host::variables::Variables;

/// Takes empty variables away from the options that they stand for. The help still names them.
pub(crate) fn without_empty_ones(command: clap::Command, variables: &Variables) -> clap::Command {
    command
        .mut_args(|arg| match arg.get_env().map(OsStr::to_owned) {
            Some(name) if value_of(&name, variables).is_some_and(OsStr::is_empty) => {
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                let name = name.to_string_lossy();
                arg.env(None::<&'static str>).help(format!("{help} [env: {name}=]"))
            }
            _ => arg,
        })
        .mut_subcommands(|command| without_empty_ones(command, variables))
}

/// A variable whose value clap refused in the place of an option's.
pub(crate) struct Refused {
    /// `DEVKIT_COLOR`.
    pub(crate) name: String,
    /// What it was set to, which need not be UTF-8.
    pub(crate) value: Vec<u8>,
    /// The option that it stands for, as clap writes it: `--color <WHEN>`.
    pub(crate) option: String,
}

/// The variable that a complaint is about, if it is about one.
///
/// `typed`: the arguments before `--`; `commands`: devkit and the commands that were named below it.
pub(crate) fn refused<'a>(
    error: &clap::Error,
    typed: &[&OsStr],
    commands: impl Iterator<Item = &'a clap::Command>,
    variables: &Variables,
) -> Option<Refused> {
    let wanted = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::InvalidValue | ErrorKind::ValueValidation, Some(ContextValue::String(arg))) => {
            Some(arg.as_str())
        }
        (ErrorKind::InvalidUtf8, _) => None,
        _ => return None,
    };
    commands.flat_map(clap::Command::get_arguments).find_map(|arg| {
        let name = arg.get_env()?;
        let value = value_of(name, variables)?;
        let flag = format!("--{}", arg.get_long()?);
        let given = typed.iter().filter_map(|word| word.to_str()).any(|word| {
            word.strip_prefix(flag.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        });
        let option = arg.to_string();
        let meant = wanted.map_or(value.to_str().is_none(), |wanted| wanted == option);
        (meant && !given).then(|| Refused {
            name: name.to_string_lossy().into_owned(),
            value: value.as_encoded_bytes().to_vec(),
            option,
        })
    })
}

fn value_of<'a>(name: &OsStr, variables: &'a Variables) -> Option<&'a OsStr> {
    variables.get(name.to_str()?)
}
