//! A file's bytes as text, and back: the encoding that Maven reads it in, and which byte a character
//! of the text begins at.

use std::borrow::Cow;
use std::fmt;

use encoding_rs::{Encoding as Charset, UTF_8};

use devkit_report::{Locator, Position};

/// How a file is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    /// ISO 8859-1 as Java has it: each byte is the character of its number.
    Latin1,
    /// Seven bits; Java reads other bytes as U+FFFD.
    Ascii,
    Other(&'static Charset),
}

/// Why bytes are no text that Maven reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodingError {
    /// The declaration names an encoding that there is not, or that devkit does not know.
    #[error("the encoding '{0}' is not known")]
    Unknown(String),
    /// The declaration contradicts the bytes.
    #[error("the declaration says {declared}, and the bytes are {found}")]
    Contradiction {
        /// What is declared.
        declared: String,
        /// What the first bytes show.
        found: &'static str,
    },
    /// There are bytes that the encoding does not have.
    #[error("byte {at} is not {encoding}")]
    Malformed {
        /// The encoding.
        encoding: String,
        /// Bytes before it.
        at: usize,
    },
    /// The bytes would not come out again as they are.
    #[error("{0} does not write back the bytes that are there")]
    NotReversible(String),
}

/// A decoded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    decoded: String,
    encoding: Encoding,
    /// Bytes of the byte order mark.
    mark: usize,
    /// Where bytes that are not UTF-8 were replaced: offset in the text behind it, and in the file.
    replaced: Vec<(usize, usize)>,
}

impl Text {
    /// Decodes a file: by its byte order mark, else by its XML declaration, else as UTF-8.
    ///
    /// # Errors
    ///
    /// [`EncodingError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, EncodingError> {
        let (encoding, mark) = encoding_of(bytes)?;
        let body = &bytes[mark..];
        let mut replaced = Vec::new();
        let malformed = |at| EncodingError::Malformed { encoding: encoding.to_string(), at };
        let text = match encoding {
            Encoding::Utf8 => lenient(body, mark, &mut replaced),
            Encoding::Utf16Le | Encoding::Utf16Be => {
                let unit = |pair: &[u8]| match (encoding, pair) {
                    (Encoding::Utf16Le, &[low, high]) => u16::from_le_bytes([low, high]),
                    (_, &[high, low]) => u16::from_be_bytes([high, low]),
                    _ => 0xd800,
                };
                let units: Vec<u16> = body.chunks(2).map(unit).collect();
                String::from_utf16(&units).map_err(|_| {
                    let letters = char::decode_utf16(units.iter().copied());
                    let good = letters.map_while(Result::ok).map(char::len_utf16).sum::<usize>();
                    malformed(mark + good * 2)
                })?
            }
            Encoding::Latin1 => body.iter().map(|byte| char::from(*byte)).collect(),
            Encoding::Ascii => {
                let letter =
                    |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { '\u{fffd}' };
                body.iter().map(letter).collect()
            }
            Encoding::Other(charset) => {
                let text = charset
                    .decode_without_bom_handling_and_without_replacement(body)
                    .ok_or_else(|| malformed(mark + valid_length(charset, body)))?;
                let (again, _, _) = charset.encode(&text);
                if *again != *body {
                    return Err(EncodingError::NotReversible(charset.name().into()));
                }
                text.into_owned()
            }
        };
        Ok(Self { decoded: text, encoding, mark, replaced })
    }

    /// An empty file in UTF-8.
    #[must_use]
    pub fn empty() -> Self {
        Self { decoded: String::new(), encoding: Encoding::Utf8, mark: 0, replaced: Vec::new() }
    }

    /// The text, without a byte order mark.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.decoded
    }

    /// The encoding's name: `UTF-8`, `UTF-16LE`, `GBK`.
    #[must_use]
    pub fn encoding(&self) -> String {
        self.encoding.to_string()
    }

    /// Where the first bytes are that the encoding does not have. Maven 3 reads others for them,
    /// Maven 4 refuses the file.
    #[must_use]
    pub fn first_undecodable(&self) -> Option<usize> {
        match self.encoding {
            Encoding::Ascii => self.decoded.find('\u{fffd}'),
            _ => self.replaced.first().map(|(text, _)| text - '\u{fffd}'.len_utf8()),
        }
    }

    /// The byte of the file at which a character begins, by its offset in the text.
    #[must_use]
    pub fn byte_offset(&self, offset: usize) -> usize {
        let before = &self.decoded[..offset];
        match self.encoding {
            Encoding::Utf8 => {
                let known = self.replaced.partition_point(|(text, _)| *text <= offset);
                let (text, byte) = match known.checked_sub(1) {
                    Some(last) => self.replaced[last],
                    None => (0, self.mark),
                };
                byte + (offset - text)
            }
            Encoding::Utf16Le | Encoding::Utf16Be => self.mark + 2 * before.encode_utf16().count(),
            Encoding::Latin1 | Encoding::Ascii => self.mark + before.chars().count(),
            Encoding::Other(charset) => self.mark + charset.encode(before).0.len(),
        }
    }

    /// Text in the file's encoding, to be put between its bytes. A character that it does not have
    /// becomes a character reference.
    #[must_use]
    pub fn encode(&self, text: &str) -> Vec<u8> {
        match self.encoding {
            Encoding::Utf8 => text.as_bytes().to_vec(),
            Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            Encoding::Latin1 => referenced(text, 0xff),
            Encoding::Ascii => referenced(text, 0x7f),
            // encoding_rs writes decimal references, as XML has them too.
            Encoding::Other(charset) => charset.encode(text).0.into_owned(),
        }
    }

    /// Line and column of an offset in the text.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        Locator::new(&self.decoded).position(offset)
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Latin1 => "ISO-8859-1",
            Self::Ascii => "US-ASCII",
            Self::Other(charset) => charset.name(),
        })
    }
}

