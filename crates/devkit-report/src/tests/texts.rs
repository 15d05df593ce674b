//! Findings for people, and as JSON.

use std::path::Path;

use serde::Serialize;
use serde_json::json;

use super::{at, odd_path, writer};
use crate::{Emphasis, Finding, PathNames, Place, Severity, TextWriter, message, to_json};

#[test]
fn a_finding_with_its_line() {
    let names = PathNames::default().at_home(Some("/home/u".into()));
    let file = Path::new("/home/u/.m2/settings.xml");
    let place =
        Place::new(file, at(38, 3)).seen_in(&format!("{}  </mirror>\r\nx", "\r\n".repeat(37)), 9);
    let first = Place::new(file, at(12, 3)).seen_in(&"  <mirrors>\n".repeat(12), 9);
    let finding = Finding::error("malformed", message!("{} is not well-formed XML", file))
        .at(place)
        .labelled(message!("this closes <{}>", "mirrors"))
        .related(first, message!("which was opened here"))
        .because(message!("one\ntwo"))
        .hint(message!("correct it there"));
    let expected = "\
error: ~/.m2/settings.xml is not well-formed XML [malformed]
  ~/.m2/settings.xml:38:3
   |
38 |   </mirror>
   |   ^^^^^^^^^ this closes <mirrors>
  ~/.m2/settings.xml:12:3
   |
12 |   <mirrors>
   |   ^^^^^^^^^ which was opened here
  cause: one
         two
  hint:  correct it there
";
    assert_eq!(writer(&names).whole(&finding), expected);
    assert_eq!(
        writer(&names).line(&finding),
        "error: ~/.m2/settings.xml:38:3: ~/.m2/settings.xml is not well-formed XML; one two; \
         correct it there [malformed]\n"
    );
}

#[test]
fn places_of_every_kind() {
    let names = PathNames::default().typed("-");
    let finding = || Finding::warning("code", message!("it is odd")).labelled(message!("here"));
    for (place, text) in [
        (None, "warning: it is odd [code]\n"),
        (Some(Place::file(Path::new("a"))), "warning: it is odd [code]\n  a: here\n"),
        (
            Some(Place::new(Path::new("-"), at(1, 2))),
            "warning: it is odd [code]\n  standard input:1:2: here\n",
        ),
        (
            Some(Place::new(odd_path(), at(1, 2))),
            "warning: it is odd [code]\n  /home/u/caf\\xe9.xml:1:2: here\n",
        ),
        (
            Some(Place::new(Path::new("a"), at(1, 2)).seen_in("数x", 1)),
            "warning: it is odd [code]\n  a:1:2\n  |\n1 | 数x\n  |   ^ here\n",
        ),
    ] {
        assert_eq!(writer(&names).whole(&finding().at(place)), text);
    }
    let note = Finding::new("code", Severity::Note, message!("it is new"));
    assert_eq!(writer(&names).line(&note), "note: it is new [code]\n");
}

#[test]
fn colours_come_from_the_binary() {
    let paint = |emphasis: Emphasis, text: &str| match emphasis {
        Emphasis::Severity(severity) => format!("<{} {text}>", severity.name()),
        Emphasis::Label => format!("<label {text}>"),
        Emphasis::Place => format!("<place {text}>"),
        Emphasis::Margin => format!("<margin {text}>"),
    };
    let names = PathNames::default();
    let writer = TextWriter { paths: &names, columns: None, unicode: true, paint: &paint };
    let place = Place::new(Path::new("a"), at(1, 1)).seen_in("x", 1);
    let finding = Finding::error("code", message!("m")).at(place).hint(message!("h"));
    assert_eq!(
        writer.whole(&finding),
        "<error error:> m [code]\n  <place a:1:1>\n<margin   |>\n<margin 1 |> x\n<margin   |> <error ^>\n  \
         <label hint:  >h\n"
    );
}

#[test]
fn json_has_the_same_fields_from_every_recipe() {
    #[derive(Serialize)]
    struct Mended {
        fixed: bool,
    }
    let bare = Finding::warning("code", message!("see {}", Path::new("/home/u/x")));
    let expected = json!({
        "code": "code", "severity": "warning", "message": "see /home/u/x", "cause": null, "hint": null,
        "file": null, "line": null, "column": null,
    });
    assert_eq!(serde_json::to_value(&bare).unwrap(), expected);
    let placed = bare
        .at(Place::new(odd_path(), at(2, 3)))
        .labelled(message!("label"))
        .related(Place::file(Path::new("b")), message!("too"));
    let expected = json!({
        "code": "code", "severity": "warning", "message": "see /home/u/x", "cause": "label", "hint": null,
        "file": {"base64": "L2hvbWUvdS9jYWbpLnhtbA=="}, "line": 2, "column": 3,
        "related": [{"message": "too", "file": "b", "line": null, "column": null}],
        "fixed": true,
    });
    assert_eq!(serde_json::to_value(placed.with(Mended { fixed: true })).unwrap(), expected);
}

#[test]
fn json_keeps_values_and_hides_no_character() {
    for (text, written) in [
        ("a\u{202e}b", r#""a\u202eb""#),
        ("\u{7f}\u{9b}\u{feff}", r#""\u007f\u009b\ufeff""#),
        ("\u{e0041}x", r#""\udb40\udc41x""#),
        ("生产 🚀 \"\n", r#""生产 🚀 \"\n""#),
    ] {
        let json = to_json(&text).unwrap();
        assert_eq!(json, written);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
