//! Plans which files an extraction makes, and makes them as a set.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use devkit_fs::{Existing, NewFile, NewFolder, Outcome};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode, utf8_percent_encode};

use crate::config::material::{Item, Material};
use crate::error::Error;
use crate::inspect::certificates;
use crate::pki::pem::{self, Block};
use crate::secret::Secret;

/// The client certificate's file.
pub const CERTIFICATE: &str = "client-cert.pem";
/// The client key's file.
pub const KEY: &str = "client-key.pem";
/// The CA's file.
pub const CA: &str = "cluster-ca-cert.pem";

const PRIVATE: u32 = 0o600;
const PUBLIC: u32 = 0o644;

/// A file to be written.
#[derive(Debug)]
pub struct Planned {
    /// What it is.
    pub part: PlannedPart,
    /// The file's place.
    pub path: PathBuf,
    /// Exactly these bytes.
    pub bytes: Secret,
    /// 0600 wherever a private key is in it, whatever it is called.
    pub mode: u32,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlannedPart {
    /// [`CERTIFICATE`].
    Certificate,
    /// [`KEY`].
    Key,
    /// [`CA`].
    Ca,
    /// Key and certificate in one PEM file.
    Bundle,
    /// Key and certificate in one PKCS#12 file.
    P12,
}

impl Planned {
    /// Any other file than the three.
    #[must_use]
    pub fn other(part: PlannedPart, path: PathBuf, bytes: Secret) -> Self {
        Self { part, path, bytes, mode: PRIVATE }
    }

    /// Whether nobody else is to read it.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.mode == PRIVATE
    }
}

/// The three files of a context, as many as it holds, in a folder.
#[must_use]
pub fn files(material: &Material, folder: &Path) -> Vec<Planned> {
    let parts = [
        (PlannedPart::Certificate, CERTIFICATE, &material.certificate),
        (PlannedPart::Key, KEY, &material.key),
        (PlannedPart::Ca, CA, &material.ca),
    ];
    let planned = parts.into_iter().filter_map(|(part, name, item)| {
        let bytes = item.as_ref()?.bytes.clone();
        let public = part != PlannedPart::Key && !may_hold_key(&bytes);
        let mode = if public { PUBLIC } else { PRIVATE };
        Some(Planned { part, path: folder.join(name), bytes, mode })
    });
    planned.collect()
}

/// Whether there may be a private key in what should be a certificate: a key may stand in the wrong
/// field, and what is no PEM at all is not looked into.
#[must_use]
pub fn may_hold_key(bytes: &[u8]) -> bool {
    pem::blocks(bytes).is_empty() || bytes.windows(11).any(|part| part == b"PRIVATE KEY")
}

/// Key and certificate in one PEM file, as mitmproxy, curl and `HAProxy` take them.
///
/// # Errors
///
/// [`Error::NotPem`] where one of them is not there or is no PEM.
pub fn bundle(material: &Material) -> Result<Secret, Error> {
    let cannot = |part, why: &str| Error::NotPem { part, into: "a PEM bundle", why: why.into() };
    if material.key.is_none() {
        return Err(no_key());
    }
    let is_key = |blocks: &[Block]| blocks.iter().any(Block::is_private_key);
    let is_certificate = |blocks: &[Block]| certificates(blocks).next().is_some();
    let key = pem(material.key.as_ref(), is_key, |why| cannot("the client key", why))?;
    let certificate = pem(material.certificate.as_ref(), is_certificate, |why| {
        cannot("the client certificate", why)
    })?;
    // Once as large as it will be: growing would leave copies of the key behind.
    let mut bytes = Vec::with_capacity(key.len() + 1 + certificate.len());
    bytes.extend_from_slice(key);
    if !bytes.ends_with(b"\n") {
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(certificate);
    Ok(Secret::new(bytes))
}

/// The bytes of a part that holds PEM of the kind that is wanted.
fn pem(
    item: Option<&Item>,
    wanted: fn(&[Block]) -> bool,
    error: impl Fn(&str) -> Error,
) -> Result<&[u8], Error> {
    match item {
        None => Err(error("there is none")),
        Some(item) if wanted(&pem::blocks(&item.bytes)) => Ok(&item.bytes),
        Some(_) => Err(error("it is no PEM of that kind")),
    }
}

/// Why nothing that needs the key can be made.
pub(crate) fn no_key() -> Error {
    Error::NoSuchPart { part: "client key", code: "no-client-key" }
}

/// Places in a folder for those of the three files that a context does not have.
#[must_use]
pub fn absent(planned: &[Planned], folder: &Path) -> Vec<PathBuf> {
    let names = [CERTIFICATE, KEY, CA].map(|name| folder.join(name));
    let planned = |path: &PathBuf| planned.iter().any(|file| file.path == *path);
    names.into_iter().filter(|path| !planned(path)).collect()
}

/// Writes all files or none; the folders that they need are made. In the places of `absent` there
/// is no file afterwards.
///
/// # Errors
///
/// As [`devkit_fs::publish`]; nothing stays behind.
pub fn apply(
    planned: &[&Planned],
    absent: &[PathBuf],
    existing: Existing,
) -> Result<Vec<Outcome>, devkit_fs::Error> {
    let mut folders = Folders::default();
    for folder in planned.iter().filter_map(|file| file.path.parent()) {
        let made = NewFolder::create(folder).map_err(|source| devkit_fs::Error::Io {
            action: "make the folder",
            path: folder.into(),
            source,
        })?;
        folders.0.push(made);
    }
    let files: Vec<NewFile<'_>> = planned
        .iter()
        .map(|file| NewFile { path: &file.path, contents: &file.bytes, mode: file.mode })
        .collect();
    let absent: Vec<&Path> = absent.iter().map(|path| &**path).collect();
    let outcomes = devkit_fs::publish(&files, &absent, existing)?;
    folders.0.drain(..).for_each(NewFolder::keep);
    Ok(outcomes)
}

/// New folders, which go again unless they are kept: the innermost first.
#[derive(Default)]
struct Folders(Vec<NewFolder>);

impl Drop for Folders {
    fn drop(&mut self) {
        while self.0.pop().is_some() {}
    }
}

/// Names for folders, one for each context: what is safe in a path and a shell stays, all else
/// becomes `%2F`-style escapes of its bytes. Two names never share a folder, also where the file
/// system does not tell small letters from capitals.
#[derive(Debug, Default)]
pub struct FolderNames {
    taken: HashSet<String>,
}

/// What a folder's name does not hold as it is.
const UNSAFE_IN_A_NAME: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'_')
    .remove(b'@')
    .remove(b'+')
    .remove(b'=')
    .remove(b',')
    .remove(b'.')
    .remove(b'-');

impl FolderNames {
    /// The folder of a context.
    pub fn name(&mut self, context: &str) -> String {
        // What begins with a dot is hidden, and what begins with a dash an option.
        let first = usize::from(context.starts_with(['.', '-']));
        let (first, rest) = context.split_at(first);
        let mut name = percent_encode(first.as_bytes(), NON_ALPHANUMERIC).to_string();
        name.extend(utf8_percent_encode(rest, UNSAFE_IN_A_NAME));
        if name.is_empty() {
            name.push('%');
        }
        if name.len() > 200 {
            let digest = crate::pki::x509::sha256(context.as_bytes());
            name.truncate(180);
            let _ = write!(name, "%{}", &digest[..16]);
        }
        while !self.taken.insert(name.to_ascii_lowercase()) {
            name.push('%');
        }
        name
    }
}
