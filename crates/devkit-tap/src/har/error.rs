//! Why a HAR file, or an entry of it, cannot be written.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What went wrong with a HAR file.
#[derive(Debug, thiserror::Error)]
pub enum HarError {
    /// The file holds something already, which is left alone. Another name is wanted.
    #[error("{} is there already and not empty", told(path))]
    NotEmpty {
        /// Which.
        path: PathBuf,
    },
    /// A symbolic link, a folder, a device, or anything else but a file. Another name is wanted.
    #[error("{} is no regular file", told(path))]
    NotAFile {
        /// Which.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot create {}", told(path))]
    Create {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An entry is left out; the file is complete without it.
    #[error("cannot write to {}, which stays as it was", told(path))]
    Write {
        /// Which.
        path: PathBuf,
        /// Why: mostly a full disk.
        source: io::Error,
    },
    /// An entry could be written only in part, and not taken back. Its whole entries are there
    /// still: each has a line of its own.
    #[error("cannot write to {}, whose last line is broken now", told(path))]
    Broken {
        /// Which.
        path: PathBuf,
        /// Why the entry could not be written.
        source: io::Error,
    },
    /// Every number is taken. A larger limit or another name is wanted.
    #[error("there are too many files numbered after {}", told(path))]
    NoNumber {
        /// The one without a number.
        path: PathBuf,
    },
}

fn told(path: &Path) -> String {
    devkit_text::escape(path.as_os_str().as_bytes())
}
