//! kubectl, asked, and compose-go, as it answered: value by value, and which texts they refuse.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use devkit_yaml::{Dialect, Node, Numeric, Value, YamlDocument, documents};
use serde_json::{Value as Json, json};

use super::corpus::texts;
use crate::support::{folder, peer};

#[test]
fn kubernetes_values_are_those_of_kubectl() {
    let Some(kubectl) = peer::need("kubectl") else { return };
    let kinds = ["ConfigMap", "Pod"];
    let head = |number: usize| {
        let kind = kinds[number % kinds.len()];
        format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: t{number}}}\n")
    };
    let texts = texts(head);
    assert!(texts.len() >= 400, "{} texts", texts.len());
    let dir = folder();
    for (number, text) in texts.iter().enumerate() {
        fs::write(dir.path().join(format!("{number}.yaml")), text).unwrap();
    }
    // One process for all: it goes on behind a file that it refuses.
    let mut command = Command::new(kubectl);
    command.args(["label", "--local", "a=b", "-o", "json", "-f"]).arg(dir.path());
    let ran = command.env("HOME", dir.path()).env_remove("KUBECONFIG").output().unwrap();
    let mut theirs: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    for object in serde_json::Deserializer::from_slice(&ran.stdout).into_iter::<Json>() {
        let object = object.unwrap();
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        theirs.entry(name).or_default().push(rounded(without_head(object)));
    }
    assert!(theirs.len() > texts.len() / 3, "{} of {}", theirs.len(), texts.len());
    let mut differences = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        let theirs = theirs.remove(&format!("t{number}")).unwrap_or_default();
        let ours = match documents(text, Dialect::Kubernetes) {
            Ok(documents) => documents.iter().map(|it| without_head(json_of(&it.root))).collect(),
            Err(_) => Vec::new(),
        };
        if theirs != ours {
            differences.push((String::from_utf8_lossy(text).into_owned(), theirs, ours));
        }
    }
    assert!(differences.is_empty(), "{} of {}: {differences:#?}", differences.len(), texts.len());
}

/// What kubectl has put in besides, and what the head of each object has.
fn without_head(mut object: Json) -> Json {
    for key in ["apiVersion", "kind", "metadata"] {
        object.as_object_mut().unwrap().remove(key);
    }
    object
}

/// What is beyond 64 bits with a sign is a float, though kubectl prints no point.
fn rounded(json: Json) -> Json {
    match json {
        Json::Number(number) if number.as_i64().is_none() => json!(number.as_f64()),
        Json::Array(items) => items.into_iter().map(rounded).collect(),
        Json::Object(map) => map.into_iter().map(|(key, value)| (key, rounded(value))).collect(),
        other => other,
    }
}

/// A value as JSON. Large numbers are floats in it, as in kubectl.
fn json_of(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Number(Numeric::Int(number)) => json!(number),
        Value::Number(number) => json!(number.as_f64()),
        Value::String(text) => json!(text.as_str()),
        Value::Time(text) => json!(**text),
        Value::List(items) => items.iter().map(json_of).collect(),
        Value::Map(map) => map
            .entries()
            .iter()
            .map(|entry| (entry.key.to_string(), json_of(&entry.node)))
            .collect(),
    }
}

#[test]
fn compose_values_are_those_of_compose_go() {
    let texts = texts(|_| String::new());
    let answers: Vec<&str> = include_str!("compose.txt").lines().collect();
    assert_eq!(texts.len(), answers.len(), "`cargo xtask peers yaml --write` asks for all");
    let mut differences = Vec::new();
    for (text, theirs) in texts.iter().zip(answers) {
        let ours = documents(text, Dialect::Compose).ok().and_then(|found| merged(&found));
        let ours = ours.map_or("refused".to_owned(), |json| json.to_string());
        let same = match serde_json::from_str::<Json>(theirs) {
            Ok(theirs) => Some(theirs) == serde_json::from_str(&ours).ok(),
            Err(_) => theirs == ours,
        };
        if !same {
            differences.push((String::from_utf8_lossy(text).into_owned(), theirs, ours));
        }
    }
    assert!(differences.is_empty(), "{}: {differences:#?}", differences.len());
}

/// Compose puts the documents of a file one over the other, and wants mappings.
fn merged(documents: &[YamlDocument]) -> Option<Json> {
    let mappings = documents.iter().all(|document| matches!(document.root.value, Value::Map(_)));
    let entries = documents.iter().flat_map(|document| document.root.entries());
    let merged = entries.map(|entry| (entry.key.to_string(), typed(&entry.node))).collect();
    mappings.then_some(merged)
}

/// A value with its type, as the program of `cargo xtask peers yaml` writes it.
fn typed(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Number(number @ Numeric::Float(_)) => json!(["float", number.to_string()]),
        Value::Number(number) => json!(["int", number.to_string()]),
        Value::String(text) => json!(text.as_str()),
        Value::Time(text) => json!(["time", **text]),
        Value::List(items) => json!(["list", items.iter().map(typed).collect::<Vec<_>>()]),
        Value::Map(map) => {
            map.entries().iter().map(|entry| (entry.key.to_string(), typed(&entry.node))).collect()
        }
    }
}
