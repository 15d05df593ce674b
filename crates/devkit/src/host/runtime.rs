//! The event loop of commands that serve connections.

use anyhow::Context as _;
use tokio::runtime::{Builder, Runtime};

/// A runtime of one thread that waits on the kernel, and at most so many for calls that block.
pub(crate) fn event_loop(most_blocked: usize) -> anyhow::Result<Runtime> {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().max_blocking_threads(most_blocked);
    builder.build().context("cannot start the event loop")
}
