//! What a user may decide about a forwarder, with the defaults.

use std::net::IpAddr;
use std::num::{NonZeroU16, NonZeroUsize};
use std::time::Duration;

use super::cidr::Cidr;

/// How to listen, whom to admit, and how long to wait.
#[derive(Debug, Clone)]
pub struct Options {
    /// Who may connect over TCP.
    pub networks: Networks,
    /// Who may connect over a Unix socket.
    pub peers: Peers,
    /// What the socket file is to look like.
    pub file: FileRule,
    /// Time for resolving and dialling together.
    pub connect_timeout: Duration,
    /// Cut a connection on which nothing moved for so long; `None` never does.
    pub idle_timeout: Option<Duration>,
    /// Cut a connection that one side has ended, after so long without a byte; `None` never does.
    pub half_close_timeout: Option<Duration>,
    /// Time that open connections get to finish after [`crate::Control::stop`].
    pub drain: Duration,
    /// Connections at once; more wait in the backlog. `None`: what the descriptor limit allows.
    pub max_connections: Option<NonZeroUsize>,
    /// Threads that carry connections; each stays on the one that it starts on.
    pub workers: NonZeroU16,
    /// How bytes are moved.
    pub engine: Engine,
}

/// How bytes are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Engine {
    /// Through pipes (`splice(2)`) while a direction streams and the kernel saves a copy by it, as on
    /// Linux from TCP and between Unix sockets; through a buffer otherwise.
    #[default]
    Adaptive,
    /// Always through a buffer.
    Copy,
}

/// Who may connect over TCP.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Networks {
    /// Nothing was said: this machine, which is all that reaches a loopback address.
    #[default]
    Unsaid,
    /// Whoever can reach the port.
    Any,
    /// These, and nobody else, on loopback too.
    Only(Vec<Cidr>),
}

/// Who may connect over a Unix socket, by the credentials the kernel reports (`SO_PEERCRED`).
///
/// With both lists empty nobody is refused; otherwise a peer must be in one of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Peers {
    /// User ids.
    pub uids: Vec<u32>,
    /// Group ids; a peer's supplementary groups count too, where the system reports them.
    pub gids: Vec<u32>,
}

/// Mode and owner of a socket file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileRule {
    /// Permission bits, at most `0o777`, from the first moment the file can be connected to.
    /// `None`: `0o600`.
    pub mode: Option<u32>,
    /// User id to give it to.
    pub owner: Option<u32>,
    /// Group id to give it to.
    pub group: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            networks: Networks::default(),
            peers: Peers::default(),
            file: FileRule { mode: None, owner: None, group: None },
            connect_timeout: Duration::from_secs(5),
            idle_timeout: None,
            half_close_timeout: Some(Duration::from_secs(3600)),
            drain: Duration::from_secs(10),
            max_connections: None,
            workers: NonZeroU16::MIN,
            engine: Engine::default(),
        }
    }
}

impl Options {
    /// The options with times that a clock can be set to: thirty years are the longest.
    pub(crate) fn bounded(self) -> Self {
        const LONGEST: Duration = Duration::from_secs(30 * 365 * 86_400);
        let bounded = |time: Duration| time.min(LONGEST);
        Self {
            connect_timeout: bounded(self.connect_timeout),
            idle_timeout: self.idle_timeout.map(bounded),
            half_close_timeout: self.half_close_timeout.map(bounded),
            drain: bounded(self.drain),
            ..self
        }
    }
}

impl Networks {
    /// Whether a peer with this address may connect.
    #[must_use]
    pub fn admit(&self, ip: IpAddr) -> bool {
        match self {
            Self::Unsaid | Self::Any => true,
            Self::Only(networks) => networks.iter().any(|network| network.contains(ip)),
        }
    }
}

impl Peers {
    /// Whether there is a rule at all.
    #[must_use]
    pub fn restrict(&self) -> bool {
        !self.uids.is_empty() || !self.gids.is_empty()
    }

    /// Whether a peer with this user id and these group ids may connect.
    #[must_use]
    pub fn admit(&self, uid: u32, gids: &[u32]) -> bool {
        !self.restrict()
            || self.uids.contains(&uid)
            || gids.iter().any(|gid| self.gids.contains(gid))
    }
}

impl FileRule {
    /// The mode in force.
    #[must_use]
    pub fn mode(&self) -> u32 {
        self.mode.unwrap_or(0o600)
    }

    /// Whether anything was asked for.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.mode.is_some() || self.owner.is_some() || self.group.is_some()
    }
}
