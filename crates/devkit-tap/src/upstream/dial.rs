//! Dials the API server: TCP, through a proxy where the context names one, and TLS.

mod tcp;

use std::fmt::Write as _;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use devkit_kubecerts::{Connection, Secret};
use devkit_text::words;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::server::{Server, bracketed, host_and_port};
use super::tls::{self, HandshakeProblem, TlsError};
use crate::percent::{Plus, decode};

/// A proxy answers CONNECT with a few header lines.
const LONGEST_ANSWER: usize = 16 * 1024;
/// How long a connection may take: as client-go's dialer has it.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// A connection to the server, ready for HTTP.
pub(crate) type ServerStream = Box<dyn Io>;

/// Why the server cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// There is no address for the name, nobody listens, or no route leads there.
    #[error("cannot connect to {to}")]
    Connect {
        /// Host and port.
        to: String,
        /// Why.
        source: io::Error,
    },
    /// Nothing came back.
    #[error("{to} did not answer within 30 s")]
    TimedOut {
        /// Host and port.
        to: String,
    },
    /// The proxy would not.
    #[error("the proxy {proxy} does not connect to {to}: {why}")]
    Proxy {
        /// Host and port.
        proxy: String,
        /// Host and port.
        to: String,
        /// A fragment.
        why: String,
    },
    /// The TLS handshake failed: the certificate is not from that CA, is for another name, is over.
    #[error("no TLS connection to {to}: {why}")]
    Handshake {
        /// Host and port.
        to: String,
        /// Which of the known ones.
        problem: HandshakeProblem,
        /// A fragment.
        why: String,
    },
    /// TLS cannot even be tried.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// The way to a server.
pub(crate) struct Route {
    server: Server,
    name: Option<ServerName<'static>>,
    proxy: Option<Proxy>,
}

struct Proxy {
    kind: ProxyKind,
    host: String,
    port: u16,
    /// `user:password`.
    login: Option<Secret>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ProxyKind {
    Http,
    Https,
    Socks5,
}

impl Route {
    pub(crate) fn new(server: Server, connection: &Connection) -> Result<Self, TlsError> {
        let name = connection.tls_server_name.as_deref().unwrap_or(&server.host);
        let name = server.tls.then(|| tls::server_name(name)).transpose()?;
        let proxy = connection.proxy_url.as_deref().and_then(Proxy::parse);
        Ok(Self { server, name, proxy })
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// `config` is how TLS is spoken, where it is.
    pub(crate) async fn connect(
        &self,
        config: Option<Arc<ClientConfig>>,
    ) -> Result<ServerStream, DialError> {
        let to = format!("{}:{}", bracketed(&self.server.host), self.server.port);
        let late = DialError::TimedOut { to: to.clone() };
        timeout(PATIENCE, self.dial(config, to)).await.unwrap_or(Err(late))
    }

    async fn dial(
        &self,
        config: Option<Arc<ClientConfig>>,
        to: String,
    ) -> Result<ServerStream, DialError> {
        let stream: ServerStream = match &self.proxy {
            None => Box::new(tcp::connect(&self.server.host, self.server.port).await?),
            Some(proxy) => proxy.connect(&self.server, &to).await?,
        };
        match (&self.name, config) {
            (Some(name), Some(config)) => handshake(stream, name.clone(), config, to).await,
            _ => Ok(stream),
        }
    }
}

async fn handshake(
    stream: ServerStream,
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
    to: String,
) -> Result<ServerStream, DialError> {
    match TlsConnector::from(config).connect(name, stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => {
            let (problem, why) = tls::problem(&error);
            Err(DialError::Handshake { to, problem, why })
        }
    }
}

impl Proxy {
    /// The loader has refused what kubectl refuses.
    fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let (kind, usual) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (ProxyKind::Http, 80),
            "https" => (ProxyKind::Https, 443),
            "socks5" | "socks5h" => (ProxyKind::Socks5, 1080),
            _ => return None,
        };
        let authority = rest.split(['/', '?', '#']).next()?;
        let (login, authority) = match authority.rsplit_once('@') {
            Some((login, rest)) => (Some(Secret::new(decode(login, Plus::Plus))), rest),
            None => (None, authority),
        };
        let (host, port) = host_and_port(authority)?;
        Some(Self { kind, host: host.into(), port: port.unwrap_or(usual), login })
    }

