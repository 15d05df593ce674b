//! TLS towards the API server, as a context wants it.

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;

use devkit_kubecerts::{Connection, validity};
use devkit_text::words;
use jiff::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, InvalidMessage, RootCertStore,
    SignatureScheme,
};

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

/// What is known to go wrong with a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandshakeProblem {
    /// The server's certificate is over.
    Expired,
    /// The certificate is not valid yet.
    TooEarly,
    /// The certificate is for other names.
    OtherName,
    /// The certificate is from nobody that is trusted.
    OtherIssuer,
    /// What answers speaks no TLS.
    NoTls,
    /// Anything else.
    Other,
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
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Verifier::new(None)))
    } else if let Some(ca) = &connection.ca {
        let named = ClusterCa::of(&ca.bytes)?;
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Verifier::new(Some(named))))
    } else {
        builder.with_root_certificates(system_roots()?)
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

/// How to speak TLS with a proxy: the system's roots, and no client certificate.
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

fn system_roots() -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(TlsError::NoRoots) } else { Ok(roots) }
}

/// The cluster's own CA. A server may also show one of its certificates itself, as one does that was
/// made by `openssl req -x509`: webpki has no certificate be both, Go's library takes it.
#[derive(Debug)]
struct ClusterCa {
    certificates: Vec<CertificateDer<'static>>,
    webpki: Arc<WebPkiServerVerifier>,
}

impl ClusterCa {
    fn of(pem: &[u8]) -> Result<Self, TlsError> {
        let failed = |error: &dyn std::error::Error| TlsError::Ca(error.to_string());
        let certificates = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| failed(&error))?;
        if certificates.is_empty() {
            return Err(TlsError::Ca("there is no PEM certificate".into()));
        }
        let mut roots = RootCertStore::empty();
        for certificate in &certificates {
            roots.add(certificate.clone()).map_err(|error| failed(&error))?;
        }
        let webpki = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
        Ok(Self { certificates, webpki: webpki.build().map_err(|error| failed(&error))? })
    }
}

/// What went wrong with a handshake, and that in words.
pub(crate) fn problem(error: &io::Error) -> (HandshakeProblem, String) {
    let Some(known) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return (HandshakeProblem::Other, words(error));
    };
    let date = |time: &UnixTime| {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        Timestamp::from_second(seconds).map_or_else(|_| "?".into(), |time| time.to_string())
    };
    match known {
        Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => {
            (HandshakeProblem::Expired, format!("its certificate was valid until {}", date(not_after)))
        }
        Error::InvalidCertificate(CertificateError::Expired) => {
            (HandshakeProblem::Expired, "its certificate has expired".into())
        }
        Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. }) => {
            let why = format!("its certificate is not valid before {}", date(not_before));
            (HandshakeProblem::TooEarly, why)
        }
        Error::InvalidCertificate(CertificateError::NotValidYet) => {
            (HandshakeProblem::TooEarly, "its certificate is not valid yet".into())
        }
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => (HandshakeProblem::OtherName, known.to_string()),
        Error::InvalidCertificate(
            CertificateError::UnknownIssuer
            | CertificateError::BadSignature
            // A CA's own certificate.
            | CertificateError::Other(_),
        ) => (HandshakeProblem::OtherIssuer, known.to_string()),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            (HandshakeProblem::NoTls, "what it answers is no TLS".into())
        }
        other => (HandshakeProblem::Other, other.to_string()),
    }
}

/// Whether a certificate that is trusted as it is may be shown under this name, and now.
fn holds(shown: &CertificateDer<'_>, name: &ServerName<'_>, now: UnixTime) -> Result<(), Error> {
    verify_server_name(&ParsedCertificate::try_from(shown)?, name)?;
    let (begins, expires) =
        validity(shown).ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?;
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if now < begins {
        return Err(CertificateError::NotValidYet.into());
    }
    if now > expires {
        return Err(CertificateError::Expired.into());
    }
    Ok(())
}

/// Who is taken for the server: whom the cluster's CA names, or anybody
/// (`insecure-skip-tls-verify`).
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    named: Option<ClusterCa>,
}

impl Verifier {
    fn new(named: Option<ClusterCa>) -> Self {
        Self { provider: provider(), named }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(ClusterCa { certificates, webpki }) = &self.named else {
            return Ok(ServerCertVerified::assertion());
        };
        match webpki.verify_server_cert(shown, intermediates, name, ocsp, now) {
            Err(Error::InvalidCertificate(CertificateError::Other(_)))
                if certificates.contains(shown) =>
            {
                holds(shown, name, now).map(|()| ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
