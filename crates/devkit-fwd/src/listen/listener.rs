//! Listening sockets of every kind.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use devkit_report::message;
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, TcpKeepalive, Type};

use super::socket_file::{self, SocketFile};
use crate::error::{Error, Right};
use crate::input::endpoint::{Address, Family, TcpHost, UnixAddress};
use crate::input::options::FileRule;
use crate::system::holder;
use crate::system::limits::BACKLOG;
use devkit_text::escape;

/// A listening socket, not yet registered with a runtime.
#[derive(Debug)]
pub(crate) enum SocketListener {
    Tcp(TcpListener),
    /// The file is none of ours when the socket was passed to us or has an abstract name.
    Unix(UnixListener, Option<SocketFile>),
}

impl SocketListener {
    /// The address as the user would write it, with the real port.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Tcp(listener) => match listener.local_addr() {
                Ok(address) => format!("tcp://{address}"),
                Err(_) => "tcp://?".into(),
            },
            Self::Unix(_, Some(file)) => unix_text(Some(file.path()), None),
            Self::Unix(listener, None) => {
                listener.local_addr().map_or("unix:?".into(), |address| {
                    unix_text(address.as_pathname(), abstract_name(&address))
                })
            }
        }
    }

    /// The TCP addresses that lead here: a dual-stack wildcard is two.
    pub(crate) fn covers(&self) -> Vec<SocketAddr> {
        let Self::Tcp(listener) = self else { return Vec::new() };
        let v6_only = || SockRef::from(listener).only_v6().unwrap_or(true);
        match listener.local_addr() {
            Ok(address) if address.is_ipv6() && !v6_only() => with_v4(address),
            address => address.into_iter().collect(),
        }
    }

    pub(crate) fn tcp_address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(..) => None,
        }
    }
}

/// A dual-stack address, and the IPv4 wildcard too if it is the wildcard.
pub(crate) fn with_v4(address: SocketAddr) -> Vec<SocketAddr> {
    let v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port()));
    let wildcard = address.ip() == IpAddr::from(std::net::Ipv6Addr::UNSPECIFIED);
    std::iter::once(address).chain(wildcard.then_some(v4)).collect()
}

/// Whether only this machine reaches an address. `::ffff:127.0.0.1` is `127.0.0.1`.
pub(crate) fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

/// Listens on all addresses of one TCP source.
///
/// Each is a separate socket; with port 0 they share the port that the first was given. Addresses
/// that this machine does not have are left out as long as one works: a name may resolve to `::1`
/// where IPv6 is off.
pub(crate) fn tcp(addresses: &[SocketAddr], family: Family) -> Result<Vec<SocketListener>, Error> {
    // The port that is free on one address may be taken on the next: then another is asked for.
    let any_port = addresses.iter().all(|address| address.port() == 0);
    for _ in 0..if any_port { 8 } else { 0 } {
        match bind_all(addresses, family) {
            Err(Error::AddressInUse { .. }) => {}
            result => return result,
        }
    }
    bind_all(addresses, family)
}

fn bind_all(addresses: &[SocketAddr], family: Family) -> Result<Vec<SocketListener>, Error> {
    let mut listeners: Vec<SocketListener> = Vec::new();
    let mut missing = None;
    for address in addresses {
        let mut address = *address;
        if let (0, Some(first)) = (address.port(), listeners.first()) {
            address.set_port(first.tcp_address().map_or(0, |first| first.port()));
        }
        match bind_tcp(address, family) {
            Ok(listener) => listeners.push(SocketListener::Tcp(listener)),
            Err(error) => match error.raw_os_error() {
                Some(nix::libc::EADDRNOTAVAIL | nix::libc::EAFNOSUPPORT) => missing = Some(address),
                Some(nix::libc::EADDRINUSE) => {
                    let (text, holder) = (format!("tcp://{address}"), holder::of_port(address));
                    return Err(Error::AddressInUse { address: text, holder });
                }
                _ => {
                    let action = message!("listen on tcp://{}", address.to_string());
                    return Err(Error::io(action, Some(Right::PrivilegedPort), error));
                }
            },
        }
    }
    match missing {
        Some(address) if listeners.is_empty() => {
            Err(Error::NotLocal { address: format!("tcp://{address}") })
        }
        _ => Ok(listeners),
    }
}

/// Listens on a Unix socket.
pub(crate) fn unix(address: &UnixAddress, rule: &FileRule) -> Result<SocketListener, Error> {
    match address {
        UnixAddress::Path(path) => socket_file::listen(path, rule)
            .map(|(socket, file)| SocketListener::Unix(socket, Some(file))),
        UnixAddress::Abstract(name) => bind_abstract(name)
            .map(|listener| SocketListener::Unix(listener, None))
            .map_err(|error| {
                let address = format!("unix:@{}", escape(name));
                if error.raw_os_error() == Some(nix::libc::EADDRINUSE) {
                    return Error::AddressInUse { address, holder: None };
                }
                Error::io(message!("listen on {}", address), None, error)
            }),
    }
}

