//! Memnet against real Unix sockets of this kernel: equal operations give equal results.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::future::Future;
use std::io::{ErrorKind, Read, Result, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use devkit_memnet::{Dialer, Listener, Stream};
use proptest::prelude::*;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tempfile::TempDir;

/// Connections at once, at most.
const CONNECTIONS: usize = 3;

/// Which of the ends: dialled ones are even, accepted ones odd.
type End = usize;

#[derive(Clone, Debug)]
enum Operation {
    Connect,
    Accept,
    Write(End, usize),
    Read(End, usize),
    Shutdown(End, How),
    Drop(End),
    TakeError(End),
    CloseListener,
}

#[derive(Clone, Copy, Debug)]
enum How {
    Read,
    Write,
    Both,
}

impl From<How> for Shutdown {
    fn from(how: How) -> Self {
        match how {
            How::Read => Self::Read,
            How::Write => Self::Write,
            How::Both => Self::Both,
        }
    }
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let end = 0..2 * CONNECTIONS;
    let how = prop_oneof![Just(How::Read), Just(How::Write), Just(How::Both)];
    // Small and few, so that neither side is ever full: there the kernel counts otherwise.
    let operation = prop_oneof![
        6 => Just(Operation::Connect),
        6 => Just(Operation::Accept),
        12 => (end.clone(), 0..40_usize).prop_map(|(end, count)| Operation::Write(end, count)),
        12 => (end.clone(), 0..60_usize).prop_map(|(end, count)| Operation::Read(end, count)),
        5 => (end.clone(), how).prop_map(|(end, how)| Operation::Shutdown(end, how)),
        4 => end.clone().prop_map(Operation::Drop),
        3 => end.prop_map(Operation::TakeError),
        1 => Just(Operation::CloseListener),
    ];
    prop::collection::vec(operation, 1..50)
}

/// What one operation gave.
#[derive(Debug, PartialEq)]
enum Outcome {
    Done,
    Count(usize),
    Bytes(Vec<u8>),
    Pending(Option<ErrorKind>),
    Failed(ErrorKind),
}

/// What a look at one end tells without changing anything.
#[derive(Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "they are the bits of poll(2)")]
struct Look {
    readable: bool,
    writable: bool,
    hung_up: bool,
    error_or_hung_up: bool,
}

trait Socket: Sized {
    fn read(&self, buf: &mut [u8]) -> Result<usize>;
    fn write(&self, buf: &[u8]) -> Result<usize>;
    fn shutdown(&self, how: Shutdown) -> Result<()>;
    fn take_error(&self) -> Result<Option<std::io::Error>>;
    fn look(&self) -> Look;
}

trait Net {
    type Socket: Socket;
    fn connect(&self) -> Result<Self::Socket>;
    /// `None` once the listener is closed.
    fn accept(&self) -> Option<Result<Self::Socket>>;
    fn close(&mut self);
    /// Bytes written by the first that the second has not read.
    fn unread(from: &Self::Socket, to: &Self::Socket) -> usize;
}

impl Socket for UnixStream {
    fn read(&self, buf: &mut [u8]) -> Result<usize> {
        Read::read(&mut &*self, buf)
    }

    fn write(&self, buf: &[u8]) -> Result<usize> {
        Write::write(&mut &*self, buf)
    }

    fn shutdown(&self, how: Shutdown) -> Result<()> {
        UnixStream::shutdown(self, how)
    }

    fn take_error(&self) -> Result<Option<std::io::Error>> {
        UnixStream::take_error(self)
    }

    fn look(&self) -> Look {
        let mut fds = [PollFd::new(self, PollFlags::IN | PollFlags::OUT)];
        poll(&mut fds, Some(&Timespec::default())).unwrap();
        let found = fds[0].revents();
        Look {
            readable: found.contains(PollFlags::IN),
            writable: found.contains(PollFlags::OUT),
            hung_up: found.contains(PollFlags::HUP),
            error_or_hung_up: found.intersects(PollFlags::HUP | PollFlags::ERR),
        }
    }
}

struct Kernel {
    listener: Option<UnixListener>,
    path: PathBuf,
    _folder: TempDir,
}

impl Kernel {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self { listener: Some(listener), path, _folder: folder }
    }
}

impl Net for Kernel {
    type Socket = UnixStream;

    fn connect(&self) -> Result<UnixStream> {
        let stream = UnixStream::connect(&self.path)?;
        stream.set_nonblocking(true)?;
        Ok(stream)
    }

    fn accept(&self) -> Option<Result<UnixStream>> {
        let accepted = self.listener.as_ref()?.accept();
        Some(accepted.and_then(|(stream, _)| stream.set_nonblocking(true).map(|()| stream)))
    }

    fn close(&mut self) {
        self.listener = None;
    }

