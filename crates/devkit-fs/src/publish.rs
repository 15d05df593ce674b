//! Several files, put into place as a set.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use nix::errno::Errno;
use nix::libc;

/// A file to be.
#[derive(Clone, Copy)]
pub struct NewFile<'a> {
    /// Its place. The folder exists.
    pub path: &'a Path,
    /// All of it.
    pub contents: &'a [u8],
    /// Permission bits from the first moment; the umask may take some away.
    pub mode: u32,
}

/// What becomes of a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays; [`Error::Exists`] unless it has these very contents.
    Keep,
    /// It is replaced. Anything but a regular file is not.
    Replace,
}

/// What was done about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is new, or replaced.
    Written,
    /// It had these contents, and was not touched.
    Same,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is a file with other contents.
    #[error("{} exists, with other contents", path.display())]
    Exists {
        /// Which.
        path: PathBuf,
    },
    /// Something that is no regular file is in its place: `a symbolic link`, `a folder` and so on.
    #[error("{} is {kind}", path.display())]
    NotRegular {
        /// Which.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// The system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// A verb: `write`, `read`, `replace`.
        action: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Puts all files into place, or none.
///
/// A crash of the whole system in between may leave some in place, each of them whole.
///
/// # Errors
///
/// [`Error`]; then every file is as it was, and nothing else is left behind.
pub fn publish(files: &[NewFile<'_>], existing: Existing) -> Result<Vec<Outcome>, Error> {
    let mut outcomes = Vec::with_capacity(files.len());
    let mut staged = Vec::new();
    for file in files {
        let outcome = look(file, existing)?;
        outcomes.push(outcome);
        if outcome == Outcome::Written {
            staged.push(Staged::write(file)?);
        }
    }
    let mut placed = Placed::default();
    for file in &mut staged {
        placed.place(file, existing)?;
    }
    for file in &staged {
        sync_folder(file.path);
    }
    placed.done();
    Ok(outcomes)
}

/// What is to be done about a file.
fn look(file: &NewFile<'_>, existing: Existing) -> Result<Outcome, Error> {
    let found = match fs::symlink_metadata(file.path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Outcome::Written),
        Err(source) => return Err(cannot("look at", file.path, source)),
        Ok(found) => found,
    };
    if !found.is_file() {
        return Err(Error::NotRegular { path: file.path.into(), kind: kind(&found) });
    }
    let wider = found.mode() & 0o777 & !file.mode != 0;
    let same = found.len() == file.contents.len() as u64
        && read(file.path).map_err(|source| cannot("read", file.path, source))? == file.contents;
    match existing {
        _ if same && !wider => Ok(Outcome::Same),
        Existing::Replace => Ok(Outcome::Written),
        Existing::Keep if same => Ok(Outcome::Same),
        Existing::Keep => Err(Error::Exists { path: file.path.into() }),
    }
}

/// Reads a file, and not what somebody has put into its place meanwhile.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let mut file = File::options().read(true).custom_flags(flags).open(path)?;
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut file, &mut bytes)?;
    Ok(bytes)
}

fn kind(found: &fs::Metadata) -> &'static str {
    if found.is_symlink() {
        "a symbolic link"
    } else if found.is_dir() {
        "a folder"
    } else {
        "no regular file"
    }
}

/// A written file beside its place. Dropping it removes it from there.
struct Staged<'a> {
    path: &'a Path,
    temporary: Option<PathBuf>,
}

impl<'a> Staged<'a> {
    fn write(new: &NewFile<'a>) -> Result<Self, Error> {
        let failed = |source| cannot("write", new.path, source);
        let (temporary, mut file) = create(new.path, new.mode).map_err(failed)?;
        let staged = Self { path: new.path, temporary: Some(temporary) };
        file.write_all(new.contents).and_then(|()| file.sync_all()).map_err(failed)?;
        Ok(staged)
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            let _ = fs::remove_file(temporary);
        }
    }
}

