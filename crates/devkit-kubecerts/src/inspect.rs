//! Judges whether what a context holds would work, without asking anybody.

use devkit_report::{Finding, Message, Place, message};

use crate::address;
use crate::config::kubeconfig::{Exec, PartSource, User};
use crate::config::material::{Item, Material};
use crate::config::select::Selected;
use crate::pki::key::PrivateKey;
use crate::pki::pem::{self, Block};
use crate::pki::x509::{self, Certificate, ParsedCertificate, Role, length_in_bits, spaced};
use crate::secret::{safe_path, safe_place, told};
use crate::warning::{Code, found};

/// The time, and how early an end is to be told.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// Seconds since 1970.
    pub now: i64,
    /// A certificate that ends within so many days is told.
    pub warn_days: u32,
}

/// What was found out.
#[derive(Debug, Default)]
pub struct Inspection {
    /// Every certificate that can be read, the client's first.
    pub certificates: Vec<Certificate>,
    /// `RSA 2048`, if the key can be read.
    pub key_type: Option<String>,
    /// Whether the key belongs to the first certificate, if that can be told.
    pub key_matches: Option<bool>,
    /// Whether the key is encrypted.
    pub key_encrypted: bool,
    /// What the user should know.
    pub warnings: Vec<Finding>,
}

/// Looks at everything.
#[must_use]
pub fn inspect(selected: &Selected<'_>, material: &Material, clock: Clock) -> Inspection {
    let mut inspector =
        Inspector { clock, found: Inspection::default(), places: Places::of(selected), at: None };
    inspector.settings(selected);
    let certificate = blocks(material.certificate.as_ref());
    let key = blocks(material.key.as_ref());
    let ca = blocks(material.ca.as_ref());
    let swapped = !certificates(&certificate).any(|_| true)
        && certificate.iter().any(Block::is_private_key)
        && certificates(&key).any(|_| true)
        && !key.iter().any(Block::is_private_key);
    if swapped {
        inspector.at = inspector.places.certificate.clone();
        let text = "client-certificate holds the private key, and client-key the certificate";
        inspector.warn(Code::CertKeySwapped, text);
    }
    let ca = inspector.ca(material.ca.as_ref(), &ca);
    let client = inspector.client(material.certificate.as_ref(), &certificate, swapped);
    inspector.key(material, &key, &client, swapped);
    inspector.signature(&client, &ca);
    inspector.found.certificates.sort_by_key(|certificate| certificate.role == Role::Ca);
    inspector.found
}

fn blocks(item: Option<&Item>) -> Vec<Block> {
    item.map(|item| pem::blocks(&item.bytes)).unwrap_or_default()
}

/// Go looks at blocks with this label only.
pub(crate) fn certificates(blocks: &[Block]) -> impl Iterator<Item = &Block> {
    blocks.iter().filter(|block| block.label == "CERTIFICATE")
}

struct Inspector {
    clock: Clock,
    found: Inspection,
    places: Places,
    /// Where that is which is looked at.
    at: Option<Place>,
}

/// Where the parts of a context are.
#[derive(Default)]
struct Places {
    cluster: Option<Place>,
    user: Option<Place>,
    certificate: Option<Place>,
    key: Option<Place>,
    ca: Option<Place>,
}

impl Places {
    fn of(selected: &Selected<'_>) -> Self {
        let context = selected.context.map(|entry| safe_place(&entry.place));
        let of_cluster = selected.cluster.map(|entry| safe_place(&entry.place));
        let of_user = selected.user.map(|entry| safe_place(&entry.place));
        let (cluster, user) = (of_cluster.or(context.clone()), of_user.or(context));
        let of_part = |source: fn(&User) -> &PartSource| {
            let place = selected.user.and_then(|entry| source(&entry.value).place());
            place.map(safe_place).or_else(|| user.clone())
        };
        let ca = selected.cluster.and_then(|entry| entry.value.ca.place());
        Self {
            certificate: of_part(|user| &user.certificate),
            key: of_part(|user| &user.key),
            ca: ca.map(safe_place).or_else(|| cluster.clone()),
            cluster,
            user,
        }
    }
}

impl Inspector {
    fn warn(&mut self, code: Code, message: impl Into<Message>) {
        self.found.warnings.push(found(code, message).at(self.at.clone()));
    }

