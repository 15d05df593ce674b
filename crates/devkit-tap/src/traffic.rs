//! The traffic as it passes: exchanges, the bodies that record them, and the events that tell of them.

pub(crate) mod event;
pub(crate) mod exchange;
pub(crate) mod record;
