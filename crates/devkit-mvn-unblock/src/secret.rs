//! What must not be shown: passwords in settings, and in URLs.

use serde::Serializer;

/// Parts of the names of elements whose text is hidden.
const SECRET_NAMES: &[&str] =
    &["password", "passphrase", "privatekey", "secret", "token", "apikey", "credential"];
/// Elements of a `<server>` whose text may be shown.
const PLAIN_IN_SERVER: &[&str] = &["id", "username", "filePermissions", "directoryPermissions"];

const MASK: &str = "***";

/// A URL without the password in it.
#[must_use]
pub fn masked(url: &str) -> String {
    mask_users(url)
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
    let mut rest = text;
    let mut in_server = false;
    let mut hide = false;
    while let Some(at) = rest.find('<') {
        push(&mut out, &rest[..at], hide);
        rest = &rest[at..];
        if let Some(cdata) = rest.strip_prefix("<![CDATA[") {
            let end = cdata.find("]]>").unwrap_or(cdata.len());
            out.push_str("<![CDATA[");
            push(&mut out, &cdata[..end], hide);
            rest = &cdata[end..];
            // What ends it has no '<', and is never secret.
            let close = rest.len().min(3);
            out.push_str(&rest[..close]);
            rest = &rest[close..];
            continue;
        }
        // What is in a comment may be a setting that is switched off, and no less secret.
        if let Some(comment) = rest.strip_prefix("<!--") {
            out.push_str("<!--");
            rest = comment;
            continue;
        }
        let end = rest.find('>').map_or(rest.len(), |at| at + 1);
        let (tag, after) = rest.split_at(end);
        rest = after;
        out.push_str(&mask_users(tag));
        let is_end = tag.starts_with("</");
        let name = tag.trim_start_matches(['<', '/']);
        let name = &name[..name.find([' ', '\t', '\r', '\n', '>', '/']).unwrap_or(name.len())];
        if name.starts_with(['!', '?']) || name.is_empty() {
            continue;
        }
        if name == "server" {
            in_server = !is_end && !tag.ends_with("/>");
        }
        hide = !is_end && !tag.ends_with("/>") && is_secret(name, in_server);
    }
    push(&mut out, rest, hide);
    out
}

fn is_secret(name: &str, in_server: bool) -> bool {
    let plain: String =
        name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    SECRET_NAMES.iter().any(|part| plain.contains(part))
        || in_server && name != "server" && !PLAIN_IN_SERVER.contains(&name)
}

fn push(out: &mut String, text: &str, hide: bool) {
    if !hide {
        out.push_str(&mask_users(text));
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

/// `http://user:***@host`: the password of every URL in a text.
fn mask_users(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        rest = after;
        let end = rest.find(|c: char| c.is_whitespace() || "/<>\"'?#,)]".contains(c));
        let authority = &rest[..end.unwrap_or(rest.len())];
        let Some(host) = authority.rfind('@') else { continue };
        let user = authority[..host].split(':').next().unwrap_or_default();
        out.push_str(user);
        if user.len() < host {
            out.push(':');
            out.push_str(MASK);
        }
        rest = &rest[host..];
    }
    out.push_str(rest);
    out
}
