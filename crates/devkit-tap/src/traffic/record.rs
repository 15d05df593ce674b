//! Keeps an exchange while it passes, by bodies that remember what went through them.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

use super::event::{OnTapEvent, TapEvent};
use super::exchange::{Exchange, Recorded};

/// Characters of what went wrong.
const LONGEST_TROUBLE: usize = 1024;

/// An exchange under way. Told as finished when its last part is dropped.
pub(crate) struct Record {
    exchange: Mutex<Exchange>,
    /// When the request had come, and when the answer's headers had.
    times: Mutex<(Instant, Option<Instant>)>,
    most: usize,
    on_event: OnTapEvent,
}

/// Which body.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Request,
    Response,
}

impl Record {
    pub(crate) fn new(exchange: Exchange, most: usize, on_event: OnTapEvent) -> Arc<Self> {
        let times = Mutex::new((Instant::now(), None));
        Arc::new(Self { exchange: Mutex::new(exchange), times, most, on_event })
    }

    /// Changes what is kept.
    pub(crate) fn update<T>(&self, change: impl FnOnce(&mut Exchange) -> T) -> T {
        change(&mut self.exchange.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The answer's headers are there.
    pub(crate) fn answered(&self) {
        let now = Instant::now();
        let begun = {
            let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
            times.1 = Some(now);
            times.0
        };
        let exchange = self.update(|exchange| {
            exchange.times.wait = now - begun;
            exchange.clone()
        });
        (self.on_event)(TapEvent::Answered(Box::new(exchange)));
    }

    fn passed(&self, side: Direction, bytes: &Bytes) {
        let id = self.update(|exchange| {
            let body = match side {
                Direction::Request => &mut exchange.request.body,
                Direction::Response => match &mut exchange.response {
                    Some(response) => &mut response.body,
                    None => return exchange.id,
                },
            };
            body.add(bytes, self.most);
            exchange.id
        });
        if side == Direction::Response {
            (self.on_event)(TapEvent::Data { id, bytes: bytes.clone() });
        }
    }

    /// Bytes of an upgraded connection: counted, not kept.
    pub(crate) fn carried(&self, side: Direction, bytes: u64) {
        self.update(|exchange| match (side, &mut exchange.response) {
            (Direction::Request, _) => exchange.request.body.total += bytes,
            (Direction::Response, Some(response)) => response.body.total += bytes,
            (Direction::Response, None) => {}
        });
    }

    pub(crate) fn trouble(&self, why: impl Into<String>) {
        let why: String = why.into().chars().take(LONGEST_TROUBLE).collect();
        self.update(|exchange| exchange.trouble = exchange.trouble.take().or(Some(why)));
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let (begun, answered) = *self.times.get_mut().unwrap_or_else(PoisonError::into_inner);
        let exchange = self.exchange.get_mut().unwrap_or_else(PoisonError::into_inner);
        match answered {
            Some(answered) => exchange.times.receive = answered.elapsed(),
            None => exchange.times.wait = begun.elapsed(),
        }
        (self.on_event)(TapEvent::Finished(Box::new(std::mem::take(exchange))));
    }
}

impl Recorded {
    fn add(&mut self, bytes: &[u8], most: usize) {
        let room = most.saturating_sub(self.bytes.len());
        // Nothing is kept behind a gap.
        if !self.is_cut() {
            self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
        self.total += bytes.len() as u64;
    }
}

/// A body on its way through.
pub(crate) struct Tee {
    inner: Incoming,
    side: Direction,
    record: Arc<Record>,
}

impl Tee {
    pub(crate) fn new(inner: Incoming, side: Direction, record: &Arc<Record>) -> Self {
        Self { inner, side, record: Arc::clone(record) }
    }
}

impl Body for Tee {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(bytes) = frame.data_ref() {
                    self.record.passed(self.side, bytes);
                }
            }
            Some(Err(error)) if self.side == Direction::Response => {
                self.record.trouble(format!("the answer broke off: {error}"));
            }
            // A server may answer before it has read all, and then nobody reads the rest.
            Some(Err(_)) if self.record.update(|exchange| exchange.response.is_some()) => {}
            Some(Err(error)) => self.record.trouble(format!("the request broke off: {error}")),
            None => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
