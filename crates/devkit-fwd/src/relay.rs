//! The relay: moves bytes both ways between two sockets until both directions are over.
//!
//! A direction copies through one scratch buffer per thread and owns memory only while its
//! receiver takes less than was read. While it streams, it goes through a pipe instead
//! (`splice(2)`), which it has only while bytes are in it. An end (FIN) is passed on for its own direction, a reset as
//! a reset; what was read before either is delivered first.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use crate::dial::Dialled;
use crate::event::Reason;
use crate::pipe::Pipe;
use crate::stream::Stream;

/// Bytes of the scratch buffer. 64 KiB cost a third more CPU per byte, 512 KiB gained little.
const SCRATCH: usize = 256 * 1024;
/// Bytes a direction may move before other connections get their turn.
const TURN: usize = 2 * SCRATCH;
/// How long a receiver may take nothing of what came before a reset, until it is told.
const RESET_GRACE: Duration = Duration::from_millis(500);
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
}

/// How long a quiet connection may last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) idle: Option<Duration>,
    pub(crate) half_closed: Option<Duration>,
}

/// Which of the two a connection has to keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limit {
    half_closed: bool,
    time: Duration,
}

impl Patience {
    fn limit(&self, half_closed: bool) -> Option<Limit> {
        let time = if half_closed { self.half_closed } else { self.idle };
        time.map(|time| Limit { half_closed, time })
    }
}

fn quiet(half_closed: bool) -> Reason {
    if half_closed { Reason::HalfCloseTimeout } else { Reason::IdleTimeout }
}

/// Counts bytes as they are delivered: for this connection, and for all.
#[derive(Debug)]
pub(crate) struct Meter<'a> {
    pub(crate) connection: &'a AtomicU64,
    pub(crate) all: &'a AtomicU64,
}

impl Meter<'_> {
    fn add(&self, bytes: usize) {
        self.connection.fetch_add(bytes as u64, Ordering::Relaxed);
        self.all.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// Moves bytes between a client and a destination. On return both may be dropped; those that are
/// to see a reset have been told so.
// Not an `async fn`, whose arguments would be stored twice in each connection's task.
pub(crate) fn relay<'a>(
    client: &'a Stream,
    destination: &'a Dialled,
    meters: [Meter<'a>; 2],
    patience: Patience,
) -> impl Future<Output = Reason> + Send + 'a {
    let [up, down] = meters;
    let mut pair = Pair {
        sides: [Side::new(client, false), Side::new(&destination.stream, destination.lost)],
        flows: [Flow::new(up), Flow::new(down)],
        patience,
        clock: None,
    };
    async move {
        let verdict = pair.run().await;
        match verdict {
            Verdict::Ended => Reason::Ended,
            // Boxed, because its timers would make every idle connection larger.
            _ => Box::pin(pair.conclude(verdict)).await,
        }
    }
}

