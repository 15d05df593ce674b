//! What an entry says.

use std::fs;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{BodyText, EntryParts, HarEntry, HarFile, HarLimits};
use super::{assert_fields, body, entry, exchange, parts, read};
use crate::traffic::exchange::{Exchange, Recorded, RecordedRequest, RecordedResponse, Times};

fn json_of(exchange: &Exchange, parts: EntryParts) -> Value {
    let mut bytes = Vec::new();
    HarEntry::new(exchange, parts).write_json(None, &mut bytes);
    assert!(!bytes.contains(&b'\n'), "an entry is one line");
    let value = serde_json::from_slice(&bytes).unwrap();
    assert_fields(&value, &super::ENTRY);
    value
}

#[test]
fn an_answered_request() {
    let parts = EntryParts {
        url: "https://server/api?limit=500".to_owned(),
        request_headers: vec![("Authorization".to_owned(), "(withheld)".to_owned())],
        response_headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
        request_text: Some(body("{}")),
        response_text: Some(body("[1,2]")),
        comment: Some("a header is withheld".to_owned()),
    };
    let request =
        RecordedRequest { body: Recorded { bytes: Vec::new(), total: 2 }, ..exchange(3).request };
    let expected = json!({
        "startedDateTime": "2026-11-26T14:03:07.123Z",
        "time": 21.8,
        "request": {
            "method": "GET",
            "url": "https://server/api?limit=500",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [{ "name": "Authorization", "value": "(withheld)" }],
            "queryString": [{ "name": "limit", "value": "500" }],
            "postData": { "mimeType": "text/plain", "text": "{}" },
            "headersSize": -1,
            "bodySize": 2,
        },
        "response": {
            "status": 200,
            "statusText": "OK",
            "httpVersion": "HTTP/1.0",
            "cookies": [],
            "headers": [{ "name": "Content-Type", "value": "application/json" }],
            "content": { "size": 5, "mimeType": "text/plain", "text": "[1,2]" },
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": 7,
        },
        "cache": {},
        "timings": {
            "blocked": -1.0, "dns": -1.0, "connect": -1.0, "ssl": -1.0,
            "send": 1.5, "wait": 20.0, "receive": 0.3,
        },
        "comment": "a header is withheld",
        "_id": 3,
        "_run": { "session": "5b1c", "command": "kubectl get" },
    });
    assert_eq!(json_of(&Exchange { request, ..exchange(3) }, parts), expected);
}

#[test]
fn without_an_answer() {
    let exchange = |trouble: Option<&str>| Exchange {
        response: None,
        trouble: trouble.map(str::to_owned),
        ..exchange(1)
    };
    for (trouble, error) in [(Some("refused"), "refused"), (None, "no answer")] {
        let value = json_of(&exchange(trouble), parts());
        assert_eq!(value["response"]["status"], 0);
        assert_eq!(value["response"]["_error"], error);
        assert_eq!(value["response"]["bodySize"], -1);
    }
}

#[test]
fn an_answer_that_broke_off() {
    let exchange = Exchange { trouble: Some("reset".to_owned()), ..exchange(1) };
    let value = json_of(&exchange, parts());
    assert_eq!(
        (&value["response"]["status"], &value["response"]["_error"]),
        (&json!(200), &json!("reset"))
    );
}

#[test]
fn a_body_that_is_not_shown_has_a_size_and_a_type() {
    let of = |headers: &[(&str, &str)]| {
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let parts = EntryParts { response_headers: headers.collect(), ..parts() };
        json_of(&exchange(1), parts)["response"]["content"].clone()
    };
    assert_eq!(of(&[]), json!({ "size": 7, "mimeType": "x-unknown" }));
    assert_eq!(of(&[("content-TYPE", "a/b")]), json!({ "size": 7, "mimeType": "a/b" }));
}

#[test]
fn bytes_are_base64() {
    let bytes = || {
        let text = "azhzAA==".to_owned();
        Some(BodyText { mime: "a/b".to_owned(), text, base64: true, size: 4 })
    };
    let parts = EntryParts { request_text: bytes(), response_text: bytes(), ..parts() };
    let value = json_of(&exchange(1), parts);
    assert_eq!(
        value["response"]["content"],
        json!({ "size": 4, "mimeType": "a/b", "text": "azhzAA==", "encoding": "base64" })
    );
    assert_eq!(
        value["request"]["postData"],
        json!({ "mimeType": "a/b", "text": "azhzAA==", "_encoding": "base64" })
    );
}

