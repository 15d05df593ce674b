//! PEM blocks, found as Go's `encoding/pem` finds them: text around them is left alone.

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use crate::secret::Secret;

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// A block.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// `CERTIFICATE`, `RSA PRIVATE KEY` and so on.
    pub(crate) label: String,
    /// Whether a `DEK-Info` header says that the contents are encrypted.
    pub(crate) encrypted: bool,
    pub(crate) contents: Secret,
}

impl Block {
    pub(crate) fn is_private_key(&self) -> bool {
        self.label == "PRIVATE KEY" || self.label.ends_with(" PRIVATE KEY")
    }
}

/// All blocks that are whole; a broken one is passed over.
pub(crate) fn blocks(bytes: &[u8]) -> Vec<Block> {
    // What is no UTF-8 is text around the blocks, or no base64 within one.
    let line = |line| str::from_utf8(line).unwrap_or("\u{fffd}").trim_end();
    let mut lines = bytes.split(|byte| *byte == b'\n').map(line);
    let mut blocks = Vec::new();
    while let Some(line) = lines.next() {
        let label = line.strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----"));
        if let Some(label) = label {
            blocks.extend(block(label, lines.clone(), bytes.len()));
        }
    }
    blocks
}

fn block<'a>(label: &str, lines: impl Iterator<Item = &'a str>, most: usize) -> Option<Block> {
    let mut encrypted = false;
    // Growing would leave parts of a key behind; no key is larger.
    let mut body = zeroize::Zeroizing::new(String::with_capacity(most.min(16 * 1024)));
    for line in lines {
        if let Some(end) = line.strip_prefix("-----END ") {
            let ends = end.strip_suffix("-----") == Some(label);
            let contents = ENGINE.decode(&*body).ok().filter(|_| ends)?;
            return Some(Block { label: label.into(), encrypted, contents: Secret::new(contents) });
        }
        // The block has no end; the next one is looked at by itself.
        if line.starts_with("-----BEGIN ") {
            return None;
        }
        match line.split_once(':') {
            Some((header, _)) => encrypted |= header == "DEK-Info",
            None => body.extend(line.chars().filter(|c| !matches!(c, ' ' | '\t'))),
        }
    }
    None
}
