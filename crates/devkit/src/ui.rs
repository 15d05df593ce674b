//! The terminal: where text goes, whether it is coloured, and what `--quiet` leaves.

mod answer;
pub(crate) mod diff;
mod phrase;
mod table;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal, Write};
use std::sync::LazyLock;

use anyhow::Context as _;
use clap::ValueEnum;
use console::{Style, Term};
use devkit_report::PathNames;

pub(crate) use self::answer::{Answer, Documents};
pub(crate) use self::phrase::Phrase;
pub(crate) use self::table::{Fit, Table, column};
use crate::host::variables::Variables;

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal, unless the environment says otherwise.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How to talk to the user of this run.
#[derive(Debug)]
pub(crate) struct Ui {
    /// Results as JSON.
    json: bool,
    /// Errors only.
    quiet: bool,
    /// 0, or how many `-v` there were.
    pub(crate) verbose: u8,
    /// Whether the locale can show more than ASCII.
    pub(crate) unicode: bool,
    colour: [bool; 2],
    width: [Option<usize>; 2],
    paths: OnceCell<PathNames>,
}

/// Standard output, or standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    /// Standard output.
    Out = 0,
    /// Standard error.
    Err = 1,
}

impl Ui {
    /// What can be known from unparsed arguments, so that a usage error is told as asked.
    pub(crate) fn before_parsing(args: &[OsString], variables: &Variables) -> Self {
        let mut when =
            variables.text("DEVKIT_COLOR").and_then(|word| When::from_str(word, true).ok());
        let mut json = false;
        let mut args = args.iter().take_while(|arg| *arg != "--").peekable();
        while let Some(arg) = args.next() {
            let text = arg.to_string_lossy();
            json |= text == "--json";
            let value = match text.strip_prefix("--color") {
                Some("") => args.peek().map(|next| next.to_string_lossy().into_owned()),
                Some(rest) => rest.strip_prefix('=').map(str::to_owned),
                None => None,
            };
            when = value.and_then(|value| When::from_str(&value, true).ok()).or(when);
        }
        Self::new(json, false, 0, when.unwrap_or(When::Auto), variables)
    }

    /// The settings of this run.
    pub(crate) fn new(
        json: bool,
        quiet: bool,
        verbose: u8,
        when: When,
        variables: &Variables,
    ) -> Self {
        let colour = [
            coloured(when, io::stdout().is_terminal(), variables),
            coloured(when, io::stderr().is_terminal(), variables),
        ];
        let width = [columns(&Term::stdout()), columns(&Term::stderr())];
        let unicode = unicode_locale(variables);
        Self { json, quiet, verbose, unicode, colour, width, paths: OnceCell::new() }
    }

    /// Whether a program reads the results.
    pub(crate) fn is_for_programs(&self) -> bool {
        self.json
    }

    /// Whether only errors are wanted.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Columns of the terminal that a stream goes to; nothing where it goes elsewhere, and every line
    /// may be as long as it likes.
    pub(crate) fn width(&self, to: To) -> Option<usize> {
        self.width[to as usize]
    }

    /// Whether a stream is coloured.
    pub(crate) fn coloured(&self, to: To) -> bool {
        self.colour[to as usize]
    }

    /// Styles a text for a stream.
    pub(crate) fn paint(&self, to: To, style: &Style, text: &str) -> String {
        style.clone().force_styling(self.coloured(to)).apply_to(text).to_string()
    }

    /// How paths are told. The command says it with [`Ui::tell_paths`]; without that they are whole.
    pub(crate) fn paths(&self) -> &PathNames {
        static WHOLE: LazyLock<PathNames> = LazyLock::new(PathNames::default);
        self.paths.get().unwrap_or(&WHOLE)
    }

    /// Says once how paths are told.
    pub(crate) fn tell_paths(&self, paths: PathNames) {
        let _ = self.paths.set(paths);
    }

