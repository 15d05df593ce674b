//! Findings for people: a line each, or with the place and the line that is meant.

use std::fmt::Write as _;

use crate::finding::{Finding, Severity};
use crate::message::Message;
use crate::paths::PathNames;
use crate::place::Place;

/// Columns of an excerpt where nobody knows how wide the screen is.
const COLUMNS: usize = 120;

/// What a part of the text is, so that the binary can colour it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Emphasis {
    /// `error:`, `warning:`, `note:`, and the marker below a line.
    Severity(Severity),
    /// `cause:` and `hint:`.
    Label,
    /// File, line and column.
    Place,
    /// The number of a line, and the bar beside it.
    Margin,
}

/// Writes findings for people.
pub struct TextWriter<'a> {
    /// How paths are told.
    pub paths: &'a PathNames,
    /// How wide the screen is, if that is known.
    pub columns: Option<usize>,
    /// Whether the reader's locale has more than ASCII. Else a cut is told by a sign of one column, so
    /// that the marker stands where it should.
    pub unicode: bool,
    /// Colours a text.
    pub paint: &'a dyn Fn(Emphasis, &str) -> String,
}

impl TextWriter<'_> {
    /// A finding in one line: `warning: FILE:2:1: MESSAGE; HINT [code]`.
    #[must_use]
    pub fn line(&self, finding: &Finding) -> String {
        let mut text = self.head(finding.severity);
        if let Some(place) = &finding.place
            && place.at.is_some()
        {
            let _ = write!(text, "{}: ", (self.paint)(Emphasis::Place, &self.place(place)));
        }
        let parts = [Some(&finding.message), finding.cause.as_ref(), finding.hint.as_ref()];
        let parts: Vec<String> =
            parts.into_iter().flatten().map(|part| self.message(part)).collect();
        let _ = writeln!(text, "{} [{}]", parts.join("; ").replace('\n', " "), self.code(finding));
        text
    }

    /// A finding as compilers tell it: `FILE:2:1: MESSAGE`.
    #[must_use]
    pub fn sentence(&self, finding: &Finding) -> String {
        let message = self.message(&finding.message).replace('\n', " ");
        match &finding.place {
            Some(place) => {
                let place = (self.paint)(Emphasis::Place, &self.place(place));
                format!("{place}: {message}\n")
            }
            None => message + "\n",
        }
    }

    /// The line that a finding is about, with the marker; nothing where it is not to be shown.
    #[must_use]
    pub fn line_of(&self, finding: &Finding) -> String {
        let mut text = String::new();
        if let Some(place) = &finding.place {
            self.excerpt(&mut text, place, "", finding.severity);
        }
        text
    }

    /// A finding with its place, the line there, its cause and what to do next.
    #[must_use]
    pub fn whole(&self, finding: &Finding) -> String {
        let mut text = self.head(finding.severity);
        let _ = writeln!(text, "{} [{}]", self.message(&finding.message), self.code(finding));
        if let Some(place) = &finding.place {
            self.placed(&mut text, place, finding.label.as_ref(), finding.severity);
        }
        for related in &finding.related {
            self.placed(&mut text, &related.place, Some(&related.message), Severity::Note);
        }
        self.labelled(&mut text, "cause: ", finding.cause.as_ref());
        self.labelled(&mut text, "hint:  ", finding.hint.as_ref());
        text
    }

    /// `cause: …`, further lines below the first.
    pub fn labelled(&self, text: &mut String, label: &str, message: Option<&Message>) {
        if let Some(message) = message {
            let label = (self.paint)(Emphasis::Label, label);
            let message = self.message(message).replace('\n', "\n         ");
            let _ = writeln!(text, "  {label}{message}");
        }
    }

    /// File, line and column.
    #[must_use]
    pub fn place(&self, place: &Place) -> String {
        let file = self.paths.show(&place.file);
        match place.at {
            Some(at) => format!("{file}:{at}"),
            None => file,
        }
    }

    /// A message as people see it.
    #[must_use]
    pub fn message(&self, message: &Message) -> String {
        message.shown(self.paths)
    }

    fn head(&self, severity: Severity) -> String {
        let label = format!("{}:", severity.name());
        format!("{} ", (self.paint)(Emphasis::Severity(severity), &label))
    }

    fn code(&self, finding: &Finding) -> String {
        self.message(&Message::from(&*finding.code))
    }

    /// The place, with its line if there is one, else with the words beside it.
    fn placed(&self, text: &mut String, place: &Place, label: Option<&Message>, as_: Severity) {
        let shown = (self.paint)(Emphasis::Place, &self.place(place));
        let label = label.map(|label| self.message(label)).unwrap_or_default();
        if place.excerpt().is_none() || place.at.is_none() {
            let between = if label.is_empty() { "" } else { ": " };
            let _ = writeln!(text, "  {shown}{between}{label}");
            return;
        }
        let _ = writeln!(text, "  {shown}");
        self.excerpt(text, place, &label, as_);
    }

    /// The line of a place, with the marker and the words beside it.
    fn excerpt(&self, text: &mut String, place: &Place, label: &str, as_: Severity) {
        let (Some(excerpt), Some(at)) = (place.excerpt(), place.at) else { return };
        let number = at.line.to_string();
        let blank = " ".repeat(number.len());
        let drawn = excerpt.drawn(self.columns.unwrap_or(COLUMNS).saturating_sub(number.len() + 3));
        let margin = |number: &str| (self.paint)(Emphasis::Margin, &format!("{number} |"));
        let marker = (self.paint)(Emphasis::Severity(as_), &drawn.marker);
        let below = format!("{}{marker} {label}", " ".repeat(drawn.indent));
        let _ = writeln!(text, "{}", margin(&blank));
        let line = if self.unicode { drawn.line } else { drawn.line.replace('…', "~") };
        let _ = writeln!(text, "{} {line}", margin(&number));
        let _ = writeln!(text, "{} {}", margin(&blank), below.trim_end());
    }
}
