//! HAR files: complete at any moment, and what browsers want in them.

#![expect(clippy::disallowed_methods, reason = "tests put files there, and talk to themselves")]

mod entries;
mod faults;
mod files;

use std::fs;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::{BodyText, EntryParts, HarEntry};
use crate::traffic::exchange::{
    Exchange, KubectlRun, Recorded, RecordedRequest, RecordedResponse, Times,
};

fn exchange(id: u64) -> Exchange {
    Exchange {
        id,
        run: Some(KubectlRun { session: "5b1c".to_owned(), command: "kubectl get".to_owned() }),
        started: "2026-11-26T14:03:07.123456Z".parse().unwrap(),
        request: RecordedRequest {
            method: "GET".to_owned(),
            target: "/api".to_owned(),
            version: "HTTP/1.1".to_owned(),
            headers: vec![("Authorization".to_owned(), "Bearer hunter2".to_owned())],
            body: Recorded::default(),
        },
        response: Some(RecordedResponse {
            status: 200,
            reason: "OK".to_owned(),
            version: "HTTP/1.0".to_owned(),
            headers: Vec::new(),
            body: Recorded { bytes: b"hunter2".to_vec(), total: 7 },
        }),
        as_json: false,
        trouble: None,
        times: Times {
            send: Duration::from_micros(1_500),
            wait: Duration::from_millis(20),
            receive: Duration::from_nanos(300_400),
        },
    }
}

fn parts() -> EntryParts {
    EntryParts { url: "https://server/api".to_owned(), ..EntryParts::default() }
}

fn body(text: &str) -> BodyText {
    let size = text.len() as u64;
    BodyText { mime: "text/plain".to_owned(), text: text.to_owned(), base64: false, size }
}

fn entry(id: u64) -> HarEntry {
    HarEntry::new(&exchange(id), parts())
}

fn of_run(id: u64, session: &str, command: &str) -> HarEntry {
    let run = Some(KubectlRun { session: session.to_owned(), command: command.to_owned() });
    HarEntry::new(&Exchange { run, ..exchange(id) }, parts())
}

fn read(path: &Path) -> Value {
    let har: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert_har(&har);
    har
}

fn ids(har: &Value) -> Vec<u64> {
    let entries = har["log"]["entries"].as_array().unwrap();
    entries.iter().map(|entry| entry["_id"].as_u64().unwrap()).collect()
}

/// What HAR 1.2 requires of a file: a pointer and what is found there.
fn assert_har(har: &Value) {
    let log = [("/version", "string"), ("/creator/name", "string"), ("/creator/version", "string")];
    assert_fields(&har["log"], &log);
    assert_fields(&har["log"], &[("/entries", "array"), ("/pages", "array")]);
    assert_eq!(har["log"]["version"], "1.2");
    for page in har["log"]["pages"].as_array().unwrap() {
        assert_fields(
            page,
            &[
                ("/startedDateTime", "date"),
                ("/id", "string"),
                ("/title", "string"),
                ("/pageTimings", "object"),
            ],
        );
    }
    for entry in har["log"]["entries"].as_array().unwrap() {
        assert_fields(entry, &ENTRY);
        for list in ["/request/headers", "/request/queryString", "/response/headers"] {
            for pair in entry.pointer(list).unwrap().as_array().unwrap() {
                assert_fields(pair, &[("/name", "string"), ("/value", "string")]);
            }
        }
        if let Some(data) = entry["request"].get("postData") {
            assert_fields(data, &[("/mimeType", "string"), ("/text", "string")]);
        }
        if let Some(id) = entry.get("pageref") {
            let pages = har["log"]["pages"].as_array().unwrap();
            assert_eq!(pages.iter().filter(|page| page["id"] == *id).count(), 1, "{id}");
        }
    }
}

const ENTRY: [(&str, &str); 27] = [
    ("/startedDateTime", "date"),
    ("/time", "duration"),
    ("/cache", "object"),
    ("/timings/send", "duration"),
    ("/timings/wait", "duration"),
    ("/timings/receive", "duration"),
    ("/request/method", "string"),
    ("/request/url", "string"),
    ("/request/httpVersion", "string"),
    ("/request/cookies", "array"),
    ("/request/headers", "array"),
    ("/request/queryString", "array"),
    ("/request/headersSize", "size"),
    ("/request/bodySize", "size"),
    ("/response/status", "size"),
    ("/response/statusText", "string"),
    ("/response/httpVersion", "string"),
    ("/response/cookies", "array"),
    ("/response/headers", "array"),
    ("/response/redirectURL", "string"),
    ("/response/headersSize", "size"),
    ("/response/bodySize", "size"),
    ("/response/content", "object"),
    ("/response/content/size", "size"),
    ("/response/content/mimeType", "string"),
    ("/request", "object"),
    ("/response", "object"),
];

fn assert_fields(value: &Value, fields: &[(&str, &str)]) {
    for (pointer, kind) in fields {
        let field = value.pointer(pointer).unwrap_or_else(|| panic!("{pointer} in {value}"));
        let right = match *kind {
            "string" => field.is_string(),
            "array" => field.is_array(),
            "object" => field.is_object(),
            "size" => field.as_i64().is_some_and(|size| size >= -1),
            "duration" => field.as_f64().is_some_and(|time| time >= 0.0),
            "date" => field.as_str().is_some_and(|text| {
                text.ends_with('Z')
                    && text.len() == "2026-11-26T14:03:07.123Z".len()
                    && text.parse::<Timestamp>().is_ok()
            }),
            kind => panic!("{kind}"),
        };
        assert!(right, "{pointer} is no {kind}: {field}");
    }
}
