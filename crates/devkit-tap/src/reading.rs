//! What was recorded, made readable: decoded, without its secrets, in kubectl's words, and filtered.

pub(crate) mod decode;
pub(crate) mod filter;
pub mod redact;
pub(crate) mod words;