    /// What needs no certificate to be seen.
    fn settings(&mut self, selected: &Selected<'_>) {
        self.at = self.places.cluster.clone();
        let server = selected.server().unwrap_or_default();
        if server.is_empty() {
            self.warn(Code::NoServer, "the context names no server: kubectl tries localhost:8080");
        } else if let Some(problem) = address::server_problem(server) {
            let text = message!("kubectl refuses the server's address: {}", problem);
            self.warn(Code::ServerInvalid, text);
        } else if address::scheme(server).is_some_and(|(scheme, _)| scheme == "http") {
            let text = "the server is reached by http: kubectl then sends no credential at all";
            self.warn(Code::ServerNotTls, text);
        } else if address::scheme(server).is_none() {
            let text = "the server's address has no scheme: kubectl guesses http or https";
            self.warn(Code::ServerWithoutScheme, text);
        }
        if let Some(cluster) = selected.cluster
            && cluster.value.insecure_skip_tls_verify
            && cluster.value.ca.is_some()
        {
            let text = "kubectl refuses a CA together with insecure-skip-tls-verify";
            self.warn(Code::CaWithInsecure, text);
        }
        if let Some(cluster) = selected.cluster.map(|cluster| &cluster.value)
            && !cluster.proxy_url.is_empty()
            && let Some(problem) = address::proxy_problem(&cluster.proxy_url)
        {
            let text = message!("kubectl refuses the proxy-url: {}", problem);
            self.warn(Code::ProxyUrlInvalid, text);
        }
        if let Some(user) = selected.user {
            self.user(&user.value);
        }
    }

    fn user(&mut self, user: &User) {
        self.at = self.places.user.clone();
        let token = user.token.is_some() || user.token_file.is_some();
        let basic = !user.username.is_empty() || user.password.is_some();
        if token && basic {
            let text = "kubectl refuses a token together with a user name and password";
            self.warn(Code::MoreThanOneAuthMethod, text);
        }
        if user.exec.is_some() && user.auth_provider.is_some() {
            let text = "kubectl refuses exec together with auth-provider";
            self.warn(Code::MoreThanOneAuthMethod, text);
        }
        if user.impersonation.has_details() && user.impersonation.user.is_empty() {
            let text = "as-uid, as-groups or as-user-extra without as: kubectl refuses it";
            self.warn(Code::ImpersonationIncomplete, text);
        }
        if let Some(exec) = &user.exec {
            self.exec(exec);
        }
        match user.auth_provider.as_deref() {
            None | Some("oidc") => {}
            Some(name @ ("gcp" | "azure" | "openstack")) => {
                let text = message!(
                    "kubectl 1.26 and later has no auth-provider '{}': it wants exec",
                    name
                );
                self.warn(Code::AuthProviderRemoved, text);
            }
            Some(name) => {
                let text = message!("kubectl knows no auth-provider '{}'", told(name));
                self.warn(Code::AuthProviderUnknown, text);
            }
        }
    }

    /// client-go `clientcmd/validation.go` and `plugin/pkg/client/auth/exec/exec.go`.
    fn exec(&mut self, exec: &Exec) {
        if exec.command.is_empty() {
            self.warn(Code::ExecCommandMissing, "the exec section names no command");
        }
        let old = exec.api_version == "client.authentication.k8s.io/v1beta1";
        if exec.api_version.is_empty() {
            self.warn(Code::ExecVersionMissing, "the exec section names no apiVersion");
        } else if !old && exec.api_version != "client.authentication.k8s.io/v1" {
            let text = "the exec section's apiVersion is none that kubectl 1.24 and later knows: \
                        client.authentication.k8s.io/v1 or v1beta1";
            self.warn(Code::ExecVersionUnknown, text);
        }
        // Only the old versions have a default.
        let alpha = exec.api_version == "client.authentication.k8s.io/v1alpha1";
        match exec.interactive_mode.as_str() {
            "Never" | "IfAvailable" | "Always" => {}
            "" if old || alpha => {}
            "" => {
                let text = "the exec section lacks interactiveMode, which this apiVersion wants";
                self.warn(Code::ExecInteractiveMode, text);
            }
            _ => {
                let text = "interactiveMode is neither Never nor IfAvailable nor Always";
                self.warn(Code::ExecInteractiveMode, text);
            }
        }
        if exec.variables.iter().any(|(name, _)| name.is_empty()) {
            let text = "an environment variable of the exec section has no name";
            self.warn(Code::ExecEnvWithoutName, text);
        }
    }

