//! Files that appear whole or not at all, with their mode from the first byte.
//!
//! Each is written beside its place under a name of its own, opened with `O_EXCL` and its final
//! mode, and synced; only then do all of them move into place. What fails leaves everything as it
//! was.

mod folder;
mod publish;
#[cfg(test)]
mod tests;

pub use folder::NewFolder;
pub use publish::{Error, Existing, NewFile, Outcome, publish};
