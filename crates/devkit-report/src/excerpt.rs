//! A line of a file, with a marker under what is wrong in it.

use devkit_text::escape;
use unicode_width::UnicodeWidthStr as _;

/// Characters that are kept on each side of a place: no terminal shows more, and a file may be one line
/// of megabytes.
const KEPT: usize = 200;
/// Columns that an excerpt takes at least, however narrow the terminal is.
const LEAST: usize = 20;
/// Columns that a tab takes. Both lines of an excerpt have it the same way, so that the marker fits.
const TAB: &str = "    ";

/// A line around a place, cut in three: what stands before it, what is meant, and the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    before: String,
    marked: String,
    after: String,
    /// How many characters are meant, also of those that are cut away.
    characters: usize,
    /// Whether something is cut away at the left and at the right.
    is_cut: (bool, bool),
}

/// An excerpt as it is shown: a line of text and a line with the marker.
pub(crate) struct Drawn {
    pub(crate) line: String,
    /// Columns before the marker.
    pub(crate) indent: usize,
    pub(crate) marker: String,
}

impl Excerpt {
    /// A line without its end. `column` counts characters from 1, and `width` the characters that are
    /// meant. What is meant never goes beyond the line.
    #[must_use]
    pub fn new(line: &str, column: usize, width: usize) -> Self {
        let byte = |at: usize| line.char_indices().nth(at).map_or(line.len(), |(byte, _)| byte);
        let start = byte(column.saturating_sub(1));
        let (before, rest) = line.split_at(start);
        let end = rest.char_indices().nth(width).map_or(rest.len(), |(byte, _)| byte);
        let (marked, after) = rest.split_at(end);
        let characters = marked.chars().count();
        let (before, cut_before) = last(before, KEPT);
        let (marked, cut_marked) = first(marked, KEPT);
        let (after, cut_after) = if cut_marked { ("", true) } else { first(after, KEPT) };
        Self {
            before: before.to_owned(),
            marked: marked.to_owned(),
            after: after.to_owned(),
            characters,
            is_cut: (cut_before, cut_after),
        }
    }

    /// How many characters of the line are meant.
    pub(crate) fn characters(&self) -> usize {
        self.characters
    }

    /// The line and its marker in so many columns. The place is always in it; what does not fit is
    /// replaced by `…`.
    pub(crate) fn drawn(&self, columns: usize) -> Drawn {
        let columns = columns.max(LEAST);
        let marked = fitted(&shown(&self.marked), columns / 2, KeptSide::Start, false);
        let after = shown(&self.after);
        let room = columns - width(&marked);
        // What stands before the place takes a half of the line, and more if little follows.
        let before_room = (columns / 2).max(room.saturating_sub(width(&after))).min(room);
        let before = fitted(&shown(&self.before), before_room, KeptSide::End, self.is_cut.0);
        let room = room - width(&before);
        let after = fitted(&after, room, KeptSide::Start, self.is_cut.1);
        Drawn {
            indent: width(&before),
            marker: "^".repeat(width(&marked).max(1)),
            line: format!("{before}{marked}{after}"),
        }
    }
}

/// Which part of a text stays where all of it has no room.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeptSide {
    Start,
    End,
}

/// Gives as much of a text as has room, with `…` in place of what is cut away, now or before.
fn fitted(text: &str, columns: usize, kept: KeptSide, was_cut: bool) -> String {
    if !was_cut && width(text) <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(1);
    match kept {
        _ if columns == 0 => String::new(),
        KeptSide::Start => format!("{}…", prefix(text, room)),
        KeptSide::End => format!("…{}", suffix(text, room)),
    }
}

fn prefix(text: &str, columns: usize) -> &str {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = ends.take_while(|end| width(&text[..*end]) <= columns).last();
    &text[..end.unwrap_or(0)]
}

fn suffix(text: &str, columns: usize) -> &str {
    let starts = text.char_indices().rev().map(|(at, _)| at);
    let start = starts.take_while(|start| width(&text[*start..]) <= columns).last();
    &text[start.unwrap_or(text.len())..]
}

/// A part of a line as a terminal shows it.
fn shown(text: &str) -> String {
    let mut out = String::new();
    for (at, part) in text.split('\t').enumerate() {
        if at > 0 {
            out.push_str(TAB);
        }
        out.push_str(&escape(part.as_bytes()));
    }
    out
}

/// Columns on a terminal.
fn width(text: &str) -> usize {
    text.width()
}

/// The first characters, and whether there are more.
fn first(text: &str, count: usize) -> (&str, bool) {
    match text.char_indices().nth(count) {
        Some((at, _)) => (&text[..at], true),
        None => (text, false),
    }
}

/// The last characters, and whether there are more.
fn last(text: &str, count: usize) -> (&str, bool) {
    match text.char_indices().rev().nth(count) {
        Some((at, c)) => (&text[at + c.len_utf8()..], true),
        None => (text, false),
    }
}
