//! TLS towards the API server, as a context wants it.

use std::sync::Arc;

use devkit_kubecerts::Connection;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

/// Why TLS cannot be set up. Never holds key material.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The CA is no PEM certificate, or one that cannot be read.
    #[error("the cluster's CA cannot be used: {0}")]
    Ca(String),
    /// The system has no roots, and the cluster names no CA.
    #[error("the cluster names no CA, and this system has no root certificates")]
    NoRoots,
    /// The client's certificate or key cannot be used.
    #[error("the client certificate or its key cannot be used: {0}")]
    Client(String),
    /// The name that is to be checked is none.
    #[error("'{0}' is no name that a certificate can be checked for")]
    ServerName(String),
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// How to speak TLS with the server. `client` is PEM: a certificate chain and its key.
pub(crate) fn client_config(
    connection: &Connection,
    client: Option<(&[u8], &[u8])>,
) -> Result<ClientConfig, TlsError> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("ring has all of them");
    let builder = if connection.insecure_skip_tls_verify {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider())))
    } else {
        builder.with_root_certificates(match &connection.ca {
            Some(ca) => roots_of(&ca.bytes)?,
            None => system_roots()?,
        })
    };
    let Some((certificate, key)) = client else { return Ok(builder.with_no_client_auth()) };
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate)
        .collect::<Result<_, _>>()
        .map_err(|error| TlsError::Client(error.to_string()))?;
    if chain.is_empty() {
        return Err(TlsError::Client("there is no PEM certificate".into()));
    }
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|_| TlsError::Client("there is no PEM private key that can be read".into()))?;
    builder.with_client_auth_cert(chain, key).map_err(|error| TlsError::Client(error.to_string()))
}

/// The same for a proxy: the system's roots, and no client certificate.
pub(crate) fn proxy_config() -> Result<ClientConfig, TlsError> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("ring has all of them");
    Ok(builder.with_root_certificates(system_roots()?).with_no_client_auth())
}

/// The name to ask for and to check: `tls-server-name`, else the host.
pub(crate) fn server_name(name: &str) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(name.to_owned())
        .map_err(|_| TlsError::ServerName(name.escape_debug().to_string()))
}

fn roots_of(pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| TlsError::Ca(error.to_string()))?;
        roots.add(certificate).map_err(|error| TlsError::Ca(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(TlsError::Ca("there is no PEM certificate".into()));
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(TlsError::NoRoots) } else { Ok(roots) }
}

/// `insecure-skip-tls-verify`: whoever answers is taken for the server.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
