//! The addresses a user writes: `tcp://127.0.0.1:8090`, `unix:/run/d.sock`, `echo:` and their kin.

use std::ffi::OsStr;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use devkit_text::escape;

/// Where connections come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Listen on this address.
    Listen(Address),
    /// Take the listening sockets that a service manager passed on (`sd_listen_fds(3)`).
    Activated,
    /// A single connection, on standard input and output.
    Stdio,
}

/// Where each connection goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Dial this address.
    Connect(Address),
    /// Answer with what was sent.
    Echo,
}

/// A stream socket's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// Host and port.
    Tcp(TcpAddress),
    /// A path or an abstract name.
    Unix(UnixAddress),
}

/// A TCP address whose host may still have to be resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TcpAddress {
    /// The host as written.
    pub host: TcpHost,
    /// The port; 0 asks the system for a free one and is for listening only.
    pub port: u16,
    /// Which of the host's addresses count.
    pub family: Family,
}

/// The host part of a TCP address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TcpHost {
    /// None was given: this machine, and nobody else.
    Loopback,
    /// A literal address.
    Ip(IpAddr),
    /// A name, or an IPv6 address with a zone, for the system's resolver.
    Name(String),
}

/// Which address families a TCP address stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// `tcp://`: both.
    Any,
    /// `tcp4://`: IPv4 only.
    V4,
    /// `tcp6://`: IPv6 only.
    V6,
}

/// A Unix socket's address, in bytes as the kernel has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnixAddress {
    /// A socket file.
    Path(PathBuf),
    /// A name in Linux's abstract namespace, without the leading NUL (`@` when written).
    Abstract(Vec<u8>),
}

/// Why a text is no address, and what was probably meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct AddressError {
    /// What is wrong with it.
    pub problem: AddressProblem,
    /// An address that would be accepted, if one can be guessed.
    pub suggestion: Option<String>,
}

/// What is wrong with an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressProblem {
    /// Nothing there.
    #[error("it is empty")]
    Empty,
    /// `http://…`, `unixpacket://…`.
    #[error("the scheme '{0}' is not known; there are tcp, tcp4, tcp6 and unix")]
    UnknownScheme(String),
    /// `unix://127.0.0.1:8080`.
    #[error("'{0}' looks like a TCP address, not a socket path")]
    LooksLikeTcp(String),
    /// A host alone.
    #[error("'{0}' has no port")]
    NoPort(String),
    /// The port is no number from 0 to 65535.
    #[error("'{0}' is no port: a number from 0 to 65535 is")]
    BadPort(String),
    /// Port 0 as a destination.
    #[error("port 0 can be listened on, but nothing can be reached there")]
    PortZero,
    /// The host is neither an address nor a name.
    #[error("'{0}' is neither an IP address nor a host name")]
    BadHost(String),
    /// `::1:8090`.
    #[error("an IPv6 address needs brackets before its port")]
    NoBrackets,
    /// `tcp4://[::1]:80`.
    #[error("'{host}' is no {family} address")]
    WrongFamily {
        /// The host as written.
        host: String,
        /// `IPv4` or `IPv6`.
        family: &'static str,
    },
    /// `unix:` and nothing more.
    #[error("the socket path is empty")]
    NoPath,
    /// `unix:/run/`.
    #[error("'{0}' ends with a slash, which only a folder's path does")]
    Folder(String),
    /// `unix:@` and nothing more.
    #[error("the abstract name is empty")]
    NoName,
    /// A NUL byte in a path.
    #[error("a socket path holds no NUL byte")]
    Nul,
    /// `echo:` as a source, `fd://` or `stdio:` as a destination.
    #[error("{0}")]
    WrongEnd(&'static str),
}

impl AddressProblem {
    fn because(self) -> AddressError {
        AddressError { problem: self, suggestion: None }
    }

    fn instead(self, suggestion: impl Into<String>) -> AddressError {
        AddressError { problem: self, suggestion: Some(suggestion.into()) }
    }
}

