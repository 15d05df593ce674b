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
