//! Unix listeners: what may be replaced, with which mode, and what is removed at the end.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, lchown};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use devkit_report::message;
use nix::sys::stat::{Mode, umask};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::error::{Error, Holder, Right};
use crate::input::options::FileRule;
use crate::system::limits::BACKLOG;
use crate::system::sun_path::{Alias, AliasError};

/// A socket file that this process made. Dropping it removes the file, if it is still the same.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl SocketFile {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Somebody may have put another file there meanwhile: that one is not ours to remove.
        let same = fs::symlink_metadata(&self.path)
            .is_ok_and(|file| file.dev() == self.device && file.ino() == self.inode);
        if same {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Binds and listens on a path, after making sure that nobody loses anything by it.
pub(crate) fn listen(path: &Path, rule: &FileRule) -> Result<(UnixListener, SocketFile), Error> {
    let alias = alias(path)?;
    // Two forwarders that find the same stale file must not remove each other's fresh one.
    let _turn = take_turn(path);
    clear(path, &alias)?;

    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).map_err(|e| cannot(path, e))?;
    let address = SockAddr::unix(alias.path()).map_err(|e| cannot(path, e))?;
    // bind(2) creates the file with mode 0777 less the umask: this way it has the wanted mode from
    // its first moment, and there is no gap between bind and chmod. The umask is the whole
    // process's; see `Plan::listen`.
    let mask = !rule.mode() & 0o777;
    // Apple's mode_t has 16 bits, which these nine fit into.
    let before = umask(Mode::from_bits_truncate(mask as nix::libc::mode_t));
    let bound = socket.bind(&address);
    umask(before);
    bound.map_err(|error| match error.raw_os_error() {
        Some(nix::libc::EADDRINUSE) => Error::SocketInUse { path: path.into(), holder: None },
        _ => cannot(path, error),
    })?;
    let made = fs::symlink_metadata(path).map_err(|e| cannot(path, e))?;
    let file = SocketFile { path: path.into(), device: made.dev(), inode: made.ino() };
    if rule.owner.is_some() || rule.group.is_some() {
        lchown(path, rule.owner, rule.group).map_err(|error| {
            let action = message!("give unix:{} to another owner", path);
            Error::io(action, Some(Right::ChangeOwner), error)
        })?;
    }
    // Until now a connect(2) was refused.
    socket.listen(BACKLOG).map_err(|e| cannot(path, e))?;
    Ok((OwnedFd::from(socket).into(), file))
}

/// Removes a socket file that nobody listens on any more, and refuses anything else.
fn clear(path: &Path, alias: &Alias) -> Result<(), Error> {
    let kind = match fs::symlink_metadata(path) {
        Ok(file) => file.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(cannot(path, error)),
    };
    if !kind.is_socket() {
        let kind = match kind {
            _ if kind.is_symlink() => "a symbolic link",
            _ if kind.is_dir() => "a directory",
            _ if kind.is_fifo() => "a FIFO",
            _ if kind.is_file() => "a regular file",
            _ => "a device",
        };
        return Err(Error::NotASocket { path: path.into(), kind });
    }
    match probe(alias.path()) {
        SocketProbe::Alive(holder) => Err(Error::SocketInUse { path: path.into(), holder }),
        SocketProbe::Gone => Ok(()),
        SocketProbe::Stale => fs::remove_file(path).map_err(|error| {
            let action = message!("remove the stale socket file {}", path);
            Error::io(action, Some(Right::WriteFolder), error)
        }),
        SocketProbe::Unknown(error) => {
            let action = message!("find out whether anybody listens on unix:{}", path);
            Err(Error::io(action, Some(Right::ProbeSocket), error))
        }
    }
}

enum SocketProbe {
    Alive(Option<Holder>),
    Stale,
    Gone,
    Unknown(io::Error),
}

/// Connects without waiting. The owner, if there is one, sees a client that says nothing.
fn probe(path: &Path) -> SocketProbe {
    let connect = || -> io::Result<Socket> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.connect(&SockAddr::unix(path)?)?;
        Ok(socket)
    };
    match connect() {
        Ok(socket) => SocketProbe::Alive(owner(&socket)),
        Err(error) => match error.raw_os_error() {
            Some(nix::libc::ECONNREFUSED) => SocketProbe::Stale,
            Some(nix::libc::ENOENT) => SocketProbe::Gone,
            // A full backlog, and a socket of another type: both have an owner.
            Some(nix::libc::EAGAIN | nix::libc::EPROTOTYPE) => SocketProbe::Alive(None),
            _ => SocketProbe::Unknown(error),
        },
    }
}

#[cfg(target_os = "linux")]
fn owner(socket: &Socket) -> Option<Holder> {
    use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
    crate::system::holder::of_pid(getsockopt(&socket, PeerCredentials).ok()?.pid())
}

#[cfg(not(target_os = "linux"))]
fn owner(_: &Socket) -> Option<Holder> {
    None
}

fn alias(path: &Path) -> Result<Alias, Error> {
    Alias::of(path).map_err(|error| match error {
        AliasError::TooLong { length, limit } => {
            Error::PathTooLong { path: path.into(), length, limit }
        }
        AliasError::Folder(error) => cannot(path, error),
    })
}

fn cannot(path: &Path, error: io::Error) -> Error {
    Error::io(message!("listen on unix:{}", path), Some(Right::WriteFolder), error)
}

/// Locks the folder among devkit processes while the path is probed, removed and bound.
///
/// A folder that cannot be read cannot be locked, and anybody who reads it could keep the lock:
/// after two seconds it goes on without.
fn take_turn(path: &Path) -> Option<File> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = File::open(parent.unwrap_or(Path::new("."))).ok()?;
    let deadline = Instant::now() + Duration::from_secs(2);
    while let Err(fs::TryLockError::WouldBlock) = folder.try_lock() {
        if Instant::now() > deadline {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Some(folder)
}
