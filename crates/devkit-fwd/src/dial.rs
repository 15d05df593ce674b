//! Reaching the destination, anew for each connection.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::endpoint::{Address, Family, Host, TcpAddress, UnixAddress};
use crate::listen::prepare;
use crate::stream::Stream;
use crate::sun_path::{Alias, AliasError};
use crate::text::words;

/// Head start of one address over the next, as in RFC 8305, section 5.
const HEAD_START: Duration = Duration::from_millis(250);
/// Pause before a full backlog or a missing descriptor is tried again.
const RETRY: Duration = Duration::from_millis(50);

/// Why a destination could not be reached.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
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

impl DialError {
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

impl From<io::Error> for DialError {
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
    pub(crate) stream: Stream,
    /// It answered, and has been reset since. What it sent before can still be read.
    pub(crate) lost: bool,
}

/// Dials until the time is up.
///
/// `own` are the addresses that lead back here. `starved` is called whenever there was no
/// descriptor left, so that no new connection takes what this one is waiting for.
pub(crate) async fn dial(
    address: &Address,
    limit: Duration,
    own: &[SocketAddr],
    starved: &(dyn Fn() + Send + Sync),
) -> Result<Dialled, DialError> {
    let attempts = async {
        loop {
            let result = match address {
                Address::Tcp(address) => connect_tcp(address, own).await,
                Address::Unix(address) => connect_unix(address),
            };
            match result {
                Err(DialError::Other(error)) if out_of_descriptors(&error) => starved(),
                // Unlike TCP, Unix says at once that a backlog is full: its owner will come to it.
                Err(DialError::Other(error)) if error.kind() == ErrorKind::WouldBlock => {}
                result => return result,
            }
            sleep(RETRY).await;
        }
    };
    timeout(limit, attempts).await.unwrap_or(Err(DialError::TimedOut(limit)))
}

async fn connect_tcp(address: &TcpAddress, own: &[SocketAddr]) -> Result<Dialled, DialError> {
    let addresses = resolve(address).await?;
    let mut usable = addresses.iter().copied().filter(|address| !leads_back(*address, own));
    match (usable.next(), usable.next()) {
        (Some(only), None) => Ok(connect(only).await?),
        (Some(first), Some(second)) => Ok(race(first, second, usable).await?),
        _ if addresses.is_empty() => {
            Err(DialError::Unresolved("it has no address of that kind".into()))
        }
        _ => Err(DialError::Loop),
    }
}

async fn resolve(address: &TcpAddress) -> Result<Vec<SocketAddr>, DialError> {
    let port = address.port;
    let v4: SocketAddr = (Ipv4Addr::LOCALHOST, port).into();
    let v6: SocketAddr = (Ipv6Addr::LOCALHOST, port).into();
    Ok(match (&address.host, address.family) {
        (Host::Loopback, Family::Any) => vec![v4, v6],
        (Host::Loopback, Family::V4) => vec![v4],
        (Host::Loopback, Family::V6) => vec![v6],
        (Host::Ip(ip), _) => vec![(*ip, port).into()],
        (Host::Name(name), family) => lookup_host((name.as_str(), port))
            .await
            .map_err(|error| DialError::Unresolved(resolver_words(&error)))?
            .filter(|found| family.takes(found.ip()))
            .collect(),
    })
}

/// Tries one address after the other, each with a head start, and keeps the first that answers.
async fn race(
    first: SocketAddr,
    second: SocketAddr,
    rest: impl Iterator<Item = SocketAddr>,
) -> io::Result<Dialled> {
    let mut rest = std::iter::once(second).chain(rest);
    let mut attempts = JoinSet::new();
    attempts.spawn(connect(first));
    let mut failure = None;
    loop {
        tokio::select! {
            Some(result) = attempts.join_next() => {
                match result.unwrap_or_else(|error| Err(io::Error::other(error))) {
                    Ok(stream) => return Ok(stream),
                    // The first address is the one the user is likely to know.
                    Err(error) => { failure.get_or_insert(error); }
                }
                match rest.next() {
                    Some(next) => { attempts.spawn(connect(next)); }
                    None if attempts.is_empty() => break,
                    None => {}
                }
            }
            () = sleep(HEAD_START) => {
                if let Some(next) = rest.next() {
                    attempts.spawn(connect(next));
                }
            }
        }
    }
    Err(failure.unwrap_or_else(|| ErrorKind::ConnectionRefused.into()))
}

/// One attempt. Not `TcpStream::connect`: that takes a destination which answers and resets at
/// once for one that could not be reached, and drops what it had sent.
async fn connect(address: SocketAddr) -> io::Result<Dialled> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    prepare(&socket)?;
    match socket.connect(&address.into()) {
        Err(error) if error.raw_os_error() != Some(nix::libc::EINPROGRESS) => return Err(error),
        _ => {}
    }
    let stream = TcpStream::from_std(OwnedFd::from(socket).into())?;
    stream.writable().await?;
    let lost = match stream.take_error()? {
        None => false,
        // A refusal is ECONNREFUSED; these are for connections that had been established.
        Some(error) if error.kind() == ErrorKind::ConnectionReset => true,
        Some(error) if error.kind() == ErrorKind::BrokenPipe => false,
        Some(error) => return Err(error),
    };
    Ok(Dialled { stream: Stream::Tcp(stream), lost })
}

/// One attempt, which Unix answers at once.
fn connect_unix(address: &UnixAddress) -> Result<Dialled, DialError> {
    let connect = |name: &Path| -> io::Result<Dialled> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.connect(&SockAddr::unix(name)?)?;
        let stream = UnixStream::from_std(OwnedFd::from(socket).into())?;
        Ok(Dialled { stream: Stream::Unix(stream), lost: false })
    };
    match address {
        UnixAddress::Abstract(name) => Ok(connect(&abstract_path(name))?),
        UnixAddress::Path(path) => {
            let alias = Alias::of(path).map_err(|error| match error {
                AliasError::TooLong { length, limit } => DialError::PathTooLong { length, limit },
                AliasError::Folder(error) => error.into(),
            })?;
            connect(alias.path()).map_err(|error| not_a_socket(path, error))
        }
    }
}

/// Linux answers ECONNREFUSED for a file of any other kind too.
fn not_a_socket(path: &Path, error: io::Error) -> DialError {
    use std::os::unix::fs::FileTypeExt;
    let other_kind = || std::fs::metadata(path).is_ok_and(|file| !file.file_type().is_socket());
    if error.kind() == ErrorKind::ConnectionRefused && other_kind() {
        return DialError::NotASocket;
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
    own.iter().any(|own| {
        let (there, here) = (address.ip().to_canonical(), own.ip().to_canonical());
        address.port() == own.port()
            && (there == here
                // Nothing else can be bound there: loopback is always covered.
                || here.is_unspecified() && there.is_loopback()
                || there.is_unspecified() && (here.is_loopback() || here.is_unspecified()))
    })
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
