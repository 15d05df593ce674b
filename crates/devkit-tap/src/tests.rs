//! The tap between a client and a stand-in for an API server: both speak real TLS on loopback.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use devkit_kubecerts::{Choice, Connection, FileBytes, Kubeconfig, Secret, Sources};
use http_body_util::{BodyExt as _, Channel, Full, combinators::BoxBody};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::SendRequest;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, header, upgrade};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::proxy::carry;
use crate::traffic::record::{Direction, Record};
use crate::upstream::server::Server;
use crate::upstream::tls;
use crate::{AuthMethod, Credentials, Exchange, PluginSurroundings, Setup, Tap, TapEvent};

const PATIENCE: Duration = Duration::from_secs(20);

type Body = BoxBody<Bytes, std::convert::Infallible>;

/// A CA, and what it signs.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// Certificate and key, as PEM.
    fn sign(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".into()]).unwrap();
        params.subject_alt_names.push(SanType::IpAddress(Ipv4Addr::LOCALHOST.into()));
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap()).unwrap();
        roots
    }
}

/// A server that knows its clients by certificate, and keeps what it is asked.
struct StandIn {
    at: SocketAddr,
    asked: Arc<Mutex<Vec<Request<()>>>>,
    connections: Arc<Mutex<usize>>,
    /// What watches are told next.
    events: mpsc::UnboundedSender<&'static str>,
}

impl StandIn {
    async fn start(authority: &Authority) -> Self {
        let (certificate, key) = authority.sign();
        let clients = WebPkiClientVerifier::builder_with_provider(
            Arc::new(authority.roots()),
            tls::provider(),
        );
        let config = ServerConfig::builder_with_provider(tls::provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients.build().unwrap())
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<Request<()>>>> = Arc::default();
        let connections: Arc<Mutex<usize>> = Arc::default();
        let (events, told) = mpsc::unbounded_channel();
        let told = Arc::new(tokio::sync::Mutex::new(told));
        let (all, count) = (Arc::clone(&asked), Arc::clone(&connections));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *count.lock().unwrap() += 1;
                let (acceptor, all, told) = (acceptor.clone(), Arc::clone(&all), Arc::clone(&told));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(move |request| {
                        let (all, told) = (Arc::clone(&all), Arc::clone(&told));
                        async move { Ok::<_, hyper::Error>(reply(request, &all, told).await) }
                    });
                    let http = hyper::server::conn::http1::Builder::new();
                    let _ =
                        http.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
                });
            }
        });
        Self { at, asked, connections, events }
    }

    fn last(&self) -> Request<()> {
        self.asked.lock().unwrap().last().unwrap().clone()
    }
}

async fn reply(
    mut request: Request<Incoming>,
    all: &Mutex<Vec<Request<()>>>,
    told: Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<&'static str>>>,
) -> Response<Body> {
    let whole = |text: &str| Full::new(Bytes::from(text.to_owned())).boxed();
    let (parts, ()) = Request::new(()).into_parts();
    let mut seen = Request::from_parts(parts, ());
    *seen.method_mut() = request.method().clone();
    *seen.uri_mut() = request.uri().clone();
    *seen.headers_mut() = request.headers().clone();
    all.lock().unwrap().push(seen);
    let path = request.uri().path().to_owned();
    if request.uri().query() == Some("watch=true") {
        let (mut sender, body) = Channel::new(1);
        tokio::spawn(async move {
            while let Some(event) = told.lock().await.recv().await {
                if sender.send_data(Bytes::from(event)).await.is_err() {
                    return;
                }
            }
        });
        return Response::new(body.boxed());
    }
    if path.ends_with("/exec") {
        let upgrade = upgrade::on(&mut request);
        tokio::spawn(async move {
            let mut stream = TokioIo::new(upgrade.await.unwrap());
            // The stand-in sends as much as it is asked for, and then nothing, while it stays open.
            while let Ok(count) = stream.read_u32().await {
                let bytes = vec![b'x'; count as usize];
                stream.write_all(&bytes).await.unwrap();
                stream.flush().await.unwrap();
            }
        });
        let mut response = Response::new(whole(""));
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        response.headers_mut().insert(header::CONNECTION, "Upgrade".parse().unwrap());
        response.headers_mut().insert(header::UPGRADE, "SPDY/3.1".parse().unwrap());
        return response;
    }
    if path.ends_with("/trailers") {
        let (mut sender, body) = Channel::new(2);
        tokio::spawn(async move {
            let mut trailers = hyper::HeaderMap::new();
            trailers.insert("x-end", "reached".parse().unwrap());
            sender.send_data(Bytes::from("body")).await.unwrap();
            sender.send_trailers(trailers).await.unwrap();
        });
        let mut response = Response::new(body.boxed());
        response.headers_mut().insert(header::TRAILER, "x-end".parse().unwrap());
        return response;
    }
    if path.ends_with("/forbidden") {
        let mut response = Response::new(whole("no"));
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        return response;
    }
    let sent = request.into_body().collect().await.unwrap().to_bytes();
    let mut response = Response::new(whole(&format!("got {} bytes", sent.len())));
    response.headers_mut().insert("x-audit", "1".parse().unwrap());
    response
}

