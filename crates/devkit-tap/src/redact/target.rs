//! The part of a target after `?` may carry a token.

use std::borrow::Cow;

use super::HIDDEN;
use super::text::tokens;

/// Parameters whose value is a secret, in lower case.
const SECRET: [&[u8]; 7] = [
    b"token",
    b"access_token",
    b"id_token",
    b"refresh_token",
    b"client_secret",
    b"password",
    b"authorization",
];

/// Hides the tokens of a request's target: `/x?token=abc` gives `/x?token=(hidden)`.
#[must_use]
pub fn target(target: &str) -> String {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let mut shown = tokens(path, false).into_owned();
    let Some(query) = query else { return shown };
    let parameters = query.split('&').map(|parameter| match parameter.split_once('=') {
        Some((name, _)) if is_secret(name) => Cow::Owned(format!("{name}={HIDDEN}")),
        _ => tokens(parameter, false),
    });
    for (parameter, before) in parameters.zip(std::iter::once('?').chain(std::iter::repeat('&'))) {
        shown.push(before);
        shown.push_str(&parameter);
    }
    shown
}

fn is_secret(name: &str) -> bool {
    let name = decoded_percent(name).to_ascii_lowercase();
    SECRET.contains(&name.trim_ascii())
}

/// The parameters of a target, as they are written.
pub(crate) fn parameters(target: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    query.split('&').filter(|parameter| !parameter.is_empty()).map(|parameter| {
        match parameter.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (parameter, None),
        }
    })
}

/// Undoes percent encoding; what is none stays.
pub(crate) fn decoded_percent(text: &str) -> Vec<u8> {
    let mut rest = text.as_bytes();
    let mut decoded = Vec::with_capacity(rest.len());
    while let Some((&first, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|&byte| char::from(byte).to_digit(16));
        let byte = match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => u8::try_from(high * 16 + low).ok(),
            _ => None,
        };
        decoded.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    decoded
}
