//! The table of all rules, one file for each group of contexts.

pub(crate) mod channel;
mod dotenv;
mod kubernetes;
mod platform;
mod reader;
mod shell;

use crate::rule::{Case, Group, Rule, Suggest, When};

/// Strings end at a NUL, in every context.
const NUL: Case = Case::fatal(When::Nul, "a NUL ends every string of an environment");
/// An environment string that is handed on as it is: whoever reads it splits it there.
const SPLIT: Case = Case::mangled(
    When::Find(later_equals),
    before_later_equals,
    "the name ends at its first '='; the rest is value",
);

/// All rules, in the order of the table.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    [channel::RULES, kubernetes::RULES, shell::RULES, dotenv::RULES, reader::RULES, platform::RULES]
        .into_iter()
        .flatten()
}

/// `a=b`, but not `=b`.
fn later_equals(name: &[u8]) -> Option<usize> {
    name.iter().skip(1).position(|b| *b == b'=').map(|at| at + 1)
}

fn before_later_equals(name: &[u8]) -> Vec<u8> {
    later_equals(name).map_or_else(|| name.to_vec(), |at| name[..at].to_vec())
}

const fn rule(
    group: Group,
    tool: &'static str,
    way: &'static str,
    versions: &'static str,
    words: &'static str,
    source: &'static str,
    cases: &'static [Case],
) -> Rule {
    Rule { way: Some(way), ..single(group, tool, versions, words, source, cases) }
}

/// The rule of a tool with one way only.
const fn single(
    group: Group,
    tool: &'static str,
    versions: &'static str,
    words: &'static str,
    source: &'static str,
    cases: &'static [Case],
) -> Rule {
    single_with(Suggest::Portable, group, tool, versions, words, source, cases)
}

/// A context with a form of its own.
const fn single_with(
    suggest: Suggest,
    group: Group,
    tool: &'static str,
    versions: &'static str,
    words: &'static str,
    source: &'static str,
    cases: &'static [Case],
) -> Rule {
    Rule { tool, way: None, since: None, group, versions, words, source, cases, suggest }
}

/// A rule that holds from a version on.
#[expect(clippy::too_many_arguments, reason = "a row of a table")]
const fn ranged(
    group: Group,
    tool: &'static str,
    way: &'static str,
    since: &'static str,
    versions: &'static str,
    words: &'static str,
    source: &'static str,
    cases: &'static [Case],
) -> Rule {
    Rule { since: Some(since), ..rule(group, tool, way, versions, words, source, cases) }
}
