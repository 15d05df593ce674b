//! What a certificate says about itself.

mod parsed;
mod signature;

use std::net::IpAddr;

use pkcs8::ObjectIdentifier;
use pkcs8::der::asn1::AnyRef;
use pkcs8::der::{Reader as _, Tag, TagNumber, Tagged as _};
use serde::Serialize;

use crate::pki::pem::Block;

pub(crate) use parsed::{
    DistinguishedName, EC, ED25519, P256, P384, P521, ParsedCertificate, PublicKeyInfo, RSA,
};
use parsed::{NameAttribute, dotted, hex, inside};

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const ANY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
const ALTERNATIVE_NAMES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The client's own.
    Client,
    /// A certificate that comes with it.
    ClientChain,
    /// A certificate of the cluster's CA.
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
    /// The issuer, told as the subject is.
    pub issuer: Option<String>,
    /// Hexadecimal: `0a:1b:…`.
    pub serial: String,
    /// Valid from; RFC 3339.
    pub not_before: String,
    /// Valid to; RFC 3339.
    pub not_after: String,
    /// `RSA 2048`, `EC P-256`, `Ed25519`.
    pub key_type: String,
    /// The sum of the DER bytes, hexadecimal.
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
pub(crate) fn parse(block: &Block) -> Option<ParsedCertificate<'_>> {
    ParsedCertificate::parse(&block.contents).ok()
}

/// From when until when a certificate is valid, in seconds since 1970; nothing if it is none.
#[must_use]
pub fn validity(der: &[u8]) -> Option<(i64, i64)> {
    ParsedCertificate::parse(der).ok().map(|parsed| (parsed.begins, parsed.expires))
}

pub(crate) fn describe(block: &Block, parsed: &ParsedCertificate<'_>, role: Role) -> Certificate {
    let serial: Vec<String> = parsed.serial.iter().map(|byte| format!("{byte:02x}")).collect();
    Certificate {
        role,
        subject: Some(name(&parsed.subject)).filter(|name| !name.is_empty()),
        sans: alternative_names(parsed),
        issuer: Some(name(&parsed.issuer)).filter(|name| !name.is_empty()),
        serial: serial.join(":"),
        not_before: rfc3339(parsed.begins),
        not_after: rfc3339(parsed.expires),
        key_type: key_type(&parsed.public_key),
        sha256: sha256(&block.contents),
        is_ca: may_sign(parsed),
        begins: parsed.begins,
        expires: parsed.expires,
    }
}

/// `basicConstraints` with a first field that says so.
fn may_sign(parsed: &ParsedCertificate<'_>) -> bool {
    let Ok(Some(constraints)) = parsed.extension(BASIC_CONSTRAINTS) else { return false };
    inside(constraints, Tag::Sequence).and_then(|mut fields| fields.decode()).unwrap_or(false)
}

/// Whether a server would take it from a client: Go and OpenSSL refuse one that has an extended key
/// usage (RFC 5280, section 4.2.1.12) without `clientAuth`.
pub(crate) fn may_be_a_client(parsed: &ParsedCertificate<'_>) -> bool {
    let Ok(Some(usages)) = parsed.extension(EXTENDED_KEY_USAGE) else { return true };
    let usages = each(usages);
    // What cannot be read says nothing.
    usages.is_none_or(|usages| {
        let named = |oid: ObjectIdentifier| usages.iter().any(|any| any.value() == oid.as_bytes());
        named(ANY_USAGE) || named(CLIENT_AUTH)
    })
}

/// All values of a sequence.
fn each(sequence: AnyRef<'_>) -> Option<Vec<AnyRef<'_>>> {
    let mut rest = inside(sequence, Tag::Sequence).ok()?;
    let mut values = Vec::new();
    while !rest.is_finished() {
        values.push(rest.decode().ok()?);
    }
    Some(values)
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
    hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}

fn rfc3339(seconds: i64) -> String {
    // Beyond the year 9999 there is no such text.
    jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX).to_string()
}

/// RFC 4514: the last part of the name first.
fn name(name: &DistinguishedName<'_>) -> String {
    let groups = name.groups.iter().rev();
    let groups = groups.map(|group| group.iter().map(attribute).collect::<Vec<_>>().join("+"));
    groups.collect::<Vec<_>>().join(",")
}

