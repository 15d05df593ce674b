//! What Maven reads: settings, projects and the log of a build.

pub mod locate;
pub mod log;
pub mod pom;
pub(crate) mod settings;
