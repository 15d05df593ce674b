//! Private folders that go again if they are not needed.

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Folders made for one purpose. Dropping it removes them, unless they are kept or not empty.
#[derive(Debug, Default)]
pub struct NewFolder {
    /// From the outermost in.
    made: Vec<PathBuf>,
}

impl NewFolder {
    /// Makes a folder and those above it that are missing, each with mode 0700 less the umask.
    ///
    /// # Errors
    ///
    /// The system's; nothing stays behind.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut new = Self::default();
        let missing: Vec<&Path> = path
            .ancestors()
            .take_while(|folder| !folder.as_os_str().is_empty() && !folder.is_dir())
            .collect();
        for folder in missing.into_iter().rev() {
            match DirBuilder::new().mode(0o700).create(folder) {
                Ok(()) => new.made.push(folder.into()),
                // Somebody else was faster.
                Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(new)
    }

    /// Keeps the folders.
    pub fn keep(mut self) {
        self.made.clear();
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        for folder in self.made.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}
