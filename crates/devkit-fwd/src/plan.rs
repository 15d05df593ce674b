//! What a forwarder is going to do, judged before any of it is done.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use devkit_report::{Detailed, Finding, Message, message};

use crate::error::{Error, SourceRule};
use crate::exposure::Exposure;
use crate::input::endpoint::{
    Address, Destination, Family, Source, TcpAddress, TcpHost, UnixAddress,
};
use crate::input::options::{Networks, Options};
use crate::listen::activation::Activation;
use crate::listen::listener::{self, SocketListener};
use crate::serve::forwarder::Forwarder;
use crate::system::sun_path;

/// A source, a destination and options that go together.
#[derive(Debug)]
pub struct Plan {
    pub(crate) destination: Destination,
    pub(crate) options: Options,
    intake: Intake,
    warnings: Vec<Detailed<Gravity>>,
}

/// Where connections will come from, resolved.
#[derive(Debug)]
enum Intake {
    Tcp(Vec<SocketAddr>, Family),
    Unix(UnixAddress),
    Passed(Vec<SocketListener>),
    Stdio,
}

/// Whether a warning is to be shown even where the user wants silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gravity {
    /// Whether others get the machine, or an account of it.
    pub is_grave: bool,
}

/// Who can make use of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Audience {
    /// All users and processes of this machine.
    ThisMachine,
    /// Whoever reaches the port from anywhere.
    Anyone,
    /// Whoever is in these networks.
    Networks(Vec<String>),
    /// Whoever may open the socket, as far as rules on users let them.
    SocketUsers,
}

impl Audience {
    /// Who it is, in words.
    fn words(&self) -> Message {
        match self {
            Self::ThisMachine => message!("every user and process of this machine"),
            Self::Anyone => message!("whoever can reach this port"),
            Self::Networks(networks) => message!("every process on {}", networks.join(", ")),
            Self::SocketUsers => message!("whoever may open this socket"),
        }
    }
}

/// The destination is a control socket.
fn exposed(exposure: &Exposure, audience: &Audience) -> Detailed<Gravity> {
    let is_grave = matches!(audience, Audience::Anyone | Audience::Networks(_));
    let message = exposure.gives_away(&audience.words());
    Finding::warning("root-equivalent", message).with(Gravity { is_grave })
}

/// Any local user may connect to an abstract name.
fn abstract_is_open(address: &str) -> Detailed<Gravity> {
    let message =
        message!("any local user may connect to {}: abstract names have no permissions", address);
    Finding::warning("abstract-open", message).with(Gravity { is_grave: false })
}

/// Users are admitted by a rule whom the file's mode keeps out.
fn mode_keeps_out(mode: u32) -> Detailed<Gravity> {
    let message = message!(
        "mode {} keeps other users from the socket, whatever the rules on users and groups say",
        format!("{mode:04o}")
    );
    Finding::warning("mode-keeps-out", message).with(Gravity { is_grave: false })
}

impl Plan {
    /// Judges a wish. A source's name is resolved and passed sockets are taken; nothing is bound,
    /// dialled or written.
    ///
    /// # Errors
    ///
    /// [`Error::NotLoopback`], [`Error::SameAddress`], [`Error::PathTooLong`] (an abstract name),
    /// [`Error::RuleDoesNotFit`], [`Error::Unresolved`], [`Error::Activation`].
    pub fn new(
        source: &Source,
        destination: Destination,
        options: Options,
        activation: &Activation,
    ) -> Result<Self, Error> {
        let intake = Intake::of(source, activation)?;
        for address in [intake.unix(), destination.unix()].into_iter().flatten() {
            check_length(address)?;
        }
        intake.check_rules(source, &options)?;
        let exposure = Exposure::of(&destination);
        intake.check_reach(&options, exposure.as_ref())?;
        intake.check_same(&destination)?;
        let warnings = intake.warnings(&options, exposure.as_ref());
        Ok(Self { destination, options, intake, warnings })
    }

    /// What the user should know.
    #[must_use]
    pub fn warnings(&self) -> &[Detailed<Gravity>] {
        &self.warnings
    }