    fn client<'b>(
        &mut self,
        item: Option<&Item>,
        blocks: &'b [Block],
        swapped: bool,
    ) -> Vec<ParsedCertificate<'b>> {
        let Some(item) = item else { return Vec::new() };
        self.at = self.places.certificate.clone();
        let mut parsed = Vec::new();
        for block in certificates(blocks) {
            let Some(certificate) = x509::parse(block) else {
                self.warn(Code::CertUnparsable, "a client certificate cannot be read");
                continue;
            };
            let role = if parsed.is_empty() { Role::Client } else { Role::ClientChain };
            let described = x509::describe(block, &certificate, role);
            self.validity(
                &described,
                "the client certificate",
                Code::CertExpired,
                Code::CertExpiresSoon,
            );
            if described.begins > self.clock.now {
                let text = message!(
                    "the client certificate{} is not valid before {}",
                    of(described.subject.as_deref()),
                    day(&described.not_before)
                );
                self.warn(Code::CertNotYetValid, text);
            }
            if role == Role::Client && !x509::may_be_a_client(&certificate) {
                let text = "the client certificate is not for clients (its extended key usage)";
                self.warn(Code::CertNotForClients, text);
            }
            self.found.certificates.push(described);
            parsed.push(certificate);
        }
        if certificates(blocks).next().is_none() && !swapped {
            let text = message!("the client certificate {}", what_instead(&item.bytes, blocks));
            self.warn(Code::CertNotPem, text);
        }
        if blocks.iter().any(Block::is_private_key) && !swapped {
            let text = "the client certificate's field holds a private key too";
            self.warn(Code::KeyInCertificateField, text);
        }
        parsed
    }

    fn validity(&mut self, described: &Certificate, what: &str, over: Code, soon: Code) {
        let Certificate { subject, expires, .. } = described;
        let subject = of(subject.as_deref());
        let (left, end) = (expires - self.clock.now, day(&described.not_after));
        if left < 0 {
            self.warn(over, message!("{}{} expired on {}", what, subject, end));
        } else if left < i64::from(self.clock.warn_days) * 86_400 {
            let days = left / 86_400;
            let s = if days == 1 { "" } else { "s" };
            self.warn(
                soon,
                message!("{}{} expires on {}, in {} day{}", what, subject, end, days, s),
            );
        }
    }

    fn key(
        &mut self,
        material: &Material,
        blocks: &[Block],
        client: &[ParsedCertificate<'_>],
        swapped: bool,
    ) {
        self.at = self.places.key.clone();
        let Some(item) = &material.key else {
            if material.certificate.is_some() && !material.lacks("client-key") {
                self.warn(Code::CertWithoutKey, "there is a client certificate, and no key to it");
            }
            return;
        };
        if material.certificate.is_none() && !material.lacks("client-certificate") {
            let text = "there is a client key, and no certificate: kubectl ignores it";
            self.warn(Code::KeyWithoutCert, text);
        }
        if item.readable_by_others
            && let Some(file) = &item.file
        {
            let text = message!("{} can be read by others than its owner", safe_path(file));
            self.warn(Code::KeyFileReadableByOthers, text);
        }
        if swapped {
            return;
        }
        let Some(block) = blocks.iter().find(|block| block.is_private_key()) else {
            let text = message!("the client key {}", what_instead(&item.bytes, blocks));
            return self.warn(Code::KeyNotPem, text);
        };
        if block.encrypted || block.label == "ENCRYPTED PRIVATE KEY" {
            self.found.key_encrypted = true;
            let text = "the client key is encrypted, and kubectl cannot ask for its password";
            return self.warn(Code::KeyEncrypted, text);
        }
        let Some(key) = PrivateKey::parse(block) else {
            return self.warn(Code::KeyUnparsable, "the client key cannot be read");
        };
        self.found.key_type = Some(key.describe());
        let Some(leaf) = client.first() else { return };
        let matches = key.belongs_to(&leaf.public_key);
        self.found.key_matches = matches;
        if matches != Some(false) {
            return;
        }
        let others = client.iter().skip(1);
        if others.into_iter().any(|other| key.belongs_to(&other.public_key) == Some(true)) {
            let text = "the key belongs to a later certificate: its own has to come first";
            self.warn(Code::LeafNotFirst, text);
        } else {
            self.warn(Code::KeyMismatch, "the client key does not belong to the certificate");
        }
    }

    fn ca<'b>(&mut self, item: Option<&Item>, blocks: &'b [Block]) -> Vec<ParsedCertificate<'b>> {
        let Some(item) = item else { return Vec::new() };
        self.at = self.places.ca.clone();
        let mut parsed = Vec::new();
        for block in certificates(blocks) {
            let Some(certificate) = x509::parse(block) else {
                self.warn(Code::CaUnparsable, "a certificate of the cluster's CA cannot be read");
                continue;
            };
            let described = x509::describe(block, &certificate, Role::Ca);
            self.validity(&described, "the cluster's CA", Code::CaExpired, Code::CaExpiresSoon);
            if !described.is_ca {
                let text = message!(
                    "the cluster's CA{} may not sign certificates",
                    of(described.subject.as_deref())
                );
                self.warn(Code::CaNotACa, text);
            }
            self.found.certificates.push(described);
            parsed.push(certificate);
        }
        if certificates(blocks).next().is_none() {
            let text = message!("the cluster's CA {}", what_instead(&item.bytes, blocks));
            self.warn(Code::CaNotPem, text);
        } else if blocks.iter().any(Block::is_private_key) {
            let text = "the field of the cluster's CA holds a private key too";
            self.warn(Code::KeyInCaField, text);
        }
        parsed
    }

    /// Whether the client's certificate leads to the cluster's CA, or to a root beside it: some
    /// clusters (k3s) have another CA for clients, and put it there.
    fn signature(&mut self, client: &[ParsedCertificate<'_>], ca: &[ParsedCertificate<'_>]) {
        let (Some(leaf), false) = (client.first(), ca.is_empty()) else { return };
        self.at = self.places.certificate.clone();
        let mut at = leaf;
        for _ in 0..=client.len() {
            match signed_by(at, ca) {
                Signed::By(_) | Signed::Unknown => return,
                Signed::Not => {}
            }
            at = match signed_by(at, client) {
                Signed::By(issuer) if std::ptr::eq(issuer, at) && !std::ptr::eq(at, leaf) => return,
                Signed::By(issuer) if !std::ptr::eq(issuer, at) => issuer,
                Signed::Unknown => return,
                _ => break,
            };
        }
        let issuer = self.found.certificates.iter().find(|found| found.role == Role::Client);
        let issuer = issuer.and_then(|found| found.issuer.as_deref());
        let by = issuer.map(|issuer| format!(" ({} has)", spaced(issuer))).unwrap_or_default();
        let text = message!("the cluster's CA has not signed the client certificate{}", by);
        self.warn(Code::CertNotSignedByCa, text);
    }
}

