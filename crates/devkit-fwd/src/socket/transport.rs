//! What the relay asks of a connected stream, and of a pipe between two: sockets in earnest, and
//! memory where the relay itself is under test.

use std::future::Future;
use std::io;
use std::task::{Context, Poll};

/// An end of a connection, by raw readiness.
pub(crate) trait Transport: Send + Sync + Sized {
    type Conduit: Conduit<Self> + Send;

    /// Waits for data, an end or an error.
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()>;

    /// Waits for room in the send buffer, or an error.
    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<()>;

    /// Waits until there is an error, which neither reading nor writing needs to be tried for, or
    /// the peer is gone altogether.
    fn broken(&self) -> impl Future<Output = ()> + Send + '_;

    /// Whether the peer neither sends nor takes anything any more.
    fn hung_up(&self) -> bool;

    /// Reads what is there; 0 is the end. [`io::ErrorKind::WouldBlock`] if there is nothing yet.
    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes what there is room for. [`io::ErrorKind::WouldBlock`] if there is none.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Whether a conduit from here to there is worth it.
    fn splices_to(&self, to: &Self) -> bool;

    /// Sends a FIN: this end will write no more, and may go on reading.
    fn end_writing(&self);

    /// Arranges that closing is seen as an error by the peer.
    fn reset(&self);

    /// The pending error, which is taken off.
    fn take_error(&self) -> Option<io::Error>;

    /// Bytes that were written and that the peer has not taken yet, as far as that is known here.
    fn queued(&self) -> usize;

    /// Whether a reset would destroy nothing that was written; or nothing would arrive anyway.
    fn delivered(&self) -> bool;
}

/// Carries bytes from one stream to another without showing them.
pub(crate) trait Conduit<T>: Sized {
    /// An empty one; nothing where there are enough of them, or the system has none to give.
    fn take() -> Option<Self>;

    fn is_empty(&self) -> bool;

    /// Takes what a stream has, up to `most` bytes; to be called while it is empty. 0 may be the
    /// end, or not.
    fn fill(&mut self, from: &T, most: usize) -> io::Result<usize>;

    /// Gives a stream what it has room for.
    fn drain(&mut self, to: &T) -> io::Result<usize>;
}
