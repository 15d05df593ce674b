//! The part of a target after `?` may carry a token.

use std::borrow::Cow;

use super::HIDDEN;
use super::text::tokens;
use crate::percent::{Plus, decode};

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
    let name = decode(name, Plus::Plus).to_ascii_lowercase();
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
