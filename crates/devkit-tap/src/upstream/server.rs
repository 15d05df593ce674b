//! The API server's address, taken apart.

use devkit_kubecerts::Connection;

/// Where an API server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Whether TLS is spoken.
    pub tls: bool,
    /// A name or an address, without brackets.
    pub host: String,
    /// The port, also where the URL names none.
    pub port: u16,
    /// What stands before every path, without a slash at its end:
    /// `/k8s/clusters/c-1`, or nothing.
    pub prefix: String,
}

impl Server {
    /// The server of a context. Nothing where its URL is none.
    #[must_use]
    pub fn of(connection: &Connection) -> Option<Self> {
        let secured = connection.ca.is_some() || connection.client.is_some();
        Self::parse(&connection.server, secured)
    }

    /// Takes a kubeconfig's `server` apart. `secured` tells what a missing scheme stands for:
    /// whether there is a CA or a client certificate (client-go `rest/url_utils.go`).
    ///
    /// Nothing for what is no such URL.
    pub(crate) fn parse(url: &str, secured: bool) -> Option<Self> {
        let (tls, rest) = match url.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
            Some(_) => return None,
            None => (secured, url),
        };
        let rest = rest.split(['?', '#']).next()?;
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let (host, port) = host_and_port(authority)?;
        let port = match port {
            Some(port) => port,
            None if tls => 443,
            None => 80,
        };
        Some(Self { tls, host: host.into(), port, prefix: path.trim_end_matches('/').into() })
    }

    /// The URL, without user and password.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority(), self.prefix)
    }

    /// For the `Host` header: the port only where it is not the usual one.
    #[must_use]
    pub fn authority(&self) -> String {
        let usual = if self.tls { 443 } else { 80 };
        let host = bracketed(&self.host);
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }
}

/// An IPv6 address gets its brackets.
pub(crate) fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.into() }
}

/// `h`, `h:1`, `[::1]`, `[::1]:1`.
pub(crate) fn host_and_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(inner) => {
            let (host, rest) = inner.split_once(']')?;
            (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
        }
        None => match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port = match port {
        None | Some("") => None,
        Some(port) => Some(port.parse().ok()?),
    };
    (!host.is_empty()).then_some((host, port))
}
