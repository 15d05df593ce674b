//! PKCS#12: the key and the certificate with its chain in one encrypted file.

mod asn1;
mod crypt;
mod pfx;

use crate::config::material::Material;
use crate::error::Error;
use crate::inspect::certificates;
use crate::pki::key::PrivateKey;
use crate::pki::pem;
use crate::pki::x509;
use crate::plan::no_key;
use crate::secret::Secret;

/// Which programs are to read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// AES-256 and SHA-256, as OpenSSL 3 and Java write it.
    #[default]
    Modern,
    /// 3DES and SHA-1, for the macOS keychain and old Windows and Java.
    Compatible,
}

/// No random numbers, or more bytes than DER can count.
struct NotPacked;

impl From<pkcs8::der::Error> for NotPacked {
    fn from(_: pkcs8::der::Error) -> Self {
        Self
    }
}

impl From<ring::error::Unspecified> for NotPacked {
    fn from(_: ring::error::Unspecified) -> Self {
        Self
    }
}

/// Packs a context's key and certificates, under a name.
///
/// # Errors
///
/// [`Error::NotPem`] where one of them is not there or cannot be read.
pub fn pack(
    material: &Material,
    name: &str,
    password: &str,
    profile: Profile,
) -> Result<Secret, Error> {
    let into = "a PKCS#12 file";
    let cannot = |part, why: &str| Error::NotPem { part, into, why: why.into() };
    let blocks = pem::blocks(material.certificate.as_ref().map_or(&[][..], |item| &item.bytes));
    let mut chain = Vec::new();
    for block in certificates(&blocks) {
        let parsed = x509::parse(block);
        let parsed = parsed.ok_or_else(|| cannot("the client certificate", "it cannot be read"))?;
        chain.push(pfx::PackedCertificate {
            name: x509::label(&parsed.subject),
            der: &block.contents,
        });
    }
    if chain.is_empty() {
        return Err(cannot("the client certificate", "it is no PEM certificate"));
    }
    let Some(item) = &material.key else { return Err(no_key()) };
    let key_blocks = pem::blocks(&item.bytes);
    let block = key_blocks.iter().find(|block| block.is_private_key());
    let block = block.ok_or_else(|| cannot("the client key", "it is no PEM private key"))?;
    if block.encrypted || block.label == "ENCRYPTED PRIVATE KEY" {
        return Err(cannot(
            "the client key",
            "it is encrypted; decrypt it with openssl pkey first",
        ));
    }
    let key = PrivateKey::parse(block);
    let key = key.ok_or_else(|| cannot("the client key", "it cannot be read"))?;
    let id = x509::sha256(chain[0].der);
    let key = pfx::PackedKey { name, id: &id.as_bytes()[..40], pkcs8: &key.pkcs8 };
    let bytes = pfx::write(&key, &chain, password, profile);
    let bytes = bytes.map_err(|NotPacked| cannot("the client key", "it cannot be encrypted"))?;
    Ok(Secret::new(bytes))
}
