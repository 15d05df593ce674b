//! Threads that carry connections beside the one that accepts them.

use std::io;
use std::thread::{self, JoinHandle};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Threads for resolving names, of each worker: one that hangs must not be followed by hundreds.
const RESOLVERS: usize = 16;

/// Running threads. Dropping them cuts what they carry.
pub(crate) struct Workers(Vec<Worker>);

struct Worker {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Workers {
    /// Starts so many, each with a current-thread runtime of its own: a connection stays where it
    /// is, so its wake-ups never cross threads.
    pub(crate) fn start(count: u16) -> io::Result<Self> {
        (1..=count).map(Worker::start).collect::<io::Result<_>>().map(Self)
    }

    /// Where tasks can be spawned on them.
    pub(crate) fn handles(&self) -> Vec<Handle> {
        self.0.iter().map(|worker| worker.handle.clone()).collect()
    }
}

impl Worker {
    fn start(number: u16) -> io::Result<Self> {
        let runtime =
            Builder::new_current_thread().enable_all().max_blocking_threads(RESOLVERS).build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            let _ = runtime.block_on(stopped);
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name(format!("worker {number}")).spawn(run)?;
        Ok(Self { handle, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
