//! What goes wrong, what is pointed out, and that no key is ever in what is said.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::corpus::corpus;
use super::world::{EC, RSA, World, codes};
use crate::support::{devkit, folder, run};

#[test]
fn every_error_has_its_code() {
    let Some(world) = World::new() else { return };
    let (crt, key) = (world.data("client.crt"), world.data("client.key"));
    let good = format!("client-certificate-data: {crt}\n    client-key-data: {key}");
    fs::create_dir(world.path("work/folder")).unwrap();
    for (user, args, code) in [
        (good.as_str(), &["--context", "d"][..], "context-not-found"),
        (&good, &["--cluster", "d"], "cluster-not-found"),
        (&good, &["--user", "d"], "user-not-found"),
        (&good, &["--kubeconfig", "none"], "file-not-found"),
        (&good, &["--kubeconfig", "folder"], "is-a-directory"),
        ("client-certificate: none", &[], "file-not-found"),
        ("client-certificate: /", &[], "is-a-directory"),
        (
            "client-certificate: a\n    client-certificate-data: aGVsbG8=",
            &[],
            "data-and-file-conflict",
        ),
        ("client-certificate-data: '!'", &[], "bad-base64"),
        ("token: 1", &[], "wrong-type"),
        ("token: [", &[], "yaml-syntax"),
        ("token: a\n- name: u", &[], "duplicate-name"),
        ("token: a\nkind: Secret", &[], "wrong-kind"),
        ("token: a", &[], "no-client-certificate"),
        ("client-certificate-data: aGVsbG8=", &["--bundle", "b"], "not-pem"),
    ] {
        world.config(user, "");
        let ran = world.devkit(&[&["extract"], args].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{user}");
        let first = ran.stderr.lines().next().unwrap();
        assert!(
            first.starts_with("error: ") && first.ends_with(&format!("[{code}]")),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("\n  hint:  "), "{}", ran.stderr);
        let ran = world.devkit(&[&["--json", "extract"], args].concat());
        let value: Value = serde_json::from_str(&ran.stderr).unwrap();
        assert_eq!((value["error"]["code"].as_str(), ran.stdout.as_str()), (Some(code), ""));
        assert_eq!(world.names("work"), ["folder"]);
    }
    world.home_config("contexts: [{name: staging}]");
    let said = world.devkit(&["show"]).stderr;
    assert!(
        said.contains("[no-current-context]") && said.contains("--context 'staging'"),
        "{said}"
    );
    let said = world.devkit(&["show", "--context", "stagging"]).stderr;
    assert!(said.contains("did you mean 'staging'?"), "{said}");
    fs::remove_file(world.path("home/.kube/config")).unwrap();
    let said = world.devkit(&["show"]).stderr;
    assert!(
        said.starts_with("error: there is no kubeconfig: no file ~/.kube/config [no-kubeconfig]\n"),
        "{said}"
    );
}

#[test]
fn what_kubectl_could_not_use_comes_out_with_a_warning() {
    let Some(world) = World::new() else { return };
    world.authority("stranger");
    world.client("foreign", "stranger", 90, RSA);
    world.client("soon", "ca", 3, RSA);
    world.client("past", "ca", -1, RSA);
    world.client("ec", "ca", 90, EC);
    world.openssl(&["x509", "-in", "client.crt", "-outform", "DER", "-out", "der"]);
    world.openssl(&["x509", "-in", "client.crt", "-trustout", "-out", "trusted"]);
    world.openssl(&[
        "pkey",
        "-in",
        "client.key",
        "-aes128",
        "-passout",
        "pass:x",
        "-out",
        "locked",
    ]);
    world.openssl(&["rsa", "-in", "client.key", "-traditional", "-out", "pkcs1"]);
    world.openssl(&[
        "rsa",
        "-in",
        "client.key",
        "-traditional",
        "-aes128",
        "-passout",
        "pass:x",
        "-out",
        "dek",
    ]);
    world.openssl(&["ec", "-in", "ec.key", "-out", "sec1"]);
    world.openssl(&["genpkey", "-algorithm", "ed25519", "-out", "ed.key"]);
    world.openssl(&["req", "-new", "-key", "ed.key", "-subj", "/CN=ed", "-out", "ed.csr"]);
    world.openssl(&[
        "x509", "-req", "-in", "ed.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-days", "90",
        "-out", "ed.crt",
    ]);
    let joined = |a: &str, b: &str| [world.read(a), world.read(b)].concat();
    world.write("chain", joined("client.crt", "ca.crt"));
    world.write("reversed", joined("ca.crt", "client.crt"));
    world.write("both", joined("client.crt", "client.key"));
    world.write("own-root", joined("foreign.crt", "stranger.crt"));
    world.write("empty-pem", "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n");
    world
        .write("around", [b"text\n".to_vec(), world.read("client.crt"), b"text".to_vec()].concat());
    world.write("crlf", String::from_utf8(world.read("client.crt")).unwrap().replace('\n', "\r\n"));
    for (certificate, key, wanted) in [
        ("client.crt", "client.key", &[][..]),
        ("client.crt", "pkcs1", &[]),
        ("ec.crt", "ec.key", &[]),
        ("ec.crt", "sec1", &[]),
        ("ed.crt", "ed.key", &[]),
        ("chain", "client.key", &[]),
        ("around", "client.key", &[]),
        ("crlf", "client.key", &[]),
        ("own-root", "foreign.key", &[]),
        ("foreign.crt", "foreign.key", &["cert-not-signed-by-ca"]),
        ("client.crt", "foreign.key", &["key-mismatch"]),
        ("client.crt", "ec.key", &["key-mismatch"]),
        ("ec.crt", "client.key", &["key-mismatch"]),
        ("reversed", "client.key", &["leaf-not-first"]),
        ("client.key", "client.crt", &["cert-key-swapped"]),
        ("both", "client.key", &["key-in-certificate-field"]),
        ("der", "client.key", &["cert-not-pem"]),
        ("trusted", "client.key", &["cert-not-pem"]),
        ("empty-pem", "client.key", &["cert-unparsable"]),
        ("client.crt", "locked", &["key-encrypted"]),
        ("client.crt", "dek", &["key-encrypted"]),
        ("client.crt", "der", &["key-not-pem"]),
        ("client.crt", "", &["cert-without-key"]),
        ("", "client.key", &["key-without-cert"]),
        ("soon.crt", "soon.key", &["cert-expires-soon"]),
        ("past.crt", "past.key", &["cert-expired"]),
    ] {
        let field = |name: &str, file: &str| match file {
            "" => String::new(),
            file => format!("{name}: {}\n    ", world.data(file)),
        };
        let user = field("client-certificate-data", certificate) + &field("client-key-data", key);
        world.config(&user, &format!("certificate-authority-data: {}", world.data("ca.crt")));
        let ran = world.devkit(&["show", "--json"]);
        let value: Value = serde_json::from_str(&ran.stdout).expect(&ran.stderr);
        assert_eq!(codes(&value), wanted, "{certificate} {key}");
        let ran = world.devkit(&["check"]);
        let notes = ["key-in-certificate-field", "key-without-cert"];
        let bad = wanted.iter().any(|code| !notes.contains(code));
        assert_eq!(ran.code, Some(i32::from(bad)), "{certificate} {key}: {}", ran.stdout);
        if certificate.is_empty() {
            continue;
        }
        // All of it comes out all the same, and a key never where others can read it.
        assert_eq!(world.devkit(&["extract", "--force"]).code, Some(0), "{certificate} {key}");
        let out = world.path("work/client-cert.pem");
        assert_eq!(fs::read(&out).unwrap(), world.read(certificate));
        let private = super::world::mode(&out) == 0o600;
        assert_eq!(private, ["client.key", "both", "der"].contains(&certificate), "{certificate}");
    }
}

#[test]
fn settings_that_would_not_work_are_pointed_out() {
    let Some(world) = World::new() else { return };
    let ca = format!("certificate-authority-data: {}", world.data("ca.crt"));
    for (user, cluster, wanted) in [
        ("token: a\n    username: b", "", "more-than-one-auth-method"),
        ("exec: {apiVersion: v1}", "", "exec-command-missing"),
        ("exec: {command: a}", "", "exec-api-version-missing"),
        ("auth-provider: {name: gcp}", "", "auth-provider-removed"),
        ("certificate-data: a", "", "unknown-field"),
        ("token: a\n    token: b", "", "duplicate-key"),
        ("token: a\n---\na: b", "", "extra-documents-ignored"),
        ("token: a", &format!("{ca}\n    insecure-skip-tls-verify: true"), "ca-with-insecure"),
        ("token: a", "certificate-authority-data: aGVsbG8=", "ca-not-pem"),
        ("token: a", "server: http://k", "server-not-tls"),
        ("token: a", "server: k:6443", "server-without-scheme"),
        ("token: a", "server: ''", "no-server"),
    ] {
        world.config(user, cluster);
        let ran = world.devkit(&["show", "--json"]);
        let value: Value = serde_json::from_str(&ran.stdout).expect(&ran.stderr);
        assert!(codes(&value).contains(&wanted), "{user} {cluster}: {}", value["warnings"]);
    }
    world.usual();
    let config = world.path("home/.kube/config");
    fs::set_permissions(&config, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = world.devkit(&["show"]);
    let wanted = "warning: ~/.kube/config can be read by others than its owner [kubeconfig-readable-by-others]\n";
    assert_eq!(ran.stderr, wanted);
}

#[test]
fn check_answers_by_its_exit_code() {
    let Some(world) = World::new() else { return };
    world.usual();
    let ran = world.devkit(&["check"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert!(
        ran.stdout.starts_with("✓ c  CN=client, O=system:masters · valid until "),
        "{}",
        ran.stdout
    );
    let ran = world.devkit(&["check", "--warn-days", "100"]);
    assert!(ran.code == Some(1) && ran.stdout.contains("[cert-expires-soon]"), "{}", ran.stdout);
    let ran = world.devkit(&["check", "--warn-days", "100", "--json"]);
    let value: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.code, &value["ok"]), (Some(1), &Value::Bool(false)));
    assert_eq!(value["contexts"][0]["findings"][0]["code"], "cert-expires-soon");
    // Neither is a finding: no certificate, the system's CAs.
    world.config("token: t", "");
    assert_eq!(world.devkit(&["check"]).code, Some(0));
    world.config("client-certificate: none", "");
    let ran = world.devkit(&["check"]);
    assert!(ran.code == Some(1) && ran.stdout.contains("[file-not-found]"), "{}", ran.stdout);
    world.home_config("contexts: [{name: a, context: {user: none}}, {name: b}]");
    let ran = world.devkit(&["check", "--all"]);
    assert!(ran.code == Some(1) && ran.stdout.contains("[user-not-found]"), "{}", ran.stdout);
    world.home_config("contexts: [");
    assert_eq!(world.devkit(&["check", "--all"]).code, Some(2));
}

#[test]
fn no_byte_of_a_key_is_in_anything_that_is_said() {
    let Some(world) = World::new() else { return };
    let pem = String::from_utf8(world.read("client.key")).unwrap();
    let data = world.data("client.key");
    // Any twelve characters of it, as PEM, base64 or a list of numbers.
    let inner: String = pem.lines().filter(|line| !line.starts_with("---")).collect();
    let numbers: Vec<String> = pem.bytes().skip(40).map(|byte| byte.to_string()).collect();
    let parts = |text: &str| -> Vec<String> {
        let chars: Vec<char> = text.chars().collect();
        chars.chunks(12).filter(|part| part.len() == 12).map(|part| part.iter().collect()).collect()
    };
    // The first 40 characters are the BEGIN line, which is in every key.
    let mut secrets = [parts(&inner), parts(&data[56..])].concat();
    secrets.extend(numbers.chunks(6).map(|part| part.join(" ")));
    secrets.extend(numbers.chunks(6).map(|part| part.join(", ")));
    let key = format!("client-key-data: {data}");
    let texts: Vec<String> = vec![
        key.clone(),
        format!("client-key-data: {}", &data[..data.len() - 1]),
        format!("client-key-data: {data}!"),
        format!("client-key-data: [{data}]"),
        format!("client-key-data: {data}: x"),
        format!("client-key-data: \"{data}"),
        format!("client-key-data: '{data}\n  x"),
        format!("client-key-data: !!int {data}"),
        format!("client-key-data: !!binary {data}"),
        format!("client-key-data: |\n      {pem}"),
        format!("{key}\n- name: u\n  user:\n    {key}"),
        format!("client-certificate-data: {data}"),
        format!("client-certificate: {data}\n    {key}"),
        format!("{data}: x"),
        format!("<<: {data}"),
        format!("token: {data}\n    username: x"),
        format!("exec: {{command: x, args: [--token, {data}]}}"),
        format!("password: {data}\n    tokenFile: x"),
    ];
    for text in texts {
        world.config(&text, "");
        for args in [
            &["show"][..],
            &["show", "--json"],
            &["show", "--all", "-vv"],
            &["check", "--all"],
            &["check", "--json"],
            &["extract", "--out", "out", "--force", "-v"],
            &["extract", "--out", "out", "--force", "--json"],
            &["extract", "--out", "out", "--force", "--bundle", "out/b", "-vv"],
            &["extract", "--all", "--out", "out", "--force"],
        ] {
            let ran = world.devkit(args);
            assert!(matches!(ran.code, Some(0..=2)), "{args:?}");
            let said = ran.stdout + &ran.stderr;
            // A file name is told as it is written, also if somebody writes a key there.
            if text.starts_with("client-certificate: ") {
                continue;
            }
            for secret in &secrets {
                assert!(!said.contains(secret.as_str()), "{args:?} of {}: {said}", &text[..40]);
            }
        }
    }
}

#[test]
fn no_kubeconfig_makes_it_panic() {
    for case in corpus() {
        let dir = folder();
        for (name, bytes) in &case.files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        for args in
            [&["kubecerts", "check", "--all"][..], &["kubecerts", "extract", "--out", "out"]]
        {
            let mut command = devkit(dir.path(), args);
            command.env("HOME", dir.path()).env("KUBECONFIG", case.list);
            let ran = run(command);
            assert!(matches!(ran.code, Some(0..=2)), "{}: {}", case.name, ran.stderr);
        }
    }
}
