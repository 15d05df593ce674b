//! Where in which file something stands.

use std::fmt;

use serde::Serialize;

/// Line and column, both from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// Line in the file.
    pub line: usize,
    /// Character in the line.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Finds the positions of offsets in a text; fast when they come in order, however long a line is.
#[derive(Debug)]
pub(crate) struct Locator<'a> {
    text: &'a str,
    offset: usize,
    at: Position,
}

impl<'a> Locator<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, offset: 0, at: Position { line: 1, column: 1 } }
    }

    /// The position of an offset. A line ends with LF, CR LF or a single CR.
    pub(crate) fn position(&mut self, offset: usize) -> Position {
        if offset < self.offset {
            *self = Self::new(self.text);
        }
        let bytes = self.text.as_bytes();
        for at in self.offset..offset {
            match bytes[at] {
                b'\n' => self.new_line(),
                b'\r' if bytes.get(at + 1) != Some(&b'\n') => self.new_line(),
                // Not the first byte of a character.
                0x80..=0xbf => {}
                _ => self.at.column += 1,
            }
        }
        self.offset = offset;
        self.at
    }

    fn new_line(&mut self) {
        self.at = Position { line: self.at.line + 1, column: 1 };
    }
}
