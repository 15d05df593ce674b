//! What is wrong in a file, as a finding with its place and its line; never with a value, which may be
//! secret.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use devkit_report::{
    Detailed, Excerpt, Finding, Message, Place, Position, Words, lines_of, message,
};

use super::Fate;

/// A file whose findings are told.
pub struct SeenFile {
    file: Arc<Path>,
    lines: Vec<String>,
}

impl SeenFile {
    /// A file by its name and its bytes, in UTF-8 or with a mark of UTF-16.
    #[must_use]
    pub fn new(file: &Path, bytes: &[u8]) -> Self {
        Self { file: file.into(), lines: lines_of(&decoded(bytes)).map(str::to_owned).collect() }
    }

    /// Puts what is wrong at its place.
    #[must_use]
    pub fn finding(&self, fact: Fate) -> Detailed<Fate> {
        let at = Position { line: fact.line, column: fact.column };
        let place = Place::new(Arc::clone(&self.file), at);
        let place = match self.excerpt(&fact) {
            Some(excerpt) => place.with_excerpt(excerpt),
            None => place,
        };
        Finding::warning(fact.id.clone(), fact.sentence()).at(place).with(fact)
    }

    /// The line as far as the name, without what stands before it if that may be a value.
    fn excerpt(&self, fact: &Fate) -> Option<Excerpt> {
        let line = self.lines.get(fact.line.checked_sub(1)?)?;
        let start = line.char_indices().nth(fact.column.checked_sub(1)?);
        let start = start.map_or(line.len(), |(byte, _)| byte);
        let (before, rest) = line.split_at(start);
        let is_here = |name: &&str| fact.is_at_name && rest.starts_with(name);
        let name = fact.name.as_deref().filter(is_here).unwrap_or_default();
        let before = if is_plain(before) { before } else { "…" };
        let more = match rest[name.len()..].chars().next() {
            // The place of a value: nothing is shown of it.
            _ if name.is_empty() && before == "…" => "",
            Some('=') => "=…",
            Some(':') => ": …",
            Some(_) => "…",
            None => "",
        };
        let column = before.chars().count() + 1;
        Some(Excerpt::new(&format!("{before}{name}{more}"), column, name.chars().count().max(1)))
    }
}

/// Whether what stands before a name is only what such files have there.
fn is_plain(before: &str) -> bool {
    let rest = before.trim_start();
    let rest = rest.strip_prefix('-').map_or(rest, str::trim_start);
    let words = ["name:", "value:", "ENV ", "ARG ", "export ", "set ", "Environment="];
    let rest = words.iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest).trim_start();
    matches!(rest, "" | "\"" | "'")
}

fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    let wide = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        Cow::Owned(String::from_utf16_lossy(&units))
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest),
        bytes => String::from_utf8_lossy(bytes),
    }
}

impl Fate {
    /// The name, as it can be told.
    pub(super) fn told(&self) -> Message {
        match &self.name {
            Some(name) if name.is_empty() => message!("the empty name"),
            Some(name) => name.as_str().into(),
            None => message!("0x{}", self.name_hex),
        }
    }

    /// `name is dropped by dash.inherit: … (instead: NAME)`.
    fn sentence(&self) -> Message {
        let mut text = message!("{} is {} by {}", self.told(), Words(self.verdict.name()), self.id);
        if let Some(becomes) = &self.becomes {
            text = text.and(&message!(", to {}", becomes));
        }
        if let Some(message) = &self.message {
            text = text.and(&message!(": {}", message));
        }
        if let Some(suggest) = &self.suggest {
            text = text.and(&message!(" (instead: {})", suggest));
        }
        text
    }
}