/// Answers a client with its own bytes.
pub(crate) async fn echo(client: &Stream, meters: [Meter<'_>; 2], patience: Patience) -> Reason {
    let [up, down] = meters;
    let mut flow = Flow::new(down);
    let mut clock = None;
    loop {
        let step = poll_fn(|cx| {
            let mut turn = TURN;
            let before = flow.moved;
            let step = flow.poll(client, client, &mut turn, cx);
            if flow.moved != before {
                up.add(usize::try_from(flow.moved - before).unwrap_or(0));
            }
            let limit = patience.limit(flow.end_read);
            match Clock::poll(&mut clock, limit, flow.moved, || client.queued(), cx) {
                Poll::Ready(()) if step.is_pending() => Poll::Ready(None),
                _ => step.map(Some),
            }
        })
        .await;
        match step {
            Some(Step::Yield) => tokio::task::yield_now().await,
            Some(Step::Ended) => return Reason::Ended,
            Some(Step::SenderLost | Step::ReceiverLost(_)) => return Reason::ClientReset,
            None => {
                client.reset();
                return quiet(flow.end_read);
            }
        }
    }
}

/// Index of a side, and of the flow that starts there.
const CLIENT: usize = 0;
const DESTINATION: usize = 1;

struct Pair<'a> {
    sides: [Side<'a>; 2],
    flows: [Flow<'a>; 2],
    patience: Patience,
    clock: Option<Box<Clock>>,
}

struct Side<'a> {
    stream: &'a Stream,
    /// It was reset before it had sent a FIN: the end of its data is no proper end.
    lost: bool,
    /// Waits for an error while nothing is read from this side. Made when first needed.
    watch: Option<Pin<Box<dyn Future<Output = ()> + Send + 'a>>>,
    watched: bool,
}

/// What ended a pair.
#[derive(Debug, Clone, Copy)]
enum Verdict {
    /// Both directions ended with a FIN, and the FIN was passed on.
    Ended,
    /// This side was reset or vanished without having ended its direction.
    Reset(usize),
    /// This side had ended its direction and then went away: it takes no more.
    Gone(usize),
    /// The destination had ended its direction and closed in good order, while the client had
    /// sent nothing that it did not take.
    Closed,
    /// Nothing moved for too long.
    Quiet(Reason),
}

impl Pair<'_> {
    async fn run(&mut self) -> Verdict {
        loop {
            if let Some(verdict) = poll_fn(|cx| self.poll(cx)).await {
                return verdict;
            }
            // Unlike waking ourselves, this lets the runtime look for I/O before our next turn.
            tokio::task::yield_now().await;
        }
    }

    /// Ready with a verdict, or with `None` when it is the others' turn.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Verdict>> {
        let mut yielding = false;
        for from in [CLIENT, DESTINATION] {
            let to = 1 - from;
            // Each direction has its own: one that never pauses must not starve the other.
            let mut turn = TURN;
            loop {
                let (sender, receiver) = (self.sides[from].stream, self.sides[to].stream);
                match self.flows[from].poll(sender, receiver, &mut turn, cx) {
                    Poll::Pending => break,
                    Poll::Ready(Step::Ended) if self.sides[from].lost => {
                        return Poll::Ready(Some(Verdict::Reset(from)));
                    }
                    Poll::Ready(Step::Ended) => {
                        receiver.end_writing();
                        self.flows[from].state = State::Ended;
                    }
                    Poll::Ready(Step::SenderLost) => {
                        return Poll::Ready(Some(Verdict::Reset(from)));
                    }
                    Poll::Ready(Step::ReceiverLost(error)) => {
                        self.flows[from].give_up();
                        // What the receiver sent before is still to be read by the other flow.
                        self.sides[to].lost |= !had_ended(&error);
                    }
                    Poll::Ready(Step::Yield) => {
                        yielding = true;
                        break;
                    }
                }
            }
        }
        if let Some(verdict) = self.over().or_else(|| self.watch(cx)).or_else(|| self.over()) {
            return Poll::Ready(Some(verdict));
        }
        if self.poll_clock(cx).is_ready() && !yielding {
            return Poll::Ready(Some(Verdict::Quiet(quiet(self.half_closed()))));
        }
        if yielding { Poll::Ready(None) } else { Poll::Pending }
    }

    fn over(&self) -> Option<Verdict> {
        match (self.flows[CLIENT].state, self.flows[DESTINATION].state) {
            (State::Flowing, _) | (_, State::Flowing) => None,
            (State::Ended, State::Ended) => Some(Verdict::Ended),
            // A flow is dead because its receiver is gone.
            (State::Dead, _) => Some(Verdict::Gone(DESTINATION)),
            (_, State::Dead) => Some(Verdict::Gone(CLIENT)),
        }
    }

    /// Looks for errors on sides that nobody reads from at the moment.
    fn watch(&mut self, cx: &mut Context<'_>) -> Option<Verdict> {
        for at in [CLIENT, DESTINATION] {
            let (side, from) = (&mut self.sides[at], &self.flows[at]);
            if side.watched || from.reading() {
                continue;
            }
            let stream = side.stream;
            let watch = side.watch.get_or_insert_with(|| Box::pin(stream.broken()));
            if watch.as_mut().poll(cx).is_pending() {
                continue;
            }
            (side.watch, side.watched) = (None, true);
            let ended = match stream.take_error() {
                Some(error) => from.end_read || had_ended(&error),
                None if from.end_read && stream.hung_up() => {
                    if at == DESTINATION && self.flows[CLIENT].holds_nothing() {
                        return Some(Verdict::Closed);
                    }
                    true
                }
                // Somebody else has met the error already, and deals with it.
                None => continue,
            };
            if ended {
                // What it sent is complete and will be delivered; what is for it has nowhere to go.
                self.flows[1 - at].give_up();
            } else {
                return Some(Verdict::Reset(at));
            }
        }
        None
    }

    fn half_closed(&self) -> bool {
        self.flows.iter().any(|flow| flow.end_read || matches!(flow.state, State::Dead))
    }

    fn poll_clock(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let limit = self.patience.limit(self.half_closed());
        let moved = self.flows[CLIENT].moved + self.flows[DESTINATION].moved;
        let queued = || self.sides.iter().map(|side| side.stream.queued()).sum();
        Clock::poll(&mut self.clock, limit, moved, queued, cx)
    }

    /// Tells those who are left how it ended.
    async fn conclude(&mut self, verdict: Verdict) -> Reason {
        match verdict {
            Verdict::Ended => Reason::Ended,
            Verdict::Quiet(reason) => {
                for side in &self.sides {
                    side.stream.reset();
                }
                reason
            }
            Verdict::Reset(at) | Verdict::Gone(at) => {
                let patience = match verdict {
                    Verdict::Reset(_) => RESET_GRACE,
                    _ => self.patience.half_closed.unwrap_or(Duration::MAX),
                };
                let (from, left) = (self.sides[at].stream, self.sides[1 - at].stream);
                self.flows[at].deliver(from, left, patience).await;
                left.reset();
                reset_by(at)
            }
            Verdict::Closed => {
                let (from, left) = (self.sides[DESTINATION].stream, self.sides[CLIENT].stream);
                let patience = self.patience.half_closed.unwrap_or(Duration::MAX);
                self.flows[DESTINATION].deliver(from, left, patience).await;
                // Unlike a client that is silent, one that has said more has said it to nobody.
                let more = left.try_read(&mut [0]).is_ok_and(|count| count > 0);
                if more || !left.delivered() {
                    left.reset();
                    return Reason::DestinationReset;
                }
                Reason::Ended
            }
        }
    }
}

