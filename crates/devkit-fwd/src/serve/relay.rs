//! The relay: moves bytes both ways between two sockets until both directions are over.
//!
//! A direction copies through one scratch buffer per thread and owns memory only while its
//! receiver takes less than was read. While it streams, it goes through a pipe instead
//! (`splice(2)`), which it has only while bytes are in it. An end (FIN) is passed on for its own direction, a reset as
//! a reset; what was read before either is delivered first.

mod clock;
mod flow;
#[cfg(test)]
mod tests;

use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use self::clock::IdleClock;
pub(crate) use self::clock::Timeouts;
pub(crate) use self::flow::Meter;
use self::flow::{Flow, FlowState, FlowStep};
use super::event::Reason;
use crate::input::options::Engine;
use crate::socket::transport::Transport;

/// How long a receiver may take nothing of what came before a reset, until it is told.
const RESET_GRACE: Duration = Duration::from_millis(500);

/// What holds for every connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RelayRules {
    pub(crate) patience: Timeouts,
    pub(crate) engine: Engine,
}

/// Who is carried to whom.
pub(crate) struct RelayEnds<'a, T> {
    pub(crate) client: &'a T,
    pub(crate) destination: &'a T,
    /// The destination had been reset before this began. What it sent before can still be read.
    pub(crate) destination_lost: bool,
}

fn quiet(half_closed: bool) -> Reason {
    if half_closed { Reason::HalfCloseTimeout } else { Reason::IdleTimeout }
}

/// Moves bytes between a client and a destination. On return both may be dropped; those that are
/// to see a reset have been told so.
// Not an `async fn`, whose arguments would be stored twice in each connection's task.
pub(crate) fn relay<'a, T: Transport>(
    ends: &RelayEnds<'a, T>,
    meters: [Meter<'a>; 2],
    rules: &'a RelayRules,
) -> impl Future<Output = Reason> + Send + use<'a, T> {
    let mut pair = Pair {
        sides: [
            PairSide::new(ends.client, false),
            PairSide::new(ends.destination, ends.destination_lost),
        ],
        flows: meters.map(|meter| Flow::new(meter, rules.engine)),
        patience: &rules.patience,
        clock: None,
    };
    async move {
        match poll_fn(|cx| pair.poll(cx)).await {
            PairEnd::Ended => Reason::Ended,
            // Boxed, because its timers would make every idle connection larger.
            verdict => Box::pin(pair.conclude(verdict)).await,
        }
    }
}

