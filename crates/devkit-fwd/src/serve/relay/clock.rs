//! How long a quiet connection may last, and the timer that finds out.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// How long a quiet connection may last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    pub(crate) idle: Option<Duration>,
    pub(crate) half_closed: Option<Duration>,
}

/// Which of the two a connection has to keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit {
    half_closed: bool,
    time: Duration,
}

impl Timeouts {
    pub(super) fn limit(&self, half_closed: bool) -> Option<Limit> {
        let time = if half_closed { self.half_closed } else { self.idle };
        time.map(|time| Limit { half_closed, time })
    }
}

/// A timer that starts again whenever bytes have moved.
pub(super) struct IdleClock {
    limit: Limit,
    sleep: Pin<Box<Sleep>>,
    moved: u64,
    /// Bytes in the kernel's send buffers when they were last asked for.
    queued: usize,
    last: Instant,
}

impl IdleClock {
    fn new(limit: Limit, moved: u64, queued: usize) -> Self {
        let mut clock =
            Self { limit, sleep: Box::pin(sleep(limit.time)), moved, queued, last: Instant::now() };
        clock.look_again();
        clock
    }

    /// Ready when nothing moved for the limit: neither into the kernel's buffers, which `moved`
    /// counts, nor out of them, for which `queued` is asked now and then.
    pub(super) fn poll(
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
