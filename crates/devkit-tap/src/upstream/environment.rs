//! `HTTPS_PROXY` and `NO_PROXY`, as Go reads them (`golang.org/x/net/http/httpproxy`).

use std::net::IpAddr;

use ipnet::IpNet;

use super::server::{Server, host_and_port};

impl Server {
    /// The proxy that the environment names for this server; a context's `proxy-url` comes before
    /// it. `get` gives the value of a variable.
    #[must_use]
    pub fn proxy(&self, get: impl Fn(&str) -> Option<String>) -> Option<String> {
        let first = |names: [&str; 2]| {
            names.into_iter().filter_map(&get).find(|value| !value.trim().is_empty())
        };
        let names =
            if self.tls { ["HTTPS_PROXY", "https_proxy"] } else { ["HTTP_PROXY", "http_proxy"] };
        let proxy = first(names)?;
        let spared = first(["NO_PROXY", "no_proxy"]).unwrap_or_default();
        if is_loopback(&self.host) || spared.split(',').any(|entry| self.is_spared(entry)) {
            return None;
        }
        let proxy = proxy.trim();
        Some(if proxy.contains("://") { proxy.to_owned() } else { format!("http://{proxy}") })
    }

    /// Whether an entry of `NO_PROXY` means it: `*`, a network, an address, or a domain with all
    /// below it; with or without a port.
    fn is_spared(&self, entry: &str) -> bool {
        let entry = entry.trim().to_ascii_lowercase();
        let host = self.host.trim_end_matches('.').to_ascii_lowercase();
        let ip: Option<IpAddr> = host.parse().ok();
        if entry == "*" {
            return true;
        }
        if entry.contains('/') {
            let network: Option<IpNet> = entry.parse().ok();
            return ip.zip(network).is_some_and(|(ip, network)| network.contains(&ip));
        }
        if let (Some(ip), Ok(entry)) = (ip, entry.parse::<IpAddr>()) {
            return ip == entry;
        }
        let Some((name, port)) = host_and_port(&entry) else { return false };
        if port.is_some_and(|port| port != self.port) {
            return false;
        }
        if let (Some(ip), Ok(name)) = (ip, name.parse::<IpAddr>()) {
            return ip == name;
        }
        let name = name.strip_prefix('*').unwrap_or(name);
        match name.strip_prefix('.') {
            // With a dot before it, the domain itself is not meant.
            Some(_) => host.ends_with(name),
            None => host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
