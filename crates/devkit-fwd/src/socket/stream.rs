//! A connected stream socket, by raw readiness: wait until it is ready, then call the system.

use std::io::{self, ErrorKind, IoSliceMut};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::task::{Context, Poll};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::sys::socket::{MsgFlags, recv, recvmsg, send};
use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::pipe::Pipe;
#[cfg(target_os = "linux")]
use super::pipe::Spliced;
use super::transport::Transport;
use crate::system::sys;

/// A write to a connection that is gone is an error and no signal.
#[cfg(not(target_vendor = "apple"))]
const NO_SIGNAL: MsgFlags = MsgFlags::MSG_NOSIGNAL;
/// Apple has no such flag, and Rust's runtime ignores SIGPIPE.
#[cfg(target_vendor = "apple")]
const NO_SIGNAL: MsgFlags = MsgFlags::empty();

/// A connected socket. Dropping it closes it, with a FIN unless it was [`SocketStream::reset`].
#[derive(Debug)]
pub(crate) enum SocketStream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A socket that no runtime watches. Dropped, it is reset: nobody has served it.
#[derive(Debug)]
pub(crate) struct Detached(Option<Unwatched>);

#[derive(Debug)]
enum Unwatched {
    Tcp(std::net::TcpStream),
    Unix(std::os::unix::net::UnixStream),
}

impl Detached {
    /// Has it watched by the runtime that this is called in.
    pub(crate) fn attach(mut self) -> io::Result<SocketStream> {
        match self.0.take().expect("it is there until it is attached") {
            Unwatched::Tcp(stream) => TcpStream::from_std(stream).map(SocketStream::Tcp),
            Unwatched::Unix(stream) => UnixStream::from_std(stream).map(SocketStream::Unix),
        }
    }
}

impl Drop for Detached {
    fn drop(&mut self) {
        if let Some(Unwatched::Tcp(stream)) = &self.0 {
            let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
    }
}

impl SocketStream {
    /// Takes it from its runtime.
    pub(crate) fn detach(self) -> io::Result<Detached> {
        let unwatched = match self {
            Self::Tcp(stream) => stream.into_std().map(Unwatched::Tcp),
            Self::Unix(stream) => stream.into_std().map(Unwatched::Unix),
        };
        unwatched.map(|socket| Detached(Some(socket)))
    }

    /// Whether there is something to read, other than an end. It stays there.
    pub(crate) fn has_data(&self) -> bool {
        let flags = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
        recv(self.as_fd().as_raw_fd(), &mut [0], flags).is_ok_and(|count| count > 0)
    }

    /// Calls the system, which gives a count of bytes and whether it was short of what was wanted.
    /// A short count is taken for "and then it would block".
    ///
    /// With edge-triggered readiness that is what it means, and saying so saves the call that
    /// would only return EAGAIN. tokio's own `poll_read` and `poll_write` do the same.
    fn try_io(
        &self,
        interest: Interest,
        mut call: impl FnMut() -> nix::Result<(usize, bool)>,
    ) -> io::Result<usize> {
        let mut moved = 0;
        let attempt = || {
            let short;
            (moved, short) = loop {
                match call() {
                    Err(Errno::EINTR) => {}
                    result => break result?,
                }
            };
            if 0 < moved && short { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
        };
        let result = match self {
            Self::Tcp(stream) => stream.try_io(interest, attempt),
            Self::Unix(stream) => stream.try_io(interest, attempt),
        };
        match result {
            Err(error) if error.kind() == ErrorKind::WouldBlock && moved > 0 => Ok(moved),
            Err(error) => Err(error),
            Ok(()) => Ok(moved),
        }
    }
}

#[cfg(target_os = "linux")]
impl Spliced for SocketStream {
    fn try_splice(
        &self,
        splice: impl Fn(BorrowedFd<'_>) -> nix::Result<usize>,
    ) -> io::Result<usize> {
        self.try_io(Interest::READABLE, || Ok((splice(self.as_fd())?, false)))
    }

    fn try_splice_into(
        &self,
        splice: impl Fn(BorrowedFd<'_>) -> nix::Result<usize>,
    ) -> io::Result<usize> {
        self.try_io(Interest::WRITABLE, || Ok((splice(self.as_fd())?, false)))
    }
}

impl Transport for SocketStream {
    type Conduit = Pipe;

    /// Waits for data, an end or an error. A registration that failed counts as ready: the read
    /// that follows tells.
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Tcp(stream) => stream.poll_read_ready(cx),
            Self::Unix(stream) => stream.poll_read_ready(cx),
        }
        .map(|_| ())
    }

