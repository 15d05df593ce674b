//! Where secrets stand in Kubernetes objects.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::text::{is_manifest, text};
use super::{HIDDEN, PathKind, hidden};

/// The object as it was last applied, which is all of a secret once more.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Documents within strings within documents: from here on, none is looked into.
const DEEPEST: u8 = 3;

/// Reasons of a failure whose message speaks of names and rights, and never of what was sent
/// (apimachinery `pkg/api/errors/errors.go`).
const NAMES_ONLY: [&str; 9] = [
    "NotFound",
    "AlreadyExists",
    "Conflict",
    "Unauthorized",
    "Expired",
    "Timeout",
    "ServerTimeout",
    "TooManyRequests",
    "ServiceUnavailable",
];

/// Hides every secret in a document from this place, and says whether there was one.
pub(crate) fn json(value: &mut Value, place: PathKind) -> bool {
    let quoting = place.holds_secrets() && quotes(value);
    walk_from(value, place) | (quoting && hide_messages(value))
}

/// Whether it is a failure whose message may quote the body that the server did not take: as JSON, as
/// YAML, or as Go prints a map.
fn quotes(value: &Value) -> bool {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    // Admission, unlike the check of rights, forbids by its own words.
    let rights = text("reason") == "Forbidden" && text("message").contains(" is forbidden: User ");
    text("kind") == "Status"
        && text("status") != "Success"
        && !rights
        && !NAMES_ONLY.contains(&text("reason"))
}

fn hide_messages(status: &mut Value) -> bool {
    let mut found = false;
    let mut hide_in = |map: Option<&mut Value>| {
        if let Some(message) = map.filter(|message| message.is_string()) {
            found |= hide(message, SecretEncoding::Plain);
        }
    };
    hide_in(status.get_mut("message"));
    let causes = status.pointer_mut("/details/causes").and_then(Value::as_array_mut);
    for cause in causes.into_iter().flatten() {
        hide_in(cause.get_mut("message"));
    }
    found
}

fn walk_from(value: &mut Value, place: PathKind) -> bool {
    let inside = Enclosing {
        secret: place == PathKind::Secrets,
        token: place == PathKind::Tokens,
        config: false,
        depth: 0,
    };
    walk(value, inside)
}

/// What the objects around a value are.
#[derive(Clone, Copy)]
struct Enclosing {
    /// A secret, or several.
    secret: bool,
    /// Something with a `token`.
    token: bool,
    /// A kubeconfig.
    config: bool,
    /// How many strings were opened to get there.
    depth: u8,
}

fn walk(value: &mut Value, inside: Enclosing) -> bool {
    match value {
        Value::String(text) => string(text, inside),
        Value::Array(items) => {
            items.iter_mut().fold(false, |found, item| walk(item, inside) | found)
        }
        Value::Object(map) => object(map, inside),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn object(map: &mut Map<String, Value>, inside: Enclosing) -> bool {
    let kind = map.get("kind").and_then(Value::as_str).unwrap_or_default();
    let inside = Enclosing {
        secret: inside.secret || matches!(kind, "Secret" | "SecretList"),
        token: inside.token || matches!(kind, "TokenRequest" | "TokenReview" | "ExecCredential"),
        config: inside.config || kind == "Config",
        ..inside
    };
    let patch = map.get("op").is_some() && map.get("path").is_some();
    map.iter_mut().fold(false, |found, (key, value)| {
        found
            | match secret_at(key, inside, patch) {
                Some(Hide::Each(encoding)) => each(value, encoding),
                Some(Hide::Whole) => hide(value, SecretEncoding::Plain),
                None => walk(value, inside),
            }
    })
}

/// How much of a value is secret.
#[derive(Clone, Copy)]
enum Hide {
    Whole,
    /// What it maps names to, but not the names.
    Each(SecretEncoding),
}

/// How a secret is written.
#[derive(Clone, Copy)]
enum SecretEncoding {
    Base64,
    Plain,
}

/// Whether the value of a key is secret. Case is ignored, for not every server is strict about it.
fn secret_at(key: &str, inside: Enclosing, patch: bool) -> Option<Hide> {
    let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(key));
    if inside.secret && is(&["data"]) {
        Some(Hide::Each(SecretEncoding::Base64))
    } else if inside.secret && is(&["stringData"]) {
        Some(Hide::Each(SecretEncoding::Plain))
    } else if (inside.secret && (is(&[LAST_APPLIED]) || patch && is(&["value"])))
        || (inside.token && is(&["token"]))
        || (inside.config && is(&["token", "password", "client-secret"]))
        || (inside.config && is(&["id-token", "access-token", "refresh-token"]))
        || is(&["client-key-data", "clientKeyData"])
    {
        Some(Hide::Whole)
    } else {
        None
    }
}

fn each(value: &mut Value, encoding: SecretEncoding) -> bool {
    match value {
        Value::Object(map) => {
            map.values_mut().fold(false, |found, value| hide(value, encoding) | found)
        }
        value => hide(value, encoding),
    }
}

fn hide(value: &mut Value, encoding: SecretEncoding) -> bool {
    let bytes = match (&*value, encoding) {
        // In a patch it removes the key.
        (Value::Null, _) => return false,
        (Value::String(text), SecretEncoding::Base64) => {
            STANDARD.decode(text).map_or(text.len(), |decoded| decoded.len())
        }
        (Value::String(text), SecretEncoding::Plain) => text.len(),
        (other, _) => other.to_string().len(),
    };
    *value = Value::String(hidden(bytes));
    true
}

fn string(string: &mut String, inside: Enclosing) -> bool {
    // Older API servers quote from a body that they cannot read.
    let quoted = inside.secret && string.contains("error found in #");
    let shown = if quoted || holds_secret(string, inside) {
        Some(hidden(string.len()))
    } else {
        match text(string, false) {
            Some(shown) if shown == *string => None,
            shown => Some(shown.unwrap_or_else(|| HIDDEN.to_owned())),
        }
    };
    let found = shown.is_some();
    if let Some(shown) = shown {
        *string = shown;
    }
    found
}

/// Whether a string is a document that holds a secret.
fn holds_secret(string: &str, inside: Enclosing) -> bool {
    if is_manifest(string) {
        return true;
    }
    if !string.trim_start().starts_with(['{', '[']) {
        return false;
    }
    let Ok(mut value) = serde_json::from_str::<Value>(string) else { return false };
    if !value.is_array() && !value.is_object() {
        return false;
    }
    inside.depth >= DEEPEST || walk(&mut value, Enclosing { depth: inside.depth + 1, ..inside })
}
