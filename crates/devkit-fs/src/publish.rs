//! Several files, put into place as a set.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::OFlags;
use rustix::io::Errno;
use zeroize::Zeroizing;

/// A file to be.
#[derive(Clone, Copy)]
pub struct NewFile<'a> {
    /// The file's place. The folder exists.
    pub path: &'a Path,
    /// All of it.
    pub contents: &'a [u8],
    /// Permission bits from the first moment; the umask may take some away.
    pub mode: u32,
}

/// What becomes of a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// The file stays; [`Error::Exists`] unless it has these very contents.
    Keep,
    /// The file is replaced. Anything but a regular file is not.
    Replace,
}

/// What was done about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The file is new, or replaced.
    Written,
    /// The file had these contents, and was not touched.
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
    /// There is a file that the set does not have.
    #[error("{} exists, and is no part of the set", path.display())]
    Unwanted {
        /// Which.
        path: PathBuf,
    },
    /// Two files of the set have one place, maybe by different names of its folder.
    #[error("two files would be written to {}", path.display())]
    Twice {
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
        /// A verb: `write`, `read`, `replace`, `remove`.
        action: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Puts all files into place, or none.
///
/// `absent` are places where the set has no file: what lies there from another set goes with
/// [`Existing::Replace`], and is an error else. A file that has its contents already loses the
/// permissions that it should not have.
///
/// A crash of the whole system in between may leave some in place, each of them whole.
///
/// # Errors
///
/// [`Error`]; then every file is as it was, but for such permissions, and nothing else is left behind.
pub fn publish(
    files: &[NewFile<'_>],
    absent: &[&Path],
    existing: Existing,
) -> Result<Vec<Outcome>, Error> {
    let paths = files.iter().map(|file| file.path).chain(absent.iter().copied());
    apart(&paths.collect::<Vec<_>>())?;
    let mut outcomes = Vec::with_capacity(files.len());
    let mut staged = Vec::new();
    for file in files {
        let outcome = look(file, existing)?;
        outcomes.push(outcome);
        if outcome == Outcome::Written {
            staged.push(Staged::write(file)?);
        }
    }
    let mut unwanted = Vec::new();
    for path in absent {
        match regular(path)? {
            None => {}
            Some(_) if existing == Existing::Keep => {
                return Err(Error::Unwanted { path: (*path).into() });
            }
            Some(_) => unwanted.push(*path),
        }
    }
    for (file, _) in files.iter().zip(&outcomes).filter(|(_, outcome)| **outcome == Outcome::Same) {
        narrow(file).map_err(|source| cannot("take permissions from", file.path, source))?;
    }
    let mut placed = Placed::default();
    for file in &mut staged {
        placed.place(file, existing)?;
    }
    for path in unwanted {
        placed.remove(path)?;
    }
    let folders: BTreeSet<&Path> = staged.iter().map(|file| folder_of(file.path)).collect();
    folders.into_iter().for_each(sync);
    placed.done();
    Ok(outcomes)
}

/// What is to be done about a file.
fn look(file: &NewFile<'_>, existing: Existing) -> Result<Outcome, Error> {
    let Some(found) = regular(file.path)? else { return Ok(Outcome::Written) };
    let same = found.len() == file.contents.len() as u64
        && holds(file.path, file.contents).map_err(|source| cannot("read", file.path, source))?;
    match existing {
        _ if same => Ok(Outcome::Same),
        Existing::Replace => Ok(Outcome::Written),
        Existing::Keep => Err(Error::Exists { path: file.path.into() }),
    }
}

/// The regular file in a place, if anything is there.
fn regular(path: &Path) -> Result<Option<fs::Metadata>, Error> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(cannot("look at", path, source)),
        Ok(found) if found.is_file() => Ok(Some(found)),
        Ok(found) => Err(Error::NotRegular { path: path.into(), kind: kind(&found) }),
    }
}

