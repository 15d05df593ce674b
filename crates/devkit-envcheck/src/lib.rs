//! Where an environment variable's name works, who drops it on the way, and what to use instead.
//!
//! Whether a name is valid is the wrong question: it has to reach a process. A channel sets it, each
//! shell in between hands it on or not, a reader makes something of it. The rules of all of these are
//! one table ([`all`]), and names are bytes.

mod chain;
mod file;
mod letters;
mod line;
mod outlook;
mod page;
pub mod probe;
mod report;
mod rule;
mod rules;
mod select;
mod suggest;
mod syntax;
#[cfg(test)]
mod tests;
mod value;
mod verdict;

pub use chain::{Chain, Walk};
pub use file::{Fate, FileError, Format, SeenFile, ShellForm, check_file, told_together};
pub use line::Line;
pub use outlook::{Outlook, counts_by_default};
pub use page::page;
pub use report::{Input, Report, hex, name_collisions};
pub use rule::{Answer, Group, Rule};
pub use rules::all;
pub use select::{Context, UnknownContext, all_contexts, contexts};
pub use suggest::dangerous;
pub use value::{Limits, ValueFate};
pub use verdict::Verdict;
