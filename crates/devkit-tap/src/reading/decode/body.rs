//! What the headers say about a body, and the body without its compression.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use crate::percent::{Plus, decode};
use crate::reading::redact::parameters;
use crate::traffic::exchange::Recorded;

/// What an object in protobuf begins with: `k8s.io/apimachinery`, "runtime/serializer/protobuf".
pub(super) const PROTOBUF_MAGIC: &[u8] = b"k8s\0";

/// A body as it was before it was compressed.
pub(super) struct Plain {
    pub(super) bytes: Vec<u8>,
    /// Whether there was more.
    pub(super) cut: bool,
}

/// What a body is written in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Media {
    Json,
    Yaml,
    Protobuf,
    Text,
    Other,
}

/// Whether a body is a sequence of events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Watched {
    Yes,
    No,
}

impl Watched {
    pub(super) fn or(self, other: Self) -> Self {
        if self == Self::Yes { self } else { other }
    }
}

/// Whether a target asks for a watch.
pub(super) fn watched(target: &str) -> Watched {
    // A bare `watch` is one, too.
    let wants = |(name, value): (&str, Option<&str>)| {
        let no = value.is_some_and(|value| value == "0" || value.eq_ignore_ascii_case("false"));
        decode(name, Plus::Plus) == b"watch" && !no
    };
    if parameters(target).any(wants) { Watched::Yes } else { Watched::No }
}

/// Whether the content type says that a body is a watch.
pub(super) fn streamed(headers: &[(String, String)]) -> Watched {
    let stream = values(headers, "content-type")
        .flat_map(|value| value.split(';').skip(1))
        .any(|parameter| parameter.trim().eq_ignore_ascii_case("stream=watch"));
    if stream { Watched::Yes } else { Watched::No }
}

/// Undoes the content encoding; nothing where it is not known, or where the bytes are not in it.
///
/// Compressed bytes can stand for a thousand times as many: no more than `most` of them are taken.
pub(super) fn decoded(
    headers: &[(String, String)],
    recorded: &Recorded,
    most: u64,
) -> Option<Plain> {
    let encodings = values(headers, "content-encoding").flat_map(|value| value.split(','));
    let mut encodings = encodings
        .map(|encoding| encoding.trim().to_ascii_lowercase())
        .filter(|encoding| !encoding.is_empty() && encoding != "identity");
    match (encodings.next().as_deref(), encodings.next()) {
        (None, _) => Some(Plain { bytes: recorded.bytes.clone(), cut: recorded.is_cut() }),
        (Some(encoding), None) if is_gzip(encoding) => gunzip(recorded, most),
        _ => None,
    }
}

pub(super) fn is_gzip(encoding: &str) -> bool {
    let encoding = encoding.trim();
    encoding.eq_ignore_ascii_case("gzip") || encoding.eq_ignore_ascii_case("x-gzip")
}

fn gunzip(recorded: &Recorded, most: u64) -> Option<Plain> {
    let mut bytes = Vec::new();
    let mut reader = MultiGzDecoder::new(recorded.bytes.as_slice()).take(most.saturating_add(1));
    // What was read before an error stays in `bytes`.
    let failed = reader.read_to_end(&mut bytes).is_err();
    if failed && bytes.is_empty() {
        return None;
    }
    let full = bytes.len() as u64 > most;
    if full {
        bytes.pop();
    }
    Some(Plain { bytes, cut: failed || full || recorded.is_cut() })
}

impl Media {
    /// By the content type, and by the first bytes where it says nothing.
    pub(super) fn of(headers: &[(String, String)], bytes: &[u8]) -> Self {
        let full = values(headers, "content-type").next().unwrap_or_default();
        let essence = full.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let (kind, subtype) = essence.split_once('/').unwrap_or_default();
        let suffix = subtype.rsplit('+').next().unwrap_or_default();
        if subtype.contains("protobuf") || bytes.starts_with(PROTOBUF_MAGIC) {
            Self::Protobuf
        } else if suffix == "json" {
            Self::Json
        } else if matches!(suffix, "yaml" | "x-yaml") {
            Self::Yaml
        } else if kind == "text" || matches!(suffix, "xml" | "javascript" | "x-www-form-urlencoded")
        {
            Self::Text
        } else if matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[')) {
            Self::Json
        } else {
            Self::Other
        }
    }
}

/// All values of a header.
pub(super) fn values<'a>(
    headers: &'a [(String, String)],
    name: &str,
) -> impl Iterator<Item = &'a str> {
    let named = headers.iter().filter(move |(header, _)| header.eq_ignore_ascii_case(name));
    named.map(|(_, value)| value.as_str())
}
