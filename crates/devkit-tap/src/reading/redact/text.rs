//! Secrets that can be told by their looks: tokens, private keys, manifests of secrets.

use std::borrow::Cow;
use std::ops::Range;

use super::hidden;

/// What a PEM label of a private key ends with.
const PRIVATE_KEY: &str = "PRIVATE KEY";

/// The inner characters of `PRIVATE KEY` in base64, by its distance from a multiple of three.
const PRIVATE_KEY_BASE64: [&[u8]; 3] = [b"UFJJVkFURSBLRV", b"BSSVZBVEUgS0VZ", b"QUklWQVRFIEtFW"];

/// Labels have few words: the `BEGIN` of one is near.
const LONGEST_LABEL: usize = 40;

/// Kinds that have a token or a password in them, and what it is called there.
const TOKEN_KINDS: [&str; 4] = ["Config", "ExecCredential", "TokenRequest", "TokenReview"];
const TOKEN_KEYS: [&str; 6] =
    ["token", "password", "client-secret", "id-token", "access-token", "refresh-token"];

/// Text without tokens and private keys; nothing where it is the manifest of a secret.
///
/// In a text that is cut, what looks like the beginning of a token is one.
pub(crate) fn text(text: &str, cut: bool) -> Option<String> {
    if is_manifest(text) {
        return None;
    }
    let text = private_keys(text);
    let text = encoded_private_keys(&text);
    Some(tokens(&text, cut).into_owned())
}

/// Whether YAML speaks of secrets at all: its ways to write one are too many to be sure.
pub(crate) fn may_be_secret(bytes: &[u8]) -> bool {
    let mut words = bytes.split(|byte| !byte.is_ascii_alphanumeric());
    let names: [&[u8]; 3] = [b"secret", b"secretlist", b"stringdata"];
    words.any(|word| names.iter().any(|name| name.eq_ignore_ascii_case(word)))
}

/// Whether a text has a secret or a kubeconfig with secrets in it, in YAML or JSON.
pub(super) fn is_manifest(text: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| has_key(text, word));
    let of = |kinds: &[&str]| kinds.iter().any(|kind| of_kind(text, kind));
    has(&["client-key-data", "clientKeyData"])
        || (of(&["Secret", "SecretList"]) && has(&["data", "stringData"]))
        || (of(&TOKEN_KINDS) && has(&TOKEN_KEYS))
}

/// Whether there is `kind: Secret` or `"kind":"Secret"`, also within another string.
fn of_kind(text: &str, kind: &str) -> bool {
    values(text, "kind").any(|value| {
        let value = value.trim_start_matches(in_between);
        let after = value.strip_prefix(kind);
        after.is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric()))
    })
}

/// What may stand around a colon, and be escaped.
fn in_between(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '\\')
}

fn has_key(text: &str, key: &str) -> bool {
    values(text, key).next().is_some()
}

/// What follows each `key:`.
fn values<'a>(text: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(key).filter_map(move |(at, _)| {
        let part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        let apart = !text[..at].ends_with(part) || text[..at].ends_with("\\n");
        let after = text[at + key.len()..].trim_start_matches(in_between);
        after.strip_prefix(':').filter(|_| apart)
    })
}

/// Hides each PEM private key, to the end of the text where its own end is missing.
fn private_keys(text: &str) -> Cow<'_, str> {
    let mut hide = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find(PRIVATE_KEY).map(|at| at + from) {
        from = at + PRIVATE_KEY.len();
        let Some(begin) = label_start(text, at, "BEGIN ") else { continue };
        // The line before it may have been the end of another.
        let begin = begin.max(hide.last().map_or(0, |last: &Range<usize>| last.end));
        let end = text[from..]
            .match_indices(PRIVATE_KEY)
            .map(|(end, _)| end + from)
            .find(|end| label_start(text, *end, "END ").is_some());
        let end = end.map_or(text.len(), |end| end + PRIVATE_KEY.len());
        let tail = &text[end..];
        let tail = tail.strip_prefix(" BLOCK").unwrap_or(tail).trim_start_matches('-');
        from = text.len() - tail.len();
        hide.push(begin..from);
    }
    without(text, &hide)
}

