//! Kubernetes objects and Compose files.

use super::yaml::{Node, documents};
use super::{FileError, Variable, shells_of};
use crate::verdict::Verdict;

/// Every container of every object, wherever it is, and the keys of every `ConfigMap` and Secret.
pub(super) fn kubernetes(text: &[u8]) -> Result<Vec<Variable>, FileError> {
    let mut walk = Walk { variables: Vec::new(), left: MOST };
    for document in documents(text)? {
        walk.object(&document);
    }
    if walk.left == 0 {
        return Err(FileError { line: 1, why: "aliases make it too large".into() });
    }
    Ok(walk.variables)
}

/// Values that are looked at, those behind aliases each time.
const MOST: usize = 1_000_000;

struct Walk {
    variables: Vec<Variable>,
    left: usize,
}

impl Walk {
    fn object(&mut self, node: &Node) {
        let kind = node.get("kind").and_then(Node::text);
        if !matches!(kind, Some("ConfigMap" | "Secret")) {
            return self.below(node);
        }
        for field in ["data", "stringData", "binaryData"] {
            for (key, _) in node.get(field).map(Node::pairs).unwrap_or_default() {
                let name = key.text().unwrap_or_default().as_bytes();
                let ids = &["k8s.configmap-key"];
                self.variables.push(Variable::new(name, key.line, key.column, ids));
            }
        }
    }

    /// Looks for lists of containers below a node.
    fn below(&mut self, node: &Node) {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return;
        }
        for (key, value) in node.pairs() {
            let key = key.text().unwrap_or_default();
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
    let command = node.get("command").map(Node::words).unwrap_or_default();
    let shell = shells_of(command.iter().copied());
    let ids: Vec<&'static str> = ["k8s.env"].into_iter().chain(shell.iter().copied()).collect();
    let entries = node.get("env").map(Node::list).unwrap_or_default();
    let name = |entry| {
        let name = Node::get(entry, "name").filter(|name| !name.is_null());
        name.and_then(Node::text).unwrap_or_default()
    };
    let names: Vec<&str> = entries.iter().map(name).collect();
    for (at, entry) in entries.iter().enumerate() {
        let place = entry.get("name").unwrap_or(entry);
        let mut variable = Variable::new(names[at].as_bytes(), place.line, place.column, &ids);
        if let Some(value) = entry.get("value").and_then(Node::text) {
            variable.value = Some(value.into());
            for name in references(value) {
                if names[..at].contains(&name) || !names[at..].contains(&name) {
                    continue;
                }
                let shown = devkit_text::escape(name.as_bytes());
                let why = if names[at] == name {
                    format!("$({shown}) stays as it is: a variable does not know its own old value")
                } else {
                    format!("$({shown}) stays as it is: {shown} is set further down")
                };
                variable.besides.push(("k8s.env", Verdict::Changed, why));
            }
        }
        for field in ["name", "value"] {
            if entry.get(field).is_some_and(Node::is_no_string) {
                let why = format!(
                    "json: cannot unmarshal into Go struct field EnvVar.{field} of type string: \
                     it has to be quoted"
                );
                variable.besides.push(("k8s.env", Verdict::Rejected, why));
            }
        }
        variables.push(variable);
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
    for document in documents(text)? {
        let services = document.get("services").map(Node::pairs).unwrap_or_default();
        for (_, service) in services {
            let words = |field: &str| -> Vec<&str> {
                let Some(node) = service.get(field) else { return Vec::new() };
                // A text is split as a shell splits it, without running one.
                node.text().map_or_else(|| node.words(), |text| text.split_whitespace().collect())
            };
            let entrypoint = words("entrypoint");
            let command = if entrypoint.is_empty() { words("command") } else { entrypoint };
            let shell = shells_of(command.into_iter());
            let ids: Vec<&'static str> =
                ["compose.environment"].into_iter().chain(shell.iter().copied()).collect();
            let Some(environment) = service.get("environment") else { continue };
            for (key, value) in environment.pairs() {
                let name = key.text().unwrap_or_default().as_bytes();
                let mut variable = Variable::new(name, key.line, key.column, &ids);
                variable.value = value.text().map(|text| text.as_bytes().to_vec());
                variables.push(variable);
            }
            for item in environment.list() {
                let text = item.text().unwrap_or_default();
                // `NAME: value` is a slip, and the value is not to be told.
                let name = text.split(['=', ':']).next().unwrap_or_default();
                variables.push(Variable::new(name.as_bytes(), item.line, item.column, &ids));
            }
        }
    }
    Ok(variables)
}
