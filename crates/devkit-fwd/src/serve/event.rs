//! The events that a running forwarder tells.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::dial::DialFailure;

/// Something that happened. Serialises to one JSON object with an `event` field.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Event {
    /// Connections can be made now.
    Listening {
        /// The first address, with the real port.
        source: String,
        /// All of them: a host name may have several, a service manager may pass several.
        sources: Vec<String>,
        /// Where connections will go.
        destination: String,
    },
    /// A peer was admitted, and its destination answered.
    Opened {
        /// Counts accepted connections from 1.
        id: u64,
        /// Who connected.
        peer: Peer,
    },
    /// A connection that had been opened is over.
    Closed(Closed),
    /// A peer was turned away before anything was dialled.
    Refused {
        /// Counts accepted connections from 1.
        id: u64,
        /// Who was turned away.
        peer: Peer,
    },
    /// The destination could not be reached; the client got a reset.
    Failed {
        /// Counts accepted connections from 1.
        id: u64,
        /// Who had connected.
        peer: Peer,
        /// What could not be reached.
        destination: String,
        /// A stable name for the cause, such as `connection-refused`.
        code: &'static str,
        /// The cause in words.
        message: String,
    },
    /// New connections wait in the backlog for a while. Told once a burst.
    Paused {
        /// Why.
        reason: Pause,
        /// How many connections or descriptors there may be.
        limit: u64,
    },
    /// No new connections any more; open ones may finish.
    Stopping {
        /// Connections that are still open.
        open: u64,
    },
}

/// How a connection went.
#[derive(Debug, Serialize)]
pub struct Closed {
    /// Counts accepted connections from 1.
    pub id: u64,
    /// Who had connected.
    pub peer: Peer,
    /// Bytes from the client that the destination's socket took.
    pub bytes_up: u64,
    /// Bytes from the destination that the client's socket took.
    pub bytes_down: u64,
    /// Why it is over.
    pub reason: Reason,
    /// From accept to close.
    #[serde(rename = "ms", serialize_with = "milliseconds")]
    pub duration: Duration,
}

/// Why a connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Both sides ended it, and all bytes arrived.
    #[serde(rename = "eof")]
    Ended,
    /// The client reset it, or vanished; the destination was told by a reset.
    ClientReset,
    /// The destination reset it, or vanished; the client was told by a reset.
    DestinationReset,
    /// Nothing moved for the idle timeout.
    IdleTimeout,
    /// Either side had ended, and nothing moved for the half-close timeout.
    HalfCloseTimeout,
    /// The connection was still open when the forwarder's drain time was over.
    Stopped,
}

/// Why connections wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pause {
    /// There are as many connections as may be open.
    MaxConnections,
    /// The process or the system has no file descriptor left, or no memory for a socket.
    NoDescriptors,
}

/// Who is on the other end of an accepted connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    /// A TCP client; an IPv4 client of a dual-stack socket has its IPv4 address.
    Tcp(SocketAddr),
    /// A Unix client's credentials when it connected.
    Unix {
        /// User id.
        uid: u32,
        /// Process id, where the system tells it.
        pid: Option<i32>,
    },
    /// Standard input and output.
    Stdio,
}

/// Counts since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Stats {
    /// Connections open now, those being dialled included.
    pub open: u64,
    /// Connections accepted.
    pub total: u64,
    /// Connections whose destination could not be reached.
    pub failed: u64,
    /// Connections whose peer may not connect.
    pub refused: u64,
    /// Bytes that destinations took, open connections included.
    pub bytes_up: u64,
    /// Bytes that clients took, open connections included.
    pub bytes_down: u64,
}

impl Event {
    pub(crate) fn failed(id: u64, peer: Peer, destination: String, error: &DialFailure) -> Self {
        let (code, message) = (error.code(), error.to_string());
        Self::Failed { id, peer, destination, code, message }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix { uid, pid: Some(pid) } => write!(f, "uid {uid} pid {pid}"),
            Self::Unix { uid, pid: None } => write!(f, "uid {uid}"),
            Self::Stdio => f.write_str("stdio"),
        }
    }
}

impl Serialize for Peer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
