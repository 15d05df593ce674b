//! The tap itself: takes kubectl's requests, passes them on with the context's own credentials, and
//! tells what passed. Nothing is held back: bodies go through as they come.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use devkit_kubecerts::{Connection, Secret};
use devkit_text::words;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::client::conn::http1::{self as client, SendRequest};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri, Version, upgrade};
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::local::Local;
use crate::traffic::event::{OnTapEvent, TapEvent};
use crate::traffic::exchange::{self, Exchange, KubectlRun, Recorded, Times};
use crate::traffic::record::{Direction, Record, Tee};
use crate::upstream::credential::{CredentialError, Credentials, Current};
use crate::upstream::dial::{DialError, Route};
use crate::upstream::server::Server;
use crate::upstream::tls::{self, TlsError};

/// How long a client may take until it has spoken TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What a tap is made from.
pub struct Setup {
    /// Where kubectl is to connect to: a loopback address. Port 0 stands for any that is free.
    pub listen: SocketAddr,
    /// What the context says.
    pub connection: Connection,
    /// The context's name, which the written kubeconfig keeps.
    pub context: String,
    /// How to prove who is asking.
    pub credentials: Credentials,
    /// Bytes of each body that are kept.
    pub most_kept: usize,
    /// Whether the server is asked for JSON where kubectl would take protobuf too.
    pub json_accept: bool,
    /// Tells the time.
    pub now: fn() -> Timestamp,
}

/// Why there is no tap.
#[derive(Debug, thiserror::Error)]
pub enum TapError {
    /// The address is no loopback address: not only this machine's users could reach it.
    #[error("{0} is no loopback address")]
    NotLoopback(SocketAddr),
    /// The system refused.
    #[error("cannot listen on {at}")]
    Listen {
        /// Where.
        at: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The server's URL is none.
    #[error("the server's address is no URL")]
    Server,
    /// TLS cannot be set up as the context wants it.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The throw-away certificate could not be made.
    #[error("cannot make a certificate for the local side: {0}")]
    Certificate(String),
}

/// A tap that listens already.
pub struct Tap {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    at: SocketAddr,
    shared: Arc<TapState>,
}

struct TapState {
    local: Local,
    hosts: [String; 2],
    route: Route,
    connection: Connection,
    context: String,
    /// Behind a lock that can be waited for: a plugin may take minutes, and asks the user.
    credentials: Arc<tokio::sync::Mutex<Credentials>>,
    /// How TLS is spoken, for which credential.
    config: Mutex<Option<(u64, Arc<ClientConfig>)>>,
    idle: Mutex<Vec<(u64, Sender)>>,
    most_kept: usize,
    json_accept: bool,
    now: fn() -> Timestamp,
    count: AtomicU64,
    on_event: OnTapEvent,
}

type Body = BoxBody<Bytes, hyper::Error>;
type Sender = SendRequest<Body>;

/// Why a request got no answer from the server.
#[derive(Debug, thiserror::Error)]
pub enum Unreachable {
    /// There is nothing that proves who is asking.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// TLS cannot be set up as the context wants it, or with what a plugin printed.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// No connection comes about.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// There was a connection.
    #[error("the server broke the connection off")]
    Http(#[from] hyper::Error),
}

impl Tap {
    /// Starts to listen. Nothing is asked of the server yet.
    ///
    /// # Errors
    ///
    /// [`TapError`].
    pub async fn bind(setup: Setup, on_event: OnTapEvent) -> Result<Self, TapError> {
        if !setup.listen.ip().is_loopback() {
            return Err(TapError::NotLoopback(setup.listen));
        }
        let connection = setup.connection;
        let server = Server::of(&connection).ok_or(TapError::Server)?;
        let route = Route::new(server, &connection)?;
        let failed = |source| TapError::Listen { at: setup.listen, source };
        let listener = TcpListener::bind(setup.listen).await.map_err(failed)?;
        let at = listener.local_addr().map_err(failed)?;
        let (local, config) = Local::new(at.ip()).map_err(TapError::Certificate)?;
        let shared = TapState {
            local,
            hosts: [at.to_string(), format!("localhost:{}", at.port())],
            route,
            connection,
            context: setup.context,
            credentials: Arc::new(tokio::sync::Mutex::new(setup.credentials)),
            config: Mutex::default(),
            idle: Mutex::default(),
            most_kept: setup.most_kept,
            json_accept: setup.json_accept,
            now: setup.now,
            count: AtomicU64::new(0),
            on_event,
        };
        // What is wrong with the context's certificates is to be said now, not to kubectl.
        if shared.route.server().tls {
            shared.config_for(&Current { header: None, certificate: None, generation: 0 })?;
        }
        Ok(Self { listener, acceptor: config.into(), at, shared: Arc::new(shared) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.at
    }

    /// The kubeconfig that leads here. It holds the token: whoever reads it can use the tap.
    #[must_use]
    pub fn kubeconfig(&self) -> Secret {
        let TapState { local, route, context, connection, .. } = &*self.shared;
        local.kubeconfig(self.at, &route.server().prefix, context, connection)
    }

    /// Tries whether the server can be reached, and keeps the connection for the first request.
    ///
    /// # Errors
    ///
    /// [`Unreachable`].
    pub async fn reach(&self) -> Result<(), Unreachable> {
        let current = self.shared.current().await?;
        let sender = self.shared.connect(&current).await?;
        self.shared.keep(current.generation, sender);
        Ok(())
    }

    /// Serves until told to stop, and then ends what is still open.
    pub async fn serve(self, mut stop: watch::Receiver<bool>) {
        let mut open = JoinSet::new();
        let stopped = async move {
            // A sender that is gone has nothing more to say.
            let _ = stop.wait_for(|stop| *stop).await;
        };
        tokio::pin!(stopped);
        loop {
            tokio::select! {
                () = &mut stopped => break,
                Some(_) = open.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let acceptor = self.acceptor.clone();
                        let shared = Arc::clone(&self.shared);
                        open.spawn(shared.carry(stream, acceptor));
                    }
                    // Out of descriptors, mostly: some will be free again.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                },
            }
        }
        open.shutdown().await;
    }
}

impl TapState {
    /// Serves a connection from kubectl, with all its requests.
    async fn carry(self: Arc<Self>, stream: TcpStream, acceptor: TlsAcceptor) {
        let _ = stream.set_nodelay(true);
        // Whoever does not trust the certificate is nobody that the kubeconfig was given to.
        let Ok(Ok(stream)) = timeout(HANDSHAKE, acceptor.accept(stream)).await else { return };
        let service = service_fn(move |request| {
            let shared = Arc::clone(&self);
            async move { Ok::<_, hyper::Error>(shared.answer(request).await) }
        });
        let mut http = server::Builder::new();
        http.preserve_header_case(true).timer(TokioTimer::new());
        let _ = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
    }

