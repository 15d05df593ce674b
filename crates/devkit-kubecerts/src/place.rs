//! Places: where in which file something stands.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use devkit_yaml::Mark;

use crate::secret::safe_file;

/// Line and column, both from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub struct Position {
    /// Line in the file.
    pub line: usize,
    /// Character in the line.
    pub column: usize,
}

/// A position in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file as it was named.
    pub file: Arc<Path>,
    /// Where in it.
    pub at: Position,
}

impl From<Mark> for Position {
    fn from(mark: Mark) -> Self {
        Self { line: mark.line, column: mark.column }
    }
}

impl Place {
    /// The place as findings have it.
    pub(crate) fn shown(&self) -> devkit_report::Place {
        self.into()
    }
}

impl From<&Place> for devkit_report::Place {
    fn from(place: &Place) -> Self {
        let at = devkit_report::Position { line: place.at.line, column: place.at.column };
        Self::new(safe_file(&place.file), at)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}
