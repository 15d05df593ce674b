//! Everything that would make a release one that Go cannot use, found before there is a tag.

mod install;
mod module;
mod requires;
mod surroundings;

use devkit_report::{Detailed, Message, message};

use crate::git::GitError;
use crate::options::{Options, Surroundings};
use crate::problem::{Code, Judgement, problem};
use crate::release::changes::Changes;
use crate::release::row::{Row, Rows};
use crate::release::update::{self, Update};

pub use module::not_releasable;
pub use surroundings::shallow;

/// A release as far as it is decided: what every check reads.
pub(crate) struct Decided<'a> {
    pub(crate) rows: Rows<'a>,
    pub(crate) options: &'a Options,
    pub(crate) changes: &'a Changes<'a>,
    pub(crate) update: &'a Update,
}

/// What the checks have found.
#[derive(Default)]
pub(crate) struct Findings {
    /// What stops the release.
    pub(crate) problems: Vec<Detailed<Judgement>>,
    /// What should be known.
    pub(crate) warnings: Vec<Detailed<Judgement>>,
}

/// Everything that is to be said about a plan.
pub(crate) fn all(decided: &Decided<'_>) -> Result<Findings, GitError> {
    let Rows { repository, all: rows } = decided.rows;
    if repository.modules.is_empty() {
        let problem = problem(
            Code::NoModules,
            "there is no go.mod in this commit",
            "go mod init PATH makes one; it must be committed",
        );
        return Ok(Findings { problems: vec![problem], warnings: Vec::new() });
    }
    let module = |row: &Row| module::check(decided, row, decided.rows.module(row));
    let mut problems: Vec<Detailed<Judgement>> = rows.iter().flat_map(module).collect();
    let required = requires::check(decided)?;
    problems.extend(required.problems);
    let mut warnings = required.warnings;
    warnings.extend(module::licenses(decided));
    warnings.extend(rows.iter().filter_map(|row| module::too_much(decided, row)));
    warnings.extend(install::blocked(decided)?);
    warnings.extend(module::retracted(decided));
    problems.extend(update::wrong(decided.rows, decided.update)?);
    problems.extend(surroundings::shallow(&repository.git));
    if decided.options.surroundings != Surroundings::None {
        problems.extend(surroundings::check(decided)?);
    }
    Ok(Findings { problems, warnings })
}

/// Names that are shown of a longer list.
const SHOWN: usize = 3;

fn quoted(text: &str) -> Message {
    message!("'{}'", text)
}
