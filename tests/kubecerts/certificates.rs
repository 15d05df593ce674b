//! Certificates, whole and broken, as Go's `crypto/x509` reads them, which is kubectl's reader.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::world::{EC, World};
use crate::support::{peer, run};

/// Prints a line of JSON for each file: null where Go refuses it.
const READER: &str = r#"package main

import (
	"crypto/x509"
	"encoding/json"
	"os"
	"path/filepath"
	"time"
)

func main() {
	files, _ := filepath.Glob("der/*")
	out := json.NewEncoder(os.Stdout)
	for _, file := range files {
		bytes, _ := os.ReadFile(file)
		certificate, err := x509.ParseCertificate(bytes)
		if err != nil {
			out.Encode(nil)
			continue
		}
		out.Encode(map[string]any{
			"begins":  certificate.NotBefore.UTC().Format(time.RFC3339),
			"expires": certificate.NotAfter.UTC().Format(time.RFC3339),
			"is_ca":   certificate.IsCA,
			"serial":  certificate.SerialNumber.Text(16),
		})
	}
}
"#;

#[test]
fn whatever_go_can_read_is_read_with_the_same_contents() {
    let Some(world) = World::new() else { return };
    let Some(go) = peer::need("go") else { return };
    let certificates = broken(&originals(&world));
    fs::create_dir(world.path("der")).unwrap();
    for (at, der) in certificates.iter().enumerate() {
        world.write(&format!("der/{at:05}"), der);
    }
    world.write("main.go", READER);
    let mut command = Command::new(go);
    command.args(["run", "main.go"]).current_dir(world.dir.path());
    let ran = run(command);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let of_go: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(of_go.len(), certificates.len());
    let read = of_go.iter().filter(|go| !go.is_null()).count();
    assert!(read > 300 && read < certificates.len() - 300, "{read} of {}", certificates.len());

    world.home_config(&config(&certificates));
    let ran = world.devkit(&["check", "--all", "--json"]);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    let contexts = answer["contexts"].as_array().unwrap();
    assert_eq!(contexts.len(), certificates.len());
    for (at, go) in of_go.iter().enumerate().filter(|(_, go)| !go.is_null()) {
        let name = format!("c{at:05}");
        let context = contexts.iter().find(|context| context["context"] == *name).unwrap();
        let ours = &context["certificates"][0];
        let told = format!("{}\n{ours}\n{go}", BASE64_STANDARD.encode(&certificates[at]));
        assert_eq!(ours["not_before"], go["begins"], "{told}");
        assert_eq!(ours["not_after"], go["expires"], "{told}");
        assert_eq!(ours["is_ca"], go["is_ca"], "{told}");
        let serial = ours["serial"].as_str().unwrap().replace(':', "");
        let serial = serial.trim_start_matches('0');
        let theirs = go["serial"].as_str().unwrap().trim_start_matches('0');
        // Go before 1.23 also reads negative numbers.
        assert!(serial == theirs || theirs.starts_with('-'), "{told}");
    }
}

/// One of each way to write names, times, keys and extensions.
fn originals(world: &World) -> Vec<Vec<u8>> {
    world.client("elliptic", "ca", 90, EC);
    let all = [
        ("plain.crt", &["-newkey", "rsa:2048", "-subj", "/CN=plain", "-days", "30"][..]),
        (
            "long.crt",
            &[
                "-newkey",
                "ed25519",
                "-subj",
                "/C=CN/O=浙江/CN=Zoë+UID=a",
                "-days",
                "30000",
                "-utf8",
            ],
        ),
        (
            "rich.crt",
            &[
                "-newkey",
                "rsa:2048",
                "-subj",
                "/CN=rich/emailAddress=a@b.c/2.5.4.97=x",
                "-addext",
                "subjectAltName=DNS:a.b,IP:1.2.3.4,IP:fe80::1,URI:https://x/y,email:a@b,RID:1.2.3",
                "-addext",
                "extendedKeyUsage=clientAuth,1.2.3.4",
            ],
        ),
    ];
    for (out, args) in all {
        let common = ["req", "-x509", "-nodes", "-keyout", "x.key", "-multivalue-rdn", "-out", out];
        world.openssl(&[&common[..], args].concat());
    }
    // BMPString and T61String.
    for (mask, out) in [("MASK:0x800", "wide.crt"), ("MASK:0x4", "latin.crt")] {
        world.write(
            "names.cnf",
            format!(
                "[req]\ndistinguished_name=n\nstring_mask={mask}\nutf8=yes\nprompt=no\n[n]\nCN=Zoë\n"
            ),
        );
        world.openssl(&[
            "req",
            "-x509",
            "-nodes",
            "-newkey",
            "rsa:2048",
            "-keyout",
            "x.key",
            "-out",
            out,
            "-config",
            "names.cnf",
        ]);
    }
    let names =
        ["elliptic.crt", "plain.crt", "long.crt", "rich.crt", "wide.crt", "latin.crt", "ca.crt"];
    let der = |name: &&str| {
        world.openssl(&["x509", "-in", name, "-outform", "DER", "-out", "one.der"]);
        world.read("one.der")
    };
    names.iter().map(der).collect()
}

/// The certificates themselves, and each with one byte changed, at many places and in many ways.
fn broken(originals: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut all = originals.to_vec();
    for (which, original) in originals.iter().enumerate() {
        for at in (which % 3..original.len()).step_by(3) {
            let mut changed = original.clone();
            changed[at] = match at % 5 {
                0 => changed[at] ^ 1,
                1 => changed[at] ^ 0x80,
                2 => changed[at].wrapping_add(1),
                3 => 0,
                _ => 0xff,
            };
            all.push(changed);
        }
        all.push(original[..original.len() - 1].to_vec());
        all.push([original, &[0][..]].concat());
    }
    all
}

/// A context for each certificate.
fn config(certificates: &[Vec<u8>]) -> String {
    let mut contexts = "contexts:\n".to_owned();
    let mut users = "users:\n".to_owned();
    for (at, der) in certificates.iter().enumerate() {
        let body = BASE64_STANDARD.encode(der);
        let pem = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
        let data = BASE64_STANDARD.encode(pem);
        let _ = writeln!(contexts, "- {{name: c{at:05}, context: {{cluster: k, user: u{at:05}}}}}");
        let _ = writeln!(users, "- {{name: u{at:05}, user: {{client-certificate-data: {data}}}}}");
    }
    format!("clusters:\n- name: k\n  cluster: {{server: https://10.0.0.1:6443}}\n{contexts}{users}")
}
