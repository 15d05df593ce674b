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
}

/// Tells an error on standard error and gives the exit code.
pub(crate) fn report(ui: &Ui, error: &anyhow::Error) -> u8 {
    let unforeseen = from_chain(error);
    let failure = error.downcast_ref::<Failure>().unwrap_or(&unforeseen);
    let text = if ui.json { json(failure) } else { text(ui, failure, error) };
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

fn json(failure: &Failure) -> String {
    let message = match &failure.cause {
        Some(cause) => format!("{}: {cause}", failure.message),
        None => failure.message.clone(),
    };
    let fields = Fields { code: failure.code, message, hint: failure.hint.as_deref() };
    let mut line = serde_json::to_string(&Document { error: fields })
        .expect("three strings always make a JSON document");
    line.push('\n');
    line
}

fn text(ui: &Ui, failure: &Failure, error: &anyhow::Error) -> String {
    let label = ui.paint(To::Err, &Style::new().red().bold(), "error:");
    let mut text = format!("{label} {} [{}]\n", failure.message, failure.code);
    let mut line = |label: &str, value: Option<&str>| {
        if let Some(value) = value {
            let label = ui.paint(To::Err, &Style::new().bold(), label);
            let _ = writeln!(text, "  {label}{value}");
        }
    };
    line("", failure.place.as_deref());
    line("cause: ", failure.cause.as_deref());
    line("hint:  ", failure.hint.as_deref());
    if ui.verbose > 0 {
        for beneath in error.chain().skip(1) {
            line("after: ", Some(&beneath.to_string()));
        }
    }
    text
}
