//! kubectl and devkit, asked the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use serde_json::Value;

use super::corpus::corpus;
use crate::support::{devkit, folder, peer, run};

/// What a context comes to, or that it comes to nothing.
type Answer = Option<BTreeMap<&'static str, String>>;

#[test]
fn devkit_reads_what_kubectl_reads() {
    let Some(kubectl) = peer::need("kubectl") else { return };
    let cases = corpus();
    assert!(cases.len() >= 150, "{} cases", cases.len());
    let mut differences = Vec::new();
    for case in &cases {
        let dir = folder();
        for (name, bytes) in &case.files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let (theirs, said) = ask_kubectl(&kubectl, dir.path(), case.list);
        let (ours, told) = ask_devkit(dir.path(), case.list);
        if theirs != ours {
            differences.push(format!(
                "{}\n  kubectl: {theirs:?} {said}\n  devkit: {ours:?} {told}",
                case.name
            ));
        }
    }
    assert!(
        differences.is_empty(),
        "{} of {}:\n{}",
        differences.len(),
        cases.len(),
        differences.join("\n")
    );
}

fn ask_kubectl(kubectl: &Path, dir: &Path, list: &str) -> (Answer, String) {
    let mut command = Command::new(kubectl);
    command.args(["config", "view", "--raw", "--flatten", "--minify", "-o", "json"]);
    command.current_dir(dir).env_clear().env("HOME", dir).env("KUBECONFIG", list);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let ran = run(command);
    if ran.code != Some(0) {
        return (None, ran.stderr.lines().next().unwrap_or_default().to_owned());
    }
    let value: Value = serde_json::from_str(&ran.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (cluster, user, context) =
        (&value["clusters"][0], &value["users"][0], &value["contexts"][0]);
    let sum = |data: &Value| match data.as_str() {
        None | Some("") => String::new(),
        Some(data) => sha256(data),
    };
    let answer = BTreeMap::from([
        ("context", text(&value["current-context"])),
        ("cluster", text(&context["context"]["cluster"])),
        ("user", text(&context["context"]["user"])),
        ("namespace", text(&context["context"]["namespace"])),
        ("server", text(&cluster["cluster"]["server"])),
        ("tls_server_name", text(&cluster["cluster"]["tls-server-name"])),
        ("proxy_url", text(&cluster["cluster"]["proxy-url"])),
        (
            "insecure_skip_tls_verify",
            cluster["cluster"]["insecure-skip-tls-verify"].as_bool().unwrap_or(false).to_string(),
        ),
        ("ca", sum(&cluster["cluster"]["certificate-authority-data"])),
        ("client_cert", sum(&user["user"]["client-certificate-data"])),
        ("client_key", sum(&user["user"]["client-key-data"])),
    ]);
    (Some(answer), String::new())
}

fn ask_devkit(dir: &Path, list: &str) -> (Answer, String) {
    let mut command = devkit(dir, ["kubecerts", "show", "--json"]);
    command.env("HOME", dir).env("KUBECONFIG", list);
    let ran = run(command);
    if ran.code != Some(0) {
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
        return (None, ran.stderr);
    }
    let value: Value = serde_json::from_str(&ran.stdout).unwrap();
    let names = [
        "context",
        "cluster",
        "user",
        "namespace",
        "server",
        "tls_server_name",
        "proxy_url",
        "insecure_skip_tls_verify",
        "ca",
        "client_cert",
        "client_key",
    ];
    let answer = names.map(|name| {
        let value = &value[name];
        let text = match value {
            Value::Null => String::new(),
            Value::Bool(value) => value.to_string(),
            Value::Object(part) => part["sha256"].as_str().unwrap().to_owned(),
            other => other.as_str().unwrap().to_owned(),
        };
        (name, text)
    });
    (Some(BTreeMap::from(answer)), String::new())
}

/// Of the bytes behind kubectl's base64, by a program that is not devkit. It is asked once for what
/// most files have in common.
fn sha256(data: &str) -> String {
    static SUMS: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
    let mut known = SUMS.lock().unwrap();
    known.entry(data.to_owned()).or_insert_with(|| asked_sha256(data)).clone()
}

fn asked_sha256(data: &str) -> String {
    let mut command = Command::new("sh");
    command.args(["-c", "printf %s \"$0\" | base64 -d | sha256sum", data]);
    run(command).stdout.split_whitespace().next().unwrap().to_owned()
}
