//! Standard input and output as the two directions of one connection.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::thread;

/// Bytes moved at a time.
const CHUNK: usize = 64 * 1024;

/// Connects an input and an output with a socket, through two threads that block on them.
///
/// Blocking, because a terminal or a pipe belongs to other processes too, and `O_NONBLOCK` would
/// change it for them; a regular file has no readiness at all. The end of the input becomes a
/// half-close; when the other side ends, the output is closed.
///
/// # Errors
///
/// When the system has no descriptors for a socket pair.
pub(crate) fn bridge<I, O>(mut input: I, mut output: O) -> io::Result<Bridge>
where
    I: Read + Send + 'static,
    O: Write + Send + 'static,
{
    let (inner, outer) = UnixStream::pair()?;
    let (mut sender, mut receiver) = (outer.try_clone()?, outer);
    thread::Builder::new().name("stdin".into()).spawn(move || {
        let _ = copy(&mut input, &mut sender);
        let _ = sender.shutdown(Shutdown::Write);
    })?;
    let writer = thread::Builder::new().name("stdout".into()).spawn(move || {
        let written = copy(&mut receiver, &mut output);
        // Whoever reads the output is told at once.
        drop(output);
        if written.is_err() {
            // Nobody reads it any more: to the other side that is a client that went away.
            let _ = receiver.shutdown(Shutdown::Both);
        }
    })?;
    Ok(Bridge { socket: inner, writer })
}

/// The socket end of a bridge.
pub(crate) struct Bridge {
    pub(crate) socket: UnixStream,
    /// Over when all output is written.
    pub(crate) writer: thread::JoinHandle<()>,
}

/// Copies until the input ends, in whatever way; an error is the output's.
fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => to.write_all(&buffer[..count]).and_then(|()| to.flush())?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Ok(()),
        }
    }
}
