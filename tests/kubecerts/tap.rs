//! `devkit kubecerts tap`, with the real kubectl and a stand-in for the API server.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::apiserver::{ApiServer, TOKEN, VALUE};
use crate::screens::look_without;
use crate::support::{Ran, devkit, finish, folder, peer, run, wait, write_script};

/// devkit with a home, a place for its kubeconfig, and these arguments of `tap`.
pub(super) fn tap(dir: &Path, args: &[&str]) -> Command {
    let mut command = devkit(dir, ["kubecerts", "tap", "--kubeconfig", "config"]);
    command.args(args).env("HOME", dir.join("home")).env("XDG_RUNTIME_DIR", dir.join("runtime"));
    command
}

pub(super) fn world() -> (tempfile::TempDir, ApiServer) {
    let dir = folder();
    for name in ["home", "runtime"] {
        fs::create_dir(dir.path().join(name)).unwrap();
    }
    fs::set_permissions(dir.path().join("runtime"), fs::Permissions::from_mode(0o700)).unwrap();
    let server = ApiServer::start();
    server.kubeconfig(&dir.path().join("config"), &format!("token: {TOKEN}"));
    (dir, server)
}

/// kubectl by itself.
fn direct(dir: &Path, args: &[&str]) -> Ran {
    let mut command = Command::new("kubectl");
    command.args(args).args(["--kubeconfig", "config"]).current_dir(dir);
    command.env("HOME", dir.join("home"));
    run(command)
}

#[test]
fn kubectl_says_and_does_the_same() {
    if peer::need("kubectl").is_none() {
        return;
    }
    let (dir, server) = world();
    for args in [
        &["get", "pods"][..],
        &["get", "secret", "top", "-o", "json"],
        &["get", "secret", "gone"],
        &["get", "--raw", "/version"],
    ] {
        let alone = direct(dir.path(), args);
        let ran = run(tap(dir.path(), &[&["--", "kubectl"], args].concat()));
        assert_eq!((&ran.stdout, ran.code), (&alone.stdout, alone.code), "{args:?} {}", ran.stderr);
        // Its own words are among those of the tap.
        assert!(ran.stderr.ends_with(&alone.stderr) || ran.stderr.contains(alone.stderr.trim()));
        let left = fs::read_dir(dir.path().join("runtime")).unwrap().count();
        assert_eq!(left, 0, "the kubeconfig is gone");
    }
    let ran = run(tap(dir.path(), &["--", "kubectl", "get", "pods"]));
    // Some installations put a program before kubectl that asks for the version by itself.
    let heads: Vec<&str> = ran.stderr.lines().filter(|line| !line.starts_with(' ')).collect();
    assert!(matches!(*heads, ["kubectl get"] | ["another client", "kubectl get"]), "{heads:?}");
    let line = ran.stderr.lines().find(|line| line.contains("GET pods")).unwrap();
    assert!(line.contains("GET pods -n default") && line.contains(" 200 "), "{line}");
    // With the context's own token, and none of the tap's.
    let asked = server.asked.lock().unwrap();
    assert!(asked.iter().all(|head| head.contains(&format!("Bearer {TOKEN}"))));
}

