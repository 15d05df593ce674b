//! GitHub's workflow commands, and SARIF.

use std::borrow::Cow;
use std::path::Path;

use serde_json::{Value, json};

use super::{at, odd_path, shapes};
use crate::sarif::{self, Tool};
use crate::{Finding, PathNames, Place, Severity, github, message};

fn names() -> PathNames {
    PathNames::default().at_home(Some("/home/u".into())).typed("-").below("/src/a b")
}

fn sarif(findings: &[Finding]) -> Value {
    let meaning = |code: &str| (code == "known").then_some(Cow::Borrowed("what it means"));
    let tool = Tool { name: "devkit test", version: "1.2.3", meaning: &meaning };
    serde_json::to_value(sarif::document(&tool, findings, &names())).unwrap()
}

#[test]
fn github_shows_a_finding_beside_its_line() {
    let odd = Finding::new("a,b:c", Severity::Note, message!("50% of\n{}", "it"));
    for (finding, expected) in [
        (odd.clone(), "::notice title=test a%2Cb%3Ac::50%25 of%0Ait\n"),
        (
            odd.clone().at(Place::new(Path::new("/src/a b/x,y:z%.xml"), at(2, 3))),
            "::notice file=x%2Cy%3Az%25.xml,line=2,col=3,title=test a%2Cb%3Ac::50%25 of%0Ait\n",
        ),
        (
            odd.clone().at(Place::new(Path::new("-"), at(2, 3))),
            "::notice title=test a%2Cb%3Ac::50%25 of%0Ait\n",
        ),
        (
            Finding::error("code", message!("m"))
                .at(Place::file(odd_path()))
                .labelled("l")
                .hint("h"),
            "::error file=/home/u/caf\\xe9.xml,title=test code::m: l%0Ahint: h\n",
        ),
        (
            Finding::warning("code", message!("m"))
                .because("c")
                .related(Place::new(Path::new("/home/u/b"), at(1, 1)), "r"),
            "::warning title=test code::m%0A~/b:1:1: r%0Acause: c\n",
        ),
    ] {
        assert_eq!(github::line("test", &finding, &names()), expected);
    }
}

#[test]
fn sarif_names_rules_levels_and_regions() {
    let place =
        Place::new(Path::new("./数 a/b:c.yaml"), at(2, 3)).spanning(8..11).seen_in("x\nab数cd", 2);
    let document = sarif(&[
        Finding::warning("known", message!("m")).at(place).hint("h"),
        Finding::error("known", message!("n")).at(Place::file(Path::new("/etc/x y"))),
        Finding::new("a", Severity::Note, message!("stdin"))
            .at(Place::new(Path::new("-"), at(1, 1))),
        Finding::error("other", message!("no place"))
            .related(Place::new(Path::new("/src/a b/c"), at(4, 1)), "related"),
    ]);
    let file = |uri: &str| json!({"uri": uri, "uriBaseId": "%SRCROOT%"});
    let expected = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "devkit test", "version": "1.2.3", "rules": [
                {"id": "a", "defaultConfiguration": {"level": "note"}},
                {"id": "known", "shortDescription": {"text": "what it means"},
                 "defaultConfiguration": {"level": "error"}},
                {"id": "other", "defaultConfiguration": {"level": "error"}},
            ]}},
            "originalUriBaseIds": {"%SRCROOT%": {"uri": "file:///src/a%20b/"}},
            "columnKind": "unicodeCodePoints",
            "results": [
                {"ruleId": "known", "ruleIndex": 1, "level": "warning", "message": {"text": "m\nhint: h"},
                 "locations": [{"physicalLocation": {
                    "artifactLocation": file("%E6%95%B0%20a/b%3Ac.yaml"),
                    "region": {"startLine": 2, "startColumn": 3, "endColumn": 5, "byteOffset": 8,
                               "byteLength": 3}}}]},
                {"ruleId": "known", "ruleIndex": 1, "level": "error", "message": {"text": "n"},
                 "locations": [{"physicalLocation": {
                    "artifactLocation": {"uri": "file:///etc/x%20y"}}}]},
                {"ruleId": "a", "ruleIndex": 0, "level": "note", "message": {"text": "stdin"},
                 "locations": [{"physicalLocation": {
                    "artifactLocation": {"description": {"text": "standard input"}},
                    "region": {"startLine": 1, "startColumn": 1}}}]},
                {"ruleId": "other", "ruleIndex": 2, "level": "error", "message": {"text": "no place"},
                 "locations": [],
                 "relatedLocations": [{"id": 1, "message": {"text": "related"}, "physicalLocation": {
                    "artifactLocation": file("c"), "region": {"startLine": 4, "startColumn": 1}}}]},
            ],
        }],
    });
    assert_eq!(document, expected);
}

/// Sections 3.11.5 and 3.11.6: foreign text is neither a placeholder nor a link.
#[test]
fn sarif_messages_are_plain() {
    for (text, written) in [
        ("plain [x] {y}", "plain [x] {y}"),
        ("[click](http://evil.example)", r"\[click\](http://evil.example)"),
        ("{0} of {12", "{{0}} of {12"),
    ] {
        let document = sarif(&[Finding::error("code", message!("{}", text))]);
        assert_eq!(document["runs"][0]["results"][0]["message"]["text"], written);
    }
}

/// What every reader relies on, for findings of every shape: indexes that fit, addresses that are
/// addresses, numbers from 1.
#[test]
fn sarif_is_whole_for_every_shape() {
    let document = sarif(&shapes("a [b](c) \u{202e}{0}"));
    let run = &document["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        for location in result["locations"].as_array().unwrap() {
            let physical = &location["physicalLocation"];
            let artifact = &physical["artifactLocation"];
            if let Some(uri) = artifact["uri"].as_str() {
                let is_address = |c: char| c.is_ascii_alphanumeric() || "-._~/%:".contains(c);
                assert!(uri.chars().all(is_address), "{uri}");
                assert_eq!(uri.starts_with("file:///"), artifact["uriBaseId"].is_null(), "{uri}");
                assert!(uri.starts_with("file:///") || !uri.contains(':'), "{uri}");
            }
            for field in ["startLine", "startColumn", "endColumn"] {
                let number = &physical["region"][field];
                assert!(number.is_null() || number.as_u64().unwrap() >= 1, "{field}");
            }
        }
    }
}
