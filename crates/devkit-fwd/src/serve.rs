//! The run of a forwarder: accept, dial, relay, and tell of it.

pub(crate) mod dial;
pub(crate) mod event;
pub(crate) mod forwarder;
pub(crate) mod relay;
mod stdio;
mod workers;