/// Whether an error of splice(2) is about the call and not about the socket: an old kernel, a sandbox.
fn is_no_splice(error: &io::Error) -> bool {
    use nix::libc::{EBADF, EINVAL, ENOMEM, ENOSYS, EPERM};
    matches!(error.raw_os_error(), Some(EBADF | EINVAL | ENOMEM | ENOSYS | EPERM))
}

fn reset_by(side: usize) -> Reason {
    if side == CLIENT { Reason::ClientReset } else { Reason::DestinationReset }
}

/// Whether a peer that is gone had ended its direction before: Linux reports a reset after a FIN
/// as EPIPE, and ECONNRESET only for one that came without (`tcp_reset` in `net/ipv4/tcp_input.c`).
fn had_ended(error: &io::Error) -> bool {
    error.kind() == ErrorKind::BrokenPipe
}

impl<'a> Side<'a> {
    fn new(stream: &'a Stream, lost: bool) -> Self {
        Self { stream, lost, watch: None, watched: false }
    }
}

/// One direction.
struct Flow<'a> {
    state: State,
    pending: Pending,
    /// While bytes are in it.
    pipe: Option<Pipe>,
    pace: Pace,
    /// Whether the sender's end was read.
    end_read: bool,
    /// Bytes delivered.
    moved: u64,
    meter: Meter<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Flowing,
    /// Everything was delivered, and the FIN after it.
    Ended,
    /// The receiver takes no more.
    Dead,
}

/// What a flow wants its owner to know.
#[derive(Debug)]
enum Step {
    /// The sender's end was read, and everything before it was delivered.
    Ended,
    SenderLost,
    ReceiverLost(io::Error),
    /// The turn is used up, and there may be more.
    Yield,
}

