//! Dials the destination, anew for each connection.

use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::input::endpoint::{Address, Family, TcpAddress, TcpHost, UnixAddress};
use crate::listen::listener::prepare;
use crate::socket::stream::SocketStream;
use crate::system::sun_path::{Alias, AliasError};
use devkit_text::words;

/// Head start of one address over the next, as in RFC 8305, section 5.
const HEAD_START: Duration = Duration::from_millis(250);
/// Pause before a full backlog or a missing descriptor is tried again.
const RETRY: Duration = Duration::from_millis(50);

/// Why a destination could not be reached.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialFailure {
    #[error("connection refused: nothing listens there")]
    Refused,
    #[error("there is no such socket file")]
    NoSuchFile,
    #[error("that file is no stream socket")]
    NotASocket,
    #[error("permission denied for this user")]
    PermissionDenied,
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    #[error("no route to that host")]
    Unreachable,
    #[error("the name does not resolve ({0})")]
    Unresolved(String),
    #[error("the path has {length} bytes, and {limit} is the most")]
    PathTooLong { length: usize, limit: usize },
    #[error("that is this forwarder's own address, and would never end")]
    Loop,
    #[error("{}", words(.0))]
    Other(io::Error),
}

impl DialFailure {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Refused => "connection-refused",
            Self::NoSuchFile => "file-not-found",
            Self::NotASocket => "not-a-socket",
            Self::PermissionDenied => "permission-denied",
            Self::TimedOut(_) => "timed-out",
            Self::Unreachable => "unreachable",
            Self::Unresolved(_) => "unresolved",
            Self::PathTooLong { .. } => "path-too-long",
            Self::Loop => "same-address",
            Self::Other(_) => "io",
        }
    }
}

impl From<io::Error> for DialFailure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::Refused,
            ErrorKind::NotFound => Self::NoSuchFile,
            ErrorKind::PermissionDenied => Self::PermissionDenied,
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Self::Unreachable,
            _ => match error.raw_os_error() {
                Some(nix::libc::EPROTOTYPE | nix::libc::ENOTSOCK) => Self::NotASocket,
                _ => Self::Other(error),
            },
        }
    }
}

/// A destination that answered.
pub(crate) struct Dialled {
    pub(crate) stream: SocketStream,
    /// The destination answered, and has been reset since. What it sent before can still be read.
    pub(crate) lost: bool,
}

/// Whether there is something to send as soon as the destination answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirstWord {
    Waits,
    Unknown,
}

/// What is to be dialled, and how.
pub(crate) struct Errand<'a> {
    pub(crate) address: &'a Address,
    pub(crate) first: FirstWord,
    pub(crate) limit: Duration,
    /// The addresses that lead back here.
    pub(crate) own: &'a [SocketAddr],
    /// Set whenever there was no descriptor left, so that no new connection takes what this one is
    /// waiting for.
    pub(crate) starved: &'a AtomicBool,
}

/// Dials until the time is up.
// What is large is boxed: all of this is no larger than what the relay needs later, and so costs an
// idle connection nothing.
#[expect(clippy::manual_async_fn, reason = "which would store its arguments twice in the task")]
pub(crate) fn dial(
    errand: Errand<'_>,
) -> impl Future<Output = Result<Dialled, DialFailure>> + Send {
    async move {
        let mut shortage = None;
        let attempts = async {
            loop {
                let result = match errand.address {
                    Address::Tcp(address) => match direct(address, &errand) {
                        Some(attempt) => attempt.await,
                        None => Box::pin(connect_any(address, &errand)).await,
                    },
                    Address::Unix(address) => connect_unix(address),
                };
                match result {
                    Err(DialFailure::Other(error)) if out_of_descriptors(&error) => {
                        shortage = Some(error);
                        errand.starved.store(true, Ordering::Relaxed);
                    }
                    // Unlike TCP, Unix says at once that a backlog is full: its owner will come to it.
                    Err(DialFailure::Other(error)) if error.kind() == ErrorKind::WouldBlock => {}
                    result => return result,
                }
                Box::pin(sleep(RETRY)).await;
            }
        };
        tokio::select! {
            biased;
            result = attempts => result,
            () = Box::pin(sleep(errand.limit)) => {
                Err(shortage.map_or(DialFailure::TimedOut(errand.limit), DialFailure::Other))
            }
        }
    }
}

/// The address, where there is no more than one.
fn only(address: &TcpAddress) -> Option<SocketAddr> {
    let ip = match (&address.host, address.family) {
        (TcpHost::Ip(ip), _) => *ip,
        (TcpHost::Loopback, Family::V4) => Ipv4Addr::LOCALHOST.into(),
        (TcpHost::Loopback, Family::V6) => Ipv6Addr::LOCALHOST.into(),
        (TcpHost::Loopback, Family::Any) | (TcpHost::Name(_), _) => return None,
    };
    Some((ip, address.port).into())
}

