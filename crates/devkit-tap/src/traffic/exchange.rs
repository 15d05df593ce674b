//! An exchange: a request and its answer, as they passed.

use std::time::Duration;

use jiff::Timestamp;

/// A request, what became of it, and when.
#[derive(Debug, Clone, Default)]
pub struct Exchange {
    /// Counts from 1, in the order of arrival.
    pub id: u64,
    /// The run of kubectl that it belongs to.
    pub run: Option<KubectlRun>,
    /// When its first byte had arrived.
    pub started: Timestamp,
    /// What was asked.
    pub request: RecordedRequest,
    /// What was answered; nothing where no answer came.
    pub response: Option<RecordedResponse>,
    /// Whether `Accept` is another than kubectl sent: [`Setup::json_accept`](crate::Setup).
    pub as_json: bool,
    /// Why no answer came, or not all of it.
    pub trouble: Option<String>,
    /// How long it took.
    pub times: Times,
}

/// A run of kubectl, as its own headers tell.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KubectlRun {
    /// `Kubectl-Session`: a UUID.
    pub session: String,
    /// `Kubectl-Command`: `kubectl get`.
    pub command: String,
}

/// What was asked.
#[derive(Debug, Clone, Default)]
pub struct RecordedRequest {
    /// `GET`.
    pub method: String,
    /// Path and query as they were sent, without the upstream's path prefix.
    pub target: String,
    /// `HTTP/1.1`.
    pub version: String,
    /// In their order, as the server gets them.
    pub headers: Vec<(String, String)>,
    /// What was sent along.
    pub body: Recorded,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct RecordedResponse {
    /// `200`.
    pub status: u16,
    /// `OK`; may be empty.
    pub reason: String,
    /// `HTTP/1.1`.
    pub version: String,
    /// In their order.
    pub headers: Vec<(String, String)>,
    /// What came along.
    pub body: Recorded,
}

/// The beginning of a body, and how long all of it was.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    /// The bytes as they passed, up to the most that is kept; possibly compressed.
    pub bytes: Vec<u8>,
    /// Bytes that passed.
    pub total: u64,
}

/// How long the parts of an exchange took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Times {
    /// Sending the request.
    pub send: Duration,
    /// Until the answer's headers were there.
    pub wait: Duration,
    /// Until its end.
    pub receive: Duration,
}

impl Recorded {
    /// Whether the end was not kept.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        (self.bytes.len() as u64) < self.total
    }
}
