//! kubectl of two minors says and does the same with a tap as without, and what is secret stays so.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::support::{DEVKIT, eventually, peer, run, wait};
use crate::world::{Cluster, Ended, TOKEN, VALUE, World};

const APP: &str = include_str!("app.yaml");

/// A value where a text is wanted.
const BROKEN: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: broken}\n\
                      stringData: {password: [planted-value-of-a-secret]}\n";
const REVIEW: &str = "apiVersion: authentication.k8s.io/v1\nkind: TokenReview\nspec:\n  token: ";

/// What is done with each kubectl, in this order: the words, and the exit code.
const COMMANDS: &[(&str, i32)] = &[
    ("version -o yaml", 0),
    ("api-resources", 0),
    ("api-versions", 0),
    ("create namespace NS", 0),
    ("create serviceaccount builder -n NS", 0),
    ("apply -f app.yaml -n NS", 0),
    ("apply -f app.yaml -n NS", 0),
    ("get all -n NS", 0),
    ("get pods -n NS", 0),
    ("get pods -n NS -o wide", 0),
    ("get pods -n NS -o yaml", 0),
    ("get pods,services -A -l app=web", 0),
    ("get secrets -n NS", 0),
    ("get secret top -n NS -o yaml", 0),
    ("get secret top -n NS -o jsonpath={.data.password}", 0),
    ("get configmap gone -n NS", 1),
    ("get nothings -n NS", 1),
    // What a server quotes when it does not take it.
    ("patch secret top -n NS -p {\"data\":{\"password\":\"planted-value-of-a-secret!!\"}}", 1),
    (
        "patch secret top -n NS -p {\"stringData\":{\"password\":[\"planted-value-of-a-secret\"]}}",
        1,
    ),
    ("apply --server-side --validate=false -n NS -f broken.yaml", 1),
    ("create -f review.yaml -o yaml", 0),
    ("get --raw /readyz", 0),
    ("describe pod web -n NS", 0),
    ("describe deployment app -n NS", 0),
    ("describe secret top -n NS", 0),
    ("diff -f app.yaml -n NS", 0),
    ("patch configmap settings -n NS --type merge -p {\"data\":{\"colour\":\"red\"}}", 0),
    ("patch deployment app -n NS -p {\"spec\":{\"paused\":true}}", 0),
    ("patch deployment gone -n NS --type json -p []", 1),
    ("scale deployment app -n NS --replicas 3", 0),
    ("label pod web -n NS tier=front", 0),
    ("annotate pod web -n NS note=hello", 0),
    ("apply --server-side --force-conflicts -f app.yaml -n NS", 0),
    ("wait configmap/settings -n NS --for=jsonpath={.data.colour}=blue --timeout=20s", 0),
    ("wait pod/web -n NS --for=condition=Ready --timeout=1s", 1),
    ("rollout history deployment/app -n NS", 0),
    ("logs web -n NS", 0),
    ("logs web -n NS -c other", 1),
    ("logs gone -n NS", 1),
    ("exec web -n NS -- true", 1),
    ("port-forward pod/web -n NS 0:80", 1),
    ("auth can-i list pods -n NS", 0),
    ("auth can-i delete nodes --as nobody", 1),
    ("auth whoami", 0),
    ("explain pod.spec.containers", 0),
    ("explain deployment.spec.strategy --recursive", 0),
    ("create token builder -n NS", 0),
    ("get pods -n NS --as nobody", 1),
    ("top pods -n NS", 1),
    ("delete pod web -n NS --now", 0),
    ("delete -f app.yaml -n NS --ignore-not-found", 0),
    ("get pods -n NS", 0),
];

/// The kubectl of the system, and that of the server.
pub(crate) fn kubectls(cluster: &Cluster) -> Vec<PathBuf> {
    let newest = cluster.bin.join("kubectl");
    peer::need("kubectl").into_iter().chain([newest]).collect()
}

fn minor(world: &World<'_>, kubectl: &Path) -> String {
    let told = world.direct(kubectl, &["version", "--client", "-o", "json"]).stdout;
    let told: Value = serde_json::from_str(&told).unwrap();
    told["clientVersion"]["minor"].as_str().unwrap().trim_end_matches('+').to_owned()
}

