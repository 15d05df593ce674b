//! No control character, mark of direction or invisible character of foreign text reaches a reader.

use std::borrow::Cow;

use proptest::prelude::*;

use super::{shapes, writer};
use crate::sarif::{self, Tool};
use crate::{Finding, PathNames, github, to_json};

/// Text with much of what moves, hides or breaks text.
fn hostile() -> impl Strategy<Value = String> {
    let characters = prop_oneof![
        Just("\u{1b}[31m".to_owned()),
        Just("\u{1b}]0;title\u{7}".to_owned()),
        Just("\r\n::error::x".to_owned()),
        prop::char::range('\u{0}', '\u{1f}').prop_map(String::from),
        prop::char::range('\u{7f}', '\u{9f}').prop_map(String::from),
        prop::char::range('\u{200b}', '\u{206f}').prop_map(String::from),
        prop::sample::select(vec!["\u{61c}", "\u{feff}", "\u{fff9}", "\u{e0041}", "\u{ad}"])
            .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
        "[a-z %:,/{}0\\[\\]()'\\\\]{1,4}",
    ];
    prop::collection::vec(characters, 0..12).prop_map(|parts| parts.concat())
}

/// What a text may hold: line breaks of its own, and else what `escape` leaves alone.
fn is_tame(text: &str) -> bool {
    let plain = text.replace('\n', "");
    devkit_text::escape(plain.as_bytes()) == plain
}

fn texts(finding: &Finding) -> Vec<String> {
    let names = PathNames::default().typed("-").below("/src");
    let meaning = |_: &str| None::<Cow<'static, str>>;
    let tool = Tool { name: "devkit test", version: "1", meaning: &meaning };
    vec![
        writer(&names).line(finding),
        writer(&names).whole(finding),
        github::line("test", finding, &names),
        to_json(finding).unwrap(),
        to_json(&sarif::document(&tool, [finding], &names)).unwrap(),
    ]
}

/// The texts of a JSON document that people are to read.
fn strings(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => found.push(text.clone()),
        serde_json::Value::Array(values) => values.iter().for_each(|value| strings(value, found)),
        serde_json::Value::Object(map) => {
            // A program needs the file's real name, and the writer escapes it in its own way.
            let fields = map.iter().filter(|(name, _)| *name != "file" && *name != "code");
            fields.for_each(|(_, value)| strings(value, found));
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn nothing_hostile_comes_through(text in hostile()) {
        for finding in shapes(&text) {
            let texts = texts(&finding);
            for text in &texts {
                prop_assert!(is_tame(text), "{text:?}");
            }
            // A line has one workflow command, and that is ours.
            prop_assert_eq!(texts[2].lines().count(), 1);
            for text in &texts[3..] {
                let mut found = Vec::new();
                strings(&serde_json::from_str(text).unwrap(), &mut found);
                for text in found {
                    prop_assert!(is_tame(&text), "{text:?}");
                }
            }
        }
    }
}
