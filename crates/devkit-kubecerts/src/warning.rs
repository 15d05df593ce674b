//! The warnings that the user should know of, and that `check` counts.

use devkit_report::{Finding, Message, Severity, message};

use crate::error::Error;
use crate::secret::safe_place;

macro_rules! codes {
    ($(#[doc = $doc:literal] $variant:ident = $name:literal, $kind:ident;)*) => {
        /// What a warning is about: `duplicate-key`, `cert-expired` and so on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $doc] $variant,)*
        }

        impl Code {
            /// All there are.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The stable name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// What it means, in words.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $doc.trim_ascii()),* }
            }

            /// Whether `check` counts it.
            #[must_use]
            pub fn is_finding(self) -> bool {
                match self { $(Self::$variant => kind::$kind),* }
            }
        }
    };
}

mod kind {
    pub(super) const FINDING: bool = true;
    pub(super) const NOTE: bool = false;
}

codes! {
    /// A key stands twice in one mapping; the last counts.
    DuplicateKey = "duplicate-key", NOTE;
    /// Only the first document counts.
    ExtraDocumentsIgnored = "extra-documents-ignored", NOTE;
    /// kubectl knows no such field.
    UnknownField = "unknown-field", NOTE;
    /// The client certificate is no PEM, or holds no certificate.
    CertNotPem = "cert-not-pem", FINDING;
    /// The PEM block holds no certificate that can be read.
    CertUnparsable = "cert-unparsable", FINDING;
    /// A certificate alone proves nothing.
    CertWithoutKey = "cert-without-key", FINDING;
    /// A key without a certificate is ignored by kubectl.
    KeyWithoutCert = "key-without-cert", NOTE;
    /// The client key is no PEM, or holds no private key.
    KeyNotPem = "key-not-pem", FINDING;
    /// The key cannot be read.
    KeyUnparsable = "key-unparsable", FINDING;
    /// kubectl cannot ask for its password.
    KeyEncrypted = "key-encrypted", FINDING;
    /// The key belongs to another certificate.
    KeyMismatch = "key-mismatch", FINDING;
    /// The certificate field holds a private key too.
    KeyInCertificateField = "key-in-certificate-field", NOTE;
    /// Each field holds what belongs into the other.
    CertKeySwapped = "cert-key-swapped", FINDING;
    /// The time of the client certificate is over.
    CertExpired = "cert-expired", FINDING;
    /// The time of the client certificate is over within the days that were asked for.
    CertExpiresSoon = "cert-expires-soon", FINDING;
    /// The time of the client certificate has not come.
    CertNotYetValid = "cert-not-yet-valid", FINDING;
    /// The first certificate is not the one of the key.
    LeafNotFirst = "leaf-not-first", FINDING;
    /// The extended key usage of the certificate leaves clients out.
    CertNotForClients = "cert-not-for-clients", FINDING;
    /// Neither the cluster's CA nor one beside it has signed the client certificate.
    CertNotSignedByCa = "cert-not-signed-by-ca", FINDING;
    /// The cluster's CA is no PEM, or holds no certificate.
    CaNotPem = "ca-not-pem", FINDING;
    /// A certificate of the cluster's CA cannot be read.
    CaUnparsable = "ca-unparsable", FINDING;
    /// The time of the cluster's CA is over.
    CaExpired = "ca-expired", FINDING;
    /// The time of the cluster's CA is over within the days that were asked for.
    CaExpiresSoon = "ca-expires-soon", FINDING;
    /// The cluster's CA may not sign certificates; a server may use it for itself.
    CaNotACa = "ca-not-a-ca", NOTE;
    /// The CA's field holds a private key too.
    KeyInCaField = "key-in-ca-field", NOTE;
    /// kubectl refuses both together.
    CaWithInsecure = "ca-with-insecure", FINDING;
    /// kubectl refuses the server's address.
    ServerInvalid = "server-invalid", FINDING;
    /// kubectl refuses the proxy's URL.
    ProxyUrlInvalid = "proxy-url-invalid", FINDING;
    /// No credential is sent over http.
    ServerNotTls = "server-not-tls", NOTE;
    /// kubectl takes `host:port` for https only in some versions.
    ServerWithoutScheme = "server-without-scheme", NOTE;
    /// kubectl then tries localhost:8080.
    NoServer = "no-server", NOTE;
    /// kubectl refuses them together.
    MoreThanOneAuthMethod = "more-than-one-auth-method", FINDING;
    /// An exec section without a command.
    ExecCommandMissing = "exec-command-missing", FINDING;
    /// An exec section without its apiVersion.
    ExecVersionMissing = "exec-api-version-missing", FINDING;
    /// An exec section with an apiVersion that kubectl does not know.
    ExecVersionUnknown = "exec-api-version-unknown", FINDING;
    /// An exec section whose interactiveMode is missing or none of the three.
    ExecInteractiveMode = "exec-interactive-mode", FINDING;
    /// An environment variable of an exec section has no name.
    ExecEnvWithoutName = "exec-env-without-name", FINDING;
    /// More about somebody who is not impersonated.
    ImpersonationIncomplete = "impersonation-incomplete", FINDING;
    /// kubectl knows no such auth-provider.
    AuthProviderUnknown = "auth-provider-unknown", FINDING;
    /// Gone since kubectl 1.26.
    AuthProviderRemoved = "auth-provider-removed", FINDING;
    /// The kubeconfig can be read by others than its owner.
    KubeconfigReadableByOthers = "kubeconfig-readable-by-others", NOTE;
    /// A private key file that it names can be read by others.
    KeyFileReadableByOthers = "key-file-readable-by-others", NOTE;
    /// A private key would be committed with the next `git add`.
    KeyInGitWorkTree = "key-in-git-work-tree", NOTE;
    /// A context without a certificate, where all are extracted.
    NoClientCertificate = "no-client-certificate", NOTE;
}

/// What was found in a kubeconfig, or in what it refers to. It holds no key material.
pub(crate) fn found(code: Code, message: impl Into<Message>) -> Finding {
    let severity = if code.is_finding() { Severity::Error } else { Severity::Warning };
    Finding::new(code.name(), severity, message)
}

/// About a context that is passed over where all are extracted.
#[must_use]
pub fn no_client_certificate() -> Finding {
    found(Code::NoClientCertificate, message!("there is no client certificate: nothing is written"))
}

/// An error that concerns one context only.
#[must_use]
pub fn of_error(error: &Error) -> Finding {
    let place = error.place().map(safe_place);
    let message = match error {
        // The context is known, and what was looked for is not in any file.
        Error::NotFound { kind, name, .. } => {
            message!("there is no {} named '{}'", kind.to_string(), name)
        }
        error => error.message(),
    };
    Finding::error(error.code(), message).at(place)
}
