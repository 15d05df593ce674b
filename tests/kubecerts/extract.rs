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
    let path = world.path("work/all/two/client-cert.pem");
    assert_eq!(contexts[1]["client_cert"]["path"], path.to_str().unwrap());
    assert_eq!(codes(&contexts[2]), ["no-server", "no-client-certificate"]);
    // One that is broken is passed over, and the answer is no.
    world.home_config(&text.replace("user: u}", "user: none}"));
    let ran = world.devkit(&["extract", "--all", "--out", "some"]);
    assert_eq!(ran.code, Some(1));
    let wanted = "warning: arn:a/b: there is no user named 'none' [user-not-found]\n";
    assert!(ran.stderr.contains(wanted), "{}", ran.stderr);
    assert_eq!(world.names("work/some"), ["two"]);
    assert!(
        ran.stdout.contains(
            "\nnext: curl --cert some/two/client-cert.pem --key some/two/client-key.pem https://k/version\n"
        ),
        "{}",
        ran.stdout
    );
    world.home_config("contexts: [{name: a}]");
    let ran = world.devkit(&["extract", "--all"]);
    assert!(
        ran.code == Some(2) && ran.stderr.contains("[no-client-certificate]"),
        "{}",
        ran.stderr
    );
}

#[test]
fn the_files_of_a_folder_are_one_set() {
    let Some(world) = World::new() else { return };
    world.usual();
    assert_eq!(world.devkit(&["extract"]).code, Some(0));
    let certificate = format!("client-certificate-data: {}", world.data("client.crt"));
    world.config(&certificate, "");
    let ran = world.devkit(&["extract"]);
    assert!(
        ran.stderr.contains("client-key.pem is there already, and this context has none [exists]"),
        "{}",
        ran.stderr
    );
    assert_eq!(world.names("work"), FILES);
    assert_eq!(world.devkit(&["extract", "--force"]).code, Some(0));
    assert_eq!(world.names("work"), ["client-cert.pem"]);
    // Nor does one place hold two of them, by whatever name.
    world.usual();
    symlink(".", world.path("work/here")).unwrap();
    let ran = world.devkit(&["extract", "--force", "--bundle", "here/client-key.pem"]);
    assert!(ran.stderr.contains("two files would be written to"), "{}", ran.stderr);
    assert_eq!(world.names("work"), ["client-cert.pem", "here"]);
    // Folders that were made for nothing go again, whatever their order.
    let args = ["extract", "--out", "n/a", "--bundle", "n/b/x.pem", "--p12"];
    let ran = world.devkit(&[&args[..], &["/proc/nope/c.p12", "--password-env", "HOME"]].concat());
    assert_eq!((ran.code, world.path("work/n").exists()), (Some(2), false), "{}", ran.stderr);
}

#[test]
fn a_replacement_that_fails_leaves_everything_as_it_was() {
    let Some(world) = World::new() else { return };
    let Some(strace) = peer::need("strace") else { return };
    world.usual();
    assert_eq!(world.devkit(&["extract"]).code, Some(0));
    world.client("other", "ca", 90, EC);
    let user = format!(
        "client-certificate-data: {}\n    client-key-data: {}",
        world.data("other.crt"),
        world.data("other.key")
    );
    world.config(&user, &format!("certificate-authority-data: {}", world.data("client.crt")));
    for which in 1..=3 {
        let inner = world.command(&["extract", "--force"]);
        let mut command = Command::new(&strace);
        let inject = format!("inject=/^rename:error=EIO:when={which}");
        command.args(["-f", "-o", "/dev/null", "-e", "trace=/^rename", "-e", &inject]);
        command.arg(inner.get_program()).args(inner.get_args());
        command.current_dir(world.path("work")).env("HOME", world.path("home"));
        let ran = run(command);
        assert!(ran.code == Some(2) && ran.stderr.contains("[io]"), "{which}: {}", ran.stderr);
        assert_eq!(world.names("work"), FILES, "{which}");
        assert_eq!(world.read("work/client-cert.pem"), world.read("client.crt"), "{which}");
        assert_eq!(world.read("work/client-key.pem"), world.read("client.key"), "{which}");
        assert_eq!(world.read("work/cluster-ca-cert.pem"), world.read("ca.crt"), "{which}");
    }
    // A limit is an error like any other.
    let mut command = Command::new("sh");
    let script =
        format!("ulimit -f 0; exec {} kubecerts extract --out new", crate::support::DEVKIT);
    command.args(["-c", &script]).current_dir(world.path("work")).env("HOME", world.path("home"));
    let ran = run(command);
    assert!(ran.code == Some(2) && ran.stderr.contains("file too large"), "{}", ran.stderr);
    assert_eq!(world.names("work"), FILES);
}

