//! The errors of kubeconfigs and contexts, by what the user can do about them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::auth::Auth;
use crate::base64::Base64Error;
use crate::place::{Place, Position};
use crate::secret::told_path;

/// Why a kubeconfig, or the context that is wanted, cannot be used. Never holds a value of a field
/// that may be secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// None of the files is there.
    #[error("there is no kubeconfig")]
    NoKubeconfig {
        /// The files that were looked for; none if the list itself is empty.
        tried: Vec<PathBuf>,
    },
    /// A file that was named is not there.
    #[error("{} does not exist", told_path(path))]
    FileNotFound {
        /// Which.
        path: PathBuf,
        /// The field that names it; nothing for the kubeconfig itself.
        named_by: Option<Named>,
    },
    /// It is a folder.
    #[error("{} is a directory", told_path(path))]
    IsDirectory {
        /// Which.
        path: PathBuf,
        /// The field that names it; nothing for the kubeconfig itself.
        named_by: Option<Named>,
    },
    /// A field that names a file holds the bytes themselves.
    #[error("{} of {} wants the name of a file, and holds the bytes of one", named.field, named.owner)]
    DataInFileField {
        /// The field and where it is.
        named: Named,
    },
    /// The system refused.
    #[error("cannot read {}", told_path(path))]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// The field that names it; nothing for the kubeconfig itself.
        named_by: Option<Named>,
        /// Why.
        source: io::Error,
    },
    /// It is no YAML that kubectl reads.
    #[error("{} is no YAML that kubectl reads", told_path(&place.file))]
    Syntax {
        /// Where.
        place: Place,
        /// Why.
        why: String,
    },
    /// Aliases in aliases in aliases.
    #[error("{} grows beyond measure by its aliases", told_path(&place.file))]
    AliasBomb {
        /// Where it was enough.
        place: Place,
    },
    /// A field holds a value of another type.
    #[error("{field} is {found}, and {wanted} is wanted")]
    WrongType {
        /// Where.
        place: Place,
        /// Its name, or `the document`.
        field: String,
        /// What it should be: `a string`.
        wanted: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// Another kind of object, or another version.
    #[error("{} is a {kind} of {api_version}, and no Config of v1", told_path(&place.file))]
    WrongKind {
        /// Where.
        place: Place,
        /// Its kind, control characters escaped.
        kind: String,
        /// Its version, likewise.
        api_version: String,
    },
    /// A `-data` field is no base64.
    #[error("{} of {} is not valid base64", named.field, named.owner)]
    BadBase64 {
        /// The field and where it is.
        named: Named,
        /// Why.
        source: Base64Error,
    },
    /// A name stands twice in one list of one file.
    #[error("there are two {kind}s named '{name}'")]
    DuplicateName {
        /// Where the second is.
        place: Place,
        /// `cluster`, `user`, `context` or `extension`.
        kind: &'static str,
        /// Escaped.
        name: String,
    },
    /// Both the bytes and a file for them are given.
    #[error("{} of {} is given both as a file and as data", named.field, named.owner)]
    DataAndFile {
        /// The file's field and where it is.
        named: Named,
    },
    /// No context was asked for, and none is current.
    #[error("no context is chosen, and there is no current-context")]
    NoCurrentContext {
        /// The contexts there are.
        contexts: Vec<String>,
    },
    /// There is no such entry.
    #[error("there is no {kind} named '{name}'")]
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
    #[error("cluster '{cluster}' has no server to connect to: {why}")]
    NoServer {
        /// Escaped; empty where the context names none.
        cluster: String,
        /// A fragment.
        why: &'static str,
    },
    /// kubectl refuses to connect with this field as it is.
    #[error("kubectl refuses {what}: {why}")]
    Unusable {
        /// The field.
        what: &'static str,
        /// A fragment.
        why: &'static str,
    },
    /// There is nothing to extract.
    #[error("{}", .0.what())]
    NoClientCertificate(Box<NoCertificate>),
    /// The context has no such part.
    #[error("there is no {part} to give out")]
    NoSuchPart {
        /// `client key`, `cluster CA`.
        part: &'static str,
        /// `no-client-key`, `no-ca`.
        code: &'static str,
    },
    /// What is asked for needs PEM, or PEM that can be read.
    #[error("{part} cannot go into {into}: {why}")]
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

impl NoCertificate {
    fn what(&self) -> String {
        let of = self.of.as_ref().map(|context| format!("context '{context}'"));
        format!("{} has no client certificate", of.as_deref().unwrap_or("the selection"))
    }
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

impl Place {
    pub(crate) fn new(file: &Arc<Path>, at: Position) -> Self {
        Self { file: Arc::clone(file), at }
    }
}
