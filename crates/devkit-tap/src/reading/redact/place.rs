//! A body does not always name its kind, a patch never does: the path tells it.

use crate::percent::{Plus, decode};

/// What the objects of a path are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathKind {
    /// Secrets.
    Secrets,
    /// Requests for a token, or about one.
    Tokens,
    /// Anything else.
    Other,
}

impl PathKind {
    /// By a request's target.
    pub(crate) fn of(target: &str) -> Self {
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let path = decode(path, Plus::Plus);
        let path = String::from_utf8_lossy(&path);
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        // A server behind a prefix may have `api` in that as well: each is tried.
        let roots = (0..segments.len()).filter(|&at| matches!(segments[at], "api" | "apis"));
        let resources: Vec<&[&str]> =
            roots.filter_map(|at| resource(segments[at], &segments[at + 1..])).collect();
        if resources.is_empty() && segments.contains(&"secrets") {
            return Self::Secrets;
        }
        let places = resources.into_iter().map(|resource| match resource {
            ["secrets", ..] => Self::Secrets,
            ["tokenreviews", ..] | ["serviceaccounts", _, "token", ..] => Self::Tokens,
            _ => Self::Other,
        });
        places.into_iter().find(|place| *place != Self::Other).unwrap_or(Self::Other)
    }

    /// Whether text from there is not to be shown.
    pub(crate) fn holds_secrets(self) -> bool {
        self != Self::Other
    }
}

/// What follows the version and the namespace: the resource, a name, a subresource.
fn resource<'a, 'b>(root: &str, after: &'a [&'b str]) -> Option<&'a [&'b str]> {
    let after = after.get(if root == "api" { 1 } else { 2 }..)?;
    let after = after.strip_prefix(&["watch"]).unwrap_or(after);
    match after {
        // Without a third segment it is the namespace itself.
        ["namespaces", _, after @ ..] if !after.is_empty() => Some(after),
        [] => None,
        after => Some(after),
    }
}