/// Opens a new file beside `path`.
fn create(path: &Path, mode: u32) -> io::Result<(PathBuf, File)> {
    loop {
        let temporary = beside(path);
        let file = File::options()
            .write(true)
            .create_new(true)
            .custom_flags(libc::O_NOFOLLOW)
            .mode(mode)
            .open(&temporary);
        match file {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            result => return result.map(|file| (temporary, file)),
        }
    }
}

/// A name in the same folder that nobody has used before.
fn beside(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    path.with_file_name(format!(".devkit-{}-{number}.tmp", std::process::id()))
}

/// Files that are in place. Dropping it puts back what was there before.
#[derive(Default)]
struct Placed {
    steps: Vec<Step>,
}

struct Step {
    path: PathBuf,
    /// Where the old file is kept, if there was one.
    old: Option<PathBuf>,
    /// The new file, to be sure that no other is removed.
    inode: Option<(u64, u64)>,
}

impl Placed {
    fn place(&mut self, file: &mut Staged<'_>, existing: Existing) -> Result<(), Error> {
        let Some(temporary) = file.temporary.clone() else { return Ok(()) };
        let inode = fs::symlink_metadata(&temporary).ok().map(|new| (new.dev(), new.ino()));
        if existing == Existing::Keep {
            put(&temporary, file.path).map_err(|source| match source.kind() {
                ErrorKind::AlreadyExists => Error::Exists { path: file.path.into() },
                _ => cannot("write", file.path, source),
            })?;
            self.steps.push(Step { path: file.path.into(), old: None, inode });
        } else {
            let old = keep_old(file.path).map_err(|source| cannot("replace", file.path, source))?;
            self.steps.push(Step { path: file.path.into(), old, inode: None });
            fs::rename(&temporary, file.path)
                .map_err(|source| cannot("replace", file.path, source))?;
            if let Some(step) = self.steps.last_mut() {
                step.inode = inode;
            }
            file.temporary = None;
        }
        Ok(())
    }

    fn done(mut self) {
        for step in self.steps.drain(..) {
            if let Some(old) = step.old {
                let _ = fs::remove_file(old);
            }
        }
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        for step in self.steps.drain(..).rev() {
            match (step.old, step.inode) {
                (Some(old), _) => drop(fs::rename(old, step.path)),
                (None, Some(inode)) => {
                    let ours = fs::symlink_metadata(&step.path)
                        .is_ok_and(|found| (found.dev(), found.ino()) == inode);
                    if ours {
                        let _ = fs::remove_file(step.path);
                    }
                }
                (None, None) => {}
            }
        }
    }
}

/// Gives a file its name, which must be free: link(2) never replaces.
fn put(temporary: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(temporary, path) {
        // Not every file system has links (vfat, some network ones).
        Err(error)
            if matches!(
                Errno::from_raw(error.raw_os_error().unwrap_or(0)),
                Errno::EPERM | Errno::ENOTSUP | Errno::ENOSYS | Errno::EMLINK
            ) =>
        {
            rename_new(temporary, path)
        }
        result => result,
    }
}

#[cfg(target_os = "linux")]
fn rename_new(temporary: &Path, path: &Path) -> io::Result<()> {
    use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
    renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RenameFlags::RENAME_NOREPLACE)?;
    Ok(())
}

/// Elsewhere there is no such call. Untested.
#[cfg(not(target_os = "linux"))]
fn rename_new(_: &Path, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// A second name for the file that is to be replaced, if there is one.
fn keep_old(path: &Path) -> io::Result<Option<PathBuf>> {
    loop {
        let old = beside(path);
        match fs::hard_link(path, &old) {
            Ok(()) => return Ok(Some(old)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            // Without links it is replaced all the same, and cannot be put back.
            Err(_) => return Ok(None),
        }
    }
}

/// Makes new names last. A folder that cannot be opened or synced keeps them as well as it can.
fn sync_folder(path: &Path) {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Ok(folder) = File::open(parent.unwrap_or(Path::new("."))) {
        let _ = folder.sync_all();
    }
}

fn cannot(action: &'static str, path: &Path, source: io::Error) -> Error {
    Error::Io { action, path: path.into(), source }
}
