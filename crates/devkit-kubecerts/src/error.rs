//! The errors of kubeconfigs and contexts, by what the user can do about them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use devkit_report::{Message, Place, message};

use crate::auth::Auth;
use crate::base64::Base64Error;
use crate::secret::safe_path;

/// Why a kubeconfig, or the context that is wanted, cannot be used. Never holds a value of a field
/// that may be secret.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.message())]
pub enum Error {
    /// None of the files is there.
    NoKubeconfig {
        /// The files that were looked for; none if the list itself is empty.
        tried: Vec<PathBuf>,
    },
    /// A file that was named is not there.
    FileNotFound {
        /// Which.
        path: PathBuf,
        /// The field that names it; nothing for the kubeconfig itself.
        named_by: Option<Named>,
    },
    /// The file is a folder.
    IsDirectory {
        /// Which.
        path: PathBuf,
        /// The field that names it; nothing for the kubeconfig itself.
        named_by: Option<Named>,
    },
    /// A field that names a file holds the bytes themselves.
    DataInFileField {
        /// The field and where it is.
        named: Named,
    },
    /// The system refused.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// The field that names it; nothing for the kubeconfig itself.
        named_by: Option<Named>,
        /// Why.
        source: io::Error,
    },
    /// The file is no YAML that kubectl reads.
    Syntax {
        /// Where.
        place: Place,
        /// Why.
        why: String,
    },
    /// Aliases in aliases in aliases.
    AliasBomb {
        /// Where it was enough.
        place: Place,
    },
    /// A field holds a value of another type.
    WrongType {
        /// Where.
        place: Place,
        /// The field's name, or `the document`.
        field: String,
        /// What it should be: `a string`.
        wanted: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// Another kind of object, or another version.
    WrongKind {
        /// Where.
        place: Place,
        /// The document's kind, control characters escaped.
        kind: String,
        /// The document's version, likewise.
        api_version: String,
    },
    /// A `-data` field is no base64.
    BadBase64 {
        /// The field and where it is.
        named: Named,
        /// Why.
        source: Base64Error,
    },
    /// A name stands twice in one list of one file.
    DuplicateName {
        /// Where the second is.
        place: Place,
        /// `cluster`, `user`, `context` or `extension`.
        kind: &'static str,
        /// Escaped.
        name: String,
    },
    /// Both the bytes and a file for them are given.
    DataAndFile {
        /// The file's field and where it is.
        named: Named,
    },
    /// No context was asked for, and none is current.
    NoCurrentContext {
        /// The contexts there are.
        contexts: Vec<String>,
    },
    /// There is no such entry.
    NotFound {
        /// What was looked for.
        kind: Kind,
        /// Escaped.
        name: String,
        /// The context that names it, if it was not asked for itself.
        named_by: Option<String>,
        /// Existing names that are like it, the nearest first.
        nearest: Vec<String>,
        /// The files that were looked in.
        files: Vec<Arc<Path>>,
    },
    /// There is no server to connect to.
    NoServer {
        /// Escaped; empty where the context names none.
        cluster: String,
        /// A fragment.
        why: &'static str,
    },
    /// kubectl refuses to connect with this field as it is.
    Unusable {
        /// The field.
        what: &'static str,
        /// A fragment.
        why: &'static str,
    },
    /// There is nothing to extract.
    NoClientCertificate(Box<NoCertificate>),
    /// The context has no such part.
    NoSuchPart {
        /// `client key`, `cluster CA`.
        part: &'static str,
        /// `no-client-key`, `no-ca`.
        code: &'static str,
    },
    /// What is asked for needs PEM, or PEM that can be read.
    NotPem {
        /// `the client certificate` or `the client key`.
        part: &'static str,
        /// `a PEM bundle`, `a PKCS#12 file`.
        into: &'static str,
        /// A fragment.
        why: String,
    },
}

/// What a context has instead of a client certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoCertificate {
    /// The context.
    pub of: Option<String>,
    /// The user, if there is one, and where it is.
    pub user: Option<(String, Place)>,
    /// How the user proves who it is.
    pub auth: Vec<Auth>,
    /// Whether there is a key all the same.
    pub has_key: bool,
    /// Whether the cluster has a CA.
    pub has_ca: bool,
    /// The command of an exec section, with the first words of its arguments.
    pub command: Option<String>,
}

/// A field of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The field: `client-certificate`.
    pub field: &'static str,
    /// Whose it is: `user 'admin'`.
    pub owner: String,
    /// Where it is.
    pub place: Place,
}

/// The three kinds of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In `contexts`.
    Context,
    /// In `clusters`.
    Cluster,
    /// In `users`.
    User,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Context => "context",
            Self::Cluster => "cluster",
            Self::User => "user",
        })
    }
}

