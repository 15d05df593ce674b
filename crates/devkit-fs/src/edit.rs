//! A file, read, changed and put back whole, with nobody in between.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{Access, FlockOperation, OFlags, access, flock};
use rustix::io::Errno;

use crate::NewFolder;
use crate::publish::{folder_of, kind, sync};

/// How long to wait for another run that edits in the same folder.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why a file was not changed. It is as it was.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// Something that is no regular file is in its place: `a folder` and so on.
    #[error("{} is {kind}", path.display())]
    NotRegular {
        /// Which.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// The file cannot be replaced, or only by something that differs in more than its contents.
    #[error("{} cannot be replaced: {why}", path.display())]
    ReadOnly {
        /// Which.
        path: PathBuf,
        /// What is in the way.
        why: Barrier,
    },
    /// Somebody else has changed it since it was read.
    #[error("{} has changed meanwhile", path.display())]
    Changed {
        /// Which.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// A verb: `write`, `read`, `lock`, `keep a backup of`.
        action: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What is in the way of replacing a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barrier {
    /// The file's permissions let nobody write it.
    Mode,
    /// The file is somebody else's, whose it would no longer be; with the user's number.
    Owner(u32),
    /// The file is of a group that this process may not give files to; with the group's number.
    Group(u32),
    /// The file system is mounted read-only.
    FileSystem,
    /// The file is itself a mount point, as container engines make them of single files.
    Mount,
    /// The folder may not be written to.
    Folder,
    /// The system forbids it, as it does for immutable files.
    Forbidden,
}

impl std::fmt::Display for Barrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Mode => f.write_str("its permissions let nobody write it"),
            Self::Owner(user) => write!(f, "it belongs to user {user}, and would not afterwards"),
            Self::Group(group) => {
                write!(f, "it is of group {group}, and would not be afterwards")
            }
            Self::FileSystem => f.write_str("its file system is mounted read-only"),
            Self::Mount => f.write_str("it is a mount point of its own"),
            Self::Folder => f.write_str("its folder may not be written to"),
            Self::Forbidden => f.write_str("the system forbids it, as it does for immutable files"),
        }
    }
}

/// A file that may be changed: found through symbolic links, locked against other runs, and read.
///
/// The lock is on the folder, for there is nothing else that stays the same file while a file is
/// replaced, and it leaves no file behind. It ends with this value, or with the process.
#[derive(Debug)]
pub struct Edit {
    path: PathBuf,
    found: Option<Found>,
    made: Option<NewFolder>,
    _lock: File,
}

#[derive(Debug)]
struct Found {
    contents: Vec<u8>,
    metadata: Metadata,
}

impl Edit {
    /// Locks and reads the file at `path`, or gets ready to make it. A missing folder is made, and
    /// goes again unless the file comes.
    ///
    /// # Errors
    ///
    /// [`EditError`], for what is known already to be in the way too.
    pub fn open(path: &Path) -> Result<Self, EditError> {
        let path = target(path)?;
        let folder = folder_of(&path).to_owned();
        let made = match NewFolder::create(&folder) {
            Ok(made) => made,
            Err(source) => return Err(barred("make the folder of", &path, source)),
        };
        let lock = lock(&folder).map_err(|source| cannot("lock the folder of", &path, source))?;
        sweep(&path);
        let found = read(&path)?;
        if let Some(Found { metadata, .. }) = &found {
            sweep_links(&path, metadata);
            replaceable(&path, metadata)?;
        }
        Ok(Self { path, found, made: Some(made), _lock: lock })
    }

    /// Where the file is, or will be: behind all symbolic links.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is in it. `None`: there is no such file.
    #[must_use]
    pub fn contents(&self) -> Option<&[u8]> {
        self.found.as_ref().map(|found| found.contents.as_slice())
    }

    /// Puts new contents into place, with the old file's mode, owner and extended attributes; a
    /// new file has mode 0600. What was there before stays beside it as `NAME.devkit-1`, or with
    /// the next number, which is returned.
    ///
    /// # Errors
    ///
    /// [`EditError`]; then nothing is changed and nothing left behind.
    pub fn replace(mut self, contents: &[u8]) -> Result<Option<PathBuf>, EditError> {
        let temporary = Temporary::write(&self.path, &self.path, contents, self.found.as_ref())?;
        self.unchanged()?;
        let backup = match &self.found {
            Some(found) => Some(keep(&self.path, found)?),
            None => None,
        };
        if let Err(source) = fs::rename(&temporary.0, &self.path) {
            if let Some(backup) = &backup {
                let _ = fs::remove_file(backup);
            }
            return Err(barred("write", &self.path, source));
        }
        temporary.done();
        self.made.take().into_iter().for_each(NewFolder::keep);
        sync(folder_of(&self.path));
        Ok(backup)
    }

