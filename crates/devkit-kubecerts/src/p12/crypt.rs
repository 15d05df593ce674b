//! How PKCS#12 encrypts and authenticates: PBES2 (RFC 8018), and the older way of RFC 7292,
//! appendices B and C, which the MAC of both profiles needs.

use std::num::NonZeroU32;

use aes::Aes256;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use des::TdesEde3;
use pkcs8::ObjectIdentifier;
use pkcs8::der;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac, pbkdf2};
use zeroize::Zeroizing;

use super::asn1::{integer, null, octets, oid, sequence};
use super::{NotPacked, Profile};

/// What OpenSSL, NSS and Windows use at the time of writing.
const MODERN_ITERATIONS: NonZeroU32 = NonZeroU32::new(100_000).expect("it is not zero");
/// Old readers refuse or crawl beyond a few thousand.
const COMPATIBLE_ITERATIONS: NonZeroU32 = NonZeroU32::new(2048).expect("it is not zero");

const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
const PBKDF2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.12");
const HMAC_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.9");
const AES_256_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42");
/// `pbeWithSHAAnd3-KeyTripleDES-CBC`.
const SHA1_AND_3DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");

/// A password in the two encodings that one file needs.
pub(super) struct PfxPassword<'a> {
    /// PBES2 takes bytes; every program that reads such files gives it UTF-8.
    utf8: &'a str,
    /// RFC 7292, appendix B.1: two bytes for each character and two zeros behind the last. UTF-16,
    /// as OpenSSL, Java and NSS have it, for a character that needs four.
    wide: Zeroizing<Vec<u8>>,
}

impl<'a> PfxPassword<'a> {
    pub(super) fn new(utf8: &'a str) -> Self {
        // A vector that grew would leave parts of itself behind.
        let mut wide = Zeroizing::new(Vec::with_capacity(utf8.len() * 2 + 2));
        wide.extend(utf8.encode_utf16().chain([0]).flat_map(u16::to_be_bytes));
        Self { utf8, wide }
    }
}

impl Profile {
    /// The `AlgorithmIdentifier` with all that a reader has to know but the password, and the
    /// encrypted bytes.
    pub(super) fn encrypt(
        self,
        password: &PfxPassword<'_>,
        plain: &[u8],
    ) -> Result<(Vec<u8>, Vec<u8>), NotPacked> {
        match self {
            Self::Modern => {
                let (salt, iv) = (random::<32>()?, random::<16>()?);
                let mut key = Zeroizing::new([0; 32]);
                let prf = pbkdf2::PBKDF2_HMAC_SHA256;
                let secret = password.utf8.as_bytes();
                pbkdf2::derive(prf, MODERN_ITERATIONS, &salt, secret, &mut *key);
                let cipher = Aes256::new((&*key).into());
                Ok((pbes2(&salt, &iv)?, cbc(&cipher, &iv, plain)))
            }
            Self::Compatible => {
                let salt = random::<20>()?;
                let derive = |purpose, length| {
                    let hash = &digest::SHA1_FOR_LEGACY_USE_ONLY;
                    derive(hash, purpose, password, &salt, COMPATIBLE_ITERATIONS, length)
                };
                let key = derive(DerivedFor::Key, 24);
                let cipher = TdesEde3::new_from_slice(&key).expect("a key of three has 24 bytes");
                let iv = derive(DerivedFor::Iv, 8);
                let parameters =
                    sequence(&[&octets(&salt)?, &integer(COMPATIBLE_ITERATIONS.get())?])?;
                let algorithm = sequence(&[&oid(SHA1_AND_3DES)?, &parameters])?;
                Ok((algorithm, cbc(&cipher, &iv, plain)))
            }
        }
    }

    /// `MacData` over the whole contents.
    pub(super) fn mac(
        self,
        password: &PfxPassword<'_>,
        contents: &[u8],
    ) -> Result<Vec<u8>, NotPacked> {
        let (hash, algorithm, iterations, name) = match self {
            Self::Modern => (&digest::SHA256, hmac::HMAC_SHA256, MODERN_ITERATIONS, SHA256),
            Self::Compatible => (
                &digest::SHA1_FOR_LEGACY_USE_ONLY,
                hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
                COMPATIBLE_ITERATIONS,
                SHA1,
            ),
        };
        let salt = random::<8>()?;
        let key = derive(hash, DerivedFor::Mac, password, &salt, iterations, hash.output_len());
        let tag = hmac::sign(&hmac::Key::new(algorithm, &key), contents);
        let info = sequence(&[&sequence(&[&oid(name)?, &null()?])?, &octets(tag.as_ref())?])?;
        Ok(sequence(&[&info, &octets(&salt)?, &integer(iterations.get())?])?)
    }
}

