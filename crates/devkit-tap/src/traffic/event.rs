//! The events by which a tap tells what passes, while it passes.

use std::sync::Arc;

use hyper::body::Bytes;
use jiff::Timestamp;

use super::exchange::Exchange;

/// What passes, as it passes.
#[derive(Debug)]
pub enum TapEvent {
    /// The headers of an answer are there; its body is still to come.
    Answered(Box<Exchange>),
    /// A piece of an answer's body.
    Data {
        /// The exchange's number.
        id: u64,
        /// The piece as it came, possibly compressed.
        bytes: Bytes,
    },
    /// The exchange is over, well or not.
    Finished(Box<Exchange>),
    /// A request without the kubeconfig's token (401), or under another name than the tap's (421).
    /// It went nowhere, and nothing of it is kept.
    Refused {
        /// When it came.
        at: Timestamp,
        /// How it was answered.
        status: u16,
    },
}

/// Gets every event, from the thread that carries the traffic: it must not block.
pub type OnTapEvent = Arc<dyn Fn(TapEvent) + Send + Sync>;