/// A context for a server, with these lines of a user besides the certificate.
fn connection(at: SocketAddr, prefix: &str, authority: &Authority, user: &str) -> Connection {
    let data = |pem: &str| BASE64_STANDARD.encode(pem);
    let (certificate, key) = authority.sign();
    let text = format!(
        "current-context: c\ncontexts:\n- {{name: c, context: {{cluster: k, user: u, namespace: ns}}}}\n\
         clusters:\n- name: k\n  cluster: {{server: 'https://{at}{prefix}', \
         certificate-authority-data: {}}}\nusers:\n- name: u\n  user: {{client-certificate-data: {}, \
         client-key-data: {}, {user}}}\n",
        data(&authority.pem),
        data(&certificate),
        data(&key)
    );
    let read = move |_: &Path| {
        Ok(FileBytes { bytes: text.clone().into_bytes().into(), readable_by_others: false })
    };
    let sources = Sources { flag: Some(Path::new("config")), ..Sources::default() };
    let config = Kubeconfig::load(&sources, &read).unwrap();
    config.select(&Choice::default()).unwrap().connection(&read).unwrap()
}

/// A tap that runs, and what it tells.
struct Running {
    at: SocketAddr,
    config: Value,
    events: mpsc::UnboundedReceiver<TapEvent>,
    stop: watch::Sender<bool>,
    served: tokio::task::JoinHandle<()>,
}

impl Running {
    async fn start(connection: Connection, way: AuthMethod) -> Self {
        let around = PluginSurroundings {
            environment: Vec::new(),
            find: Box::new(|_| None),
            terminal: None,
            stderr: Box::new(Stdio::null),
        };
        let setup = Setup {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            connection,
            context: "c".into(),
            credentials: Credentials::new(way, around),
            most_kept: 16,
            json_accept: true,
            now: jiff::Timestamp::now,
        };
        let (tell, events) = mpsc::unbounded_channel();
        let on_event = Arc::new(move |event| drop(tell.send(event)));
        let tap = Tap::bind(setup, on_event).await.unwrap();
        let config = serde_json::from_slice(&tap.kubeconfig()).unwrap();
        let (stop, stopped) = watch::channel(false);
        let at = tap.address();
        let served = tokio::spawn(tap.serve(stopped));
        Self { at, config, events, stop, served }
    }

    fn token(&self) -> &str {
        self.config["users"][0]["user"]["token"].as_str().unwrap()
    }

