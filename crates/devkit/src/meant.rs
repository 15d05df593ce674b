//! The line that was meant: arguments that clap refuses, changed by the slips of the recipes and by near
//! spellings until clap takes them. What is offered was parsed, so that it can be pasted.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use devkit_text::nearest;

use crate::recipe::{self, Recipe, Slip, Typed};
use crate::{typed, ui};

/// What people type in the place of devkit's own options.
const OWN_SLIPS: &[Slip] =
    &[Slip { behind: "", typed: Typed::Word(&["version"]), meant: "--version" }];

/// Mistakes in one line that are mended, at most.
const MOST_MISTAKES: usize = 4;
/// Lines that are tried, at most.
const MOST_TRIES: usize = 40;
/// A longer line is not offered.
const LONGEST: usize = 200;

/// What devkit takes, and what its recipes know of mistakes.
pub(crate) struct CommandLine<'a> {
    pub(crate) devkit: &'a clap::Command,
    pub(crate) recipes: &'static [Recipe],
}

/// Arguments in which a mistake was mended.
struct MendedLine {
    args: Vec<OsString>,
    /// The option that was put there, if it is one alone.
    option: Option<String>,
}

impl CommandLine<'_> {
    /// The line that was meant by a slip that a recipe knows.
    pub(crate) fn slip(&self, error: &clap::Error, args: &[OsString]) -> Option<String> {
        let mut search = Search { line: self, tries: MOST_TRIES };
        self.by_slips(error, args).into_iter().find_map(|mended| {
            let args = search.line(mended.args, MOST_MISTAKES)?;
            shown(&args)
        })
    }

    /// What a word was meant for, by its spelling, and the whole line if it can be told.
    pub(crate) fn misspelt(
        &self,
        error: &clap::Error,
        args: &[OsString],
    ) -> Option<(String, Option<String>)> {
        let slips = || self.by_slips(error, args).into_iter().find_map(|mended| mended.option);
        let word = self.suggestion(error, args).or_else(slips)?;
        let mut search = Search { line: self, tries: MOST_TRIES };
        let args = self
            .by_spelling(error, args, &word)
            .into_iter()
            .find_map(|args| search.complete(args, MOST_MISTAKES));
        Some((word, args.and_then(|args| shown(&args))))
    }

    /// The arguments with the stray one replaced, in every way that a slip knows.
    fn by_slips(&self, error: &clap::Error, args: &[OsString]) -> Vec<MendedLine> {
        let Some(stray) = typed::stray(error) else { return Vec::new() };
        let named = typed::named(args, self.devkit);
        let within = named.last().map_or(self.devkit, |(_, command)| *command);
        let path: Vec<&str> = named.iter().map(|(_, command)| command.get_name()).collect();
        let (slips, behind) = match path.split_first() {
            Some((name, below)) => {
                let recipe = recipe::find(self.recipes, name);
                (recipe.map_or(&[][..], |recipe| recipe.slips), below.join(" "))
            }
            None => (OWN_SLIPS, String::new()),
        };
        let is_operand = !stray.starts_with('-') && within.find_subcommand(&stray).is_none();
        let fits = |slip: &&Slip| {
            slip.behind == behind
                && match &slip.typed {
                    Typed::Word(words) => words.contains(&stray.as_str()),
                    Typed::Operand(looks_so) => is_operand && looks_so(&stray),
                }
        };
        let by_slip = |slip| with_meant(slip, args, &stray);
        let mut mended: Vec<MendedLine> = slips.iter().filter(fits).flat_map(by_slip).collect();
        mended.extend(self.commands_first(&stray, args));
        mended
    }

    /// A command that stands behind arguments of the one above it, put before them, and without them.
    fn commands_first(&self, stray: &str, args: &[OsString]) -> Vec<MendedLine> {
        let named = typed::named(args, self.devkit);
        let Some((behind, within)) = named.last().copied() else { return Vec::new() };
        // An option before it keeps clap from seeing a command.
        if let Some((above, _)) = named.iter().nth_back(1).filter(|(above, _)| above + 1 < behind) {
            let mut first = args.to_vec();
            first[above + 1..=behind].rotate_right(1);
            return vec![MendedLine { args: first, option: None }];
        }
        let is_command = |word: &OsString| {
            word.to_str().is_some_and(|word| within.find_subcommand(word).is_some())
        };
        let stray_at = places(args, stray).into_iter().map(|(at, _)| at).find(|at| *at > behind);
        let at = stray_at.and_then(|end| (behind + 1..=end).find(|at| is_command(&args[*at])));
        let Some(at) = at else { return Vec::new() };
        let mut first = args.to_vec();
        first[behind + 1..=at].rotate_right(1);
        let without = [&args[..=behind], &args[at..]].concat();
        [first, without].into_iter().map(|args| MendedLine { args, option: None }).collect()
    }

    /// The word that a stray one was meant for.
    fn suggestion(&self, error: &clap::Error, args: &[OsString]) -> Option<String> {
        if let Some((_, word)) = self.earlier(error, args) {
            return Some(word);
        }
        if error.kind() == ErrorKind::InvalidSubcommand {
            let stray = typed::stray(error)?;
            let named = typed::named(args, self.devkit);
            let within = named.last().map_or(self.devkit, |(_, command)| command);
            let also = recipe::called_otherwise(self.recipes, &stray).filter(|_| named.is_empty());
            let known = within.get_subcommands().map(clap::Command::get_name);
            let also = also.map(|recipe| recipe.name.to_owned());
            return also.or_else(|| nearest(&stray, known).into_iter().next());
        }
        [ContextKind::SuggestedArg, ContextKind::SuggestedValue].into_iter().find_map(|kind| {
            match error.get(kind)? {
                ContextValue::String(text) => Some(text.clone()),
                ContextValue::Strings(texts) => texts.first().cloned(),
                _ => None,
            }
        })
    }

    /// A word before the stray one that was taken for an argument, and the command that it is nearly:
    /// `gomod-tag tags v0.2.0`.
    fn earlier(&self, error: &clap::Error, args: &[OsString]) -> Option<(usize, String)> {
        let stray = typed::stray(error)?;
        let (behind, within) = typed::named(args, self.devkit).last().copied()?;
        let word = args.get(behind + 1)?.to_str().filter(|word| *word != stray)?;
        let names = within.get_subcommands().map(clap::Command::get_name);
        Some((behind + 1, nearest(word, names).into_iter().next()?))
    }

    /// The arguments with the stray one, or the value that is none, spelt as suggested.
    fn by_spelling(
        &self,
        error: &clap::Error,
        args: &[OsString],
        word: &str,
    ) -> Vec<Vec<OsString>> {
        if let Some((at, word)) = self.earlier(error, args) {
            return vec![[&args[..at], &[word.into()], &args[at + 1..]].concat()];
        }
        let stray = typed::stray(error).or_else(|| match error.get(ContextKind::InvalidValue)? {
            ContextValue::String(value) => Some(value.clone()),
            _ => None,
        });
        let spelt = |(at, value): (usize, Option<String>)| {
            let word = value.map_or_else(|| word.to_owned(), |value| format!("{word}={value}"));
            [&args[..at], &[word.into()], &args[at + 1..]].concat()
        };
        stray.map(|stray| places(args, &stray).into_iter().map(spelt).collect()).unwrap_or_default()
    }

    /// Puts the names of missing arguments in their places: `-d ADDRESS`.
    fn with_missing(&self, mut args: Vec<OsString>, error: &clap::Error) -> Vec<OsString> {
        let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) else {
            return args;
        };
        let command = typed::named(&args, self.devkit).last().map_or(self.devkit, |(_, it)| *it);
        for missing in missing {
            let arg = command.get_arguments().find(|arg| arg.to_string() == *missing);
            if let Some(short) = arg.and_then(clap::Arg::get_short) {
                args.push(format!("-{short}").into());
            } else if let Some(long) = arg.and_then(clap::Arg::get_long) {
                args.push(format!("--{long}").into());
            }
            let value = missing.rsplit_once('<').map_or(missing.as_str(), |(_, value)| value);
            args.push(value.trim_end_matches(['>', '.']).into());
        }
        args
    }
}

