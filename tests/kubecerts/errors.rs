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
    let alone = format!("client-certificate-data: {crt}");
    let unreadable = format!("client-certificate-data: aGVsbG8=\n    client-key-data: {key}");
    let in_file = format!("client-certificate: {crt}\n    client-key-data: {key}");
    let ten = |name: char| vec![format!("*{name}"); 10].join(", ");
    let bomb = ('b'..='h').fold("a: &a [x]".to_owned(), |text, name| {
        let before = char::from(name as u8 - 1);
        text + &format!("\n    {name}: &{name} [{}]", ten(before))
    });
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
        (&unreadable, &["--bundle", "b"], "not-pem"),
        (&unreadable, &["--p12", "b", "--password-env", "HOME"], "not-pem"),
        (&alone, &["--bundle", "b"], "no-client-key"),
        (&alone, &["--p12", "b", "--password-env", "HOME"], "no-client-key"),
        (&good, &["--p12", "b", "--password-file", "none"], "file-not-found"),
        (&good, &["--p12", "b", "--password-file", "folder"], "is-a-directory"),
        (&good, &["--p12", "b", "--password-env", "EMOJI"], "usage"),
        (&good, &["--p12", "-", "--password-env", "HOME"], "usage"),
        (&good, &["--out", "-"], "usage"),
        (&in_file, &[], "file-not-found"),
        (
            "client-certificate: a\n    client-key: b\n    client-key-data: aGk=",
            &[],
            "file-not-found",
        ),
        (
            &format!("{alone}\n    client-key: b\n    client-key-data: aGk="),
            &[],
            "data-and-file-conflict",
        ),
        (&bomb, &[], "alias-bomb"),
    ] {
        world.config(user, "");
        let mut command = world.command(&[&["extract"], args].concat());
        command.env("EMOJI", "\u{1f600}");
        let ran = run(command);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{user}");
        let first = ran.stderr.lines().next().unwrap();
        assert!(
            first.starts_with("error: ") && first.ends_with(&format!("[{code}]")),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("\n  hint:  "), "{}", ran.stderr);
        let mut command = world.command(&[&["--json", "extract"], args].concat());
        command.env("EMOJI", "\u{1f600}");
        let ran = run(command);
        let value: Value = serde_json::from_str(&ran.stderr).unwrap();
        assert_eq!((value["error"]["code"].as_str(), ran.stdout.as_str()), (Some(code), ""));
        assert_eq!(world.names("work"), ["folder"]);
    }
    let both = "certificate-authority: x\n    certificate-authority-data: aGk=";
    world.config("token: t", both);
    let said = world.devkit(&["show"]).stderr;
    assert!(said.contains("[data-and-file-conflict]"), "{said}");
    let mut command = world.command(&["show"]);
    command.env("KUBECONFIG", ":");
    let said = run(command).stderr;
    assert!(said.contains("KUBECONFIG lists no file [no-kubeconfig]"), "{said}");
    world.home_config("contexts: [{name: staging}]");
    let said = world.devkit(&["show"]).stderr;
    assert!(said.contains("[no-current-context]") && said.contains("--context staging"), "{said}");
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
        (
            "exec: {command: a, apiVersion: client.authentication.k8s.io/v1alpha1}",
            "",
            "exec-api-version-unknown",
        ),
        (
            "exec: {command: a, apiVersion: client.authentication.k8s.io/v1}",
            "",
            "exec-interactive-mode",
        ),
        (
            "exec: {command: a, apiVersion: client.authentication.k8s.io/v1beta1, interactiveMode: Maybe}",
            "",
            "exec-interactive-mode",
        ),
        (
            "exec: {command: a, apiVersion: client.authentication.k8s.io/v1beta1, env: [{value: a}]}",
            "",
            "exec-env-without-name",
        ),
        (
            "exec: {command: a, apiVersion: client.authentication.k8s.io/v1beta1}\n    auth-provider: {name: oidc}",
            "",
            "more-than-one-auth-method",
        ),
        ("as-groups: [a]", "", "impersonation-incomplete"),
        ("as-uid: a", "", "impersonation-incomplete"),
        ("auth-provider: {name: none}", "", "auth-provider-unknown"),
        ("tokenFile: none", "", "file-not-found"),
        ("token: a", "proxy-url: ftp://proxy", "proxy-url-invalid"),
        ("token: a", "proxy-url: proxy:3128", "proxy-url-invalid"),
        ("token: a", "server: ftp://k", "server-invalid"),
        ("token: a", "server: https://k:port", "server-invalid"),
        ("token: a", "server: 'https://k k'", "server-invalid"),
        ("token: a", "server: HTTP://k", "server-not-tls"),
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
    // And what works is not.
    for (user, cluster) in [
        ("exec: {command: a, apiVersion: client.authentication.k8s.io/v1beta1}", ""),
        (
            "exec: {command: a, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}",
            "",
        ),
        ("as: a\n    as-groups: [b]", "proxy-url: socks5://proxy:1080"),
        ("auth-provider: {name: oidc}", "proxy-url: HTTP://user:word@[::1]:3128/"),
        ("token: a", "server: HTTPS://[::1]:6443/k8s/clusters/c-1?a=b"),
    ] {
        world.config(user, cluster);
        let ran = world.devkit(&["check", "--json"]);
        let value: Value = serde_json::from_str(&ran.stdout).expect(&ran.stderr);
        // A cluster's second server counts, and is told.
        let told: Vec<&str> = codes(&value["contexts"][0]);
        assert!(told.iter().all(|code| *code == "duplicate-key"), "{user} {cluster}: {told:?}");
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
    let ran = world.devkit(&["check", "--all", "--json"]);
    let value: Value = serde_json::from_str(&ran.stdout).unwrap();
    let broken = &value["contexts"][0];
    assert_eq!((&broken["user"], &broken["ok"]), (&Value::from("none"), &Value::from(false)));
    assert_eq!(value["contexts"][1]["ok"], Value::from(true));
    // A file that is missing does not hide what else is wrong.
    world.client("past", "ca", -1, RSA);
    world.config(
        &format!("client-certificate-data: {}\n    client-key: none", world.data("past.crt")),
        &format!("certificate-authority-data: {}", world.data("ca.crt")),
    );
    let ran = world.devkit(&["check", "--json"]);
    let value: Value = serde_json::from_str(&ran.stdout).unwrap();
    let context = &value["contexts"][0];
    assert_eq!((ran.code, codes(context)), (Some(1), vec!["file-not-found", "cert-expired"]));
    assert!(context["client_cert"].is_object() && context["ca"].is_object());
    world.home_config("contexts: [");
    assert_eq!(world.devkit(&["check", "--all"]).code, Some(2));
}

