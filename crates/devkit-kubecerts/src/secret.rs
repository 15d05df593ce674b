//! Bytes that may be a private key, and names that may be one by mistake.

use std::fmt;
use std::ops::Deref;
use std::path::Path;

use devkit_report::{Fragment, Message, Place, message};
use devkit_text::escape;

use zeroize::Zeroizing;

/// Bytes of a certificate, key or token field: any of them may turn out to be a private key. They
/// are overwritten when dropped, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes bytes over.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl Deref for Secret {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.len())
    }
}

/// A name out of a kubeconfig, fit to be shown; or how long it is where it looks like key material,
/// which may stand in any field by mistake.
#[must_use]
pub fn told(text: &str) -> String {
    if looks_like_key(text) {
        return format!("({} characters that look like a key)", text.chars().count());
    }
    escape(text.as_bytes())
}

/// A path that can be told, which stays one until it is printed.
#[must_use]
pub fn safe_path(path: &Path) -> Message {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let whole = path.to_string_lossy();
    if looks_like_key(&name) || looks_like_key(&whole) {
        return message!("({} characters that look like a key)", whole.chars().count());
    }
    path.into()
}

/// A place that can be told: the name of its file is hidden where it looks like key material.
#[must_use]
pub fn safe_place(place: &Place) -> Place {
    let mut told = place.clone();
    let safe = safe_path(&place.file);
    if !matches!(safe.pieces(), [Fragment::Path(_)]) {
        told.file = Path::new(&safe.to_string()).into();
    }
    told
}

/// A path as text, hidden where it looks like key material.
#[must_use]
pub fn told_path(path: &Path) -> String {
    safe_path(path).to_string()
}

/// Whether a text is PEM, base64 of PEM, or so much base64 that it may be a key's: no name of
/// forty letters and digits, large and small, without a sign between them is anything else.
pub(crate) fn looks_like_key(text: &str) -> bool {
    let base64 = |c: char| c.is_ascii_alphanumeric() || "+/=\r\n".contains(c);
    let mixed = |is: fn(&char) -> bool| text.chars().any(|c| is(&c));
    text.contains("-----BEGIN")
        || text.contains("LS0tLS1CRUdJTi")
        || text.len() >= 40
            && !text.starts_with('/')
            && text.chars().all(base64)
            && mixed(char::is_ascii_digit)
            && mixed(char::is_ascii_lowercase)
            && mixed(char::is_ascii_uppercase)
}