    /// Waits for room in the send buffer, or an error.
    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Tcp(stream) => stream.poll_write_ready(cx),
            Self::Unix(stream) => stream.poll_write_ready(cx),
        }
        .map(|_| ())
    }

    /// Waits until the socket has an error, which neither reading nor writing needs to be tried for,
    /// or a Unix peer is gone altogether.
    ///
    /// The latter is asked for now and then: it comes as an `EPOLLHUP`, which cannot be waited for
    /// apart from being writable. TCP has keepalive for it.
    async fn broken(&self) {
        let stream = match self {
            Self::Tcp(stream) => return drop(stream.ready(Interest::ERROR).await),
            Self::Unix(stream) => stream,
        };
        let mut pause = Duration::from_secs(1);
        while timeout(pause, stream.ready(Interest::ERROR)).await.is_err() && !self.hung_up() {
            pause = (pause * 2).min(Duration::from_secs(32));
        }
    }

    /// Whether the peer neither sends nor takes anything any more.
    fn hung_up(&self) -> bool {
        let mut poll = [PollFd::new(self.as_fd(), PollFlags::empty())];
        nix::poll::poll(&mut poll, PollTimeout::ZERO).is_ok()
            && poll[0].revents().is_some_and(|events| events.contains(PollFlags::POLLHUP))
    }

    /// Reads what is there; 0 is the end. [`ErrorKind::WouldBlock`] if there is nothing yet.
    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer.len();
        let fd = self.as_fd().as_raw_fd();
        self.try_io(Interest::READABLE, || match self {
            Self::Tcp(_) => {
                let count = recv(fd, buffer, MsgFlags::empty())?;
                Ok((count, count < wanted))
            }
            Self::Unix(_) => {
                let mut room = [IoSliceMut::new(buffer)];
                let got = recvmsg::<()>(fd, &mut room, None, MsgFlags::empty())?;
                // The read stops behind a message that carried descriptors, for which there was no
                // room here: there may be more.
                let stopped = got.flags.contains(MsgFlags::MSG_CTRUNC);
                Ok((got.bytes, got.bytes < wanted && !stopped))
            }
        })
    }

    /// Writes what there is room for. [`ErrorKind::WouldBlock`] if there is none.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let fd = self.as_fd().as_raw_fd();
        self.try_io(Interest::WRITABLE, || {
            let count = send(fd, bytes, NO_SIGNAL)?;
            Ok((count, count < bytes.len()))
        })
    }

    /// Whether splicing from here to there is worth it: from Unix to TCP the kernel copies all the
    /// same.
    fn splices_to(&self, to: &Self) -> bool {
        !matches!((self, to), (Self::Unix(_), Self::Tcp(_)))
    }

    /// Sends a FIN: this end will write no more, and may go on reading.
    fn end_writing(&self) {
        // Fails when the peer is gone already; then the reading side finds out why.
        let _ = SockRef::from(self).shutdown(Shutdown::Write);
    }

    /// Arranges that closing is seen as an error by the peer (TCP: an RST).
    ///
    /// Unix sockets have no such thing: their peer sees a reset if it sent something that nobody
    /// read, and an end otherwise.
    fn reset(&self) {
        if let Self::Tcp(stream) = self {
            let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
    }

    /// The pending error, which is taken off the socket.
    fn take_error(&self) -> Option<io::Error> {
        SockRef::from(self).take_error().ok().flatten()
    }

    /// Bytes that were written and that the peer's kernel (TCP) or the peer (Unix) has not taken yet.
    fn queued(&self) -> usize {
        sys::queued(self).unwrap_or(0)
    }

    /// Whether everything written has reached the peer's kernel, so that a reset destroys nothing;
    /// or never will, because the peer is gone.
    fn delivered(&self) -> bool {
        match self {
            Self::Tcp(stream) => self.queued() == 0 || stream.peer_addr().is_err(),
            // What was written is in the peer's queue and stays there.
            Self::Unix(_) => true,
        }
    }
}

impl AsFd for SocketStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}