#[test]
fn what_is_wrong_with_times_and_cas_is_pointed_out() {
    let Some(world) = World::new() else { return };
    world.openssl(&["req", "-new", "-key", "ca.key", "-subj", "/CN=ca", "-out", "ca.csr"]);
    let sign = |days: &str, out: &str| {
        let args = ["x509", "-req", "-in", "ca.csr", "-signkey", "ca.key", "-days", days];
        world.openssl(&[&args[..], &["-out", out]].concat());
    };
    sign("-1", "past-ca");
    sign("3", "soon-ca");
    world.write(
        "ca.cnf",
        "[ca]\ndefault_ca=d\n[d]\nnew_certs_dir=.\ndatabase=index\nserial=serial\n\
         default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n[server]\n\
         extendedKeyUsage=serverAuth\n",
    );
    let issue = |start: &str, more: &[&str], out: &str| {
        world.write("index", "");
        world.write("serial", "01\n");
        let args = ["ca", "-batch", "-config", "ca.cnf", "-cert", "ca.crt", "-keyfile", "ca.key"];
        let dates = ["-startdate", start, "-enddate", "20991231000000Z", "-in", "client.csr"];
        world.openssl(&[&args[..], &dates, more, &["-notext", "-out", out]].concat());
    };
    issue("20990101000000Z", &[], "future");
    issue("20200101000000Z", &["-extensions", "server"], "for-servers");
    world.write("broken", "-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n");
    world.write("no-ca", "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n");
    world.write("ca-and-key", [world.read("ca.crt"), world.read("ca.key")].concat());
    for (certificate, key, ca, wanted) in [
        ("client.crt", "client.key", "past-ca", &["ca-expired", "ca-not-a-ca"][..]),
        ("client.crt", "client.key", "soon-ca", &["ca-expires-soon", "ca-not-a-ca"]),
        ("client.crt", "client.key", "no-ca", &["ca-unparsable"]),
        ("client.crt", "client.key", "ca-and-key", &["key-in-ca-field"]),
        ("future", "client.key", "ca.crt", &["cert-not-yet-valid"]),
        ("for-servers", "client.key", "ca.crt", &["cert-not-for-clients"]),
        ("client.crt", "broken", "ca.crt", &["key-unparsable"]),
    ] {
        let user = format!(
            "client-certificate-data: {}\n    client-key-data: {}",
            world.data(certificate),
            world.data(key)
        );
        world.config(&user, &format!("certificate-authority-data: {}", world.data(ca)));
        let ran = world.devkit(&["show", "--json"]);
        let value: Value = serde_json::from_str(&ran.stdout).expect(&ran.stderr);
        assert_eq!(codes(&value), wanted, "{certificate} {key} {ca}");
    }
    let files = format!(
        "client-certificate: {0}/client.crt\n    client-key: {0}/client.key",
        world.dir.path().display()
    );
    world.config(&files, "");
    let open = fs::Permissions::from_mode(0o644);
    fs::set_permissions(world.path("client.key"), open).unwrap();
    let ran = world.devkit(&["show"]);
    assert!(ran.stderr.contains("[key-file-readable-by-others]"), "{}", ran.stderr);
}