/// Takes from a file what others may do with it beyond its mode.
fn narrow(file: &NewFile<'_>) -> io::Result<()> {
    let open = open(file.path)?;
    let mode = open.metadata()?.mode() & 0o777;
    if mode & !file.mode == 0 {
        return Ok(());
    }
    open.set_permissions(fs::Permissions::from_mode(mode & file.mode))
}

/// Whether a file has these contents: it, and not what somebody has put into its place meanwhile.
fn holds(path: &Path, contents: &[u8]) -> io::Result<bool> {
    let mut file = open(path)?;
    // The file may be a private key, so that nothing of it is to stay in memory.
    let mut buffer = Zeroizing::new([0; 4096]);
    let mut rest = contents;
    loop {
        let count = match file.read(&mut buffer[..]) {
            Ok(0) => return Ok(rest.is_empty()),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        match rest.strip_prefix(&buffer[..count]) {
            Some(next) => rest = next,
            None => return Ok(false),
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    File::options()
        .read(true)
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
        .open(path)
}

pub(crate) fn kind(found: &fs::Metadata) -> &'static str {
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
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
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
    steps: Vec<PublishStep>,
}

struct PublishStep {
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
            self.steps.push(PublishStep { path: file.path.into(), old: None, inode });
        } else {
            let old = keep_old(file.path).map_err(|source| cannot("replace", file.path, source))?;
            self.steps.push(PublishStep { path: file.path.into(), old, inode: None });
            fs::rename(&temporary, file.path)
                .map_err(|source| cannot("replace", file.path, source))?;
            if let Some(step) = self.steps.last_mut() {
                step.inode = inode;
            }
            file.temporary = None;
        }
        Ok(())
    }

    /// Takes a file out of its place.
    fn remove(&mut self, path: &Path) -> Result<(), Error> {
        let old = beside(path);
        fs::rename(path, &old).map_err(|source| cannot("remove", path, source))?;
        self.steps.push(PublishStep { path: path.into(), old: Some(old), inode: None });
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
                (Some(old), _) => {
                    let _ = fs::rename(&old, step.path);
                    // Between two names of one file, rename(2) does nothing at all.
                    let _ = fs::remove_file(old);
                }
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
                Errno::from_io_error(&error),
                Some(Errno::PERM | Errno::NOTSUP | Errno::NOSYS | Errno::MLINK)
            ) =>
        {
            rename_new(temporary, path)
        }
        result => result,
    }
}

#[cfg(target_os = "linux")]
fn rename_new(temporary: &Path, path: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, temporary, CWD, path, RenameFlags::NOREPLACE)?;
    Ok(())
}

/// Elsewhere there is no such call. Untested.
#[cfg(not(target_os = "linux"))]
fn rename_new(_: &Path, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// Keeps the file that is to be replaced under a second name, if there is one: by a link, so that
/// its place is never empty, or where there can be none (other file systems, others' files) by
/// moving it away.
fn keep_old(path: &Path) -> io::Result<Option<PathBuf>> {
    loop {
        let old = beside(path);
        match fs::hard_link(path, &old) {
            Ok(()) => return Ok(Some(old)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(_) => return fs::rename(path, &old).map(|()| Some(old)),
        }
    }
}

pub(crate) fn folder_of(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

/// Makes new names last. A folder that cannot be opened or synced keeps them as well as it can.
pub(crate) fn sync(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// Whether no two paths are one place.
fn apart(paths: &[&Path]) -> Result<(), Error> {
    let mut folders = BTreeMap::new();
    let mut places = BTreeSet::new();
    for path in paths {
        let folder = folder_of(path);
        // A folder that is not there is met again when a file is to be written into it.
        let inode = *folders.entry(folder).or_insert_with(|| {
            fs::metadata(folder).map_or((0, 0), |found| (found.dev(), found.ino()))
        });
        if !places.insert((inode, path.file_name())) {
            return Err(Error::Twice { path: (*path).into() });
        }
    }
    Ok(())
}

fn cannot(action: &'static str, path: &Path, source: io::Error) -> Error {
    Error::Io { action, path: path.into(), source }
}