impl Source {
    /// Reads a source: every address form, `fd://` and `stdio:`.
    ///
    /// # Errors
    ///
    /// [`AddressError`] says what is wrong and, where it can be guessed, what was meant.
    pub fn parse(text: &OsStr) -> Result<Self, AddressError> {
        match text.as_bytes() {
            b"fd://" | b"fd:" => Ok(Self::Activated),
            b"stdio:" | b"stdio://" | b"stdio" | b"-" => Ok(Self::Stdio),
            b"echo:" | b"echo" => {
                Err(AddressProblem::WrongEnd("echo: can only be a destination").because())
            }
            _ => Address::parse(text).map(Self::Listen),
        }
    }
}

impl Destination {
    /// The Unix address, if that is what it is.
    pub(crate) fn unix(&self) -> Option<&UnixAddress> {
        match self {
            Self::Connect(Address::Unix(address)) => Some(address),
            _ => None,
        }
    }

    /// Reads a destination: every address form and `echo:`.
    ///
    /// # Errors
    ///
    /// As [`Source::parse`]; port 0 is none either.
    pub fn parse(text: &OsStr) -> Result<Self, AddressError> {
        match text.as_bytes() {
            b"echo:" | b"echo://" => Ok(Self::Echo),
            b"echo" => Err(AddressProblem::NoPort("echo".into()).instead("echo:")),
            b"fd://" | b"fd:" => {
                Err(AddressProblem::WrongEnd("fd:// can only be a source").because())
            }
            b"stdio:" | b"stdio://" | b"stdio" | b"-" => {
                Err(AddressProblem::WrongEnd("stdio: can only be a source").because())
            }
            _ => match Address::parse(text)? {
                Address::Tcp(TcpAddress { port: 0, .. }) => Err(AddressProblem::PortZero.because()),
                address => Ok(Self::Connect(address)),
            },
        }
    }
}

impl Address {
    /// Reads one of `tcp://HOST:PORT`, `tcp4://`, `tcp6://`, `HOST:PORT`, `:PORT`, `[V6]:PORT`,
    /// `PORT`, `unix:///PATH`, `unix:PATH`, `/PATH`, `unix:@NAME`, `unix://@NAME`.
    ///
    /// # Errors
    ///
    /// As [`Source::parse`].
    pub fn parse(text: &OsStr) -> Result<Self, AddressError> {
        let bytes = text.as_bytes();
        if bytes.is_empty() {
            return Err(AddressProblem::Empty.because());
        }
        if let Some(rest) = bytes.strip_prefix(b"unix://").or(bytes.strip_prefix(b"unix:")) {
            return UnixAddress::parse(rest).map(Self::Unix);
        }
        if let Some(error) = other_case(bytes) {
            return Err(error);
        }
        if let Some((scheme, rest)) = split_scheme(bytes) {
            let family = match scheme {
                b"tcp" => Family::Any,
                b"tcp4" => Family::V4,
                b"tcp6" => Family::V6,
                _ => {
                    let error = AddressProblem::UnknownScheme(escape(scheme));
                    return Err(match TcpAddress::parse(rest, Family::Any) {
                        Ok(address) => error.instead(address.to_string()),
                        Err(_) => error.because(),
                    });
                }
            };
            return TcpAddress::parse(rest, family).map(Self::Tcp);
        }
        // A host name holds no slash, so this can only be a path.
        if bytes.iter().find(|b| matches!(b, b'/' | b':')) == Some(&b'/') {
            return UnixAddress::parse(bytes).map(Self::Unix);
        }
        match TcpAddress::parse(bytes, Family::Any) {
            Err(error) if bytes[0] == b'@' => {
                Err(AddressError { suggestion: Some(format!("unix:{}", escape(bytes))), ..error })
            }
            Err(AddressError { problem: AddressProblem::NoPort(host), suggestion: None })
                if looks_like_file(bytes) =>
            {
                let suggestion = format!("unix:{host}");
                Err(AddressProblem::NoPort(host).instead(suggestion))
            }
            other => other.map(Self::Tcp),
        }
    }
}