    fn unread(_: &UnixStream, to: &UnixStream) -> usize {
        usize::try_from(rustix::io::ioctl_fionread(to).unwrap()).unwrap()
    }
}

impl Socket for Stream {
    fn read(&self, buf: &mut [u8]) -> Result<usize> {
        self.try_read(buf)
    }

    fn write(&self, buf: &[u8]) -> Result<usize> {
        self.try_write(buf)
    }

    fn shutdown(&self, how: Shutdown) -> Result<()> {
        Stream::shutdown(self, how)
    }

    fn take_error(&self) -> Result<Option<std::io::Error>> {
        Stream::take_error(self)
    }

    fn look(&self) -> Look {
        let cx = &mut Context::from_waker(Waker::noop());
        Look {
            readable: self.poll_read_ready(cx).is_ready(),
            writable: self.poll_write_ready(cx).is_ready(),
            hung_up: self.hung_up(),
            error_or_hung_up: self.poll_error(cx).is_ready(),
        }
    }
}

struct Memory {
    listener: Option<Listener>,
    dialer: Dialer,
}

impl Memory {
    fn new() -> Self {
        let listener = Listener::new();
        let dialer = listener.dialer();
        Self { listener: Some(listener), dialer }
    }
}

impl Net for Memory {
    type Socket = Stream;

    fn connect(&self) -> Result<Stream> {
        let cx = &mut Context::from_waker(Waker::noop());
        match pin!(self.dialer.connect()).poll(cx) {
            Poll::Ready(connected) => connected,
            Poll::Pending => panic!("the backlog is far from full"),
        }
    }

    fn accept(&self) -> Option<Result<Stream>> {
        let cx = &mut Context::from_waker(Waker::noop());
        Some(match self.listener.as_ref()?.poll_accept(cx) {
            Poll::Ready(accepted) => accepted,
            Poll::Pending => Err(ErrorKind::WouldBlock.into()),
        })
    }

    fn close(&mut self) {
        self.listener = None;
    }

    fn unread(from: &Stream, _: &Stream) -> usize {
        from.unread()
    }
}

/// A net, and the ends of its connections.
struct World<N: Net> {
    net: N,
    /// Accepted ends stand behind the dialled end they belong to.
    ends: Vec<Option<N::Socket>>,
    connected: usize,
    accepted: usize,
}

impl<N: Net> World<N> {
    fn new(net: N) -> Self {
        let ends = (0..2 * CONNECTIONS).map(|_| None).collect();
        Self { net, ends, connected: 0, accepted: 0 }
    }

    /// `None` where there is nothing to do it with.
    fn apply(&mut self, operation: &Operation, byte: u8) -> Option<Outcome> {
        let failed = |error: std::io::Error| Outcome::Failed(error.kind());
        Some(match *operation {
            Operation::Connect if self.connected < CONNECTIONS => match self.net.connect() {
                Ok(stream) => {
                    self.ends[2 * self.connected] = Some(stream);
                    self.connected += 1;
                    Outcome::Done
                }
                Err(error) => failed(error),
            },
            Operation::Connect => return None,
            Operation::Accept => match self.net.accept()? {
                Ok(stream) => {
                    self.ends[2 * self.accepted + 1] = Some(stream);
                    self.accepted += 1;
                    Outcome::Done
                }
                Err(error) => failed(error),
            },
            Operation::Write(end, count) => {
                let bytes = vec![byte; count];
                self.ends[end].as_ref()?.write(&bytes).map_or_else(failed, Outcome::Count)
            }
            Operation::Read(end, count) => {
                let mut bytes = vec![0; count];
                match self.ends[end].as_ref()?.read(&mut bytes) {
                    Ok(count) => Outcome::Bytes(bytes[..count].to_vec()),
                    Err(error) => failed(error),
                }
            }
            Operation::Shutdown(end, how) => {
                let shut_down = self.ends[end].as_ref()?.shutdown(how.into());
                shut_down.map_or_else(failed, |()| Outcome::Done)
            }
            Operation::Drop(end) => {
                self.ends[end].take()?;
                Outcome::Done
            }
            Operation::TakeError(end) => {
                let pending = self.ends[end].as_ref()?.take_error().unwrap();
                Outcome::Pending(pending.map(|error| error.kind()))
            }
            Operation::CloseListener => {
                self.net.close();
                Outcome::Done
            }
        })
    }

    fn looks(&self) -> Vec<Option<Look>> {
        self.ends.iter().map(|end| Some(end.as_ref()?.look())).collect()
    }

