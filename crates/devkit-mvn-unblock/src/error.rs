//! The errors of a settings file, by what the user can do about them.

use crate::text::EncodingError;
use devkit_report::Position;

/// Why a settings file is not touched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes of the file are no text.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// The file is not well-formed, or holds what Maven refuses.
    #[error("{why}")]
    Malformed {
        /// Where.
        at: Position,
        /// How many characters the marker covers.
        width: usize,
        /// A fragment.
        why: String,
        /// Whether it is well-formed XML all the same, and Maven refuses what it says.
        well_formed: bool,
    },
    /// The file is something else than settings.
    #[error("{why}")]
    NotSettings {
        /// Where.
        at: Position,
        /// A fragment.
        why: String,
    },
    /// What may be there once is there twice.
    #[error("<{name}> appears twice (first on line {first})")]
    DuplicateSection {
        /// Where the second is.
        at: Position,
        /// The name of the element.
        name: String,
        /// The line of the first.
        first: usize,
    },
    /// No edit that devkit knows has the wanted effect.
    #[error("the mirror '{}' would still block", devkit_text::escape(mirror.as_bytes()))]
    StillBlocked {
        /// The mirror's id.
        mirror: String,
    },
}

impl Error {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Encoding(_) => "encoding",
            Self::Malformed { .. } => "malformed",
            Self::NotSettings { .. } => "not-settings",
            Self::DuplicateSection { .. } => "duplicate-section",
            Self::StillBlocked { .. } => "still-blocked",
        }
    }

    /// Where it is.
    #[must_use]
    pub fn at(&self) -> Option<Position> {
        match self {
            Self::Encoding(_) | Self::StillBlocked { .. } => None,
            Self::Malformed { at, .. }
            | Self::NotSettings { at, .. }
            | Self::DuplicateSection { at, .. } => Some(*at),
        }
    }
}
