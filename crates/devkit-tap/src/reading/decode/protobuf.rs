//! Kubernetes' protobuf form: an envelope, and events with a length before each.

use super::body::{PROTOBUF_MAGIC as MAGIC, Plain, Watched};
use super::json::is_word;
use super::{Envelope, Frame, MOST_FRAMES, Shown};

/// Reads an object, or the events of a watch; nothing where it is neither.
pub(super) fn show(plain: &Plain, watched: Watched) -> Option<Shown> {
    if plain.bytes.starts_with(MAGIC) {
        return envelope(&plain.bytes).map(Shown::Protobuf);
    }
    (watched == Watched::Yes).then(|| Shown::Frames(frames(plain)))
}

fn frames(plain: &Plain) -> Vec<Frame> {
    let mut rest = plain.bytes.as_slice();
    let mut frames = Vec::new();
    while frames.len() < MOST_FRAMES
        && let Some((length, after)) = rest.split_first_chunk::<4>()
        && let Ok(length) = usize::try_from(u32::from_be_bytes(*length))
        && let Some((frame, after)) = after.split_at_checked(length)
    {
        frames.push(event(frame));
        rest = after;
    }
    if !rest.is_empty() || plain.cut {
        frames.push(Frame { event: None, object: Shown::cut(rest.len()) });
    }
    frames
}

/// A `meta/v1.WatchEvent`: 1 is the event's type, 2 a `RawExtension` with the object in its 1.
///
/// API servers send it without an envelope; one around it is harmless.
fn event(frame: &[u8]) -> Frame {
    let inner = frame.strip_prefix(MAGIC).map(|unknown| field(unknown, 2));
    let message = match inner {
        Some(raw) => raw.map(|raw| raw.bytes).unwrap_or_default(),
        None => frame,
    };
    let object = field(message, 2).and_then(|extension| field(extension.bytes, 1));
    let envelope = object.and_then(|object| envelope(object.bytes));
    let binary = Shown::Binary { bytes: frame.len() as u64 };
    Frame { event: word(message, 1), object: envelope.map_or(binary, Shown::Protobuf) }
}

/// A `runtime.Unknown` after the magic: 1 is the type, 2 the object, 3 and 4 its encoding and type.
fn envelope(bytes: &[u8]) -> Option<Envelope> {
    let unknown = bytes.strip_prefix(MAGIC)?;
    let kind = field(unknown, 1);
    let raw = field(unknown, 2);
    if kind.is_none() && raw.is_none() {
        return None;
    }
    let kind = kind.map(|kind| kind.bytes).unwrap_or_default();
    let (api_version, kind) =
        (word(kind, 1).unwrap_or_default(), word(kind, 2).unwrap_or_default());
    let empty = |number| field(unknown, number).is_none_or(|field| field.bytes.is_empty());
    // These begin with a `ListMeta`, whose third field is the token to continue with.
    let unnamed = kind.ends_with("List") || kind == "Status" || !empty(3) || !empty(4);
    let metadata = raw.filter(|_| !unnamed).and_then(|raw| field(raw.bytes, 1));
    let named = |number| word(metadata?.bytes, number);
    Some(Envelope {
        name: named(1),
        namespace: named(3),
        bytes: raw.map_or(0, |raw| raw.length),
        api_version,
        kind,
    })
}

/// A length-delimited field, as much as is there of it.
#[derive(Clone, Copy)]
struct Field<'a> {
    bytes: &'a [u8],
    length: u64,
}

/// A whole field that is a name.
fn word(message: &[u8], number: u64) -> Option<String> {
    let field = field(message, number).filter(|field| field.bytes.len() as u64 == field.length)?;
    let text = std::str::from_utf8(field.bytes).ok()?;
    // A name may have what a version has not: `system:node`.
    is_word(&text.replace([':', '_', '@'], "-")).then(|| text.to_owned())
}

/// The first length-delimited field of this number; the last one of a message may be cut.
fn field(message: &[u8], number: u64) -> Option<Field<'_>> {
    let mut rest = message;
    loop {
        let key = varint(&mut rest)?;
        let skipped = match key & 7 {
            0 => {
                varint(&mut rest)?;
                0
            }
            1 => 8,
            2 => {
                let length = varint(&mut rest)?;
                let there = usize::try_from(length).unwrap_or(usize::MAX).min(rest.len());
                if key >> 3 == number {
                    return Some(Field { bytes: &rest[..there], length });
                }
                there
            }
            5 => 4,
            // Groups: no Kubernetes message has them.
            _ => return None,
        };
        rest = rest.get(skipped..)?;
    }
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        // Bits beyond the 64th fall off, as protobuf has it.
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
