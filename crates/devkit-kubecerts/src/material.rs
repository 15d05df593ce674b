//! The bytes of a context's certificate, key and CA, as they are.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Named};
use crate::files::Read;
use crate::kubeconfig::Source;
use crate::secret::Secret;
use crate::select::Selected;

/// What a context holds.
#[derive(Debug)]
pub struct Material {
    /// The client certificate, with its chain.
    pub certificate: Option<Item>,
    /// The client's private key.
    pub key: Option<Item>,
    /// The CA that the server's certificate is checked against.
    pub ca: Option<Item>,
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
    /// Reads what the context refers to, each file once.
    ///
    /// # Errors
    ///
    /// [`Error::DataAndFile`], and what is wrong with a file: [`Error::FileNotFound`],
    /// [`Error::IsDirectory`], [`Error::Unreadable`].
    pub fn material(&self, read: Read<'_>) -> Result<Material, Error> {
        let mut material = Material { certificate: None, key: None, ca: None };
        if let Some(user) = self.user {
            material.certificate = item(&user.value.certificate, read)?;
            material.key = item(&user.value.key, read)?;
        }
        if let Some(cluster) = self.cluster {
            material.ca = item(&cluster.value.ca, read)?;
        }
        Ok(material)
    }
}

/// An empty file is as good as none, like an empty field.
fn item(source: &Source, read: Read<'_>) -> Result<Option<Item>, Error> {
    let (name, named) = match (&source.file, &source.data) {
        (Some((_, named)), Some(_)) => return Err(Error::DataAndFile { named: named.clone() }),
        (None, None) => return Ok(None),
        (None, Some((bytes, _))) => {
            let bytes = bytes.clone();
            return Ok(Some(Item { bytes, file: None, readable_by_others: false }));
        }
        (Some((name, named)), None) => (name, named),
    };
    let path = resolve(name, &named.place.file);
    let file = read(&path).map_err(|error| unreadable(&path, named, error))?;
    let bytes = Secret::new(file.bytes.to_vec());
    let readable_by_others = file.readable_by_others;
    Ok((!bytes.is_empty()).then_some(Item { bytes, file: Some(path), readable_by_others }))
}

/// Relative to the folder of the kubeconfig as it was named, whatever a link there points to; `~`
/// and `$VAR` are names like any other.
fn resolve(name: &str, kubeconfig: &Path) -> PathBuf {
    kubeconfig.parent().unwrap_or(Path::new("")).join(name)
}

fn unreadable(path: &Path, named: &Named, source: io::Error) -> Error {
    let (path, named_by) = (path.to_owned(), Some(named.clone()));
    match source.kind() {
        io::ErrorKind::NotFound => Error::FileNotFound { path, named_by },
        io::ErrorKind::IsADirectory => Error::IsDirectory { path, named_by },
        _ => Error::Unreadable { path, source },
    }
}