/// The way from refused arguments to a line, one mistake after the other.
struct Search<'a> {
    line: &'a CommandLine<'a>,
    tries: usize,
}

impl Search<'_> {
    /// Arguments that clap takes; where only some are missing, with their names in their places.
    fn line(&mut self, args: Vec<OsString>, mistakes: usize) -> Option<Vec<OsString>> {
        let error = match self.parse(&args)? {
            Ok(()) => return Some(args),
            Err(error) => error,
        };
        if error.kind() == ErrorKind::MissingRequiredArgument {
            return Some(self.line.with_missing(args, &error));
        }
        self.further(&error, &args, mistakes, Self::line)
    }

    /// Arguments that clap takes as they are.
    fn complete(&mut self, args: Vec<OsString>, mistakes: usize) -> Option<Vec<OsString>> {
        match self.parse(&args)? {
            Ok(()) => Some(args),
            Err(error) => self.further(&error, &args, mistakes, Self::complete),
        }
    }

    fn further(
        &mut self,
        error: &clap::Error,
        args: &[OsString],
        mistakes: usize,
        go_on: fn(&mut Self, Vec<OsString>, usize) -> Option<Vec<OsString>>,
    ) -> Option<Vec<OsString>> {
        let mistakes = mistakes.checked_sub(1)?;
        let slips = self.line.by_slips(error, args).into_iter().map(|mended| mended.args);
        let word = self.line.suggestion(error, args);
        let spelt = word.map(|word| self.line.by_spelling(error, args, &word));
        slips.chain(spelt.into_iter().flatten()).find_map(|args| go_on(self, args, mistakes))
    }

    /// Nothing once there were too many.
    fn parse(&mut self, args: &[OsString]) -> Option<Result<(), clap::Error>> {
        self.tries = self.tries.checked_sub(1)?;
        Some(match self.line.devkit.clone().try_get_matches_from(args) {
            Ok(_) => Ok(()),
            Err(error) if !error.use_stderr() => Ok(()),
            Err(error) => Err(error),
        })
    }
}

