//! Whether the host of an http:// repository answers by https, which is better than to let http
//! through.
//!
//! Nothing but the path is sent: no credentials, and no other host is asked.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, ClientConnection, RootCertStore};
use serde::Serialize;

/// What a request line does not hold as it is: blanks, control characters and all beyond ASCII.
const UNSAFE_IN_A_PATH: &AsciiSet = &CONTROLS.add(b' ');

/// An address that was tried in place of that of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// The address, without user and password.
    pub url: String,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What an address answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// The host serves the path, or asks for credentials: a status below 400 that does not lead back to
    /// http, or 401 or 403.
    Answers {
        /// HTTP's status.
        status: u16,
    },
    /// The host does not serve the path.
    OtherStatus {
        /// HTTP's status.
        status: u16,
    },
    /// The host leads back to http.
    BackToHttp {
        /// HTTP's status.
        status: u16,
    },
    /// The host has a certificate that is not trusted here.
    Untrusted {
        /// A fragment.
        why: String,
    },
    /// There is no https, or nothing at all.
    NoAnswer {
        /// A fragment.
        why: String,
    },
}

impl Attempt {
    /// Whether the address can take the place of the repository's.
    #[must_use]
    pub fn answers(&self) -> bool {
        matches!(self.outcome, Outcome::Answers { .. })
    }
}

/// How long to wait.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For one address.
    pub each: Duration,
    /// For all.
    pub all: Duration,
}

/// Hosts that are asked at the same time.
const AT_ONCE: usize = 16;
/// Bytes of an answer that are read.
const MOST: usize = 16 * 1024;

/// Tries the https addresses that each http:// URL may have, until one answers: the same port, if
/// one is named, then 443, and 8443 for one that names a port. URLs of other protocols are not
/// tried.
///
/// The certificates are those that are trusted, in DER; what is no certificate is passed over.
///
/// # Panics
///
/// Never: TLS 1.2 and 1.3 are built in.
#[must_use]
pub fn probe(
    urls: &[&str],
    trusted: &[Vec<u8>],
    patience: Patience,
) -> BTreeMap<String, Vec<Attempt>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trusted.iter().map(|der| CertificateDer::from(der.as_slice())));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);

    let mut found: BTreeMap<String, Vec<Attempt>> = BTreeMap::new();
    let mut waiting = Vec::new();
    for url in urls {
        if let Some(target) = Target::of(url)
            && !found.contains_key(*url)
        {
            let unanswered = target.candidates().map(|at| at.attempt(silent("no answer in time")));
            found.insert((*url).to_owned(), unanswered.collect());
            waiting.push(((*url).to_owned(), target));
        }
    }
    let workers = waiting.len().min(AT_ONCE);
    let waiting = Arc::new(Mutex::new(waiting));
    let (done, outcomes) = mpsc::channel();
    for _ in 0..workers {
        let (waiting, done, config) = (Arc::clone(&waiting), done.clone(), Arc::clone(&config));
        // A thread that hangs, as the look-up of a name can, is not waited for.
        thread::spawn(move || {
            while let Some((url, target)) = waiting.lock().ok().and_then(|mut queue| queue.pop()) {
                for (place, candidate) in target.candidates().enumerate() {
                    let attempt = candidate.attempt(candidate.ask(&config, patience.each));
                    let answers = attempt.answers();
                    if done.send((url.clone(), place, attempt)).is_err() {
                        return;
                    }
                    if answers {
                        break;
                    }
                }
            }
        });
    }
    drop(done);
    let end = Instant::now() + patience.all;
    while let Ok((url, place, attempt)) =
        outcomes.recv_timeout(end.saturating_duration_since(Instant::now()))
    {
        if let Some(attempts) = found.get_mut(&url) {
            attempts[place] = attempt;
            if attempts[place].answers() {
                attempts.truncate(place + 1);
            }
        }
    }
    found
}

/// Where an http:// URL leads.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    /// The host as it is written, in brackets if it is an address of IPv6.
    host: String,
    port: Option<u16>,
    /// From the first `/`, with what HTTP does not allow as it is written `%20`.
    path: String,
}