/// The encoding and the length of the byte order mark. Measured on Maven 3.8.7, 3.9.16 and 4.0:
/// a mark of UTF-8 beats the declaration, UTF-16 without a mark needs one that says so.
fn encoding_of(bytes: &[u8]) -> Result<(Encoding, usize), EncodingError> {
    let contradiction = |declared: &str, found| {
        Err(EncodingError::Contradiction { declared: declared.to_owned(), found })
    };
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Ok((Encoding::Utf8, 3));
    }
    if bytes.starts_with(b"\xff\xfe\0\0") || bytes.starts_with(b"\0\0\xfe\xff") {
        return Err(EncodingError::Unknown("UTF-32".into()));
    }
    let wide = match bytes {
        [0xff, 0xfe, ..] => Some((Encoding::Utf16Le, 2)),
        [0xfe, 0xff, ..] => Some((Encoding::Utf16Be, 2)),
        [b'<', 0, ..] => Some((Encoding::Utf16Le, 0)),
        [0, b'<', ..] => Some((Encoding::Utf16Be, 0)),
        _ => None,
    };
    let Some((encoding, mark)) = wide else {
        let Some(name) = declared(bytes) else { return Ok((Encoding::Utf8, 0)) };
        let encoding = by_name(&name).ok_or_else(|| EncodingError::Unknown(name.clone()))?;
        if matches!(encoding, Encoding::Utf16Le | Encoding::Utf16Be) {
            return contradiction(&name, "of one byte a character");
        }
        return Ok((encoding, 0));
    };
    let narrow: Vec<u8> =
        bytes[mark..].iter().copied().filter(|byte| *byte != 0).take(400).collect();
    let Some(name) = declared(&narrow) else {
        if mark > 0 {
            return Ok((encoding, mark));
        }
        return contradiction("nothing", "UTF-16 without a byte order mark");
    };
    // UTF-16 is either order, the other names are one.
    let says_order = name.len() > "UTF-16".len();
    match by_name(&name) {
        Some(found @ (Encoding::Utf16Le | Encoding::Utf16Be))
            if !says_order || found == encoding =>
        {
            Ok((encoding, mark))
        }
        _ if encoding == Encoding::Utf16Le => contradiction(&name, "UTF-16LE"),
        _ => contradiction(&name, "UTF-16BE"),
    }
}