    /// A connection as kubectl would make it: by the written kubeconfig alone.
    async fn connect(&self) -> SendRequest<Body> {
        let ca = &self.config["clusters"][0]["cluster"]["certificate-authority-data"];
        let ca = BASE64_STANDARD.decode(ca.as_str().unwrap()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&ca).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(tls::provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(self.at).await.unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream));
        let (sender, connection) = handshake.await.unwrap();
        tokio::spawn(connection.with_upgrades());
        sender
    }

    fn request(&self, method: &str, target: &str, body: &'static str) -> Request<Body> {
        Request::builder()
            .method(method)
            .uri(target)
            .header("Host", self.at.to_string())
            .header("Authorization", format!("Bearer {}", self.token()))
            .header("Kubectl-Session", "s-1")
            .header("Kubectl-Command", "kubectl get")
            .body(Full::new(Bytes::from(body)).boxed())
            .unwrap()
    }

    async fn finished(&mut self) -> Exchange {
        loop {
            let event = tokio::time::timeout(PATIENCE, self.events.recv());
            if let TapEvent::Finished(exchange) = event.await.unwrap().unwrap() {
                return *exchange;
            }
        }
    }
}

async fn text(response: Response<Incoming>) -> (u16, String) {
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn run(test: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(PATIENCE, test).await.unwrap() });
}

#[test]
fn requests_pass_with_the_contexts_own_credentials() {
    run(async {
        let authority = Authority::new();
        let server = StandIn::start(&authority).await;
        let mut connection =
            connection(server.at, "/k8s/c-1", &authority, "as: jane, as-groups: [dev]");
        connection.disable_compression = true;
        let way = AuthMethod::Token(Secret::new(b"upstream".to_vec()));
        let mut tap = Running::start(connection, way).await;
        let cluster = &tap.config["clusters"][0]["cluster"];
        assert_eq!(cluster["server"], format!("https://{}/k8s/c-1", tap.at));
        assert_eq!(tap.config["contexts"][0]["context"]["namespace"], "ns");
        let user = &tap.config["users"][0]["user"];
        assert_eq!((&user["as"], &user["as-groups"][0]), (&"jane".into(), &"dev".into()));
        assert_eq!(cluster["disable-compression"], true);

        let mut kubectl = tap.connect().await;
        let mut request =
            tap.request("POST", "/k8s/c-1/api/v1/pods?limit=5", "0123456789abcdefghij");
        let headers = request.headers_mut();
        headers.insert("Impersonate-User", "jane".parse().unwrap());
        headers.insert("Connection", "x-hop".parse().unwrap());
        headers.insert("X-Hop", "1".parse().unwrap());
        let accept = "application/vnd.kubernetes.protobuf,application/json";
        headers.insert("Accept", accept.parse().unwrap());
        let response = kubectl.send_request(request).await.unwrap();
        assert_eq!(response.headers()["x-audit"], "1");
        assert_eq!(text(response).await, (200, "got 20 bytes".into()));

        let seen = server.last();
        assert_eq!(seen.uri(), "/k8s/c-1/api/v1/pods?limit=5");
        let header = |name: &str| seen.headers().get(name).map(|value| value.to_str().unwrap());
        assert_eq!(header("authorization"), Some("Bearer upstream"));
        assert_eq!(header("host"), Some(server.at.to_string().as_str()));
        assert_eq!(header("impersonate-user"), Some("jane"));
        assert_eq!(header("accept"), Some("application/json"));
        assert_eq!(header("content-length"), Some("20"));
        assert_eq!((header("x-hop"), header("connection")), (None, None));

        let exchange = tap.finished().await;
        assert_eq!(exchange.request.target, "/api/v1/pods?limit=5");
        assert_eq!(exchange.run.unwrap().command, "kubectl get");
        let (sent, got) = (exchange.request.body, exchange.response.unwrap().body);
        assert_eq!((&*sent.bytes, sent.total), (&b"0123456789abcdef"[..], 20), "cut at the most");
        assert_eq!((&*got.bytes, got.total), (&b"got 20 bytes"[..], 12));

        // The next one goes over the same connection to the server.
        let response = kubectl.send_request(tap.request("GET", "/k8s/c-1/version", "")).await;
        assert_eq!(text(response.unwrap()).await.0, 200);
        assert_eq!(*server.connections.lock().unwrap(), 1);
        tap.finished().await;
        tap.stop.send_replace(true);
        tap.served.await.unwrap();
    });
}

