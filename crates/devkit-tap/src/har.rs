//! A HAR file that can be read at every moment, also after the tap was killed.
//!
//! What closes the file – the tail – is written again with each entry, over the one before: entry
//! and tail go out in one write. Only a kill within that write can leave the file without an end;
//! see `mend`. The pages, one for each run of kubectl, are in the tail, since
//! they are not known at the beginning; the members of an object have no order in JSON.

mod entry;
mod error;
mod mend;
mod pages;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use self::pages::{PageOf, Pages};

pub use self::entry::{BodyText, EntryParts, HarEntry};
pub use self::error::HarError;
pub(crate) use self::mend::mend;

const HEAD: &str = concat!(
    r#"{"log":{"version":"1.2","creator":{"name":"devkit kubecerts tap","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""},"entries":["#
);

/// Requests may hold what is nobody else's business, also where the known secrets are withheld.
const MODE: u32 = 0o600;

/// The highest number in a file's name: more files than this are a mistake.
const LAST_NUMBER: u32 = 9_999;

/// When to go on in another file.
#[derive(Debug, Clone, Copy, Default)]
pub struct HarLimits {
    /// The most bytes in a file; nothing for no limit. An entry that is larger by itself gets a
    /// file of its own.
    pub max_bytes: Option<u64>,
}

/// A HAR file that grows.
#[derive(Debug)]
pub struct HarFile {
    first: PathBuf,
    number: u32,
    limits: HarLimits,
    part: HarPart,
}

/// What else happened when an entry was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Appended {
    /// The file that was begun for it, since the one before is full.
    pub new_file: Option<PathBuf>,
    /// The entry's run of kubectl got no page, since there are 1,000 already; the entry names it
    /// anyway.
    pub without_page: bool,
}

impl HarFile {
    /// Begins a file that only its owner can read. It is complete at once, and holds no entry.
    ///
    /// A file that is there already is taken only if it is empty.
    ///
    /// # Errors
    ///
    /// [`HarError::NotEmpty`], [`HarError::NotAFile`] for a symbolic link and the like, and
    /// [`HarError::Create`].
    pub fn create(path: &Path, limits: HarLimits) -> Result<Self, HarError> {
        let part = HarPart::create(path.to_owned())?;
        Ok(Self { first: path.to_owned(), number: 1, limits, part })
    }