#[test]
fn queries() {
    for (query, expected) in [
        ("", vec![]),
        ("?", vec![]),
        ("?a=1&b=2", vec![("a", "1"), ("b", "2")]),
        ("?a=1&a=2", vec![("a", "1"), ("a", "2")]),
        ("?watch", vec![("watch", "")]),
        ("?a=b=c", vec![("a", "b=c")]),
        ("?&&a=1&", vec![("a", "1")]),
        ("?=x", vec![("", "x")]),
        ("?labelSelector=app%3Dweb%2Ctier+x", vec![("labelSelector", "app=web,tier x")]),
        ("?a=%e2%82%ac", vec![("a", "€")]),
        ("?a=%ff", vec![("a", "\u{fffd}")]),
        ("?a=%", vec![("a", "%")]),
        ("?a=%4", vec![("a", "%4")]),
        ("?a=%zz%41", vec![("a", "%zzA")]),
        ("?a=%+1", vec![("a", "% 1")]),
        ("?a=1?b=2", vec![("a", "1?b=2")]),
        ("?a=1#b=2", vec![("a", "1")]),
        ("#?a=1", vec![]),
    ] {
        let parts = EntryParts { url: format!("https://server/api{query}"), ..parts() };
        let value = json_of(&exchange(1), parts);
        let pairs = value["request"]["queryString"].as_array().unwrap().iter();
        let pairs =
            pairs.map(|pair| (pair["name"].as_str().unwrap(), pair["value"].as_str().unwrap()));
        assert_eq!(pairs.collect::<Vec<_>>(), expected, "{query}");
    }
}

#[test]
fn nothing_of_the_exchange_itself_that_may_be_secret() {
    let value = json_of(&exchange(1), parts()).to_string();
    assert!(!value.contains("hunter2"), "{value}");
    let parts = EntryParts {
        url: "hunter2".to_owned(),
        request_headers: vec![("a".to_owned(), "hunter2".to_owned())],
        response_text: Some(body("hunter2")),
        ..parts()
    };
    let shown =
        format!("{parts:?} {:?} {:?}", body("hunter2"), HarEntry::new(&exchange(1), parts.clone()));
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn endless_times() {
    use std::time::Duration;
    let times = Times { send: Duration::MAX, wait: Duration::MAX, receive: Duration::MAX };
    json_of(&Exchange { times, ..exchange(u64::MAX) }, parts());
}

#[test]
fn every_moment() {
    for (started, told) in [
        ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
        ("2026-01-02T03:04:05+01:00", "2026-01-02T02:04:05.000Z"),
    ] {
        let value =
            json_of(&Exchange { started: started.parse().unwrap(), ..exchange(1) }, parts());
        assert_eq!(value["startedDateTime"], told);
    }
}

fn response(status: u16, reason: String, total: u64) -> RecordedResponse {
    let body = Recorded { bytes: Vec::new(), total };
    RecordedResponse { status, reason, version: "HTTP/1.1".to_owned(), headers: Vec::new(), body }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_text_comes_back(
        url in any::<String>(),
        name in any::<String>(),
        value in any::<String>(),
        text in any::<String>(),
        status in any::<u16>(),
        total in any::<u64>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.har");
        let mut file = HarFile::create(&path, HarLimits::default()).unwrap();
        let exchange = Exchange {
            response: Some(response(status, value.clone(), total)),
            trouble: Some(text.clone()),
            ..exchange(1)
        };
        let parts = EntryParts {
            url: url.clone(),
            request_headers: vec![(name.clone(), value.clone())],
            response_headers: vec![(value.clone(), name.clone())],
            request_text: Some(body(&text)),
            response_text: Some(body(&text)),
            comment: Some(name.clone()),
        };
        file.append(&entry(1)).unwrap();
        file.append(&HarEntry::new(&exchange, parts)).unwrap();
        let har = read(&path);
        let entry = &har["log"]["entries"][1];
        prop_assert_eq!(&entry["request"]["url"], &url);
        prop_assert_eq!(&entry["request"]["headers"], &json!([{ "name": name, "value": value }]));
        prop_assert_eq!(&entry["response"]["headers"], &json!([{ "name": value, "value": name }]));
        prop_assert_eq!(&entry["request"]["postData"]["text"], &text);
        prop_assert_eq!(&entry["response"]["content"]["text"], &text);
        prop_assert_eq!(&entry["response"]["status"], &json!(status));
        prop_assert_eq!(&entry["response"]["_error"], &text);
        prop_assert_eq!(&entry["comment"], &name);
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        prop_assert_eq!(lines, 4, "each entry has a line of its own");
    }
}
