//! Maven's `settings.xml`: which mirror catches a repository, and an edit that lets company
//! repositories of http:// work again and changes no other byte.
//!
//! Input → model → plan → apply → report: [`Parsed`] decodes and parses a file, [`Settings`] is what
//! Maven reads in it, [`mirror`] chooses mirrors as Maven does, [`plan()`] says which bytes change and
//! proves the effect. [`log`] and [`pom`] find repositories, [`undo()`] the state before.
//!
//! Maven ≥ 3.8.1 blocks by an entry in the settings of the *installation*, `maven-default-http-blocker`.
//! An entry of the same id in the user's settings takes its place.

pub mod diff;
mod edit;
mod effect;
mod error;
mod maven;
pub mod mirror;
mod note;
mod plan;
pub mod probe;
mod request;
mod secret;
mod status;
#[cfg(test)]
mod tests;
mod text;
mod undo;
mod wanted;
mod xml;

pub use edit::Splice;
pub use error::Error;
pub use maven::settings::{Parsed, ProfileRepository, Properties, Settings};
pub use maven::{locate, log, pom};
pub use mirror::{Mirror, Origin, Repository, Verdict};
pub use note::{Remedy, meaning};
pub use plan::{Change, Plan, plan};
pub use request::{BadId, RepositoryId, Request};
pub use secret::{mask, masked};
pub use status::{Declaration, Status};
pub use text::{EncodingError, Text};
pub use undo::{Undo, undo};