/// The encoding that an XML declaration names.
fn declared(bytes: &[u8]) -> Option<String> {
    let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let declaration = bytes[start..].strip_prefix(b"<?xml")?;
    let end = declaration.windows(2).position(|pair| pair == b"?>")?;
    let declaration = String::from_utf8_lossy(&declaration[..end]);
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    Some(value[1..].split(quote).next()?.to_owned())
}

/// The encoding of a name, as Java knows it.
fn by_name(name: &str) -> Option<Encoding> {
    let plain = name.to_ascii_lowercase().replace('_', "-");
    Some(match plain.as_str() {
        "utf-8" | "utf8" => Encoding::Utf8,
        "utf-16" | "utf-16be" | "utf16" | "unicode" => Encoding::Utf16Be,
        "utf-16le" => Encoding::Utf16Le,
        "us-ascii" | "ascii" | "iso646-us" => Encoding::Ascii,
        "iso-8859-1" | "iso8859-1" | "latin1" | "l1" | "8859-1" | "cp819" | "ibm819" => {
            Encoding::Latin1
        }
        "cp936" | "ms936" | "windows-936" => Encoding::Other(encoding_rs::GBK),
        "cp932" | "ms932" | "windows-932" => Encoding::Other(encoding_rs::SHIFT_JIS),
        "cp949" | "ms949" | "windows-949" => Encoding::Other(encoding_rs::EUC_KR),
        other => {
            let label = match other.strip_prefix("iso8859-") {
                Some(part) => Cow::Owned(format!("iso-8859-{part}")),
                None => Cow::Borrowed(other),
            };
            let charset = Charset::for_label_no_replacement(label.as_bytes())?;
            // Labels that WHATWG folds into UTF-8 or UTF-16, and Java does not.
            if charset == UTF_8 || !charset.is_ascii_compatible() {
                return None;
            }
            Encoding::Other(charset)
        }
    })
}

/// UTF-8 with U+FFFD for what is none, as Java's decoder does it.
fn lenient(body: &[u8], mark: usize, replaced: &mut Vec<(usize, usize)>) -> String {
    if let Ok(text) = str::from_utf8(body) {
        return text.to_owned();
    }
    let mut text = String::with_capacity(body.len() + body.len() / 2);
    let mut byte = mark;
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        byte += chunk.valid().len();
        if !chunk.invalid().is_empty() {
            text.push('\u{fffd}');
            byte += chunk.invalid().len();
            replaced.push((text.len(), byte));
        }
    }
    text
}

/// Bytes before the first that a charset does not have.
fn valid_length(charset: &'static Charset, body: &[u8]) -> usize {
    let mut decoder = charset.new_decoder_without_bom_handling();
    let mut out =
        vec![0; decoder.max_utf8_buffer_length_without_replacement(body.len()).unwrap_or(0)];
    let (result, read, _) = decoder.decode_to_utf8_without_replacement(body, &mut out, true);
    match result {
        encoding_rs::DecoderResult::Malformed(bad, after) => {
            read.saturating_sub(usize::from(bad) + usize::from(after))
        }
        _ => read,
    }
}

fn referenced(text: &str, most: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u8::try_from(u32::from(c)) {
            Ok(byte) if u32::from(byte) <= most => bytes.push(byte),
            _ => bytes.extend_from_slice(format!("&#{};", u32::from(c)).as_bytes()),
        }
    }
    bytes
}