#[test]
fn all_kinds_of_credentials_are_told_and_no_command_is_run() {
    let Some(world) = World::new() else { return };
    let exec = format!(
        "exec: {{command: touch, args: ['{}'], apiVersion: client.authentication.k8s.io/v1beta1}}",
        world.path("work/ran").display()
    );
    let certificate = format!(
        "client-certificate-data: {}\n    client-key-data: {}",
        world.data("client.crt"),
        world.data("client.key")
    );
    world.write("home/.kube/token", "t");
    for (user, auth) in [
        ("as: somebody", &[][..]),
        ("token: t", &["token"]),
        ("token: t\n    tokenFile: token", &["token", "token-file"]),
        ("username: a\n    password: b", &["basic"]),
        (&exec, &["exec"]),
        ("auth-provider: {name: oidc}", &["auth-provider"]),
        (&format!("{certificate}\n    token: t"), &["client-certificate", "token"]),
        (&format!("{certificate}\n    {exec}"), &["client-certificate", "exec"]),
    ] {
        world.config(user, "");
        for command in ["show", "check"] {
            let ran = world.devkit(&[command, "--json"]);
            assert_eq!(ran.code, Some(0), "{user}: {} {}", ran.stdout, ran.stderr);
            let value: Value = serde_json::from_str(&ran.stdout).unwrap();
            let report = if command == "show" { &value } else { &value["contexts"][0] };
            assert_eq!(report["auth"], Value::from(auth), "{user}");
        }
        world.devkit(&["extract", "--force"]);
    }
    assert!(!world.path("work/ran").exists());
}

#[test]
fn nothing_from_a_kubeconfig_moves_the_terminal() {
    let Some(world) = World::new() else { return };
    let evil = r#""\e]0;evil\a\e[31m""#;
    for (user, cluster) in [
        (format!("client-certificate: {evil}\n    client-key: {evil}"), String::new()),
        (format!("tokenFile: {evil}\n    {evil}: x"), format!("{evil}: x")),
        (format!("auth-provider: {{name: {evil}}}"), format!("proxy-url: {evil}")),
        (
            format!("exec: {{command: {evil}}}"),
            format!("server: {evil}\n    tls-server-name: {evil}"),
        ),
    ] {
        world.config(&user, &cluster);
        for args in
            [&["check"][..], &["check", "--all"], &["show", "--all", "-v"], &["extract"], &["show"]]
        {
            let ran = world.devkit(args);
            let said = ran.stdout + &ran.stderr;
            assert!(said.len() > 10 && !said.contains(['\u{1b}', '\u{7}']), "{args:?}: {said:?}");
        }
    }
}

