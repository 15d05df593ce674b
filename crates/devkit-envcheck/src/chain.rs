//! How far a name gets: a channel, shells in between, a reader.

use serde::Serialize;

use crate::line::{Line, shown};
use crate::rule::Group;
use crate::select::{Context, UnknownContext, contexts};
use crate::verdict::Verdict;

/// A way from where a name is set to where it is read.
#[derive(Debug, Clone)]
pub struct Chain {
    links: Vec<Link>,
}

/// A station. Where it is not known which shell `sh` is, there are several possibilities.
#[derive(Debug, Clone)]
struct Link {
    label: String,
    possible: Vec<Context>,
}

/// How it went.
#[derive(Debug, Clone, Serialize)]
pub struct Walk {
    /// What each station does, as far as the name gets.
    pub links: Vec<Line>,
    /// The label of the first station that loses the name.
    pub lost_at: Option<String>,
    /// The name under which the value arrives, if it arrives.
    pub arrives_as: Option<String>,
}

impl Chain {
    /// Reads `k8s@1.34,sh=dash,spring`.
    ///
    /// # Errors
    ///
    /// [`UnknownContext`] for a station that is none.
    pub fn parse(text: &str) -> Result<Self, UnknownContext> {
        let links: Result<Vec<Link>, _> = text.split(',').map(str::trim).map(Link::parse).collect();
        Ok(Self { links: links? })
    }

    /// Follows a name.
    #[must_use]
    pub fn walk(&self, name: &[u8], value: &[u8]) -> Walk {
        let mut walk = Walk { links: Vec::new(), lost_at: None, arrives_as: None };
        let mut current = name.to_vec();
        for link in &self.links {
            let lines = link.possible.iter().map(|context| Line::new(context, &current, value));
            // The worst that can happen, and the first of equals.
            let Some(mut line) = lines.rev().max_by_key(|line| line.verdict) else { continue };
            if link.possible.len() > 1 {
                let ids: Vec<&str> =
                    link.possible.iter().map(|context| context.id.as_str()).collect();
                let which =
                    format!("which shell it is, is not known: the worst of {}", ids.join(", "));
                line.caveat = Some(which);
                line.unsure = true;
            }
            let verdict = line.verdict;
            let becomes = line.context.rule.check(&current, value).becomes;
            walk.links.push(line);
            if verdict > Verdict::Changed && walk.lost_at.is_none() {
                walk.lost_at = Some(link.label.clone());
            }
            match (verdict, becomes) {
                (Verdict::Dropped | Verdict::Rejected, _) => return walk,
                (Verdict::Mangled, Some(becomes)) => current = becomes,
                _ => {}
            }
        }
        walk.arrives_as = Some(shown(&current));
        walk
    }
}

impl Link {
    fn parse(text: &str) -> Result<Self, UnknownContext> {
        let (label, id) = text.split_once('=').unwrap_or((text, text));
        let possible = match id {
            "sh" => ["dash", "busybox", "bash"]
                .iter()
                .map(|shell| contexts(&format!("{shell}.inherit")))
                .collect::<Result<Vec<_>, _>>()?
                .concat(),
            id => vec![Self::main(&contexts(id)?, id)],
        };
        Ok(Self { label: label.to_owned(), possible })
    }

    /// The way of a tool that a chain means: a shell hands on, the others do what they are for.
    fn main(found: &[Context], id: &str) -> Context {
        let asked = found.iter().find(|context| {
            let name = id.split('@').next().unwrap_or_default();
            context.id.split('@').next() == Some(name)
        });
        let shell = |context: &&Context| {
            context.rule.group == Group::Shell && context.rule.way == Some("inherit")
        };
        let chosen = asked.or_else(|| found.iter().find(shell)).or(found.first());
        chosen.cloned().expect("contexts gives one or an error")
    }
}