/// An https address.
struct Candidate<'a> {
    target: &'a Target,
    port: u16,
}

impl Target {
    fn of(url: &str) -> Option<Self> {
        let scheme = url.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("http://"))?;
        let rest = &url[scheme.len()..];
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let (host, port) = match host_and_port.rfind(':') {
            Some(at) if !host_and_port[at..].contains(']') => {
                let port = &host_and_port[at + 1..];
                let port = if port.is_empty() { None } else { Some(port.parse().ok()?) };
                (&host_and_port[..at], port)
            }
            _ => (host_and_port, None),
        };
        let path = path.split('#').next().unwrap_or_default();
        let mut plain = String::with_capacity(path.len() + 1);
        if !path.starts_with('/') {
            plain.push('/');
        }
        plain.extend(utf8_percent_encode(path, UNSAFE_IN_A_PATH));
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-._[]:".contains(c);
        let known = !host.is_empty() && host.chars().all(is_name);
        known.then(|| Self { host: host.to_owned(), port, path: plain })
    }

    fn candidates(&self) -> impl Iterator<Item = Candidate<'_>> {
        let ports = match self.port {
            // Plain http has port 80 for itself.
            None | Some(80) => vec![443],
            Some(443) => vec![443, 8443],
            Some(8443) => vec![8443, 443],
            Some(port) => vec![port, 443, 8443],
        };
        ports.into_iter().map(|port| Candidate { target: self, port })
    }
}

fn silent(why: &str) -> Outcome {
    Outcome::NoAnswer { why: why.to_owned() }
}