    /// Starts listening: from here on, clients can connect and wait.
    ///
    /// For a socket file the umask, which belongs to the whole process, is another for a moment: no
    /// other thread should be creating files meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::AddressInUse`], [`Error::SocketInUse`], [`Error::NotASocket`],
    /// [`Error::PathTooLong`], [`Error::PermissionDenied`], [`Error::NotLocal`], [`Error::Io`].
    /// Nothing stays open or behind.
    pub fn listen(self) -> Result<Forwarder, Error> {
        let listeners = match self.intake {
            Intake::Tcp(addresses, family) => listener::tcp(&addresses, family)?,
            Intake::Unix(address) => vec![listener::unix(&address, &self.options.file)?],
            Intake::Passed(listeners) => listeners,
            Intake::Stdio => Vec::new(),
        };
        Ok(Forwarder::new(listeners, self.destination, self.options))
    }
}

impl Intake {
    fn of(source: &Source, activation: &Activation) -> Result<Self, Error> {
        Ok(match source {
            Source::Stdio => Self::Stdio,
            Source::Activated => Self::Passed(activation.take()?),
            Source::Listen(Address::Unix(address)) => Self::Unix(address.clone()),
            Source::Listen(Address::Tcp(TcpAddress { host, port, family })) => {
                let unresolved = |source| {
                    let host = match host {
                        TcpHost::Name(name) => name.clone(),
                        TcpHost::Ip(ip) => ip.to_string(),
                        TcpHost::Loopback => "localhost".into(),
                    };
                    Error::Unresolved { host, source }
                };
                let addresses = listener::resolve(host, *port, *family)
                    .map_err(|error| unresolved(Some(error)))?;
                if addresses.is_empty() {
                    return Err(unresolved(None));
                }
                Self::Tcp(addresses, *family)
            }
        })
    }

    fn check_rules(&self, source: &Source, options: &Options) -> Result<(), Error> {
        let (tcp, unix, file) = match self {
            Self::Tcp(..) => (true, false, false),
            Self::Unix(UnixAddress::Path(_)) => (false, true, true),
            Self::Unix(UnixAddress::Abstract(_)) => (false, true, false),
            Self::Stdio => (false, false, false),
            Self::Passed(listeners) => {
                let tcp = |listener: &SocketListener| matches!(listener, SocketListener::Tcp(_));
                (listeners.iter().any(tcp), !listeners.iter().all(tcp), false)
            }
        };
        // A rule that is silently without effect would be worse than none.
        let rules = [
            (options.networks != Networks::Unsaid, tcp, SourceRule::Networks),
            (options.peers.restrict(), unix, SourceRule::Peers),
            (options.file.is_set(), file, SourceRule::SocketFile),
        ];
        match rules.into_iter().find(|(given, fits, _)| *given && !fits) {
            Some((_, _, rule)) => {
                Err(Error::RuleDoesNotFit { rule, source_address: source.to_string() })
            }
            None => Ok(()),
        }
    }

    fn check_reach(&self, options: &Options, exposure: Option<&Exposure>) -> Result<(), Error> {
        let far = self.tcp_addresses().into_iter().find(|a| !listener::is_loopback(a.ip()));
        match far {
            Some(address) if options.networks == Networks::Unsaid => Err(Error::NotLoopback {
                address: format!("tcp://{address}"),
                exposure: exposure.cloned(),
            }),
            _ => Ok(()),
        }
    }

    /// Refuses a destination that is this forwarder itself. A name is not resolved for this: where
    /// it leads back here, the connection will fail with that reason.
    fn check_same(&self, destination: &Destination) -> Result<(), Error> {
        let Destination::Connect(there) = destination else { return Ok(()) };
        let same = match (self, there) {
            (Self::Unix(here), Address::Unix(there)) => same_unix(here, there),
            (Self::Passed(listeners), Address::Unix(there)) => {
                let there = Address::Unix(there.clone()).to_string();
                listeners.iter().any(|listener| listener.address() == there)
            }
            (_, Address::Tcp(there)) => {
                let own: Vec<_> = match self {
                    Self::Tcp(addresses, Family::V6) => addresses.clone(),
                    Self::Tcp(addresses, _) => {
                        addresses.iter().flat_map(|address| listener::with_v4(*address)).collect()
                    }
                    Self::Passed(listeners) => {
                        listeners.iter().flat_map(SocketListener::covers).collect()
                    }
                    Self::Unix(_) | Self::Stdio => Vec::new(),
                };
                let own: Vec<_> = own.into_iter().filter(|own| own.port() != 0).collect();
                literal(there).is_some_and(|there| crate::serve::dial::leads_back(there, &own))
            }
            _ => false,
        };
        if same { Err(Error::SameAddress { address: there.to_string() }) } else { Ok(()) }
    }