    /// Puts a backup back into the file's place: the very file it was before.
    ///
    /// # Errors
    ///
    /// [`EditError`]; then nothing is changed.
    pub fn restore(self, backup: &Path) -> Result<(), EditError> {
        self.unchanged()?;
        fs::rename(backup, &self.path).map_err(|source| barred("write", &self.path, source))?;
        sync(folder_of(&self.path));
        Ok(())
    }

    /// Takes the file away.
    ///
    /// # Errors
    ///
    /// [`EditError`]; then it is still there.
    pub fn remove(self) -> Result<(), EditError> {
        self.unchanged()?;
        fs::remove_file(&self.path).map_err(|source| barred("remove", &self.path, source))?;
        sync(folder_of(&self.path));
        Ok(())
    }

    /// Whether the file is still what was read: a program that knows nothing of the lock may have
    /// changed it.
    fn unchanged(&self) -> Result<(), EditError> {
        let same = match (&self.found, read(&self.path)?) {
            (None, None) => true,
            (Some(old), Some(new)) => {
                let inode = |found: &Found| (found.metadata.dev(), found.metadata.ino());
                inode(old) == inode(&new) && old.contents == new.contents
            }
            _ => false,
        };
        if same { Ok(()) } else { Err(EditError::Changed { path: self.path.clone() }) }
    }
}

/// Reads a file as [`Edit::open`] does, without a lock and without making anything: where it is
/// behind all symbolic links, and what is in it, if it is there.
///
/// # Errors
///
/// [`EditError::NotRegular`] and [`EditError::Io`].
pub fn look(path: &Path) -> Result<(PathBuf, Option<Vec<u8>>), EditError> {
    let path = target(path)?;
    let found = read(&path)?;
    Ok((path, found.map(|found| found.contents)))
}

/// The backups beside a file, the newest first. A further name of the file itself is none: a run
/// was ended before it was done.
///
/// # Errors
///
/// The system's, if the folder cannot be read.
pub fn backups(path: &Path) -> io::Result<Vec<PathBuf>> {
    let inode = |metadata: Metadata| (metadata.dev(), metadata.ino());
    let itself = fs::metadata(path).ok().map(inode);
    let mut found = numbered(path)?;
    found.retain(|backup| itself.is_none() || fs::metadata(backup).ok().map(inode) != itself);
    Ok(found)
}

/// All files that are called like backups, the newest first.
fn numbered(path: &Path) -> io::Result<Vec<PathBuf>> {
    let stem = with_suffix(path, b".devkit-");
    let stem = stem.file_name().unwrap_or_default().as_bytes();
    let mut found = Vec::new();
    for entry in fs::read_dir(folder_of(path))? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.as_bytes().strip_prefix(stem).and_then(number);
        if let Some(number) = number.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_file()))
        {
            found.push((number, path.with_file_name(name)));
        }
    }
    found.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// A number as devkit writes it: no sign, no leading zero.
fn number(digits: &[u8]) -> Option<u32> {
    let text = str::from_utf8(digits).ok()?;
    let number: u32 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

fn with_suffix(path: &Path, suffix: &[u8]) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().as_bytes().to_vec();
    name.extend_from_slice(suffix);
    path.with_file_name(OsString::from_vec(name))
}

/// Where a path leads to: a link that leads to nothing names the file that is to come.
fn target(path: &Path) -> Result<PathBuf, EditError> {
    let failed = |source| cannot("look at", path, source);
    let mut target = path.to_owned();
    // Linux follows as many.
    for _ in 0..40 {
        match fs::symlink_metadata(&target) {
            Err(error) if error.kind() == ErrorKind::NotFound => break,
            Err(source) => return Err(failed(source)),
            Ok(found) if found.is_symlink() => {
                let next = fs::read_link(&target).map_err(failed)?;
                target = folder_of(&target).join(next);
            }
            Ok(_) => return fs::canonicalize(&target).map_err(failed),
        }
    }
    if fs::symlink_metadata(&target).is_ok() {
        return Err(failed(Errno::LOOP.into()));
    }
    // The folder may be missing too, and is then as it was named.
    let Some(name) = target.file_name() else {
        return Err(failed(ErrorKind::InvalidInput.into()));
    };
    Ok(match fs::canonicalize(folder_of(&target)) {
        Ok(folder) => folder.join(name),
        Err(_) => target,
    })
}

