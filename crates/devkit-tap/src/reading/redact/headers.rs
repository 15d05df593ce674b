//! Headers prove who asks: their names are of interest, the proofs are not.

use super::HIDDEN;
use super::target::target;
use super::text::tokens;

/// How a browser, which cannot set `Authorization` on a WebSocket, hands over its token.
const BEARER_PROTOCOL: &str = "base64url.bearer.authorization.k8s.io.";

/// Schemes that are named; the first word of anything else may be the secret itself.
const SCHEMES: [&str; 6] = ["Bearer", "Basic", "Negotiate", "Digest", "NTLM", "AWS4-HMAC-SHA256"];

/// Hides what proves identity, and keeps what only claims it, such as `Impersonate-User`.
///
/// Names and their order stay: `Authorization: Bearer abc` gives `Authorization: Bearer (hidden)`.
#[must_use]
pub fn headers(headers: &[(String, String)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.clone(), shown(name, value))).collect()
}

fn shown(name: &str, value: &str) -> String {
    let name = name.to_ascii_lowercase();
    let has = |part: &str| name.contains(part);
    if name.ends_with("authorization") {
        authorization(value)
    } else if name == "sec-websocket-protocol" {
        protocols(value)
    } else if matches!(name.as_str(), "location" | "referer" | "content-location") {
        target(value)
    } else if has("cookie") || has("token") || has("secret") || has("password") || has("api-key") {
        HIDDEN.to_owned()
    } else if name.starts_with("x-remote-extra-") {
        // An authenticating proxy puts there whatever its provider tells.
        HIDDEN.to_owned()
    } else {
        tokens(value, false).into_owned()
    }
}

fn authorization(value: &str) -> String {
    let scheme = value.split_whitespace().next().unwrap_or_default();
    let known = SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme));
    if known { format!("{scheme} {HIDDEN}") } else { HIDDEN.to_owned() }
}

fn protocols(value: &str) -> String {
    let protocols = value.split(',').map(|protocol| {
        let trimmed = protocol.trim();
        let head = trimmed.get(..BEARER_PROTOCOL.len());
        if head.is_some_and(|head| head.eq_ignore_ascii_case(BEARER_PROTOCOL)) {
            let space = if protocol.starts_with(' ') { " " } else { "" };
            format!("{space}{BEARER_PROTOCOL}{HIDDEN}")
        } else {
            tokens(protocol, false).into_owned()
        }
    });
    protocols.collect::<Vec<_>>().join(",")
}