    async fn answer(self: Arc<Self>, mut request: Request<Incoming>) -> Response<Body> {
        let headers = request.headers();
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        if !host.is_some_and(|host| self.hosts.iter().any(|own| own == host)) {
            // A page in a browser that was led here by its name service.
            return self
                .refuse(StatusCode::MISDIRECTED_REQUEST, "this is devkit tap, under another name");
        }
        let token = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
        if !self.local.admits(token) {
            let why = "devkit tap serves only those who have the kubeconfig that it wrote";
            return self.refuse(StatusCode::UNAUTHORIZED, why);
        }
        let record = self.record(&request);
        let client = is_upgrade(request.headers()).then(|| upgrade::on(&mut request));
        match self.pass(request, client, &record).await {
            Ok(response) => response,
            Err(failure) => {
                let why = told(&failure);
                record.trouble(why.clone());
                refusal(StatusCode::BAD_GATEWAY, &format!("devkit tap: {why}"))
            }
        }
    }

    fn refuse(&self, status: StatusCode, why: &str) -> Response<Body> {
        (self.on_event)(TapEvent::Refused { at: (self.now)(), status: status.as_u16() });
        refusal(status, why)
    }

    fn record(&self, request: &Request<Incoming>) -> Arc<Record> {
        let headers = request.headers();
        let text = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
        let run = text("kubectl-session").map(|session| KubectlRun {
            session,
            command: text("kubectl-command").unwrap_or_default(),
        });
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let prefix = &self.route.server().prefix;
        let exchange = Exchange {
            id: self.count.fetch_add(1, Ordering::Relaxed) + 1,
            run,
            started: (self.now)(),
            request: exchange::RecordedRequest {
                method: request.method().to_string(),
                target: target.strip_prefix(prefix.as_str()).unwrap_or(target).to_owned(),
                version: version(request.version()),
                headers: listed(headers),
                body: Recorded::default(),
            },
            response: None,
            as_json: false,
            trouble: None,
            times: Times::default(),
        };
        Record::new(exchange, self.most_kept, Arc::clone(&self.on_event))
    }

