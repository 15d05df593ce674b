//! Percent-encoding, as the API server and proxies undo it.

/// What a plus sign stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plus {
    /// In a path.
    Plus,
    /// In a query.
    Space,
}

/// Undoes percent-encoding; what is none stays as it is.
pub(crate) fn decode(text: &str, plus: Plus) -> Vec<u8> {
    match plus {
        Plus::Plus => percent_encoding::percent_decode_str(text).collect(),
        Plus::Space => percent_encoding::percent_decode_str(&text.replace('+', " ")).collect(),
    }
}
