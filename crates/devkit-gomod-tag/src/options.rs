//! What a user asks of a plan: which modules, which versions, and what else is looked at.

use std::collections::HashMap;

use crate::git::{Oid, TagKind};
use crate::go::version::Bump;
use crate::select::Selection;

/// What a user asks of a plan.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Which modules.
    pub selection: Selection,
    /// Which version each of them gets.
    pub next: Next,
    /// Versions of single modules: a folder, path or pattern, and the version as it was typed.
    pub set: Vec<(String, String)>,
    /// All get the same version, counted from the highest.
    pub lockstep: bool,
    /// Whether requirements of modules of the plan are brought to its versions.
    pub update_requires: bool,
    /// The branch that the commit is to be on.
    pub branch: Option<String>,
    /// What of the surroundings is looked at.
    pub surroundings: Surroundings,
    /// What tags are made with.
    pub kind: Option<TagKind>,
    /// What the remote has, if it is to get the tags.
    pub remote: Option<Remote>,
}

/// What is looked at beside the modules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Surroundings {
    /// The branch, and the work tree: what is checked out is to be released.
    #[default]
    WorkTree,
    /// Which branch has the commit, which was named.
    Branch,
    /// Neither of them.
    None,
}

/// The version that each module gets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Next {
    /// Nobody said.
    #[default]
    Unsaid,
    /// This one, as it was typed.
    Exactly(String),
    /// The next one of a kind.
    Bump(Bump),
    /// By the messages of its commits.
    Auto,
}

/// The tags of a remote.
#[derive(Debug, Clone, Default)]
pub struct Remote {
    /// The name that git has for it.
    pub name: String,
    /// Tags, and the commits that they lead to: of each place that it is pushed to.
    pub places: Vec<HashMap<String, Oid>>,
}

impl Remote {
    /// The commits of a tag, of the places that have it.
    pub fn commits(&self, tag: &str) -> impl Iterator<Item = &Oid> {
        self.places.iter().filter_map(move |tags| tags.get(tag))
    }

    /// Whether every place has a tag.
    #[must_use]
    pub fn has(&self, tag: &str) -> bool {
        self.places.iter().all(|tags| tags.contains_key(tag))
    }
}