fn read(path: &Path) -> Result<Option<Found>, EditError> {
    let failed = |source| cannot("read", path, source);
    // A FIFO would wait for a writer.
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(failed(source)),
        Ok(found) if !found.is_file() => {
            return Err(EditError::NotRegular { path: path.into(), kind: kind(&found) });
        }
        Ok(_) => {}
    }
    let open = File::options()
        .read(true)
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
        .open(path)
        .map_err(failed)?;
    let metadata = open.metadata().map_err(failed)?;
    let mut contents = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1);
    (&open).read_to_end(&mut contents).map_err(failed)?;
    Ok(Some(Found { contents, metadata }))
}

/// Whether a file may be replaced by one that differs in nothing but its contents.
fn replaceable(path: &Path, found: &Metadata) -> Result<(), EditError> {
    let barrier = |why| Err(EditError::ReadOnly { path: path.into(), why });
    let user = rustix::process::geteuid();
    if found.mode() & 0o222 == 0 {
        return barrier(Barrier::Mode);
    }
    if !user.is_root() && found.uid() != user.as_raw() {
        return barrier(Barrier::Owner(found.uid()));
    }
    // What lies above catches a file system that is read-only only when it is written to.
    if access(path, Access::WRITE_OK) == Err(Errno::ROFS) {
        return barrier(Barrier::FileSystem);
    }
    let device = |path: &Path| fs::metadata(path).map(|found| found.dev()).ok();
    if device(folder_of(path)) != Some(found.dev()) {
        return barrier(Barrier::Mount);
    }
    Ok(())
}

