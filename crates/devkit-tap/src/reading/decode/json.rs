//! JSON documents: one, or one after the other as a watch sends them.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::{Deserializer, Value};

use super::body::Plain;
use super::{Frame, MOST_FRAMES, Shown};
use crate::reading::redact::Secrets;

/// Reads the documents; nothing where the first is no JSON.
pub(super) fn show(plain: &Plain, secrets: Secrets) -> Option<Shown> {
    let bytes = plain.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&plain.bytes);
    let mut documents = Deserializer::from_slice(bytes).into_iter::<Value>();
    let mut values = Vec::new();
    let mut end = DocumentsEnd::Whole;
    let mut offset = 0;
    while end == DocumentsEnd::Whole {
        match documents.next() {
            Some(Ok(_)) if values.len() == MOST_FRAMES => end = DocumentsEnd::Cut,
            Some(Ok(value)) => values.push(value),
            Some(Err(error)) if error.is_eof() => end = DocumentsEnd::Cut,
            Some(Err(_)) => end = DocumentsEnd::Broken,
            None => break,
        }
        if end == DocumentsEnd::Whole {
            offset = documents.byte_offset();
        }
    }
    let rest = bytes.get(offset..).unwrap_or_default();
    match (values.len(), end) {
        (0, DocumentsEnd::Cut) => Some(cut(rest, secrets)),
        (0, _) => None,
        (1, DocumentsEnd::Whole) if !values.iter().any(is_event) => values.pop().map(Shown::Json),
        _ => {
            let end = if end == DocumentsEnd::Whole && plain.cut { DocumentsEnd::Cut } else { end };
            let last = match end {
                DocumentsEnd::Whole => None,
                DocumentsEnd::Cut => Some(cut(rest, secrets)),
                DocumentsEnd::Broken => Some(Shown::Withheld { bytes: rest.len() as u64 }),
            };
            let last = last.map(|object| Frame { event: None, object });
            Some(Shown::Frames(values.into_iter().map(frame).chain(last).collect()))
        }
    }
}

/// How the documents end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DocumentsEnd {
    Whole,
    Cut,
    Broken,
}

/// An event of a watch has these, and no kind as every object has.
fn is_event(value: &Value) -> bool {
    value.get("type").is_some_and(Value::is_string)
        && value.get("object").is_some_and(Value::is_object)
        && value.get("kind").is_none()
}

fn frame(mut value: Value) -> Frame {
    let event = value.get("type").and_then(Value::as_str).filter(|event| is_word(event));
    match event.map(str::to_owned) {
        Some(event) if is_event(&value) => {
            let object = value.get_mut("object").map(Value::take).unwrap_or_default();
            Frame { event: Some(event), object: Shown::Json(object) }
        }
        _ => Frame { event: None, object: Shown::Json(value) },
    }
}

fn cut(bytes: &[u8], secrets: Secrets) -> Shown {
    let mut head = Head::default();
    // Reading ends in an error, the document being cut; what was found until then stays.
    let _ = Deserializer::from_slice(bytes).deserialize_map(&mut head);
    let text = match secrets {
        Secrets::Show => Some(String::from_utf8_lossy(super::whole(bytes)).into_owned()),
        Secrets::Hide => None,
    };
    Shown::Cut {
        api_version: head.api_version.filter(|text| is_word(text)),
        kind: head.kind.filter(|text| is_word(text)),
        text,
        bytes: bytes.len() as u64,
    }
}

/// What is no secret wherever it stands: a name of a version, a kind or an event.
pub(super) fn is_word(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/' | b'-');
    !text.is_empty() && text.len() <= 253 && text.bytes().all(plain)
}

/// The type of a document, read as far as it is there.
#[derive(Default)]
struct Head {
    api_version: Option<String>,
    kind: Option<String>,
}

impl<'de> Visitor<'de> for &mut Head {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "apiVersion" => self.api_version = Some(map.next_value()?),
                "kind" => self.kind = Some(map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}