impl<'a> Flow<'a> {
    fn new(meter: Meter<'a>) -> Self {
        let state = State::Flowing;
        Self {
            state,
            pending: Pending::default(),
            pipe: None,
            pace: Pace::default(),
            end_read: false,
            moved: 0,
            meter,
        }
    }

    /// Moves what can be moved. Pending when one of the two sockets has to become ready first.
    fn poll(
        &mut self,
        from: &Stream,
        to: &Stream,
        turn: &mut usize,
        cx: &mut Context<'_>,
    ) -> Poll<Step> {
        if self.state != State::Flowing {
            return Poll::Pending;
        }
        loop {
            // Nothing is read while bytes are pending: a slow receiver holds the sender back.
            if !self.holds_nothing() {
                std::task::ready!(to.poll_writable(cx));
                match self.write_held(to) {
                    Err(error) if error.kind() != ErrorKind::WouldBlock => {
                        return Poll::Ready(Step::ReceiverLost(error));
                    }
                    _ => continue,
                }
            }
            if self.end_read {
                return Poll::Ready(Step::Ended);
            }
            if *turn == 0 {
                return Poll::Ready(Step::Yield);
            }
            std::task::ready!(from.poll_readable(cx));
            let step = if self.pace.streams() && from.splices_to(to) {
                self.splice(from, to, turn)
            } else {
                self.copy(from, to, turn)
            };
            if let Some(step) = step {
                return Poll::Ready(step);
            }
        }
    }

    /// One piece through a pipe.
    fn splice(&mut self, from: &Stream, to: &Stream, turn: &mut usize) -> Option<Step> {
        let Some(mut pipe) = Pipe::take() else {
            self.pace = Pace::default();
            return None;
        };
        let count = match pipe.fill(from) {
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
                return Some(Step::SenderLost);
            }
            Ok(count) => count,
        };
        self.pace.saw(count);
        *turn = turn.saturating_sub(count);
        self.pipe = Some(pipe);
        match self.write_held(to) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Some(Step::ReceiverLost(error)),
            _ => None,
        }
    }

    /// One read and the write that follows.
    fn copy(&mut self, from: &Stream, to: &Stream, turn: &mut usize) -> Option<Step> {
        SCRATCH_BUFFER.with_borrow_mut(|scratch| {
            let room = if PENDING.get() > MOST_PENDING { LITTLE } else { SCRATCH };
            let bytes = match from.try_read(&mut scratch[..room]) {
                Ok(0) => {
                    self.end_read = true;
                    return None;
                }
                Ok(count) => &scratch[..count],
                Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
                Err(_) => {
                    self.end_read = true;
                    return Some(Step::SenderLost);
                }
            };
            *turn = turn.saturating_sub(bytes.len());
            self.pace.saw(bytes.len());
            let taken = match to.try_write(bytes) {
                Ok(taken) => taken,
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                Err(error) => return Some(Step::ReceiverLost(error)),
            };
            self.delivered(taken);
            self.pending.push(&bytes[taken..]);
            None
        })
    }

    fn write_held(&mut self, to: &Stream) -> io::Result<()> {
        if let Some(pipe) = &mut self.pipe {
            let taken = pipe.drain(to)?;
            if pipe.is_empty() {
                self.pipe = None;
            }
            self.delivered(taken);
            return Ok(());
        }
        let taken = to.try_write(self.pending.rest())?;
        self.delivered(taken);
        self.pending.advance(taken);
        Ok(())
    }

    /// Whether everything that was read is delivered.
    fn holds_nothing(&self) -> bool {
        self.pending.is_empty() && self.pipe.is_none()
    }

    /// Moves all that the sender had sent before it was lost, and waits until the receiver's kernel
    /// has it; unless the receiver takes nothing for as long as `patience`.
    async fn deliver(&mut self, from: &Stream, to: &Stream, patience: Duration) {
        let mut taken = (self.moved, to.queued());
        let mut last = Instant::now();
        let mut pause = Duration::from_millis(1);
        let mut turn = TURN;
        loop {
            if self.state == State::Flowing {
                tokio::select! {
                    step = poll_fn(|cx| self.poll(from, to, &mut turn, cx)) => match step {
                        Step::Yield => tokio::task::yield_now().await,
                        Step::ReceiverLost(_) => return,
                        Step::Ended | Step::SenderLost => self.state = State::Ended,
                    },
                    () = sleep(pause) => {}
                }
                turn = TURN;
            } else if self.state == State::Dead || to.delivered() {
                return;
            } else {
                // The kernel has no event for this. It is rare: a reset while data is under way.
                sleep(pause).await;
            }
            pause = (pause * 2).min(Duration::from_millis(100));
            let now = (self.moved, to.queued());
            if now != taken {
                (taken, last) = (now, Instant::now());
            } else if last.elapsed() >= patience {
                return;
            }
        }
    }

    /// Drops what can no longer be delivered.
    fn give_up(&mut self) {
        self.state = State::Dead;
        self.pending = Pending::default();
        self.pipe = None;
    }

    fn delivered(&mut self, bytes: usize) {
        if bytes > 0 {
            self.moved += bytes as u64;
            self.meter.add(bytes);
        }
    }

    /// Whether this flow is waiting for its sender and so would see an error there.
    fn reading(&self) -> bool {
        self.state == State::Flowing && self.holds_nothing() && !self.end_read
    }
}

