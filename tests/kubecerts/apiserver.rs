//! A stand-in for an API server: TLS on loopback, as much of the API as kubectl needs to list pods
//! and to read a Secret, and a token that it wants to see.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What nobody but server and kubectl is to see.
pub(super) const TOKEN: &str = "planted-token-of-the-context";
pub(super) const VALUE: &str = "planted-value-of-a-secret";

/// Bytes of a large answer.
pub(super) const BIG: usize = 100 * 1024 * 1024;

pub(super) struct ApiServer {
    pub(super) at: SocketAddr,
    ca: String,
    /// Heads of all requests.
    pub(super) asked: Arc<Mutex<Vec<String>>>,
}

impl ApiServer {
    pub(super) fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// With another certificate than usual.
    pub(super) fn start_with(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
        let issuer = Issuer::new(ca, ca_key);
        let key = KeyPair::generate().unwrap();
        let mut leaf = CertificateParams::new(vec!["localhost".into()]).unwrap();
        leaf.subject_alt_names.push(SanType::IpAddress(Ipv4Addr::LOCALHOST.into()));
        change(&mut leaf);
        let certificate = leaf.signed_by(&key, &issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let at = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let all = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (config, all) = (Arc::clone(&config), Arc::clone(&all));
                // A client that goes is no error of the server.
                thread::spawn(move || drop(serve(stream.unwrap(), config, &all)));
            }
        });
        Self { at, ca: ca_pem, asked }
    }

    /// A kubeconfig for it, with this much of a user.
    pub(super) fn kubeconfig(&self, path: &Path, user: &str) {
        let ca = BASE64_STANDARD.encode(&self.ca);
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts:\n- name: c\n  context: \
             {{cluster: k, user: u}}\nclusters:\n- name: k\n  cluster: {{server: 'https://{}', \
             certificate-authority-data: {ca}, extensions: [{{name: \
             client.authentication.k8s.io/exec, extension: {{audience: [x, yes], port: 0x1F}}}}]}}\n\
             users:\n- name: u\n  user: {{{user}}}\n",
            self.at
        );
        std::fs::write(path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

fn serve(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    all: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let connection = ServerConnection::new(config).unwrap();
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let field = |name: &str| {
            let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
            let mut found = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
            found.next().map(|(_, value)| value.to_owned())
        };
        let length = field("content-length").and_then(|text| text.parse().ok()).unwrap_or(0_u64);
        std::io::copy(&mut stream.by_ref().take(length), &mut std::io::sink())?;
        all.lock().unwrap().push(head.clone());
        let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let known = field("authorization").as_deref() == Some(&format!("Bearer {TOKEN}"));
        if target == "/big" {
            // A list that is larger than anybody keeps.
            let head = format!("HTTP/1.1 200 X\r\nContent-Length: {BIG}\r\n\r\n");
            stream.get_mut().write_all(head.as_bytes())?;
            let part = [b' '; 16 * 1024];
            for _ in 0..BIG / part.len() {
                stream.get_mut().write_all(&part)?;
            }
            stream.get_mut().flush()?;
            continue;
        }
        let table = field("accept").is_some_and(|accept| accept.contains("as=Table"));
        let (status, body) =
            if known { answer(&target, table) } else { status(401, "Unauthorized") };
        let answer = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.get_mut().write_all(answer.as_bytes())?;
        stream.get_mut().flush()?;
    }
}

fn status(code: u16, reason: &str) -> (u16, String) {
    let body = serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": reason,
        "reason": reason, "code": code,
    });
    (code, body.to_string())
}

fn answer(target: &str, table: bool) -> (u16, String) {
    let path = target.split('?').next().unwrap_or_default();
    let resource = |name: &str, kind: &str| {
        serde_json::json!({
            "name": name, "singularName": "", "namespaced": true, "kind": kind,
            "verbs": ["get", "list", "watch"],
        })
    };
    let body = match path {
        "/version" => serde_json::json!({ "major": "1", "minor": "32", "gitVersion": "v1.32.0" }),
        "/api" => serde_json::json!({ "kind": "APIVersions", "versions": ["v1"] }),
        "/apis" => {
            serde_json::json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": [] })
        }
        "/api/v1" => serde_json::json!({
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "v1",
            "resources": [resource("pods", "Pod"), resource("secrets", "Secret")],
        }),
        "/api/v1/namespaces/default/pods" if table => serde_json::json!({
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {},
            "columnDefinitions": [{
                "name": "Name", "type": "string", "format": "name", "description": "", "priority": 0,
            }],
            "rows": [{
                "cells": ["web-1"],
                "object": {
                    "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                    "metadata": { "name": "web-1", "namespace": "default" },
                },
            }],
        }),
        "/api/v1/namespaces/default/secrets/top" => serde_json::json!({
            "kind": "Secret", "apiVersion": "v1", "type": "Opaque",
            "metadata": { "name": "top", "namespace": "default" },
            "data": { "password": BASE64_STANDARD.encode(VALUE) },
        }),
        _ => return status(404, "NotFound"),
    };
    (200, body.to_string())
}