    fn warnings(&self, options: &Options, exposure: Option<&Exposure>) -> Vec<Detailed<Gravity>> {
        let mut warnings = Vec::new();
        if let (Some(exposure), Some(audience)) = (exposure, self.audience(options)) {
            warnings.push(exposed(exposure, &audience));
        }
        if !options.peers.restrict() {
            let open = self.abstract_names();
            warnings.extend(open.iter().map(|address| abstract_is_open(address)));
        }
        let mode = options.file.mode();
        let named = options.file.owner.is_some() || options.file.group.is_some();
        let uids = &options.peers.uids;
        let others = uids.iter().any(|uid| *uid != 0 && *uid != nix::unistd::geteuid().as_raw());
        if matches!(self, Self::Unix(UnixAddress::Path(_)))
            && (others || !options.peers.gids.is_empty())
            && mode & 0o022 == 0
            && !named
        {
            warnings.push(mode_keeps_out(mode));
        }
        warnings
    }

    /// Who can connect; nobody, if no socket is opened for it.
    fn audience(&self, options: &Options) -> Option<Audience> {
        let addresses = self.tcp_addresses();
        if addresses.iter().any(|address| !listener::is_loopback(address.ip())) {
            return Some(match &options.networks {
                Networks::Only(networks) => {
                    Audience::Networks(networks.iter().map(ToString::to_string).collect())
                }
                _ => Audience::Anyone,
            });
        }
        match self {
            Self::Stdio => None,
            _ if !addresses.is_empty() => Some(Audience::ThisMachine),
            _ => Some(Audience::SocketUsers),
        }
    }

    fn unix(&self) -> Option<&UnixAddress> {
        match self {
            Self::Unix(address) => Some(address),
            _ => None,
        }
    }

    /// Abstract names, as they are written.
    fn abstract_names(&self) -> Vec<String> {
        match self {
            Self::Unix(name @ UnixAddress::Abstract(_)) => {
                vec![Address::Unix(name.clone()).to_string()]
            }
            Self::Passed(listeners) => listeners
                .iter()
                .map(SocketListener::address)
                .filter(|address| address.starts_with("unix:@"))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn tcp_addresses(&self) -> Vec<SocketAddr> {
        match self {
            Self::Tcp(addresses, _) => addresses.clone(),
            Self::Passed(listeners) => {
                listeners.iter().filter_map(SocketListener::tcp_address).collect()
            }
            Self::Unix(_) | Self::Stdio => Vec::new(),
        }
    }
}

/// An abstract name has no folder by which it could be made shorter.
fn check_length(address: &UnixAddress) -> Result<(), Error> {
    use std::os::unix::ffi::OsStrExt;
    match address {
        UnixAddress::Abstract(name) if name.len() > sun_path::LIMIT => Err(Error::PathTooLong {
            path: std::ffi::OsStr::from_bytes(&[b"@", &name[..]].concat()).into(),
            length: name.len(),
            limit: sun_path::LIMIT,
        }),
        _ => Ok(()),
    }
}

/// The address a destination stands for, where no resolver is needed.
fn literal(address: &TcpAddress) -> Option<SocketAddr> {
    let ip = match (&address.host, address.family) {
        (TcpHost::Ip(ip), _) => *ip,
        (TcpHost::Loopback, Family::V6) => IpAddr::from(Ipv6Addr::LOCALHOST),
        (TcpHost::Loopback, _) => IpAddr::from(Ipv4Addr::LOCALHOST),
        (TcpHost::Name(name), _) if name == "localhost" => IpAddr::from(Ipv4Addr::LOCALHOST),
        (TcpHost::Name(_), _) => return None,
    };
    Some((ip, address.port).into())
}

fn same_unix(here: &UnixAddress, there: &UnixAddress) -> bool {
    match (here, there) {
        (UnixAddress::Path(here), UnixAddress::Path(there)) => {
            here == there || settled(here) == settled(there)
        }
        (here, there) => here == there,
    }
}

/// The path with links followed as far as it exists; the last part need not.
fn settled(path: &Path) -> PathBuf {
    if let Ok(path) = path.canonicalize() {
        return path;
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    match (parent.unwrap_or(Path::new(".")).canonicalize(), path.file_name()) {
        (Ok(parent), Some(name)) => parent.join(name),
        _ => path.into(),
    }
}