enum Signed<'a, 'b> {
    By(&'a ParsedCertificate<'b>),
    Not,
    /// By one with that name, in a way that cannot be verified here.
    Unknown,
}

fn signed_by<'a, 'b>(
    certificate: &ParsedCertificate<'_>,
    issuers: &'a [ParsedCertificate<'b>],
) -> Signed<'a, 'b> {
    let mut unknown = false;
    for issuer in issuers {
        if issuer.subject.whole != certificate.issuer.whole {
            continue;
        }
        match certificate.is_signed_by(&issuer.public_key) {
            Some(true) => return Signed::By(issuer),
            Some(false) if !is_small(issuer) => {}
            _ => unknown = true,
        }
    }
    if unknown { Signed::Unknown } else { Signed::Not }
}

/// Keys that ring does not verify with.
fn is_small(issuer: &ParsedCertificate<'_>) -> bool {
    match issuer.public_key.modulus() {
        Some(modulus) => length_in_bits(modulus) < 2048,
        None => {
            x509::curve(&issuer.public_key).is_some_and(|curve| !matches!(curve, "P-256" | "P-384"))
        }
    }
}

/// What stands where PEM is wanted, in words that give nothing away.
fn what_instead(bytes: &[u8], blocks: &[Block]) -> &'static str {
    let has = |label: &str| blocks.iter().any(|block| block.label == label);
    if has("TRUSTED CERTIFICATE") {
        "is in OpenSSL's TRUSTED form, which kubectl does not read"
    } else if blocks.iter().any(Block::is_private_key) {
        "is a private key"
    } else if has("CERTIFICATE") {
        "is a certificate"
    } else if bytes.first() == Some(&0x30) {
        "is DER, and kubectl wants PEM"
    } else if bytes.starts_with(b"-----BEGIN ") {
        "is broken PEM: an end line or the base64 between is wrong"
    } else {
        "is no PEM"
    }
}

/// A name behind a noun.
fn of(subject: Option<&str>) -> String {
    subject.map(|subject| format!(" {}", spaced(subject))).unwrap_or_default()
}

/// The day of a time.
fn day(time: &str) -> &str {
    time.split('T').next().unwrap_or(time)
}
