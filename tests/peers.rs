//! `devkit fwd` between real programs: containerd and ctr, Redis, curl, socat, busybox' nc.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::forwarder::Forwarder;
use crate::support::socket::{Backend, Conn, Kind};
use crate::support::{PATIENCE, Ran, devkit, end_within, eventually, finish, folder, peer, run};

/// A server of ours, ended with the test.
struct Server(Child);

impl Server {
    fn start(mut command: Command, log: &Path) -> Self {
        let log = fs::File::create(log).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        Self(command.spawn().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = kill(Pid::from_raw(self.0.id().cast_signed()), Signal::SIGTERM);
        let _ = end_within(&mut self.0, PATIENCE);
    }
}

fn words(program: &Path, args: &[&str], dir: &Path) -> Ran {
    let mut command = Command::new(program);
    command.args(args).current_dir(dir);
    run(command)
}

#[test]
fn ctr_talks_to_containerd_through_two_forwarders() {
    let (Some(containerd), Some(ctr)) = (peer::need("containerd"), peer::need("ctr")) else {
        return;
    };
    if !peer::need_root() {
        return;
    }
    let dir = folder();
    let d = dir.path().display();
    // Everything in this folder, and nothing that touches the system's own containerd.
    let config = format!(
        "version = 2\nroot = \"{d}/root\"\nstate = \"{d}/state\"\n\
         disabled_plugins = [\"io.containerd.grpc.v1.cri\", \"io.containerd.snapshotter.v1.btrfs\", \
         \"io.containerd.snapshotter.v1.devmapper\", \"io.containerd.snapshotter.v1.zfs\", \
         \"io.containerd.snapshotter.v1.aufs\", \"io.containerd.internal.v1.opt\"]\n\
         [grpc]\naddress = \"{d}/containerd.sock\"\n\
         [ttrpc]\naddress = \"{d}/ttrpc.sock\"\n"
    );
    fs::write(dir.path().join("config.toml"), config).unwrap();
    let mut command = Command::new(&containerd);
    command.args(["--config", "config.toml"]).current_dir(dir.path());
    let log = dir.path().join("containerd.log");
    let _containerd = Server::start(command, &log);
    let socket = format!("{d}/containerd.sock");
    let ctr_through = |socket: &str, args: &[&str]| {
        words(&ctr, &[&["--address", socket, "--timeout", "20s"], args].concat(), dir.path())
    };
    eventually("containerd answers", || {
        Path::new(&socket).exists() && ctr_through(&socket, &["version"]).code == Some(0)
    });

    let args = ["fwd", "-s", "127.0.0.1:0", "-d", &format!("unix:{socket}")];
    let outward = Forwarder::spawn(devkit(dir.path(), args));
    outward.says("becomes root on this machine through containerd");
    let far = format!("{d}/c.sock");
    let tcp = outward.address.trim_start_matches("tcp://");
    let args = ["fwd", "-s", &format!("unix:{far}"), "-d", tcp];
    let inward = Forwarder::spawn(devkit(dir.path(), args));

    let direct = ctr_through(&socket, &["version"]);
    let through = ctr_through(&far, &["version"]);
    assert_eq!((through.code, through.stderr.as_str()), (Some(0), ""));
    assert_eq!(through.stdout, direct.stdout);
    assert!(through.stdout.contains("Server:\n  Version:"), "{}", through.stdout);

    let made = ctr_through(&far, &["namespaces", "create", "made-through-devkit", "a=b"]);
    assert_eq!((made.code, made.stderr.as_str()), (Some(0), ""));
    let names = ctr_through(&far, &["namespaces", "ls"]);
    assert_eq!(names.stdout, ctr_through(&socket, &["namespaces", "ls"]).stdout);
    assert!(names.stdout.contains("made-through-devkit a=b"), "{}", names.stdout);

    // Bulk: content goes in and comes out the same.
    let blob = vec![0x5a; 3_000_000];
    fs::write(dir.path().join("blob"), &blob).unwrap();
    let script = format!(
        "'{0}' --address {far} content ingest --expected-size 3000000 test-blob < blob",
        ctr.display()
    );
    let ingested = words(Path::new("/bin/sh"), &["-c", &script], dir.path());
    assert_eq!(ingested.code, Some(0), "{}", ingested.stderr);
    let listed = ctr_through(&far, &["content", "ls", "-q"]);
    let digest = listed.stdout.trim();
    assert!(digest.starts_with("sha256:"), "{digest}");
    let script = format!("'{}' --address {far} content get {digest} | cmp - blob", ctr.display());
    let same = words(Path::new("/bin/sh"), &["-c", &script], dir.path());
    assert_eq!((same.code, same.stderr.as_str()), (Some(0), ""));

    // The end of the last ctr still has to come through both of them.
    eventually("all connections are over", || inward.stats()[0] == 0);
    let [_, total, failed, ..] = inward.stats();
    assert_eq!(failed, 0);
    assert!(total >= 5);
}

#[test]
fn redis_answers_over_a_unix_socket_put_on_tcp_and_back() {
    let (Some(server), Some(client)) = (peer::need("redis-server"), peer::need("redis-cli")) else {
        return;
    };
    let dir = folder();
    let mut command = Command::new(server);
    command.args(["--port", "0", "--unixsocket", "r.sock", "--save", "", "--appendonly", "no"]);
    command.current_dir(dir.path());
    let _redis = Server::start(command, &dir.path().join("redis.log"));
    let socket = format!("{}/r.sock", dir.path().display());
    eventually("redis answers", || {
        words(&client, &["-s", &socket, "ping"], dir.path()).stdout == "PONG\n"
    });
    let outward = Forwarder::start(Kind::Tcp, &socket, dir.path(), &[]);
    let port = outward.address.rsplit(':').next().unwrap().to_owned();
    let inward = Forwarder::start(Kind::Unix, &port, dir.path(), &[]);
    let near = inward.address.trim_start_matches("unix:").to_owned();
    let value = "v".repeat(100_000);
    assert_eq!(words(&client, &["-p", &port, "set", "k", &value], dir.path()).stdout, "OK\n");
    assert_eq!(words(&client, &["-s", &near, "get", "k"], dir.path()).stdout, value + "\n");
    // A pipe of commands, ended by a half-close.
    let script = format!(
        "(for i in $(seq 2000); do echo \"SET key$i value$i\"; done) | '{}' -s {near} --pipe",
        client.display()
    );
    let piped = words(Path::new("/bin/sh"), &["-c", &script], dir.path());
    assert!(piped.stdout.contains("errors: 0, replies: 2000"), "{}{}", piped.stdout, piped.stderr);
    assert_eq!(words(&client, &["-s", &near, "get", "key1999"], dir.path()).stdout, "value1999\n");
}

#[test]
fn curl_reaches_a_tcp_server_over_a_unix_socket() {
    let Some(curl) = peer::need("curl") else { return };
    let dir = folder();
    let address = Backend::new(Kind::Tcp, dir.path()).serve(answer_http);
    let fwd = Forwarder::start(Kind::Unix, &address, dir.path(), &[]);
    let socket = fwd.address.trim_start_matches("unix:");
    let args = ["-sS", "--max-time", "20", "--unix-socket", socket, "http://server/"];
    let ran = words(&curl, &args, dir.path());
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "hello from tcp"), "{}", ran.stderr);
    // A destination that is gone is an error for curl, not an empty page.
    let nobody = Forwarder::start(Kind::Tcp, "unix:nobody.sock", dir.path(), &[]);
    let url = nobody.address.replace("tcp://", "http://");
    let ran = words(&curl, &["-sS", "--max-time", "20", &url], dir.path());
    // 56: reset while reading; 7: so early that curl takes it for the connect. 52 would be an empty
    // reply, and 0 an empty page.
    assert!(matches!(ran.code, Some(7 | 56)), "{:?} {}", ran.code, ran.stderr);
}

fn answer_http(mut conn: Conn) {
    use std::io::Write;
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.extend(conn.exactly(1));
    }
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 14\r\nConnection: close\r\n\r\nhello from tcp";
    conn.write_all(answer.as_bytes()).unwrap();
    conn.end();
}

#[test]
fn socat_gets_its_reply_after_a_half_close() {
    let Some(socat) = peer::need("socat") else { return };
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let fwd = Forwarder::start(Kind::Unix, &backend.address, dir.path(), &[]);
    let mut command = Command::new(socat);
    let target = format!("UNIX-CONNECT:{}", fwd.address.trim_start_matches("unix:"));
    command.args(["-t", "20", "-", &target]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut client = command.spawn().unwrap();
    std::io::Write::write_all(&mut client.stdin.take().unwrap(), b"request").unwrap();
    let mut server = backend.accept();
    assert_eq!(server.rest(), b"request");
    std::io::Write::write_all(&mut server, b"reply").unwrap();
    drop(server);
    assert_eq!(finish(client).stdout, "reply");
}
