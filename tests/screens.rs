//! The main screen of every command, as it is seen on a terminal of 80 and of 120 columns, in colour
//! and without, with Chinese names in it.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use console::measure_text_width;
use rcgen::{CertificateParams, DnType, Issuer, KeyPair};

use crate::support::terminal::on_terminal;
use crate::support::{devkit, folder, peer, run};

/// Holds a screen against its picture. `command` makes it anew each time, with these arguments.
fn look(name: &str, dir: &Path, command: &dyn Fn(&[&str]) -> Command, args: &[&str]) {
    look_without(&str::to_owned, name, dir, command, args);
}

/// Holds a screen against its picture. `hide` takes out what is another each time, and keeps the width.
pub(crate) fn look_without(
    hide: &dyn Fn(&str) -> String,
    name: &str,
    dir: &Path,
    command: &dyn Fn(&[&str]) -> Command,
    args: &[&str],
) {
    let mut picture = String::new();
    for (columns, colour) in [(80, "never"), (120, "never"), (80, "always")] {
        let with_colour = [args, &["--color", colour]].concat();
        let screen = on_terminal(columns, command(&with_colour));
        let soon = soon().strftime("%Y-%m-%d").to_string();
        let screen = screen.replace(dir.to_str().unwrap(), "DIR").replace(&soon, "YYYY-MM-DD");
        for line in screen.lines() {
            let width = measure_text_width(line);
            // What may have to be copied is broken by the terminal alone.
            let whole = ["next:", "hint:", "error:", "cause:", "warning:", "curl", "devkit "];
            let whole = whole.iter().any(|word| line.contains(word));
            assert!(width <= columns.into() || whole, "{name}: {width} columns: {line}");
        }
        let shown = hide(&screen).replace('\u{1b}', "␛");
        let _ = writeln!(picture, "=== {columns} columns, colour {colour}\n{shown}");
    }
    insta::assert_snapshot!(name, picture);
}

/// A time in four days and a half.
fn soon() -> jiff::Timestamp {
    jiff::Timestamp::now() + jiff::SignedDuration::from_hours(4 * 24 + 12)
}

/// A certificate with its key, which ends at a time.
fn client(name: &str, not_after: jiff::Timestamp) -> (String, String) {
    let mut authority = CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "kubernetes");
    let issuer = Issuer::new(authority, KeyPair::generate().unwrap());
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.distinguished_name.push(DnType::OrganizationName, "system:masters");
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    let seconds = not_after.as_second() - jiff::Timestamp::UNIX_EPOCH.as_second();
    params.not_after =
        rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(seconds.unsigned_abs());
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    (certificate.pem(), key.serialize_pem())
}