#[test]
fn nobody_without_the_kubeconfig_gets_through() {
    run(async {
        let authority = Authority::new();
        let server = StandIn::start(&authority).await;
        let tap = Running::start(connection(server.at, "", &authority, ""), AuthMethod::None).await;
        let wrong = format!("Bearer {}", "x".repeat(tap.token().len()));
        let right = format!("Bearer {}", tap.token());
        let own = tap.at.to_string();
        for (host, token, wanted) in [
            (&*own, None, 401),
            (&*own, Some(&*wrong), 401),
            (&*own, Some("Bearer "), 401),
            (&*own, Some(&right[..right.len() - 1]), 401),
            (&*own, Some(&*format!("{right}x")), 401),
            (&*own, Some(tap.token()), 401),
            ("evil.example", Some(&*right), 421),
            (&*own, Some(&*right), 200),
        ] {
            let mut request = tap.request("GET", "/version", "");
            request.headers_mut().insert("Host", host.parse().unwrap());
            request.headers_mut().remove("Authorization");
            if let Some(token) = token {
                request.headers_mut().insert("Authorization", token.parse().unwrap());
            }
            let before = server.asked.lock().unwrap().len();
            let (status, body) =
                text(tap.connect().await.send_request(request).await.unwrap()).await;
            assert_eq!(status, wanted, "{host} {token:?}");
            let asked = server.asked.lock().unwrap().len() - before;
            assert_eq!(asked, usize::from(wanted == 200), "requests that reached the server");
            if wanted != 200 {
                let status: Value = serde_json::from_str(&body).unwrap();
                assert_eq!((&status["kind"], &status["code"]), (&"Status".into(), &wanted.into()));
                assert!(!body.contains(tap.token()));
            }
        }
    });
}

#[test]
fn a_watch_event_passes_before_the_next_one_is_there() {
    run(async {
        let authority = Authority::new();
        let server = StandIn::start(&authority).await;
        let mut tap =
            Running::start(connection(server.at, "", &authority, ""), AuthMethod::None).await;
        let request = tap.request("GET", "/api/v1/pods?watch=true", "");
        let mut response = tap.connect().await.send_request(request).await.unwrap();
        for event in ["{\"type\":\"ADDED\"}\n", "{\"type\":\"DELETED\"}\n"] {
            server.events.send(event).unwrap();
            let frame = response.frame().await.unwrap().unwrap().into_data().unwrap();
            assert_eq!(frame, event);
            let told = loop {
                if let TapEvent::Data { bytes, .. } = tap.events.recv().await.unwrap() {
                    break bytes;
                }
            };
            assert_eq!(told, event);
        }
        // kubectl goes: the watch ends at the server too, and what passed is told.
        drop(response);
        let exchange = tap.finished().await;
        assert_eq!(exchange.response.unwrap().body.total, 36);
    });
}

#[test]
fn trailers_are_kept() {
    run(async {
        let authority = Authority::new();
        let server = StandIn::start(&authority).await;
        let tap = Running::start(connection(server.at, "", &authority, ""), AuthMethod::None).await;
        let mut request = tap.request("GET", "/trailers", "");
        request.headers_mut().insert("TE", "trailers".parse().unwrap());
        let response = tap.connect().await.send_request(request).await.unwrap();
        let collected = response.into_body().collect().await.unwrap();
        assert_eq!(collected.trailers().unwrap()["x-end"], "reached");
        assert_eq!(collected.to_bytes(), "body");
    });
}

#[test]
fn upgraded_connections_pass_both_ways() {
    run(async {
        let authority = Authority::new();
        let server = StandIn::start(&authority).await;
        let mut tap =
            Running::start(connection(server.at, "", &authority, ""), AuthMethod::None).await;
        let mut request = tap.request("POST", "/api/v1/namespaces/ns/pods/p/exec", "");
        request.headers_mut().insert("Connection", "Upgrade".parse().unwrap());
        request.headers_mut().insert("Upgrade", "SPDY/3.1".parse().unwrap());
        let mut response = tap.connect().await.send_request(request).await.unwrap();
        assert_eq!(response.status(), 101);
        assert_eq!(response.headers()["upgrade"], "SPDY/3.1");
        let mut stream = TokioIo::new(upgrade::on(&mut response).await.unwrap());
        // All of it arrives, also what TLS had to keep because the reader was slow.
        for count in [4, 3_000_000, 3_030_000] {
            stream.write_u32(count).await.unwrap();
            stream.flush().await.unwrap();
            tokio::task::yield_now().await;
            let mut answer = vec![0; count as usize];
            stream.read_exact(&mut answer).await.unwrap();
        }
        drop((stream, response));
        let exchange = tap.finished().await;
        let carried = (exchange.request.body.total, exchange.response.unwrap().body.total);
        assert_eq!(carried, (12, 6_030_004));
    });
}

