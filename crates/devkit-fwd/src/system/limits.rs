//! Limits of the system: descriptors and how many connections fit under them, pipes, the backlog.

use std::num::NonZeroU16;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Descriptors that are not connections: standard ones, listeners, the runtime's, a margin.
const RESERVED: u64 = 24;
/// A client's socket and a destination's.
const PER_CONNECTION: u64 = 2;
/// Both ends.
const PER_PIPE: u64 = 2;
/// What the runtime of a worker thread holds: epoll, its waker, its end of the signal socket.
const PER_WORKER: u64 = 6;
/// Half of the pages that an unprivileged user may have in pipes.
const MOST_PIPES: usize = 32;

/// Connections that may wait to be accepted; the system caps the number (`net.core.somaxconn`).
pub(crate) const BACKLOG: i32 = 4096;

/// Raises this process's soft descriptor limit to the hard one.
///
/// The low soft limit protects programs that use `select(2)`; this one does not.
pub fn raise() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        // A system may refuse the hard limit as a value (macOS); then the soft one stays.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// Descriptors this process may have open.
pub(crate) fn descriptors() -> u64 {
    getrlimit(Resource::RLIMIT_NOFILE).map_or(1024, |(soft, _)| soft)
}

/// Connections that can be open at once without running out of descriptors, at least one.
pub(crate) fn connections(workers: NonZeroU16) -> usize {
    let more_workers = u64::from(workers.get() - 1);
    let reserved = RESERVED + PER_PIPE * pipes() as u64 + PER_WORKER * more_workers;
    let room = descriptors().saturating_sub(reserved) / PER_CONNECTION;
    usize::try_from(room.max(1)).unwrap_or(usize::MAX)
}

/// Pipes that may be open at once: few where descriptors are few, and never as many as would use up
/// what a user may have of them.
pub(crate) fn pipes() -> usize {
    usize::try_from(descriptors() / 16).unwrap_or(MOST_PIPES).min(MOST_PIPES)
}
