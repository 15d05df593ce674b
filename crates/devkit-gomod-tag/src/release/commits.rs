//! How far a version goes up by what the messages of its commits say.
//!
//! Rule: Conventional Commits 1.0.0, and "Module version numbering" of Go for what comes before v1.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::git::{GitError, Logged, Oid};
use crate::go::version::{Bump, Version};
use crate::release::row::Row;
use crate::repository::{Module, Repository};

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

/// What the commits of a module say about its next version.
#[derive(Default)]
pub(crate) struct ByCommits {
    /// How far the version goes up.
    pub(crate) bump: Option<Bump>,
    /// Why the module gets no version.
    pub(crate) skipped: Option<String>,
    /// Commits that are no Conventional Commits.
    pub(crate) uncounted: Vec<String>,
}

/// The history of a repository's commit, each part of it read once.
pub(crate) struct History<'a> {
    repository: &'a Repository,
    /// The commits since another one.
    logs: RefCell<HashMap<Option<Oid>, Rc<Vec<Logged>>>>,
}

impl<'a> History<'a> {
    pub(crate) fn new(repository: &'a Repository) -> Self {
        Self { repository, logs: RefCell::default() }
    }

    /// How far the version of a module goes up by its commits.
    pub(crate) fn ask(&self, row: &Row) -> Result<ByCommits, GitError> {
        let Some(current) = &row.current else {
            return Ok(ByCommits { bump: Some(Bump::Minor), ..ByCommits::default() });
        };
        if row.is_on(&self.repository.commit.oid) {
            return Ok(ByCommits::default());
        }
        let module = &self.repository.modules[row.module];
        let commits = self.since(row.base.as_ref(), module)?;
        let mut highest = Change::None;
        let mut uncounted = Vec::new();
        for commit in &commits {
            match change(commit) {
                Some(change) => highest = highest.max(change),
                None => uncounted.push(told(commit)),
            }
        }
        let bump = bump(highest, current);
        let skipped = bump.is_none().then(|| match commits.len() {
            0 => "no commit since its last version".to_owned(),
            1 => "its commit asks for no version".to_owned(),
            count => format!("none of its {count} commits asks for a version"),
        });
        Ok(ByCommits { bump, skipped, uncounted })
    }

    /// The commits of a module since another commit.
    fn since(&self, base: Option<&Oid>, module: &Module) -> Result<Vec<Logged>, GitError> {
        let known = self.logs.borrow().get(&base.cloned()).cloned();
        let log = if let Some(log) = known {
            log
        } else {
            let log = self.repository.git.log(base, &self.repository.commit.oid)?;
            let log = Rc::new(log);
            self.logs.borrow_mut().insert(base.cloned(), Rc::clone(&log));
            log
        };
        let is_of_module = |commit: &&Logged| commit.paths.iter().any(|path| module.area.has(path));
        Ok(log.iter().filter(is_of_module).cloned().collect())
    }
}

fn told(commit: &Logged) -> String {
    let subject = commit.message.lines().next().unwrap_or_default();
    format!("{} {}", commit.oid.short(), devkit_text::escape(subject.as_bytes()))
}
