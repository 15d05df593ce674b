//! The load for `cargo xtask bench tap`: an API server's side, and a client's.
//!
//! - `tap_load serve FOLDER`: a server on loopback that demands a token; writes `FOLDER/config`, a
//!   kubeconfig for it, and `FOLDER/ca.crt`; prints its URL and the token, and serves until standard
//!   input ends.
//! - `tap_load ask URL CA TOKEN COUNT`: COUNT small requests on one connection. Prints the median and
//!   the 99th percentile in microseconds.
//! - `tap_load list URL CA TOKEN BYTES`: one answer of that size. Prints the seconds it took.
//! - `tap_load watch URL CA TOKEN WATCHES`: so many watches at once. Prints after how many
//!   milliseconds events arrived: the soonest first one of a watch, the 99th percentile, the last.
//!
//! An event carries the time it was sent, so that others can tell too how long it took to them.
#![expect(clippy::print_stdout, reason = "its output is what it measured")]
#![expect(clippy::disallowed_methods, reason = "it is no library")]

use std::convert::Infallible;
use std::error::Error;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::client::conn::http1::SendRequest;
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST};
use hyper::service::service_fn;
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// What the server wants to see.
const TOKEN: &str = "token-of-the-load";
/// Events of each watch, and the time between two.
const EVENTS: usize = 8;
const BETWEEN: Duration = Duration::from_millis(100);
/// All watches have begun before the first event is sent.
const BEFORE: Duration = Duration::from_millis(500);
const BLOCK: usize = 64 * 1024;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match args[..] {
        ["serve", folder] => runtime.block_on(serve(Path::new(folder))),
        ["ask", url, ca, token, count] => {
            runtime.block_on(ask(&Target::new(url, ca, token)?, count.parse()?))
        }
        ["list", url, ca, token, bytes] => {
            runtime.block_on(list(&Target::new(url, ca, token)?, bytes.parse()?))
        }
        ["watch", url, ca, token, watches] => {
            runtime.block_on(watch(&Target::new(url, ca, token)?, watches.parse()?))
        }
        _ => Err("usage: tap_load serve FOLDER | ask|list|watch URL CA TOKEN NUMBER".into()),
    }
}

async fn serve(folder: &Path) -> Result<()> {
    let ca_key = KeyPair::generate()?;
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_pem = ca.self_signed(&ca_key)?.pem();
    let key = KeyPair::generate()?;
    let mut leaf = CertificateParams::new(vec!["localhost".into()])?;
    leaf.subject_alt_names.push(SanType::IpAddress(Ipv4Addr::LOCALHOST.into()));
    // With its issuer's name OpenSSL would take it for its own.
    leaf.distinguished_name.push(DnType::CommonName, "kube-apiserver");
    let certificate = leaf.signed_by(&key, &Issuer::new(ca, ca_key))?;
    let private = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("https://{}", listener.local_addr()?);
    let data = BASE64_STANDARD.encode(&ca_pem);
    let kubeconfig = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{{name: k, cluster: {{server: \
         '{url}', certificate-authority-data: {data}}}}}]\nusers: [{{name: u, user: {{token: \
         {TOKEN}}}}}]\ncontexts: [{{name: c, context: {{cluster: k, user: u}}}}]\n"
    );
    fs::write(folder.join("ca.crt"), ca_pem)?;
    fs::write(folder.join("config"), kubeconfig)?;
    println!("{url} {TOKEN}");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(attend(stream, acceptor.clone()));
        }
    });
    tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink())).await??;
    Ok(())
}

async fn attend(stream: TcpStream, acceptor: TlsAcceptor) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let stream = acceptor.accept(stream).await?;
    let service = service_fn(|request| async move { Ok::<_, Infallible>(answer(&request)) });
    let server = hyper::server::conn::http1::Builder::new();
    // A client that goes is no error of the server.
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
    Ok(())
}

fn answer(request: &Request<Incoming>) -> Response<Channel> {
    let known = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok())
        == Some(&format!("Bearer {TOKEN}"));
    let query = request.uri().query().unwrap_or_default();
    let number = |name: &str| -> Option<usize> {
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
    };
    let mut response = Response::builder().header(CONTENT_TYPE, "application/json");
    let (sender, receiver) = mpsc::channel(1);
    if !known {
        response = response.status(401).header(CONTENT_LENGTH, 0);
    } else if number("watch") == Some(1) {
        tokio::spawn(send_events(sender));
    } else if let Some(bytes) = number("bytes") {
        response = response.header(CONTENT_LENGTH, bytes);
        tokio::spawn(send_list(sender, bytes));
    } else {
        let text = r#"{"major":"1","minor":"36","gitVersion":"v1.36.0"}"#;
        response = response.header(CONTENT_LENGTH, text.len());
        let _ = sender.try_send(text.into());
    }
    response.body(Channel(receiver)).expect("its head is sound")
}

/// What is sent into it is a body.
struct Channel(mpsc::Receiver<Bytes>);

impl Body for Channel {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

fn nanos() -> u128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos()
}