/// A home folder whose kubeconfig has contexts of every state.
fn kubeconfig(home: &Path) {
    let late: jiff::Timestamp = "2099-03-01T00:00:00Z".parse().unwrap();
    let past: jiff::Timestamp = "2021-03-01T00:00:00Z".parse().unwrap();
    let mut text =
        String::from("apiVersion: v1\nkind: Config\ncurrent-context: 生产-上海🚀\ncontexts:\n");
    let users = [
        ("生产-上海🚀", "张伟", Some(late)),
        ("staging", "kubernetes-admin", Some(soon())),
        ("arn:aws:eks:us-east-1:123456789012:cluster/prod", "old", Some(past)),
        ("eks", "eks", None),
    ];
    for (context, user, _) in &users {
        let _ = writeln!(text, "- name: {context}\n  context: {{cluster: k, user: {user}}}");
    }
    text.push_str("clusters:\n- name: k\n  cluster: {server: \"https://10.0.0.1:6443\"}\nusers:\n");
    for (_, user, end) in users {
        let _ = writeln!(text, "- name: {user}\n  user:");
        match end {
            Some(end) => {
                let (certificate, key) = client(user, end);
                let _ =
                    writeln!(text, "    client-certificate-data: {}", STANDARD.encode(certificate));
                let _ = writeln!(text, "    client-key-data: {}", STANDARD.encode(key));
            }
            None => text.push_str(
                "    exec: {apiVersion: client.authentication.k8s.io/v1, command: aws}\n",
            ),
        }
    }
    fs::create_dir_all(home.join(".kube")).unwrap();
    fs::write(home.join(".kube/config"), text).unwrap();
    fs::set_permissions(home.join(".kube/config"), fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn kubecerts() {
    let dir = folder();
    kubeconfig(dir.path());
    let command = |args: &[&str]| {
        let mut command = devkit(dir.path(), [&["kubecerts"], args].concat());
        command.env("HOME", dir.path());
        command
    };
    look("kubecerts-show-all", dir.path(), &command, &["show", "--all"]);
    look("kubecerts-check-all", dir.path(), &command, &["check", "--all"]);
    look("kubecerts-extract", dir.path(), &command, &["extract", "--out", "证书"]);
    look("kubecerts-no-context", dir.path(), &command, &["show", "--context", "stagging"]);
}

/// A Pod that sets variables for a shell.
const POD: &str = "apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  containers:
    - name: app
      image: alpine
      command: [sh, -c, exec java -jar app.jar]
      env:
        - name: spring.datasource.url
          value: x
";

#[test]
fn envcheck() {
    let dir = folder();
    fs::write(
        dir.path().join("Dockerfile"),
        "FROM alpine:3.20\nENV 数据库.url=x a.b=c\nENTRYPOINT java -jar app.jar\n",
    )
    .unwrap();
    let command = |args: &[&str]| devkit(dir.path(), [&["envcheck"], args].concat());
    let name = "eureka.client.serviceUrl.defaultZone";
    look("envcheck-name", dir.path(), &command, &[name]);
    fs::write(dir.path().join("app.yaml"), POD).unwrap();
    look("envcheck-file", dir.path(), &command, &["Dockerfile", "app.yaml"]);
    look("envcheck-good-name", dir.path(), &command, &["MY_VAR"]);
    look("envcheck-chinese-name", dir.path(), &command, &["数据库 b"]);
    look(
        "envcheck-chain",
        dir.path(),
        &command,
        &["my-var", "--through", "k8s@1.34,sh=dash,spring"],
    );
}

#[test]
fn mvn_unblock() {
    let dir = folder();
    fs::create_dir_all(dir.path().join(".m2")).unwrap();
    let settings = "<settings>\n  <!-- 公司 -->\n  <mirrors>\n    <mirror>\n      <id>公司镜像</id>\n      \
        <mirrorOf>central</mirrorOf>\n      <url>https://nexus.corp.example/repository/maven-public/</url>\n    \
        </mirror>\n  </mirrors>\n</settings>\n";
    fs::write(dir.path().join(".m2/settings.xml"), settings).unwrap();
    let pom = "<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>a</artifactId>\
        <version>1</version><repositories>\
        <repository><id>corp-releases</id><url>http://nexus.corp.example/repository/releases/</url></repository>\
        <repository><id>公司</id><url>http://nexus.corp.example/repository/内部/</url></repository>\
        </repositories></project>";
    fs::write(dir.path().join("pom.xml"), pom).unwrap();
    let command = |args: &[&str]| {
        let mut command = devkit(dir.path(), [&["mvn-unblock"], args].concat());
        // Nothing of this machine's own Maven is to be on the picture.
        command.env("HOME", dir.path()).env("PATH", dir.path());
        command.env("MAVEN_OPTS", format!("-Duser.home={}", dir.path().display()));
        command
    };
    look("mvn-unblock-status", dir.path(), &command, &["status"]);
    look("mvn-unblock-dry-run", dir.path(), &command, &["--dry-run"]);
    let explain = ["explain", "corp-releases", "http://nexus.corp.example/repository/releases/"];
    look("mvn-unblock-explain", dir.path(), &command, &explain);
    fs::write(
        dir.path().join("bad.xml"),
        "<settings>\n  <!-- 注释 --> <mirrors></mirror>\n</settings>\n",
    )
    .unwrap();
    look("mvn-unblock-malformed", dir.path(), &command, &["--settings", "bad.xml", "-n"]);
}

#[test]
fn gomod_tag() {
    if peer::need("git").is_none() {
        return;
    }
    let dir = folder();
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        command.args(args).current_dir(dir.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", dir.path());
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{who}_NAME"), "T")
                .env(format!("GIT_{who}_EMAIL"), "t@example.com");
            command.env(format!("GIT_{who}_DATE"), "2026-01-02T03:04:05Z");
        }
        assert!(command.status().unwrap().success(), "git {args:?}");
    };
    git(&["init", "-q", "-b", "main"]);
    for (folder, path) in [("a", "a"), ("deep/er/module", "deep/er/module"), ("odd", "odd/v2")] {
        let module = dir.path().join(folder);
        fs::create_dir_all(&module).unwrap();
        let text = format!("module github.com/robberphex/go-test-multi-module/{path}\n\ngo 1.20\n");
        fs::write(module.join("go.mod"), text).unwrap();
        fs::write(module.join("x.go"), "package x\n").unwrap();
    }
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "初始提交"]);
    git(&["tag", "a/v0.1.0"]);
    fs::write(dir.path().join("a/x.go"), "package x\n\nvar X int\n").unwrap();
    git(&["commit", "-q", "-am", "Change a"]);
    let command = |args: &[&str]| {
        let mut command = devkit(dir.path(), [&["gomod-tag"], args].concat());
        command.env("HOME", dir.path());
        command
    };
    look("gomod-tag-list", dir.path(), &command, &["list"]);
    look("gomod-tag-status", dir.path(), &command, &["status"]);
    let versions =
        ["plan", "--set", "a=v0.2.0", "--set", "deep/er/module=v0.1.0", "--set", "odd=v2.0.0"];
    look("gomod-tag-plan", dir.path(), &command, &versions);
    if peer::need("go").is_some() {
        look("gomod-tag-verify", dir.path(), &command, &["verify", "--tag", "a/v0.1.0"]);
    }
    look("gomod-tag-bad-version", dir.path(), &command, &["plan", "0.1.0"]);
}