    /// Asks the server, and hands its answer on.
    async fn pass(
        &self,
        request: Request<Incoming>,
        client: Option<upgrade::OnUpgrade>,
        record: &Arc<Record>,
    ) -> Result<Response<Body>, Unreachable> {
        let current = self.current().await?;
        let (mut parts, body) = request.into_parts();
        let as_json = self.dress(&mut parts.headers, &current, client.is_some());
        record.update(|exchange| {
            exchange.as_json = as_json;
            exchange.request.headers = listed(&parts.headers);
        });
        // The path alone: kubectl has asked a server, not a proxy.
        parts.uri = parts.uri.path_and_query().map_or(Uri::from_static("/"), |target| {
            target.as_str().parse().unwrap_or(Uri::from_static("/"))
        });
        parts.version = Version::HTTP_11;
        let body = Tee::new(body, Direction::Request, record).boxed();
        let request = Request::from_parts(parts, body);
        let mut response = self.send(request, &current, client.is_some()).await?;

        let status = response.status();
        if status == StatusCode::UNAUTHORIZED {
            self.refused(current.generation);
        }
        record.update(|exchange| {
            exchange.response = Some(exchange::RecordedResponse {
                status: status.as_u16(),
                reason: status.canonical_reason().unwrap_or_default().to_owned(),
                version: version(response.version()),
                headers: listed(response.headers()),
                body: Recorded::default(),
            });
        });
        record.answered();
        let upgraded = client.filter(|_| status == StatusCode::SWITCHING_PROTOCOLS);
        if let Some(client) = upgraded {
            let server = upgrade::on(&mut response);
            tokio::spawn(carry_upgraded(client, server, Arc::clone(record)));
        } else {
            drop_hops(response.headers_mut(), false);
        }
        Ok(response.map(|body| Tee::new(body, Direction::Response, record).boxed()))
    }

    /// What proves to the server who is asking. A plugin may have to be run for it.
    async fn current(&self) -> Result<Current, Unreachable> {
        if !self.route.server().tls {
            // Nothing is sent that others on the way could read: client-go does the same.
            return Ok(Current { header: None, certificate: None, generation: 0 });
        }
        let mut credentials = Arc::clone(&self.credentials).lock_owned().await;
        let now = self.now;
        let asked = tokio::task::spawn_blocking(move || credentials.current(now())).await;
        Ok(asked.expect("it neither panics nor is aborted")?)
    }

    /// The server has answered 401 to it.
    fn refused(&self, generation: u64) {
        if let Ok(mut credentials) = self.credentials.try_lock() {
            return credentials.refused(generation);
        }
        let credentials = Arc::clone(&self.credentials);
        tokio::spawn(async move { credentials.lock().await.refused(generation) });
    }

    /// Makes kubectl's headers those of a request to the server, and tells whether another kind of
    /// answer is asked for.
    fn dress(&self, headers: &mut HeaderMap, current: &Current, upgrades: bool) -> bool {
        let chunked = headers.contains_key(header::TRANSFER_ENCODING);
        let trailers = headers.get_all(header::TE).iter().any(|te| te.as_bytes() == b"trailers");
        drop_hops(headers, upgrades);
        if chunked {
            // Some methods have a body only where this says so.
            headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        if trailers {
            headers.insert(header::TE, HeaderValue::from_static("trailers"));
        }
        headers.remove(header::AUTHORIZATION);
        if let Some(value) = &current.header
            && let Ok(mut value) = HeaderValue::from_bytes(value)
        {
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        if let Ok(host) = HeaderValue::from_str(&self.route.server().authority()) {
            headers.insert(header::HOST, host);
        }
        let asked = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
        let Some(asked) = asked.filter(|_| self.json_accept) else { return false };
        let accept = without_protobuf(asked);
        let differs = accept != asked;
        if let Ok(accept) = HeaderValue::from_str(&accept) {
            headers.insert(header::ACCEPT, accept);
        }
        differs
    }

    async fn send(
        &self,
        request: Request<Body>,
        current: &Current,
        upgrades: bool,
    ) -> Result<Response<Incoming>, Unreachable> {
        let mut request = request;
        let again = repeatable(&request);
        // A connection that was kept may be closed meanwhile. If nothing was sent, or what was sent
        // changes nothing, the next one is tried: kubectl cannot, for it has been answered.
        while let Some(mut sender) = self.kept(current.generation) {
            match sender.try_send_request(request).await {
                Ok(response) => {
                    self.keep(current.generation, sender);
                    return Ok(response);
                }
                Err(mut error) => match (error.take_message(), &again) {
                    (Some(unsent), _) => request = unsent,
                    (None, Some(again)) => request = again.clone().map(|()| empty()),
                    (None, None) => return Err(error.into_error().into()),
                },
            }
        }
        let mut sender = self.connect(current).await?;
        let response = sender.send_request(request).await?;
        if !upgrades {
            self.keep(current.generation, sender);
        }
        Ok(response)
    }

    async fn connect(&self, current: &Current) -> Result<Sender, Unreachable> {
        let config = if self.route.server().tls { Some(self.config_for(current)?) } else { None };
        let stream = self.route.connect(config).await?;
        let mut http = client::Builder::new();
        http.preserve_header_case(true);
        let (sender, connection) = http.handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection.with_upgrades());
        Ok(sender)
    }

    /// A connection that was used before and is free.
    fn kept(&self, generation: u64) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(of, sender)| *of == generation && !sender.is_closed());
        let at = idle.iter().position(|(_, sender)| sender.is_ready())?;
        Some(idle.swap_remove(at).1)
    }