async fn send_events(to: mpsc::Sender<Bytes>) {
    tokio::time::sleep(BEFORE).await;
    for _ in 0..EVENTS {
        let event = format!(
            "{{\"type\":\"ADDED\",\"object\":{{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":\
             {{\"name\":\"sent-{}\",\"namespace\":\"default\"}}}}}}\n",
            nanos()
        );
        if to.send(event.into()).await.is_err() {
            return;
        }
        tokio::time::sleep(BETWEEN).await;
    }
}

async fn send_list(to: mpsc::Sender<Bytes>, mut bytes: usize) {
    let block = Bytes::from(vec![b' '; BLOCK]);
    while bytes > 0 {
        let part = block.slice(..bytes.min(BLOCK));
        bytes -= part.len();
        if to.send(part).await.is_err() {
            return;
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Where a client asks, and how it is known there.
struct Target {
    authority: String,
    token: String,
    tls: Option<TlsConnector>,
}

impl Target {
    fn new(url: &str, ca: &str, token: &str) -> Result<Self> {
        let url: Uri = url.parse()?;
        let authority = url.authority().ok_or("a URL with a host is wanted")?.to_string();
        let mut tls = None;
        if url.scheme_str() == Some("https") {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_file(ca)?)?;
            let config =
                ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
            tls = Some(TlsConnector::from(Arc::new(config)));
        }
        Ok(Self { authority, token: token.to_owned(), tls })
    }

    async fn connect(&self) -> Result<SendRequest<Empty<Bytes>>> {
        let stream = TcpStream::connect(&self.authority).await?;
        stream.set_nodelay(true)?;
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(stream),
            Some(tls) => {
                let name = ServerName::from(IpAddr::from(Ipv4Addr::LOCALHOST));
                Box::new(tls.connect(name, stream).await?)
            }
        };
        let (sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    fn get(&self, path: &str) -> Result<Request<Empty<Bytes>>> {
        let request = Request::get(path).header(HOST, &self.authority);
        let token = format!("Bearer {}", self.token);
        Ok(request.header(AUTHORIZATION, token).body(Empty::new())?)
    }
}

/// Sends a request and gives its answer, which has to be a good one.
async fn send(
    to: &mut SendRequest<Empty<Bytes>>,
    request: Request<Empty<Bytes>>,
) -> Result<Incoming> {
    to.ready().await?;
    let response = to.send_request(request).await?;
    if response.status() != 200 {
        return Err(format!("answered with {}", response.status()).into());
    }
    Ok(response.into_body())
}

async fn ask(target: &Target, count: usize) -> Result<()> {
    let mut connection = target.connect().await?;
    let mut took = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        send(&mut connection, target.get("/version")?).await?.collect().await?;
        took.push(start.elapsed());
    }
    took.sort_unstable();
    println!("{} {}", took[count / 2].as_micros(), took[count * 99 / 100].as_micros());
    Ok(())
}

async fn list(target: &Target, bytes: usize) -> Result<()> {
    let mut connection = target.connect().await?;
    let start = Instant::now();
    let path = format!("/api/v1/pods?bytes={bytes}");
    let mut body = send(&mut connection, target.get(&path)?).await?;
    let mut arrived = 0;
    while let Some(frame) = body.frame().await {
        arrived += frame?.data_ref().map_or(0, Bytes::len);
    }
    if arrived != bytes {
        return Err(format!("{arrived} bytes of {bytes} arrived").into());
    }
    println!("{}", start.elapsed().as_secs_f64());
    Ok(())
}

async fn watch(target: &Target, watches: usize) -> Result<()> {
    let mut tasks = JoinSet::new();
    for _ in 0..watches {
        let connection = target.connect().await?;
        let request = target.get("/api/v1/namespaces/default/pods?watch=1")?;
        tasks.spawn(watch_one(connection, request));
    }
    let mut late = Vec::new();
    let mut first = f64::MAX;
    while let Some(events) = tasks.join_next().await {
        let events = events??;
        first = first.min(events[0]);
        late.extend(events);
    }
    late.sort_by(f64::total_cmp);
    println!("{first:.3} {:.3} {:.3}", late[late.len() * 99 / 100], late[late.len() - 1]);
    Ok(())
}

/// How late the events of one watch came.
async fn watch_one(
    mut connection: SendRequest<Empty<Bytes>>,
    request: Request<Empty<Bytes>>,
) -> Result<Vec<f64>> {
    let mut body = send(&mut connection, request).await?;
    let (mut late, mut text) = (Vec::new(), Vec::new());
    while let Some(frame) = body.frame().await {
        text.extend_from_slice(frame?.data_ref().map_or(&[][..], |bytes| bytes));
        while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            late.push(lateness(&String::from_utf8_lossy(&text[..end]))?);
            text.drain(..=end);
        }
    }
    if late.len() != EVENTS {
        return Err(format!("{} events of {EVENTS} came", late.len()).into());
    }
    Ok(late)
}

/// How many milliseconds ago an event was sent.
fn lateness(event: &str) -> Result<f64> {
    let sent = event.split_once("sent-").ok_or("an event without a time")?.1;
    let end = sent.find(|c: char| !c.is_ascii_digit()).unwrap_or(sent.len());
    let sent: u128 = sent[..end].parse()?;
    let late = u64::try_from(nanos().saturating_sub(sent))?;
    Ok(Duration::from_nanos(late).as_secs_f64() * 1000.0)
}