/// Locks a folder against other runs, and waits for one that has it.
fn lock(folder: &Path) -> io::Result<File> {
    let file = File::open(folder)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match flock(file.as_fd(), FlockOperation::NonBlockingLockExclusive) {
            // An error of these: the file system has no locks (NFS on a folder that is open for
            // reading). What was read is compared again before it is replaced.
            Ok(())
            | Err(Errno::BADF | Errno::NOLCK | Errno::NOSYS | Errno::INVAL | Errno::OPNOTSUPP) => {
                return Ok(file);
            }
            Err(Errno::INTR) => {}
            Err(Errno::WOULDBLOCK) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(2));
            }
            Err(Errno::WOULDBLOCK) => {
                let text = "another run has had it locked for a minute";
                return Err(io::Error::new(ErrorKind::TimedOut, text));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// The new file beside its place. Dropping it removes it from there.
struct Temporary(PathBuf);

impl Temporary {
    /// What is to become `place`, with everything but its contents like the file at `path`.
    fn write(
        place: &Path,
        path: &Path,
        contents: &[u8],
        old: Option<&Found>,
    ) -> Result<Self, EditError> {
        let failed = |source| barred("write", path, source);
        let name = temporary_name(place, std::process::id());
        let mut file = File::options()
            .write(true)
            .create_new(true)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .mode(0o600)
            .open(&name)
            .map_err(failed)?;
        let temporary = Self(name);
        if let Some(old) = old {
            like(path, &file, &old.metadata)?;
        }
        file.write_all(contents).and_then(|()| file.sync_all()).map_err(failed)?;
        Ok(temporary)
    }

    fn done(self) {
        std::mem::forget(self);
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn temporary_name(path: &Path, process: u32) -> PathBuf {
    let name = path.file_name().unwrap_or_default();
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".devkit-{process}.tmp"));
    path.with_file_name(hidden)
}

/// Removes what runs that were killed have left beside a file. Nobody else is writing: the folder is
/// locked, or the process is asked for.
fn sweep(path: &Path) {
    let first = temporary_name(path, 0);
    let first = first.file_name().unwrap_or_default().to_string_lossy().replace("0.tmp", "");
    let Ok(entries) = fs::read_dir(folder_of(path)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| name.starts_with(&first)) else { continue };
        let process = name.strip_suffix(".tmp").and_then(|name| name.rsplit("devkit-").next());
        let Some(process) = process.and_then(|digits| number(digits.as_bytes())) else { continue };
        let processes = Path::new("/proc");
        let runs = processes.join(process.to_string()).exists() || !processes.join("self").exists();
        if !runs || process == std::process::id() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Removes backups that are the file itself: a run was killed between keeping one and replacing it.
fn sweep_links(path: &Path, file: &Metadata) {
    for backup in numbered(path).unwrap_or_default() {
        let same = |found: Metadata| (found.dev(), found.ino()) == (file.dev(), file.ino());
        if fs::symlink_metadata(&backup).is_ok_and(same) {
            let _ = fs::remove_file(&backup);
        }
    }
}

/// Gives a new file the owner, the mode and the extended attributes of the old one.
fn like(path: &Path, new: &File, old: &Metadata) -> Result<(), EditError> {
    let failed = |source| cannot("write", path, source);
    let made = new.metadata().map_err(failed)?;
    if (made.uid(), made.gid()) != (old.uid(), old.gid()) {
        let owner = (made.uid() != old.uid()).then_some(old.uid());
        let given = fchown(new, owner, Some(old.gid()));
        if given.is_err() {
            let why = match owner {
                Some(user) => Barrier::Owner(user),
                None => Barrier::Group(old.gid()),
            };
            return Err(EditError::ReadOnly { path: path.into(), why });
        }
    }
    new.set_permissions(Permissions::from_mode(old.mode() & 0o7777)).map_err(failed)?;
    attributes(path, new).map_err(failed)
}

/// Copies extended attributes. An access control list decides who may read the file, so that
/// it must come along; others come where they can.
fn attributes(path: &Path, new: &File) -> io::Result<()> {
    use rustix::fs::{XattrFlags, fsetxattr, getxattr, listxattr};
    let mut names = vec![0_u8; 64 * 1024];
    let Ok(length) = listxattr(path, &mut names[..]) else { return Ok(()) };
    for name in names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let name = OsStr::from_bytes(name);
        let mut value = vec![0_u8; 64 * 1024];
        let copied = getxattr(path, name, &mut value[..])
            .and_then(|length| fsetxattr(new, name, &value[..length], XattrFlags::empty()));
        if name == "system.posix_acl_access" {
            copied?;
        }
    }
    Ok(())
}

/// Keeps the file under a second name beside it: the next number after those that are there.
fn keep(path: &Path, found: &Found) -> Result<PathBuf, EditError> {
    let failed = |source| barred("keep a backup of", path, source);
    let newest = numbered(path).map_err(failed)?.into_iter().next();
    let stem = with_suffix(path, b".devkit-");
    let of = |path: &Path| number(&path.as_os_str().as_bytes()[stem.as_os_str().len()..]);
    let mut next = newest.as_deref().and_then(of).unwrap_or(0) + 1;
    loop {
        let backup = with_suffix(path, format!(".devkit-{next}").as_bytes());
        match fs::hard_link(path, &backup) {
            Ok(()) => return Ok(backup),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => next += 1,
            // No links on this file system.
            Err(error)
                if matches!(
                    Errno::from_io_error(&error),
                    Some(Errno::PERM | Errno::NOTSUP | Errno::NOSYS | Errno::MLINK)
                ) =>
            {
                let temporary = Temporary::write(&backup, path, &found.contents, Some(found))?;
                fs::rename(&temporary.0, &backup).map_err(failed)?;
                temporary.done();
                return Ok(backup);
            }
            Err(source) => return Err(failed(source)),
        }
    }
}

/// What the system says when a file cannot be replaced at all, as far as it tells.
fn barred(action: &'static str, path: &Path, source: io::Error) -> EditError {
    let why = match Errno::from_io_error(&source) {
        Some(Errno::ROFS) => Barrier::FileSystem,
        Some(Errno::BUSY | Errno::XDEV) => Barrier::Mount,
        Some(Errno::ACCESS) => Barrier::Folder,
        Some(Errno::PERM) => Barrier::Forbidden,
        _ => return cannot(action, path, source),
    };
    EditError::ReadOnly { path: path.into(), why }
}

fn cannot(action: &'static str, path: &Path, source: io::Error) -> EditError {
    EditError::Io { action, path: path.into(), source }
}