fn attribute(attribute: &NameAttribute<'_>) -> String {
    format!("{}={}", kind(attribute.oid), escaped(&attribute.text))
}

/// A name as a label of something else: its parts in their own order, and nothing escaped.
pub(crate) fn label(name: &DistinguishedName<'_>) -> String {
    let part = |part: &NameAttribute<'_>| format!("{}={}", kind(part.oid), part.text);
    let groups = name.groups.iter();
    let groups = groups.map(|group| group.iter().map(part).collect::<Vec<_>>().join(" + "));
    groups.collect::<Vec<_>>().join(", ")
}

/// The attribute types of RFC 4519, RFC 5280 and EV certificates; any other is a number.
fn kind(oid: &[u8]) -> String {
    let dotted = dotted(oid);
    let known = match dotted.as_str() {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "surname",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "streetAddress",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "title",
        "2.5.4.13" => "description",
        "2.5.4.15" => "businessCategory",
        "2.5.4.16" => "postalAddress",
        "2.5.4.17" => "postalCode",
        "2.5.4.41" => "name",
        "2.5.4.42" => "givenName",
        "2.5.4.43" => "initials",
        "2.5.4.44" => "generationQualifier",
        "2.5.4.45" => "uniqueIdentifier",
        "2.5.4.46" => "dnQualifier",
        "0.9.2342.19200300.100.1.1" => "uid",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "Email",
        "1.2.840.113549.1.9.2" => "unstructuredName",
        "1.3.6.1.4.1.311.60.2.1.1" => "msJurisdictionLocality",
        "1.3.6.1.4.1.311.60.2.1.2" => "msJurisdictionStateOrProvince",
        "1.3.6.1.4.1.311.60.2.1.3" => "msJurisdictionCountry",
        _ => return dotted,
    };
    known.to_owned()
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

fn alternative_names(parsed: &ParsedCertificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = parsed.extension(ALTERNATIVE_NAMES) else { return Vec::new() };
    let names = each(extension).unwrap_or_default();
    names.iter().filter_map(|name| alternative_name(*name)).collect()
}

/// A `GeneralName` of a kind that a server is reached by, or a person.
fn alternative_name(name: AnyRef<'_>) -> Option<String> {
    let Tag::ContextSpecific { number: TagNumber(kind), .. } = name.tag() else { return None };
    let text =
        || str::from_utf8(name.value()).ok().map(|text| devkit_text::escape(text.as_bytes()));
    match kind {
        1 => Some(format!("email:{}", text()?)),
        2 => Some(format!("DNS:{}", text()?)),
        6 => Some(format!("URI:{}", text()?)),
        7 => {
            let four = <[u8; 4]>::try_from(name.value()).map(IpAddr::from);
            let address = four.or_else(|_| <[u8; 16]>::try_from(name.value()).map(IpAddr::from));
            address.ok().map(|address| format!("IP:{address}"))
        }
        _ => None,
    }
}

fn key_type(key: &PublicKeyInfo<'_>) -> String {
    if let Some(modulus) = key.modulus() {
        return format!("RSA {}", length_in_bits(modulus));
    }
    match curve(key) {
        Some(curve) => format!("EC {curve}"),
        None if key.is(ED25519) => "Ed25519".into(),
        None => dotted(key.algorithm.oid),
    }
}

/// The bits of a number without zeros before it.
pub(crate) fn length_in_bits(number: &[u8]) -> usize {
    let unused = number.first().map_or(0, |byte| byte.leading_zeros() as usize);
    number.len() * 8 - unused
}

/// The curve of an elliptic key.
pub(crate) fn curve(key: &PublicKeyInfo<'_>) -> Option<&'static str> {
    if !key.is(EC) {
        return None;
    }
    let curves = [(P256, "P-256"), (P384, "P-384"), (P521, "P-521")];
    if let Some((_, name)) = curves.iter().find(|(oid, _)| key.algorithm.is_with(*oid)) {
        return Some(name);
    }
    key.algorithm.parameters.map(|_| "on another curve")
}