/// Where the line with this label starts, being `-----BEGIN RSA PRIVATE KEY`.
fn label_start(text: &str, at: usize, word: &str) -> Option<usize> {
    let near = at.saturating_sub(LONGEST_LABEL);
    let near = (near..=at).find(|near| text.is_char_boundary(*near))?;
    let found = text[near..at].rfind(word)? + near;
    Some(text[..found].trim_end_matches([' ', '-']).len())
}

/// Hides each stretch of base64 that has a private key in it, also one in lines.
fn encoded_private_keys(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut hide = Vec::new();
    let mut from = 0;
    while from < bytes.len() {
        let length = bytes[from..].iter().position(|byte| !in_base64(*byte));
        let end = length.map_or(bytes.len(), |length| from + length);
        if end - from >= PRIVATE_KEY_BASE64[0].len()
            && let Some(at) = encoded_private_key(&bytes[from..end])
        {
            hide.push(from + at..end);
        }
        from = end + 1;
    }
    without(text, &hide)
}

fn in_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || byte.is_ascii_whitespace()
        || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=' | b'\\')
}

/// Where the word with the private key starts.
fn encoded_private_key(block: &[u8]) -> Option<usize> {
    let space = |byte: u8| byte.is_ascii_whitespace();
    let mut places = Vec::with_capacity(block.len());
    let mut at = 0;
    while at < block.len() {
        match block[at] {
            // The escape of a line's end within another string.
            b'\\' => at += 1,
            byte if space(byte) => {}
            _ => places.push(at),
        }
        at += 1;
    }
    let packed: Vec<u8> = places.iter().map(|&at| block[at]).collect();
    let found = |pattern: &[u8]| packed.windows(pattern.len()).position(|part| part == pattern);
    let first = PRIVATE_KEY_BASE64.iter().filter_map(|pattern| found(pattern)).min()?;
    let start = places[first];
    let before = block[..start].iter().rposition(|byte| space(*byte));
    Some(before.map_or(0, |before| before + 1))
}

/// Hides each JSON Web Token: `eyJ…` and two more parts after dots.
///
/// In a text that is cut, one at its end may lack some of them.
pub(super) fn tokens(text: &str, cut: bool) -> Cow<'_, str> {
    let mut hide = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find("eyJ").map(|at| at + from) {
        let length = text[at..].find(|c: char| !in_token(c));
        let end = length.map_or(text.len(), |length| at + length);
        let last = cut && end == text.len();
        if let Some(start) = if last { Some(at) } else { token_start(text, at, end) } {
            let token =
                if last { &text[start..end] } else { text[start..end].trim_end_matches('.') };
            hide.push(start..start + token.len());
        }
        from = end;
    }
    without(text, &hide)
}

fn in_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '=')
}

/// Where a token starts in these characters, which all can be in one.
fn token_start(text: &str, from: usize, end: usize) -> Option<usize> {
    let dotted = text[from..end].trim_end_matches('.');
    let mut dots = dotted.matches('.').count();
    let mut start = from;
    for part in dotted.split('.') {
        let claims = text[start..end].get(part.len() + 1..).unwrap_or_default();
        let mut starts = part.match_indices("eyJ").map(|(at, _)| start + at);
        let found = match dots {
            // A token's claims are JSON as well, so even two parts are enough to know it.
            1.. if claims.starts_with("ey") => starts.next(),
            2.. => starts.find(|at| is_apart(&text[..*at])),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
        dots = dots.saturating_sub(1);
        start += part.len() + 1;
    }
    None
}

/// In the middle of a word it may be `keyJob.default.svc`; but `%20` and `\n` are no word.
fn is_apart(before: &str) -> bool {
    let escaped = before.len().checked_sub(3).is_some_and(|at| before.as_bytes()[at] == b'%');
    escaped || before.ends_with("\\n") || !before.ends_with(|c: char| c.is_ascii_alphanumeric())
}

/// A text with remarks in the place of these ranges, which are in order and apart.
fn without<'a>(text: &'a str, ranges: &[Range<usize>]) -> Cow<'a, str> {
    if ranges.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    for range in ranges {
        shown.push_str(&text[from..range.start]);
        shown.push_str(&hidden(range.len()));
        from = range.end;
    }
    shown.push_str(&text[from..]);
    Cow::Owned(shown)
}
