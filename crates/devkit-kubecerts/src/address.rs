//! URLs as far as kubectl looks at them before it connects.

/// The URL as Go's `URL.Redacted` tells it: `https://user:xxxxx@host`.
pub(crate) fn without_password(url: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
    let authority = &url[start..end];
    match authority.rsplit_once('@').and_then(|(user, host)| Some((user.split_once(':')?.0, host)))
    {
        Some((user, host)) => format!("{}{user}:xxxxx@{host}{}", &url[..start], &url[end..]),
        None => url.to_owned(),
    }
}

/// The scheme in small letters, and what follows `://`.
pub(crate) fn scheme(url: &str) -> Option<(String, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let known = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let right = scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(known);
    right.then(|| (scheme.to_ascii_lowercase(), rest))
}

/// Why kubectl does not take a server's address, if it does not
/// (client-go `rest/url_utils.go`, `DefaultServerURL`).
pub(crate) fn server_problem(server: &str) -> Option<&'static str> {
    match scheme(server) {
        Some((scheme, rest)) => host_problem(rest).or_else(|| {
            let known = matches!(scheme.as_str(), "http" | "https");
            (!known).then_some("its scheme is neither https nor http")
        }),
        // `host:port` is taken, and nothing behind it.
        None if server.contains('/') => Some("it has a path and no scheme"),
        None => host_problem(server),
    }
}

/// What is wrong with a `proxy-url` (client-go `clientcmd/client_config.go`, `parseProxyURL`).
pub(crate) fn proxy_problem(proxy: &str) -> Option<&'static str> {
    match scheme(proxy) {
        Some((scheme, _)) if !matches!(scheme.as_str(), "http" | "https" | "socks5") => {
            Some("its scheme is neither http nor https nor socks5")
        }
        Some((_, rest)) if authority(rest).is_empty() => None,
        Some((_, rest)) => host_problem(rest),
        None => Some("it does not start with http://, https:// or socks5://"),
    }
}

fn authority(rest: &str) -> &str {
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// What Go's `url.Parse` finds wrong with a host and its port.
fn host_problem(rest: &str) -> Option<&'static str> {
    let authority = authority(rest);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.is_empty() {
        return Some("it has no host");
    }
    let wrong = |c: char| c.is_control() || " \"<>\\^`{|}".contains(c);
    if host.contains(wrong) || rest.contains(char::is_control) {
        return Some("a character in it belongs into no URL");
    }
    let port = match host.strip_prefix('[') {
        Some(inner) => match inner.split_once(']') {
            None => return Some("a bracket is not closed"),
            Some((_, "")) => None,
            Some((_, port)) => Some(port.strip_prefix(':').unwrap_or("x")),
        },
        None => host.rsplit_once(':').map(|(_, port)| port),
    };
    let valid = port.is_none_or(|port| {
        port.is_empty() || port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok()
    });
    (!valid).then_some("its port is no number up to 65535")
}
