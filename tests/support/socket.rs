//! Sockets of every kind, with a deadline on everything.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::{Domain, SockAddr, Socket, Type};

use super::PATIENCE;

/// TCP or Unix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Tcp,
    Unix,
}

/// Source and destination kinds: the four ways of forwarding.
pub(crate) const TOPOLOGIES: [(Kind, Kind); 4] = [
    (Kind::Tcp, Kind::Tcp),
    (Kind::Tcp, Kind::Unix),
    (Kind::Unix, Kind::Tcp),
    (Kind::Unix, Kind::Unix),
];

/// The server side that devkit forwards to.
pub(crate) struct Backend {
    socket: Socket,
    /// As devkit takes it.
    pub(crate) address: String,
}

impl Backend {
    pub(crate) fn new(kind: Kind, dir: &Path) -> Self {
        match kind {
            Kind::Tcp => Self::tcp("127.0.0.1:0"),
            Kind::Unix => Self::unix(&dir.join("backend.sock")),
        }
    }

    pub(crate) fn tcp(address: &str) -> Self {
        let address: SocketAddr = address.parse().unwrap();
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        socket.set_reuse_address(true).unwrap();
        socket.bind(&address.into()).unwrap();
        socket.listen(1024).unwrap();
        let address = format!("tcp://{}", socket.local_addr().unwrap().as_socket().unwrap());
        Self { socket, address }
    }

    pub(crate) fn unix(path: &Path) -> Self {
        Self::unix_with_backlog(path, 1024)
    }

    pub(crate) fn unix_with_backlog(path: &Path, backlog: i32) -> Self {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        socket.bind(&SockAddr::unix(path).unwrap()).unwrap();
        socket.listen(backlog).unwrap();
        Self { socket, address: format!("unix:{}", path.display()) }
    }

    /// A listener that was made elsewhere.
    pub(crate) fn adopt(socket: Socket, address: String) -> Self {
        Self { socket, address }
    }

    /// The listening socket itself, to hand it to another process.
    pub(crate) fn into_fd(self) -> OwnedFd {
        self.socket.into()
    }

    /// The next connection; the test fails if none comes.
    #[track_caller]
    pub(crate) fn accept(&self) -> Conn {
        self.accept_within(PATIENCE).expect("devkit dials")
    }

    /// The next connection, if it comes in time.
    #[track_caller]
    pub(crate) fn accept_within(&self, time: Duration) -> Option<Conn> {
        // accept(2) obeys the read timeout.
        self.socket.set_read_timeout(Some(time)).unwrap();
        loop {
            match self.socket.accept() {
                Ok((socket, _)) => return Some(Conn::new(socket)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
                Err(error) => panic!("cannot accept: {error}"),
            }
        }
    }

    /// Serves every connection in a thread of its own, until the process ends.
    pub(crate) fn serve(self, each: impl Fn(Conn) + Send + Sync + Clone + 'static) -> String {
        let address = self.address.clone();
        std::thread::spawn(move || {
            self.socket.set_read_timeout(None).unwrap();
            while let Ok((socket, _)) = self.socket.accept() {
                let each = each.clone();
                std::thread::spawn(move || each(Conn::new(socket)));
            }
        });
        address
    }

    /// Answers every connection with its own bytes.
    pub(crate) fn echo(kind: Kind, dir: &Path) -> String {
        Self::new(kind, dir).serve(|mut conn| {
            let mut reader = conn.half();
            let _ = io::copy(&mut reader, &mut conn);
            conn.end();
        })
    }
}

/// A connected socket.
pub(crate) struct Conn(pub(crate) Socket);

impl Conn {
    pub(crate) fn new(socket: Socket) -> Self {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        Self(socket)
    }

    /// Connects to an address that devkit printed.
    #[track_caller]
    pub(crate) fn to(address: &str) -> Self {
        Self::try_to(address).unwrap_or_else(|error| panic!("connect to {address}: {error}"))
    }

    pub(crate) fn try_to(address: &str) -> io::Result<Self> {
        let (domain, address) = parse(address);
        let socket = Socket::new(domain, Type::STREAM, None)?;
        socket.connect(&address)?;
        Ok(Self::new(socket))
    }

    /// Connects from a local address.
    pub(crate) fn from_ip(from: &str, address: &str) -> Self {
        let (domain, address) = parse(address);
        let socket = Socket::new(domain, Type::STREAM, None).unwrap();
        let from: SocketAddr = format!("{from}:0").parse().unwrap();
        socket.bind(&from.into()).unwrap();
        socket.connect(&address).unwrap();
        Self::new(socket)
    }

    /// A second handle, for another thread.
    pub(crate) fn half(&self) -> Self {
        Self(self.0.try_clone().unwrap())
    }

    /// Sends a FIN.
    pub(crate) fn end(&self) {
        let _ = self.0.shutdown(Shutdown::Write);
    }

    /// Closes with an RST (TCP).
    pub(crate) fn reset(self) {
        self.0.set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Reads to the end.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes).expect("a proper end");
        bytes
    }

    /// Reads exactly so many bytes.
    #[track_caller]
    pub(crate) fn exactly(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.read_exact(&mut bytes).expect("enough bytes");
        bytes
    }

    /// Reads until it ends, and says how: `Ok(bytes)` for a FIN.
    pub(crate) fn outcome(&mut self) -> io::Result<usize> {
        let mut buffer = vec![0; 64 * 1024];
        let mut total = 0;
        loop {
            match self.read(&mut buffer)? {
                0 => return Ok(total),
                count => total += count,
            }
        }
    }

    /// Sends a message and waits for the same message back.
    #[track_caller]
    pub(crate) fn ping(&mut self, message: &[u8]) {
        self.write_all(message).unwrap();
        assert_eq!(self.exactly(message.len()), message);
    }
}

/// Waits until one of them would take something. `false`: none does in that time.
pub(crate) fn any_takes<'a>(conns: impl IntoIterator<Item = &'a Conn>, time: Duration) -> bool {
    let wanted = conns.into_iter().map(|conn| PollFd::new(conn.0.as_fd(), PollFlags::POLLOUT));
    let mut wanted: Vec<_> = wanted.collect();
    let time = PollTimeout::try_from(time).expect("a time that poll knows");
    loop {
        match poll(&mut wanted, time) {
            Ok(count) => return count > 0,
            Err(Errno::EINTR) => {}
            Err(error) => panic!("cannot poll: {error}"),
        }
    }
}

impl Read for Conn {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&self.0).read(buffer)
    }
}

impl Write for Conn {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads `tcp://…`, `unix:/…` and `unix:@…`.
pub(crate) fn parse(address: &str) -> (Domain, SockAddr) {
    if let Some(name) = address.strip_prefix("unix:@") {
        return (Domain::UNIX, SockAddr::unix(format!("\0{name}")).unwrap());
    }
    if let Some(path) = address.strip_prefix("unix:") {
        return (Domain::UNIX, SockAddr::unix(path).unwrap());
    }
    let address: SocketAddr = address.trim_start_matches("tcp://").parse().unwrap();
    (Domain::for_address(address), address.into())
}
