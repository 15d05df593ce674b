//! Messages, paths and arguments.

use std::path::Path;

use crate::{Argument, Message, PathNames, SeveralLines, Words, message, quoted};

#[test]
fn a_message_escapes_what_is_foreign_and_nothing_else() {
    let evil = "a\u{1b}[31m\u{202e}\nb";
    let shown = r"a\x1b[31m\xe2\x80\xae\x0ab";
    for (message, text) in [
        (message!("plain, and\nplain"), "plain, and\nplain".to_owned()),
        (message!("'{}'", evil), format!("'{shown}'")),
        (message!("{} of {}", 3_usize, evil.to_owned()), format!("3 of {shown}")),
        (message!("{}: {}", Path::new("/a/b"), &b"\xff"[..]), r"/a/b: \xff".to_owned()),
        (message!("says {}", SeveralLines("one\r\ntwo\u{7f}")), "says one\ntwo\\x7f".to_owned()),
        (message!("is {}", Words("its own")), "is its own".to_owned()),
        (message!("({})", message!("{}!", evil)), format!("({shown}!)")),
        (message!("{ } and {x}"), "{ } and {x}".to_owned()),
        (Message::from(evil), shown.to_owned()),
        (Message::joined(["a".into(), message!("{}", evil)], ", "), format!("a, {shown}")),
    ] {
        assert_eq!(message.to_string(), text);
    }
}

#[test]
fn paths_are_told_as_they_were_typed_or_by_the_home_folder() {
    let names =
        PathNames::default().at_home(Some("/home/u".into())).typed("/home/u/typed.xml").typed("-");
    let root = PathNames::default().at_home(Some("/".into()));
    for (names, path, shown) in [
        (&names, "/home/u/.m2/settings.xml", "~/.m2/settings.xml"),
        (&names, "/home/u", "~"),
        (&names, "/home/uwe/a", "/home/uwe/a"),
        (&names, "/home/u/typed.xml", "/home/u/typed.xml"),
        (&names, "relative/a", "relative/a"),
        (&names, "-", "standard input"),
        (&names, "./-", "./-"),
        (&names, "/home/u/a\u{202e}b", r"~/a\xe2\x80\xaeb"),
        (&PathNames::default(), "-", "-"),
        (&PathNames::default(), "/home/u/a", "/home/u/a"),
        (&root, "/home/u/a", "/home/u/a"),
    ] {
        let message = message!("cannot read {}", Path::new(path));
        assert_eq!(message.shown(names), format!("cannot read {shown}"));
        // For a program a path is whole, and no sentence is searched for it.
        let whole = devkit_text::escape(path.as_bytes());
        assert_eq!(serde_json::to_value(&message).unwrap(), format!("cannot read {whole}"));
    }
    let sentence = message!("a text that holds {}", "/home/u/x");
    assert_eq!(sentence.shown(&names), "a text that holds /home/u/x");
}

#[test]
fn annotated_paths_are_relative_to_the_base() {
    let names = PathNames::default().below("/src/app");
    for (path, annotated) in [
        ("a/b.xml", "a/b.xml"),
        ("./a.xml", "a.xml"),
        ("a/./b/../c", "a/c"),
        ("/src/app/a.xml", "a.xml"),
        ("/src/apple/a.xml", "/src/apple/a.xml"),
        ("../up.xml", "/src/up.xml"),
        ("../app/a.xml", "a.xml"),
        ("../../../../etc/x", "/etc/x"),
        ("/etc/../etc/x", "/etc/x"),
    ] {
        assert_eq!(names.annotated(Path::new(path)), Path::new(annotated), "{path}");
    }
    assert_eq!(PathNames::default().annotated(Path::new("./a")), Path::new("a"));
}

/// The real shells read an argument back to the bytes that it was.
#[test]
fn arguments_come_back_from_a_shell() {
    for (word, shown) in [
        ("plain/path.xml", "plain/path.xml"),
        ("", "''"),
        ("two words", "'two words'"),
        ("it's", r"'it'\''s'"),
        ("a[1]*", "'a[1]*'"),
        ("~/x", "'~/x'"),
        ("生产", "生产"),
        ("a\u{1b}b", r"$'a\x1bb'"),
        ("\u{202e}'\\", r"$'\xe2\x80\xae\'\\'"),
        ("tab\there\n", r"$'tab\x09here\x0a'"),
    ] {
        assert_eq!(quoted(word.as_ref()), shown);
        let command = message!("printf %s {}", Argument::of(word)).to_string();
        for shell in ["bash", "zsh"] {
            let Ok(output) = std::process::Command::new(shell).args(["-c", &command]).output()
            else {
                continue;
            };
            assert_eq!(String::from_utf8_lossy(&output.stdout), word, "{shell}: {command}");
        }
    }
}
