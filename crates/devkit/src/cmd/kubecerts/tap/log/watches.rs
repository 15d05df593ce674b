//! Watches under way: their events, as soon as each is whole.

use std::collections::HashMap;
use std::sync::Arc;

use devkit_tap::{
    Envelope, Exchange, Frame, Recorded, RequestInfo, Secrets, Shown, Subject, Unzip,
};
use devkit_text::escape;
use jiff::Timestamp;
use serde_json::Value;

use super::asked::header;
use crate::host::clock;

/// The most of an event that is waited for.
const LONGEST: usize = 4 * 1024 * 1024;

#[derive(Default)]
pub(super) struct Watches(HashMap<u64, Watch>);

/// A watch that was answered.
pub(super) struct AnsweredWatch {
    pub(super) exchange: Exchange,
    /// In kubectl's words, fit to be shown; so is the target.
    pub(super) asked: RequestInfo,
    pub(super) target: String,
}

struct Watch {
    of: Arc<AnsweredWatch>,
    /// The beginning of an event whose end is still to come.
    rest: Vec<u8>,
    unzip: Option<Unzip>,
    protobuf: bool,
    events: u64,
}

/// An event of a watch, fit to be shown.
pub(super) struct Told {
    pub(super) time: Timestamp,
    /// `ADDED`.
    pub(super) event: String,
    /// `Pod default/web-1`.
    pub(super) object: String,
    /// The object itself.
    pub(super) body: Shown,
    pub(super) of: Arc<AnsweredWatch>,
}

impl Watches {
    pub(super) fn begin(&mut self, mut exchange: Exchange, asked: RequestInfo, target: String) {
        let (mut protobuf, mut unzip) = (false, None);
        if let Some(response) = &mut exchange.response {
            let kind = header(&response.headers, "content-type");
            protobuf = kind.is_some_and(|kind| kind.contains("protobuf"));
            unzip = Unzip::of(&response.headers);
            // The pieces are decompressed as they come, so that the events are read without the encoding.
            response.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-encoding"));
        }
        let id = exchange.id;
        let of = Arc::new(AnsweredWatch { exchange, asked, target });
        self.0.insert(id, Watch { of, rest: Vec::new(), unzip, protobuf, events: 0 });
    }

    /// The events that a piece completes.
    pub(super) fn take(&mut self, id: u64, bytes: &[u8], secrets: Secrets, most: u64) -> Vec<Told> {
        let Some(watch) = self.0.get_mut(&id) else { return Vec::new() };
        match &mut watch.unzip {
            None => watch.rest.extend_from_slice(bytes),
            Some(unzip) => watch.rest.extend(unzip.piece(bytes)),
        }
        let whole =
            if watch.protobuf { whole_messages(&watch.rest) } else { whole_lines(&watch.rest) };
        if whole == 0 {
            if watch.rest.len() > LONGEST {
                watch.rest.clear();
            }
            return Vec::new();
        }
        let bytes: Vec<u8> = watch.rest.drain(..whole).collect();
        let mut piece = watch.of.exchange.clone();
        if let Some(response) = &mut piece.response {
            response.body = Recorded { total: bytes.len() as u64, bytes };
        }
        let shown = piece.shown(secrets, most).response;
        let Some(Shown::Frames(frames)) = shown else { return Vec::new() };
        watch.events += frames.len() as u64;
        let time = clock::now();
        let resource = match &watch.of.asked.subject {
            Subject::Resource(resource) => resource.resource.as_str(),
            Subject::Discovery(_) | Subject::Path(_) => "",
        };
        let told = |frame: Frame| Told {
            time,
            event: escape(frame.event.as_deref().unwrap_or("?").as_bytes()),
            object: object(&frame.object, resource),
            body: frame.object,
            of: Arc::clone(&watch.of),
        };
        frames.into_iter().map(told).collect()
    }

    /// How many events there were.
    pub(super) fn end(&mut self, id: u64) -> Option<u64> {
        self.0.remove(&id).map(|watch| watch.events)
    }
}

/// Bytes up to the last line's end.
fn whole_lines(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
}

/// Bytes of all whole messages, each of which has its length before it.
fn whole_messages(bytes: &[u8]) -> usize {
    let mut whole = 0;
    while let Some(length) = bytes[whole..].first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        if bytes.len() - whole - 4 < length {
            break;
        }
        whole += 4 + length;
    }
    whole
}

/// `Pod default/web-1`; `pods default/web-1` where it does not say itself what it is.
fn object(shown: &Shown, resource: &str) -> String {
    match shown {
        Shown::Json(value) => {
            let row = &value["rows"][0]["object"];
            let object = if row.is_null() { value } else { row };
            let text = |value: &Value| escape(value.as_str().unwrap_or_default().as_bytes());
            let (mut kind, name) = (text(&object["kind"]), text(&object["metadata"]["name"]));
            // A row of a table does not say what it is of.
            if matches!(kind.as_str(), "" | "PartialObjectMetadata") {
                resource.clone_into(&mut kind);
            }
            named(&kind, &text(&object["metadata"]["namespace"]), &name)
        }
        Shown::Protobuf(found) => envelope(found),
        Shown::Withheld { bytes } => format!("({bytes} bytes, withheld)"),
        _ => String::new(),
    }
}

/// `v1 Pod default/web-1, 312 bytes of protobuf`.
pub(super) fn envelope(envelope: &Envelope) -> String {
    let Envelope { api_version, kind, name, namespace, bytes } = envelope;
    let kind = format!("{} {}", escape(api_version.as_bytes()), escape(kind.as_bytes()));
    let part = |text: &Option<String>| escape(text.as_deref().unwrap_or_default().as_bytes());
    format!("{}, {bytes} bytes of protobuf", named(kind.trim(), &part(namespace), &part(name)))
}

fn named(kind: &str, namespace: &str, name: &str) -> String {
    let name = match (namespace, name) {
        (_, "") => String::new(),
        ("", name) => name.to_owned(),
        (namespace, name) => format!("{namespace}/{name}"),
    };
    format!("{kind} {name}").trim().to_owned()
}
