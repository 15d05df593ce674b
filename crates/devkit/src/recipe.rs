//! All there is to say about one command, as one entry: help, hints, links, man pages, completions, the
//! tests and `xtask tidy` read the list of these entries, and none of them has a list of its own.

use clap::ArgMatches;

use crate::host::Host;
use crate::ui::Ui;

/// A command of devkit. The entries in [`Task::About`] are about devkit itself: no recipes, no pages.
pub(crate) struct Recipe {
    /// What is typed: `mvn-unblock`.
    pub(crate) name: &'static str,
    /// Names of links to the binary that stand for this command.
    pub(crate) links: &'static [&'static str],
    /// Words that people also type for the name; they get a hint.
    pub(crate) also: &'static [&'static str],
    /// Where the help lists it.
    pub(crate) task: Task,
    /// The page in the manual, from the top of the workspace.
    pub(crate) page: Option<&'static str>,
    /// The examples that `devkit --help` shows: whole lines, to be pasted.
    pub(crate) headlines: &'static [&'static str],
    /// Further examples, also those of the commands below this one.
    pub(crate) examples: &'static [&'static str],
    /// What is typed by mistake behind the name, and what it stands for.
    pub(crate) slips: &'static [Slip],
    /// Adds about, arguments and commands to a command of this name.
    pub(crate) arguments: fn(clap::Command) -> clap::Command,
    /// Does the work, and gives the exit code.
    pub(crate) run: fn(&Ui, &Host, &ArgMatches) -> anyhow::Result<u8>,
}

/// The parts of the help text, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    Network,
    Diagnose,
    Build,
    About,
}

/// Something that is typed by mistake, and what the command line has for it.
pub(crate) struct Slip {
    /// The command it is typed behind, below the recipe: `extract`; empty for the recipe itself.
    pub(crate) behind: &'static str,
    /// What is typed.
    pub(crate) typed: Typed,
    /// The arguments to be put in its place; `{}` stands for what was typed.
    pub(crate) meant: &'static str,
}

/// What a slip is known by.
pub(crate) enum Typed {
    /// A word of these: an option that another program has, a command that is none.
    Word(&'static [&'static str]),
    /// An argument in a place where none is taken, if it looks so.
    Operand(fn(&str) -> bool),
}

impl Task {
    pub(crate) const ALL: [Self; 4] = [Self::Network, Self::Diagnose, Self::Build, Self::About];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Network => "Network and Kubernetes",
            Self::Diagnose => "Diagnose",
            Self::Build => "Build and release",
            Self::About => "About devkit",
        }
    }
}

impl Recipe {
    /// The command for clap.
    pub(crate) fn command(&self) -> clap::Command {
        (self.arguments)(clap::Command::new(self.name))
    }

    /// The examples of this command, or of one below it: `kubecerts extract`.
    pub(crate) fn examples_of(&self, path: &str) -> impl Iterator<Item = &'static str> {
        let typed = format!("devkit {path}");
        let shows = move |line: &str| {
            let mut after = line.match_indices(&typed).map(|(at, _)| &line[at + typed.len()..]);
            after.any(|rest| rest.is_empty() || rest.starts_with([' ', '\'']))
        };
        let lines = self.headlines.iter().chain(self.examples).copied();
        lines.filter(move |line| shows(line))
    }
}

/// The entry of a name.
pub(crate) fn find(recipes: &'static [Recipe], name: &str) -> Option<&'static Recipe> {
    recipes.iter().find(|recipe| recipe.name == name)
}

/// The entry that a link of this name stands for.
pub(crate) fn of_link(recipes: &'static [Recipe], link: &str) -> Option<&'static Recipe> {
    recipes.iter().find(|recipe| recipe.links.contains(&link))
}

/// The entry of a word that people type for its name.
pub(crate) fn called_otherwise(recipes: &'static [Recipe], word: &str) -> Option<&'static Recipe> {
    recipes.iter().find(|it| it.also.contains(&word) || it.links.contains(&word))
}

/// All of them, by the parts of the help text.
pub(crate) fn by_task(recipes: &'static [Recipe]) -> impl Iterator<Item = &'static Recipe> {
    let of = move |task| recipes.iter().filter(move |recipe| recipe.task == task);
    Task::ALL.into_iter().flat_map(of)
}

/// A command's arguments, out of what clap has read.
pub(crate) fn read<A: clap::FromArgMatches>(matches: &ArgMatches) -> anyhow::Result<A> {
    Ok(A::from_arg_matches(matches)?)
}
