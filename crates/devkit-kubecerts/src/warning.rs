//! The warnings that the user should know of, and that `check` counts.

use serde::Serialize;

/// A warning. It holds no key material.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Stable: the name of a [`Code`], or the code of an error that concerns one context only.
    pub code: &'static str,
    /// A sentence fragment.
    pub message: String,
    /// Whether `check` counts it: the credential does not work, or soon will not.
    #[serde(skip)]
    pub finding: bool,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $kind:ident;)*) => {
        /// What a warning is about: `duplicate-key`, `cert-expired` and so on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// All there are.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The stable name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
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
    /// No PEM, or no certificate in it.
    CertNotPem = "cert-not-pem", FINDING;
    /// The PEM block holds no certificate that can be read.
    CertUnparsable = "cert-unparsable", FINDING;
    /// A certificate alone proves nothing.
    CertWithoutKey = "cert-without-key", FINDING;
    /// Ignored by kubectl.
    KeyWithoutCert = "key-without-cert", NOTE;
    /// No PEM, or no private key in it.
    KeyNotPem = "key-not-pem", FINDING;
    /// The key cannot be read.
    KeyUnparsable = "key-unparsable", FINDING;
    /// kubectl cannot ask for its password.
    KeyEncrypted = "key-encrypted", FINDING;
    /// It belongs to another certificate.
    KeyMismatch = "key-mismatch", FINDING;
    /// The certificate field holds a private key too.
    KeyInCertificateField = "key-in-certificate-field", NOTE;
    /// Each field holds what belongs into the other.
    CertKeySwapped = "cert-key-swapped", FINDING;
    /// Its time is over.
    CertExpired = "cert-expired", FINDING;
    /// Its time is over within the days that were asked for.
    CertExpiresSoon = "cert-expires-soon", FINDING;
    /// Its time has not come.
    CertNotYetValid = "cert-not-yet-valid", FINDING;
    /// The first certificate is not the one of the key.
    LeafNotFirst = "leaf-not-first", FINDING;
    /// Its extended key usage leaves clients out.
    CertNotForClients = "cert-not-for-clients", FINDING;
    /// Neither the cluster's CA nor one beside it has signed it.
    CertNotSignedByCa = "cert-not-signed-by-ca", FINDING;
    /// No PEM, or no certificate in it.
    CaNotPem = "ca-not-pem", FINDING;
    /// A certificate of it cannot be read.
    CaUnparsable = "ca-unparsable", FINDING;
    /// Its time is over.
    CaExpired = "ca-expired", FINDING;
    /// Its time is over within the days that were asked for.
    CaExpiresSoon = "ca-expires-soon", FINDING;
    /// It may not sign certificates; a server may use it for itself.
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
    /// Others than the owner can read it.
    KubeconfigReadableByOthers = "kubeconfig-readable-by-others", NOTE;
    /// The same of a private key file that it names.
    KeyFileReadableByOthers = "key-file-readable-by-others", NOTE;
    /// A private key would be committed with the next `git add`.
    KeyInGitWorkTree = "key-in-git-work-tree", NOTE;
    /// A context without a certificate, where all are extracted.
    NoClientCertificate = "no-client-certificate", NOTE;
}

impl Warning {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code: code.name(), message: message.into(), finding: code.is_finding() }
    }

    /// Of a context that is passed over where all are extracted.
    #[must_use]
    pub fn no_client_certificate() -> Self {
        Self::new(Code::NoClientCertificate, "there is no client certificate: nothing is written")
    }

    /// An error that concerns one context only.
    #[must_use]
    pub fn of_error(error: &crate::Error) -> Self {
        Self { code: error.code(), message: error.to_string(), finding: true }
    }
}