#[test]
fn fwd_and_help() {
    let dir = folder();
    let command = |args: &[&str]| devkit(dir.path(), args);
    look("help", dir.path(), &command, &["-h"]);
    look("fwd-help", dir.path(), &command, &["fwd", "-h"]);
    look("fwd-operands", dir.path(), &command, &["fwd", "8090", "9090"]);
    look("kubecerts-help", dir.path(), &command, &["kubecerts", "-h"]);
    look("usage-error", dir.path(), &command, &["fdw"]);
    let refused = ["fwd", "-s", "0.0.0.0:8090", "-d", "/run/containerd/containerd.sock"];
    look("fwd-not-loopback", dir.path(), &command, &refused);
}

/// On a terminal a page of the manual is shown by man(1), which is a script here; elsewhere it is roff.
#[test]
fn a_page_of_the_manual_is_legible() {
    let dir = folder();
    let page = |path: &Path| {
        let mut command = devkit(dir.path(), ["man", "fwd"]);
        command.env("PATH", path);
        command
    };
    let none = on_terminal(80, page(dir.path()));
    assert!(none.contains(".TH devkit-fwd 1"), "{none}");
    assert!(none.ends_with("devkit man fwd | groff -man -Tutf8 | less -R\n[exit 0]\n"), "{none}");
    let man = dir.path().join("man");
    for (status, wanted) in [(0, "man -l - shows .TH\n[exit 0]\n"), (1, "| less -R\n[exit 0]\n")] {
        let script = format!(
            "#!/bin/sh\nread -r first rest\nread -r first rest\nread -r first rest\necho man $* shows $first\nexit {status}\n"
        );
        fs::write(&man, script).unwrap();
        fs::set_permissions(&man, fs::Permissions::from_mode(0o755)).unwrap();
        let shown = on_terminal(80, page(dir.path()));
        assert!(shown.ends_with(wanted), "{shown}");
    }
    let piped = run(page(dir.path()));
    assert!(piped.stdout.contains(".TH devkit-fwd 1"), "{}", piped.stdout);
    assert_eq!((piped.stderr.as_str(), piped.code), ("", Some(0)));
}