#[test]
fn kubectl_of_two_minors_says_and_does_the_same() {
    let cluster = Cluster::get();
    let mut minors = BTreeSet::new();
    for kubectl in kubectls(cluster) {
        for context in ["certificate", "token"] {
            let world = cluster.world(context);
            fs::write(world.path("app.yaml"), APP).unwrap();
            fs::write(world.path("broken.yaml"), BROKEN).unwrap();
            fs::write(world.path("review.yaml"), format!("{REVIEW}{TOKEN}\n")).unwrap();
            let minor = minor(&world, &kubectl);
            let names = ["direct", "tapped"].map(|how| format!("{how}-{context}-{minor}"));
            minors.insert(minor);
            all_commands(&world, &kubectl, &names);
            let left = fs::read_dir(world.path("runtime")).unwrap().count();
            assert_eq!(left, 0, "no kubeconfig is left");
        }
    }
    assert!(minors.len() > 1, "only one minor: {minors:?}");
}

fn all_commands(world: &World<'_>, kubectl: &Path, [direct, tapped]: &[String; 2]) {
    let mut secrets = Secrets(vec![TOKEN.into(), VALUE.into(), BASE64_STANDARD.encode(VALUE)]);
    for (at, (words, code)) in COMMANDS.iter().enumerate() {
        let words_in = |namespace: &str| words.replace("NS", namespace);
        let (in_direct, in_tapped) = (words_in(direct), words_in(tapped));
        let alone = world.direct(kubectl, &in_direct.split(' ').collect::<Vec<_>>());
        let (har, log) = (format!("{at}.har"), format!("{at}.log"));
        let options = ["--bodies", "full", "--har", &har, "--log", &log];
        let ran = world.tapped(&options, kubectl, &in_tapped.split(' ').collect::<Vec<_>>());
        let same = |text: &str| masked(&text.replace(tapped.as_str(), direct));
        assert_eq!(alone.code, Some(*code), "{words}: {}{}", alone.stdout, alone.stderr);
        assert_eq!(ran.code, alone.code, "{words}: {}", ran.stderr);
        if !words.contains("pods,services -A") {
            assert_eq!(same(&ran.stdout), same(&alone.stdout), "{words}");
        }
        // What kubectl says for itself stands among the lines of the tap.
        let said = same(&ran.stderr);
        for line in same(&alone.stderr).lines() {
            assert!(said.contains(line), "{words}: '{line}' is not in\n{said}");
        }
        if words.starts_with("create token") {
            secrets.0.push(ran.stdout.trim().to_owned());
        }
        // kubectl itself may quote what its user has typed.
        let mut lines = ran.stderr.clone();
        for line in alone.stderr.replace(direct.as_str(), tapped).lines() {
            lines = lines.replace(line, "");
        }
        secrets.are_in_none_of(world, words, &lines, [&har, &log]);
    }
}

/// Without what differs from one run to the next: times, ages, names given by the server.
fn masked(text: &str) -> String {
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let key = line.trim_start_matches([' ', '-']).split([':', '=']).next().unwrap_or_default();
        let varies = ["uid", "resourceVersion", "creationTimestamp", "time", "clusterIP"];
        if varies.iter().any(|name| name.eq_ignore_ascii_case(key))
            || line.contains("IP") && line.contains("10.0.0.")
        {
            continue;
        }
        let mut words: Vec<String> = line.split_whitespace().map(word).collect();
        if words.last().is_some_and(String::is_empty) {
            words.pop();
        }
        out += &words.join(" ");
        out.push('\n');
    }
    out
}

/// One word without its variable part. Columns may be wider where an age is longer.
fn word(text: &str) -> String {
    let age = text.len() > 1
        && text.ends_with(['s', 'm', 'h'])
        && text.trim_end_matches(['s', 'm', 'h']).chars().all(|c| c.is_ascii_digit() || c == 'm');
    let token = text.starts_with("eyJ") && text.matches('.').count() == 2;
    let address = text.starts_with("10.0.0.");
    if age || token || address { String::from("(varies)") } else { text.to_owned() }
}

/// What was planted, or was made by the way.
struct Secrets(Vec<String>);

impl Secrets {
    fn are_in_none_of(&self, world: &World<'_>, words: &str, lines: &str, [har, log]: [&str; 2]) {
        let read = |name: &str| fs::read_to_string(world.path(name)).unwrap();
        let mut view = world.command(Path::new(DEVKIT));
        view.args(["kubecerts", "tap", "--view", har]);
        let page = run(view);
        assert_eq!(page.code, Some(0), "{words}: {}", page.stderr);
        let (har, log) = (read(har), read(log));
        let parsed: Value = serde_json::from_str(&har).unwrap();
        let entries = parsed["log"]["entries"].as_array().unwrap().len();
        assert!(entries > 0, "{words}: nothing was recorded");
        assert!(log.lines().count() >= entries, "{words}");
        for secret in &self.0 {
            let places = [
                ("log", log.as_str()),
                ("HAR", har.as_str()),
                ("page", page.stdout.as_str()),
                ("stderr", lines),
            ];
            for (place, text) in places {
                assert!(!text.contains(secret), "{words}: a secret is in the {place}");
            }
        }
    }
}