    /// The file that is being written.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.part.path
    }

    /// Writes an entry; the file is complete again afterwards.
    ///
    /// When the file would exceed its limit, another one is begun: `NAME-2.har`. A number whose
    /// file holds something is passed over.
    ///
    /// # Errors
    ///
    /// [`HarError::Write`]: the file is as it was before, without the entry. [`HarError::Broken`]:
    /// it could not be restored. The next entry is tried in the same place after either.
    /// [`HarError::Create`] and [`HarError::NoNumber`] for the next file.
    pub fn append(&mut self, entry: &HarEntry) -> Result<Appended, HarError> {
        let mut appended = Appended::default();
        let mut next = self.part.with(entry);
        let full = self.limits.max_bytes.is_some_and(|most| self.part.size_with(&next) > most);
        if full && self.part.entries > 0 {
            self.begin_next()?;
            appended.new_file = Some(self.part.path.clone());
            next = self.part.with(entry);
        }
        appended.without_page = matches!(next.page, PageOf::Full);
        self.part.write(next)?;
        Ok(appended)
    }

    fn begin_next(&mut self) -> Result<(), HarError> {
        for number in self.number + 1..=LAST_NUMBER {
            match HarPart::create(numbered(&self.first, number)) {
                Ok(part) => {
                    self.part = part;
                    self.number = number;
                    return Ok(());
                }
                Err(HarError::NotEmpty { .. } | HarError::NotAFile { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(HarError::NoNumber { path: self.first.clone() })
    }
}

/// `run.har` becomes `run-2.har`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.file_stem().map(OsString::from).unwrap_or_default();
    name.push(format!("-{number}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// A file of the series that a log is split into.
#[derive(Debug)]
struct HarPart {
    path: PathBuf,
    file: File,
    /// Where the tail begins.
    tail_at: u64,
    entries: u64,
    pages: Pages,
    /// Whether a write failed and could not be taken back.
    broken: bool,
}

/// What is to be written in the tail's place.
struct NextWrite {
    bytes: Vec<u8>,
    /// How much of it comes before the new tail.
    entry_len: usize,
    page: PageOf,
}

impl HarPart {
    fn create(path: PathBuf) -> Result<Self, HarError> {
        let file = open(&path)?;
        let pages = Pages::default();
        let all = format!("{HEAD}{}", pages.tail());
        if let Err(source) = file.write_all_at(all.as_bytes(), 0) {
            // Half a file would be in the way of the next attempt; that it stays is not worse.
            let _ = file.set_len(0);
            return Err(HarError::Create { path, source });
        }
        Ok(Self { path, file, tail_at: HEAD.len() as u64, entries: 0, pages, broken: false })
    }

    fn with(&self, entry: &HarEntry) -> NextWrite {
        let page = self.pages.of(entry);
        // The line break first: it is in the old tail too, so a write that is cut short leaves the
        // line before alone.
        let mut bytes: Vec<u8> = if self.entries == 0 { b"\n".into() } else { b"\n,".into() };
        entry.write_json(page.id().as_deref(), &mut bytes);
        let entry_len = bytes.len();
        bytes.extend(self.pages.tail_with(&page).as_bytes());
        NextWrite { bytes, entry_len, page }
    }

    fn size_with(&self, next: &NextWrite) -> u64 {
        self.tail_at + next.bytes.len() as u64
    }

    fn write(&mut self, next: NextWrite) -> Result<(), HarError> {
        if self.broken {
            let broken = |source| HarError::Broken { path: self.path.clone(), source };
            self.restore().map_err(broken)?;
            self.broken = false;
        }
        // A tail only grows: nothing of the one before is left behind this one.
        if let Err(source) = self.file.write_all_at(&next.bytes, self.tail_at) {
            self.broken = self.restore().is_err();
            let path = self.path.clone();
            return Err(if self.broken {
                HarError::Broken { path, source }
            } else {
                HarError::Write { path, source }
            });
        }
        self.tail_at += next.entry_len as u64;
        self.entries += 1;
        self.pages.take(next.page);
        Ok(())
    }

    /// Puts the tail back after a write that came to its end too early.
    fn restore(&self) -> io::Result<()> {
        let tail = self.pages.tail();
        self.file.set_len(self.tail_at + tail.len() as u64)?;
        self.file.write_all_at(tail.as_bytes(), self.tail_at)
    }
}

fn open(path: &Path) -> Result<File, HarError> {
    let path_buf = || path.to_owned();
    match OpenOptions::new().write(true).create_new(true).mode(MODE).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        result => return result.map_err(|source| HarError::Create { path: path_buf(), source }),
    }
    let cannot = |source| HarError::Create { path: path_buf(), source };
    let there = path.symlink_metadata().map_err(cannot)?;
    // Before it is opened: opening a named pipe waits for a reader.
    if !there.is_file() {
        return Err(HarError::NotAFile { path: path_buf() });
    }
    if there.len() > 0 {
        return Err(HarError::NotEmpty { path: path_buf() });
    }
    let file = OpenOptions::new().write(true).open(path).map_err(cannot)?;
    let opened = file.metadata().map_err(cannot)?;
    // A symbolic link may have taken its place in between.
    if (opened.dev(), opened.ino()) != (there.dev(), there.ino()) {
        return Err(HarError::NotAFile { path: path_buf() });
    }
    file.set_permissions(Permissions::from_mode(MODE)).map_err(cannot)?;
    Ok(file)
}
