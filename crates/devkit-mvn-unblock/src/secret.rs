//! Hides what must not be shown: passwords in settings, and in URLs.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Serializer;

/// Parts of the names of elements whose text is hidden.
const SECRET_NAMES: &[&str] = &[
    "passw",
    "pwd",
    "passphrase",
    "privatekey",
    "accesskey",
    "secret",
    "token",
    "apikey",
    "credential",
];
/// Elements of a `<server>` whose text may be shown.
const PLAIN_IN_SERVER: &[&str] = &["id", "username", "filePermissions", "directoryPermissions"];

const MASK: &str = "***";

/// A URL without the password in it. A user without a password may be a token, and goes too; so do
/// values of a query that are called like a secret.
#[must_use]
pub fn masked(url: &str) -> String {
    mask_urls(url).into_owned()
}

pub(crate) fn masked_url<S: Serializer>(url: &str, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&masked(url))
}

/// The text of a settings file with `***` for what is secret: text of elements that are called like
/// a secret, everything of a `<server>` but its id and user name, and passwords in URLs, in comments
/// too. Lines stay lines, and the text need not be well-formed.
#[must_use]
pub fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    Masker::default().mask(text, Inside::default(), &mut out);
    out
}

/// Where in a settings file a text stands.
#[derive(Clone, Copy, Default)]
struct Inside {
    in_server: bool,
    /// In an element whose text is secret.
    hide: bool,
    /// In one that is called like a secret: what looks like a tag may be a part of it.
    in_secret: bool,
}

/// Names come often: what was found out about them.
#[derive(Default)]
struct Masker<'a> {
    called_secret: HashMap<&'a str, bool>,
}

impl<'a> Masker<'a> {
    fn is_called_secret(&mut self, name: &'a str) -> bool {
        *self.called_secret.entry(name).or_insert_with(|| is_called_secret(name))
    }

    fn mask(&mut self, text: &'a str, mut place: Inside, out: &mut String) {
        let mut rest = text;
        while let Some(at) = rest.find('<') {
            push(out, &rest[..at], place.hide);
            rest = &rest[at..];
            if let Some(cdata) = rest.strip_prefix("<![CDATA[") {
                let end = cdata.find("]]>").unwrap_or(cdata.len());
                out.push_str("<![CDATA[");
                push(out, &cdata[..end], place.hide);
                rest = &cdata[end..];
                // What ends it has no '<', and is never secret.
                let close = rest.len().min(3);
                out.push_str(&rest[..close]);
                rest = &rest[close..];
                continue;
            }
            // What is in a comment may be a setting that is switched off, and no less secret; the
            // tags in it open and close nothing outside.
            if let Some(comment) = rest.strip_prefix("<!--") {
                let end = comment.find("-->").unwrap_or(comment.len());
                out.push_str("<!--");
                self.mask(&comment[..end], place, out);
                let close = (end + 3).min(comment.len());
                out.push_str(&comment[end..close]);
                rest = &comment[close..];
                continue;
            }
            let end = rest.find('>').map_or(rest.len(), |at| at + 1);
            let (tag, after) = rest.split_at(end);
            rest = after;
            let is_end = tag.starts_with("</");
            let name = tag.trim_start_matches(['<', '/']);
            let name = &name[..name.find([' ', '\t', '\r', '\n', '>', '/']).unwrap_or(name.len())];
            if place.in_secret && !(is_end && self.is_called_secret(name)) {
                push(out, tag, true);
                continue;
            }
            out.push_str(&mask_urls(tag));
            if name.starts_with(['!', '?']) || name.is_empty() {
                continue;
            }
            let opens = !is_end && !tag.ends_with("/>");
            if name == "server" {
                place.in_server = opens;
            }
            place.in_secret = opens && self.is_called_secret(name);
            let is_plain = name == "server" || PLAIN_IN_SERVER.contains(&name);
            place.hide = place.in_secret || opens && place.in_server && !is_plain;
        }
        push(out, rest, place.hide);
    }
}

/// Whether a name is that of a secret.
fn is_called_secret(name: &str) -> bool {
    let plain: String =
        name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    plain == "key" || SECRET_NAMES.iter().any(|part| plain.contains(part))
}

fn push(out: &mut String, text: &str, hide: bool) {
    if !hide {
        out.push_str(&mask_urls(text));
        return;
    }
    for line in text.split_inclusive('\n') {
        let body = line.trim();
        if body.is_empty() {
            out.push_str(line);
            continue;
        }
        let start = line.find(body).unwrap_or(0);
        out.push_str(&line[..start]);
        out.push_str(MASK);
        out.push_str(&line[start + body.len()..]);
    }
}

/// A text without what is secret in its URLs.
fn mask_urls(text: &str) -> Cow<'_, str> {
    // A colon is found faster.
    if text.as_bytes().contains(&b':') && text.contains("://") {
        Cow::Owned(mask_queries(&mask_users(text)))
    } else {
        Cow::Borrowed(text)
    }
}

/// `http://user:***@host`
fn mask_users(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        rest = after;
        // A password may hold nearly all else.
        let end = rest.find(|c: char| c.is_whitespace() || "<>\"".contains(c));
        let Some(host) = user_length(&rest[..end.unwrap_or(rest.len())]) else { continue };
        if let Some((user, _)) = rest[..host].split_once(':') {
            out.push_str(user);
            out.push(':');
        }
        out.push_str(MASK);
        rest = &rest[host..];
    }
    out.push_str(rest);
    out
}

/// How much of what follows `://` is user and password.
fn user_length(url: &str) -> Option<usize> {
    let authority = &url[..url.find(['/', '?', '#']).unwrap_or(url.len())];
    let at = authority.rfind('@').or_else(|| {
        // A password with '/' in it, which is against the rules; behind a host there are digits.
        let (user, password) = authority.split_once(':')?;
        let is_port = password.starts_with("${") || password.bytes().all(|b| b.is_ascii_digit());
        if is_port || user.starts_with('[') { None } else { url.rfind('@') }
    });
    at.filter(|at| *at > 0)
}

/// `?token=***`
fn mask_queries(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['?', '&']) {
        let (before, after) = rest.split_at(at + 1);
        out.push_str(before);
        rest = after;
        let is_name = |c: char| c.is_alphanumeric() || "-_.;".contains(c);
        let name = &rest[..rest.find(|c| !is_name(c)).unwrap_or(rest.len())];
        if rest[name.len()..].starts_with('=') && is_called_secret(name) {
            let value = &rest[name.len() + 1..];
            let end = value.find(|c: char| c.is_whitespace() || "&<>\"#".contains(c));
            out.push_str(&rest[..=name.len()]);
            out.push_str(MASK);
            rest = &value[end.unwrap_or(value.len())..];
        }
    }
    out.push_str(rest);
    out
}
