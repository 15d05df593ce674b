//! A finding: something that a user should know, or that keeps a thing from being done.

use std::borrow::Cow;
use std::ops::Deref;

use crate::message::Message;
use crate::place::Place;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Something that may be known well, and by which nothing fails.
    Note,
    /// Something to look at, which does not decide alone.
    Warning,
    /// The answer is no because of it, or nothing was done.
    Error,
}

impl Severity {
    /// The word for it: `error`, `warning`, `note`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable and kebab-case, or the name of a rule.
    pub code: Cow<'static, str>,
    /// How grave it is.
    pub severity: Severity,
    /// Where it stands, if it stands in a file.
    pub place: Option<Place>,
    /// What it is: a fragment, without a full stop.
    pub message: Message,
    /// What is wrong with what stands at the place, to be read beside it.
    pub label: Option<Message>,
    /// Why, where the place does not tell: the system's words, or another program's.
    pub cause: Option<Message>,
    /// What to do next.
    pub hint: Option<Message>,
    /// More places that have to do with it.
    pub related: Vec<Related>,
}

/// Another place that a finding has to do with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// Where.
    pub place: Place,
    /// What is there.
    pub message: Message,
}

impl Finding {
    /// A finding without a place yet.
    #[must_use]
    pub fn new(
        code: impl Into<Cow<'static, str>>,
        severity: Severity,
        message: impl Into<Message>,
    ) -> Self {
        Self {
            code: code.into(),
            severity,
            place: None,
            message: message.into(),
            label: None,
            cause: None,
            hint: None,
            related: Vec::new(),
        }
    }

    /// An error.
    #[must_use]
    pub fn error(code: impl Into<Cow<'static, str>>, message: impl Into<Message>) -> Self {
        Self::new(code, Severity::Error, message)
    }

    /// A warning.
    #[must_use]
    pub fn warning(code: impl Into<Cow<'static, str>>, message: impl Into<Message>) -> Self {
        Self::new(code, Severity::Warning, message)
    }

    /// Says where it is.
    #[must_use]
    pub fn at(self, place: impl Into<Option<Place>>) -> Self {
        Self { place: place.into(), ..self }
    }

    /// Puts words beside the place.
    #[must_use]
    pub fn labelled(self, label: impl Into<Message>) -> Self {
        Self { label: Some(label.into()), ..self }
    }

    /// Says why.
    #[must_use]
    pub fn because(self, cause: impl Into<Message>) -> Self {
        Self { cause: Some(cause.into()), ..self }
    }

    /// Says what to do next.
    #[must_use]
    pub fn hint(self, hint: impl Into<Message>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Adds another place that has to do with it.
    #[must_use]
    pub fn related(mut self, place: Place, message: impl Into<Message>) -> Self {
        self.related.push(Related { place, message: message.into() });
        self
    }

    /// Adds facts that only one recipe knows.
    #[must_use]
    pub fn with<D>(self, detail: D) -> Detailed<D> {
        Detailed { finding: self, detail }
    }
}

/// A finding with facts that only one recipe knows. In JSON they stand beside the finding's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detailed<D> {
    /// What every writer shows.
    pub finding: Finding,
    /// The facts.
    pub detail: D,
}

impl<D> Deref for Detailed<D> {
    type Target = Finding;

    fn deref(&self) -> &Finding {
        &self.finding
    }
}
