//! Listening and dialling: the backlog between the two.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use tokio::sync::Semaphore;
use tokio::task::coop::poll_proceed;

use crate::stream::Stream;

/// How much may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenerOptions {
    /// Connections that may wait to be accepted; further ones wait in [`Dialer::connect`].
    pub backlog: NonZeroUsize,
    /// Bytes that may wait to be read, in each direction of each connection. Memory is taken only
    /// for bytes that wait.
    pub capacity: NonZeroUsize,
}

/// 128 connections, 64 KiB in each direction.
impl Default for ListenerOptions {
    fn default() -> Self {
        const {
            Self {
                backlog: NonZeroUsize::new(128).unwrap(),
                capacity: NonZeroUsize::new(64 * 1024).unwrap(),
            }
        }
    }
}

/// Accepts the connections of its [`Dialer`]s; dropping it closes it.
pub struct Listener {
    backlog: Arc<Backlog>,
}

/// Connects to one [`Listener`]; as many clones as one likes may do so at once.
///
/// It does not keep the listener open.
#[derive(Clone)]
pub struct Dialer {
    backlog: Arc<Backlog>,
}

struct Backlog {
    options: ListenerOptions,
    /// A permit for each connection that fits.
    room: Semaphore,
    /// A permit for each connection that waits.
    waiting: Semaphore,
    state: Mutex<BacklogState>,
}

#[derive(Default)]
struct BacklogState {
    closed: bool,
    pending: VecDeque<Stream>,
    /// Who waits in `poll_accept`; whoever waits in `accept` waits for a permit.
    accepter: Option<Waker>,
}

impl Listener {
    /// A listener with the default [`ListenerOptions`].
    #[must_use]
    pub fn new() -> Self {
        Self::with(ListenerOptions::default())
    }

    /// A listener with limits of one's own.
    #[must_use]
    pub fn with(options: ListenerOptions) -> Self {
        let room = Semaphore::new(options.backlog.get().min(Semaphore::MAX_PERMITS));
        let (waiting, state) = (Semaphore::new(0), Mutex::default());
        Self { backlog: Arc::new(Backlog { options, room, waiting, state }) }
    }

    /// What connects to this listener.
    #[must_use]
    pub fn dialer(&self) -> Dialer {
        Dialer { backlog: Arc::clone(&self.backlog) }
    }

    /// The next connection, in the order in which they were made.
    ///
    /// The dialer may have written, shut down or gone by then, as with a socket. Any number of tasks
    /// may wait; a future that is dropped takes no connection with it.
    ///
    /// # Errors
    ///
    /// `InvalidInput` after [`Listener::close`], also for those who wait already: what `accept(2)`
    /// says on a socket that does not listen.
    pub async fn accept(&self) -> io::Result<Stream> {
        loop {
            let permit = self.backlog.waiting.acquire().await.map_err(|_| not_listening())?;
            permit.forget();
            // Without one, a `poll_accept` was faster.
            let stream = self.backlog.lock().pending.pop_front();
            if let Some(stream) = stream {
                self.backlog.room.add_permits(1);
                return Ok(stream);
            }
        }
    }

    /// [`Listener::accept`] for hand-written futures. Only the last task that waited here is woken.
    ///
    /// # Errors
    ///
    /// Those of [`Listener::accept`].
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        let coop = ready!(poll_proceed(cx));
        let mut state = self.backlog.lock();
        let Some(stream) = state.pending.pop_front() else {
            if state.closed {
                coop.made_progress();
                return Poll::Ready(Err(not_listening()));
            }
            let replaced = state.accepter.replace(cx.waker().clone());
            drop(state);
            // Not under the lock: dropping a waker can run any code.
            drop(replaced);
            return Poll::Pending;
        };
        drop(state);
        coop.made_progress();
        // Where an `accept` has the permit already, it will find nothing and wait again.
        if let Ok(permit) = self.backlog.waiting.try_acquire() {
            permit.forget();
        }
        self.backlog.room.add_permits(1);
        Poll::Ready(Ok(stream))
    }

    /// Stops listening: connections that nobody has accepted are reset, further ones refused.
    ///
    /// Accepted streams stay as they are.
    pub fn close(&self) {
        let mut state = self.backlog.lock();
        state.closed = true;
        let pending = std::mem::take(&mut state.pending);
        let accepter = state.accepter.take();
        drop(state);
        self.backlog.room.close();
        self.backlog.waiting.close();
        pending.into_iter().for_each(Stream::abort);
        if let Some(accepter) = accepter {
            accepter.wake();
        }
    }
}

impl Default for Listener {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.backlog.describe(f.debug_struct("Listener"))
    }
}

impl Dialer {
    /// A new connection, which the listener may not have accepted yet.
    ///
    /// Waits while the backlog is full, in the order of the calls, as a blocking `connect(2)` to a
    /// Unix socket does. Bytes can be written at once.
    ///
    /// # Errors
    ///
    /// `ConnectionRefused` when the listener is closed or dropped, also while this waits.
    pub async fn connect(&self) -> io::Result<Stream> {
        let refused = || io::Error::from(ErrorKind::ConnectionRefused);
        let permit = self.backlog.room.acquire().await.map_err(|_| refused())?;
        let (stream, pending) = Stream::pair(self.backlog.options.capacity);
        let mut state = self.backlog.lock();
        if state.closed {
            return Err(refused());
        }
        permit.forget();
        state.pending.push_back(pending);
        let accepter = state.accepter.take();
        drop(state);
        self.backlog.waiting.add_permits(1);
        if let Some(accepter) = accepter {
            accepter.wake();
        }
        Ok(stream)
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.backlog.describe(f.debug_struct("Dialer"))
    }
}

impl Backlog {
    fn lock(&self) -> MutexGuard<'_, BacklogState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn describe(&self, mut name: fmt::DebugStruct<'_, '_>) -> fmt::Result {
        let state = self.lock();
        name.field("pending", &state.pending.len()).field("closed", &state.closed).finish()
    }
}

fn not_listening() -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, "the listener is closed")
}
