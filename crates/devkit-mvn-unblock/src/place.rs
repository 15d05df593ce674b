//! Positions: where in a file something stands.

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
        let between = &bytes[self.offset..offset];
        if between.contains(&b'\r') {
            for at in self.offset..offset {
                match bytes[at] {
                    b'\n' => self.new_line(),
                    b'\r' if bytes.get(at + 1) != Some(&b'\n') => self.new_line(),
                    byte => self.at.column += usize::from(begins_character(byte)),
                }
            }
        } else {
            // Long stretches are counted many bytes at a time.
            let last_line = between.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1);
            if let Some(start) = last_line {
                let is_end = |byte: &u8| usize::from(*byte == b'\n');
                let lines: usize = between[..start].iter().map(is_end).sum();
                self.at = Position { line: self.at.line + lines, column: 1 };
            }
            let in_line = &between[last_line.unwrap_or(0)..];
            self.at.column += in_line.iter().filter(|byte| begins_character(**byte)).count();
        }
        self.offset = offset;
        self.at
    }

    fn new_line(&mut self) {
        self.at = Position { line: self.at.line + 1, column: 1 };
    }
}

/// Whether a byte of UTF-8 is the first of a character.
fn begins_character(byte: u8) -> bool {
    !matches!(byte, 0x80..=0xbf)
}

#[cfg(test)]
mod tests {
    use super::{Locator, Position};

    #[test]
    fn positions_are_the_same_in_one_step_and_in_many() {
        for text in ["a\nbc\nd", "a\r\nb\rc\n\r", "äöü\n漢字x", "\n\n\n", "\r\r\n\n", "one line"]
        {
            let mut steps = Locator::new(text);
            for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
                // Between CR and LF no line has ended yet.
                let (before, cr) = match text[..offset].strip_suffix('\r') {
                    Some(before) if text[offset..].starts_with('\n') => (before, 1),
                    _ => (&text[..offset], 0),
                };
                let plain = before.replace("\r\n", "\n").replace('\r', "\n");
                let line = plain.rsplit('\n').next().unwrap_or_default().chars().count();
                let column = 1 + line + cr;
                let expected = Position { line: 1 + plain.matches('\n').count(), column };
                assert_eq!(Locator::new(text).position(offset), expected, "{text:?} {offset}");
                assert_eq!(steps.position(offset), expected, "{text:?} {offset}");
            }
        }
    }
}