/// Answers a client with its own bytes.
pub(crate) async fn echo<T: Transport>(
    client: &T,
    meters: [Meter<'_>; 2],
    rules: &RelayRules,
) -> Reason {
    let [up, down] = meters;
    let mut flow = Flow::new(down, rules.engine);
    let mut clock = None;
    loop {
        let step = poll_fn(|cx| {
            let before = flow.moved();
            let step = flow.poll(client, client, cx);
            up.add(flow.moved() - before);
            let limit = rules.patience.limit(flow.end_read);
            match IdleClock::poll(&mut clock, limit, flow.moved(), || client.queued(), cx) {
                Poll::Ready(()) if step.is_pending() => Poll::Ready(None),
                _ => step.map(Some),
            }
        })
        .await;
        match step {
            Some(FlowStep::Yield) => tokio::task::yield_now().await,
            Some(FlowStep::Ended) => return Reason::Ended,
            Some(FlowStep::SenderLost | FlowStep::ReceiverLost(_)) => return Reason::ClientReset,
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

struct Pair<'a, T: Transport> {
    sides: [PairSide<'a, T>; 2],
    flows: [Flow<'a, T>; 2],
    patience: &'a Timeouts,
    clock: Option<Box<IdleClock>>,
}

struct PairSide<'a, T> {
    stream: &'a T,
    /// The stream was reset before it had sent a FIN: the end of its data is no proper end.
    lost: bool,
    /// Waits for an error while nothing is read from this side. Made when first needed.
    watch: Option<Pin<Box<dyn Future<Output = ()> + Send + 'a>>>,
    watched: bool,
}

/// What ended a pair.
#[derive(Debug, Clone, Copy)]
enum PairEnd {
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

impl<T: Transport> Pair<'_, T> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<PairEnd> {
        let mut yielding = false;
        for from in [CLIENT, DESTINATION] {
            let to = 1 - from;
            let (sender, receiver) = (self.sides[from].stream, self.sides[to].stream);
            // Each direction has its own turn: one that never pauses must not starve the other.
            match self.flows[from].poll(sender, receiver, cx) {
                Poll::Pending => {}
                Poll::Ready(FlowStep::Ended) if self.sides[from].lost => {
                    return Poll::Ready(PairEnd::Reset(from));
                }
                Poll::Ready(FlowStep::Ended) => {
                    self.flows[from].state = FlowState::Ended;
                    // When both are over, closing sends the second FIN.
                    if self.flows[to].state != FlowState::Ended {
                        receiver.end_writing();
                    }
                }
                Poll::Ready(FlowStep::SenderLost) => {
                    return Poll::Ready(PairEnd::Reset(from));
                }
                Poll::Ready(FlowStep::ReceiverLost(error)) => {
                    self.flows[from].give_up();
                    // What the receiver sent before is still to be read by the other flow.
                    self.sides[to].lost |= !had_ended(&error);
                }
                Poll::Ready(FlowStep::Yield) => yielding = true,
            }
        }
        if let Some(verdict) = self.over().or_else(|| self.watch(cx)).or_else(|| self.over()) {
            return Poll::Ready(verdict);
        }
        if self.poll_clock(cx).is_ready() && !yielding {
            return Poll::Ready(PairEnd::Quiet(quiet(self.half_closed())));
        }
        if yielding {
            give_way(cx);
        }
        Poll::Pending
    }

    fn over(&self) -> Option<PairEnd> {
        match (self.flows[CLIENT].state, self.flows[DESTINATION].state) {
            (FlowState::Flowing, _) | (_, FlowState::Flowing) => None,
            (FlowState::Ended, FlowState::Ended) => Some(PairEnd::Ended),
            // A flow is dead because its receiver is gone.
            (FlowState::Dead, _) => Some(PairEnd::Gone(DESTINATION)),
            (_, FlowState::Dead) => Some(PairEnd::Gone(CLIENT)),
        }
    }

    /// Looks for errors on sides that nobody reads from at the moment.
    fn watch(&mut self, cx: &mut Context<'_>) -> Option<PairEnd> {
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
                        return Some(PairEnd::Closed);
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
                return Some(PairEnd::Reset(at));
            }
        }
        None
    }

    fn half_closed(&self) -> bool {
        self.flows.iter().any(|flow| flow.end_read || matches!(flow.state, FlowState::Dead))
    }

    fn poll_clock(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let limit = self.patience.limit(self.half_closed());
        let moved = self.flows[CLIENT].moved() + self.flows[DESTINATION].moved();
        let queued = || self.sides.iter().map(|side| side.stream.queued()).sum();
        IdleClock::poll(&mut self.clock, limit, moved, queued, cx)
    }

    /// Tells those who are left how it ended.
    async fn conclude(&mut self, verdict: PairEnd) -> Reason {
        match verdict {
            PairEnd::Ended => Reason::Ended,
            PairEnd::Quiet(reason) => {
                for side in &self.sides {
                    side.stream.reset();
                }
                reason
            }
            PairEnd::Reset(at) | PairEnd::Gone(at) => {
                let patience = match verdict {
                    PairEnd::Reset(_) => RESET_GRACE,
                    _ => self.patience.half_closed.unwrap_or(Duration::MAX),
                };
                let (from, left) = (self.sides[at].stream, self.sides[1 - at].stream);
                self.flows[at].deliver(from, left, patience).await;
                left.reset();
                reset_by(at)
            }
            PairEnd::Closed => {
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

/// Gives the others their turn. Unlike waking ourselves at once, this lets the runtime look for I/O
/// before our next one.
fn give_way(cx: &mut Context<'_>) {
    let mut turn = pin!(tokio::task::yield_now());
    // The first poll is what asks for the next turn.
    let _ = turn.as_mut().poll(cx);
}

fn reset_by(side: usize) -> Reason {
    if side == CLIENT { Reason::ClientReset } else { Reason::DestinationReset }
}

/// Whether a peer that is gone had ended its direction before: Linux reports a reset after a FIN
/// as EPIPE, and ECONNRESET only for one that came without (`tcp_reset` in `net/ipv4/tcp_input.c`).
fn had_ended(error: &io::Error) -> bool {
    error.kind() == ErrorKind::BrokenPipe
}

impl<'a, T> PairSide<'a, T> {
    fn new(stream: &'a T, lost: bool) -> Self {
        Self { stream, lost, watch: None, watched: false }
    }
}