    /// Keeps a connection for the next request. It is free as soon as its answer has ended.
    fn keep(&self, generation: u64, sender: Sender) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push((generation, sender));
    }

    fn config_for(&self, current: &Current) -> Result<Arc<ClientConfig>, TlsError> {
        let mut known = self.config.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, config)) = known.as_ref().filter(|(of, _)| *of == current.generation) {
            return Ok(Arc::clone(config));
        }
        let own = self.connection.client.as_ref();
        let own = own.map(|(certificate, key)| (&*certificate.bytes, &*key.bytes));
        let client = match &current.certificate {
            Some(pair) => Some((&*pair.certificate, &*pair.key)),
            None => own,
        };
        let config = Arc::new(tls::client_config(&self.connection, client)?);
        *known = Some((current.generation, Arc::clone(&config)));
        Ok(config)
    }
}

/// The request once more, if it changes nothing at the server and has no body.
fn repeatable(request: &Request<Body>) -> Option<Request<()>> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !safe || !request.body().is_end_stream() || is_upgrade(request.headers()) {
        return None;
    }
    let mut again = Request::new(());
    again.method_mut().clone_from(request.method());
    again.uri_mut().clone_from(request.uri());
    again.headers_mut().clone_from(request.headers());
    Some(again)
}

fn empty() -> Body {
    Full::default().map_err(|never| match never {}).boxed()
}

/// What an upgraded connection carries: exec, attach, port-forward.
async fn carry_upgraded(
    client: upgrade::OnUpgrade,
    server: upgrade::OnUpgrade,
    record: Arc<Record>,
) {
    match tokio::try_join!(client, server) {
        Ok((client, server)) => {
            let (from_client, to_client) = tokio::io::split(TokioIo::new(client));
            let (from_server, to_server) = tokio::io::split(TokioIo::new(server));
            let up = carry(from_client, to_server, Direction::Request, &record);
            let down = carry(from_server, to_client, Direction::Response, &record);
            // An end is passed on for its direction alone; whoever breaks off ends both.
            let _ = tokio::try_join!(up, down);
        }
        Err(error) => record.trouble(format!("the upgrade failed: {error}")),
    }
}

/// Carries one direction, to its end.
pub(crate) async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    side: Direction,
    record: &Record,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..count]).await?;
        // TLS keeps what the socket does not take, until it is asked again.
        to.flush().await?;
        // What is typed and shown there is nobody's record.
        record.carried(side, count as u64);
    }
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    headers.contains_key(header::UPGRADE) && mentions(headers, "upgrade")
}

/// Whether `Connection` names something.
fn mentions(headers: &HeaderMap, what: &str) -> bool {
    let values = headers.get_all(header::CONNECTION).iter();
    let mut names = values.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    names.any(|name| name.trim().eq_ignore_ascii_case(what))
}

/// For the next hop only, whether or not `Connection` says so; as Go's `ReverseProxy` has it.
const HOPS: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Takes out what is for the next hop only (RFC 9110, section 7.6.1).
fn drop_hops(headers: &mut HeaderMap, upgrades: bool) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let kept = upgrades.then(|| headers.get(header::UPGRADE).cloned()).flatten();
    for name in named {
        headers.remove(name);
    }
    for name in HOPS {
        headers.remove(name);
    }
    if let Some(protocol) = kept {
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, protocol);
    }
}

/// `Accept` without the alternatives that are protobuf.
fn without_protobuf(accept: &str) -> String {
    let kinds = accept.split(',').filter(|kind| !kind.contains("protobuf"));
    let kept = kinds.collect::<Vec<_>>().join(",");
    if kept.trim().is_empty() { "application/json".into() } else { kept }
}

fn listed(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

fn version(version: Version) -> String {
    format!("{version:?}")
}

/// With all its causes.
fn told(error: &Unreachable) -> String {
    let error: &dyn std::error::Error = error;
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = match error.downcast_ref::<io::Error>() {
            Some(error) => words(error),
            None => error.to_string(),
        };
        // rustls explains itself by an address.
        let cause = cause.split(": https://").next().unwrap_or_default();
        if !text.ends_with(cause) {
            text = format!("{text}: {cause}");
        }
        source = error.source();
    }
    text
}

/// A Status, which kubectl shows to its user.
fn refusal(status: StatusCode, message: &str) -> Response<Body> {
    let reason = match status {
        StatusCode::UNAUTHORIZED => "Unauthorized",
        StatusCode::BAD_GATEWAY => "BadGateway",
        _ => "BadRequest",
    };
    let text = serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": status.as_u16(),
    });
    let body = Full::new(Bytes::from(text.to_string())).map_err(|never| match never {}).boxed();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
