//! What the answers of many contexts come to.

use std::collections::BTreeSet;

use crate::line::Line;
use crate::report::Report;
use crate::rule::Group;
use crate::select::Context;
use crate::verdict::Verdict;

/// The shells that a `sh` may be, in the order in which they are met.
const SHELLS: &[&str] = &["dash", "busybox", "bash", "ksh93", "mksh", "posh", "yash"];

/// Whether a name that nobody asked a context for is judged by it: execve, and the shells of POSIX.
#[must_use]
pub fn counts_by_default(context: &Context) -> bool {
    let tool = context.rule.tool;
    matches!(tool, "execve" | "posix")
        || context.rule.group == Group::Shell && SHELLS.contains(&tool)
}

/// How a name fares, in one sentence's worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outlook {
    /// Every context that counts takes it.
    Works,
    /// No process can have it.
    Impossible,
    /// These shells lose it, so that it never arrives behind a `sh` of theirs.
    LostInShells(Vec<&'static str>),
    /// Every shell hands it on; these cannot set it.
    NotSetInShells(Vec<&'static str>),
    /// Some of the places that were asked about lose the name.
    Lost {
        /// Places that lose it: contexts, and shells with all their ways.
        by: usize,
        /// All places.
        of: usize,
    },
}

impl Report {
    /// How the name fares; `counts` says which contexts do.
    #[must_use]
    pub fn outlook(&self, counts: &dyn Fn(&Context) -> bool) -> Outlook {
        let lost = || {
            let asked = self.contexts.iter().filter(|line| counts(&line.context));
            asked.filter(|line| line.verdict > Verdict::Changed)
        };
        let shells = |inherit: bool| {
            let shells = lost().filter(|line| line.context.rule.group == Group::Shell);
            let mut shells: Vec<&str> = shells
                .filter(|line| !inherit || line.context.rule.way == Some("inherit"))
                .map(|line| line.context.rule.tool)
                .collect();
            shells.dedup();
            shells
        };
        if lost().any(|line| line.context.rule.tool == "execve") {
            return Outlook::Impossible;
        }
        match (shells(true), shells(false)) {
            (losing, _) if !losing.is_empty() => Outlook::LostInShells(losing),
            (_, refusing) if !refusing.is_empty() => Outlook::NotSetInShells(refusing),
            _ => Outlook::Works,
        }
    }

    /// The outlook where nothing but the contexts of this report was asked about.
    #[must_use]
    pub fn outlook_there(&self) -> Outlook {
        // The ways of a shell are one place.
        let place = |line: &Line| match line.context.rule.group {
            Group::Shell => line.context.rule.tool.to_owned(),
            _ => line.id.clone(),
        };
        let lost = self.contexts.iter().filter(|line| line.verdict > Verdict::Changed);
        match lost.map(place).collect::<BTreeSet<_>>().len() {
            0 => Outlook::Works,
            by => Outlook::Lost {
                by,
                of: self.contexts.iter().map(place).collect::<BTreeSet<_>>().len(),
            },
        }
    }
}
