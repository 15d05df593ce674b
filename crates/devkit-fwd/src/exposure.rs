//! Control sockets whose users are as good as root: forwarding one gives that away.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use devkit_report::{Message, message};

use crate::input::endpoint::{Address, Destination, UnixAddress};

/// A destination that hands out the rights of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// The socket, as written.
    pub path: PathBuf,
    /// The service behind it.
    pub service: &'static str,
    /// Whose rights its clients have.
    pub rights: Rights,
}

/// Whose rights a control socket gives its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// The machine's.
    Root,
    /// The rights of the user whose rootless service this is.
    User(u32),
}

/// File name of the socket, or its whole path, and the service.
///
/// Source: each service's documentation; Docker, "Protect the Docker daemon socket", and
/// containerd's refusal to listen on TCP ("full access to the system and kernel") give the reason.
const SOCKETS: &[(&str, &str)] = &[
    ("docker.sock", "docker"),
    ("containerd.sock", "containerd"),
    ("crio.sock", "CRI-O"),
    ("podman.sock", "podman"),
    ("buildkitd.sock", "buildkitd"),
    ("/run/systemd/private", "systemd"),
    ("system_bus_socket", "the D-Bus system bus"),
];

impl Exposure {
    /// What `who` gets by it.
    #[must_use]
    pub fn gives_away(&self, who: &Message) -> Message {
        let Self { path, service, rights } = self;
        match rights {
            Rights::Root => {
                message!("{} becomes root on this machine through {} ({})", who, service, path)
            }
            Rights::User(uid) => {
                message!("{} becomes user {} through {} ({})", who, uid, service, path)
            }
        }
    }

    /// Looks a destination up; links are followed, so that `/tmp/d.sock -> /run/docker.sock` counts.
    pub(crate) fn of(destination: &Destination) -> Option<Self> {
        let Destination::Connect(Address::Unix(UnixAddress::Path(path))) = destination else {
            return None;
        };
        let target = path.canonicalize().ok();
        let targets = [Some(path.as_path()), target.as_deref()];
        targets.into_iter().flatten().find_map(|target| {
            let (_, service) = SOCKETS.iter().find(|(socket, _)| is_socket(target, socket))?;
            Some(Self { path: path.clone(), service, rights: rights(target) })
        })
    }
}

fn is_socket(path: &Path, socket: &str) -> bool {
    if let Some(rest) = socket.strip_prefix('/') {
        path == Path::new(socket) || path == Path::new("/var").join(rest)
    } else {
        path.file_name().is_some_and(|name| name.as_bytes() == socket.as_bytes())
    }
}

/// `/run/user/1000/docker.sock` is the rootless service of user 1000.
fn rights(path: &Path) -> Rights {
    let rest = path.strip_prefix("/run/user").or_else(|_| path.strip_prefix("/var/run/user"));
    let uid = rest.ok().and_then(|rest| rest.iter().next()?.to_str()?.parse().ok());
    match uid {
        Some(uid) if uid != 0 => Rights::User(uid),
        _ => Rights::Root,
    }
}