/// `PBES2-params` in their `AlgorithmIdentifier`, RFC 8018, appendix A.4.
fn pbes2(salt: &[u8], iv: &[u8]) -> der::Result<Vec<u8>> {
    let prf = sequence(&[&oid(HMAC_SHA256)?, &null()?])?;
    let derivation = sequence(&[&octets(salt)?, &integer(MODERN_ITERATIONS.get())?, &prf])?;
    let derivation = sequence(&[&oid(PBKDF2)?, &derivation])?;
    let cipher = sequence(&[&oid(AES_256_CBC)?, &octets(iv)?])?;
    sequence(&[&oid(PBES2)?, &sequence(&[&derivation, &cipher])?])
}

fn random<const N: usize>() -> Result<[u8; N], NotPacked> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(bytes)
}

/// Cipher block chaining, behind padding that says how long it is (RFC 5652, section 6.3).
fn cbc<C: BlockCipherEncrypt>(cipher: &C, iv: &[u8], plain: &[u8]) -> Vec<u8> {
    let size = iv.len();
    let padding = size - plain.len() % size;
    // A vector that grew would leave parts of a key behind.
    let mut bytes = Vec::with_capacity(plain.len() + padding);
    bytes.extend_from_slice(plain);
    bytes.extend(std::iter::repeat_n(padding.to_le_bytes()[0], padding));
    let mut before = iv.to_vec();
    for block in bytes.chunks_exact_mut(size) {
        for (byte, before) in block.iter_mut().zip(&before) {
            *byte ^= before;
        }
        let block: &mut Array<u8, C::BlockSize> =
            block.try_into().expect("the vector at the beginning is as long as a block");
        cipher.encrypt_block(block);
        before.copy_from_slice(block);
    }
    bytes
}

/// What a derived value is for: the byte that RFC 7292, appendix B.3, gives it.
#[derive(Clone, Copy)]
enum DerivedFor {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

/// RFC 7292, appendix B.2.
fn derive(
    hash: &'static digest::Algorithm,
    purpose: DerivedFor,
    password: &PfxPassword<'_>,
    salt: &[u8],
    iterations: NonZeroU32,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let block = hash.block_len();
    let repeated = |bytes: &[u8]| bytes.len().next_multiple_of(block);
    let mut input = Zeroizing::new(Vec::with_capacity(repeated(salt) + repeated(&password.wide)));
    for part in [salt, &password.wide] {
        input.extend(part.iter().cycle().take(repeated(part)));
    }
    let mut derived = Zeroizing::new(Vec::with_capacity(length + hash.output_len()));
    while derived.len() < length {
        let mut first = digest::Context::new(hash);
        first.update(&vec![purpose as u8; block]);
        first.update(&input);
        let mut hashed = first.finish();
        for _ in 1..iterations.get() {
            hashed = digest::digest(hash, hashed.as_ref());
        }
        derived.extend_from_slice(hashed.as_ref());
        for part in input.chunks_exact_mut(block) {
            add_and_one(part, hashed.as_ref());
        }
    }
    derived.truncate(length);
    derived
}

/// Adds a number and one to another, both with the highest byte first; the smaller one is repeated
/// until it is as long.
fn add_and_one(number: &mut [u8], added: &[u8]) {
    let mut carry = 1;
    for (at, byte) in number.iter_mut().enumerate().rev() {
        let sum = u16::from(*byte) + u16::from(added[at % added.len()]) + carry;
        [_, *byte] = sum.to_be_bytes();
        carry = sum >> 8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values are those of the PKCS#12 tests of Bouncy Castle and Crypto++.
    #[test]
    fn derived_keys_are_the_published_ones() {
        let hash = &digest::SHA1_FOR_LEGACY_USE_ONLY;
        let rows: [(&str, u64, u32, DerivedFor, &[u8]); 4] = [
            (
                "smeg",
                0x0a58_cf64_530d_823f,
                1,
                DerivedFor::Key,
                b"\x8a\xaa\xe6\x29\x7b\x6c\xb0\x46\x42\xab\x5b\x07\x78\x51\x28\x4e\xb7\x12\x8f\x1a\x2a\x7f\xbc\xa3",
            ),
            ("smeg", 0x0a58_cf64_530d_823f, 1, DerivedFor::Iv, b"\x79\x99\x3d\xfe\x04\x8d\x3b\x76"),
            (
                "queeg",
                0x05de_c959_acff_72f7,
                1000,
                DerivedFor::Key,
                b"\xed\x20\x34\xe3\x63\x28\x83\x0f\xf0\x9d\xf1\xe1\xa0\x7d\xd3\x57\x18\x5d\xac\x0d\x4f\x9e\xb3\xd4",
            ),
            ("queeg", 0x05de_c959_acff_72f7, 1000, DerivedFor::Iv, b"\x11\xde\xda\xd7\x75\x8d\x48\x60"),
        ];
        for (password, salt, iterations, purpose, wanted) in rows {
            let password = PfxPassword::new(password);
            let iterations = NonZeroU32::new(iterations).expect("no row has zero");
            let salt = salt.to_be_bytes();
            let derived = derive(hash, purpose, &password, &salt, iterations, wanted.len());
            assert_eq!(*derived, wanted);
        }
    }
}
