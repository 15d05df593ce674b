//! Programs that were not written for a tap: one with client-go, one with Python's package, and a
//! browser that reads what it has written.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::{eventually, peer};
use crate::world::Cluster;

/// The same output with a tap and without, and its requests in the log.
fn is_the_same(namespace: &str, program: &Path, before: &[&str], lines: &[&str]) {
    let cluster = Cluster::get();
    let world = cluster.world("token");
    let kubectl = cluster.bin.join("kubectl");
    let made = world.direct(&kubectl, &["create", "namespace", namespace]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let args = [before, &[namespace]].concat();
    let alone = world.direct(program, &args);
    assert_eq!(alone.code, Some(0), "{}", alone.stderr);
    let ran = world.tapped(&["--log", "run.log"], program, &args);
    assert_eq!((&ran.stdout, ran.code), (&alone.stdout, alone.code), "{}", ran.stderr);
    let said: Vec<&str> = ran.stdout.lines().skip(1).collect();
    assert_eq!(said, lines);
    let log = fs::read_to_string(world.path("run.log")).unwrap();
    for words in ["POST configmaps", "PATCH configmaps/", "DELETE configmaps/", "WATCH configmaps"]
    {
        assert!(log.contains(words), "{words} is not in\n{log}");
    }
}

#[test]
fn a_client_go_program_sees_no_difference() {
    let program = Cluster::get().bin.join("client");
    let lines = ["gone: true", "added green", "updated yellow", "deleted yellow"];
    is_the_same("client-go", &program, &[], &lines);
}

#[test]
fn a_python_program_sees_no_difference() {
    let Some(python) = peer::need("python3") else { return };
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/apiserver/client.py");
    let lines = ["gone: 404 Not Found", "added green", "modified yellow", "deleted yellow"];
    is_the_same("python", &python, &[script.to_str().unwrap()], &lines);
}

#[test]
fn chromes_developer_tools_read_the_har_file() {
    let Some(chromium) = peer::need("chromium") else { return };
    let cluster = Cluster::get();
    let world = cluster.world("certificate");
    let kubectl = cluster.bin.join("kubectl");
    let args = ["get", "namespaces", "-o", "json"];
    let ran = world.tapped(&["--bodies", "full", "--har", "run.har"], &kubectl, &args);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let har = fs::read_to_string(world.path("run.har")).unwrap();
    let mut browser = Browser::start(&chromium, world.dir.path());
    browser.open("devtools://devtools/bundled/devtools_app.html");
    eventually("the tools are there", || browser.value("document.readyState") == "complete");
    // What its network panel does with a file that is dropped onto it.
    let read = browser.value(&format!(
        "(async () => {{
            const har = await import('devtools://devtools/bundled/models/har/har.js');
            const root = new har.HARFormat.HARRoot(JSON.parse({}));
            const requests = har.Importer.Importer.requestsFromHARLog(root.log);
            const told = async one => [one.requestMethod, one.statusCode, one.url(),
                (await one.requestContentData()).text];
            return Promise.all(requests.map(told));
        }})()",
        Value::from(har.as_str())
    ));
    let har: Value = serde_json::from_str(&har).unwrap();
    let (read, entries) = (read.as_array().unwrap(), har["log"]["entries"].as_array().unwrap());
    assert!(entries.len() >= 2);
    for (read, entry) in read.iter().zip(entries) {
        let (request, response) = (&entry["request"], &entry["response"]);
        let text = &response["content"]["text"];
        assert_eq!(
            *read,
            json!([request["method"], response["status"], request["url"], text]),
            "{entry}"
        );
    }
    assert_eq!(read.len(), entries.len());
    assert!(
        read.iter().any(|one| one[3].as_str().is_some_and(|text| text.contains("kube-system")))
    );
}