impl TcpAddress {
    fn parse(bytes: &[u8], family: Family) -> Result<Self, AddressError> {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| AddressProblem::BadHost(escape(bytes)).because())?;
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Self { host: TcpHost::Loopback, port: port(text)?, family });
        }
        let scheme = family.scheme();
        if let Some(rest) = text.strip_prefix('[') {
            let Some((host, rest)) = rest.split_once(']') else {
                return Err(AddressProblem::BadHost(escape(bytes)).because());
            };
            let Some(digits) = rest.strip_prefix(':') else {
                return Err(AddressProblem::NoPort(escape(bytes)).because());
            };
            let port = port(digits)?;
            let (literal, zone) = host.split_once('%').unwrap_or((host, ""));
            let Ok(ip) = literal.parse::<Ipv6Addr>() else {
                return Err(AddressProblem::BadHost(escape(host.as_bytes())).because());
            };
            if !zone.bytes().all(|b| b.is_ascii_graphic()) {
                return Err(AddressProblem::BadHost(escape(host.as_bytes())).because());
            }
            if family == Family::V4 {
                return Err(AddressProblem::WrongFamily { host: host.into(), family: "IPv4" }
                    .instead(format!("tcp6://[{host}]:{port}")));
            }
            let host =
                if zone.is_empty() { TcpHost::Ip(ip.into()) } else { TcpHost::Name(host.into()) };
            return Ok(Self { host, port, family });
        }
        let Some((host, digits)) = text.rsplit_once(':') else {
            return Err(AddressProblem::NoPort(escape(bytes)).because());
        };
        if host.contains(':') {
            let guess = host.parse::<Ipv6Addr>().is_ok() && port(digits).is_ok();
            return Err(match (guess, host.split_once(':')) {
                (true, _) => {
                    AddressProblem::NoBrackets.instead(format!("{scheme}://[{host}]:{digits}"))
                }
                // socat's way of writing it.
                (false, Some(("tcp" | "TCP" | "tcp4" | "TCP4", host))) => {
                    AddressProblem::BadHost(escape(text.as_bytes()))
                        .instead(format!("tcp://{host}:{digits}"))
                }
                _ => AddressProblem::NoBrackets.because(),
            });
        }
        let port = port(digits).map_err(|error| AddressError {
            suggestion: digits
                .strip_suffix('/')
                .filter(|digits| port(digits).is_ok())
                .map(|digits| format!("{scheme}://{host}:{digits}")),
            ..error
        })?;
        if host.is_empty() {
            return Ok(Self { host: TcpHost::Loopback, port, family });
        }
        if let Ok(ip) = host.parse::<Ipv4Addr>() {
            if family == Family::V6 {
                return Err(AddressProblem::WrongFamily { host: host.into(), family: "IPv6" }
                    .instead(format!("tcp4://{host}:{port}")));
            }
            return Ok(Self { host: TcpHost::Ip(ip.into()), port, family });
        }
        if !is_host_name(host) {
            return Err(AddressProblem::BadHost(escape(host.as_bytes())).because());
        }
        Ok(Self { host: TcpHost::Name(host.into()), port, family })
    }
}

impl UnixAddress {
    fn parse(bytes: &[u8]) -> Result<Self, AddressError> {
        if bytes.contains(&0) {
            return Err(AddressProblem::Nul.because());
        }
        if let Some(name) = bytes.strip_prefix(b"@") {
            if name.is_empty() {
                return Err(AddressProblem::NoName.because());
            }
            return Ok(Self::Abstract(name.into()));
        }
        if bytes.is_empty() {
            return Err(AddressProblem::NoPath.because());
        }
        let trimmed = &bytes[..bytes.iter().rposition(|b| *b != b'/').map_or(0, |last| last + 1)];
        if !trimmed.contains(&b'/')
            && trimmed.contains(&b':')
            && let Ok(address) = TcpAddress::parse(trimmed, Family::Any)
        {
            return Err(AddressProblem::LooksLikeTcp(escape(trimmed)).instead(address.to_string()));
        }
        if trimmed.len() < bytes.len() {
            let error = AddressProblem::Folder(escape(bytes));
            let file = !trimmed.is_empty();
            return Err(if file {
                error.instead(format!("unix:{}", escape(trimmed)))
            } else {
                error.because()
            });
        }
        Ok(Self::Path(OsStr::from_bytes(bytes).into()))
    }