impl Candidate<'_> {
    fn authority(&self) -> String {
        match self.port {
            443 => self.target.host.clone(),
            port => format!("{}:{port}", self.target.host),
        }
    }

    fn attempt(&self, outcome: Outcome) -> Attempt {
        Attempt { url: format!("https://{}{}", self.authority(), self.target.path), outcome }
    }

    fn ask(&self, config: &Arc<ClientConfig>, patience: Duration) -> Outcome {
        let end = Instant::now() + patience;
        self.answer(config, end).unwrap_or_else(|error| refusal(&error))
    }

    fn answer(&self, config: &Arc<ClientConfig>, end: Instant) -> io::Result<Outcome> {
        let host = self.target.host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let connection =
            ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        let stream = Bounded { stream: connect(host, self.port, end)?, end };
        let mut stream = rustls::StreamOwned::new(connection, stream);
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: devkit/{}\r\nAccept: */*\r\n\
             Connection: close\r\n\r\n",
            self.target.path,
            self.authority(),
            env!("CARGO_PKG_VERSION")
        );
        stream.write_all(request.as_bytes())?;
        stream.flush()?;
        let mut head = Vec::new();
        let mut buffer = [0; 4096];
        while head.len() < MOST && !head.windows(4).any(|end| end == b"\r\n\r\n") {
            match stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => head.extend_from_slice(&buffer[..count]),
                // Some close without a word of TLS.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(error),
            }
        }
        Ok(judged(&head))
    }
}

fn connect(host: &str, port: u16, end: Instant) -> io::Result<TcpStream> {
    let mut last = io::Error::other("the name has no address");
    for address in devkit_lookup::addresses(host, port)? {
        match TcpStream::connect_timeout(&address, left(end)?) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn left(end: Instant) -> io::Result<Duration> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

/// A connection that ends at a time, however slowly the other side answers.
struct Bounded {
    stream: TcpStream,
    end: Instant,
}

impl io::Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(left(self.end)?))?;
        self.stream.read(buffer)
    }
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(left(self.end)?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// What the head of an answer says.
fn judged(head: &[u8]) -> Outcome {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let status = first.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1));
    let Some(status) = status.and_then(|status| status.parse::<u16>().ok()) else {
        return silent("what answers there does not speak HTTP");
    };
    let leads_back = lines.take_while(|line| !line.is_empty()).any(|line| {
        let (name, value) = line.split_once(':').unwrap_or_default();
        let start = value.trim_start().get(..5).unwrap_or_default();
        name.eq_ignore_ascii_case("location") && start.eq_ignore_ascii_case("http:")
    });
    match status {
        300..=399 if leads_back => Outcome::BackToHttp { status },
        200..=399 | 401 | 403 => Outcome::Answers { status },
        _ => Outcome::OtherStatus { status },
    }
}

fn refusal(error: &io::Error) -> Outcome {
    let of_tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match of_tls {
        Some(rustls::Error::InvalidCertificate(why)) => {
            Outcome::Untrusted { why: certificate(why) }
        }
        Some(rustls::Error::InvalidMessage(_)) => silent("what answers there does not speak TLS"),
        Some(error) => silent(&error.to_string()),
        None => match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => silent("no answer in time"),
            io::ErrorKind::UnexpectedEof => silent("the connection was closed"),
            _ => silent(&devkit_text::words(error)),
        },
    }
}

fn certificate(error: &CertificateError) -> String {
    match error {
        // The latter if an authority that is trusted has the signer's name, and another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "nobody who is trusted here has signed it"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another name"
        }
        CertificateError::Revoked => "it is revoked",
        other => return other.to_string(),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Target, judged};

    #[test]
    fn an_http_url_leads_to_https_addresses() {
        let tried = |url: &str| -> Vec<String> {
            let target = Target::of(url);
            let attempts = target.iter().flat_map(Target::candidates);
            attempts.map(|candidate| candidate.attempt(super::silent("")).url).collect()
        };
        for (url, expected) in [
            ("http://nexus.corp.example/repo/", vec!["https://nexus.corp.example/repo/"]),
            ("HTTP://u:p%40s@nexus", vec!["https://nexus/"]),
            ("http://u:p@s@nexus:80/a", vec!["https://nexus/a"]),
            (
                "http://nexus:8081/a b#c",
                vec!["https://nexus:8081/a%20b", "https://nexus/a%20b", "https://nexus:8443/a%20b"],
            ),
            ("http://nexus:8443/a", vec!["https://nexus:8443/a", "https://nexus/a"]),
            ("http://[::1]:443/ä?q", vec!["https://[::1]/%C3%A4?q", "https://[::1]:8443/%C3%A4?q"]),
            ("http://nexus?q", vec!["https://nexus/?q"]),
            ("https://nexus/", vec![]),
            ("dav:http://nexus/", vec![]),
            ("http://", vec![]),
            ("http://nexus:99999/", vec![]),
            ("http://ne xus/", vec![]),
            ("http://nexus\r\nX: y/", vec![]),
        ] {
            assert_eq!(tried(url), expected, "{url}");
        }
    }

    #[test]
    fn the_head_of_an_answer_says_whether_it_will_do() {
        for (head, expected) in [
            ("HTTP/1.1 200 OK\r\n\r\n", Outcome::Answers { status: 200 }),
            ("HTTP/1.0 401 Unauthorized\r\n\r\n", Outcome::Answers { status: 401 }),
            ("HTTP/1.1 403\r\n\r\n", Outcome::Answers { status: 403 }),
            ("HTTP/1.1 404 Not Found\r\n\r\n", Outcome::OtherStatus { status: 404 }),
            ("HTTP/1.1 503 x\r\n\r\n", Outcome::OtherStatus { status: 503 }),
            ("HTTP/1.1 302 x\r\nLocation: /a\r\n\r\n", Outcome::Answers { status: 302 }),
            ("HTTP/1.1 302 x\r\nLocation: https://b/\r\n\r\n", Outcome::Answers { status: 302 }),
            ("HTTP/1.1 301 x\r\nlocation: HTTP://b/\r\n\r\n", Outcome::BackToHttp { status: 301 }),
        ] {
            assert_eq!(judged(head.as_bytes()), expected, "{head}");
        }
        for head in ["", "220 mail.example ESMTP\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/2 200\r\n\r\n"]
        {
            assert!(matches!(judged(head.as_bytes()), Outcome::NoAnswer { .. }), "{head}");
        }
    }
}