/// An attempt at that address, unless it leads back here.
fn direct(
    address: &TcpAddress,
    errand: &Errand<'_>,
) -> Option<Pin<Box<impl Future<Output = Result<Dialled, DialFailure>> + Send + use<>>>> {
    let only = only(address).filter(|address| !leads_back(*address, errand.own))?;
    Some(Box::pin(connect(only, errand.first)))
}

async fn connect_any(address: &TcpAddress, errand: &Errand<'_>) -> Result<Dialled, DialFailure> {
    let Errand { first: word, own, .. } = errand;
    let addresses = resolve(address).await?;
    let mut usable = addresses.iter().copied().filter(|address| !leads_back(*address, own));
    match (usable.next(), usable.next()) {
        (Some(only), None) => connect(only, *word).await,
        (Some(first), Some(second)) => race(first, second, usable, *word).await,
        _ if addresses.is_empty() => {
            Err(DialFailure::Unresolved("it has no address of that kind".into()))
        }
        _ => Err(DialFailure::Loop),
    }
}

async fn resolve(address: &TcpAddress) -> Result<Vec<SocketAddr>, DialFailure> {
    let port = address.port;
    if let Some(only) = only(address) {
        return Ok(vec![only]);
    }
    let TcpHost::Name(name) = &address.host else {
        return Ok(vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]);
    };
    let found = devkit_lookup::addresses_in_time(name, port).await.map_err(|error| {
        if out_of_descriptors(&error) {
            return DialFailure::Other(error);
        }
        DialFailure::Unresolved(resolver_words(&error))
    })?;
    Ok(found.into_iter().filter(|found| address.family.takes(found.ip())).collect())
}

/// Tries one address after the other, each with a head start, and keeps the first that answers.
async fn race(
    first: SocketAddr,
    second: SocketAddr,
    rest: impl Iterator<Item = SocketAddr>,
    word: FirstWord,
) -> Result<Dialled, DialFailure> {
    let mut rest = std::iter::once(second).chain(rest);
    let mut attempts = JoinSet::new();
    attempts.spawn(connect(first, word));
    let mut failure: Option<DialFailure> = None;
    loop {
        tokio::select! {
            Some(result) = attempts.join_next() => {
                match result.unwrap_or_else(|error| Err(DialFailure::Other(io::Error::other(error)))) {
                    Ok(stream) => return Ok(stream),
                    // An attempt that could not be made says nothing about the address: again.
                    Err(DialFailure::Other(error)) if out_of_descriptors(&error) => {
                        return Err(DialFailure::Other(error));
                    }
                    // The first address is the one the user is likely to know.
                    Err(error) => { failure.get_or_insert(error); }
                }
                match rest.next() {
                    Some(next) => { attempts.spawn(connect(next, word)); }
                    None if attempts.is_empty() => break,
                    None => {}
                }
            }
            () = sleep(HEAD_START) => {
                if let Some(next) = rest.next() {
                    attempts.spawn(connect(next, word));
                }
            }
        }
    }
    Err(failure.unwrap_or(DialFailure::Refused))
}

/// An attempt at an address. Not `TcpStream::connect`: that takes a destination which answers and
/// resets at once for one that could not be reached, and drops what it had sent.
#[expect(clippy::manual_async_fn, reason = "which would store its arguments twice in the task")]
fn connect(
    address: SocketAddr,
    word: FirstWord,
) -> impl Future<Output = Result<Dialled, DialFailure>> + Send + 'static {
    async move {
        let mut attempt = TcpAttempt::start(address, word)?;
        let stream = attempt.finish().await?;
        let lost = match stream.take_error()? {
            None => false,
            // A refusal is ECONNREFUSED; these are for connections that had been established.
            Some(error) if error.kind() == ErrorKind::ConnectionReset => true,
            Some(error) if error.kind() == ErrorKind::BrokenPipe => false,
            Some(error) => return Err(error.into()),
        };
        // The peer's address may differ from what was dialled (0.0.0.0), its port does not.
        if let Ok(here) = stream.local_addr()
            && here.port() == address.port()
            && stream.peer_addr().is_ok_and(|there| here == there)
        {
            // Nobody listens, and the kernel happened to choose that very port for our end: a
            // socket connected to itself, which would answer its own bytes and keep the port from
            // its owner.
            let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
            return Err(DialFailure::Refused);
        }
        Ok(Dialled { stream: SocketStream::Tcp(stream), lost })
    }
}

/// Saves the last packet of the handshake: what is sent at once acknowledges as well, and the
/// destination wakes once and not twice.
///
/// Linux does that for an interactive socket, which this makes it until the handshake is over
/// (`tcp_rcv_synsent_state_process`). If nothing were sent after all, the acknowledgement would be
/// 0.2 s late.
#[cfg(target_os = "linux")]
fn let_first_word_acknowledge(socket: &Socket) {
    let _ = socket.set_tcp_quickack(false);
}

#[cfg(not(target_os = "linux"))]
fn let_first_word_acknowledge(_: &Socket) {}

