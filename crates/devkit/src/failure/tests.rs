//! No text from elsewhere comes through an error as it is: what the recipes' own tests share, which make
//! every error there is.

use std::path::PathBuf;

use proptest::prelude::*;

use super::{ErrorDocument, ErrorFields, Failure, line, text};
use crate::host::variables::Variables;
use crate::ui::{Ui, When};

/// Text with much of what moves, hides or breaks text.
pub(crate) fn hostile() -> impl Strategy<Value = String> {
    let parts = prop_oneof![
        Just("\u{1b}[31m\u{1b}]0;x\u{7}".to_owned()),
        prop::char::range('\u{0}', '\u{1f}').prop_map(String::from),
        prop::char::range('\u{7f}', '\u{9f}').prop_map(String::from),
        prop::char::range('\u{200b}', '\u{206f}').prop_map(String::from),
        prop::sample::select(vec!["\u{61c}", "\u{feff}", "\u{fff9}", "\u{e0041}", "\u{ad}"])
            .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
        "[a-z '/:{}]{1,4}",
    ];
    prop::collection::vec(parts, 1..8).prop_map(|parts| parts.concat())
}

/// A path of that name. No path holds a NUL.
pub(crate) fn path(text: &str) -> PathBuf {
    PathBuf::from(text.replace('\0', "\u{1}"))
}

/// Looks at an error as people and programs get it.
#[track_caller]
pub(crate) fn assert_tame(failure: &Failure) {
    for verbose in [0, 1] {
        let ui = Ui::new(false, false, verbose, When::Never, &Variables::default());
        let beneath: Vec<String> = failure.source.iter().map(ToString::to_string).collect();
        is_tame(&text(&ui, failure, &beneath));
    }
    is_tame(&line(&ErrorDocument { error: ErrorFields::of(failure) }));
    let json = line(&ErrorDocument { error: ErrorFields::of(failure) });
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    for field in ["message", "hint"] {
        is_tame(document["error"][field].as_str().unwrap_or_default());
    }
}

/// Fails where a text holds what `escape` would not leave alone, line breaks of ours apart.
#[track_caller]
pub(crate) fn is_tame(text: &str) {
    let plain = text.replace('\n', "");
    assert_eq!(devkit_text::escape(plain.as_bytes()), plain);
}

/// Makes a function that gives each variant of an enum. It does not compile while one is missing.
macro_rules! every {
    ($(#[$doc:meta])* fn $name:ident($text:ident) -> $type:ty { $($pattern:pat => $value:expr,)* }) => {
        $(#[$doc])*
        fn $name($text: &str) -> Vec<$type> {
            let _ = |value: &$type| match value { $($pattern => ()),* };
            vec![$($value),*]
        }
    };
}

pub(crate) use every;

proptest! {
    #[test]
    fn no_part_of_an_error_comes_through_as_it_is(a in hostile(), b in hostile()) {
        let failure = Failure::new("code", a.clone()).because(&b).hint(b.clone());
        assert_tame(&failure);
        let place = devkit_report::Place::file(path(&a));
        assert_tame(&Failure { source: Some(b.into()), ..failure.at(place).labelled(a) });
    }
}
