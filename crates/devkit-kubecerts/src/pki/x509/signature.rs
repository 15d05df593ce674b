//! Whether one certificate has signed another, as far as ring can tell.

use pkcs8::ObjectIdentifier;
use pkcs8::der::Tag;
use pkcs8::der::asn1::AnyRef;
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};

use super::parsed::{
    AlgorithmId, ED25519, P256, P384, ParsedCertificate, PublicKeyInfo, inside, optional,
};

const fn oid(dotted: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(dotted)
}

const SHA1_WITH_RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.5");
/// What OIW called the same before PKCS#1 did.
const OLD_SHA1_WITH_RSA: ObjectIdentifier = oid("1.3.14.3.2.29");
const SHA256_WITH_RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.11");
const SHA384_WITH_RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.12");
const SHA512_WITH_RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.13");
const RSA_PSS: ObjectIdentifier = oid("1.2.840.113549.1.1.10");
const ECDSA_WITH_SHA256: ObjectIdentifier = oid("1.2.840.10045.4.3.2");
const ECDSA_WITH_SHA384: ObjectIdentifier = oid("1.2.840.10045.4.3.3");
const SHA256: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.3");

/// `[0]` of `RSASSA-PSS-params`.
const HASH: u8 = 0xa0;

impl ParsedCertificate<'_> {
    /// Whether a key has signed it; nothing where the algorithm is none of ring's.
    pub(crate) fn is_signed_by(&self, key: &PublicKeyInfo<'_>) -> Option<bool> {
        let algorithm = verifier(&self.algorithm, key)?;
        let key = UnparsedPublicKey::new(algorithm, key.bytes);
        Some(key.verify(self.signed, self.signature).is_ok())
    }
}

fn verifier(
    algorithm: &AlgorithmId<'_>,
    key: &PublicKeyInfo<'_>,
) -> Option<&'static dyn VerificationAlgorithm> {
    let any = |known: &[ObjectIdentifier]| known.iter().any(|oid| algorithm.is(*oid));
    Some(if any(&[SHA1_WITH_RSA, OLD_SHA1_WITH_RSA]) {
        &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY
    } else if algorithm.is(SHA256_WITH_RSA) {
        &signature::RSA_PKCS1_2048_8192_SHA256
    } else if algorithm.is(SHA384_WITH_RSA) {
        &signature::RSA_PKCS1_2048_8192_SHA384
    } else if algorithm.is(SHA512_WITH_RSA) {
        &signature::RSA_PKCS1_2048_8192_SHA512
    } else if algorithm.is(RSA_PSS) {
        return pss(algorithm);
    } else if algorithm.is(ED25519) {
        &signature::ED25519
    } else {
        return ecdsa(algorithm, &key.algorithm);
    })
}

fn ecdsa(
    algorithm: &AlgorithmId<'_>,
    key: &AlgorithmId<'_>,
) -> Option<&'static dyn VerificationAlgorithm> {
    let with = |hash, curve| algorithm.is(hash) && key.is_with(curve);
    Some(if with(ECDSA_WITH_SHA256, P256) {
        &signature::ECDSA_P256_SHA256_ASN1
    } else if with(ECDSA_WITH_SHA384, P256) {
        &signature::ECDSA_P256_SHA384_ASN1
    } else if with(ECDSA_WITH_SHA256, P384) {
        &signature::ECDSA_P384_SHA256_ASN1
    } else if with(ECDSA_WITH_SHA384, P384) {
        &signature::ECDSA_P384_SHA384_ASN1
    } else {
        return None;
    })
}

/// By the hash of `RSASSA-PSS-params`; that of the mask is the same in all that is in use.
fn pss(algorithm: &AlgorithmId<'_>) -> Option<&'static dyn VerificationAlgorithm> {
    let mut parameters = inside(algorithm.parameters?, Tag::Sequence).ok()?;
    let hash: AnyRef<'_> = optional(&mut parameters, HASH).ok()??;
    let hash = AlgorithmId::of(hash.value()).ok()?;
    Some(if hash.is(SHA256) {
        &signature::RSA_PSS_2048_8192_SHA256
    } else if hash.is(SHA384) {
        &signature::RSA_PSS_2048_8192_SHA384
    } else if hash.is(SHA512) {
        &signature::RSA_PSS_2048_8192_SHA512
    } else {
        return None;
    })
}
