//! Why a HAR file, or an entry of it, cannot be written.

use std::path::PathBuf;
use std::{fmt, io};

use devkit_report::{Message, message};

/// What went wrong with a HAR file.
#[derive(Debug)]
pub enum HarError {
    /// The file holds something already, which is left alone. Another name is wanted.
    NotEmpty {
        /// Which.
        path: PathBuf,
    },
    /// A symbolic link, a folder, a device, or anything else but a file. Another name is wanted.
    NotAFile {
        /// Which.
        path: PathBuf,
    },
    /// The system refused.
    Create {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An entry is left out; the file is complete without it.
    Write {
        /// Which.
        path: PathBuf,
        /// Why: mostly a full disk.
        source: io::Error,
    },
    /// An entry could be written only in part, and not taken back. Its whole entries are there
    /// still: each has a line of its own.
    Broken {
        /// Which.
        path: PathBuf,
        /// Why the entry could not be written.
        source: io::Error,
    },
    /// Every number is taken. A larger limit or another name is wanted.
    NoNumber {
        /// The one without a number.
        path: PathBuf,
    },
}

impl HarError {
    /// What went wrong, with the path still a path.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::NotEmpty { path } => message!("{} is there already and not empty", path),
            Self::NotAFile { path } => message!("{} is no regular file", path),
            Self::Create { path, .. } => message!("cannot create {}", path),
            Self::Write { path, .. } => message!("cannot write to {}, which stays as it was", path),
            Self::Broken { path, .. } => {
                message!("cannot write to {}, whose last line is broken now", path)
            }
            Self::NoNumber { path } => message!("there are too many files numbered after {}", path),
        }
    }
}

impl fmt::Display for HarError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message().fmt(f)
    }
}

impl std::error::Error for HarError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Create { source, .. }
            | Self::Write { source, .. }
            | Self::Broken { source, .. } => Some(source),
            Self::NotEmpty { .. } | Self::NotAFile { .. } | Self::NoNumber { .. } => None,
        }
    }
}