/// The arguments with what a slip stands for in the place of the stray one.
fn with_meant(slip: &Slip, args: &[OsString], stray: &str) -> Vec<MendedLine> {
    let mut mended = Vec::new();
    for (at, value) in places(args, stray) {
        let meant = slip.meant.split_whitespace().map(|part| part.replace("{}", stray));
        let mut meant: Vec<OsString> = meant.map(OsString::from).collect();
        meant.extend(value.map(OsString::from));
        let is_option = stray.starts_with('-') && !slip.meant.contains(' ');
        mended.push(MendedLine {
            args: [&args[..at], &meant, &args[at + 1..]].concat(),
            option: is_option.then(|| slip.meant.to_owned()),
        });
    }
    mended
}

/// Where a word stands, and what is attached to it: `--listen=8090`, `-cstaging`.
fn places(args: &[OsString], stray: &str) -> Vec<(usize, Option<String>)> {
    let short = stray.len() == 2 && stray.starts_with('-');
    let own = typed::before_dashes(args).enumerate();
    own.filter_map(|(at, word)| {
        let rest = word.to_str()?.strip_prefix(stray)?;
        let value = match rest.strip_prefix('=') {
            Some(value) => Some(value.to_owned()),
            None if rest.is_empty() => None,
            None if short => Some(rest.to_owned()),
            None => return None,
        };
        Some((at + 1, value))
    })
    .collect()
}

/// A line as it can be pasted. What another program would get is not repeated, nor is the value of
/// a variable.
fn shown(args: &[OsString]) -> Option<String> {
    let mut line = Vec::new();
    let mut words = args.iter().map(|word| word.to_string_lossy());
    let mut option = false;
    while let Some(word) = words.next() {
        let variable = word.split_once('=').filter(|_| !option && !word.starts_with('-'));
        line.push(match variable {
            Some((name, _)) => format!("{}=…", ui::quoted(name)),
            None => ui::quoted(&word),
        });
        option = word.starts_with('-');
        if word == "--" {
            line.extend(words.next().map(|program| ui::quoted(&program)));
            line.extend(words.next().map(|_| "…".to_owned()));
            break;
        }
    }
    Some(line.join(" ")).filter(|line| line.len() <= LONGEST)
}
