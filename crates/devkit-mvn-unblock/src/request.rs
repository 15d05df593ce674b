//! What a user asks for: which repositories of http may be asked again.

use serde::Serialize;

use crate::xml;

/// The id of a repository, fit to stand in a list of ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RepositoryId(String);

/// Why a text is no id of a repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{}' {why}", devkit_text::escape(id.as_bytes()))]
pub struct BadId {
    /// The text.
    pub id: String,
    /// A fragment.
    pub why: &'static str,
}

impl RepositoryId {
    /// Checks an id.
    ///
    /// # Errors
    ///
    /// [`BadId`] for what Maven does not allow in ids, and for what a list of ids cannot hold.
    pub fn parse(id: &str) -> Result<Self, BadId> {
        let why = if id.contains("://") {
            "is a URL; Maven's mirrors know repositories by their ids only"
        } else if id.is_empty() {
            "is no id of a repository"
        } else if id.contains(['\\', '/', ':', '"', '<', '>', '|', '?', '*']) {
            r#"is no id of a repository: Maven allows none of \/:"<>|?* in one"#
        } else if id.contains(',') {
            "holds a comma, which in a list separates ids"
        } else if id.starts_with('!') {
            "begins with '!', which in a list excludes an id"
        } else if id.contains("${") {
            "is a property; what it stands for is wanted"
        } else if id.trim_matches(|c| c <= ' ') != id
            || id.chars().any(|c| c.is_control() || !xml::is_allowed(c))
        {
            "has blanks around it, or characters in it that XML does not have"
        } else {
            return Ok(Self(id.to_owned()));
        };
        Err(BadId { id: id.to_owned(), why })
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// The blocker is off: every http repository may be asked.
    Open,
    /// The repositories of these ids may be asked, beside those that may already; other http
    /// repositories stay blocked.
    Scoped(Vec<RepositoryId>),
}
