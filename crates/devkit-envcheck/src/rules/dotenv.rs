//! Readers of .env files: each parses a line in its own way.

use super::{NUL, rule};
use crate::rule::{Case, Group, Rule, When};

const TAKEN: &str = "the parser takes another part of the line for the name";

#[rustfmt::skip]
pub(super) static RULES: &[Rule] = &[
    rule(Group::Channel, "compose", "env-file", "compose-go 2.16", "env_file and .env: letters, digits, '_', '.', '-', '[' and ']'; '=' or ':' ends the name", "compose-go dotenv/parser.go, measured", &[
        NUL,
        Case::dropped(When::Find(comment), "it is a comment"),
        Case::fatal(When::Find(|name| compose(name).rejected()), "unexpected character in variable name \"{name}\""),
        Case::mangled(When::Find(|name| compose(name).other()), |name| compose(name).name(), TAKEN),
        Case::ok(When::Not(&crate::syntax::IDENTIFIER)).caveat("${…} in the file cannot name it"),
    ]),
    rule(Group::Reader, "dotenv", "node", "dotenv 18", "[A-Za-z0-9_.-]+; other lines are passed over", "dotenv 18.0.10, measured", &[
        NUL,
        Case::mangled(When::Find(|name| node(name).other()), |name| node(name).name(), TAKEN),
        Case::dropped(When::Find(|name| node(name).dropped()), "a line that does not match is passed over in silence"),
    ]),
    rule(Group::Reader, "dotenv", "python", "python-dotenv 1.2", "any key without blank, '=' and '#'", "python-dotenv 1.2.4, measured", &[
        NUL,
        Case::mangled(When::Find(|name| python(name).other()), |name| python(name).name(), TAKEN),
        Case::dropped(When::Find(|name| python(name).dropped()), "python-dotenv could not parse statement starting at line 1"),
    ]),
    rule(Group::Reader, "dotenv", "rust-dotenvy", "dotenvy 0.15", "[A-Za-z_][A-Za-z0-9_.]*", "dotenvy 0.15.7, measured", &[
        NUL,
        Case::dropped(When::Find(comment), "it is a comment"),
        Case::fatal(When::Find(|name| dotenvy(name).rejected()), "Error parsing line: '{name}={value}', error at line index: 0"),
        Case::mangled(When::Find(|name| dotenvy(name).other()), |name| dotenvy(name).name(), TAKEN),
    ]),
    rule(Group::Reader, "dotenv", "godotenv", "godotenv 1.5", "letters, digits, '_' and '.'; '=' or ':' ends the name", "joho/godotenv 1.5.1 parser.go, measured", &[
        NUL,
        Case::dropped(When::Find(comment), "it is a comment"),
        Case::fatal(When::Find(|name| godotenv(name).rejected()), "unexpected character in variable name near \"{name}={value}\""),
        Case::mangled(When::Find(|name| godotenv(name).other()), |name| godotenv(name).name(), TAKEN),
    ]),
    rule(Group::Reader, "dotenv", "ruby", "dotenv 2", "[A-Za-z0-9_.]+; other lines are passed over", "bkeepers/dotenv lib/dotenv/parser.rb; 2.4.0, measured", &[
        NUL,
        Case::mangled(When::Find(|name| ruby(name).other()), |name| ruby(name).name(), TAKEN),
        Case::dropped(When::Find(|name| ruby(name).dropped()), "a line that does not match is passed over in silence"),
    ]),
];

/// What a parser makes of `NAME=VALUE`.
enum ParsedName {
    /// This name; where it begins to differ from what was meant.
    Name(Vec<u8>, Option<usize>),
    /// Nothing, because of this byte.
    Dropped(usize),
    /// An error, because of this byte.
    Rejected(usize),
}

impl ParsedName {
    fn named(name: &[u8], whole: &[u8]) -> Self {
        let same = name.iter().zip(whole).take_while(|(a, b)| a == b).count();
        Self::Name(
            name.to_vec(),
            (name != whole).then_some(same.min(whole.len().saturating_sub(1))),
        )
    }

    fn other(self) -> Option<usize> {
        match self {
            Self::Name(_, differs) => differs,
            _ => None,
        }
    }

    fn name(self) -> Vec<u8> {
        match self {
            Self::Name(name, _) => name,
            _ => Vec::new(),
        }
    }

    fn dropped(self) -> Option<usize> {
        match self {
            Self::Dropped(at) => Some(at),
            _ => None,
        }
    }

    fn rejected(self) -> Option<usize> {
        match self {
            Self::Rejected(at) => Some(at),
            _ => None,
        }
    }
}

fn comment(name: &[u8]) -> Option<usize> {
    name.trim_ascii_start().starts_with(b"#").then_some(0)
}

/// Without blanks before it, and without `export` and the blanks behind that.
fn unexported(name: &[u8]) -> &[u8] {
    let start = name.trim_ascii_start();
    match start.strip_prefix(b"export") {
        Some(rest) if rest.first().is_some_and(u8::is_ascii_whitespace) => rest.trim_ascii_start(),
        _ => start,
    }
}