#[test]
fn no_byte_of_a_key_is_in_anything_that_is_said() {
    let Some(world) = World::new() else { return };
    // Short enough for a YAML key, unlike an RSA key.
    world.client("ec", "ca", 90, EC);
    for name in ["client.key", "ec.key"] {
        say_nothing_of(&world, name);
    }
}

fn say_nothing_of(world: &World, name: &str) {
    let pem = String::from_utf8(world.read(name)).unwrap();
    let data = world.data(name);
    let inner: String = pem.lines().filter(|line| !line.starts_with("---")).collect();
    // Any eight characters of it, as PEM or base64, and the numbers of any six bytes. The first
    // bytes tell only what kind of a key it is.
    let windows = |text: &str| -> std::collections::HashSet<String> {
        let chars: Vec<char> = text.chars().collect();
        chars.windows(8).map(|part| part.iter().collect()).collect()
    };
    let secrets = &windows(&inner[32..]) | &windows(&data[80..]);
    let numbers: Vec<String> = pem.bytes().skip(60).map(|byte| byte.to_string()).collect();
    let numbers: Vec<String> = numbers
        .chunks_exact(6)
        .flat_map(|part| [part.join(" "), part.join(", "), part.join(",")])
        .collect();
    let key = format!("client-key-data: {data}");
    let line = pem.lines().nth(1).unwrap();
    let block = pem.replace('\n', "\n      ");
    for text in [
        key.clone(),
        format!("client-key-data: {}", &data[..data.len() - 1]),
        format!("client-key-data: {data}!"),
        format!("client-key-data: [{data}]"),
        format!("client-key-data: {data}: x"),
        format!("client-key-data: \"{data}"),
        format!("client-key-data: '{data}\n  x"),
        format!("client-key-data: !!int {data}"),
        format!("client-key-data: !!binary {data}"),
        format!("client-key-data: |\n      {block}"),
        format!("{key}\n- name: u\n  user:\n    {key}"),
        format!("client-certificate-data: {data}"),
        format!("client-certificate: {data}\n    {key}"),
        format!("client-certificate: |\n      {block}\n    {key}"),
        format!("client-certificate: './{data}'\n    {key}"),
        format!("client-certificate: {line}\n    {key}"),
        format!("client-certificate: x\n    client-key: {data}"),
        format!("tokenFile: {data}"),
        format!("{data}: x"),
        format!("{line}: x\n    {line}: y"),
        format!("? {data}\n    : x\n    ? {data}\n    : y"),
        format!("{{{data}: x}}"),
        format!("auth-provider: {{name: x, config: {{{data}: 1}}}}"),
        format!("auth-provider: {{name: {data}}}"),
        format!("exec: {{command: {data}, interactiveMode: {data}, apiVersion: {data}}}"),
        format!("<<: {data}"),
        format!("a: *{data}"),
        format!("a: !{data} b"),
        format!("token: {data}\n    username: x"),
        format!("exec: {{command: x, args: [--token, {data}]}}"),
        format!("exec: {{command: x, args: [{data}]}}"),
        format!("password: {data}\n    tokenFile: x"),
        format!("token: x\nkind: {data}"),
        format!("token: x\napiVersion: {data}"),
        format!("token: x\n{data}: x"),
    ] {
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
            let leaks = windows(&said).intersection(&secrets).count();
            assert_eq!(leaks, 0, "{args:?} of {}: {said}", &text[..40]);
            for part in &numbers {
                assert!(!said.contains(part), "{args:?} of {}: {said}", &text[..40]);
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
