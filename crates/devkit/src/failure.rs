//! The only place where an error becomes text, a code and an exit code.

use std::error::Error;
use std::fmt::{self, Write as _};

use console::Style;
use serde::Serialize;

use crate::exit;
use crate::ui::{self, To, Ui};

/// Something that could not be done, in the user's terms.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Stable and kebab-case.
    pub(crate) code: &'static str,
    /// What could not be done.
    pub(crate) message: String,
    /// File and line, address or command.
    pub(crate) place: Option<String>,
    /// The system's or the other side's own words.
    pub(crate) cause: Option<String>,
    /// One thing to do next.
    pub(crate) hint: Option<String>,
    /// What lies beneath, for `-v`.
    pub(crate) source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), place: None, cause: None, hint: None, source: None }
    }

    pub(crate) fn because(self, cause: impl Into<String>) -> Self {
        Self { cause: Some(cause.into()), ..self }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Tells several errors that were found together, and gives the exit code. With `--json` the first
/// stands for all, and the others are in a list.
///
/// `problems`: each of them, as a program gets it.
pub(crate) fn report_all(ui: &Ui, failures: &[Failure], problems: Vec<serde_json::Value>) -> u8 {
    if let (true, Some(first)) = (ui.json, failures.first()) {
        ui::message(&line(&Document { error: Fields { problems, ..Fields::of(first) } }));
    } else {
        for failure in failures {
            ui::message(&text(ui, failure, &[]));
        }
    }
    exit::TROUBLE
}

/// The error as `--json` tells it.
#[derive(Serialize)]
struct Document<'a> {
    error: Fields<'a>,
}

#[derive(Serialize)]
struct Fields<'a> {
    code: &'a str,
    message: String,
    hint: Option<&'a str>,
    /// All that were found, where a command looks for more than one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<serde_json::Value>,
}

impl<'a> Fields<'a> {
    fn of(failure: &'a Failure) -> Self {
        let message = match &failure.cause {
            Some(cause) => format!("{}: {cause}", failure.message),
            None => failure.message.clone(),
        };
        let hint = failure.hint.as_deref();
        Self { code: failure.code, message, hint, problems: Vec::new() }
    }
}

/// Tells an error on standard error and gives the exit code.
pub(crate) fn report(ui: &Ui, error: &anyhow::Error) -> u8 {
    let unforeseen = from_chain(error);
    let failure = error.downcast_ref::<Failure>().unwrap_or(&unforeseen);
    let beneath: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
    let text = if ui.json {
        line(&Document { error: Fields::of(failure) })
    } else {
        text(ui, failure, &beneath)
    };
    ui::message(&text);
    exit::TROUBLE
}

/// An error without a recipe of its own: its context says what, its root says why.
fn from_chain(error: &anyhow::Error) -> Failure {
    let failure = Failure::new("io", error.to_string());
    match error.root_cause().downcast_ref::<std::io::Error>() {
        Some(root) => failure.because(devkit_text::words(root)),
        None => failure,
    }
}

fn line(document: &Document) -> String {
    let mut line = serde_json::to_string(document).expect("strings always make a JSON document");
    line.push('\n');
    line
}

fn text(ui: &Ui, failure: &Failure, beneath: &[String]) -> String {
    let label = ui.paint(To::Err, &Style::new().red().bold(), "error:");
    let mut text = format!("{label} {} [{}]\n", failure.message, failure.code);
    let mut line = |label: &str, value: Option<&str>| {
        if let Some(value) = value {
            let value = if label.is_empty() {
                value.to_owned()
            } else {
                // Further lines stand below the first.
                value.replace('\n', "\n         ")
            };
            let label = ui.paint(To::Err, &Style::new().bold(), label);
            let _ = writeln!(text, "  {label}{value}");
        }
    };
    line("", failure.place.as_deref());
    line("cause: ", failure.cause.as_deref());
    line("hint:  ", failure.hint.as_deref());
    if ui.verbose > 0 {
        for beneath in beneath {
            line("after: ", Some(beneath));
        }
    }
    text
}