/// Whether a flow streams: four large reads in a row say so, eight small ones deny it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Pace(u8);

impl Pace {
    const STREAMS: u8 = 4;
    const CERTAIN: u8 = Self::STREAMS + 8;
    /// These sockets cannot be spliced.
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
#[derive(Default)]
struct Pending {
    bytes: Vec<u8>,
    /// How many of them have been written since.
    written: usize,
}

impl Pending {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        PENDING.set(PENDING.get() + bytes.len());
    }

    fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.written..]
    }

    fn advance(&mut self, written: usize) {
        self.written += written;
        if self.written == self.bytes.len() {
            *self = Self::default();
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        PENDING.set(PENDING.get().saturating_sub(self.bytes.len()));
    }
}

/// A timer that starts again whenever bytes have moved.
struct Clock {
    limit: Limit,
    sleep: Pin<Box<Sleep>>,
    moved: u64,
    /// Bytes in the kernel's send buffers when they were last asked for.
    queued: usize,
    last: Instant,
}

impl Clock {
    fn new(limit: Limit, moved: u64, queued: usize) -> Self {
        let mut clock =
            Self { limit, sleep: Box::pin(sleep(limit.time)), moved, queued, last: Instant::now() };
        clock.look_again();
        clock
    }

    /// Ready when nothing moved for the limit: neither into the kernel's buffers, which `moved`
    /// counts, nor out of them, for which `queued` is asked now and then.
    fn poll(
        clock: &mut Option<Box<Self>>,
        limit: Option<Limit>,
        moved: u64,
        queued: impl Fn() -> usize,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let Some(limit) = limit else {
            *clock = None;
            return Poll::Pending;
        };
        let clock = match clock {
            Some(clock) if clock.limit == limit => clock,
            other => other.insert(Box::new(Self::new(limit, moved, queued()))),
        };
        if clock.moved != moved {
            (clock.moved, clock.last) = (moved, Instant::now());
            // What moved is in a buffer now, and when it leaves is to be noticed in time.
            let soon = clock.last + clock.slice();
            if clock.sleep.deadline() > soon {
                clock.sleep.as_mut().reset(soon);
            }
        }
        loop {
            std::task::ready!(clock.sleep.as_mut().poll(cx));
            let queued = queued();
            if queued != clock.queued {
                (clock.queued, clock.last) = (queued, Instant::now());
            }
            if clock.last.elapsed() >= clock.limit.time {
                return Poll::Ready(());
            }
            clock.look_again();
        }
    }

    /// When the time may be up, and in parts of it while the buffers may become emptier meanwhile.
    fn look_again(&mut self) {
        let mut next = self.last + self.limit.time;
        if self.queued > 0 {
            next = next.min(Instant::now() + self.slice());
        }
        self.sleep.as_mut().reset(next);
    }

    /// How late it may be noticed that a buffer became emptier.
    fn slice(&self) -> Duration {
        self.limit.time / 8
    }
}
