//! The ways in which a user of a kubeconfig proves who it is.

use serde::Serialize;

/// A way of proving who one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// `client-certificate` and its like.
    ClientCertificate,
    /// `token`.
    Token,
    /// `tokenFile`.
    TokenFile,
    /// `username` and `password`.
    Basic,
    /// `exec`.
    Exec,
    /// `auth-provider`.
    AuthProvider,
}

impl Auth {
    /// The name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ClientCertificate => "client-certificate",
            Self::Token => "token",
            Self::TokenFile => "token-file",
            Self::Basic => "basic",
            Self::Exec => "exec",
            Self::AuthProvider => "auth-provider",
        }
    }
}
