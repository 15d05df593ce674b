//! ASN.1 as DER writes it, for a structure that is put together from the inside out.

use pkcs8::ObjectIdentifier;
use pkcs8::der::asn1::AnyRef;
use pkcs8::der::{Encode, Result, Tag, TagNumber};

/// Any type, of the parts that it is made of.
pub(super) fn tagged(tag: Tag, parts: &[&[u8]]) -> Result<Vec<u8>> {
    AnyRef::new(tag, &parts.concat())?.to_der()
}

pub(super) fn sequence(parts: &[&[u8]]) -> Result<Vec<u8>> {
    tagged(Tag::Sequence, parts)
}

/// A `SET OF`: DER sorts what is in it.
pub(super) fn set(mut parts: Vec<Vec<u8>>) -> Result<Vec<u8>> {
    parts.sort();
    tagged(Tag::Set, &[&parts.concat()])
}

/// `[0]` around a whole value.
pub(super) fn explicit(value: &[u8]) -> Result<Vec<u8>> {
    tagged(Tag::ContextSpecific { constructed: true, number: TagNumber(0) }, &[value])
}

/// `[0]` in the place of the tag of an `OCTET STRING`.
pub(super) fn implicit_octets(bytes: &[u8]) -> Result<Vec<u8>> {
    tagged(Tag::ContextSpecific { constructed: false, number: TagNumber(0) }, &[bytes])
}

pub(super) fn octets(bytes: &[u8]) -> Result<Vec<u8>> {
    tagged(Tag::OctetString, &[bytes])
}

pub(super) fn oid(oid: ObjectIdentifier) -> Result<Vec<u8>> {
    oid.to_der()
}

pub(super) fn integer(number: u32) -> Result<Vec<u8>> {
    number.to_der()
}

pub(super) fn null() -> Result<Vec<u8>> {
    AnyRef::NULL.to_der()
}