    async fn connect(&self, server: &Server, to: &str) -> Result<ServerStream, DialError> {
        let proxy = format!("{}:{}", bracketed(&self.host), self.port);
        let unreachable = |error| match error {
            DialError::Connect { source, .. } => {
                DialError::Proxy { proxy: proxy.clone(), to: to.into(), why: words(&source) }
            }
            other => other,
        };
        let mut stream: ServerStream =
            Box::new(tcp::connect(&self.host, self.port).await.map_err(unreachable)?);
        if self.kind == ProxyKind::Https {
            let config = Arc::new(tls::proxy_config()?);
            let name = tls::server_name(&self.host)?;
            stream = handshake(stream, name, config, proxy.clone()).await?;
        }
        let done = match self.kind {
            ProxyKind::Socks5 => self.socks5(&mut stream, server).await,
            ProxyKind::Http | ProxyKind::Https => self.tunnel(&mut stream, to).await,
        };
        let refused = |why: io::Error| DialError::Proxy { proxy, to: to.into(), why: words(&why) };
        done.map_err(refused)?;
        Ok(stream)
    }

    /// RFC 9110, section 9.3.6.
    async fn tunnel(&self, stream: &mut ServerStream, to: &str) -> io::Result<()> {
        let mut request = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n");
        if let Some(login) = &self.login {
            let login = BASE64_STANDARD.encode(&**login);
            let _ = write!(request, "Proxy-Authorization: Basic {login}\r\n");
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes()).await?;
        // By single bytes: what follows the empty line belongs to the server.
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            if answer.len() == LONGEST_ANSWER {
                return Err(io::Error::other("its answer has no end"));
            }
            answer.push(stream.read_u8().await?);
        }
        let line = String::from_utf8_lossy(&answer);
        let line = line.lines().next().unwrap_or_default();
        let status = line.split(' ').nth(1).unwrap_or_default();
        if line.starts_with("HTTP/1.") && status.starts_with('2') {
            return Ok(());
        }
        Err(io::Error::other(format!("it answers {}", line.escape_debug())))
    }

    /// RFC 1928 and RFC 1929.
    async fn socks5(&self, stream: &mut ServerStream, server: &Server) -> io::Result<()> {
        const PASSWORD: u8 = 2;
        let login = self.login.as_deref().map(|login| {
            let at = login.iter().position(|b| *b == b':').unwrap_or(login.len());
            (&login[..at], login.get(at + 1..).unwrap_or_default())
        });
        let methods: &[u8] = if login.is_some() { &[5, 2, 0, PASSWORD] } else { &[5, 1, 0] };
        stream.write_all(methods).await?;
        let mut choice = [0; 2];
        stream.read_exact(&mut choice).await?;
        match (choice, login) {
            ([5, 0], _) => {}
            ([5, PASSWORD], Some((user, password))) => {
                let mut message = zeroize::Zeroizing::new(vec![1]);
                for part in [user, password] {
                    message.push(length(part)?);
                    message.extend_from_slice(part);
                }
                stream.write_all(&message).await?;
                stream.read_exact(&mut choice).await?;
                if choice[1] != 0 {
                    return Err(io::Error::other("it refuses the user name or password"));
                }
            }
            _ => return Err(io::Error::other("it wants another way of authentication")),
        }
        let host = server.host.as_bytes();
        let mut request = vec![5, 1, 0, 3, length(host)?];
        request.extend_from_slice(host);
        request.extend_from_slice(&server.port.to_be_bytes());
        stream.write_all(&request).await?;
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await?;
        if answer[1] != 0 {
            return Err(io::Error::other(format!("it answers with code {}", answer[1])));
        }
        let address = match answer[3] {
            1 => 4,
            4 => 16,
            3 => usize::from(stream.read_u8().await?),
            _ => return Err(ErrorKind::InvalidData.into()),
        };
        let mut bound = vec![0; address + 2];
        stream.read_exact(&mut bound).await?;
        Ok(())
    }
}

fn length(part: &[u8]) -> io::Result<u8> {
    u8::try_from(part.len()).map_err(|_| io::Error::other("a name or password is too long for it"))
}