/// Makes a descriptor that was passed to us into a listener, or says what it is instead.
pub(crate) fn passed(fd: OwnedFd) -> Result<SocketListener, String> {
    let socket = Socket::from(fd);
    let address = socket.local_addr().map_err(|_| "one of them is no socket".to_owned())?;
    if socket.r#type().ok() != Some(Type::STREAM) {
        return Err("one of them is no stream socket (ListenStream=)".into());
    }
    if !listens(&socket) {
        return Err("one of them does not listen (Accept=no is needed)".into());
    }
    let unusable = |error: io::Error| format!("one of them cannot be used ({error})");
    socket.set_cloexec(true).map_err(unusable)?;
    socket.set_nonblocking(true).map_err(unusable)?;
    match address.domain() {
        Domain::IPV4 | Domain::IPV6 => {
            prepare(&socket).map_err(unusable)?;
            Ok(SocketListener::Tcp(OwnedFd::from(socket).into()))
        }
        Domain::UNIX => Ok(SocketListener::Unix(OwnedFd::from(socket).into(), None)),
        _ => Err("one of them is neither a TCP nor a Unix socket".into()),
    }
}

/// Whether a socket listens.
#[cfg(target_os = "linux")]
fn listens(socket: &Socket) -> bool {
    socket.is_listener().unwrap_or(false)
}

/// Elsewhere accept(2) says it. Untested.
#[cfg(not(target_os = "linux"))]
fn listens(_: &Socket) -> bool {
    true
}

/// What every TCP connection gets: small messages at once, and a dead peer found out.
///
/// On a listener it is inherited by what it accepts (tcp(7), Linux), which saves the calls there.
pub(crate) fn prepare<'s>(socket: impl Into<SockRef<'s>>) -> io::Result<()> {
    const KEEPALIVE: TcpKeepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(60))
        .with_interval(Duration::from_secs(15));
    let socket = socket.into();
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(&KEEPALIVE)
}

/// The addresses of a TCP host, for listening.
pub(crate) fn resolve(host: &TcpHost, port: u16, family: Family) -> io::Result<Vec<SocketAddr>> {
    match host {
        TcpHost::Loopback if family == Family::V6 => {
            Ok(vec![(std::net::Ipv6Addr::LOCALHOST, port).into()])
        }
        TcpHost::Loopback => Ok(vec![(Ipv4Addr::LOCALHOST, port).into()]),
        // `::ffff:127.0.0.1` cannot be bound where IPv6 sockets are IPv6 only.
        TcpHost::Ip(ip) => Ok(vec![(ip.to_canonical(), port).into()]),
        TcpHost::Name(name) => {
            let mut addresses = devkit_lookup::addresses(name, port)?;
            addresses.retain(|found| family.takes(found.ip()));
            addresses.dedup();
            Ok(addresses)
        }
    }
}

/// How a Unix address is written.
pub(crate) fn unix_text(path: Option<&std::path::Path>, name: Option<&[u8]>) -> String {
    use std::os::unix::ffi::OsStrExt;
    let address = match (path, name) {
        (Some(path), _) => UnixAddress::Path(path.into()),
        (None, Some(name)) => UnixAddress::Abstract(name.into()),
        (None, None) => UnixAddress::Path(std::ffi::OsStr::from_bytes(b"?").into()),
    };
    Address::Unix(address).to_string()
}

#[cfg(target_os = "linux")]
fn abstract_name(address: &std::os::unix::net::SocketAddr) -> Option<&[u8]> {
    std::os::linux::net::SocketAddrExt::as_abstract_name(address)
}

#[cfg(not(target_os = "linux"))]
fn abstract_name(_: &std::os::unix::net::SocketAddr) -> Option<&[u8]> {
    None
}

fn bind_tcp(address: SocketAddr, family: Family) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // tcp://[::]:8090 takes IPv4 too, whatever net.ipv6.bindv6only says.
        socket.set_only_v6(family == Family::V6 || !address.ip().is_unspecified())?;
    }
    // Linux lets nobody share a port that is listened on by this; it skips TIME_WAIT after a restart.
    socket.set_reuse_address(true)?;
    prepare(&socket)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(OwnedFd::from(socket).into())
}

#[cfg(target_os = "linux")]
fn bind_abstract(name: &[u8]) -> io::Result<UnixListener> {
    use std::os::unix::ffi::OsStrExt;
    let name = [b"\0", name].concat();
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(std::ffi::OsStr::from_bytes(&name))?)?;
    socket.listen(BACKLOG)?;
    Ok(OwnedFd::from(socket).into())
}

#[cfg(not(target_os = "linux"))]
fn bind_abstract(_: &[u8]) -> io::Result<UnixListener> {
    let _ = SockAddr::unix("");
    Err(io::Error::new(io::ErrorKind::Unsupported, "abstract names are Linux's"))
}
