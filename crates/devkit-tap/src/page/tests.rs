//! The page: nothing in a HAR file breaks out of it, and none of it is lost.

use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{PAGE, PageError, html, write};

fn har(text: &str) -> Value {
    json!({ "log": { "entries": [{ "response": { "content": { "text": text } } }] } })
}

/// What the script is going to read.
fn data(page: &str) -> &str {
    let begin = r#"<script type="application/json" id="har">"#;
    let (_, rest) = page.split_once(begin).unwrap();
    rest.split_once("</script>").unwrap().0
}

#[test]
fn the_data_cannot_leave_its_element() {
    for text in [
        "</script><script>alert(1)</script>",
        "</SCRIPT >",
        "<!-- <script>",
        "]]><img src=x onerror=alert(1)>",
        "@HAR@",
        "\u{2028}\\u003c",
    ] {
        let har = har(text);
        let page = html(&har);
        assert!(!data(&page).contains('<'), "{text}");
        assert_eq!(serde_json::from_str::<Value>(data(&page)).unwrap(), har, "{text}");
        assert_eq!(page.len(), PAGE.len() - "@HAR@".len() + data(&page).len(), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_comes_back(text in any::<String>()) {
        let har = har(&text);
        let page = html(&har);
        prop_assert!(!data(&page).contains('<'));
        prop_assert_eq!(serde_json::from_str::<Value>(data(&page)).unwrap(), har);
    }
}

#[test]
fn what_is_no_har() {
    for (text, expected) in [
        ("", "line 1 is no JSON"),
        ("{\n\"log\":\n", "line 3 is no JSON"),
        ("null", "this JSON is no HAR: it has no log.entries"),
        ("[]", "this JSON is no HAR: it has no log.entries"),
        (r#"{"log":{"entries":{}}}"#, "this JSON is no HAR: it has no log.entries"),
    ] {
        let error: PageError = write(text).unwrap_err();
        assert_eq!(error.to_string(), expected, "{text:?}");
    }
    assert_eq!(write(&har("x").to_string()).unwrap(), html(&har("x")));
}

#[test]
fn an_error_quotes_nothing() {
    use std::error::Error;
    let error = write(r#"{"log": hunter2}"#).unwrap_err();
    let told = format!("{error} {error:?} {}", error.source().unwrap());
    assert!(!told.contains("hunter2"), "{told}");
}

/// After a change of the style or the script, the policy must name its new hash.
#[test]
fn the_policy_allows_the_style_and_the_script_and_nothing_else() {
    for (tag, directive) in [("style", "style-src"), ("script", "script-src")] {
        let (_, content) = PAGE.split_once(&format!("<{tag}>")).unwrap();
        let (content, _) = content.split_once(&format!("</{tag}>")).unwrap();
        let policy = format!("{directive} 'sha256-{}'", sha256(content));
        assert!(PAGE.contains(&policy), "{policy}");
        assert_eq!(PAGE.matches(&format!("<{tag}>")).count(), 1);
    }
    assert!(PAGE.contains("default-src 'none'; base-uri 'none'; form-action 'none'"));
    for outside in ["http:", "https:", "src=", "url(", "@import", "innerHTML", " style=", "onclick"]
    {
        assert!(!PAGE.contains(outside), "{outside}");
    }
}

fn sha256(text: &str) -> String {
    let mut child = Command::new("sha256sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sha256sum of GNU coreutils");
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap().stdout;
    let hex = std::str::from_utf8(&output).unwrap().split(' ').next().unwrap();
    let digits = (0..hex.len()).step_by(2);
    let bytes: Vec<u8> =
        digits.map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    STANDARD.encode(bytes)
}
