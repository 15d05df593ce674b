//! The side that faces kubectl: a throw-away CA, a certificate, a token, and the kubeconfig that
//! leads there.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use devkit_kubecerts::{Connection, Secret};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::upstream::tls;

/// Bytes of the token, before base64.
const TOKEN: usize = 32;

/// What proves to kubectl who the tap is, and to the tap who kubectl is. Never written but into the
/// kubeconfig.
pub(crate) struct Local {
    ca_pem: String,
    token: Zeroizing<String>,
}

impl Local {
    /// Makes all of it anew, and the TLS that goes with it.
    pub(crate) fn new(ip: IpAddr) -> Result<(Self, Arc<ServerConfig>), String> {
        let words = |error: rcgen::Error| error.to_string();
        let ca_key = KeyPair::generate().map_err(words)?;
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        ca.distinguished_name.push(DnType::CommonName, "devkit tap, for this run only");
        let ca_pem = pem(ca.self_signed(&ca_key).map_err(words)?.der());
        let issuer = Issuer::new(ca, ca_key);

        let key = KeyPair::generate().map_err(words)?;
        let mut leaf = CertificateParams::new(vec!["localhost".into()]).map_err(words)?;
        leaf.subject_alt_names.push(SanType::IpAddress(ip));
        leaf.distinguished_name.push(DnType::CommonName, "devkit tap");
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        // Python 3.13 wants these two.
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.use_authority_key_identifier_extension = true;
        let certificate = leaf.signed_by(&key, &issuer).map_err(words)?;

        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let mut server = ServerConfig::builder_with_provider(tls::provider())
            .with_safe_default_protocol_versions()
            .expect("ring has all of them")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .map_err(|error| error.to_string())?;
        // Without HTTP/2: kubectl takes that without a word, and upgrades need HTTP/1.1 anyway.
        server.alpn_protocols = vec![b"http/1.1".to_vec()];

        let mut token = Zeroizing::new([0; TOKEN]);
        SystemRandom::new().fill(&mut *token).map_err(|_| "no random numbers".to_owned())?;
        let token = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(*token));
        Ok((Self { ca_pem, token }, Arc::new(server)))
    }

    /// Whether an `Authorization` header is the one in the kubeconfig. Takes as long for any other.
    pub(crate) fn admits(&self, header: Option<&[u8]>) -> bool {
        let Some((scheme, given)) = header.and_then(|header| header.split_at_checked(7)) else {
            return false;
        };
        if !scheme.eq_ignore_ascii_case(b"bearer ") {
            return false;
        }
        let wanted = self.token.as_bytes();
        let differ = given.iter().zip(wanted).fold(0, |differ, (a, b)| differ | (a ^ b));
        given.len() == wanted.len() && differ == 0
    }

    /// The kubeconfig for kubectl. JSON, which is YAML as well.
    pub(crate) fn kubeconfig(
        &self,
        at: SocketAddr,
        prefix: &str,
        context: &str,
        connection: &Connection,
    ) -> Secret {
        let mut user = json!({ "token": *self.token });
        let who = &connection.impersonation;
        let mut add = |name: &str, value: Value, there: bool| {
            if there {
                user[name] = value;
            }
        };
        add("as", json!(who.user), !who.user.is_empty());
        add("as-uid", json!(who.uid), !who.uid.is_empty());
        add("as-groups", json!(who.groups), !who.groups.is_empty());
        let extra: serde_json::Map<_, _> =
            who.extra.iter().map(|(name, values)| (name.clone(), json!(values))).collect();
        add("as-user-extra", json!(extra), !extra.is_empty());
        let mut of = json!({ "cluster": "tap", "user": "tap" });
        if let Some(namespace) = &connection.namespace {
            of["namespace"] = json!(namespace);
        }
        let mut cluster = json!({
            "server": format!("https://{at}{prefix}"),
            "certificate-authority-data": BASE64_STANDARD.encode(&self.ca_pem),
        });
        if connection.disable_compression {
            // Or kubectl would ask for another answer than it does alone.
            cluster["disable-compression"] = json!(true);
        }
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": context,
            "contexts": [{ "name": context, "context": of }],
            "clusters": [{ "name": "tap", "cluster": cluster }],
            "users": [{ "name": "tap", "user": user }],
        });
        Secret::new(format!("{config:#}\n").into_bytes())
    }
}

/// RFC 7468. rcgen's own writer of it would link another crate, and a second base64.
fn pem(certificate: &[u8]) -> String {
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    let body = BASE64_STANDARD.encode(certificate);
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = more;
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}