#[test]
fn secrets_are_in_no_log_and_in_no_har() {
    if peer::need("kubectl").is_none() {
        return;
    }
    let (dir, _server) = world();
    let encoded = BASE64_STANDARD.encode(VALUE);
    let args = ["--bodies", "full", "--har", "run.har", "--log", "run.log"];
    let command = ["--", "kubectl", "get", "secret", "top", "-o", "json"];
    let ran = run(tap(dir.path(), &[&args[..], &command].concat()));
    assert!(ran.stdout.contains(&encoded), "kubectl gets it: {}", ran.stdout);
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
    let page = run(tap_view(dir.path()));
    for text in [&ran.stderr, &read("run.har"), &read("run.log"), &page.stdout] {
        assert!(text.contains("secrets/top"), "{text}");
        for secret in [VALUE, &encoded, TOKEN] {
            assert!(!text.contains(secret), "{text}");
        }
        // Nor the token of this run.
        let tokens = text.matches("Bearer ").count();
        assert_eq!(tokens, text.matches("Bearer (hidden)").count(), "{text}");
    }
    assert!(read("run.har").contains("Bearer (hidden)"));
    // The page into a file: for its owner, and never over another.
    let out = || {
        let mut command = tap_view(dir.path());
        command.args(["--out", "run.html"]);
        run(command)
    };
    assert_eq!(out().code, Some(0));
    assert_eq!(read("run.html"), page.stdout);
    fs::write(dir.path().join("run.html"), "another").unwrap();
    let ran = out();
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("[exists]\n") && ran.stderr.contains("another --out"),
        "{}",
        ran.stderr
    );
    assert_eq!(read("run.html"), "another");
    for name in ["run.har", "run.log", "run.html"] {
        let mode = fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let har: Value = serde_json::from_str(&read("run.har")).unwrap();
    let entries = har["log"]["entries"].as_array().unwrap();
    let entry = entries.iter().find(|entry| {
        entry["request"]["url"].as_str().is_some_and(|url| url.ends_with("/secrets/top"))
    });
    assert_eq!(entry.unwrap()["response"]["status"], 200);
    let lines: Vec<Value> =
        read("run.log").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let line = lines.iter().find(|line| line["words"] == "GET secrets/top -n default").unwrap();
    assert_eq!((&line["schema"], &line["status"]), (&"devkit.tap/1".into(), &200.into()));
    assert_eq!(line["command"], "kubectl get");

    let ran =
        run(tap(dir.path(), &[&["--show-secrets", "--bodies", "full"], &command[..]].concat()));
    assert!(
        ran.stderr.starts_with("warning: tokens, keys and Secrets are shown"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains(&encoded), "{}", ran.stderr);
}

/// The screen without the times of this run.
fn timeless(screen: &str) -> String {
    let digits = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "0");
    let line = |line: &str| {
        let mut line = line.to_owned();
        // 14:02:09.123
        if let Some(at) = line.find(':').filter(|at| *at > 2 && line.is_char_boundary(at + 10)) {
            let time = digits(&line[at - 2..at + 10]);
            line.replace_range(at - 2..at + 10, &time);
        }
        // Right-aligned in seven columns.
        for unit in [" ms  ", " s  "] {
            if let Some(end) = line.find(unit).map(|at| at + unit.len() - 2) {
                line.replace_range(end - 7..end, "   N ms");
            }
        }
        line + "\n"
    };
    // Some installations put a program before kubectl that asks for the version by itself.
    let mut lines = screen.lines();
    let mut text = String::new();
    while let Some(next) = lines.next() {
        if next.contains("another client") {
            lines.next();
        } else {
            text.push_str(&line(next));
        }
    }
    text
}

#[test]
fn the_screen_has_its_picture() {
    if peer::need("kubectl").is_none() {
        return;
    }
    let (dir, _server) = world();
    let long =
        "/apis/apps/v1/namespaces/default/deployments/a-name-that-is-longer-than-a-narrow-screen";
    let script = format!(
        "kubectl get --raw /version\nkubectl get --raw {long}\n\
         kubectl get --raw '/api/v1/namespaces/default/secrets/数据库' || true"
    );
    write_script(&dir.path().join("ask"), &format!("{{\n{script}\n}} > out 2>&1\n"));
    let command = |args: &[&str]| tap(dir.path(), &[args, &["--", "sh", "./ask"]].concat());
    look_without(&timeless, "kubecerts-tap", dir.path(), &command, &[]);
}

fn tap_view(dir: &Path) -> Command {
    devkit(dir, ["kubecerts", "tap", "--view", "run.har"])
}

#[test]
fn without_a_command_the_way_to_the_kubeconfig_is_printed() {
    use std::io::{BufRead as _, BufReader};
    let (dir, _server) = world();
    let mut command = tap(dir.path(), &[]);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let path = line.trim().strip_prefix("export KUBECONFIG=").unwrap();
    let path = Path::new(path);
    assert!(path.starts_with(dir.path().join("runtime")));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(path), mode(path.parent().unwrap())), (0o600, 0o700));
    let config: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let server = config["clusters"][0]["cluster"]["server"].as_str().unwrap();
    assert!(server.starts_with("https://127.0.0.1:"), "{server}");
    assert!(!config.to_string().contains(TOKEN), "the context's token stays with the tap");
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM).unwrap();
    assert_eq!(wait(&mut child).code(), Some(0));
    assert!(!path.exists() && !path.parent().unwrap().exists());
}