    /// What stands behind `unix:` when the address is written.
    fn name(&self) -> String {
        match self {
            Self::Path(path) => escape(path.as_os_str().as_bytes()),
            Self::Abstract(name) => format!("@{}", escape(name)),
        }
    }
}

impl Family {
    fn scheme(self) -> &'static str {
        match self {
            Self::Any => "tcp",
            Self::V4 => "tcp4",
            Self::V6 => "tcp6",
        }
    }

    /// Whether an address of this kind is wanted.
    pub(crate) fn takes(self, ip: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => ip.is_ipv4(),
            Self::V6 => ip.is_ipv6(),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen(address) => address.fmt(f),
            Self::Activated => f.write_str("fd://"),
            Self::Stdio => f.write_str("stdio:"),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(address) => address.fmt(f),
            Self::Echo => f.write_str("echo:"),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(address) => write!(f, "unix:{}", address.name()),
        }
    }
}

impl fmt::Display for TcpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, port) = (self.family.scheme(), self.port);
        match &self.host {
            TcpHost::Loopback => write!(f, "{scheme}://localhost:{port}"),
            TcpHost::Ip(IpAddr::V6(ip)) => write!(f, "{scheme}://[{ip}]:{port}"),
            TcpHost::Ip(IpAddr::V4(ip)) => write!(f, "{scheme}://{ip}:{port}"),
            TcpHost::Name(name) if name.contains(':') => write!(f, "{scheme}://[{name}]:{port}"),
            TcpHost::Name(name) => write!(f, "{scheme}://{name}:{port}"),
        }
    }
}

fn split_scheme(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.windows(3).position(|w| w == b"://")?;
    let scheme = &bytes[..at];
    // "./a://b" is a path.
    scheme.iter().all(u8::is_ascii_alphanumeric).then(|| (scheme, &bytes[at + 3..]))
}

/// Schemes are written in small letters; `UNIX:/run/d.sock` is one that was meant so.
fn other_case(bytes: &[u8]) -> Option<AddressError> {
    let colon = bytes.iter().position(|b| *b == b':')?;
    let (scheme, rest) = bytes.split_at(colon);
    let small = scheme.to_ascii_lowercase();
    let known = match small.as_slice() {
        b"unix" => true,
        b"tcp" | b"tcp4" | b"tcp6" => rest.starts_with(b"://"),
        _ => false,
    };
    if !known || small == scheme {
        return None;
    }
    let error = AddressProblem::UnknownScheme(escape(scheme));
    let meant = [&small, rest].concat();
    Some(match Address::parse(OsStr::from_bytes(&meant)) {
        Ok(_) => error.instead(escape(&meant)),
        Err(_) => error.because(),
    })
}

fn port(digits: &str) -> Result<u16, AddressError> {
    // `u16::from_str` takes a plus sign, and so would not complain about "+80".
    let number = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
    number.ok_or_else(|| AddressProblem::BadPort(escape(digits.as_bytes())).because())
}

/// Letters, digits, `-`, `_` and `.`; the last label is not a number, because the resolver would
/// take `127.1` or `010.0.0.1` for addresses that nobody sees in them.
fn is_host_name(host: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let last = host.strip_suffix('.').unwrap_or(host).rsplit('.').next().unwrap_or_default();
    host.len() <= 253
        && host.bytes().all(known)
        && !last.is_empty()
        && !last.bytes().all(|b| b.is_ascii_digit())
        && !last.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("0x"))
}

fn looks_like_file(bytes: &[u8]) -> bool {
    bytes.ends_with(b".sock") || bytes.ends_with(b".socket")
}
