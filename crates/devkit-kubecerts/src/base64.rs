//! Base64 as Go's `encoding/base64` reads it into a `[]byte` field.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::secret::Secret;

/// `StdEncoding`: padding is required, the bits it leaves unused may be anything.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// Why a text is no base64. Never says which character it was: the text may be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Base64Error {
    /// A blank, which YAML's folding puts between lines.
    #[error("a blank stands at offset {offset}")]
    Blank {
        /// Bytes from the start of the value.
        offset: usize,
    },
    /// Another character that is not of the alphabet.
    #[error("a character that is none of base64's stands at offset {offset}")]
    Character {
        /// Bytes from the start of the value.
        offset: usize,
    },
    /// PEM instead of base64 of it.
    #[error("it is PEM, and base64 of it is wanted")]
    Pem,
    /// A character is missing at the end, or the `=`.
    #[error("it ends too early, after {length} characters")]
    Short {
        /// Characters that count.
        length: usize,
    },
}

/// Decodes, leaving out CR and LF wherever they are, and nothing else.
pub(crate) fn decode(text: &str) -> Result<Secret, Base64Error> {
    let mut unfolded = Zeroizing::new(Vec::new());
    let mut stripped = text.as_bytes();
    if text.bytes().any(is_line_end) {
        unfolded.reserve_exact(text.len());
        unfolded.extend(text.bytes().filter(|byte| !is_line_end(*byte)));
        stripped = &unfolded;
    }
    let decoded = ENGINE.decode(stripped).map(Secret::new);
    decoded.map_err(|_| explain(text, stripped.len()))
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

fn explain(text: &str, length: usize) -> Base64Error {
    if text.trim_start().starts_with("-----BEGIN") {
        return Base64Error::Pem;
    }
    let foreign =
        |b: &u8| !(b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'\r' | b'\n'));
    match text.as_bytes().iter().position(foreign) {
        Some(offset) if matches!(text.as_bytes()[offset], b' ' | b'\t') => {
            Base64Error::Blank { offset }
        }
        Some(offset) => Base64Error::Character { offset },
        None => match text.trim_end_matches(['=', '\r', '\n']).find('=') {
            Some(offset) => Base64Error::Character { offset },
            None => Base64Error::Short { length },
        },
    }
}
