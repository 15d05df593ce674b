//! Where something stands: the file, the line and column, and the bytes.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use crate::excerpt::Excerpt;

/// Line and column, both from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Hash, Serialize)]
pub struct Position {
    /// Line in the file.
    pub line: usize,
    /// Character in the line.
    pub column: usize,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file as it was named; `-` where that was standard input.
    pub file: Arc<Path>,
    /// Where in it; nothing if it is about the whole file.
    pub at: Option<Position>,
    /// Behind a pointer, because places are in errors, which should be small.
    seen: Option<Box<PlaceDetail>>,
}

/// What is known of the file at a place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct PlaceDetail {
    span: Option<Range<usize>>,
    excerpt: Option<Excerpt>,
}

impl Place {
    /// A file as a whole.
    #[must_use]
    pub fn file(file: impl Into<Arc<Path>>) -> Self {
        Self { file: file.into(), at: None, seen: None }
    }

    /// A position in a file.
    #[must_use]
    pub fn new(file: impl Into<Arc<Path>>, at: Position) -> Self {
        Self { at: Some(at), ..Self::file(file) }
    }

    /// Says which bytes are meant.
    #[must_use]
    pub fn spanning(mut self, span: Range<usize>) -> Self {
        self.seen.get_or_insert_default().span = Some(span);
        self
    }

    /// Adds its line: `text` is the whole file, and `width` the characters that are meant.
    #[must_use]
    pub fn seen_in(self, text: &str, width: usize) -> Self {
        let line = self.at.and_then(|at| Some((line_of(text, at.line)?, at.column)));
        match line {
            Some((line, column)) => self.with_excerpt(Excerpt::new(line, column, width)),
            None => self,
        }
    }

    /// Adds an excerpt.
    #[must_use]
    pub fn with_excerpt(mut self, excerpt: Excerpt) -> Self {
        self.seen.get_or_insert_default().excerpt = Some(excerpt);
        self
    }

    /// Bytes of the file, where they are known.
    #[must_use]
    pub fn span(&self) -> Option<&Range<usize>> {
        self.seen.as_ref()?.span.as_ref()
    }

    /// The line, unless it may hold a secret.
    #[must_use]
    pub fn excerpt(&self) -> Option<&Excerpt> {
        self.seen.as_ref()?.excerpt.as_ref()
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// The lines of a text, without their ends. A line ends with LF, CR LF or a single CR, and behind the last
/// end there is one more line, which is empty.
pub fn lines_of(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(['\n', '\r']) else {
            rest = None;
            return Some(text);
        };
        let length = if text[end..].starts_with("\r\n") { 2 } else { 1 };
        rest = Some(&text[end + length..]);
        Some(&text[..end])
    })
}

/// A line of a text by its number from 1, as [`lines_of`] gives it.
#[must_use]
pub fn line_of(text: &str, number: usize) -> Option<&str> {
    lines_of(text).nth(number.checked_sub(1)?)
}

/// Finds the positions of offsets in a text; fast when they come in order, however long a line is.
#[derive(Debug)]
pub struct Locator<'a> {
    text: &'a str,
    offset: usize,
    at: Position,
}

impl<'a> Locator<'a> {
    /// For a text.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text, offset: 0, at: Position { line: 1, column: 1 } }
    }

    /// The position of an offset. A line ends with LF, CR LF or a single CR.
    pub fn position(&mut self, offset: usize) -> Position {
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
