//! Findings for programs: the same fields from every recipe.

use std::io::{self, Write};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;

use devkit_text::needs_escape;

use crate::finding::{Detailed, Finding, Related};
use crate::message::Message;
use crate::place::Place;

/// A value as one line of JSON. What moves, hides or breaks text on a terminal is written as `\u202e`:
/// for a program the value is the same, and nobody who looks at it is deceived.
///
/// # Errors
///
/// Those of the value: a map with keys that are no texts, say.
pub fn to_json(value: &impl Serialize) -> serde_json::Result<String> {
    let mut bytes = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, Harmless))?;
    String::from_utf8(bytes).map_err(serde::ser::Error::custom)
}

/// Compact JSON whose texts hold nothing that is to be escaped.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(needs_escape) {
            let c = rest[at..].chars().next().expect("a character was found there");
            writer.write_all(&rest.as_bytes()[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

/// Writes a path: as text, or as `{"base64": "…"}` if it is not UTF-8.
///
/// # Errors
///
/// Those of the serializer.
pub fn json_path<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    if let Some(text) = path.to_str() {
        return to.serialize_str(text);
    }
    let mut map = to.serialize_map(Some(1))?;
    map.serialize_entry("base64", &STANDARD.encode(path.as_os_str().as_encoded_bytes()))?;
    map.end()
}

/// A path as [`json_path`] writes it.
#[derive(Debug, Clone, Copy)]
pub struct JsonPath<'a>(pub &'a Path);

impl Serialize for JsonPath<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        json_path(self.0, to)
    }
}

/// The fields of a finding. What it does not have is null.
#[derive(Serialize)]
struct FindingFields<'a> {
    code: &'a str,
    severity: &'static str,
    message: &'a Message,
    cause: Option<&'a Message>,
    hint: Option<&'a Message>,
    #[serde(flatten)]
    place: PlaceFields<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<RelatedFields<'a>>,
}

#[derive(Serialize)]
struct PlaceFields<'a> {
    file: Option<JsonPath<'a>>,
    line: Option<usize>,
    column: Option<usize>,
}

#[derive(Serialize)]
struct RelatedFields<'a> {
    message: &'a Message,
    #[serde(flatten)]
    place: PlaceFields<'a>,
}

impl<'a> PlaceFields<'a> {
    fn of(place: Option<&'a Place>) -> Self {
        let at = place.and_then(|place| place.at);
        Self {
            file: place.map(|place| JsonPath(&place.file)),
            line: at.map(|at| at.line),
            column: at.map(|at| at.column),
        }
    }
}

impl<'a> RelatedFields<'a> {
    fn of(related: &'a Related) -> Self {
        Self { message: &related.message, place: PlaceFields::of(Some(&related.place)) }
    }
}

impl<'a> FindingFields<'a> {
    fn of(finding: &'a Finding) -> Self {
        Self {
            code: &finding.code,
            severity: finding.severity.name(),
            message: &finding.message,
            // For a program the words beside the place are all there is of a cause.
            cause: finding.cause.as_ref().or(finding.label.as_ref()),
            hint: finding.hint.as_ref(),
            place: PlaceFields::of(finding.place.as_ref()),
            related: finding.related.iter().map(RelatedFields::of).collect(),
        }
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        PlaceFields::of(Some(self)).serialize(to)
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        FindingFields::of(self).serialize(to)
    }
}

impl<D: Serialize> Serialize for Detailed<D> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Both<'a, D> {
            #[serde(flatten)]
            finding: FindingFields<'a>,
            #[serde(flatten)]
            detail: &'a D,
        }
        Both { finding: FindingFields::of(&self.finding), detail: &self.detail }.serialize(to)
    }
}
