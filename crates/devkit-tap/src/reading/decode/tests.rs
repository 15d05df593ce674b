//! Bodies as servers send them: whole, cut, compressed, framed.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use super::{Bodies, Envelope, Frame, Shown, Unzip};
use crate::{Exchange, Recorded, RecordedRequest, RecordedResponse, Secrets, Times};

/// The most bytes that a body may have once it is decompressed.
const MOST: u64 = 4 << 20;
const JSON: &str = "application/json";
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

fn exchange(target: &str, headers: &[(&str, &str)], bytes: &[u8], more: u64) -> Exchange {
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let body = Recorded { bytes: bytes.to_vec(), total: bytes.len() as u64 + more };
    Exchange {
        id: 1,
        run: None,
        started: Timestamp::UNIX_EPOCH,
        request: RecordedRequest {
            method: "GET".into(),
            target: target.into(),
            version: "HTTP/1.1".into(),
            headers: headers.clone(),
            body: body.clone(),
        },
        response: Some(RecordedResponse {
            status: 200,
            reason: "OK".into(),
            version: "HTTP/1.1".into(),
            headers,
            body,
        }),
        as_json: false,
        trouble: None,
        times: Times::default(),
    }
}

fn answer(exchange: &Exchange, secrets: Secrets) -> Shown {
    exchange.shown(secrets, MOST).response.expect("there is one")
}

fn shown(target: &str, content: &str, bytes: &[u8], more: u64) -> Shown {
    answer(&exchange(target, &[("Content-Type", content)], bytes, more), Secrets::Hide)
}

fn cut(api_version: Option<&str>, kind: Option<&str>, bytes: u64) -> Shown {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Shown::Cut { api_version: owned(api_version), kind: owned(kind), text: None, bytes }
}

/// Each piece of a compressed stream, as a server flushes it.
fn gzipped_pieces(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let mut all = Vec::new();
    for piece in pieces {
        encoder.write_all(piece).unwrap();
        encoder.flush().unwrap();
        all.push(std::mem::take(encoder.get_mut()));
    }
    all.push(encoder.finish().unwrap());
    all
}

#[test]
fn as_much_of_what_was_compressed_is_shown_as_is_wanted() {
    let large = format!("{{\"kind\":\"PodList\",\"x\":\"{}\"}}", "y".repeat(5 << 20));
    let mut given = exchange("/api/v1/pods", &[("Content-Encoding", "gzip")], &[], 0);
    let body = &mut given.response.as_mut().unwrap().body;
    body.bytes = gzip(large.as_bytes());
    body.total = body.bytes.len() as u64;
    let shown = |most| given.shown(Secrets::Hide, most).response.unwrap();
    assert!(matches!(shown(MOST), Shown::Cut { bytes: MOST, .. }));
    assert!(matches!(shown(8 << 20), Shown::Json(_)));
}

