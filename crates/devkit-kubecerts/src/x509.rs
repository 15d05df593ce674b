//! What a certificate says about itself.

use std::fmt::Write as _;
use std::net::IpAddr;

use serde::Serialize;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::{OID_KEY_TYPE_EC_PUBLIC_KEY, OID_SIG_ED25519};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{AttributeTypeAndValue, SubjectPublicKeyInfo, X509Name};

use crate::pem::Block;

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The client's own.
    Client,
    /// One that comes with it.
    ClientChain,
    /// Of the cluster's CA.
    Ca,
}

/// A certificate, as it is reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// What it is for.
    pub role: Role,
    /// In the order of RFC 4514: `CN=kubernetes-admin,O=system:masters`.
    pub subject: Option<String>,
    /// Names and addresses it is valid for: `DNS:…`, `IP:…`, `URI:…`, `email:…`.
    pub sans: Vec<String>,
    /// As the subject.
    pub issuer: Option<String>,
    /// Hexadecimal: `0a:1b:…`.
    pub serial: String,
    /// Valid from; RFC 3339.
    pub not_before: String,
    /// Valid to; RFC 3339.
    pub not_after: String,
    /// `RSA 2048`, `EC P-256`, `Ed25519`.
    pub key_type: String,
    /// Of the DER bytes, hexadecimal.
    pub sha256: String,
    /// Whether it may sign others.
    pub is_ca: bool,
    /// Seconds since 1970.
    #[serde(skip)]
    pub expires: i64,
    /// Seconds since 1970.
    #[serde(skip)]
    pub begins: i64,
}

/// Reads a block; nothing if it is no certificate.
pub(crate) fn parse(block: &Block) -> Option<X509Certificate<'_>> {
    X509Certificate::from_der(&block.contents).ok().map(|(_, certificate)| certificate)
}

pub(crate) fn describe(block: &Block, parsed: &X509Certificate<'_>, role: Role) -> Certificate {
    let validity = parsed.validity();
    Certificate {
        role,
        subject: Some(name(parsed.subject())).filter(|name| !name.is_empty()),
        sans: alternative_names(parsed),
        issuer: Some(name(parsed.issuer())).filter(|name| !name.is_empty()),
        serial: parsed.raw_serial_as_string(),
        not_before: rfc3339(validity.not_before.timestamp()),
        not_after: rfc3339(validity.not_after.timestamp()),
        key_type: key_type(parsed.public_key()),
        sha256: sha256(&block.contents),
        is_ca: parsed.is_ca(),
        begins: validity.not_before.timestamp(),
        expires: validity.not_after.timestamp(),
    }
}

/// Whether a server would take it from a client: Go and OpenSSL refuse one that has an extended key
/// usage (RFC 5280, section 4.2.1.12) without `clientAuth`.
pub(crate) fn may_be_a_client(parsed: &X509Certificate<'_>) -> bool {
    match parsed.extended_key_usage() {
        Ok(Some(usage)) => usage.value.client_auth || usage.value.any,
        _ => true,
    }
}

/// A name with its parts apart, for people; a comma within one has a backslash.
#[must_use]
pub fn spaced(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 8);
    let mut escaped = false;
    for c in name.chars() {
        text.push(c);
        if c == ',' && !escaped {
            text.push(' ');
        }
        escaped = c == '\\' && !escaped;
    }
    text
}

/// SHA-256, hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn rfc3339(seconds: i64) -> String {
    // Beyond the year 9999 there is no such text.
    jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX).to_string()
}

/// RFC 4514: the last part of the name first.
fn name(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = name
        .iter_rdn()
        .map(|rdn| rdn.iter().map(attribute).collect::<Vec<_>>().join("+"))
        .collect();
    parts.reverse();
    parts.join(",")
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let registry = x509_parser::objects::oid_registry();
    let oid = attribute.attr_type();
    let kind = x509_parser::objects::oid2abbrev(oid, registry)
        .map_or_else(|_| oid.to_id_string(), str::to_owned);
    if let Ok(value) = attribute.as_str() {
        return format!("{kind}={}", escaped(value));
    }
    let hex = attribute.as_slice().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    format!("{kind}=#{hex}")
}

fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (at, c) in value.chars().enumerate() {
        let special = matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';')
            || at == 0 && matches!(c, ' ' | '#')
            || at == last && c == ' ';
        if special {
            text.push('\\');
        }
        text.push(c);
    }
    devkit_text::escape(text.as_bytes())
}

fn alternative_names(parsed: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = parsed.subject_alternative_name() else { return Vec::new() };
    let shown = |text: &str| devkit_text::escape(text.as_bytes());
    let show = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some(format!("DNS:{}", shown(name))),
        GeneralName::RFC822Name(name) => Some(format!("email:{}", shown(name))),
        GeneralName::URI(uri) => Some(format!("URI:{}", shown(uri))),
        GeneralName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let address = four.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
            address.ok().map(|address| format!("IP:{address}"))
        }
        _ => None,
    };
    extension.value.general_names.iter().filter_map(show).collect()
}

fn key_type(key: &SubjectPublicKeyInfo<'_>) -> String {
    match (key.parsed(), curve(key)) {
        (Ok(PublicKey::RSA(rsa)), _) => format!("RSA {}", rsa.key_size()),
        (_, Some(curve)) => format!("EC {curve}"),
        _ if key.algorithm.algorithm == OID_SIG_ED25519 => "Ed25519".into(),
        _ => key.algorithm.algorithm.to_id_string(),
    }
}

/// The curve of an elliptic key.
pub(crate) fn curve(key: &SubjectPublicKeyInfo<'_>) -> Option<&'static str> {
    if key.algorithm.algorithm != OID_KEY_TYPE_EC_PUBLIC_KEY {
        return None;
    }
    let oid = key.algorithm.parameters.as_ref()?.as_oid().ok()?;
    Some(match oid.to_id_string().as_str() {
        "1.2.840.10045.3.1.7" => "P-256",
        "1.3.132.0.34" => "P-384",
        "1.3.132.0.35" => "P-521",
        _ => "on another curve",
    })
}
