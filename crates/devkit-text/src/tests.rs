//! What is shown for what.

use super::{escape, nearest, words};

#[test]
fn foreign_text_cannot_reach_a_terminal_unescaped() {
    for (bytes, shown) in [
        (&b"plain"[..], "plain"),
        ("é ✓".as_bytes(), "é ✓"),
        (b"\x1b[31m", r"\x1b[31m"),
        (b"a\nb\r\t\0", r"a\x0ab\x0d\x09\x00"),
        (b"\xff\xfe", r"\xff\xfe"),
        ("\u{9b}x".as_bytes(), r"\xc2\x9bx"),
        ("a\u{202e}b".as_bytes(), r"a\xe2\x80\xaeb"),
        (b"\x7f", r"\x7f"),
    ] {
        assert_eq!(escape(bytes), shown);
    }
}

/// Unicode's table is the reference: no character that moves, hides or breaks text comes through.
#[test]
fn every_character_without_a_shape_is_escaped() {
    use unicode_general_category::{GeneralCategory, get_general_category};
    // Prepended_Concatenation_Mark: drawn around the digits that follow.
    let is_drawn = |c: char| {
        matches!(
            c,
            '\u{600}'
                ..='\u{605}'
                    | '\u{6dd}'
                    | '\u{70f}'
                    | '\u{890}'
                    | '\u{891}'
                    | '\u{8e2}'
                    | '\u{110bd}'
                    | '\u{110cd}'
        )
    };
    // Blank letters and a joiner, which have another category.
    let is_blank = |c: char| "\u{34f}\u{115f}\u{1160}\u{3164}\u{ffa0}".contains(c);
    // Blocks of format characters have room for more.
    let is_reserved = |c: char| c == '\u{2065}' || ('\u{13430}'..='\u{1343f}').contains(&c);
    for c in '\0'..=char::MAX {
        let wanted = match get_general_category(c) {
            GeneralCategory::Control
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator => true,
            GeneralCategory::Format => !is_drawn(c),
            _ => is_blank(c),
        };
        let escaped = escape(c.to_string().as_bytes()) != c.to_string();
        assert!(escaped == wanted || is_reserved(c), "{c:?}: escaped: {escaped}");
    }
}

#[test]
fn system_errors_are_told_in_words() {
    let error = std::io::Error::from_raw_os_error(28);
    assert_eq!(words(&error), "no space left on device");
    assert_eq!(words(&std::io::Error::other("Plain")), "plain");
}

#[test]
fn slips_find_what_was_meant() {
    let names = ["staging", "production", "kind-dev", "Staging-EU"];
    for (wanted, meant) in [
        ("stagging", &["staging"][..]),
        ("prod", &["production"]),
        ("PRODUCTION", &["production"]),
        ("kind", &["kind-dev"]),
        ("x", &[]),
        ("", &[]),
    ] {
        assert_eq!(nearest(wanted, names.into_iter()), meant, "{wanted:?}");
    }
}