#[test]
fn the_commands_end_is_the_taps() {
    let (dir, _server) = world();
    for (script, wanted) in
        [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("test -f \"$KUBECONFIG\"", 0)]
    {
        let ran = run(tap(dir.path(), &["--", "sh", "-c", script]));
        assert_eq!(ran.code, Some(wanted), "{script}: {}", ran.stderr);
        let note = "warning: no request came: does the command name a kubeconfig or a context \
                    itself? tap has --kubeconfig and --context for that [nothing-tapped]\n";
        assert_eq!(ran.stderr, note, "{script}");
    }
    // SIGTERM reaches the command, and its end is waited for.
    let script = "trap 'exit 9' TERM; touch there; while :; do sleep 0.01; done";
    let mut command = tap(dir.path(), &["--", "sh", "-c", script]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    crate::support::eventually("it runs", || dir.path().join("there").exists());
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM).unwrap();
    assert_eq!(finish(child).code, Some(9));
    // A second one ends what does not want to end.
    let script = "trap : TERM; touch stubborn; while :; do sleep 0.01; done";
    let mut command = tap(dir.path(), &["--", "sh", "-c", script]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null());
    let mut child = child.spawn().unwrap();
    crate::support::eventually("it runs", || dir.path().join("stubborn").exists());
    crate::support::eventually("it ends", || {
        let _ = kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM);
        child.try_wait().unwrap().is_some()
    });
    assert_eq!(child.wait().unwrap().code(), Some(137));
}

#[test]
fn a_log_that_nobody_reads_can_be_given_up() {
    let (dir, _server) = world();
    // As curl sees the tap: by the kubeconfig that is written for it.
    let script = "python3 - \"$KUBECONFIG\" <<'E'\nimport json,sys,base64,os\n\
                  c=json.load(open(sys.argv[1]))\n\
                  k=c['clusters'][0]['cluster']\n\
                  open('ca','wb').write(base64.b64decode(k['certificate-authority-data']))\n\
                  open('header','w').write('Authorization: Bearer '+c['users'][0]['user']['token'])\n\
                  open('url','w').write(k['server'])\nE\n\
                  for i in $(seq 60); do curl -s --cacert ca -H @header -d @big \"$(cat url)/x\" \
                  > /dev/null; done; echo $$ > done";
    if peer::need("curl").is_none() || peer::need("python3").is_none() {
        return;
    }
    fs::write(dir.path().join("big"), "[1]".repeat(20_000)).unwrap();
    let mut command = tap(dir.path(), &["--bodies", "full", "--", "sh", "-c", script]);
    // Its end of standard error is a pipe that is soon full.
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).stdin(Stdio::null());
    let mut child = child.spawn().unwrap();
    // Were it still there, the signal would be passed on to it.
    crate::support::eventually("the command has ended", || {
        let pid = fs::read_to_string(dir.path().join("done")).unwrap_or_default();
        pid.ends_with('\n') && !Path::new("/proc").join(pid.trim()).exists()
    });
    crate::support::eventually("it ends", || {
        let _ = kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT);
        child.try_wait().unwrap().is_some()
    });
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(fs::read_dir(dir.path().join("runtime")).unwrap().count(), 0);
}

