//! Socket paths that are longer than a socket address holds.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::libc;

/// Bytes of a path that fit into `sun_path` beside the final NUL: 107 on Linux.
pub(crate) const LIMIT: usize = size_of::<libc::sockaddr_un>() - SUN_PATH_OFFSET - 1;
const SUN_PATH_OFFSET: usize = std::mem::offset_of!(libc::sockaddr_un, sun_path);

/// A name for a socket path that fits into an address, as long as this value lives.
pub(crate) struct Alias {
    path: PathBuf,
    /// Keeps `/proc/self/fd/N` alive.
    _folder: Option<File>,
}

/// Why a path cannot be used.
#[derive(Debug)]
pub(crate) enum AliasError {
    /// Too long, and no way round it.
    TooLong { length: usize, limit: usize },
    /// The folder that holds it cannot be opened.
    Folder(io::Error),
}

impl Alias {
    /// Short paths stand for themselves; long ones are reached through their folder's descriptor.
    pub(crate) fn of(path: &Path) -> Result<Self, AliasError> {
        let length = path.as_os_str().len();
        if length <= LIMIT {
            return Ok(Self { path: path.into(), _folder: None });
        }
        let too_long = |length| AliasError::TooLong { length, limit: LIMIT };
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(too_long(length));
        };
        if !cfg!(target_os = "linux") || !Path::new("/proc/self/fd").exists() {
            return Err(too_long(length));
        }
        let folder = open_folder(parent).map_err(AliasError::Folder)?;
        let alias = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name);
        if alias.as_os_str().len() > LIMIT {
            // What is left to shorten is the file name alone.
            let room = LIMIT - (alias.as_os_str().len() - name.as_bytes().len());
            return Err(AliasError::TooLong { length: name.as_bytes().len(), limit: room });
        }
        Ok(Self { path: alias, _folder: Some(folder) })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Opens a folder as a mere reference to it, for which search permission is enough.
#[cfg(target_os = "linux")]
fn open_folder(folder: &Path) -> io::Result<File> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    OpenOptions::new().read(true).custom_flags(libc::O_PATH | libc::O_DIRECTORY).open(folder)
}

#[cfg(not(target_os = "linux"))]
fn open_folder(folder: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_DIRECTORY).open(folder)
}
