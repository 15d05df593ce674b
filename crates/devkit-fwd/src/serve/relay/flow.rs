//! A direction of a connection: reads, and writes what was read.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::input::options::Engine;
use crate::socket::transport::{Conduit, Transport};

/// Bytes of the scratch buffer. 64 KiB cost a third more CPU per byte, 512 KiB gained little.
const SCRATCH: usize = 256 * 1024;
/// Bytes a direction may move before other connections get their turn.
const TURN: usize = 4 * SCRATCH;
/// Bytes of a turn while others exchange small messages: each of those waits so long for a stream.
const SHORT_TURN: usize = 128 * 1024;
/// Bytes that all slow receivers together may leave pending before less is read for each.
const MOST_PENDING: usize = 32 * 1024 * 1024;
/// Bytes read at a time from then on.
const LITTLE: usize = 8 * 1024;
/// A read of as much as this is a part of a stream: below it copying is cheaper.
const MUCH: usize = 16 * 1024;

thread_local! {
    static SCRATCH_BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH].into_boxed_slice());
    /// Bytes pending on all connections of this thread.
    static PENDING: Cell<usize> = const { Cell::new(0) };
    /// Small reads on all connections of this thread so far.
    static CHATTER: Cell<u32> = const { Cell::new(0) };
}

/// Counts bytes as they are delivered: for this direction of this connection, and for all.
#[derive(Debug)]
pub(crate) struct Meter<'a> {
    pub(crate) connection: &'a AtomicU64,
    pub(crate) all: &'a AtomicU64,
}

impl Meter<'_> {
    pub(super) fn add(&self, bytes: u64) {
        self.connection.fetch_add(bytes, Ordering::Relaxed);
        self.all.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// A direction of a connection.
pub(super) struct Flow<'a, T: Transport> {
    pub(super) state: FlowState,
    pace: Pace,
    /// Whether the sender's end was read.
    pub(super) end_read: bool,
    /// The thread's chatter at our last turn.
    heard: u32,
    /// What was read and is not delivered yet. Boxed: most connections have none most of the time.
    held: Option<Box<Held<T::Conduit>>>,
    meter: Meter<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FlowState {
    Flowing,
    /// Everything was delivered, and the FIN after it.
    Ended,
    /// The receiver takes no more.
    Dead,
}

/// What a flow wants its owner to know.
#[derive(Debug)]
pub(super) enum FlowStep {
    /// The sender's end was read, and everything before it was delivered.
    Ended,
    SenderLost,
    ReceiverLost(io::Error),
    /// The turn is used up, and there may be more.
    Yield,
}

/// Bytes for which the receiver had no room.
enum Held<C> {
    Copied(Pending),
    Spliced(C),
}

impl<'a, T: Transport> Flow<'a, T> {
    pub(super) fn new(meter: Meter<'a>, engine: Engine) -> Self {
        let pace = match engine {
            Engine::Adaptive => Pace::default(),
            Engine::Copy => Pace::NEVER,
        };
        let heard = CHATTER.get();
        Self { state: FlowState::Flowing, pace, end_read: false, heard, held: None, meter }
    }

    /// Moves what can be moved in one turn. Pending when one of the two sockets has to become ready
    /// first.
    pub(super) fn poll(&mut self, from: &T, to: &T, cx: &mut Context<'_>) -> Poll<FlowStep> {
        if self.state != FlowState::Flowing {
            return Poll::Pending;
        }
        let mut turn = self.turn();
        loop {
            // Nothing is read while bytes are held: a slow receiver holds the sender back.
            if self.held.is_some() {
                ready!(to.poll_writable(cx));
                match self.write_held(to) {
                    Err(error) if error.kind() != ErrorKind::WouldBlock => {
                        return Poll::Ready(FlowStep::ReceiverLost(error));
                    }
                    _ => continue,
                }
            }
            if self.end_read {
                return Poll::Ready(FlowStep::Ended);
            }
            if turn == 0 {
                return Poll::Ready(FlowStep::Yield);
            }
            ready!(from.poll_readable(cx));
            let step = if self.pace.streams() && from.splices_to(to) {
                self.splice(from, to, &mut turn)
            } else {
                self.copy(from, to, &mut turn)
            };
            if let Some(step) = step {
                return Poll::Ready(step);
            }
        }
    }

    /// How many bytes may be moved now. Many streams alone are best served by large turns; beside
    /// small messages, each of these waits for all of the turns.
    fn turn(&mut self) -> usize {
        let chatter = CHATTER.get();
        let alone = chatter == self.heard;
        self.heard = chatter;
        if alone { TURN } else { SHORT_TURN }
    }

    /// Moves a piece through a pipe.
    fn splice(&mut self, from: &T, to: &T, turn: &mut usize) -> Option<FlowStep> {
        let Some(mut pipe) = T::Conduit::take() else {
            self.pace = Pace::default();
            return None;
        };
        let count = match pipe.fill(from, *turn) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
            // Reading tells whether it is the end.
            Ok(0) => {
                self.pace = Pace::default();
                return self.copy(from, to, turn);
            }
            Err(error) if is_no_splice(&error) => {
                self.pace = Pace::NEVER;
                return None;
            }
            // The error is taken off the socket: reading would see a proper end.
            Err(_) => {
                self.end_read = true;
                return Some(FlowStep::SenderLost);
            }
            Ok(count) => count,
        };
        self.pace.saw(count);
        *turn = turn.saturating_sub(count);
        match pipe.drain(to) {
            Ok(taken) => self.delivered(taken),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Some(FlowStep::ReceiverLost(error)),
        }
        if !pipe.is_empty() {
            self.held = Some(Box::new(Held::Spliced(pipe)));
        }
        None
    }

    /// Reads once, and writes what came.
    fn copy(&mut self, from: &T, to: &T, turn: &mut usize) -> Option<FlowStep> {
        SCRATCH_BUFFER.with_borrow_mut(|scratch| {
            let room = if PENDING.get() > MOST_PENDING { LITTLE } else { SCRATCH.min(*turn) };
            let bytes = match from.try_read(&mut scratch[..room]) {
                Ok(0) => {
                    self.end_read = true;
                    return None;
                }
                Ok(count) => &scratch[..count],
                Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
                Err(_) => {
                    self.end_read = true;
                    return Some(FlowStep::SenderLost);
                }
            };
            if bytes.len() < MUCH {
                CHATTER.set(CHATTER.get().wrapping_add(1));
            }
            self.pace.saw(bytes.len());
            *turn = turn.saturating_sub(bytes.len());
            let taken = match to.try_write(bytes) {
                Ok(taken) => taken,
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                Err(error) => return Some(FlowStep::ReceiverLost(error)),
            };
            self.delivered(taken);
            if taken < bytes.len() {
                self.held = Some(Box::new(Held::Copied(Pending::new(&bytes[taken..]))));
            }
            None
        })
    }

    fn write_held(&mut self, to: &T) -> io::Result<()> {
        let Some(held) = &mut self.held else { return Ok(()) };
        let (taken, empty) = match &mut **held {
            Held::Copied(pending) => {
                let taken = to.try_write(pending.rest())?;
                pending.written += taken;
                (taken, pending.rest().is_empty())
            }
            Held::Spliced(pipe) => {
                let taken = pipe.drain(to)?;
                (taken, pipe.is_empty())
            }
        };
        if empty {
            self.held = None;
        }
        self.delivered(taken);
        Ok(())
    }

    /// Whether everything that was read is delivered.
    pub(super) fn holds_nothing(&self) -> bool {
        self.held.is_none()
    }

    /// Bytes delivered.
    pub(super) fn moved(&self) -> u64 {
        self.meter.connection.load(Ordering::Relaxed)
    }

    /// Moves all that the sender had sent before it was lost, and waits until the receiver's kernel
    /// has it; unless the receiver takes nothing for as long as `patience`.
    pub(super) async fn deliver(&mut self, from: &T, to: &T, patience: Duration) {
        let mut taken = (self.moved(), to.queued());
        let mut last = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            if self.state == FlowState::Flowing {
                tokio::select! {
                    step = poll_fn(|cx| self.poll(from, to, cx)) => match step {
                        FlowStep::Yield => tokio::task::yield_now().await,
                        FlowStep::ReceiverLost(_) => return,
                        FlowStep::Ended | FlowStep::SenderLost => self.state = FlowState::Ended,
                    },
                    () = sleep(pause) => {}
                }
            } else if self.state == FlowState::Dead || to.delivered() {
                return;
            } else {
                // The kernel has no event for this. It is rare: a reset while data is under way.
                sleep(pause).await;
            }
            pause = (pause * 2).min(Duration::from_millis(100));
            let now = (self.moved(), to.queued());
            if now != taken {
                (taken, last) = (now, Instant::now());
            } else if last.elapsed() >= patience {
                return;
            }
        }
    }

    /// Drops what can no longer be delivered.
    pub(super) fn give_up(&mut self) {
        self.state = FlowState::Dead;
        self.held = None;
    }

    fn delivered(&self, bytes: usize) {
        if bytes > 0 {
            self.meter.add(bytes as u64);
        }
    }

    /// Whether this flow is waiting for its sender and so would see an error there.
    pub(super) fn reading(&self) -> bool {
        self.state == FlowState::Flowing && self.holds_nothing() && !self.end_read
    }
}