/// `/^\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)/m`.
fn node(name: &[u8]) -> ParsedName {
    by_pattern(name, b"_.-")
}

/// Reads a line without the dash.
fn ruby(name: &[u8]) -> ParsedName {
    by_pattern(name, b"_.")
}

fn by_pattern(name: &[u8], signs: &[u8]) -> ParsedName {
    let of_key = |b: &u8| b.is_ascii_alphanumeric() || signs.contains(b);
    let mut start = unexported(name);
    if !start.first().is_some_and(of_key) {
        start = name.trim_ascii_start();
    }
    let length = start.iter().take_while(|b| of_key(b)).count();
    let (key, rest) = start.split_at(length);
    let behind = rest.trim_ascii_start();
    let colon = rest.first() == Some(&b':') && rest.get(1).is_some_and(u8::is_ascii_whitespace);
    if !key.is_empty() && (behind.is_empty() || behind[0] == b'=' || colon) {
        return ParsedName::named(key, name);
    }
    ParsedName::Dropped((name.len() - rest.len()).min(name.len().saturating_sub(1)))
}

/// `key` is `[^=\#\s]+`, or anything in single quotes.
fn python(name: &[u8]) -> ParsedName {
    let mut start = unexported(name);
    if start.is_empty() || start.starts_with(b"=") {
        start = name.trim_ascii_start();
    }
    let quoted = start.strip_prefix(b"'").and_then(|inner| {
        let end = inner.iter().position(|b| *b == b'\'').filter(|end| *end > 0)?;
        Some((&inner[..end], &inner[end + 1..]))
    });
    let stop = |c: char| c == '=' || c == '#' || c.is_whitespace();
    let (key, rest) = quoted.unwrap_or_else(|| {
        let text = start.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let end = text.find(stop).unwrap_or(if text.len() == start.len() {
            text.len()
        } else {
            start.len()
        });
        start.split_at(end)
    });
    let behind = rest.trim_ascii_start();
    if !key.is_empty() && (behind.is_empty() || behind[0] == b'=') {
        return ParsedName::named(key, name);
    }
    ParsedName::Dropped((name.len() - rest.len()).min(name.len().saturating_sub(1)))
}

/// A key, blanks, and `=`; what is behind the first `=` has to be a value.
fn dotenvy(name: &[u8]) -> ParsedName {
    let start = unexported(name);
    let first = start.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
    let of_key = |b: &&u8| b.is_ascii_alphanumeric() || b"_.".contains(b);
    let length = if first { start.iter().take_while(of_key).count() } else { 0 };
    let (key, rest) = start.split_at(length);
    let wrong = ParsedName::Rejected((name.len() - rest.len()).min(name.len().saturating_sub(1)));
    let behind = rest.trim_ascii_start();
    let value = match behind.strip_prefix(b"=") {
        _ if key.is_empty() => return wrong,
        Some(value) => value.trim_ascii_start(),
        None if behind.is_empty() => return ParsedName::named(key, name),
        None => return wrong,
    };
    let comment = value.starts_with(b"#");
    let blank = value.iter().position(u8::is_ascii_whitespace);
    let ends = blank.is_none_or(|at| value[at..].trim_ascii_start().starts_with(b"#"));
    if comment || ends && !value.iter().any(|b| b"'\"\\".contains(b)) {
        return ParsedName::named(key, name);
    }
    wrong
}

/// Byte by byte, each taken for a character of Latin-1.
fn godotenv(name: &[u8]) -> ParsedName {
    let start = unexported(name);
    let before = name.len() - start.len();
    for (at, byte) in start.iter().enumerate() {
        let c = char::from(*byte);
        match byte {
            b'=' | b':' => return ParsedName::named(start[..at].trim_ascii_end(), name),
            b'_' | b'.' => {}
            _ if c.is_whitespace() || c.is_alphanumeric() => {}
            _ => return ParsedName::Rejected(before + at),
        }
    }
    ParsedName::named(start.trim_ascii_end(), name)
}

/// Character by character; a space between is found at the end.
fn compose(name: &[u8]) -> ParsedName {
    let start = unexported(name);
    let before = name.len() - start.len();
    let mut end = start.len();
    let mut at = 0;
    'whole: for chunk in start.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '=' | ':' => {
                    end = at;
                    break 'whole;
                }
                '_' | '.' | '-' | '[' | ']' => {}
                c if c.is_whitespace() || c.is_alphanumeric() => {}
                _ => return ParsedName::Rejected(before + at),
            }
            at += c.len_utf8();
        }
        if !chunk.invalid().is_empty() {
            return ParsedName::Rejected(before + at);
        }
    }
    let key = start[..end].trim_ascii_end();
    match key.iter().position(|b| *b == b' ') {
        Some(space) => ParsedName::Rejected(before + space),
        None => ParsedName::named(key, name),
    }
}