    /// Whether something is well.
    pub(crate) fn sign(&self, good: bool) -> Phrase {
        // No word that could be read together with the sentence behind it.
        let (sign, style) = match (good, self.unicode) {
            (true, true) => ("✓", Style::new().green()),
            (true, false) => ("ok", Style::new().green()),
            (false, true) => ("✗", Style::new().red()),
            (false, false) => ("x", Style::new().red()),
        };
        Phrase::styled(sign, style)
    }

    /// The sign for something that is well or not, for standard output.
    pub(crate) fn mark(&self, good: bool) -> String {
        self.sign(good).painted(self.coloured(To::Out))
    }

    /// A line, in as many lines as the terminal needs for it; those behind the first stand below its
    /// second word.
    pub(crate) fn paragraph(&self, to: To, phrase: &Phrase) -> String {
        let most = self.width(to).unwrap_or(usize::MAX);
        let mut text = String::new();
        for (at, line) in phrase.wrapped(most.saturating_sub(2)).iter().enumerate() {
            let indent = if at == 0 { "" } else { "  " };
            text.push_str(indent);
            text.push_str(&line.painted(self.coloured(to)));
            text.push('\n');
        }
        text
    }

    /// Writes text for people to standard output, whole.
    pub(crate) fn text(&self, text: &str) -> anyhow::Result<()> {
        bytes(self.in_letters_of_locale(text).as_bytes())
    }

    /// Writes text for people to standard error. There is nobody to tell if that fails.
    pub(crate) fn say(&self, text: &str) {
        message(&self.in_letters_of_locale(text));
    }

    fn in_letters_of_locale<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.unicode || text.is_ascii() { text.into() } else { in_ascii(text).into() }
    }
}

/// Writes to standard output, whole, what is to arrive byte for byte. A reader who has seen enough is
/// no error.
pub(crate) fn bytes(text: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    ignore_closed(out.write_all(text).and_then(|()| out.flush()))
        .context("cannot write to standard output")
}

/// Writes to standard error. There is nobody to tell if that fails.
pub(crate) fn message(text: &str) {
    let mut err = io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

/// For a shell, and for a terminal.
pub(crate) fn quoted(text: &str) -> String {
    devkit_report::quoted(text.as_ref())
}

fn ignore_closed(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// The typographic signs of our own texts, for a locale that has none. What comes from elsewhere keeps
/// its letters.
fn in_ascii(text: &str) -> String {
    let signs = [
        ("…", "..."),
        ("·", "-"),
        ("→", "->"),
        ("—", "-"),
        ("≥", ">="),
        ("↑", "up"),
        ("↓", "down"),
    ];
    signs.iter().fold(text.to_owned(), |text, (sign, plain)| text.replace(sign, plain))
}

/// The width of a terminal. One that does not say has the usual 80 columns.
fn columns(term: &Term) -> Option<usize> {
    let (_, columns) = term.is_term().then(|| term.size_checked().unwrap_or((24, 80)))?;
    Some(usize::from(columns).max(40))
}

/// The conventions of no-color.org and bixense.com/clicolors.
fn coloured(when: When, terminal: bool, variables: &Variables) -> bool {
    let is_set = |name: &str| variables.set(name).is_some();
    let is = |name: &str, value: &str| variables.get(name) == Some(OsStr::new(value));
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto if is_set("NO_COLOR") => false,
        When::Auto if is_set("CLICOLOR_FORCE") && !is("CLICOLOR_FORCE", "0") => true,
        When::Auto => terminal && !is("TERM", "dumb") && !is("CLICOLOR", "0"),
    }
}

/// The locale's character set, by the rule of setlocale(3): the first of these that is not empty.
fn unicode_locale(variables: &Variables) -> bool {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"];
    let locale = names.iter().find_map(|name| variables.set(name));
    locale.is_some_and(|locale| {
        let locale = locale.to_string_lossy().to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}
