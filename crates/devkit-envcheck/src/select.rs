//! Finds contexts by their ids: `<tool>.<way>[@version]`.

use std::collections::BTreeSet;

use devkit_text::nearest;

use crate::rule::{Group, Rule};
use crate::rules;

/// A context that was asked for: its id as asked, and the rule that holds there.
#[derive(Debug, Clone)]
pub struct Context {
    /// The id as asked: `k8s.env@1.31`.
    pub id: String,
    /// What holds there.
    pub rule: &'static Rule,
}

/// There is no such context.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown context '{id}'")]
pub struct UnknownContext {
    /// The id as asked, escaped.
    pub id: String,
    /// Ids that are like it.
    pub nearest: Vec<String>,
}

/// Every context there is, with its own id.
#[must_use]
pub fn all_contexts() -> Vec<Context> {
    rules::all().map(|rule| Context { id: rule.id(), rule }).collect()
}

/// The contexts of an id. A tool's name alone means all its ways; a version picks its range, and
/// none means the newest.
///
/// # Errors
///
/// [`UnknownContext`].
pub fn contexts(id: &str) -> Result<Vec<Context>, UnknownContext> {
    let (name, version) = match id.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (id, None),
    };
    let unknown = || {
        let ids: Vec<String> = rules::all().map(Rule::id).collect();
        let tools: BTreeSet<&str> = rules::all().map(|rule| rule.tool).collect();
        UnknownContext {
            id: devkit_text::escape(id.as_bytes()),
            nearest: nearest(id, ids.iter().map(String::as_str).chain(tools)),
        }
    };
    let wanted = version.map(parse_version);
    if wanted == Some(None) {
        return Err(unknown());
    }
    let wanted = wanted.flatten();
    let name = unaliased(name);
    let named = |rule: &&Rule| {
        let way =
            rule.way.map_or_else(|| rule.tool.to_owned(), |way| format!("{}.{way}", rule.tool));
        rule.tool == name || way == name
    };
    let mut found: Vec<Context> = Vec::new();
    for rule in rules::all().filter(named) {
        let at = version.map(|version| format!("@{version}")).unwrap_or_default();
        let way = rule.way.map(|way| format!(".{way}")).unwrap_or_default();
        let context = Context { id: format!("{}{way}{at}", rule.tool), rule };
        let same = |known: &Context| known.rule.tool == rule.tool && known.rule.way == rule.way;
        match found.iter_mut().find(|known| same(known)) {
            // Ranges stand in their order: a later one counts if it has begun.
            Some(known) => {
                let since = rule.since.and_then(parse_version);
                if wanted.is_none() || since <= wanted {
                    *known = context;
                }
            }
            None => found.push(context),
        }
    }
    if found.is_empty() {
        found.extend(own_way(id));
    }
    if found.is_empty() { Err(unknown()) } else { Ok(found) }
}

/// A way that a shell calls otherwise: `fish.export` is `fish.set`.
fn own_way(id: &str) -> Option<Context> {
    let (tool, way) = id.split_once('.')?;
    if !["assign", "export", "export-quoted"].contains(&way) {
        return None;
    }
    let sets = |rule: &&Rule| {
        rule.tool == tool
            && rule.group == Group::Shell
            && rule.way.is_some_and(|way| way != "inherit")
    };
    rules::all().find(sets).map(|rule| Context { id: id.to_owned(), rule })
}

/// Tools that people know by another name.
fn unaliased(name: &str) -> String {
    let (tool, way) = name.split_once('.').map_or((name, None), |(tool, way)| (tool, Some(way)));
    let tool = match tool {
        "ash" => "busybox",
        "ksh" => "ksh93",
        "kubernetes" => "k8s",
        other => other,
    };
    way.map_or_else(|| tool.to_owned(), |way| format!("{tool}.{way}"))
}

/// `1.31.2` as numbers.
fn parse_version(text: &str) -> Option<Vec<u32>> {
    text.trim_start_matches('v').split('.').map(|part| part.parse().ok()).collect()
}
