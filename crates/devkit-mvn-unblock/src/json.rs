//! Writes paths in JSON, also those that are not UTF-8.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serializer;
use serde::ser::SerializeMap as _;

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
