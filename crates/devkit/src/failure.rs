//! The only place where an error becomes text, a code and an exit code.

#[cfg(test)]
pub(crate) mod tests;

use std::error::Error;
use std::fmt::{self, Write as _};

use devkit_report::{Finding, Fragment, Message, Place, to_json};
use serde::Serialize;

use crate::exit;
use crate::findings;
use crate::ui::{self, To, Ui};

/// Something that could not be done, in the user's terms.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What could not be done, where, why, and what to do next.
    pub(crate) finding: Finding,
    /// What is to be seen before it is told, such as a diff.
    pub(crate) shown: Option<String>,
    /// What lies beneath, for `-v`.
    pub(crate) source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    pub(crate) fn new(code: &'static str, message: impl Into<Message>) -> Self {
        Finding::error(code, message).into()
    }

    pub(crate) fn because(self, cause: impl Into<Message>) -> Self {
        Self { finding: self.finding.because(cause), ..self }
    }

    pub(crate) fn hint(self, hint: impl Into<Message>) -> Self {
        Self { finding: self.finding.hint(hint), ..self }
    }

    pub(crate) fn at(self, place: impl Into<Option<Place>>) -> Self {
        Self { finding: self.finding.at(place), ..self }
    }

    /// What is to be read beside the place.
    pub(crate) fn labelled(self, label: impl Into<Message>) -> Self {
        Self { finding: self.finding.labelled(label), ..self }
    }

    /// What is to be seen before it is told.
    pub(crate) fn showing(self, text: String) -> Self {
        Self { shown: Some(text), ..self }
    }

    /// Changes the words for what could not be done.
    pub(crate) fn renamed(self, code: &'static str, message: impl Into<Message>) -> Self {
        let finding = Finding { code: code.into(), message: message.into(), ..self.finding };
        Self { finding, ..self }
    }
}

impl From<Finding> for Failure {
    fn from(finding: Finding) -> Self {
        Self { finding, shown: None, source: None }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.finding.message.fmt(f)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Refuses `--json` where standard output is somebody else's.
///
/// # Errors
///
/// With `--json`.
pub(crate) fn refuse_json(ui: &Ui, why: &'static str, hint: &'static str) -> anyhow::Result<()> {
    if ui.is_for_programs() { Err(Failure::new("usage", why).hint(hint).into()) } else { Ok(()) }
}

/// Tells several errors that were found together, and gives the exit code. With `--json` the first
/// stands for all, and the others are in a list.
///
/// `problems`: each of them, as a program gets it.
pub(crate) fn report_all(ui: &Ui, failures: &[Failure], problems: Vec<serde_json::Value>) -> u8 {
    if let (true, Some(first)) = (ui.is_for_programs(), failures.first()) {
        ui.say(&line(&ErrorDocument { error: ErrorFields { problems, ..ErrorFields::of(first) } }));
    } else {
        for failure in failures {
            ui.say(&text(ui, failure, &[]));
        }
    }
    exit::TROUBLE
}

/// The error as `--json` tells it.
#[derive(Serialize)]
struct ErrorDocument<'a> {
    error: ErrorFields<'a>,
}

#[derive(Serialize)]
struct ErrorFields<'a> {
    code: &'a str,
    message: String,
    hint: Option<&'a Message>,
    /// All that were found, where a command looks for more than one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<serde_json::Value>,
}

impl<'a> ErrorFields<'a> {
    fn of(failure: &'a Failure) -> Self {
        let Finding { code, message, cause, label, place, hint, .. } = &failure.finding;
        // For a program all of it is in the message.
        let mut whole = message.to_string();
        if let (Some(label), None) = (label, cause) {
            let at = place.as_ref().map_or_else(String::new, |place| located(message, place));
            let _ = write!(whole, ": {at}{label}");
        }
        if let Some(cause) = cause {
            let _ = write!(whole, ": {cause}");
        }
        Self { code, message: whole, hint: hint.as_ref(), problems: Vec::new() }
    }
}

/// Where it is, behind a message that may name the file already.
fn located(message: &Message, place: &Place) -> String {
    let is_named =
        |piece: &Fragment| matches!(piece, Fragment::Path(path) if **path == *place.file);
    match place.at {
        Some(at) if message.pieces().iter().any(is_named) => {
            format!("line {}, column {}: ", at.line, at.column)
        }
        Some(at) => format!("{}:{at}: ", Message::from(&*place.file)),
        None => String::new(),
    }
}

/// Tells an error on standard error and gives the exit code.
pub(crate) fn report(ui: &Ui, error: &anyhow::Error) -> u8 {
    let unforeseen = from_chain(error);
    let failure = error.downcast_ref::<Failure>().unwrap_or(&unforeseen);
    let beneath: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
    if ui.is_for_programs() {
        ui.say(&line(&ErrorDocument { error: ErrorFields::of(failure) }));
        return exit::TROUBLE;
    }
    // What stands in a file keeps its letters in every locale.
    ui::message(failure.shown.as_deref().unwrap_or_default());
    ui.say(&text(ui, failure, &beneath));
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

fn line(document: &ErrorDocument) -> String {
    let mut line = to_json(document).expect("texts always make a JSON document");
    line.push('\n');
    line
}

fn text(ui: &Ui, failure: &Failure, beneath: &[String]) -> String {
    findings::with_writer(ui, To::Err, |writer| {
        let mut text = writer.whole(&failure.finding);
        if ui.verbose > 0 {
            for beneath in beneath {
                writer.labelled(&mut text, "after: ", Some(&beneath.into()));
            }
        }
        text
    })
}
