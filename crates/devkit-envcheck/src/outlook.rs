//! What the answers of many contexts come to.

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
    /// Of so many contexts that were asked about, so many lose it.
    Lost {
        /// Contexts that lose it.
        by: usize,
        /// All contexts.
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

    /// The same where nothing but the contexts of this report was asked about.
    #[must_use]
    pub fn outlook_there(&self) -> Outlook {
        match self.contexts.iter().filter(|line| line.verdict > Verdict::Changed).count() {
            0 => Outlook::Works,
            by => Outlook::Lost { by, of: self.contexts.len() },
        }
    }
}