/// A stream socket that never blocks, from its first moment.
#[cfg(target_os = "linux")]
fn unblocked(domain: Domain, protocol: Option<Protocol>) -> io::Result<Socket> {
    Socket::new(domain, Type::STREAM.nonblocking(), protocol)
}

/// Elsewhere it takes a second call.
#[cfg(not(target_os = "linux"))]
fn unblocked(domain: Domain, protocol: Option<Protocol>) -> io::Result<Socket> {
    let socket = Socket::new(domain, Type::STREAM, protocol)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// A connection in the making. Given up, it is reset: a proper end would be an empty request.
struct TcpAttempt(Option<TcpStream>);

impl TcpAttempt {
    fn start(address: SocketAddr, word: FirstWord) -> io::Result<Self> {
        let socket = unblocked(Domain::for_address(address), Some(Protocol::TCP))?;
        prepare(&socket)?;
        if word == FirstWord::Waits {
            let_first_word_acknowledge(&socket);
        }
        match socket.connect(&address.into()) {
            Err(error) if error.raw_os_error() != Some(nix::libc::EINPROGRESS) => {
                return Err(error);
            }
            _ => {}
        }
        TcpStream::from_std(OwnedFd::from(socket).into()).map(|stream| Self(Some(stream)))
    }

    /// Waits for the answer, whatever it is.
    async fn finish(&mut self) -> io::Result<TcpStream> {
        let stream = self.0.as_ref().expect("it is there until it is taken below");
        poll_fn(|cx| stream.poll_write_ready(cx)).await?;
        Ok(self.0.take().expect("nobody else takes it"))
    }
}

impl Drop for TcpAttempt {
    fn drop(&mut self) {
        if let Some(stream) = &self.0 {
            let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
    }
}

/// An attempt at a Unix socket, which is answered at once.
fn connect_unix(address: &UnixAddress) -> Result<Dialled, DialFailure> {
    let connect = |name: &Path| -> io::Result<UnixStream> {
        let socket = unblocked(Domain::UNIX, None)?;
        socket.connect(&SockAddr::unix(name)?)?;
        let stream = UnixStream::from_std(OwnedFd::from(socket).into())?;
        Ok(stream)
    };
    let stream = match address {
        UnixAddress::Abstract(name) => connect(&abstract_path(name))?,
        UnixAddress::Path(path) => {
            let alias = Alias::of(path).map_err(|error| match error {
                AliasError::TooLong { length, limit } => DialFailure::PathTooLong { length, limit },
                AliasError::Folder(error) => error.into(),
            })?;
            connect(alias.path()).map_err(|error| not_a_socket(path, error))?
        }
    };
    // Whatever the path is, who listens there is this process: through a link that came later.
    if stream.peer_cred()?.pid() == Some(std::process::id().cast_signed()) {
        return Err(DialFailure::Loop);
    }
    Ok(Dialled { stream: SocketStream::Unix(stream), lost: false })
}

/// Linux answers ECONNREFUSED for a file of any other kind too.
fn not_a_socket(path: &Path, error: io::Error) -> DialFailure {
    use std::os::unix::fs::FileTypeExt;
    let other_kind = || std::fs::metadata(path).is_ok_and(|file| !file.file_type().is_socket());
    if error.kind() == ErrorKind::ConnectionRefused && other_kind() {
        return DialFailure::NotASocket;
    }
    error.into()
}

/// socket2 takes a leading NUL for an abstract name.
fn abstract_path(name: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec([b"\0", name].concat()).into()
}

/// Whether an address is one that this forwarder listens on.
pub(crate) fn leads_back(address: SocketAddr, own: &[SocketAddr]) -> bool {
    let there = address.ip().to_canonical();
    own.iter().any(|own| {
        let here = own.ip().to_canonical();
        address.port() == own.port()
            && here.is_ipv4() == there.is_ipv4()
            && (there == here
                || here.is_unspecified() && is_of_this_machine(there)
                // Linux connects to loopback for it.
                || there.is_unspecified() && here.is_loopback())
    })
}

/// Whether this machine has an address: then it is the source of what is sent there. Only the
/// routing table is asked; a datagram socket that connects sends nothing.
fn is_of_this_machine(ip: IpAddr) -> bool {
    if ip.is_loopback() {
        return true;
    }
    let any = if ip.is_ipv4() {
        IpAddr::from(Ipv4Addr::UNSPECIFIED)
    } else {
        Ipv6Addr::UNSPECIFIED.into()
    };
    let source = || {
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect(SocketAddr::new(ip, 9))?;
        socket.local_addr()
    };
    source().is_ok_and(|source| source.ip() == ip)
}

pub(crate) fn out_of_descriptors(error: &io::Error) -> bool {
    use nix::libc::{EMFILE, ENFILE, ENOBUFS, ENOMEM};
    matches!(error.raw_os_error(), Some(EMFILE | ENFILE | ENOBUFS | ENOMEM))
}

/// The resolver's own words, without the wrapping that the standard library puts around them.
fn resolver_words(error: &io::Error) -> String {
    let text = words(error);
    text.rsplit(": ").next().unwrap_or(&text).to_owned()
}