#[test]
fn a_key_that_others_can_read_is_made_private() {
    use std::os::unix::fs::PermissionsExt;
    let Some(world) = World::new() else { return };
    world.usual();
    assert_eq!(world.devkit(&["extract"]).code, Some(0));
    let key = world.path("work/client-key.pem");
    for args in [&["extract"][..], &["extract", "--force"]] {
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        let ran = world.devkit(args);
        assert!(ran.code == Some(0) && ran.stdout.contains("mode 0600"), "{}", ran.stdout);
        assert_eq!(mode(&key), 0o600);
    }
}

#[test]
fn commands_to_copy_ask_for_the_same() {
    let Some(world) = World::new() else { return };
    world.usual();
    fs::rename(world.path("home/.kube/config"), world.path("work/other config")).unwrap();
    let ran = world.devkit(&["extract", "--kubeconfig", "other config", "--out", "a:b"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let steps: Vec<&str> =
        ran.stdout.lines().skip_while(|line| !line.starts_with("next:")).collect();
    assert_eq!(
        steps,
        [
            r"next: curl --cert 'a\:b/client-cert.pem' --key a:b/client-key.pem --cacert a:b/cluster-ca-cert.pem https://10.0.0.1:6443/version",
            "      for Charles and Wireshark: devkit kubecerts extract --kubeconfig 'other config' --context c --out a:b --p12 client.p12 --password-file FILE",
            "      for mitmproxy: devkit kubecerts extract --kubeconfig 'other config' --context c --out a:b --bundle client.pem",
        ]
    );
    let (_, again) = steps[2].split_once("devkit ").unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{} {again}", crate::support::DEVKIT)]);
    command.current_dir(world.path("work")).env("HOME", world.path("home"));
    let ran = run(command);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(world.path("work/client.pem").exists());
}

#[test]
fn an_interrupted_password_leaves_the_terminal_as_it_was() {
    use std::io::{Read, Write};
    let Some(world) = World::new() else { return };
    let Some(script) = peer::need("script") else { return };
    world.usual();
    let inner = format!(
        "trap : INT; HOME={} {} kubecerts extract --p12 c.p12; echo code $?; stty -a",
        world.path("home").display(),
        crate::support::DEVKIT
    );
    // What is typed, and how it ends.
    for (typed, code) in
        [("abc\u{3}", "code 130"), ("\u{4}", "code 2"), ("hunter\nhunter\n", "code 0")]
    {
        let mut command = Command::new(&script);
        // Also where whoever started the tests has them ignore interrupts.
        let shell = format!("env --default-signal=INT bash -c '{inner}'");
        command.args(["-qec", &shell, "/dev/null"]);
        command.current_dir(world.path("work"));
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut said = Vec::new();
        let mut buffer = [0; 1000];
        for part in typed.split_inclusive(['\n', '\u{3}', '\u{4}']) {
            let seen = said.len();
            let asked = |said: &[u8]| {
                let text = String::from_utf8_lossy(said);
                text.contains("file: ") || text.contains("again: ")
            };
            while !asked(&said[seen..]) {
                let count = output.read(&mut buffer).unwrap();
                assert!(count > 0, "{}", String::from_utf8_lossy(&said));
                said.extend_from_slice(&buffer[..count]);
            }
            input.write_all(part.as_bytes()).unwrap();
        }
        output.read_to_end(&mut said).unwrap();
        crate::support::wait(&mut child);
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains(code), "{typed:?}: {said}");
        assert!(said.contains(" echo ") && !said.contains("-echo "), "{typed:?}: {said}");
        assert!(!said.contains("hunter"), "{said}");
        assert_eq!(world.path("work/c.p12").exists(), code == "code 0");
    }
}

#[test]
fn json_has_every_field_and_null_for_what_is_not_there() {
    let Some(world) = World::new() else { return };
    world.usual();
    let ran = world.devkit(&["extract", "--json"]);
    let value: Value = serde_json::from_str(&ran.stdout).unwrap();
    let keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    let wanted = vec![
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
    assert_eq!(keys, wanted);
    assert!(value["proxy_url"].is_null() && value["tls_server_name"].is_null());
    assert_eq!(value["client_key"]["bytes"], world.read("client.key").len());
    let path = world.path("work/client-key.pem");
    assert_eq!(value["client_key"]["path"], path.to_str().unwrap());
    let mut sum = Command::new("sha256sum");
    sum.arg(world.path("client.key"));
    let sum = run(sum).stdout;
    assert_eq!(value["client_key"]["sha256"], sum.split_whitespace().next().unwrap());
    // What a certificate says, by another reader of it.
    let of_openssl = |what: &[&str]| {
        let ran = world.openssl(&[&["x509", "-in", "client.crt", "-noout"], what].concat());
        ran.stdout.split_once('=').unwrap().1.trim().to_owned()
    };
    let certificate = &value["certificates"][0];
    assert_eq!(certificate["role"], "client");
    assert_eq!(certificate["subject"], of_openssl(&["-subject", "-nameopt", "RFC2253"]));
    assert_eq!(certificate["issuer"], of_openssl(&["-issuer", "-nameopt", "RFC2253"]));
    let hex = |text: &Value| text.as_str().unwrap().replace(':', "").to_uppercase();
    assert_eq!(hex(&certificate["serial"]), of_openssl(&["-serial"]));
    let print = of_openssl(&["-fingerprint", "-sha256"]).replace(':', "");
    assert_eq!(hex(&certificate["sha256"]), print);
    let end = certificate["not_after"].as_str().unwrap().to_owned();
    let mut date = Command::new("date");
    date.args(["-u", "+%Y-%m-%dT%H:%M:%SZ", "-d", &of_openssl(&["-enddate"])]);
    assert_eq!(end, run(date).stdout.trim());
    assert_eq!(
        (&certificate["key_type"], &certificate["is_ca"]),
        (&"RSA 2048".into(), &false.into())
    );
    let roles: Vec<&Value> =
        value["certificates"].as_array().unwrap().iter().map(|c| &c["role"]).collect();
    assert_eq!(roles, ["client", "ca"]);
    // And all of it for people, but never the key.
    let shown = world.devkit(&["show"]).stdout;
    let parts = ["issuer", "serial", "valid", "key", "SHA-256"];
    for part in parts.into_iter().chain([end.as_str(), certificate["sha256"].as_str().unwrap()]) {
        assert!(shown.contains(part), "{part}: {shown}");
    }
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
    // By whatever path.
    symlink(world.path("work"), world.path("link")).unwrap();
    let ran = world.devkit(&["extract", "--out", "../link/sub"]);
    assert!(ran.stderr.contains("[key-in-git-work-tree]"), "{}", ran.stderr);
    assert_eq!(world.devkit(&["extract", "--out", "../outside"]).stderr, "");
    let ran = world.devkit(&["extract", "--all", "--out", "all"]);
    assert!(ran.stderr.contains("[key-in-git-work-tree]"), "{}", ran.stderr);
    world.write("work/.gitignore", "*-key.pem\n");
    assert_eq!(world.devkit(&["extract"]).stderr, "");
    // Whichever repository the caller works on.
    let mut command = world.command(&["extract"]);
    command.env("GIT_DIR", world.path("none"));
    assert_eq!(run(command).stderr, "");
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
    // So is a file that two fields name.
    world.write("both", [world.read("client.crt"), world.read("client.key")].concat());
    world.config("client-certificate: /dev/fd/9\n    client-key: /dev/fd/9", "");
    let mut command = Command::new("bash");
    let script = "exec \"$0\" kubecerts extract --out two 9< <(cat ../both)";
    command.args(["-c", script, crate::support::DEVKIT]).env("HOME", world.path("home"));
    command.current_dir(world.path("work"));
    let ran = run(command);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(world.read("work/two/client-key.pem"), world.read("both"));
}

#[test]
fn a_dash_is_standard_input_as_an_option_and_a_file_elsewhere() {
    let Some(world) = World::new() else { return };
    world.config("client-certificate: '-'\n    client-key: '-'", "");
    let config = world.read("home/.kube/config");
    world.write("work/-", [world.read("client.crt"), world.read("client.key")].concat());
    let ask = |variable: &str, args: &[&str]| {
        use std::io::Write as _;
        let mut command = world.command(args);
        command.env("KUBECONFIG", variable).stdin(std::process::Stdio::piped());
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Where a dash is a file, nobody reads what is piped in, and may be gone before it is written.
        let _ = child.stdin.take().unwrap().write_all(&config);
        crate::support::finish(child)
    };
    let ran = ask("", &["extract", "--kubeconfig", "-", "--stdout", "cert"]);
    assert_eq!(
        (ran.code, ran.stdout.as_bytes()),
        (Some(0), &*world.read("work/-")),
        "{}",
        ran.stderr
    );
    let ran = ask("-", &["show"]);
    assert!(
        ran.stderr.contains("[yaml-syntax]") || ran.stderr.contains("[wrong-type]"),
        "{}",
        ran.stderr
    );
}

#[test]
fn paths_are_relative_to_the_folder_of_the_link_and_a_tilde_is_a_name() {
    let Some(world) = World::new() else { return };
    world.usual();
    world.config("client-certificate: ~/cert\n    client-key: key", "");
    fs::create_dir_all(world.path("work/links/~")).unwrap();
    symlink(world.path("home/.kube/config"), world.path("work/links/config")).unwrap();
    world.write("work/links/~/cert", world.read("client.crt"));
    world.write("work/links/key", world.read("client.key"));
    let ran = world.devkit(&["extract", "--kubeconfig", "links/config"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(world.read("work/client-cert.pem"), world.read("client.crt"));
    // The old name counts where there is no new one, and stays.
    world.usual();
    fs::rename(world.path("home/.kube/config"), world.path("home/.kube/.kubeconfig")).unwrap();
    let ran = world.devkit(&["extract", "--out", "old"]);
    assert_eq!((ran.code, world.names("home/.kube")), (Some(0), vec![".kubeconfig".into()]));
}