#[test]
fn what_a_stream_keeps_to_itself_is_asked_for() {
    run(async {
        // This end behaves as TLS does: what is written stays inside until it is flushed.
        let (mut far, near) = tokio::io::duplex(64);
        let (to, mut there) = tokio::io::duplex(64);
        let record = Record::new(Exchange::default(), 0, Arc::new(|_| {}));
        let carried = Arc::clone(&record);
        let task = tokio::spawn(async move {
            carry(near, tokio::io::BufWriter::new(to), Direction::Request, &carried).await
        });
        far.write_all(b"ping").await.unwrap();
        let mut word = [0; 4];
        there.read_exact(&mut word).await.unwrap();
        assert_eq!(&word, b"ping");
        drop(far);
        task.await.unwrap().unwrap();
        assert_eq!(there.read(&mut word).await.unwrap(), 0, "the end is passed on");
        assert_eq!(record.update(|exchange| exchange.request.body.total), 4);
    });
}

#[test]
fn kubectl_is_told_why_the_server_cannot_be_reached() {
    run(async {
        let authority = Authority::new();
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let nobody = free.local_addr().unwrap();
        drop(free);
        let server = StandIn::start(&authority).await;
        let stranger = Authority::new();
        for (connection, wanted) in [
            (connection(nobody, "", &authority, ""), "cannot connect to 127.0.0.1"),
            (connection(server.at, "", &stranger, ""), "no TLS connection to 127.0.0.1"),
        ] {
            let mut tap = Running::start(connection, AuthMethod::None).await;
            let request = tap.request("GET", "/version", "");
            let response = tap.connect().await.send_request(request).await.unwrap();
            let (status, body) = text(response).await;
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(
                (status, &body["kind"], &body["code"]),
                (502, &"Status".into(), &502.into())
            );
            let message = body["message"].as_str().unwrap();
            assert!(message.starts_with(&format!("devkit tap: {wanted}")), "{message}");
            let trouble = tap.finished().await.trouble.unwrap();
            assert!(trouble.starts_with(wanted), "{trouble}");
        }
    });
}

#[test]
fn a_plugin_is_run_again_after_a_401() {
    run(async {
        let authority = Authority::new();
        let server = StandIn::start(&authority).await;
        let dir = tempfile::tempdir().unwrap();
        let runs = dir.path().join("runs");
        let script = format!(
            "echo run >> {runs}; n=$(wc -l < {runs}); echo '{{\"apiVersion\":\
             \"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":\
             {{\"token\":\"t-'$n'\"}}}}'",
            runs = runs.display()
        );
        let exec = crate::ExecConfig {
            api_version: crate::ApiVersion::V1,
            command: "/bin/sh".into(),
            args: vec!["-c".into(), script],
            env: vec![("PATH".into(), "/usr/bin:/bin".into())],
            install_hint: None,
            interactive: crate::Interactive::Never,
            cluster: None,
        };
        let connection = connection(server.at, "", &authority, "");
        let tap = Running::start(connection, AuthMethod::Exec(Box::new(exec))).await;
        let mut kubectl = tap.connect().await;
        for (target, token) in [
            ("/version", "Bearer t-1"),
            ("/version", "Bearer t-1"),
            ("/forbidden", "Bearer t-1"),
            ("/version", "Bearer t-2"),
        ] {
            let response = kubectl.send_request(tap.request("GET", target, "")).await.unwrap();
            let wanted = if target == "/forbidden" { 401 } else { 200 };
            assert_eq!(text(response).await.0, wanted);
            assert_eq!(server.last().headers()["authorization"], token, "{target}");
        }
    });
}

/// Answers each request on a plain or TLS connection, which it closes before the second of a
/// connection; gives the heads.
fn closing(listener: TcpListener) -> mpsc::UnboundedReceiver<String> {
    let (tell, heads) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let tell = tell.clone();
            tokio::spawn(async move {
                for answered in [true, false] {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        let Ok(byte) = stream.read_u8().await else { return };
                        head.push(byte);
                    }
                    tell.send(String::from_utf8(head).unwrap()).unwrap();
                    if answered {
                        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                        stream.write_all(answer).await.unwrap();
                    }
                }
            });
        }
    });
    heads
}