    fn unread(&self) -> Vec<Option<usize>> {
        let peers = (0..self.ends.len()).map(|end| (end, end ^ 1));
        peers
            .map(|(a, b)| Some(N::unread(self.ends[a].as_ref()?, self.ends[b].as_ref()?)))
            .collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_is_done_the_kernel_answers_the_same(operations in operations()) {
        let mut kernel = World::new(Kernel::new());
        let mut memory = World::new(Memory::new());
        for (step, operation) in operations.iter().enumerate() {
            let byte = u8::try_from(step).unwrap();
            let expected = kernel.apply(operation, byte);
            prop_assert_eq!(memory.apply(operation, byte), expected, "step {} {:?}", step, operation);
            prop_assert_eq!(memory.looks(), kernel.looks(), "after step {} {:?}", step, operation);
            prop_assert_eq!(memory.unread(), kernel.unread(), "after step {} {:?}", step, operation);
        }
    }
}

/// The rows that users rely on, in words; the property above finds the others.
#[test]
fn the_documented_rules() {
    use Operation::{Accept, CloseListener, Connect, Drop, Read, TakeError, Write};
    let (client, server) = (0, 1);
    let bytes = |count: usize, byte: u8| Outcome::Bytes(vec![byte; count]);
    let reset = || Outcome::Failed(ErrorKind::ConnectionReset);
    let broken = || Outcome::Failed(ErrorKind::BrokenPipe);
    let would_block = || Outcome::Failed(ErrorKind::WouldBlock);
    let half = Operation::Shutdown(client, How::Write);
    let deaf = Operation::Shutdown(server, How::Read);
    let rows: Vec<(&str, Vec<(Operation, Outcome)>)> = vec![
        (
            "a peer dropped with bytes unread resets, after what it had sent",
            vec![
                (Write(client, 2), Outcome::Count(2)),
                (Write(server, 3), Outcome::Count(3)),
                (Drop(server), Outcome::Done),
                (Write(client, 1), broken()),
                (Read(client, 2), bytes(2, 3)),
                (Read(client, 9), bytes(1, 3)),
                (Read(client, 9), reset()),
                (Read(client, 9), bytes(0, 0)),
            ],
        ),
        (
            "a peer dropped with nothing unread ends",
            vec![
                (Write(server, 3), Outcome::Count(3)),
                (Drop(server), Outcome::Done),
                (Read(client, 9), bytes(3, 2)),
                (Read(client, 9), bytes(0, 0)),
                (Write(client, 1), broken()),
            ],
        ),
        (
            "after a half-close the other direction goes on",
            vec![
                (Write(client, 2), Outcome::Count(2)),
                (half, Outcome::Done),
                (Write(client, 1), broken()),
                (Read(server, 9), bytes(2, 2)),
                (Read(server, 9), bytes(0, 0)),
                (Write(server, 4), Outcome::Count(4)),
                (Read(client, 9), bytes(4, 7)),
                (Read(client, 9), would_block()),
            ],
        ),
        (
            "who shuts reading down still reads what was sent",
            vec![
                (Write(client, 2), Outcome::Count(2)),
                (deaf, Outcome::Done),
                (Write(client, 1), broken()),
                (Read(server, 9), bytes(2, 2)),
                (Read(server, 9), bytes(0, 0)),
            ],
        ),
        (
            "the pending error is taken once, and reading does not see it again",
            vec![
                (Write(client, 2), Outcome::Count(2)),
                (Drop(server), Outcome::Done),
                (TakeError(client), Outcome::Pending(Some(ErrorKind::ConnectionReset))),
                (TakeError(client), Outcome::Pending(None)),
                (Read(client, 9), bytes(0, 0)),
            ],
        ),
        (
            "a closed listener resets who waits, refuses who comes, and keeps who was accepted",
            vec![
                (Connect, Outcome::Done),
                (Write(2, 1), Outcome::Count(1)),
                (CloseListener, Outcome::Done),
                (Connect, Outcome::Failed(ErrorKind::ConnectionRefused)),
                (Write(2, 1), broken()),
                (Read(2, 1), reset()),
                (Read(2, 1), bytes(0, 0)),
                (Write(client, 1), Outcome::Count(1)),
                (Read(server, 9), bytes(1, 9)),
            ],
        ),
    ];
    for (rule, row) in rows {
        let mut kernel = World::new(Kernel::new());
        let mut memory = World::new(Memory::new());
        let start = [(Connect, Outcome::Done), (Accept, Outcome::Done)];
        for (step, (operation, expected)) in start.into_iter().chain(row).enumerate() {
            let byte = u8::try_from(step).unwrap();
            let found = memory.apply(&operation, byte);
            assert_eq!(
                found.as_ref(),
                Some(&expected),
                "memnet, {rule}: step {step} {operation:?}"
            );
            let found = kernel.apply(&operation, byte);
            assert_eq!(
                found.as_ref(),
                Some(&expected),
                "kernel, {rule}: step {step} {operation:?}"
            );
        }
    }
}
