//! How far a version goes up by what the messages of its commits say.
//!
//! Rule: Conventional Commits 1.0.0, and "Module version numbering" of Go for what comes before v1.

use crate::git::Logged;
use crate::version::{Bump, Version};

/// What a commit says about the change it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Nothing that is released: `docs:`, `chore:`, a merge.
    None,
    /// `fix:` or `perf:`.
    Fix,
    /// `feat:`.
    Feature,
    /// `!`, or `BREAKING CHANGE`.
    Breaking,
}

/// What a commit's message says; `None`: it is not in that form.
#[must_use]
pub fn change(commit: &Logged) -> Option<Change> {
    if commit.is_merge {
        return Some(Change::None);
    }
    let header = commit.message.lines().next().unwrap_or_default();
    let (head, description) = header.split_once(": ")?;
    let (head, is_breaking) = match head.strip_suffix('!') {
        Some(head) => (head, true),
        None => (head, false),
    };
    let kind = match head.split_once('(') {
        Some((kind, scope)) if scope.len() > 1 && scope.ends_with(')') => kind,
        Some(_) => return None,
        None => head,
    };
    let is_word = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_word || description.trim().is_empty() {
        return None;
    }
    let footer = commit.message.lines().skip(1).any(|line| {
        ["BREAKING CHANGE: ", "BREAKING-CHANGE: ", "BREAKING CHANGE #", "BREAKING-CHANGE #"]
            .iter()
            .any(|token| line.starts_with(token))
    });
    Some(match &*kind.to_ascii_lowercase() {
        _ if is_breaking || footer => Change::Breaking,
        "feat" => Change::Feature,
        "fix" | "perf" => Change::Fix,
        _ => Change::None,
    })
}

/// By how much a version goes up for a change; `None`: not at all.
#[must_use]
pub fn bump(change: Change, current: &Version) -> Option<Bump> {
    let before_v1 = current.major().as_str() == "0";
    match change {
        Change::None => None,
        Change::Fix => Some(Bump::Patch),
        Change::Feature => Some(Bump::Minor),
        Change::Breaking if before_v1 => Some(Bump::Minor),
        Change::Breaking => Some(Bump::Major),
    }
}
