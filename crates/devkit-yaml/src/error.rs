//! Why a text is none that the program would read.

use crate::node::Mark;

/// Why a file is no YAML that its program would read. Never holds a value of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum YamlError {
    /// The text breaks a rule of the syntax, or a value one of its type.
    #[error("{why}")]
    Syntax {
        /// Where.
        at: Mark,
        /// The rule, as a fragment.
        why: String,
    },
    /// Aliases make so much of a small file that the program gives up.
    #[error("excessive aliasing")]
    AliasBomb {
        /// The alias, or the value behind it, that was one too many.
        at: Mark,
    },
    /// A mapping has a key twice, and the program takes neither.
    #[error("a key stands twice in one mapping, first on line {}", first.line)]
    DuplicateKey {
        /// The second of the two.
        at: Mark,
        /// The first of the two.
        first: Mark,
    },
}

impl YamlError {
    /// Where the text is wrong.
    #[must_use]
    pub fn at(&self) -> Mark {
        match self {
            Self::Syntax { at, .. } | Self::AliasBomb { at } | Self::DuplicateKey { at, .. } => *at,
        }
    }
}

/// A rule of the syntax that is broken at a place.
pub(crate) fn syntax(at: Mark, why: impl Into<String>) -> YamlError {
    YamlError::Syntax { at, why: why.into() }
}
