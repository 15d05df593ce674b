//! A private key: of what kind it is, and whether it belongs to a certificate.

use pkcs8::der::asn1::{AnyRef, BitStringRef, ContextSpecific, OctetStringRef, UintRef};
use pkcs8::der::{Decode, Encode, Reader, SliceReader};
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair,
};

use crate::pki::pem::Block;
use crate::pki::x509::{EC, ED25519, P256, P384, P521, PublicKeyInfo, RSA, length_in_bits};
use crate::secret::Secret;

/// A private key that can be read.
pub(crate) struct PrivateKey {
    kind: Kind,
    /// PKCS#8, whatever it was before.
    pub(crate) pkcs8: Secret,
}

enum Kind {
    Rsa { modulus: Vec<u8> },
    Ec { curve: ObjectIdentifier, scalar: Secret, public: Option<Vec<u8>> },
    Ed25519 { seed: Secret },
}

impl PrivateKey {
    /// Reads PKCS#8, PKCS#1 or SEC 1, as Go's `tls.X509KeyPair` does, whatever the label says.
    pub(crate) fn parse(block: &Block) -> Option<Self> {
        let der = &block.contents;
        from_pkcs8(der).or_else(|| from_pkcs1(der)).or_else(|| from_sec1(der))
    }

    /// `RSA 2048`, `EC P-256`, `Ed25519`.
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            Kind::Rsa { modulus } => format!("RSA {}", length_in_bits(modulus)),
            Kind::Ec { curve, .. } => match *curve {
                P256 => "EC P-256".into(),
                P384 => "EC P-384".into(),
                P521 => "EC P-521".into(),
                _ => "EC on another curve".into(),
            },
            Kind::Ed25519 { .. } => "Ed25519".into(),
        }
    }

    /// Whether a public key is this one's; nothing where that cannot be told.
    pub(crate) fn belongs_to(&self, key: &PublicKeyInfo<'_>) -> Option<bool> {
        match &self.kind {
            Kind::Rsa { modulus } if key.is(RSA) => Some(key.modulus()? == modulus),
            Kind::Ec { curve, scalar, public } if key.is(EC) => {
                let theirs = [P256, P384, P521].into_iter().find(|oid| key.algorithm.is_with(*oid));
                let stored = || public.as_ref().map(|public| public == key.bytes);
                let Some(theirs) = theirs else { return stored() };
                if *curve != theirs {
                    return Some(false);
                }
                let algorithm = match theirs {
                    P256 => &ECDSA_P256_SHA256_ASN1_SIGNING,
                    P384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
                    _ => return stored(),
                };
                let random = SystemRandom::new();
                let pair = EcdsaKeyPair::from_private_key_and_public_key(
                    algorithm, scalar, key.bytes, &random,
                );
                Some(pair.is_ok())
            }
            Kind::Ed25519 { seed } if key.is(ED25519) => {
                let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
                Some(pair.public_key().as_ref() == key.bytes)
            }
            _ => Some(false),
        }
    }
}

fn from_pkcs8(der: &[u8]) -> Option<PrivateKey> {
    let info = PrivateKeyInfoRef::from_der(der).ok()?;
    let inner = info.private_key.as_bytes();
    let kind = match info.algorithm.oid {
        RSA => Kind::Rsa { modulus: modulus(inner)? },
        EC => {
            let curve = info.algorithm.parameters_oid().ok()?;
            ec(inner, Some(curve))?
        }
        ED25519 => {
            let seed = <&OctetStringRef>::from_der(inner).ok()?;
            Kind::Ed25519 { seed: Secret::new(seed.as_bytes().to_vec()) }
        }
        _ => return None,
    };
    Some(PrivateKey { kind, pkcs8: Secret::new(der.to_vec()) })
}

fn from_pkcs1(der: &[u8]) -> Option<PrivateKey> {
    let modulus = modulus(der)?;
    let algorithm = AlgorithmIdentifierRef { oid: RSA, parameters: Some(AnyRef::NULL) };
    Some(PrivateKey { kind: Kind::Rsa { modulus }, pkcs8: wrap(algorithm, der)? })
}

fn from_sec1(der: &[u8]) -> Option<PrivateKey> {
    let kind = ec(der, None)?;
    let Kind::Ec { curve, .. } = &kind else { return None };
    let algorithm = AlgorithmIdentifierRef { oid: EC, parameters: Some(curve.into()) };
    let pkcs8 = wrap(algorithm, der)?;
    Some(PrivateKey { kind, pkcs8 })
}

fn wrap(algorithm: AlgorithmIdentifierRef<'_>, der: &[u8]) -> Option<Secret> {
    let info = PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(der).ok()?);
    info.to_der().ok().map(Secret::new)
}

/// The modulus of an `RSAPrivateKey` (RFC 8017, A.1.2).
fn modulus(der: &[u8]) -> Option<Vec<u8>> {
    let mut reader = SliceReader::new(der).ok()?;
    let numbers = reader.sequence(|inner| {
        let mut numbers = Vec::new();
        while !inner.is_finished() && numbers.len() < 9 {
            numbers.push(UintRef::decode(inner)?.as_bytes().to_vec());
        }
        Ok::<_, pkcs8::der::Error>(zeroize::Zeroizing::new(numbers))
    });
    let numbers = numbers.ok()?;
    (numbers.len() == 9).then(|| numbers[1].clone())
}

/// An `ECPrivateKey` (RFC 5915). Its curve may stand outside, in PKCS#8.
fn ec(der: &[u8], outside: Option<ObjectIdentifier>) -> Option<Kind> {
    let mut reader = SliceReader::new(der).ok()?;
    let parsed = reader.sequence(|inner| {
        u8::decode(inner)?;
        let scalar = Secret::new(<&OctetStringRef>::decode(inner)?.as_bytes().to_vec());
        let curve =
            ContextSpecific::<ObjectIdentifier>::decode_explicit(inner, pkcs8::der::TagNumber(0))?;
        let public =
            ContextSpecific::<BitStringRef<'_>>::decode_explicit(inner, pkcs8::der::TagNumber(1))?;
        let public = public.map(|public| public.value.raw_bytes().to_vec());
        Ok::<_, pkcs8::der::Error>((scalar, curve.map(|curve| curve.value), public))
    });
    let (scalar, inside, public) = parsed.ok()?;
    Some(Kind::Ec { curve: outside.or(inside)?, scalar, public })
}
