//! Kubernetes objects and Compose files.

use devkit_yaml::{Dialect, Node, Numeric, Value};

use super::{Besides, FileError, Variable, documents, shells_of, words};
use crate::verdict::Verdict;

/// Every container of every object, wherever it is, and the keys of every `ConfigMap` and Secret.
pub(super) fn kubernetes(text: &[u8]) -> Result<Vec<Variable>, FileError> {
    let mut walk = ManifestWalk { variables: Vec::new(), left: MOST };
    for document in documents(text, Dialect::Kubernetes)? {
        walk.object(&document);
    }
    if walk.left == 0 {
        return Err(FileError { line: 1, column: 1, why: "aliases make it too large".into() });
    }
    Ok(walk.variables)
}

/// Values that are looked at, those behind aliases each time.
const MOST: usize = 1_000_000;

struct ManifestWalk {
    variables: Vec<Variable>,
    left: usize,
}

impl ManifestWalk {
    fn object(&mut self, node: &Node) {
        let kind = match node.get("kind").and_then(Node::text) {
            Some("ConfigMap") => "ConfigMap",
            Some("Secret") => "Secret",
            _ => return self.below(node),
        };
        for field in ["data", "stringData", "binaryData"] {
            for entry in node.get(field).map(Node::entries).unwrap_or_default() {
                let ids = &["k8s.configmap-key"];
                let mut variable = Variable::at_mark(entry.key.as_bytes(), entry.key_at, ids);
                if let Some(why) = unreadable(kind, field, &entry.node) {
                    let at = (entry.node.at.line, entry.node.at.column);
                    let verdict = Verdict::Rejected;
                    variable.besides.push(Besides { id: ids[0], verdict, why, at });
                }
                self.variables.push(variable);
            }
        }
    }

    /// Looks for lists of containers below a node.
    fn below(&mut self, node: &Node) {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return;
        }
        for (key, value) in node.entries().iter().map(|entry| (&*entry.key, &entry.node)) {
            if ["containers", "initContainers", "ephemeralContainers"].contains(&key) {
                value.list().iter().for_each(|one| container(one, &mut self.variables));
            } else if key == "items" {
                value.list().iter().for_each(|one| self.object(one));
            } else {
                self.below(value);
            }
        }
        node.list().iter().for_each(|item| self.below(item));
    }
}

fn container(node: &Node, variables: &mut Vec<Variable>) {
    let command = node.get("command").map(words).unwrap_or_default();
    let shell = shells_of(command.iter().copied());
    let ids: Vec<&'static str> = ["k8s.env"].into_iter().chain(shell.iter().copied()).collect();
    let entries = node.get("env").map(Node::list).unwrap_or_default();
    let name = |entry| Node::get(entry, "name").filter(|name| !name.is_null());
    let names: Vec<&str> = entries
        .iter()
        .map(|entry| name(entry).and_then(Node::written).unwrap_or_default())
        .collect();
    for (at, entry) in entries.iter().enumerate() {
        let place = entry.get("name").unwrap_or(entry).at;
        let mut variable = Variable::at_mark(names[at].as_bytes(), place, &ids);
        let value = entry.get("value");
        if let Some((value, text)) = value.and_then(|value| Some((value, value.text()?))) {
            variable.value = Some(text.into());
            variable.value_at = Some((value.at.line, value.at.column));
            for name in references(text) {
                if names[..at].contains(&name) || !names[at..].contains(&name) {
                    continue;
                }
                let shown = devkit_text::escape(name.as_bytes());
                let why = if names[at] == name {
                    format!("$({shown}) stays as it is: a variable does not know its own old value")
                } else {
                    format!("$({shown}) stays as it is: {shown} is set further down")
                };
                variable.besides("k8s.env", Verdict::Changed, why);
            }
        }
        for field in ["name", "value"] {
            let Some(node) = entry.get(field) else { continue };
            let Some(kind) = no_string(&node.value) else { continue };
            let quoted = if node.written().is_some() { ": it has to be quoted" } else { "" };
            variable.besides.push(Besides {
                id: "k8s.env",
                verdict: Verdict::Rejected,
                why: format!(
                    "json: cannot unmarshal {kind} into Go struct field EnvVar.{field} of type \
                     string{quoted}"
                ),
                at: (node.at.line, node.at.column),
            });
        }
        variables.push(variable);
    }
}

