//! Bytes become text, as each program decodes them, and places in the text places in the file.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::dialect::Dialect;
use crate::error::{YamlError, syntax};
use crate::mend::{Mend, Mended};
use crate::node::Mark;

/// Which bytes are text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decoding {
    /// go-yaml: UTF-8, or UTF-16 with a byte order mark; anything else is an error.
    Strict,
    /// .NET's `StreamReader`: UTF-32 too.
    StrictWithUtf32,
    /// `kubectl -f FILE`: the same encodings as go-yaml, but what is none becomes U+FFFD
    /// (k8s.io/cli-runtime, `FileVisitor`).
    Lossy,
}

/// A decoded file.
pub(crate) struct SourceText {
    pub(crate) text: Zeroizing<String>,
    runs: Runs,
    /// How many bytes the file has.
    len: usize,
}

impl SourceText {
    /// # Errors
    ///
    /// [`YamlError::Syntax`] at the first byte that is no text.
    pub(crate) fn read(bytes: &[u8], decoding: Decoding) -> Result<Self, YamlError> {
        let mut reading = Reading { text: String::new(), runs: Runs::default(), lossy: false };
        reading.lossy = decoding == Decoding::Lossy;
        let utf32 = decoding == Decoding::StrictWithUtf32;
        let whole = match bytes {
            [0xff, 0xfe, 0, 0, rest @ ..] if utf32 => reading.utf32(rest, u32::from_le_bytes),
            [0, 0, 0xfe, 0xff, rest @ ..] if utf32 => reading.utf32(rest, u32::from_be_bytes),
            [0xff, 0xfe, rest @ ..] => reading.utf16(rest, u16::from_le_bytes),
            [0xfe, 0xff, rest @ ..] => reading.utf16(rest, u16::from_be_bytes),
            [0xef, 0xbb, 0xbf, rest @ ..] => reading.utf8(rest, 3),
            _ => reading.utf8(bytes, 0),
        };
        let (text, runs) = (Zeroizing::new(reading.text), reading.runs);
        let source = Self { text, runs, len: bytes.len() };
        if whole {
            return Ok(source);
        }
        let end = source.mark_at(source.text.len());
        Err(syntax(end, "it is neither UTF-8 nor UTF-16 from here on"))
    }

    /// Where in the file a byte of the text comes from.
    pub(crate) fn origin(&self, at: usize) -> usize {
        // kubectl ends a last line that has no end.
        self.runs.origin(at).min(self.len)
    }

    /// The place of a byte of the text. Slow: for errors.
    pub(crate) fn mark_at(&self, at: usize) -> Mark {
        let before = &self.text[..at];
        let last = before.rsplit('\n').next().unwrap_or_default();
        Mark {
            offset: self.origin(at),
            line: before.matches('\n').count() + 1,
            column: last.chars().count() + 1,
        }
    }
}

/// Decodes until the first fault, or all of it.
struct Reading {
    text: String,
    runs: Runs,
    lossy: bool,
}

impl Reading {
    fn utf8(&mut self, bytes: &[u8], from: usize) -> bool {
        self.text.reserve_exact(bytes.len());
        self.runs.start(from);
        for chunk in bytes.utf8_chunks() {
            let valid = chunk.valid();
            self.text.push_str(valid);
            self.runs.push(valid.len(), 1, 1);
            if chunk.invalid().is_empty() {
                continue;
            }
            if !self.lossy {
                return false;
            }
            self.push(char::REPLACEMENT_CHARACTER, chunk.invalid().len());
        }
        true
    }

    fn utf16(&mut self, bytes: &[u8], unit: fn([u8; 2]) -> u16) -> bool {
        self.text.reserve_exact(bytes.len() / 2 * 3);
        self.runs.start(2);
        let (pairs, odd) = bytes.as_chunks::<2>();
        for decoded in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
            match decoded {
                Ok(c) => self.push(c, c.len_utf16() * 2),
                Err(_) if self.lossy => self.push(char::REPLACEMENT_CHARACTER, 2),
                Err(_) => return false,
            }
        }
        if self.lossy && !odd.is_empty() {
            self.push(char::REPLACEMENT_CHARACTER, 1);
        }
        self.lossy || odd.is_empty()
    }

    fn utf32(&mut self, bytes: &[u8], unit: fn([u8; 4]) -> u32) -> bool {
        self.text.reserve_exact(bytes.len());
        self.runs.start(4);
        let (fours, odd) = bytes.as_chunks::<4>();
        for four in fours {
            let Some(c) = char::from_u32(unit(*four)) else { return false };
            self.push(c, 4);
        }
        odd.is_empty()
    }

    fn push(&mut self, c: char, width: usize) {
        self.text.push(c);
        self.runs.push(1, c.len_utf8(), width);
    }
}

/// From bytes of a text to bytes of what it was made from: runs of characters that are equally long
/// in both.
#[derive(Default)]
struct Runs(Vec<Stretch>);

struct Stretch {
    to: usize,
    from: usize,
    count: usize,
    to_width: usize,
    from_width: usize,
}

impl Runs {
    /// Where the first character comes from.
    fn start(&mut self, from: usize) {
        self.0.push(Stretch { to: 0, from, count: 0, to_width: 1, from_width: 1 });
    }

    /// Adds characters of one kind.
    fn push(&mut self, count: usize, to_width: usize, from_width: usize) {
        let Some(last) = self.0.last_mut() else { return };
        if (last.to_width, last.from_width) == (to_width, from_width) {
            last.count += count;
            return;
        }
        let to = last.to + last.count * last.to_width;
        let from = last.from + last.count * last.from_width;
        self.0.push(Stretch { to, from, count, to_width, from_width });
    }

