//! The report about a context, which has never a byte of a key.

use devkit_report::{Finding, Severity};
use serde::Serialize;

use crate::address::without_password;
use crate::auth::Auth;
use crate::config::material::{Item, Material};
use crate::config::select::Selected;
use crate::inspect::{Clock, Inspection, inspect};
use crate::pki::x509::{Certificate, sha256};
use crate::warning::of_error;

/// A context as `--json` tells it. What is absent or empty is `null`.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The context's name.
    pub context: Option<String>,
    /// The cluster's name.
    pub cluster: Option<String>,
    /// The user's name.
    pub user: Option<String>,
    /// The server's URL, without a password that may stand in it.
    pub server: Option<String>,
    /// The context's namespace.
    pub namespace: Option<String>,
    /// What the server's certificate is to be for, where it is not the URL's host.
    pub tls_server_name: Option<String>,
    /// Whether the server's certificate is not checked at all.
    pub insecure_skip_tls_verify: bool,
    /// The proxy's URL, without a password that may stand in it.
    pub proxy_url: Option<String>,
    /// All ways in which the user proves who it is.
    pub auth: Vec<Auth>,
    /// The client certificate.
    pub client_cert: Option<Part>,
    /// The client's private key.
    pub client_key: Option<Part>,
    /// The cluster's CA.
    pub ca: Option<Part>,
    /// Every certificate that can be read.
    pub certificates: Vec<Certificate>,
    /// What the user should know.
    pub warnings: Vec<Finding>,
    /// `RSA 2048`, if the key can be read.
    #[serde(skip)]
    pub key_type: Option<String>,
    /// Whether the key belongs to the certificate, if that can be told.
    #[serde(skip)]
    pub key_matches: Option<bool>,
    /// Whether the key is encrypted.
    #[serde(skip)]
    pub key_encrypted: bool,
}

/// Some bytes that a context holds.
#[derive(Debug, Clone, Serialize)]
pub struct Part {
    /// The sum of the exact bytes, hexadecimal.
    pub sha256: String,
    /// How many.
    pub bytes: usize,
    /// Where they were written, if they were.
    pub path: Option<String>,
}

impl Report {
    /// Describes a context and looks at what it holds.
    #[must_use]
    pub fn new(selected: &Selected<'_>, material: &Material, clock: Clock) -> Self {
        let Inspection { certificates, key_type, key_matches, key_encrypted, warnings } =
            inspect(selected, material, clock);
        let cluster = selected.cluster.map(|cluster| &cluster.value);
        let of_entries = [
            selected.context.map(|entry| &entry.warnings),
            selected.cluster.map(|entry| &entry.warnings),
            selected.user.map(|entry| &entry.warnings),
        ];
        let problems = material.problems.iter().map(of_error);
        let of_entries = of_entries.into_iter().flatten().flatten().cloned();
        Self {
            context: selected.context().map(str::to_owned),
            cluster: selected.cluster().map(str::to_owned),
            user: selected.user().map(str::to_owned),
            server: selected.server().map(without_password),
            namespace: selected.context.and_then(|entry| some(&entry.value.namespace)),
            tls_server_name: cluster.and_then(|cluster| some(&cluster.tls_server_name)),
            insecure_skip_tls_verify: cluster
                .is_some_and(|cluster| cluster.insecure_skip_tls_verify),
            proxy_url: cluster
                .and_then(|cluster| some(&cluster.proxy_url))
                .map(|url| without_password(&url)),
            auth: selected.auth(),
            client_cert: material.certificate.as_ref().map(Part::of),
            client_key: material.key.as_ref().map(Part::of),
            ca: material.ca.as_ref().map(Part::of),
            certificates,
            warnings: of_entries.chain(problems).chain(warnings).collect(),
            key_type,
            key_matches,
            key_encrypted,
        }
    }

    /// What `check` counts.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.warnings.iter().filter(|warning| warning.severity == Severity::Error)
    }

    /// Notes what is wrong besides.
    pub fn add_problems<'e>(&mut self, problems: impl IntoIterator<Item = &'e crate::Error>) {
        self.warnings.extend(problems.into_iter().map(of_error));
    }
}

impl Part {
    fn of(item: &Item) -> Self {
        Self { sha256: sha256(&item.bytes), bytes: item.bytes.len(), path: None }
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
