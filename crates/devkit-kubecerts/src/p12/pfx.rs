//! The one shape of a PKCS#12 file that is written here (RFC 7292, section 4): the certificates
//! encrypted together, then the key encrypted by itself, and a MAC over both.

use pkcs8::ObjectIdentifier;
use pkcs8::der::{self, Tag};

use super::asn1::{explicit, implicit_octets, integer, octets, oid, sequence, set, tagged};
use super::crypt::PfxPassword;
use super::{NotPacked, Profile};

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ENCRYPTED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");
const SHROUDED_KEY_BAG: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
const CERTIFICATE_BAG: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");
const X509_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.22.1");
const FRIENDLY_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.20");
const LOCAL_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.21");

/// A key under the name that programs list it by.
pub(super) struct PackedKey<'a> {
    pub(super) name: &'a str,
    /// What ties it to its certificate; any bytes will do.
    pub(super) id: &'a [u8],
    pub(super) pkcs8: &'a [u8],
}

/// A certificate under its name.
pub(super) struct PackedCertificate<'a> {
    pub(super) name: String,
    pub(super) der: &'a [u8],
}

/// The whole file. The first certificate is the key's.
pub(super) fn write(
    key: &PackedKey<'_>,
    chain: &[PackedCertificate<'_>],
    password: &str,
    profile: Profile,
) -> Result<Vec<u8>, NotPacked> {
    let password = PfxPassword::new(password);
    let mut bags = Vec::new();
    for (at, certificate) in chain.iter().enumerate() {
        let id = (at == 0).then_some(key.id);
        bags.push(certificate_bag(certificate, id)?);
    }
    let (algorithm, encrypted) = profile.encrypt(&password, &sequence(&[&bags.concat()])?)?;
    let certificates = encrypted_data(&algorithm, &encrypted)?;

    let (algorithm, encrypted) = profile.encrypt(&password, key.pkcs8)?;
    let shrouded = sequence(&[&algorithm, &octets(&encrypted)?])?;
    let attributes = set(vec![friendly_name(key.name)?, local_key_id(key.id)?])?;
    let bag = sequence(&[&oid(SHROUDED_KEY_BAG)?, &explicit(&shrouded)?, &attributes])?;
    let key = data(&sequence(&[&bag])?)?;

    let contents = sequence(&[&certificates, &key])?;
    let mac = profile.mac(&password, &contents)?;
    Ok(sequence(&[&integer(3)?, &data(&contents)?, &mac])?)
}

/// A `ContentInfo` of bytes that are not encrypted here.
fn data(contents: &[u8]) -> der::Result<Vec<u8>> {
    sequence(&[&oid(DATA)?, &explicit(&octets(contents)?)?])
}

/// A `ContentInfo` of encrypted bytes (RFC 5652, section 8).
fn encrypted_data(algorithm: &[u8], encrypted: &[u8]) -> der::Result<Vec<u8>> {
    let info = sequence(&[&oid(DATA)?, algorithm, &implicit_octets(encrypted)?])?;
    let whole = sequence(&[&integer(0)?, &info])?;
    sequence(&[&oid(ENCRYPTED_DATA)?, &explicit(&whole)?])
}

fn certificate_bag(certificate: &PackedCertificate<'_>, id: Option<&[u8]>) -> der::Result<Vec<u8>> {
    let value = explicit(&octets(certificate.der)?)?;
    let value = sequence(&[&oid(X509_CERTIFICATE)?, &value])?;
    let mut attributes = vec![friendly_name(&certificate.name)?];
    if let Some(id) = id {
        attributes.push(local_key_id(id)?);
    }
    sequence(&[&oid(CERTIFICATE_BAG)?, &explicit(&value)?, &set(attributes)?])
}

/// A `BMPString`. Its type knows the first 65,536 characters only; OpenSSL, Java and NSS write and
/// read UTF-16.
fn friendly_name(name: &str) -> der::Result<Vec<u8>> {
    let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
    attribute(FRIENDLY_NAME, &tagged(Tag::BmpString, &[&wide])?)
}

fn local_key_id(id: &[u8]) -> der::Result<Vec<u8>> {
    attribute(LOCAL_KEY_ID, &octets(id)?)
}

fn attribute(kind: ObjectIdentifier, value: &[u8]) -> der::Result<Vec<u8>> {
    sequence(&[&oid(kind)?, &tagged(Tag::Set, &[value])?])
}