/// Whether an error of splice(2) is about the call and not about the socket: an old kernel, a sandbox.
fn is_no_splice(error: &io::Error) -> bool {
    use nix::libc::{EBADF, EINVAL, ENOMEM, ENOSYS, EPERM};
    matches!(error.raw_os_error(), Some(EBADF | EINVAL | ENOMEM | ENOSYS | EPERM))
}

/// Whether a flow streams: four large reads in a row say so, eight small ones deny it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Pace(u8);

impl Pace {
    const STREAMS: u8 = 4;
    const CERTAIN: u8 = Self::STREAMS + 8;
    /// Nothing is spliced here, whatever the pace.
    const NEVER: Self = Self(u8::MAX);

    fn streams(self) -> bool {
        self.0 > Self::STREAMS && self != Self::NEVER
    }

    fn saw(&mut self, bytes: usize) {
        if *self == Self::NEVER {
            return;
        }
        self.0 = match (bytes >= MUCH, self.streams()) {
            (true, true) => Self::CERTAIN,
            (true, false) if self.0 == Self::STREAMS => Self::CERTAIN,
            (true, false) => self.0 + 1,
            (false, true) => self.0 - 1,
            (false, false) => 0,
        };
    }
}

/// Bytes that were read and that the receiver had no room for.
struct Pending {
    bytes: Vec<u8>,
    /// How many of them have been written since.
    written: usize,
}

impl Pending {
    fn new(bytes: &[u8]) -> Self {
        PENDING.set(PENDING.get() + bytes.len());
        Self { bytes: bytes.to_vec(), written: 0 }
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.written..]
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        PENDING.set(PENDING.get().saturating_sub(self.bytes.len()));
    }
}
