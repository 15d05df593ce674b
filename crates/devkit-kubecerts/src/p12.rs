//! PKCS#12: the key and the certificate with its chain in one encrypted file.

use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey as P12Key,
    PrivateKeyChain,
};

use crate::error::Error;
use crate::inspect::certificates;
use crate::key::PrivateKey;
use crate::material::Material;
use crate::pem;
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

/// What OpenSSL, NSS and Windows use at the time of writing.
const MODERN_ITERATIONS: u32 = 100_000;
/// Old readers refuse or crawl beyond a few thousand.
const COMPATIBLE_ITERATIONS: u32 = 2048;

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
    let chain: Result<Vec<_>, _> =
        certificates(&blocks).map(|block| Certificate::from_der(&block.contents)).collect();
    let chain = chain.map_err(|_| cannot("the client certificate", "it cannot be read"))?;
    if chain.is_empty() {
        return Err(cannot("the client certificate", "it is no PEM certificate"));
    }
    let Some(item) = &material.key else { return Err(no_key()) };
    let blocks = pem::blocks(&item.bytes);
    let block = blocks.iter().find(|block| block.is_private_key());
    let block = block.ok_or_else(|| cannot("the client key", "it is no PEM private key"))?;
    if block.encrypted || block.label == "ENCRYPTED PRIVATE KEY" {
        return Err(cannot(
            "the client key",
            "it is encrypted; decrypt it with openssl pkey first",
        ));
    }
    let key = PrivateKey::parse(block).and_then(|key| P12Key::from_der(&key.pkcs8).ok());
    let key = key.ok_or_else(|| cannot("the client key", "it cannot be read"))?;

    // The identifier that ties the key to its certificate: any will do.
    let id = crate::x509::sha256(chain[0].as_der());
    let mut store = KeyStore::new();
    let chain = PrivateKeyChain::new(&id.as_bytes()[..40], key, chain);
    store.add_entry(name, KeyStoreEntry::PrivateKeyChain(chain));
    let writer = store.writer(password);
    let writer = match profile {
        Profile::Modern => writer
            .encryption_algorithm(EncryptionAlgorithm::PbeWithHmacSha256AndAes256)
            .encryption_iterations(MODERN_ITERATIONS)
            .mac_algorithm(MacAlgorithm::HmacSha256)
            .mac_iterations(MODERN_ITERATIONS),
        Profile::Compatible => writer
            .encryption_algorithm(EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc)
            .encryption_iterations(COMPATIBLE_ITERATIONS)
            .mac_algorithm(MacAlgorithm::HmacSha1)
            .mac_iterations(COMPATIBLE_ITERATIONS),
    };
    let bytes = writer.write().map_err(|_| cannot("the client key", "it cannot be encrypted"))?;
    Ok(Secret::new(bytes))
}
