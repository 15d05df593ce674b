//! Files that appear whole or not at all, with their mode from the first byte.
//!
//! [`publish`] is for new files that belong together, [`Edit`] for a file that somebody has and that is
//! to change. Each is written beside its place under a name of its own, opened with `O_EXCL` and its final
//! mode, and synced; only then do all of them move into place. What fails leaves everything as it
//! was.

mod edit;
mod folder;
mod publish;
#[cfg(test)]
mod tests;

pub use edit::{Barrier, Edit, EditError, backups, look};
pub use folder::NewFolder;
pub use publish::{Error, Existing, NewFile, Outcome, publish};
