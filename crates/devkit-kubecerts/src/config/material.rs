//! The bytes of a context's certificate, key and CA, as they are.

use std::io;
use std::path::{Path, PathBuf};

use crate::config::files::{FileBytes, Read};
use crate::config::kubeconfig::PartSource;
use crate::config::select::Selected;
use crate::error::{Error, Named};
use crate::secret::{Secret, looks_like_key};

/// What a context holds.
#[derive(Debug, Default)]
pub struct Material {
    /// The client certificate, with its chain.
    pub certificate: Option<Item>,
    /// The client's private key.
    pub key: Option<Item>,
    /// The CA that the server's certificate is checked against.
    pub ca: Option<Item>,
    /// Why parts that are named are not there.
    pub problems: Vec<Error>,
}

impl Material {
    /// This, if nothing of it is missing.
    ///
    /// # Errors
    ///
    /// The first problem.
    pub fn complete(mut self) -> Result<Self, Error> {
        if self.problems.is_empty() { Ok(self) } else { Err(self.problems.remove(0)) }
    }

    /// Whether a part is named and cannot be had.
    pub(crate) fn lacks(&self, field: &str) -> bool {
        self.problems.iter().any(|problem| problem.field() == Some(field))
    }
}

/// Some bytes, and the file they came from.
#[derive(Debug)]
pub struct Item {
    /// Exactly what the field or the file holds.
    pub bytes: Secret,
    /// The file, unless it was the kubeconfig itself.
    pub file: Option<PathBuf>,
    /// Whether others than its owner can read that file.
    pub readable_by_others: bool,
}

impl Selected<'_> {
    /// Reads what the context refers to, as much as can be read. Problems are
    /// [`Error::DataAndFile`], [`Error::DataInFileField`], and what is wrong with a file:
    /// [`Error::FileNotFound`], [`Error::IsDirectory`], [`Error::Unreadable`].
    #[must_use]
    pub fn material(&self, read: Read<'_>) -> Material {
        let mut material = Material::default();
        let mut take = |source: &PartSource| match item(source, read) {
            Ok(item) => item,
            Err(error) => {
                material.problems.push(error);
                None
            }
        };
        let certificate = self.user.and_then(|user| take(&user.value.certificate));
        let key = self.user.and_then(|user| take(&user.value.key));
        let ca = self.cluster.and_then(|cluster| take(&cluster.value.ca));
        Material { certificate, key, ca, ..material }
    }

    /// Why the file of the token cannot be read, if there is one.
    #[must_use]
    pub fn token_file_problem(&self, read: Read<'_>) -> Option<Error> {
        let (name, named) = self.user?.value.token_file.as_ref()?;
        bytes(name, named, read).err()
    }
}

/// An empty file is as good as none, like an empty field.
fn item(source: &PartSource, read: Read<'_>) -> Result<Option<Item>, Error> {
    let (name, named) = match (&source.file, &source.data) {
        (Some((_, named)), Some(_)) => return Err(Error::DataAndFile { named: named.clone() }),
        (None, None) => return Ok(None),
        (None, Some((bytes, _))) => {
            let bytes = bytes.clone();
            return Ok(Some(Item { bytes, file: None, readable_by_others: false }));
        }
        (Some((name, named)), None) => (name, named),
    };
    let (path, file) = bytes(name, named, read)?;
    let bytes = Secret::new(file.bytes.to_vec());
    let readable_by_others = file.readable_by_others;
    Ok((!bytes.is_empty()).then_some(Item { bytes, file: Some(path), readable_by_others }))
}

fn bytes(name: &str, named: &Named, read: Read<'_>) -> Result<(PathBuf, FileBytes), Error> {
    let path = resolve(name, &named.place.file);
    match read(&path) {
        Ok(file) => Ok((path, file)),
        Err(_) if looks_like_key(name) => Err(Error::DataInFileField { named: named.clone() }),
        Err(error) => Err(unreadable(&path, named, error)),
    }
}

/// Relative to the folder of the kubeconfig as it was named, whatever a link there points to; `~`
/// and `$VAR` are names like any other.
pub(crate) fn resolve(name: &str, kubeconfig: &Path) -> PathBuf {
    kubeconfig.parent().unwrap_or(Path::new("")).join(name)
}

fn unreadable(path: &Path, named: &Named, source: io::Error) -> Error {
    let (path, named_by) = (path.to_owned(), Some(named.clone()));
    match source.kind() {
        io::ErrorKind::NotFound => Error::FileNotFound { path, named_by },
        io::ErrorKind::IsADirectory => Error::IsDirectory { path, named_by },
        _ => Error::Unreadable { path, named_by, source },
    }
}
