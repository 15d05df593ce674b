//! A stream: either end of a connection.

use std::fmt;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop::poll_proceed;

use crate::connection::{End, Parting, SharedConnection};

/// Either end of a connection in memory; dropping it closes it.
///
/// [`AsyncRead`] and [`AsyncWrite`] are there for `&Stream` too, so a stream can be read and written
/// at the same time without being split.
///
/// Each stream remembers one task that waits to read, one that waits to write and one that waits for
/// an error. Where several wait for the same, the last one is woken, as with tokio's `poll_*`.
pub struct Stream {
    connection: Arc<SharedConnection>,
    end: End,
}

impl Stream {
    /// Both ends of a new connection, which needs no listener.
    ///
    /// `capacity` is the number of bytes in each direction that may wait to be read.
    #[must_use]
    pub fn pair(capacity: NonZeroUsize) -> (Self, Self) {
        let connection = Arc::new(SharedConnection::new(capacity.get()));
        let dialed = Self { connection: Arc::clone(&connection), end: End::Dialed };
        (dialed, Self { connection, end: End::Accepted })
    }

    /// Reads what is there, up to the length of `buf`; 0 is the end.
    ///
    /// # Errors
    ///
    /// - `WouldBlock` when nothing is there yet, even if `buf` is empty, as with `recv(2)`.
    /// - `ConnectionReset`, once, after the last byte: the peer was dropped with bytes unread, or
    ///   the listener before it accepted. After it comes the end.
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        let most = buf.len();
        let read = self.connection.read(self.end, None, most, |bytes| {
            buf[filled..filled + bytes.len()].copy_from_slice(bytes);
            filled += bytes.len();
        });
        or_would_block(read)
    }

    /// Writes as much of `buf` as there is room for.
    ///
    /// # Errors
    ///
    /// - `WouldBlock` when there is no room.
    /// - `BrokenPipe` when the peer is gone or the direction was shut down, by either end.
    pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
        or_would_block(self.connection.write(self.end, None, std::iter::once(buf)))
    }

    /// Writes as much of all the `bufs`, in their order, as there is room for.
    ///
    /// # Errors
    ///
    /// Those of [`Stream::try_write`].
    pub fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        or_would_block(self.connection.write(self.end, None, bufs.iter().map(|buf| &**buf)))
    }

    /// Waits until reading would not block: there are bytes, the end, or an error.
    ///
    /// # Errors
    ///
    /// None; the result is that of tokio's sockets.
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let coop = ready!(poll_proceed(cx));
        self.connection.poll_read_ready(self.end, cx).map(|()| {
            coop.made_progress();
            Ok(())
        })
    }

    /// Waits until writing would not block: there is room, or an error.
    ///
    /// A task that waits is woken when half of the capacity is free, not at the first byte.
    ///
    /// # Errors
    ///
    /// None; the result is that of tokio's sockets.
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let coop = ready!(poll_proceed(cx));
        self.connection.poll_write_ready(self.end, cx).map(|()| {
            coop.made_progress();
            Ok(())
        })
    }

    /// Waits until an error is pending or the connection is hung up (see [`Stream::hung_up`]).
    pub fn poll_error(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.connection.poll_error(self.end, cx)
    }

    /// Closes one direction or both, for both ends.
    ///
    /// After `Write`, the peer reads what is left and then the end. After `Read`, the peer's writes
    /// fail with `BrokenPipe`, while what it had sent can still be read here.
    ///
    /// `Write` is what the method without an argument of tokio's `AsyncWriteExt` does; this one hides
    /// it on a `Stream`, and needs no `await`.
    ///
    /// # Errors
    ///
    /// None: a Unix socket's `shutdown(2)` succeeds at any time, also twice and without a peer.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.connection.shutdown(self.end, how);
        Ok(())
    }

    /// Takes the pending error, which is `ConnectionReset` if there is one (`SO_ERROR`).
    ///
    /// Unlike [`Stream::try_read`], it does not wait for the bytes before it to be read.
    ///
    /// # Errors
    ///
    /// None; the result is that of tokio's sockets.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        let reset = self.connection.take_reset(self.end);
        Ok(reset.then(|| ErrorKind::ConnectionReset.into()))
    }

    /// Bytes written here that the peer has not read yet; 0 when the peer is gone (`SIOCOUTQ`).
    #[must_use]
    pub fn unread(&self) -> usize {
        self.connection.unread(self.end)
    }

    /// Whether both directions are closed: the peer is gone, or the two ends together have shut
    /// down both (`POLLHUP`).
    #[must_use]
    pub fn hung_up(&self) -> bool {
        self.connection.hung_up()
    }

    /// Closes with a reset, whether or not bytes are unread: what a zero linger is for TCP.
    ///
    /// The peer reads what was sent before, and then sees `ConnectionReset`.
    pub fn abort(self) {
        self.connection.leave(self.end, Parting::Reset);
    }

    #[cfg(test)]
    pub(crate) fn allocated(&self) -> usize {
        self.connection.allocated(self.end)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.connection.leave(self.end, Parting::Close);
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("end", &self.end)
            .field("unread", &self.unread())
            .field("hung_up", &self.hung_up())
            .finish_non_exhaustive()
    }
}

impl AsyncRead for &Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let coop = ready!(poll_proceed(cx));
        let most = buf.remaining();
        let sink = |bytes: &[u8]| buf.put_slice(bytes);
        let read = ready!(self.connection.read(self.end, Some(cx), most, sink));
        coop.made_progress();
        Poll::Ready(read.map(drop))
    }
}

impl AsyncWrite for &Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let coop = ready!(poll_proceed(cx));
        let write = ready!(self.connection.write(self.end, Some(cx), std::iter::once(buf)));
        coop.made_progress();
        Poll::Ready(write)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let coop = ready!(poll_proceed(cx));
        let slices = bufs.iter().map(|buf| &**buf);
        let write = ready!(self.connection.write(self.end, Some(cx), slices));
        coop.made_progress();
        Poll::Ready(write)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// What was written can be read at once: there is nothing to flush.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Stream::shutdown(*self, Shutdown::Write))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self).poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self).poll_shutdown(cx)
    }
}

fn or_would_block(result: Poll<io::Result<usize>>) -> io::Result<usize> {
    match result {
        Poll::Ready(result) => result,
        Poll::Pending => Err(ErrorKind::WouldBlock.into()),
    }
}
