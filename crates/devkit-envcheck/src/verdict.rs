//! The verdict of a context: what becomes of a name there.

use serde::Serialize;

/// What becomes of a name in one context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The child sees exactly this name and value.
    Ok,
    /// Right name, other value.
    Changed,
    /// Another name is set.
    Mangled,
    /// Silently absent, or ignored with a warning while the rest goes on.
    Dropped,
    /// An error is shown.
    Rejected,
}

impl Verdict {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Changed => "changed",
            Self::Mangled => "mangled",
            Self::Dropped => "dropped",
            Self::Rejected => "rejected",
        }
    }
}
