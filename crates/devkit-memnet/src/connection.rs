//! What both ends of a connection share, and the rules of a Unix stream socket over it.
//!
//! Linux marks a direction as closed at both of its ends, whichever end closed it and how; so one
//! flag per direction is all the state a half-close needs. See `unix_shutdown`, `unix_release_sock`,
//! `unix_stream_sendmsg` and `unix_stream_read_generic` in its `net/unix/af_unix.c`.

use std::io::{self, ErrorKind};
use std::mem;
use std::net::Shutdown;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::queue::Queue;

/// An end of a connection; its number is its place in [`Sides`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Dialed = 0,
    Accepted = 1,
}

impl End {
    fn peer(self) -> Self {
        match self {
            Self::Dialed => Self::Accepted,
            Self::Accepted => Self::Dialed,
        }
    }
}

/// How an end goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parting {
    Close,
    Reset,
}

pub(crate) struct SharedConnection {
    capacity: usize,
    state: Mutex<Sides>,
}

type Sides = [EndState; 2];

/// What belongs to one end.
#[derive(Default)]
struct EndState {
    /// What this end has not read yet.
    incoming: Queue,
    /// Nothing more comes in: this end does not want it, or its peer does not send it.
    ended: bool,
    /// A `ConnectionReset` that nobody has seen yet.
    reset: bool,
    /// Dropped; both directions are ended then.
    gone: bool,
    /// Who waits at this end for bytes, for room, for an error.
    reader: Option<Waker>,
    writer: Option<Waker>,
    watcher: Option<Waker>,
}

impl SharedConnection {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, state: Mutex::default() }
    }

    /// Hands at most `most` bytes to `sink`; without a context, pending means that it would block.
    pub(crate) fn read(
        &self,
        end: End,
        cx: Option<&Context<'_>>,
        most: usize,
        sink: impl FnMut(&[u8]),
    ) -> Poll<io::Result<usize>> {
        let mut state = self.lock();
        let side = &mut state[end as usize];
        if !side.incoming.is_empty() {
            let count = side.incoming.pop(most, sink);
            // Not at the first free byte: a writer that is woken for each would be woken for every
            // small read. Linux waits for even more room before it says "writable".
            let roomy = side.incoming.len() <= self.capacity / 2;
            let writer = if roomy { state[end.peer() as usize].writer.take() } else { None };
            drop(state);
            wake(writer);
            return Poll::Ready(Ok(count));
        }
        if mem::take(&mut side.reset) {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        }
        if side.ended {
            return Poll::Ready(Ok(0));
        }
        let replaced = register(&mut side.reader, cx);
        drop(state);
        drop(replaced);
        Poll::Pending
    }

    /// Takes what fits of the slices; without a context, pending means that it would block.
    pub(crate) fn write<'a>(
        &self,
        end: End,
        cx: Option<&Context<'_>>,
        slices: impl Iterator<Item = &'a [u8]>,
    ) -> Poll<io::Result<usize>> {
        let mut state = self.lock();
        let peer = &mut state[end.peer() as usize];
        // Before a pending reset, which stays for the reader: so does Linux.
        if peer.ended {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        let (mut count, mut asked) = (0, 0);
        for slice in slices {
            let taken = peer.incoming.push(slice, self.capacity);
            count += taken;
            asked += slice.len();
            if taken < slice.len() {
                break;
            }
        }
        if count == 0 && asked > 0 {
            let replaced = register(&mut state[end as usize].writer, cx);
            drop(state);
            drop(replaced);
            return Poll::Pending;
        }
        let reader = if count > 0 { peer.reader.take() } else { None };
        drop(state);
        wake(reader);
        Poll::Ready(Ok(count))
    }

    pub(crate) fn poll_read_ready(&self, end: End, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        let side = &mut state[end as usize];
        if !side.incoming.is_empty() || side.reset || side.ended {
            return Poll::Ready(());
        }
        let replaced = register(&mut side.reader, Some(cx));
        drop(state);
        drop(replaced);
        Poll::Pending
    }

    pub(crate) fn poll_write_ready(&self, end: End, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        let peer = &state[end.peer() as usize];
        if peer.ended || peer.incoming.len() < self.capacity {
            return Poll::Ready(());
        }
        let replaced = register(&mut state[end as usize].writer, Some(cx));
        drop(state);
        drop(replaced);
        Poll::Pending
    }

    pub(crate) fn poll_error(&self, end: End, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state[end as usize].reset || is_hung_up(&state) {
            return Poll::Ready(());
        }
        let replaced = register(&mut state[end as usize].watcher, Some(cx));
        drop(state);
        drop(replaced);
        Poll::Pending
    }

    pub(crate) fn shutdown(&self, end: End, how: Shutdown) {
        let mut state = self.lock();
        if matches!(how, Shutdown::Read | Shutdown::Both) {
            state[end as usize].ended = true;
        }
        if matches!(how, Shutdown::Write | Shutdown::Both) {
            state[end.peer() as usize].ended = true;
        }
        let wakers = take_wakers(&mut state);
        drop(state);
        wakers.into_iter().for_each(wake);
    }

    /// The end goes; a close that leaves bytes unread is a reset as well.
    pub(crate) fn leave(&self, end: End, parting: Parting) {
        let mut state = self.lock();
        let side = &mut state[end as usize];
        if mem::replace(&mut side.gone, true) {
            return;
        }
        let unread = mem::take(&mut side.incoming);
        side.ended = true;
        let peer = &mut state[end.peer() as usize];
        peer.ended = true;
        if !unread.is_empty() || parting == Parting::Reset {
            peer.reset = true;
        }
        // Also its own: whoever still waits through it would keep its task alive.
        let wakers = take_wakers(&mut state);
        drop(state);
        wakers.into_iter().for_each(wake);
    }

    pub(crate) fn take_reset(&self, end: End) -> bool {
        mem::take(&mut self.lock()[end as usize].reset)
    }

    pub(crate) fn unread(&self, end: End) -> usize {
        self.lock()[end.peer() as usize].incoming.len()
    }

    pub(crate) fn hung_up(&self) -> bool {
        is_hung_up(&self.lock())
    }

    #[cfg(test)]
    pub(crate) fn allocated(&self, end: End) -> usize {
        self.lock()[end as usize].incoming.allocated()
    }

    fn lock(&self) -> MutexGuard<'_, Sides> {
        // No rule is ever left half applied, so a panic elsewhere is no reason to stop.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_hung_up(state: &Sides) -> bool {
    state.iter().all(|side| side.ended)
}

/// Everybody whose condition an end of a direction may have changed.
fn take_wakers(state: &mut Sides) -> [Option<Waker>; 6] {
    let hung_up = is_hung_up(state);
    let [dialed, accepted] = state;
    let reader = |side: &mut EndState| if side.ended { side.reader.take() } else { None };
    let watcher = |side: &mut EndState| if hung_up { side.watcher.take() } else { None };
    [
        reader(dialed),
        reader(accepted),
        if accepted.ended { dialed.writer.take() } else { None },
        if dialed.ended { accepted.writer.take() } else { None },
        watcher(dialed),
        watcher(accepted),
    ]
}

/// Remembers who waits. Gives back who is replaced: dropping a waker can run any code, so it must
/// not happen under the lock.
fn register(slot: &mut Option<Waker>, cx: Option<&Context<'_>>) -> Option<Waker> {
    let waker = cx?.waker();
    match slot {
        Some(known) if known.will_wake(waker) => None,
        _ => slot.replace(waker.clone()),
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
