//! The errors that can keep a forwarder from starting.

use std::fmt;
use std::io;
use std::path::PathBuf;

use devkit_report::{Message, message};

use crate::exposure::Exposure;

/// Why a forwarder could not start.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.message())]
#[non_exhaustive]
pub enum Error {
    /// Another process listens on that TCP port, or owns that abstract name.
    AddressInUse {
        /// The address, written as `tcp://…` or `unix:@…`.
        address: String,
        /// The process behind it, if it can be seen.
        holder: Option<Holder>,
    },
    /// Another process listens on that socket file.
    SocketInUse {
        /// The socket file.
        path: PathBuf,
        /// The process behind it, if it can be seen.
        holder: Option<Holder>,
    },
    /// The path exists and is no socket. It was not touched.
    NotASocket {
        /// The path.
        path: PathBuf,
        /// What stands there: `a directory`, `a regular file` …
        kind: &'static str,
    },
    /// The path does not fit into a socket address.
    PathTooLong {
        /// The path.
        path: PathBuf,
        /// Bytes that would have to fit.
        length: usize,
        /// Bytes that do.
        limit: usize,
    },
    /// Users of other machines could connect, and nothing says who may.
    NotLoopback {
        /// The listening address.
        address: String,
        /// What they would get.
        exposure: Option<Exposure>,
    },
    /// Each connection would come back as a new one.
    SameAddress {
        /// The address.
        address: String,
    },
    /// No such account.
    UnknownUser {
        /// `user` or `group`.
        kind: &'static str,
        /// The name as written.
        name: String,
    },
    /// The system's own rules forbid it.
    PermissionDenied {
        /// What was tried, such as `listen on tcp://127.0.0.1:80`.
        action: Message,
        /// Which right it takes, if that is known.
        needs: Option<Right>,
        /// The system's answer.
        source: io::Error,
    },
    /// The source's host name has no usable address.
    Unresolved {
        /// The host as written.
        host: String,
        /// The resolver's answer, if it was an error.
        source: Option<io::Error>,
    },
    /// The source's address belongs to another machine.
    NotLocal {
        /// The address.
        address: String,
    },
    /// An option says who may connect in terms this source does not have.
    RuleDoesNotFit {
        /// The rule.
        rule: SourceRule,
        /// The source as written.
        source_address: String,
    },
    /// `fd://` without sockets that can be served.
    Activation(String),
    /// Anything else the system refused.
    Io {
        /// What was tried.
        action: Message,
        /// The system's answer.
        source: io::Error,
    },
}

/// A right that was missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Ports below 1024 are for root and `CAP_NET_BIND_SERVICE`.
    PrivilegedPort,
    /// Giving files away is for root and `CAP_CHOWN`.
    ChangeOwner,
    /// The folder must be writable.
    WriteFolder,
    /// The socket file must be writable to find out whether somebody listens on it.
    ProbeSocket,
}

/// A rule of [`crate::Options`] that fits some kinds of source only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceRule {
    /// Networks that may connect: TCP only.
    Networks,
    /// Users and groups that may connect: Unix only.
    Peers,
    /// Mode and owner of the socket file: Unix paths only.
    SocketFile,
}

/// The process that has what was wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The process's command name, as `/proc/PID/comm` has it.
    pub name: String,
    /// The process id.
    pub pid: i32,
}

impl Error {
    /// The stable, kebab-case name of the problem.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AddressInUse { .. } => "address-in-use",
            Self::SocketInUse { .. } => "socket-in-use",
            Self::NotASocket { .. } => "not-a-socket",
            Self::PathTooLong { .. } => "path-too-long",
            Self::NotLoopback { .. } => "not-loopback",
            Self::SameAddress { .. } => "same-address",
            Self::UnknownUser { .. } => "unknown-user",
            Self::PermissionDenied { .. } => "permission-denied",
            Self::Unresolved { .. } | Self::NotLocal { .. } => "bad-address",
            Self::RuleDoesNotFit { .. } | Self::Activation(_) => "usage",
            Self::Io { .. } => "io",
        }
    }

    /// What could not be done; the cause is its source.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::AddressInUse { address, .. } => message!("cannot listen on {}", address),
            Self::SocketInUse { path, .. } | Self::NotASocket { path, .. } => {
                message!("cannot listen on unix:{}", path)
            }
            Self::PathTooLong { path, .. } => message!("the path of unix:{} is too long", path),
            Self::NotLoopback { address, .. } => message!(
                "{} is reachable from other machines, and nothing says who may connect",
                address
            ),
            Self::SameAddress { address } => {
                message!("source and destination are both {}", address)
            }
            Self::UnknownUser { kind, name } => message!("no {} is named '{}'", kind, name),
            Self::PermissionDenied { action, .. } | Self::Io { action, .. } => {
                message!("cannot {}", action)
            }
            Self::Unresolved { host, .. } => message!("cannot find an address for '{}'", host),
            Self::NotLocal { address } => {
                message!("cannot listen on {}: this machine has no such address", address)
            }
            Self::RuleDoesNotFit { rule, source_address } => {
                message!("{} cannot be applied to {}", rule.to_string(), source_address)
            }
            Self::Activation(why) => message!("fd:// has no socket to serve: {}", why),
        }
    }

    /// Sorts an I/O error into a refusal by the system's rules and the rest.
    pub(crate) fn io(action: Message, needs: Option<Right>, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::PermissionDenied {
            Self::PermissionDenied { action, needs, source }
        } else {
            Self::Io { action, source }
        }
    }
}

impl fmt::Display for SourceRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Networks => "a rule on networks",
            Self::Peers => "a rule on users and groups",
            Self::SocketFile => "a socket file's mode or owner",
        })
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, pid {}", self.name, self.pid)
    }
}