#[test]
fn a_compressed_stream_is_told_piece_by_piece() {
    let headers = |encoding: &str| vec![("Content-Encoding".to_owned(), encoding.to_owned())];
    assert!(Unzip::of(&headers("identity")).is_none() && Unzip::of(&headers("gzip, br")).is_none());
    let mut unzip = Unzip::of(&headers("gzip")).unwrap();
    let pieces = gzipped_pieces(&[b"first\n", b"second\n"]);
    let [first, second, end] = &pieces[..] else { panic!("{pieces:?}") };
    assert_eq!(unzip.piece(first), b"first\n");
    // However the network cuts it.
    let (one, other) = second.split_at(3);
    let told = [unzip.piece(one), unzip.piece(other), unzip.piece(end)].concat();
    assert_eq!(told, b"second\n");

    // What is not in order, or stands for too much, is not waited for.
    let mut unzip = Unzip::of(&headers("x-gzip")).unwrap();
    assert_eq!(unzip.piece(b"no gzip at all"), b"");
    assert_eq!(unzip.piece(first), b"");
    let mut unzip = Unzip::of(&headers("gzip")).unwrap();
    assert_eq!(unzip.piece(&gzip(&vec![0; 64 << 20])), b"");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A length-delimited field.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length > 0x7f {
        field.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    field.push(u8::try_from(length).unwrap());
    field.extend(bytes);
    field
}

fn object(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let kind = [field(1, api_version.as_bytes()), field(2, kind.as_bytes())].concat();
    [b"k8s\0".to_vec(), field(1, &kind), field(2, raw), field(3, b""), field(4, b"")].concat()
}

fn metadata(name: &str, namespace: &str) -> Vec<u8> {
    let names = [field(1, name.as_bytes()), field(2, b""), field(3, namespace.as_bytes())];
    field(1, &names.concat())
}

fn envelope(
    api: &str,
    kind: &str,
    name: Option<&str>,
    space: Option<&str>,
    bytes: u64,
) -> Envelope {
    Envelope {
        api_version: api.into(),
        kind: kind.into(),
        name: name.map(str::to_owned),
        namespace: space.map(str::to_owned),
        bytes,
    }
}

#[test]
fn bodies() {
    let secret = br#"{"kind":"Secret","data":{"a":"YWJj"}}"#;
    let hidden = json!({ "kind": "Secret", "data": { "a": "(hidden, 3 bytes)" } });
    for (target, content, bytes, more, expected) in [
        ("/", JSON, "", 0, Shown::Nothing),
        ("/", JSON, "{\"a\":1}\n", 0, Shown::Json(json!({ "a": 1 }))),
        ("/", "application/merge-patch+json; a=b", "{}", 0, Shown::Json(json!({}))),
        ("/", "application/apply-patch+yaml", "{\"a\":1}", 0, Shown::Json(json!({ "a": 1 }))),
        ("/", "application/apply-patch+yaml", "a: 1", 0, Shown::Text("a: 1".into())),
        ("/", "application/apply-patch+yaml", "a: 1", 1, Shown::Withheld { bytes: 5 }),
        (
            "/",
            "application/apply-patch+yaml",
            "kind: !!str Secret",
            0,
            Shown::Withheld { bytes: 18 },
        ),
        ("/", "application/yaml", "{kind: Secret, data: {a: b}}", 0, Shown::Withheld { bytes: 28 }),
        ("/api/v1/secrets", "application/yaml", "a: 1", 0, Shown::Withheld { bytes: 4 }),
        ("/api/v1/secrets", "text/plain", "abc", 0, Shown::Withheld { bytes: 3 }),
        ("/", JSON, "{\"kind\":\"X\",", 9, cut(None, Some("X"), 12)),
        (
            "/",
            JSON,
            "{\"apiVersion\":\"v1\",\"kind\":\"X\",\"data\":{\"a\":\"Y",
            9,
            cut(Some("v1"), Some("X"), 44),
        ),
        ("/", JSON, "{\"kind\":\"not a kind\",", 9, cut(None, None, 21)),
        ("/", JSON, "[{\"kind\":\"X\",", 9, cut(None, None, 13)),
        ("/", JSON, "no json", 0, Shown::Withheld { bytes: 7 }),
        ("/", "", "{\"a\":1}", 0, Shown::Json(json!({ "a": 1 }))),
        ("/", "", "abc", 0, Shown::Binary { bytes: 3 }),
        ("/", "application/octet-stream", "abc", 7, Shown::Binary { bytes: 10 }),
        ("/", "text/plain", "a\0b", 0, Shown::Binary { bytes: 3 }),
        (
            "/",
            "text/plain; charset=utf-8",
            "ok eyJa",
            1,
            Shown::Text("ok (hidden, 4 bytes)".into()),
        ),
        ("/", "text/plain", "kind: Secret\ndata: {}", 0, Shown::Withheld { bytes: 21 }),
    ] {
        let seen = shown(target, content, bytes.as_bytes(), more);
        assert!(seen == expected, "{content} {bytes}: {seen:?}");
    }
    assert!(shown("/", "text/plain", b"a\xc3", 1) == Shown::Text("a".into()));
    let given = exchange("/", &[("content-type", JSON)], secret, 0);
    assert!(answer(&given, Secrets::Hide) == Shown::Json(hidden.clone()));
    assert!(given.shown(Secrets::Hide, MOST).request == Shown::Json(hidden));
    assert!(answer(&given, Secrets::Show) == Shown::Json(serde_json::from_slice(secret).unwrap()));
}

#[test]
fn after_a_switch_of_protocols_nothing_is_read() {
    let mut given = exchange("/", &[("content-type", JSON)], b"{}", 0);
    given.response.as_mut().unwrap().status = 101;
    let binary = Shown::Binary { bytes: 2 };
    let expected = Bodies { request: binary.clone(), response: Some(binary) };
    assert!(given.shown(Secrets::Show, MOST) == expected);
}

#[test]
fn what_is_cut_is_shown_on_request() {
    let given = exchange("/", &[("content-type", JSON)], b"{\"kind\":\"X\",\"a", 9);
    let Shown::Cut { text, .. } = answer(&given, Secrets::Show) else { panic!("not cut") };
    assert_eq!(text.as_deref(), Some("{\"kind\":\"X\",\"a"));
}

#[test]
fn watches() {
    let secret = |data: &str| json!({ "kind": "Secret", "data": { "a": data } });
    let lines = format!(
        "{}\n{}\n{{\"type\":\"ADD",
        json!({ "type": "ADDED", "object": secret("YWJj") }),
        json!({ "type": "BOOKMARK", "object": { "kind": "Secret" } }),
    );
    let frame =
        |event: &str, object| Frame { event: Some(event.into()), object: Shown::Json(object) };
    let first = frame("ADDED", secret("(hidden, 3 bytes)"));
    let second = frame("BOOKMARK", json!({ "kind": "Secret" }));
    let last = |object| Frame { event: None, object };
    let expected = Shown::Frames(vec![first.clone(), second, last(cut(None, None, 13))]);
    let seen = shown("/api/v1/secrets?watch=1", JSON, lines.as_bytes(), 0);
    assert!(seen == expected, "{seen:?}");

    let (one, _) = lines.split_once('\n').unwrap();
    let seen = shown("/", JSON, one.as_bytes(), 0);
    assert!(seen == Shown::Frames(vec![first.clone()]), "{seen:?}");
    let seen = shown("/", JSON, one.as_bytes(), 1);
    assert!(seen == Shown::Frames(vec![first.clone(), last(cut(None, None, 0))]), "{seen:?}");
    let seen = shown("/", JSON, format!("{one}\nsecret").as_bytes(), 0);
    let broken = last(Shown::Withheld { bytes: 7 });
    assert!(seen == Shown::Frames(vec![first, broken]), "{seen:?}");
}

#[test]
fn gzip_is_undone() {
    let headers = [("Content-Encoding", "gzip"), ("Content-Type", JSON)];
    let json = br#"{"apiVersion":"v1","kind":"PodList"}"#;
    let packed = gzip(json);
    let seen = answer(&exchange("/", &headers, &packed, 0), Secrets::Hide);
    assert!(seen == Shown::Json(json!({ "apiVersion": "v1", "kind": "PodList" })), "{seen:?}");

    let text: String = (0..5000).map(|n| n.to_string() + "\n").collect();
    let packed = gzip(text.as_bytes());
    let headers = [("Content-Encoding", "identity, X-GZIP"), ("Content-Type", "text/plain")];
    let half = exchange("/", &headers, &packed[..packed.len() / 2], 100);
    let Shown::Text(half) = answer(&half, Secrets::Hide) else { panic!("no text") };
    assert!(half.len() > 1000 && text.starts_with(&half), "{} bytes", half.len());

    let bomb = gzip(&vec![b'a'; 20 << 20]);
    let Shown::Text(bomb) = answer(&exchange("/", &headers, &bomb, 0), Secrets::Hide) else {
        panic!("no text")
    };
    assert_eq!(bomb.len(), 4 << 20);

    for encoding in ["br", "gzip, gzip", "gzip"] {
        let headers = [("Content-Encoding", encoding), ("Content-Type", JSON)];
        let seen = answer(&exchange("/", &headers, b"{}", 0), Secrets::Hide);
        assert!(seen == Shown::Binary { bytes: 2 }, "{encoding}: {seen:?}");
    }
}

#[test]
fn protobuf_envelopes() {
    let raw = [metadata("web", "shop"), field(2, b"secret")].concat();
    let bytes = raw.len() as u64;
    let pod = object("v1", "Pod", &raw);
    for (given, expected) in [
        (pod.clone(), envelope("v1", "Pod", Some("web"), Some("shop"), bytes)),
        (object("v1", "Secret", &raw), envelope("v1", "Secret", Some("web"), Some("shop"), bytes)),
        // The third field of a list's metadata is no namespace.
        (object("v1", "PodList", &raw), envelope("v1", "PodList", None, None, bytes)),
        (object("v1", "Status", &raw), envelope("v1", "Status", None, None, bytes)),
        (object("v1", "Pod", b""), envelope("v1", "Pod", None, None, 0)),
        (object("v1", "Pod", b"\x08\x01"), envelope("v1", "Pod", None, None, 2)),
        (object("v1", "Pod", &metadata("a b", "")), envelope("v1", "Pod", None, None, 11)),
        (object("a\n", "Pod", b""), envelope("", "Pod", None, None, 0)),
    ] {
        let seen = shown("/", PROTOBUF, &given, 0);
        assert!(seen == Shown::Protobuf(expected), "{seen:?}");
    }
    let head = pod.len() - b"secret".len() - 4;
    let expected = envelope("v1", "Pod", Some("web"), Some("shop"), bytes);
    let seen = shown("/", PROTOBUF, &pod[..head], 10);
    assert!(seen == Shown::Protobuf(expected), "{seen:?}");
    for other in [&b"k8s\0"[..], b"k8s\0\x0a", b"\x0a\x032.0", b"k8s\0\xff\xff\xff\xff"] {
        let seen = shown("/", PROTOBUF, other, 0);
        assert!(seen == Shown::Binary { bytes: other.len() as u64 }, "{seen:?}");
    }
}

#[test]
fn protobuf_watches() {
    let pod = object("v1", "Pod", &metadata("web", "shop"));
    let event = [field(1, b"ADDED"), field(2, &field(1, &pod))].concat();
    let framed =
        |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
    let wrapped = object("meta.k8s.io/v1", "WatchEvent", &event);
    let stream = [framed(&event), framed(&wrapped), framed(b"\xff"), vec![0, 0, 0, 9, 1]].concat();
    let inner = metadata("web", "shop").len() as u64;
    let object = Shown::Protobuf(envelope("v1", "Pod", Some("web"), Some("shop"), inner));
    let added = Frame { event: Some("ADDED".into()), object };
    let expected = Shown::Frames(vec![
        added.clone(),
        added,
        Frame { event: None, object: Shown::Binary { bytes: 1 } },
        Frame { event: None, object: cut(None, None, 5) },
    ]);
    let streamed = format!("{PROTOBUF};stream=watch");
    for (target, content) in [("/", streamed.as_str()), ("/api/v1/pods?watch=true", PROTOBUF)] {
        let seen = shown(target, content, &stream, 0);
        assert!(seen == expected, "{target} {content}: {seen:?}");
    }
    for target in ["/", "/?watch=false", "/?nowatch=1"] {
        let seen = shown(target, PROTOBUF, &stream, 0);
        assert!(seen == Shown::Binary { bytes: stream.len() as u64 }, "{target}: {seen:?}");
    }
}

#[test]
fn debug_tells_sizes_only() {
    let bytes = br#"{"kind":"Secret","data":{"a":"hunter2"}}"#;
    for (content, bytes) in [(JSON, &bytes[..]), (JSON, &bytes[..38]), ("text/plain", b"hunter2")] {
        let given = exchange("/", &[("content-type", content)], bytes, 9);
        let debug = format!("{:?}", given.shown(Secrets::Show, MOST));
        assert!(!debug.contains("hunter2"), "{debug}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_taken(
        head in prop::sample::select(vec![&b""[..], b"k8s\0", b"k8s\0\x0a", b"k8s\0\x12", b"\0\0\0\x04", b"{", b"\x1f\x8b\x08\0"]),
        tail in prop::collection::vec(any::<u8>(), 0..64),
        content in prop::sample::select(vec![JSON, PROTOBUF, "text/plain", "application/yaml", ""]),
        encoding in prop::sample::select(vec!["gzip", ""]),
        more in 0..3u64,
    ) {
        let bytes = [head, &tail].concat();
        let headers = [("Content-Type", content), ("Content-Encoding", encoding)];
        for target in ["/?watch=1", "/api/v1/secrets"] {
            let given = exchange(target, &headers, &bytes, more);
            prop_assert_eq!(given.shown(Secrets::Hide, MOST).request == Shown::Nothing, bytes.is_empty() && more == 0);
        }
    }

    /// Wherever a secret is cut, its value is not shown.
    #[test]
    fn no_cut_shows_a_secret(
        marker in "MARK[A-Za-z0-9]{12,30}",
        keep in any::<prop::sample::Index>(),
        watch in any::<bool>(),
        packed in any::<bool>(),
        content in prop::sample::select(vec![JSON, "application/apply-patch+yaml", ""]),
    ) {
        let secret = json!({ "apiVersion": "v1", "data": { "a": marker }, "kind": "Secret", "x": 1 });
        let text = if watch {
            let event = json!({ "type": "ADDED", "object": secret }).to_string();
            format!("{event}\n{event}\n")
        } else {
            secret.to_string()
        };
        let bytes = if packed { gzip(text.as_bytes()) } else { text.into_bytes() };
        let keep = keep.index(bytes.len() + 1);
        let headers = [("Content-Type", content), ("Content-Encoding", if packed { "gzip" } else { "" })];
        let given = exchange("/", &headers, &bytes[..keep], (bytes.len() - keep) as u64);
        let text = said(&answer(&given, Secrets::Hide));
        prop_assert!(!text.contains("MARK"), "{text}");
    }
}

/// All that is there to be shown.
fn said(shown: &Shown) -> String {
    match shown {
        Shown::Json(value) => value.to_string(),
        Shown::Text(text) => text.clone(),
        Shown::Frames(frames) => {
            let said =
                frames.iter().map(|frame| format!("{:?} {}", frame.event, said(&frame.object)));
            said.collect::<Vec<_>>().join(" ")
        }
        Shown::Cut { text, .. } => format!("{shown:?} {text:?}"),
        other => format!("{other:?}"),
    }
}
