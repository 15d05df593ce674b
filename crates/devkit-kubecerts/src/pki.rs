//! Keys and certificates: their encodings, and what they say.

pub(crate) mod key;
pub(crate) mod pem;
pub(crate) mod x509;
