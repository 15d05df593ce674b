//! What is wrong in a file, as a finding with its place and its line; never with a value, which may be
//! secret.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use devkit_report::{
    Detailed, Excerpt, Finding, Message, Place, Position, Words, line_of, message,
};

use super::Fate;
use crate::verdict::Verdict;

/// A file whose findings are told.
pub struct SeenFile<'t> {
    file: Arc<Path>,
    text: Cow<'t, str>,
}

impl<'t> SeenFile<'t> {
    /// A file by its name and its bytes, in UTF-8 or with a mark of UTF-16.
    #[must_use]
    pub fn new(file: &Path, bytes: &'t [u8]) -> Self {
        Self { file: file.into(), text: decoded(bytes) }
    }

    /// Puts what is wrong with a file's variables at its place: what becomes of a variable in several
    /// contexts alike is one finding, with a way out.
    #[must_use]
    pub fn findings<'f>(
        &self,
        facts: impl IntoIterator<Item = &'f Fate>,
    ) -> Vec<Detailed<Verdict>> {
        let alike = |a: &Fate, b: &Fate| {
            (a.line, a.column, a.verdict) == (b.line, b.column, b.verdict)
                && (&a.name_hex, &a.becomes) == (&b.name_hex, &b.becomes)
        };
        let mut groups: Vec<Vec<&Fate>> = Vec::new();
        for fact in facts {
            match groups.iter_mut().find(|group| alike(group[0], fact)) {
                Some(group) => group.push(fact),
                None => groups.push(vec![fact]),
            }
        }
        groups.iter().map(|group| self.told_once(group).with(group[0].verdict)).collect()
    }

    /// What becomes of a variable in several contexts alike.
    fn told_once(&self, facts: &[&Fate]) -> Finding {
        let first = facts[0];
        let contexts = facts.iter().map(|fact| fact.id.as_str().into());
        let mut contexts: Vec<Message> = contexts.collect();
        let last = contexts.pop().unwrap_or_default();
        let by = if contexts.is_empty() {
            last
        } else {
            message!("{} and {}", Message::joined(contexts, ", "), last)
        };
        let mut text = message!("{} is {} by {}", first.told(), Words(first.verdict.name()), by);
        if let Some(becomes) = &first.becomes {
            text = text.and(&message!(", to {}", becomes));
        }
        // What two contexts say alike but for their own name is one cause.
        let words = |cause: &str| cause.split_once(' ').map(|(_, words)| words.to_owned());
        let mut causes: Vec<(&str, &str)> = Vec::new();
        for (fact, cause) in facts.iter().filter_map(|fact| Some((fact, fact.message.as_deref()?)))
        {
            let is_known =
                |(_, known): &(&str, &str)| *known == cause || words(known) == words(cause);
            if !causes.iter().any(is_known) {
                causes.push((&fact.id, cause));
            }
        }
        let causes: Vec<Message> = match causes[..] {
            [(_, cause)] => vec![cause.into()],
            ref causes => causes.iter().map(|(id, cause)| message!("{}: {}", id, cause)).collect(),
        };
        let mut finding = self.finding(first.clone()).finding;
        (finding.code, finding.message) = (first.id.clone().into(), text);
        if !causes.is_empty() {
            finding = finding.because(Message::joined(causes, "\n"));
        }
        let names = distinct(facts.iter().filter_map(|fact| fact.suggest.as_deref()));
        let mut ways: Vec<Message> = Vec::new();
        if let Some(form) = &first.shell_form {
            let place = Place::new(Arc::clone(&self.file), Position { line: form.line, column: 1 });
            let starts = message!("the shell form of {} starts {}", form.instruction, form.shell);
            finding = finding.related(place, starts);
            let words = form.exec_form.as_deref().map(Message::from);
            let exec_form = words.unwrap_or_else(|| message!("in its exec form"));
            ways.push(message!("without a shell between: {} {}", form.instruction, exec_form));
        }
        if !names.is_empty() {
            ways.push(message!("another name: {}", Message::joined(names, " or ")));
        }
        if ways.is_empty() { finding } else { finding.hint(Message::joined(ways, "\nor ")) }
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
        let line = line_of(&self.text, fact.line)?;
        let start = line.char_indices().nth(fact.column.checked_sub(1)?);
        let start = start.map_or(line.len(), |(byte, _)| byte);
        let (before, rest) = line.split_at(start);
        let name = fact.name.as_deref().filter(|name| rest.starts_with(name)).unwrap_or_default();
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

/// Texts as they come, each once.
fn distinct<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<Message> {
    let mut seen = Vec::new();
    for text in texts.map(Message::from) {
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
    seen
}

impl Fate {
    /// The name, as it can be told.
    fn told(&self) -> Message {
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