/// Why a field of a `ConfigMap` or Secret cannot have a value, in the words of kubectl.
fn unreadable(kind: &str, field: &str, node: &Node) -> Option<String> {
    let bytes = field == "binaryData" || (kind, field) == ("Secret", "data");
    if let (true, Some(text)) = (bytes, node.text()) {
        return (!is_base64(text)).then(|| "illegal base64 data".to_owned());
    }
    let found = if bytes { no_bytes(node)? } else { no_string(&node.value)? };
    let wanted = if bytes { "[]uint8" } else { "string" };
    let quoted = if bytes || node.written().is_none() { "" } else { ": it has to be quoted" };
    Some(format!(
        "json: cannot unmarshal {found} into Go struct field {kind}.{field} of type \
         {wanted}{quoted}"
    ))
}

/// Whether Go's `encoding/base64` reads a text: with its padding, and line breaks anywhere.
fn is_base64(text: &str) -> bool {
    let text: Vec<u8> = text.bytes().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    let padding = text.iter().rev().take_while(|b| **b == b'=').count();
    let digits = &text[..text.len() - padding];
    text.len().is_multiple_of(4)
        && padding <= 2
        && digits.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}

/// What Go's JSON cannot read bytes from. It reads them from a list of numbers too.
fn no_bytes(node: &Node) -> Option<&'static str> {
    let no_byte = |item: &Node| match &item.value {
        Value::Null => None,
        Value::Number(Numeric::Int(number)) if u8::try_from(*number).is_ok() => None,
        value => no_string(value).or(Some("string")),
    };
    match node.value {
        Value::List(_) => node.list().iter().find_map(no_byte),
        _ => no_string(&node.value),
    }
}

/// What Go's JSON calls a value that a string cannot be read from.
fn no_string(value: &Value) -> Option<&'static str> {
    match value {
        Value::Null | Value::String(_) | Value::Time(_) => None,
        Value::Bool(_) => Some("bool"),
        Value::Number(_) => Some("number"),
        Value::List(_) => Some("array"),
        Value::Map(_) => Some("object"),
    }
}

/// The names of `$(NAME)`, but not of `$$(NAME)`.
fn references(value: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = value;
    while let Some(at) = rest.find('$') {
        let behind = &rest[at + 1..];
        if let Some(inner) = behind.strip_prefix('(') {
            let Some(end) = inner.find(')') else { break };
            names.push(&inner[..end]);
            rest = &inner[end + 1..];
        } else {
            rest = behind.strip_prefix('$').unwrap_or(behind);
        }
    }
    names
}

/// `environment` of every service.
pub(super) fn compose(text: &[u8]) -> Result<Vec<Variable>, FileError> {
    let mut variables = Vec::new();
    for document in documents(text, Dialect::Compose)? {
        let services = document.get("services").map(Node::entries).unwrap_or_default();
        for service in services.iter().map(|entry| &entry.node) {
            let command = |field: &str| -> Vec<&str> {
                let Some(node) = service.get(field) else { return Vec::new() };
                // A text is split as a shell splits it, without running one.
                node.text().map_or_else(|| words(node), |text| text.split_whitespace().collect())
            };
            let entrypoint = command("entrypoint");
            let command = if entrypoint.is_empty() { command("command") } else { entrypoint };
            let shell = shells_of(command.into_iter());
            let ids: Vec<&'static str> =
                ["compose.environment"].into_iter().chain(shell.iter().copied()).collect();
            let Some(environment) = service.get("environment") else { continue };
            for entry in environment.entries() {
                let mut variable = Variable::at_mark(entry.key.as_bytes(), entry.key_at, &ids);
                let value = Dialect::Compose.text_of(&entry.node.value);
                variable.value = value.map(|text| text.as_bytes().to_vec());
                variable.value_at = Some((entry.node.at.line, entry.node.at.column));
                variables.push(variable);
            }
            for item in environment.list() {
                let text = item.written().unwrap_or_default();
                // `NAME: value` is a slip, and the value is not to be told.
                let name = text.split(['=', ':']).next().unwrap_or_default();
                variables.push(Variable::at_mark(name.as_bytes(), item.at, &ids));
            }
        }
    }
    Ok(variables)
}
