//! Standard input and output as the two directions of one connection.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::thread;

use nix::poll::{PollFd, PollFlags, PollTimeout};
use tokio::sync::oneshot;

/// Bytes moved at a time.
const CHUNK: usize = 64 * 1024;

/// The socket end of a bridge.
pub(crate) struct Bridge {
    pub(crate) socket: UnixStream,
    /// Lets the input be read. Nothing of it is while this waits, or once it is dropped.
    pub(crate) read: mpsc::Sender<()>,
    /// An error of the input, which is not its end. Nothing comes where there was none.
    pub(crate) input_failed: oneshot::Receiver<io::Error>,
    /// Comes when all output is written, or cannot be.
    pub(crate) written: oneshot::Receiver<io::Result<()>>,
}

/// Connects an input and an output with a socket, through two threads that block on them.
///
/// Blocking, because a terminal or a pipe belongs to other processes too, and `O_NONBLOCK` would
/// change it for them; a regular file has no readiness at all. The end of the input becomes a
/// half-close; when the other side ends, the output is closed. An output that nobody reads any more
/// is a client that went away, and no error.
///
/// # Errors
///
/// When the system has no descriptors for a socket pair.
pub(crate) fn bridge<I, O>(mut input: I, mut output: O) -> io::Result<Bridge>
where
    I: Read + AsFd + Send + 'static,
    O: Write + AsFd + Send + 'static,
{
    let (inner, outer) = UnixStream::pair()?;
    let (mut sender, mut receiver) = (outer.try_clone()?, outer);
    let (read, may_read) = mpsc::channel();
    let (tell_failure, input_failed) = oneshot::channel();
    let (tell_written, written) = oneshot::channel();
    thread::Builder::new().name("stdin".into()).spawn(move || {
        if may_read.recv().is_err() {
            return;
        }
        match copy(&mut input, &mut sender) {
            // No end is sent: what has come is not all there was to come.
            Err(CopyFailure::Reading(error)) => drop(tell_failure.send(error)),
            _ => drop(sender.shutdown(Shutdown::Write)),
        }
    })?;
    thread::Builder::new().name("stdout".into()).spawn(move || {
        let result = match copy(&mut receiver, &mut output) {
            Ok(()) | Err(CopyFailure::Reading(_)) => Ok(()),
            Err(CopyFailure::Writing(error)) => {
                let _ = receiver.shutdown(Shutdown::Both);
                if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
            }
        };
        // Whoever reads the output is told at once: also where it is a socket that is the input
        // too, as inetd passes it, and which is therefore not closed yet.
        let _ = socket2::SockRef::from(&output).shutdown(Shutdown::Write);
        drop(output);
        let _ = tell_written.send(result);
    })?;
    Ok(Bridge { socket: inner, read, input_failed, written })
}

enum CopyFailure {
    Reading(io::Error),
    Writing(io::Error),
}

fn copy(from: &mut (impl Read + AsFd), to: &mut (impl Write + AsFd)) -> Result<(), CopyFailure> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) => {
                go_on(&error, from.as_fd(), PollFlags::POLLIN)
                    .map_err(|()| CopyFailure::Reading(error))?;
                continue;
            }
        };
        let mut left = &buffer[..count];
        while !left.is_empty() {
            match to.write(left) {
                Ok(0) => return Err(CopyFailure::Writing(ErrorKind::WriteZero.into())),
                Ok(count) => left = &left[count..],
                Err(error) => go_on(&error, to.as_fd(), PollFlags::POLLOUT)
                    .map_err(|()| CopyFailure::Writing(error))?,
            }
        }
        to.flush().map_err(CopyFailure::Writing)?;
    }
}

/// Waits where waiting helps: other processes may have made a shared descriptor non-blocking.
fn go_on(error: &io::Error, fd: BorrowedFd<'_>, wanted: PollFlags) -> Result<(), ()> {
    match error.kind() {
        ErrorKind::Interrupted => Ok(()),
        ErrorKind::WouldBlock => {
            let _ = nix::poll::poll(&mut [PollFd::new(fd, wanted)], PollTimeout::NONE);
            Ok(())
        }
        _ => Err(()),
    }
}
