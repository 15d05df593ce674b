//! Takes secrets out before anything is shown, because a log is shared more freely than a cluster.
//!
//! Where it is not certain that something is no secret, it counts as one.

mod headers;
mod json;
mod place;
mod target;
#[cfg(test)]
mod tests;
mod text;

pub use headers::headers;
pub use target::target;

pub(crate) use json::json;
pub(crate) use place::PathKind;
pub(crate) use target::parameters;
pub(crate) use text::{may_be_secret, text};

/// Whether secrets are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Secrets {
    /// A remark stands in their place.
    #[default]
    Hide,
    /// Secrets are shown as they passed.
    Show,
}

/// What stands in the place of a secret whose length is nobody's business.
const HIDDEN: &str = "(hidden)";

/// What stands in the place of a secret.
fn hidden(bytes: usize) -> String {
    format!("(hidden, {bytes} bytes)")
}
