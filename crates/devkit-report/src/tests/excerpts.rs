//! Lines of files, and the marker below them.

use proptest::prelude::*;
use unicode_width::UnicodeWidthStr as _;

use crate::{Excerpt, Locator, Position, line_of};

fn drawn(line: &str, column: usize, width: usize, columns: usize) -> (String, String) {
    let drawn = Excerpt::new(line, column, width).drawn(columns);
    (drawn.line, format!("{}{}", " ".repeat(drawn.indent), drawn.marker))
}

/// The marker has the columns of what it marks, whatever the characters are.
#[test]
fn markers_stand_below_what_they_mark() {
    for (line, column, width, shown, marker) in [
        ("abc", 2, 1, "abc", " ^"),
        ("abc", 1, 3, "abc", "^^^"),
        ("数据库 b", 5, 1, "数据库 b", "       ^"),
        ("数据库 b", 2, 2, "数据库 b", "  ^^^^"),
        ("a🚀b", 3, 1, "a🚀b", "   ^"),
        ("e\u{301}x", 3, 1, "e\u{301}x", " ^"),
        ("\tx\ty", 2, 1, "    x    y", "    ^"),
        ("\tx\ty", 4, 1, "    x    y", "         ^"),
        ("a\u{1b}b", 3, 1, r"a\x1bb", "     ^"),
        ("a\u{202e}b", 2, 1, r"a\xe2\x80\xaeb", " ^^^^^^^^^^^^"),
        ("abc", 4, 1, "abc", "   ^"),
        ("abc", 9, 9, "abc", "   ^"),
        ("", 1, 0, "", "^"),
        ("abc", 0, 1, "abc", "^"),
    ] {
        assert_eq!(drawn(line, column, width, 60), (shown.into(), marker.into()), "{line:?}");
    }
}

#[test]
fn long_lines_are_shown_around_the_place() {
    let long = format!("{}HERE{}", "a".repeat(5000), "b".repeat(5000));
    let (line, marker) = drawn(&long, 5001, 4, 40);
    assert_eq!(line, "…aaaaaaaaaaaaaaaaaaaHEREbbbbbbbbbbbbbbb…");
    assert_eq!(marker, "                    ^^^^");
    let (line, marker) = drawn(&long, 1, 3, 40);
    assert_eq!(line, format!("{}…", "a".repeat(39)));
    assert_eq!(marker, "^^^");
    let (line, marker) = drawn(&long, 10_004, 1, 40);
    assert_eq!(line, format!("…{}", "b".repeat(39)));
    assert_eq!(marker, format!("{}^", " ".repeat(39)));
    let (line, marker) = drawn(&long, 1, 10_000, 40);
    assert_eq!((line.width(), marker.len()), (21, 20));
}

#[test]
fn lines_end_as_editors_have_it() {
    let text = "one\ntwo\r\nthree\rfour\n\nsix\n";
    let lines = ["one", "two", "three", "four", "", "six", ""];
    for (at, line) in lines.iter().enumerate() {
        assert_eq!(line_of(text, at + 1), Some(*line));
    }
    assert_eq!((line_of(text, 0), line_of(text, 8), line_of("", 1)), (None, None, Some("")));
}

#[test]
fn positions_are_the_same_in_one_step_and_in_many() {
    for text in ["a\nbc\nd", "a\r\nb\rc\n\r", "äöü\n漢字x", "\n\n\n", "\r\r\n\n", "one line"] {
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

proptest! {
    /// No excerpt is wider than the screen, and its marker is never beyond the line.
    #[test]
    fn excerpts_fit(
        line in r"([a-z ]|[\t生🚀é]|\PC){0,300}",
        column in 0..400_usize,
        width in 0..400_usize,
        columns in 0..200_usize,
    ) {
        let line = line.replace(['\n', '\r'], "");
        let (text, marker) = drawn(&line, column, width, columns);
        prop_assert!(text.width() <= columns.max(20), "{text}");
        prop_assert!(marker.len() <= columns.max(20) + 1);
        prop_assert!(marker.len() <= text.width() + 1);
        prop_assert!(marker.ends_with('^'));
    }
}