impl Error {
    /// What is the matter; the cause is beside it.
    #[must_use]
    pub fn message(&self) -> Message {
        let listed = |files: &mut dyn Iterator<Item = &Path>, between| {
            Message::joined(files.map(safe_path), between)
        };
        match self {
            Self::NoKubeconfig { tried } if tried.is_empty() => {
                message!("there is no kubeconfig: KUBECONFIG lists no file")
            }
            Self::NoKubeconfig { tried } => {
                let tried = listed(&mut tried.iter().map(|path| &**path), ", nor ");
                message!("there is no kubeconfig: no file {}", tried)
            }
            Self::FileNotFound { path, named_by: None } => {
                message!("there is no file {}", safe_path(path))
            }
            Self::FileNotFound { path, named_by: Some(Named { field, owner, .. }) } => {
                let path = safe_path(path);
                message!("{} of {} names a file that is not there: {}", field, owner, path)
            }
            Self::IsDirectory { path, named_by: None } => {
                message!("{} is a directory, and no kubeconfig", safe_path(path))
            }
            Self::IsDirectory { path, named_by: Some(Named { field, owner, .. }) } => {
                message!("{} of {} names a directory: {}", field, owner, safe_path(path))
            }
            Self::Unreadable { path, .. } => message!("cannot read {}", safe_path(path)),
            Self::Syntax { place, .. } => {
                message!("{} is no YAML that kubectl reads", safe_path(&place.file))
            }
            Self::AliasBomb { place } => {
                message!("{} grows beyond measure by its aliases", safe_path(&place.file))
            }
            Self::WrongKind { place, kind, api_version } => {
                let file = safe_path(&place.file);
                message!("{} is a {} of {}, not a Config of v1", file, kind, api_version)
            }
            Self::NotFound { kind, name, named_by, files: looked_in, .. } => {
                let files = listed(&mut looked_in.iter().map(|file| &**file), ", ");
                let kind = kind.to_string();
                match named_by {
                    None => message!("no {} named '{}' in {}", kind, name, files),
                    Some(context) => message!(
                        "context '{}' names the {} '{}', which is not in {}",
                        context,
                        kind,
                        name,
                        files
                    ),
                }
            }
            Self::DataInFileField { named: Named { field, owner, .. } } => message!(
                "{} of {} wants the name of a file, and holds the bytes of one",
                field,
                owner
            ),
            Self::WrongType { field, wanted, found, .. } => {
                message!("{} is {}, and {} is wanted", field, found, wanted)
            }
            Self::BadBase64 { named: Named { field, owner, .. }, .. } => {
                message!("{} of {} is not valid base64", field, owner)
            }
            Self::DuplicateName { kind, name, .. } => {
                message!("there are two {}s named '{}'", kind, name)
            }
            Self::DataAndFile { named: Named { field, owner, .. } } => {
                message!("{} of {} is given both as a file and as data", field, owner)
            }
            Self::NoCurrentContext { .. } => {
                message!("no context is chosen, and there is no current-context")
            }
            Self::NoServer { cluster, why } => {
                message!("cluster '{}' has no server to connect to: {}", cluster, why)
            }
            Self::Unusable { what, why } => message!("kubectl refuses {}: {}", what, why),
            Self::NoClientCertificate(none) => {
                let of = none.of.as_ref().map(|context| message!("context '{}'", context));
                let of = of.unwrap_or_else(|| message!("the selection"));
                message!("{} has no client certificate", of)
            }
            Self::NoSuchPart { part, .. } => message!("there is no {} to give out", part),
            Self::NotPem { part, into, why } => {
                message!("{} cannot go into {}: {}", part, into, why)
            }
        }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoKubeconfig { .. } => "no-kubeconfig",
            Self::FileNotFound { .. } | Self::DataInFileField { .. } => "file-not-found",
            Self::IsDirectory { .. } => "is-a-directory",
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "permission-denied"
            }
            Self::Unreadable { .. } => "io",
            Self::Syntax { .. } => "yaml-syntax",
            Self::AliasBomb { .. } => "alias-bomb",
            Self::WrongType { .. } => "wrong-type",
            Self::WrongKind { .. } => "wrong-kind",
            Self::BadBase64 { .. } => "bad-base64",
            Self::DuplicateName { .. } => "duplicate-name",
            Self::DataAndFile { .. } => "data-and-file-conflict",
            Self::NoCurrentContext { .. } => "no-current-context",
            Self::NotFound { kind: Kind::Context, .. } => "context-not-found",
            Self::NotFound { kind: Kind::Cluster, .. } => "cluster-not-found",
            Self::NotFound { kind: Kind::User, .. } => "user-not-found",
            Self::NoClientCertificate(_) => "no-client-certificate",
            Self::NoServer { .. } => "no-server",
            Self::Unusable { .. } => "field-unusable",
            Self::NoSuchPart { code, .. } => code,
            Self::NotPem { .. } => "not-pem",
        }
    }

    /// Where in which file it is, if it is in one.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Syntax { place, .. }
            | Self::AliasBomb { place }
            | Self::WrongType { place, .. }
            | Self::WrongKind { place, .. }
            | Self::DuplicateName { place, .. } => Some(place),
            Self::BadBase64 { named, .. }
            | Self::DataAndFile { named }
            | Self::DataInFileField { named } => Some(&named.place),
            Self::FileNotFound { named_by, .. }
            | Self::IsDirectory { named_by, .. }
            | Self::Unreadable { named_by, .. } => named_by.as_ref().map(|named| &named.place),
            Self::NoClientCertificate(none) => none.user.as_ref().map(|(_, place)| place),
            _ => None,
        }
    }
}

impl Error {
    /// The field whose bytes cannot be had.
    pub(crate) fn field(&self) -> Option<&'static str> {
        match self {
            Self::DataAndFile { named } | Self::DataInFileField { named } => Some(named.field),
            Self::FileNotFound { named_by, .. }
            | Self::IsDirectory { named_by, .. }
            | Self::Unreadable { named_by, .. } => named_by.as_ref().map(|named| named.field),
            _ => None,
        }
    }
}
