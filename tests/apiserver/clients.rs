//! Programs that were not written for a tap: one with client-go, one with Python's package.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::peer;
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