#[test]
fn what_cannot_be_tapped_is_said_once_with_what_to_do() {
    let (dir, server) = world();
    let taken = server.at.to_string();
    let sh = ["--", "sh", "-c", "echo ran"];
    let with = |args: &[&str]| run(tap(dir.path(), &[args, &sh[..]].concat()));
    for (args, message, hint) in [
        (&["--listen", "0.0.0.0:0"][..], "no tap on 0.0.0.0:0 [not-loopback]", "127.0.0.1:0"),
        (&["--listen", &taken], "[address-in-use]", "choose another port"),
        (
            &["--har", "config"],
            "config is there already and not empty [har-not-written]",
            "another",
        ),
        (&["--har", "-"], "standard output is the command's", "tap --help"),
        (&["--listen", "nowhere"], "such as 127.0.0.1:8443", "tap --help"),
        (&["--filter", "gte pods"], "did you mean get", ""),
        (&["--har-max", "1M"], "--har <FILE>", "tap --help"),
        (&["--max-body", "much"], "a size is wanted", ""),
        (&["--json"], "tap has no --json", "--log FILE"),
        (&["--view", "run.har", "--bodies", "full"], "cannot be used with", "tap --help"),
        (&["kubectl", "get"], "'kubectl'", " -- kubectl …"),
        (&["--context", "d"], "no context named 'd' in config [context-not-found]", "show"),
    ] {
        let ran = with(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(message), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(hint), "{args:?}: {}", ran.stderr);
    }
    let ran = run(tap(dir.path(), &["--", "no-such-program"]));
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("cannot run no-such-program [command-not-run]"), "{}", ran.stderr);

    // A server that is not there, one of another CA, one whose certificate is over, one without TLS,
    // and a plugin that is not installed.
    let config = dir.path().join("config");
    let text = fs::read_to_string(&config).unwrap();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let other = ApiServer::start();
    let plain = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let without_tls = plain.local_addr().unwrap();
    std::thread::spawn(move || {
        use std::io::Write as _;
        for stream in plain.incoming() {
            let _ = stream.unwrap().write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let exec = "exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-plugin, \
                interactiveMode: Never, installHint: 'get it there'}";
    for (text, code, hint) in [
        (
            text.replace(&taken, &nobody.to_string()),
            "[server-unreachable]",
            "is the cluster running",
        ),
        (text.replace(&taken, &other.at.to_string()), "[tls]", "get a new kubeconfig"),
        (text.replace(&taken, &without_tls.to_string()), "[tls]", "is that its port?"),
        (
            text.replace("server:", "proxy-url: 'http://127.0.0.1:1', server:"),
            "the proxy 127.0.0.1:1 does not connect",
            "look at the cluster's proxy-url",
        ),
        (
            text.replace(&format!("token: {TOKEN}"), "tokenFile: gone"),
            "no such file or directory",
            "look at the user's tokenFile",
        ),
        (text.replace(&format!("token: {TOKEN}"), exec), "[credential]", "get it there"),
    ] {
        fs::write(&config, text).unwrap();
        let ran = with(&["--har", "run.har"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{}", ran.stderr);
        assert!(!dir.path().join("run.har").exists(), "it would be in the way of the next try");
        assert!(ran.stderr.contains(code) && ran.stderr.contains(hint), "{}", ran.stderr);
        assert_eq!(ran.stderr.matches("error:").count(), 1, "{}", ran.stderr);
        assert!(!ran.stderr.contains("hidden"), "{}", ran.stderr);
        assert_eq!(fs::read_dir(dir.path().join("runtime")).unwrap().count(), 0);
    }
    // A client certificate that is over, and nothing else to log in with.
    let key = rcgen::KeyPair::generate().unwrap();
    let mut old = rcgen::CertificateParams::default();
    old.not_after = rcgen::date_time_ymd(2026, 1, 1);
    let encode = |pem: String| BASE64_STANDARD.encode(pem);
    let user = format!(
        "client-certificate-data: {}, client-key-data: {}",
        encode(old.self_signed(&key).unwrap().pem()),
        encode(key.serialize_pem())
    );
    server.kubeconfig(&config, &user);
    let ran = with(&[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("[cert-expired]"), "{}", ran.stderr);
    assert!(ran.stderr.contains("get a new kubeconfig"), "{}", ran.stderr);
    let over = ApiServer::start_with(|leaf| leaf.not_after = rcgen::date_time_ymd(2026, 1, 1));
    over.kubeconfig(&config, &format!("token: {TOKEN}"));
    let ran = with(&[]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    let why = "[tls]\n  cause: its certificate was valid until 2026-01-01T00:00:00Z\n";
    assert!(ran.stderr.contains(why), "{}", ran.stderr);
    assert!(ran.stderr.contains("the server's certificate has to be renewed"), "{}", ran.stderr);
}

#[test]
fn what_goes_another_way_is_told() {
    if peer::need("kubectl").is_none() {
        return;
    }
    let (dir, server) = world();
    let kubectl = |options: &[&str], args: &[&str]| {
        run(tap(dir.path(), &[options, &["--", "kubectl"], args].concat()))
    };
    // kubectl's own token takes the place of the one that the tap wants to see.
    let ran = kubectl(&[], &["--token", "another", "get", "pods"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains(" 401  not from the kubeconfig of tap"), "{}", ran.stderr);
    assert!(ran.stderr.contains("choose by tap's own --context or --user"), "{}", ran.stderr);
    assert!(ran.stderr.ends_with("[not-admitted]\n"), "{}", ran.stderr);
    let asked = server.asked.lock().unwrap().iter().filter(|head| head.contains("/api")).count();
    assert_eq!(asked, 0, "nothing of it reaches the server");
    // A filter that takes nothing.
    let ran = kubectl(&["--filter", "delete nodes"], &["get", "pods"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("matches --filter [nothing-matched]"), "{}", ran.stderr);
    // kubectl's discovery cache goes with the tap: its port does not come again.
    let cache = dir.path().join("home/.kube/cache/discovery");
    assert!(!cache.exists(), "{:?}", fs::read_dir(cache).unwrap().collect::<Vec<_>>());
    // A token in a path is one in every part of the log.
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl";
    let path = format!("/api/v1/namespaces/default/services/x/proxy/{token}");
    let ran = kubectl(&["--log", "run.log"], &["get", "--raw", &path]);
    let log = fs::read_to_string(dir.path().join("run.log")).unwrap();
    for text in [&ran.stderr, &log] {
        assert!(text.contains("(hidden, 50 bytes)") && !text.contains(token), "{text}");
    }
    // The log says that it can be read.
    fs::set_permissions(dir.path().join("run.log"), fs::Permissions::from_mode(0o644)).unwrap();
    let ran = kubectl(&["--log", "run.log"], &["get", "--raw", "/version"]);
    assert!(ran.stderr.contains("[log-readable-by-others]"), "{}", ran.stderr);
}

#[test]
fn bodies_are_short_and_as_they_came() {
    if peer::need("kubectl").is_none() {
        return;
    }
    let (dir, _server) = world();
    let ran = run(tap(dir.path(), &["--bodies", "short", "--", "kubectl", "get", "pods"]));
    // Of a table what kubectl prints of it, and of what there is nothing.
    assert!(ran.stderr.contains("      < NAME\n      < web-1\n"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("APIGroupList"), "{}", ran.stderr);
    let args = ["get", "--raw", "/api/v1/namespaces/default/secrets/top"];
    let ran = run(tap(dir.path(), &[&["--bodies", "full", "--", "kubectl"][..], &args].concat()));
    // In the order in which the server wrote it, not in that of the alphabet.
    let at = |word: &str| ran.stderr.find(word).unwrap();
    assert!(
        at("\"type\"") < at("\"metadata\"") && at("\"name\"") < at("\"data\""),
        "{}",
        ran.stderr
    );
}

#[test]
fn credential_plugins_are_run_as_kubectl_runs_them() {
    if peer::need("kubectl").is_none() {
        return;
    }
    let (dir, server) = world();
    let plugin = dir.path().join("get-token");
    // Once for all requests of a run, with what the protocol promises.
    let script = format!(
        "#!/bin/sh\necho ran >> {runs}\nprintf %s \"$KUBERNETES_EXEC_INFO\" > {told}\ncase \"$KUBERNETES_EXEC_INFO\" in *127.0.0.1*) ;; *) exit 3;; \
         esac\n[ \"$1 $EXTRA\" = \"get it\" ] || exit 4\necho '{{\"apiVersion\": \
         \"client.authentication.k8s.io/v1\", \"kind\": \"ExecCredential\", \"status\": {{\"token\": \
         \"{TOKEN}\"}}}}'\n",
        runs = dir.path().join("runs").display(),
        told = dir.path().join("told").display()
    );
    write_script(&plugin, &script);
    fs::set_permissions(&plugin, fs::Permissions::from_mode(0o700)).unwrap();
    let user = "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./get-token, \
                args: [get], env: [{name: EXTRA, value: it}], interactiveMode: Never, \
                provideClusterInfo: true}";
    server.kubeconfig(&dir.path().join("config"), user);
    let told = || -> Value {
        serde_json::from_str(&fs::read_to_string(dir.path().join("told")).unwrap()).unwrap()
    };
    let args = ["get", "secret", "top", "-o", "name"];
    assert_eq!(direct(dir.path(), &args).code, Some(0));
    let by_kubectl = told();
    fs::remove_file(dir.path().join("runs")).unwrap();
    let ran = run(tap(dir.path(), &[&["--", "kubectl"][..], &args].concat()));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "secret/top\n"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(dir.path().join("runs")).unwrap(), "ran\n");
    // The plugin is asked the same, down to the cluster's extension.
    assert_eq!(told(), by_kubectl);
    assert_eq!(told()["spec"]["cluster"]["config"]["port"], 31);
    // A token in the kubeconfig makes the plugin needless.
    server.kubeconfig(&dir.path().join("config"), &format!("token: {TOKEN}, {user}"));
    let ran = run(tap(dir.path(), &["--", "kubectl", "get", "--raw", "/version"]));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(dir.path().join("runs")).unwrap(), "ran\n");
}
