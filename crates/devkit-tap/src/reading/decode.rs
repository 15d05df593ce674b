//! Decodes a recorded body, which is compressed, framed and maybe cut.

mod body;
mod json;
mod protobuf;
#[cfg(test)]
mod tests;
mod unzip;

use std::fmt;

use serde_json::Value;

use super::redact::{self, PathKind, Secrets};
use crate::traffic::exchange::{Exchange, Recorded};

use body::{Media, Plain, Watched};
pub use unzip::Unzip;

/// Frames that are shown of one body; what follows them is as if it were cut.
const MOST_FRAMES: usize = 10_000;

/// What both bodies of an exchange say.
#[derive(Debug, Clone, PartialEq)]
pub struct Bodies {
    /// What was sent along.
    pub request: Shown,
    /// What came back; nothing where no answer came.
    pub response: Option<Shown>,
}

/// What a body says. Its `Debug` tells sizes only.
#[derive(Clone, PartialEq)]
pub enum Shown {
    /// The body is empty.
    Nothing,
    /// A single JSON document.
    Json(Value),
    /// The documents of a watch, in their order.
    Frames(Vec<Frame>),
    /// A single object in Kubernetes' protobuf form.
    Protobuf(Envelope),
    /// Text, such as a log.
    Text(String),
    /// Something else, or in an encoding that is not known.
    Binary {
        /// How many passed.
        bytes: u64,
    },
    /// The body is not shown, for it may be or hold a secret that cannot be told from the rest.
    Withheld {
        /// How many passed.
        bytes: u64,
    },
    /// A document whose end is missing.
    Cut {
        /// `v1`, where it could be read.
        api_version: Option<String>,
        /// `PodList`, where it could be read.
        kind: Option<String>,
        /// What is there of it; only with [`Secrets::Show`].
        text: Option<String>,
        /// Bytes of what is there.
        bytes: u64,
    },
}

/// A document of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK` or `ERROR`; nothing where it could not be read.
    pub event: Option<String>,
    /// What it is about: [`Shown::Json`], [`Shown::Protobuf`], or why neither.
    pub object: Shown,
}

/// What the outside of a protobuf object tells: its contents stay closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// `apps/v1`; may be empty.
    pub api_version: String,
    /// `Deployment`; may be empty.
    pub kind: String,
    /// `metadata.name`; a list has none.
    pub name: Option<String>,
    /// `metadata.namespace`.
    pub namespace: Option<String>,
    /// Length of the object without its envelope, as the envelope tells.
    pub bytes: u64,
}

impl Exchange {
    /// What the bodies say, with secrets taken out unless they are wanted. Of a compressed one no more
    /// than the first `most` bytes are looked at, of what it was before.
    #[must_use]
    pub fn shown(&self, secrets: Secrets, most: u64) -> Bodies {
        let place = PathKind::of(&self.request.target);
        // What follows a switch of protocols is no body, whatever the headers say.
        let switched = self.response.as_ref().is_some_and(|response| response.status == 101);
        let watched = body::watched(&self.request.target);
        let show = |headers: &[(String, String)], recorded: &Recorded, watched| match recorded {
            Recorded { total: 0, .. } => Shown::Nothing,
            _ if switched => Shown::Binary { bytes: recorded.total },
            _ => {
                let total = recorded.total;
                BodyReader { secrets, place, watched, total, most }.show(headers, recorded)
            }
        };
        Bodies {
            request: show(&self.request.headers, &self.request.body, Watched::No),
            response: self
                .response
                .as_ref()
                .map(|response| show(&response.headers, &response.body, watched)),
        }
    }
}

/// What is known before a body is read.
#[derive(Clone, Copy)]
struct BodyReader {
    secrets: Secrets,
    place: PathKind,
    watched: Watched,
    total: u64,
    most: u64,
}

impl BodyReader {
    fn show(self, headers: &[(String, String)], recorded: &Recorded) -> Shown {
        let Some(plain) = body::decoded(headers, recorded, self.most) else { return self.binary() };
        let media = Media::of(headers, &plain.bytes);
        match media {
            Media::Protobuf => protobuf::show(&plain, self.watched.or(body::streamed(headers)))
                .unwrap_or(self.binary()),
            Media::Json => self.json(&plain).unwrap_or_else(|| self.unreadable(&plain)),
            Media::Yaml => {
                let json = plain.bytes.trim_ascii_start().starts_with(b"{");
                let json = if json { self.json(&plain) } else { None };
                json.unwrap_or_else(|| self.yaml(&plain))
            }
            Media::Text => self.text(&plain),
            Media::Other => self.binary(),
        }
    }

    fn json(self, plain: &Plain) -> Option<Shown> {
        let mut shown = json::show(plain, self.secrets)?;
        if self.secrets == Secrets::Hide {
            match &mut shown {
                Shown::Json(value) => {
                    redact::json(value, self.place);
                }
                Shown::Frames(frames) => frames.iter_mut().for_each(|frame| {
                    if let Shown::Json(value) = &mut frame.object {
                        redact::json(value, self.place);
                    }
                }),
                _ => {}
            }
        }
        Some(shown)
    }

    fn yaml(self, plain: &Plain) -> Shown {
        // The kind may stand after the data, and so in what was cut off.
        let unsure = plain.cut || redact::may_be_secret(&plain.bytes);
        if self.secrets == Secrets::Hide && unsure { self.withheld() } else { self.text(plain) }
    }

    fn text(self, plain: &Plain) -> Shown {
        let text = String::from_utf8_lossy(whole(&plain.bytes));
        if text.contains('\0') {
            return self.binary();
        }
        match self.secrets {
            Secrets::Show => Shown::Text(text.into_owned()),
            Secrets::Hide if self.place.holds_secrets() => self.withheld(),
            Secrets::Hide => {
                redact::text(&text, plain.cut).map_or_else(|| self.withheld(), Shown::Text)
            }
        }
    }

    /// Shows a body that says it is JSON and is not.
    fn unreadable(self, plain: &Plain) -> Shown {
        match self.secrets {
            Secrets::Show => self.text(plain),
            Secrets::Hide => self.withheld(),
        }
    }

    fn binary(self) -> Shown {
        Shown::Binary { bytes: self.total }
    }

    fn withheld(self) -> Shown {
        Shown::Withheld { bytes: self.total }
    }
}

/// Without the beginning of a character whose end was cut off.
fn whole(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => &bytes[..error.valid_up_to()],
        _ => bytes,
    }
}

impl Shown {
    /// A document of which this much is there, and nothing else is known.
    fn cut(bytes: usize) -> Self {
        Self::Cut { api_version: None, kind: None, text: None, bytes: bytes as u64 }
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("Nothing"),
            Self::Json(_) => f.write_str("Json(..)"),
            Self::Frames(frames) => f.debug_tuple("Frames").field(frames).finish(),
            Self::Protobuf(envelope) => f.debug_tuple("Protobuf").field(envelope).finish(),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Binary { bytes } => write!(f, "Binary({bytes} bytes)"),
            Self::Withheld { bytes } => write!(f, "Withheld({bytes} bytes)"),
            Self::Cut { api_version, kind, bytes, .. } => {
                write!(f, "Cut({api_version:?}, {kind:?}, {bytes} bytes)")
            }
        }
    }
}