/// Has the server's own kubectl do something, without a tap.
fn done(world: &World<'_>, words: &str) {
    let kubectl = world.cluster.bin.join("kubectl");
    let ran = world.direct(&kubectl, &words.split(' ').collect::<Vec<_>>());
    assert_eq!(ran.code, Some(0), "{words}: {}", ran.stderr);
}

/// Lines of the JSON log that are events of a watch.
fn events(world: &World<'_>, log: &str) -> Vec<Value> {
    let text = fs::read_to_string(world.path(log)).unwrap_or_default();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["event"] == "watch-event").collect()
}

#[test]
fn watch_events_are_seen_while_the_watch_goes_on() {
    let cluster = Cluster::get();
    let world = cluster.world("certificate");
    let kubectl = &cluster.bin.join("kubectl");
    let direct = |words: &str| done(&world, words);
    direct("create namespace watched");
    direct("create configmap one -n watched --from-literal=colour=blue");
    let mut command = world.command(Path::new(DEVKIT));
    command.args(["kubecerts", "tap", "--log", "run.log", "--har", "run.har", "--"]).arg(kubectl);
    command.args(["get", "configmaps", "-n", "watched", "-w", "-o", "name"]);
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    assert_eq!(next(), "configmap/one");
    for change in 1..=3 {
        direct(&format!("annotate configmap one -n watched --overwrite change={change}"));
        assert_eq!(next(), "configmap/one");
        eventually("it is in the log", || events(&world, "run.log").len() >= change);
    }
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    wait(&mut child);
    let events = events(&world, "run.log");
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["MODIFIED"; 3]);
    // In the HAR file they are what the server has sent: an object in each line.
    let har: Value =
        serde_json::from_str(&fs::read_to_string(world.path("run.har")).unwrap()).unwrap();
    let bodies = har["log"]["entries"].as_array().unwrap().iter().filter_map(|entry| {
        let watch = entry["request"]["url"].as_str()?.contains("watch=true");
        entry["response"]["content"]["text"].as_str().filter(|_| watch)
    });
    let lines: Vec<Value> =
        bodies.flat_map(str::lines).map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|line| line["object"]["metadata"]["name"] == "one"), "{lines:?}");
}

#[test]
fn events_stand_under_the_run_that_watches() {
    let cluster = Cluster::get();
    let world = cluster.world("certificate");
    let kubectl = &cluster.bin.join("kubectl");
    let direct = |words: &str| done(&world, words);
    direct("create namespace two");
    direct("create configmap map -n two");
    direct("create secret generic top -n two");
    let stderr = fs::File::create(world.path("stderr")).unwrap();
    let mut command = world.command(Path::new(DEVKIT));
    let mut tap = Ended(command.args(["kubecerts", "tap"]).stderr(stderr).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(tap.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let kubeconfig = line.trim().strip_prefix("export KUBECONFIG=").unwrap().to_owned();
    let mut watches = Vec::new();
    for resource in ["configmaps", "secrets"] {
        let mut command = world.command(kubectl);
        command.args(["get", resource, "-n", "two", "-w"]).env("KUBECONFIG", &kubeconfig);
        watches.push(Ended(command.spawn().unwrap()));
        let log = || fs::read_to_string(world.path("stderr")).unwrap();
        eventually("it watches", || log().matches("watching").count() == watches.len());
    }
    let log = || fs::read_to_string(world.path("stderr")).unwrap();
    for (what, event, heading) in [
        ("configmap map", "MODIFIED configmaps two/map", "kubectl get"),
        ("secret top", "MODIFIED secrets two/top", "kubectl get #2"),
    ] {
        direct(&format!("annotate {what} -n two --overwrite note=1"));
        eventually("it is told", || log().contains(event));
        let log = log();
        let before = log.split(event).next().unwrap();
        let last = before.lines().rfind(|line| !line.starts_with(' ')).unwrap();
        assert_eq!(last, heading, "{log}");
    }
    drop(watches);
    kill(Pid::from_raw(tap.0.id().cast_signed()), Signal::SIGTERM).unwrap();
    assert_eq!(wait(&mut tap.0).code(), Some(0));
}
