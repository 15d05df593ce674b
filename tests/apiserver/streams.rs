//! What kubectl does over upgraded connections: exec, attach, port-forward; and logs.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::kubectl::kubectls;
use crate::support::{DEVKIT, Ran, finish, wait};
use crate::world::{Cluster, Ended, World};

/// How kubectl is told not to use WebSocket.
const SPDY: [(&str, &str); 2] =
    [("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", "false"), ("KUBECTL_PORT_FORWARD_WEBSOCKETS", "false")];

/// A node whose kubelet is that of the cluster, and a pod that runs there.
fn pod(world: &World<'_>, namespace: &str) {
    let kubectl = world.cluster.bin.join("kubectl");
    let node = json!({
        "apiVersion": "v1", "kind": "Node", "metadata": { "name": namespace },
        "status": {
            "addresses": [{ "type": "InternalIP", "address": "127.0.0.1" }],
            "daemonEndpoints": { "kubeletEndpoint": { "Port": world.cluster.kubelet } },
        },
    });
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "web", "namespace": namespace },
        "spec": {
            "nodeName": namespace,
            "containers": [{ "name": "web", "image": "example.org/web:1", "stdin": true }],
        },
    });
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace },
    });
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": [namespace, node, pod] });
    let mut create = world.command(&kubectl);
    let made = fed(create.args(["create", "-f", "-"]), list.to_string().as_bytes());
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let running = r#"{"status":{"phase":"Running"}}"#;
    let name = list["items"][0]["metadata"]["name"].as_str().unwrap();
    let args = ["patch", "pod", "web", "-n", name, "--subresource", "status", "-p", running];
    let made = world.direct(&kubectl, &args);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
}

/// Runs a command with something to read.
fn fed(command: &mut Command, input: &[u8]) -> Ran {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            // A command may end before it has read all.
            let _ = stdin.write_all(input);
        });
        finish(child)
    })
}

/// kubectl, with a tap before it or without.
fn command(world: &World<'_>, tapped: bool, kubectl: &Path, spdy: bool) -> Command {
    let mut command = world.command(if tapped { Path::new(DEVKIT) } else { kubectl });
    if tapped {
        command.args(["kubecerts", "tap", "--log", "run.log", "--"]).arg(kubectl);
    }
    if spdy {
        command.envs(SPDY);
    }
    command
}

/// Every kubectl, with WebSocket and with SPDY.
fn each(name: &str, test: impl Fn(&World<'_>, &str, &PathBuf, bool)) {
    let cluster = Cluster::get();
    let world = cluster.world("certificate");
    pod(&world, name);
    for kubectl in kubectls(cluster) {
        for spdy in [false, true] {
            test(&world, name, &kubectl, spdy);
        }
    }
}

#[test]
fn commands_in_containers_are_the_same() {
    let much: Vec<u8> =
        (0..300_000_u32).flat_map(|number| format!("{number}\n").into_bytes()).collect();
    each("exec", |world, namespace, kubectl, spdy| {
        for (args, input) in [
            (&["exec", "web", "--", "sh", "-c", "echo out; echo err >&2; exit 3"][..], &b""[..]),
            (&["exec", "-i", "web", "--", "cat"], &much),
            (&["exec", "web", "--", "seq", "100000"], b""),
            (&["attach", "-i", "web"], b"hello\n"),
            (&["logs", "web"], b""),
            (&["logs", "-f", "web"], b""),
        ] {
            let ran = |tapped| {
                let mut command = command(world, tapped, kubectl, spdy);
                fed(command.args(["-n", namespace]).args(args), input)
            };
            let (alone, tapped) = (ran(false), ran(true));
            assert!(alone.code == Some(0) || alone.code == Some(3), "{args:?}: {}", alone.stderr);
            assert_eq!(tapped.code, alone.code, "{args:?}: {}", tapped.stderr);
            assert!(tapped.stdout == alone.stdout, "{args:?}: {} bytes", tapped.stdout.len());
            for line in alone.stderr.lines() {
                assert!(tapped.stderr.contains(line), "{args:?}: {}", tapped.stderr);
            }
            // What may last is told when it begins.
            let (status, begun) = match args {
                ["logs", "-f", ..] => (" 200 ", Some(" 200  following")),
                ["logs", ..] => (" 200 ", None),
                _ => (" 101 ", Some(" 101  open")),
            };
            assert!(tapped.stderr.contains(status), "{args:?}: {}", tapped.stderr);
            let begun = begun.is_none_or(|begun| tapped.stderr.contains(begun));
            assert!(begun, "{args:?}: {}", tapped.stderr);
        }
    });
}

#[test]
fn ports_are_forwarded() {
    let much = vec![b'x'; 1_000_000];
    each("forward", |world, namespace, kubectl, spdy| {
        let mut command = command(world, true, kubectl, spdy);
        command.args(["-n", namespace, "port-forward", "pod/web", "0:80"]).stderr(Stdio::null());
        let mut forwarding = Ended(command.spawn().unwrap());
        // It says something of each connection, so its output has to stay open.
        let (mut line, stdout) = (String::new(), forwarding.0.stdout.take().unwrap());
        let mut stdout = BufReader::new(stdout);
        stdout.read_line(&mut line).unwrap();
        let at = line.split_whitespace().nth(2).unwrap();
        // Two at once, over the same connection to the server.
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut stream = TcpStream::connect(at).unwrap();
                    let (mut reader, mut back) = (stream.try_clone().unwrap(), vec![0; much.len()]);
                    let read = thread::spawn(move || reader.read_exact(&mut back).map(|()| back));
                    stream.write_all(&much).unwrap();
                    assert!(read.join().unwrap().unwrap() == much);
                });
            }
        });
        kill(Pid::from_raw(forwarding.0.id().cast_signed()), Signal::SIGINT).unwrap();
        wait(&mut forwarding.0);
        let log = std::fs::read_to_string(world.path("run.log")).unwrap();
        assert!(log.contains("/pods/web/portforward") && log.contains("\"status\":101"), "{log}");
        std::fs::remove_file(world.path("run.log")).unwrap();
    });
}