#[test]
fn without_tls_no_credential_is_sent_and_what_is_safe_is_asked_again() {
    run(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        let mut heads = closing(listener);
        let mut connection = connection(at, "", &Authority::new(), "");
        connection.server = format!("http://{at}");
        let tap =
            Running::start(connection, AuthMethod::Token(Secret::new(b"upstream".to_vec()))).await;
        let mut kubectl = tap.connect().await;
        for (method, wanted, reached) in [("GET", 200, 1), ("GET", 200, 2), ("POST", 502, 1)] {
            let response = kubectl.send_request(tap.request(method, "/version", "")).await.unwrap();
            assert_eq!(text(response).await.0, wanted, "{method}");
            for _ in 0..reached {
                let head = heads.recv().await.unwrap().to_lowercase();
                assert!(!head.contains("authorization") && !head.contains("upstream"), "{head}");
            }
            assert!(heads.try_recv().is_err(), "{method} once too often");
        }
    });
}

/// A proxy for one connection, which it takes to `to` if the password is right.
async fn proxy(listener: TcpListener, kind: &'static str, to: SocketAddr) {
    let (mut client, _) = listener.accept().await.unwrap();
    if kind == "http" {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with(&format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n")), "{head}");
        let login = format!("Basic {}", BASE64_STANDARD.encode("user:p@ss"));
        if !head.contains(&format!("Proxy-Authorization: {login}\r\n")) {
            client.write_all(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n").await.unwrap();
            return;
        }
        client.write_all(b"HTTP/1.1 200 Fine\r\nX-Y: z\r\n\r\n").await.unwrap();
    } else {
        let mut greeting = [0; 4];
        client.read_exact(&mut greeting).await.unwrap();
        assert_eq!(greeting, [5, 2, 0, 2], "without a password, and with one");
        client.write_all(&[5, 2]).await.unwrap();
        let mut login = [0; 11];
        client.read_exact(&mut login).await.unwrap();
        let right = login == *b"\x01\x04user\x04p@ss";
        client.write_all(&[1, u8::from(!right)]).await.unwrap();
        if !right {
            return;
        }
        let mut request = vec![0; 5 + 9 + 2];
        client.read_exact(&mut request).await.unwrap();
        let port = to.port().to_be_bytes();
        assert_eq!(request, [&[5, 1, 0, 3, 9], &b"127.0.0.1"[..], &port].concat());
        client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
    }
    let mut server = TcpStream::connect(to).await.unwrap();
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}

#[test]
fn proxies_of_every_kind_are_passed() {
    run(async {
        let authority = Authority::new();
        let server = StandIn::start(&authority).await;
        for (kind, password, wanted) in [
            ("http", "p%40ss", None),
            ("http", "wrong", Some("it answers HTTP/1.1 407 No")),
            ("socks5", "p%40ss", None),
            ("socks5", "poor", Some("it refuses the user name or password")),
        ] {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let at = listener.local_addr().unwrap();
            let mut connection = connection(server.at, "", &authority, "");
            connection.proxy_url = Some(format!("{kind}://user:{password}@{at}"));
            let between = tokio::spawn(proxy(listener, kind, server.at));
            let mut tap = Running::start(connection, AuthMethod::None).await;
            let request = tap.request("GET", "/version", "");
            let response = tap.connect().await.send_request(request).await.unwrap();
            assert_eq!(response.status(), if wanted.is_some() { 502 } else { 200 }, "{kind}");
            let trouble = tap.finished().await.trouble;
            assert_eq!(trouble.is_some(), wanted.is_some(), "{trouble:?}");
            if let (Some(trouble), Some(wanted)) = (trouble, wanted) {
                let told = format!("the proxy {at} does not connect to {}: {wanted}", server.at);
                assert_eq!(trouble, told);
                assert!(!trouble.contains(password), "{trouble}");
            }
            between.abort();
            let _ = between.await.map_err(|error| assert!(error.is_cancelled(), "{error}"));
        }
    });
}

#[test]
fn servers_are_taken_apart() {
    for (url, secured, wanted, authority) in [
        ("https://h", false, Some((true, "h", 443, "")), "h"),
        ("HTTPS://h:6443/", false, Some((true, "h", 6443, "")), "h:6443"),
        ("http://h/a/b/", true, Some((false, "h", 80, "/a/b")), "h"),
        ("https://[::1]:6443", false, Some((true, "::1", 6443, "")), "[::1]:6443"),
        ("https://user:password@h:1?x#y", false, Some((true, "h", 1, "")), "h:1"),
        ("h:8443", true, Some((true, "h", 8443, "")), "h:8443"),
        ("h", false, Some((false, "h", 80, "")), "h"),
        ("ftp://h", false, None, ""),
        ("https://", false, None, ""),
        ("https://h:x", false, None, ""),
    ] {
        let found = Server::parse(url, secured);
        let parts = found.as_ref().map(|s| (s.tls, s.host.as_str(), s.port, s.prefix.as_str()));
        assert_eq!(parts, wanted, "{url}");
        let url_of = found.as_ref().map(Server::url).unwrap_or_default();
        assert!(!url_of.contains("password"), "{url_of}");
        assert_eq!(found.map(|server| server.authority()).unwrap_or_default(), authority, "{url}");
    }
}

#[test]
fn the_environments_proxy_is_that_of_go() {
    for (server, spared, wanted) in [
        ("https://api.example.com:6443", "", true),
        ("https://api.example.com:6443", "*", false),
        ("https://api.example.com:6443", "other.com, example.com", false),
        ("https://api.example.com:6443", ".example.com", false),
        ("https://api.example.com:6443", "*.example.com", false),
        ("https://API.example.com:6443", "api.Example.com", false),
        ("https://example.com", ".example.com", true),
        ("https://example.com", "example.com", false),
        ("https://notexample.com", "example.com", true),
        ("https://api.example.com:6443", "api.example.com:6443", false),
        ("https://api.example.com:6443", "api.example.com:443", true),
        ("https://10.1.2.3:6443", "10.0.0.0/8", false),
        ("https://10.1.2.3:6443", "10.1.2.4/31", true),
        ("https://10.1.2.3:6443", "10.1.2.3", false),
        ("https://10.1.2.3:6443", "10.1.2.3:443", true),
        ("https://[fd00::1]:6443", "fd00::/8", false),
        ("https://[fd00::1]:6443", "10.0.0.0/8", true),
        ("https://127.0.0.1:6443", "", false),
        ("https://localhost:6443", "", false),
        ("https://[::1]:6443", "", false),
        ("https://10.1.2.3:6443", "10.0.0.0/33,/,:,x/y", true),
    ] {
        let found = Server::parse(server, true).unwrap().proxy(|name| match name {
            "https_proxy" => Some("proxy:3128".into()),
            "NO_PROXY" => Some(spared.into()),
            _ => None,
        });
        assert_eq!(found.is_some(), wanted, "{server} {spared}");
        assert!(found.is_none_or(|proxy| proxy == "http://proxy:3128"));
    }
    let plain = Server::parse("http://h", false).unwrap();
    assert_eq!(plain.proxy(|name| (name == "HTTPS_PROXY").then(|| "p".into())), None);
    let socks = |name: &str| (name == "HTTP_PROXY").then(|| "socks5://p".into());
    assert_eq!(plain.proxy(socks).as_deref(), Some("socks5://p"));
}
