//! `devkit kubecerts extract`.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::Value;

use super::world::{EC, World, codes, mode};
use crate::support::{peer, run};

const FILES: [&str; 3] = ["client-cert.pem", "client-key.pem", "cluster-ca-cert.pem"];

#[test]
fn three_files_come_out_byte_for_byte() {
    let Some(world) = World::new() else { return };
    world.usual();
    let ran = world.devkit(&["extract"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert_eq!(world.names("work"), FILES);
    for (file, from, bits) in [
        ("client-cert.pem", "client.crt", 0o644),
        ("client-key.pem", "client.key", 0o600),
        ("cluster-ca-cert.pem", "ca.crt", 0o644),
    ] {
        assert_eq!(world.read(&format!("work/{file}")), world.read(from), "{file}");
        assert_eq!(mode(&world.path(&format!("work/{file}"))), bits, "{file}");
    }
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines[0], "context      c  (current-context of ~/.kube/config)");
    assert_eq!(lines[1], "server       https://10.0.0.1:6443");
    assert!(
        lines[3].starts_with("✓ client-cert.pem      CN=client, O=system:masters · valid until ")
    );
    assert!(lines[3].ends_with(" days)"), "{}", lines[3]);
    assert_eq!(lines[4], "✓ client-key.pem       RSA 2048, matches the certificate · mode 0600");
    assert_eq!(
        lines[6],
        "next: curl --cert client-cert.pem --key client-key.pem --cacert cluster-ca-cert.pem \
         https://10.0.0.1:6443/version"
    );
    // Done already is done.
    assert_eq!(world.devkit(&["extract"]).code, Some(0));
}

#[test]
fn what_is_in_the_way_is_kept_and_then_nothing_is_written() {
    let Some(world) = World::new() else { return };
    world.usual();
    world.write("work/cluster-ca-cert.pem", "mine");
    let ran = world.devkit(&["extract"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.starts_with(
            "error: cluster-ca-cert.pem is there already, with other contents [exists]\n"
        ),
        "{}",
        ran.stderr
    );
    assert_eq!(world.names("work"), ["cluster-ca-cert.pem"]);
    assert_eq!(world.devkit(&["extract", "--force"]).code, Some(0));
    assert_eq!(world.read("work/cluster-ca-cert.pem"), world.read("ca.crt"));
    assert_eq!(world.names("work"), FILES);
    // A link is never followed and never replaced.
    fs::remove_file(world.path("work/client-key.pem")).unwrap();
    world.write("elsewhere", "mine");
    symlink(world.path("elsewhere"), world.path("work/client-key.pem")).unwrap();
    let ran = world.devkit(&["extract", "--force"]);
    assert!(ran.stderr.contains("and a symbolic link [exists]"), "{}", ran.stderr);
    assert_eq!(world.read("elsewhere"), b"mine");
    // A folder that was made for nothing goes again.
    world.write("work/file", "");
    let ran = world.devkit(&["extract", "--out", "file/x"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert_eq!(world.devkit(&["extract", "--out", "new/er"]).code, Some(0));
    assert_eq!((mode(&world.path("work/new")), mode(&world.path("work/new/er"))), (0o700, 0o700));
}

#[test]
fn every_context_gets_a_folder_of_its_own() {
    let Some(world) = World::new() else { return };
    world.client("other", "ca", 90, EC);
    let text = format!(
        "contexts:\n- {{name: 'arn:a/b', context: {{cluster: k, user: u}}}}\n\
         - {{name: two, context: {{cluster: k, user: v}}}}\n- {{name: token, context: {{user: t}}}}\n\
         clusters:\n- {{name: k, cluster: {{server: 'https://k'}}}}\nusers:\n\
         - {{name: u, user: {{client-certificate-data: {}, client-key-data: {}}}}}\n\
         - {{name: v, user: {{client-certificate-data: {}, client-key-data: {}}}}}\n\
         - {{name: t, user: {{token: secret}}}}\n",
        world.data("client.crt"),
        world.data("client.key"),
        world.data("other.crt"),
        world.data("other.key")
    );
    world.home_config(&text);
    let ran = world.devkit(&["extract", "--all", "--out", "all", "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert_eq!(world.names("work/all"), ["arn%3Aa%2Fb", "two"]);
    assert_eq!(world.read("work/all/two/client-key.pem"), world.read("other.key"));
    let value: Value = serde_json::from_str(&ran.stdout).unwrap();
    let contexts = value["contexts"].as_array().unwrap();
    assert_eq!(contexts.len(), 3);
    assert_eq!(contexts[1]["client_cert"]["path"], "all/two/client-cert.pem");
    assert_eq!(codes(&contexts[2]), ["no-server", "no-client-certificate"]);
    // One that is broken fails all of them.
    world.home_config(&text.replace("user: v}", "user: none}"));
    let ran = world.devkit(&["extract", "--all", "--out", "none"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.starts_with("error: context 'two': "), "{}", ran.stderr);
    assert!(!world.path("work/none").exists());
}

#[test]
fn json_has_every_field_and_null_for_what_is_not_there() {
    let Some(world) = World::new() else { return };
    world.usual();
    let ran = world.devkit(&["extract", "--json"]);
    let value: Value = serde_json::from_str(&ran.stdout).unwrap();
    let keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    let mut wanted = vec![
        "schema",
        "context",
        "cluster",
        "user",
        "server",
        "namespace",
        "tls_server_name",
        "insecure_skip_tls_verify",
        "proxy_url",
        "auth",
        "client_cert",
        "client_key",
        "ca",
        "certificates",
        "warnings",
    ];
    wanted.sort_unstable();
    assert_eq!(keys, wanted);
    assert!(value["proxy_url"].is_null() && value["tls_server_name"].is_null());
    assert_eq!(value["client_key"]["bytes"], world.read("client.key").len());
    assert_eq!(value["client_key"]["path"], "client-key.pem");
    let mut sum = Command::new("sha256sum");
    sum.arg(world.path("client.key"));
    let sum = run(sum).stdout;
    assert_eq!(value["client_key"]["sha256"], sum.split_whitespace().next().unwrap());
    world.config("token: t", "");
    let ran = world.devkit(&["show", "--json"]);
    let value: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(value["client_cert"].is_null() && value["ca"].is_null());
    assert_eq!(value["auth"][0], "token");
}

#[test]
fn one_part_goes_to_standard_output() {
    let Some(world) = World::new() else { return };
    world.usual();
    for (part, from) in [("cert", "client.crt"), ("key", "client.key"), ("ca", "ca.crt")] {
        let ran = world.devkit(&["extract", "--stdout", part]);
        assert_eq!((ran.code, ran.stdout.as_bytes()), (Some(0), &*world.read(from)), "{part}");
    }
    assert_eq!(world.names("work"), [""; 0]);
    // On a terminal only when it is asked for.
    let script = peer::need("script");
    if let Some(script) = script {
        for (more, code) in [("", 2), (" --force", 0)] {
            let mut command = Command::new(&script);
            let line = format!(
                "HOME={} {} kubecerts extract --stdout key{more}",
                world.path("home").display(),
                crate::support::DEVKIT
            );
            command.args(["-qec", &line, "/dev/null"]).env("LANG", "C.UTF-8");
            let ran = run(command);
            assert_eq!(ran.code, Some(code), "{}", ran.stdout);
            assert_eq!(ran.stdout.contains("PRIVATE KEY"), code == 0);
        }
    }
    world.config("token: t", "");
    for (part, code) in
        [("cert", "no-client-certificate"), ("key", "no-client-key"), ("ca", "no-ca")]
    {
        let ran = world.devkit(&["extract", "--stdout", part]);
        assert!(ran.code == Some(2) && ran.stderr.contains(&format!("[{code}]")), "{}", ran.stderr);
    }
}

#[test]
fn pkcs12_opens_in_openssl_and_java_in_both_profiles() {
    let Some(world) = World::new() else { return };
    let Some(keytool) = peer::need("keytool") else { return };
    world.write("password", "a pass word\nnot this\n");
    for kind in [super::world::RSA, EC] {
        world.client("client", "ca", 90, kind);
        world.usual();
        for compat in [false, true] {
            let mut args =
                vec!["extract", "--force", "--p12", "c.p12", "--password-file", "../password"];
            if compat {
                args.push("--p12-compat");
            }
            let ran = world.devkit(&args);
            assert_eq!(ran.code, Some(0), "{}", ran.stderr);
            assert_eq!(mode(&world.path("work/c.p12")), 0o600);
            let pass = "pass:a pass word";
            let mut args = vec![
                "pkcs12",
                "-in",
                "work/c.p12",
                "-passin",
                pass,
                "-nodes",
                "-out",
                "all.pem",
                "-info",
            ];
            if compat {
                args.push("-legacy");
            }
            let ran = world.openssl(&args);
            let algorithm = if compat { "pbeWithSHA1And3-KeyTripleDES-CBC" } else { "AES-256-CBC" };
            assert!(ran.stderr.contains(algorithm), "{}", ran.stderr);
            let all = String::from_utf8(world.read("all.pem")).unwrap();
            let certificate = String::from_utf8(world.read("client.crt")).unwrap();
            assert!(all.contains(certificate.trim()), "{all}");
            // The same key, however it is written.
            world.openssl(&["pkey", "-in", "all.pem", "-out", "a.key"]);
            world.openssl(&["pkey", "-in", "client.key", "-out", "b.key"]);
            assert_eq!(world.read("a.key"), world.read("b.key"));
            let mut list = Command::new(&keytool);
            list.args(["-J-Duser.language=en", "-list", "-storetype", "PKCS12"]);
            list.args(["-keystore", "c.p12", "-storepass:file", "pass"]);
            list.current_dir(world.path("work"));
            world.write("work/pass", "a pass word");
            list.env("LC_ALL", "C.UTF-8");
            let ran = run(list);
            assert!(ran.stdout.contains("PrivateKeyEntry"), "{} {}", ran.stdout, ran.stderr);
        }
    }
    // Never without a password, and never from the command line.
    for args in [&["--p12", "x.p12"][..], &["--p12", "x.p12", "--password-env", "NOT_SET"]] {
        let ran = world.devkit(&[&["extract", "--force"], args].concat());
        assert!(ran.code == Some(2) && ran.stderr.contains("[usage]"), "{}", ran.stderr);
    }
    assert!(!world.path("work/x.p12").exists());
}

#[test]
fn the_files_are_accepted_by_a_server_that_demands_them_and_others_are_not() {
    let Some(world) = World::new() else { return };
    let Some(curl) = peer::need("curl") else { return };
    world.openssl(&[
        "req",
        "-x509",
        "-nodes",
        "-newkey",
        "rsa:2048",
        "-keyout",
        "server.key",
        "-out",
        "server.crt",
        "-days",
        "9",
        "-subj",
        "/CN=127.0.0.1",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]);
    let port = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port().to_string()
    };
    let mut command = Command::new(peer::find("openssl").unwrap());
    command.args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-cert", "server.crt"]);
    command.args([
        "-key",
        "server.key",
        "-Verify",
        "1",
        "-verify_return_error",
        "-CAfile",
        "ca.crt",
        "-www",
        "-quiet",
    ]);
    command.current_dir(world.dir.path());
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut server = command.spawn().unwrap();
    crate::support::eventually("the server listens", || {
        std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_ok()
    });
    world.authority("stranger");
    world.client("wrong", "stranger", 90, super::world::RSA);
    for (name, accepted) in [("client", true), ("wrong", false)] {
        let user = format!(
            "client-certificate: {0}/{name}.crt\n    client-key: {0}/{name}.key",
            world.dir.path().display()
        );
        world.config(&user, &format!("certificate-authority-data: {}", world.data("server.crt")));
        let out = format!("{name}-out");
        assert_eq!(
            world.devkit(&["extract", "--out", &out, "--bundle", &format!("{name}.pem")]).code,
            Some(0)
        );
        for credential in [
            vec!["--cert", "client-cert.pem", "--key", "client-key.pem"],
            vec!["--cert", &format!("../{name}.pem")],
        ] {
            let mut request = Command::new(&curl);
            request
                .args(["-sS", "--max-time", "10", "--cacert", "cluster-ca-cert.pem"])
                .args(credential);
            request
                .arg(format!("https://127.0.0.1:{port}/"))
                .current_dir(world.path("work").join(&out));
            let ran = run(request);
            assert_eq!(ran.code == Some(0), accepted, "{name}: {}", ran.stderr);
        }
    }
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn each_private_file_is_opened_once_for_us_alone() {
    let Some(world) = World::new() else { return };
    let Some(strace) = peer::need("strace") else { return };
    world.usual();
    world.write("password", "secret\n");
    let inner = world.command(&[
        "extract",
        "--bundle",
        "b.pem",
        "--p12",
        "c.p12",
        "--password-file",
        "../password",
    ]);
    let mut command = Command::new(strace);
    command.args(["-f", "-e", "trace=openat,open,creat,chmod,fchmod,fchmodat", "-o", "../log"]);
    command.arg(inner.get_program()).args(inner.get_args());
    command.current_dir(world.path("work")).env("HOME", world.path("home"));
    assert_eq!(run(command).code, Some(0));
    let log = String::from_utf8(world.read("log")).unwrap();
    let made: Vec<&str> = log.lines().filter(|line| line.contains("O_CREAT")).collect();
    assert_eq!(made.len(), 5, "{made:#?}");
    for line in &made {
        assert!(line.contains("O_EXCL") && line.contains("O_NOFOLLOW"), "{line}");
    }
    assert_eq!(made.iter().filter(|line| line.contains(", 0600)")).count(), 3, "{made:#?}");
    assert!(!log.contains("chmod"), "{log}");
    // Nobody opens them by name, either.
    assert!(!log.contains("client-key.pem\", O_WRONLY"), "{log}");
}

#[test]
fn a_key_in_a_git_work_tree_is_pointed_out_unless_it_is_ignored() {
    let Some(world) = World::new() else { return };
    let Some(git) = peer::need("git") else { return };
    world.usual();
    let mut init = Command::new(git);
    init.args(["init", "-q", "."]).current_dir(world.path("work"));
    assert_eq!(run(init).code, Some(0));
    let ran = world.devkit(&["extract"]);
    assert!(ran.stderr.contains("[key-in-git-work-tree]"), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    world.write("work/.gitignore", "*-key.pem\n");
    assert_eq!(world.devkit(&["extract"]).stderr, "");
}

#[test]
fn a_kubeconfig_that_can_be_read_once_only_is_read_once() {
    let Some(world) = World::new() else { return };
    world.usual();
    let mut command = Command::new("bash");
    let script = "exec \"$0\" kubecerts extract --kubeconfig <(cat \"$HOME/.kube/config\")";
    command.args(["-c", script, crate::support::DEVKIT]).env("HOME", world.path("home"));
    command.current_dir(world.path("work"));
    let ran = run(command);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(world.read("work/client-key.pem"), world.read("client.key"));
}
