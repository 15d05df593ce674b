//! What was found, where it stands, and how people and programs are told.
//!
//! A recipe makes [`Finding`]s. A finding's words are a [`Message`]: pieces that are still a path, a
//! command's argument or text from elsewhere. Only the writers ([`TextWriter`], [`github`], [`sarif`],
//! [`to_json`]) make text of them. So a path can be shortened and foreign text is escaped in one place,
//! and no sentence has to be searched afterwards.

mod excerpt;
mod finding;
pub mod github;
mod json;
mod message;
mod paths;
mod place;
pub mod sarif;
#[cfg(test)]
mod tests;
mod text;

pub use excerpt::Excerpt;
pub use finding::{Detailed, Finding, Related, Severity};
pub use json::{JsonPath, json_path, to_json};
pub use message::{Argument, Fragment, Message, Say, SeveralLines, Words, holes, quoted};
pub use paths::PathNames;
pub use place::{Locator, Place, Position, line_of, lines_of};
pub use text::{Emphasis, TextWriter};