    /// Where a byte of the text comes from.
    fn origin(&self, at: usize) -> usize {
        let run = self.0.partition_point(|run| run.to <= at);
        let Some(run) = run.checked_sub(1).and_then(|run| self.0.get(run)) else { return at };
        run.from + (at - run.to) / run.to_width * run.from_width
    }
}

/// A part of a text that is parsed by itself: all of it, or what kubectl takes for a document.
pub(crate) struct Piece<'s> {
    source: &'s SourceText,
    /// What is parsed: without a byte order mark, and with one kind of line break.
    pub(crate) text: Zeroizing<String>,
    /// Where it had U+2028 or U+2029 (`true`), which are `\n` in it.
    kept_breaks: Vec<(usize, bool)>,
    /// What was changed in it for the parser.
    pub(crate) mended: Mended,
    runs: Runs,
    line: usize,
    column: usize,
}

impl<'s> Piece<'s> {
    /// A part of a text, which begins at a line and a column.
    ///
    /// # Errors
    ///
    /// [`YamlError::Syntax`] for a character that the program reads nowhere.
    pub(crate) fn new(
        source: &'s SourceText,
        range: Range<usize>,
        (line, column): (usize, usize),
    ) -> Result<Self, YamlError> {
        let start = range.start;
        let text = &source.text[range];
        let marked = text.strip_prefix('\u{feff}');
        let skipped = text.len() - marked.unwrap_or(text).len();
        let text = marked.unwrap_or(text);
        let (mut runs, mended, mut kept_breaks) = (Runs::default(), Mended::default(), Vec::new());
        runs.start(start + skipped);
        // Most files are plain ASCII, and large.
        if text.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t' | b'\n' | b'\r')) {
            let mut plain = Zeroizing::new(String::with_capacity(text.len() + 1));
            plain.push_str(text);
            return Ok(Self { source, text: plain, kept_breaks, mended, runs, line, column });
        }
        if let Some(at) = text.find(is_refused) {
            let at = source.mark_at(start + skipped + at);
            return Err(syntax(at, "a control character stands there"));
        }
        // YAML 1.1 knows three more line breaks (section 4.1), of which 1.2 made plain characters.
        let mut plain = Zeroizing::new(String::with_capacity(text.len() + 1));
        for c in text.chars() {
            let c_or_break = if matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}') { '\n' } else { c };
            if matches!(c, '\u{2028}' | '\u{2029}') {
                kept_breaks.push((plain.len(), c == '\u{2029}'));
            }
            plain.push(c_or_break);
            // Bytes of one character are looked up one by one.
            let whole = c_or_break == c;
            let (count, to, from) = if whole { (c.len_utf8(), 1, 1) } else { (1, 1, c.len_utf8()) };
            runs.push(count, to, from);
        }
        Ok(Self { source, text: plain, kept_breaks, mended, runs, line, column })
    }

    /// What kubectl takes for a document, of which it ends the last line.
    ///
    /// # Errors
    ///
    /// The same as [`Piece::new`].
    pub(crate) fn of_chunk(
        source: &'s SourceText,
        range: Range<usize>,
        place: (usize, usize),
    ) -> Result<Self, YamlError> {
        let mut piece = Self::new(source, range, place)?;
        if !piece.text.ends_with('\n') {
            piece.text.push('\n');
        }
        Ok(piece)
    }

    /// A part of the text with the line breaks that it had; nothing where they are the same.
    pub(crate) fn with_kept_breaks(&self, range: Range<usize>) -> Option<Zeroizing<String>> {
        let first = self.kept_breaks.partition_point(|(at, _)| *at < range.start);
        let within = self.kept_breaks[first..].iter().take_while(|(at, _)| *at < range.end);
        let part = self.text.get(range.clone())?;
        let mut text = Zeroizing::new(String::with_capacity(part.len() * 3));
        let mut from = 0;
        for (at, paragraph) in within {
            text.push_str(part.get(from..at - range.start)?);
            text.push(if *paragraph { '\u{2029}' } else { '\u{2028}' });
            from = at - range.start + 1;
        }
        text.push_str(&part[from..]);
        (from > 0).then_some(text)
    }

    /// Changes the text so that the parser takes it, if that is possible.
    pub(crate) fn mend(&mut self, mend: Mend, dialect: Dialect) -> bool {
        self.mended.mend(&mut self.text, mend, dialect)
    }

    /// The place in the file of a byte of the text. Slow: for errors.
    pub(crate) fn mark_of(&self, at: usize) -> Mark {
        let before = &self.text[..at];
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        self.mark(at, before.matches('\n').count() + 1, column)
    }

    /// The place in the file of a byte of the text, of which the parser has counted line and column.
    pub(crate) fn mark(&self, at: usize, line: usize, column: usize) -> Mark {
        let column = if line == 1 { column + self.column - 1 } else { column };
        let offset = self.source.origin(self.runs.origin(at));
        Mark { offset, line: line + self.line - 1, column }
    }
}

/// Characters that no file may have (YAML 1.1, section 5.1). go-yaml 4 takes the controls beyond
/// ASCII, as YAML 1.2 does; the parser does not.
fn is_refused(c: char) -> bool {
    let control = c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
    control || matches!(c, '\u{fffe}' | '\u{ffff}')
}
