//! What a running forwarder prints, and where.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::forwarder::Forwarder;
use crate::support::socket::{Backend, Conn, Kind};
use crate::support::{DEVKIT, devkit, eventually, folder, wait};

#[test]
fn one_line_at_the_start_one_per_connection_and_one_at_the_end() {
    let dir = folder();
    let backend = Backend::new(Kind::Unix, dir.path());
    let mut fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &[]);
    let mut client = fwd.connect();
    let peer = client.0.local_addr().unwrap().as_socket().unwrap();
    client.write_all(&[0; 1229]).unwrap();
    client.end();
    let mut server = backend.accept();
    server.rest();
    server.write_all(&[0; 17]).unwrap();
    drop(server);
    client.rest();
    let line = fwd.says("#1 closed");
    assert_eq!(fwd.stop(), Some(0));
    fwd.says("stopped:");
    let text = fwd.stderr();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        format!("listening on {}, forwarding to {}", fwd.address, backend.address)
    );
    assert_eq!(lines[1], line);
    let (time, rest) = line.split_once(' ').unwrap();
    assert_eq!(time.len(), "14:02:09".len());
    assert!(rest.starts_with(&format!("#1 closed {peer}  ↑ 1.2 KiB  ↓ 17 B  ")), "{rest}");
    assert_eq!(lines[2], "stopped: 1 connection, ↑ 1.2 KiB  ↓ 17 B");
    assert_eq!((lines.len(), fwd.stdout().as_str()), (3, ""));
}

#[test]
fn quiet_prints_nothing() {
    let dir = folder();
    let path = dir.path().join("s.sock");
    let args = ["fwd", "-q", "-s", "unix:s.sock", "-d", "127.0.0.1:1"];
    let mut fwd = Forwarder::spawn_unready(devkit(dir.path(), args));
    let address = format!("unix:{}", path.display());
    eventually("it listens", || Conn::try_to(&address).is_ok());
    let _ = Conn::to(&address).outcome();
    assert_eq!((fwd.stdout(), fwd.stderr()), (String::new(), String::new()));
    // Statistics are asked for.
    assert!(fwd.stats()[1] >= 2);
    assert_eq!(fwd.stop(), Some(0));
    assert_eq!((fwd.stdout().as_str(), fwd.stderr().lines().count()), ("", 1));
}

#[test]
fn verbose_shows_openings_too() {
    let dir = folder();
    let fwd = Forwarder::start(Kind::Unix, "echo:", dir.path(), &["-v"]);
    fwd.connect().ping(b"x");
    let uid = nix::unistd::getuid();
    let pid = std::process::id();
    fwd.says(&format!("#1 opened uid {uid} pid {pid}"));
}

#[test]
fn a_burst_is_summed_up() {
    let dir = folder();
    let mut fwd = Forwarder::start(Kind::Tcp, "127.0.0.1:1", dir.path(), &[]);
    for _ in 0..500 {
        let _ = fwd.connect().outcome();
    }
    assert_eq!(fwd.stop(), Some(0));
    fwd.says("stopped: 500 connections, 500 failed");
    let text = fwd.stderr();
    let shown = text.lines().filter(|line| line.contains('#')).count();
    let summed: usize = text
        .lines()
        .filter_map(|line| line.split_once(" and more in "))
        .map(|(_, rest)| rest.split(": ").nth(1).unwrap().split(' ').next().unwrap())
        .map(|number| number.parse::<usize>().unwrap())
        .sum();
    assert_eq!(shown + summed, 500, "{text}");
    assert!((20..100).contains(&shown), "{shown} lines");
}

#[test]
fn json_events_come_as_lines_on_stdout() {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let address = backend.address.clone();
    let args = ["fwd", "--json", "-q", "-s", "tcp://127.0.0.1:0", "-d", &address];
    let allow = ["--allow", "127.0.0.1"];
    let mut fwd = Forwarder::spawn_unready(devkit(dir.path(), args.iter().chain(&allow)));
    let listening = fwd.tells("listening");
    fwd.address = listening["source"].as_str().unwrap().to_owned();
    assert!(fwd.address.starts_with("tcp://127.0.0.1:"));
    assert_eq!(listening["sources"], serde_json::json!([fwd.address]));
    assert_eq!(listening["destination"], address);

    let mut client = fwd.connect();
    let peer = client.0.local_addr().unwrap().as_socket().unwrap().to_string();
    client.write_all(b"12345").unwrap();
    client.end();
    let mut server = backend.accept();
    server.rest();
    server.write_all(b"123").unwrap();
    drop(server);
    client.rest();
    let opened = fwd.tells("opened");
    assert_eq!((&opened["id"], opened["peer"].as_str()), (&Value::from(1), Some(peer.as_str())));
    let closed = fwd.tells("closed");
    assert_eq!(closed["id"], 1);
    assert_eq!(closed["peer"], peer);
    assert_eq!((&closed["bytes_up"], &closed["bytes_down"]), (&5.into(), &3.into()));
    assert_eq!(closed["reason"], "eof");
    assert!(closed["ms"].is_u64());

    let _ = Conn::from_ip("127.0.0.2", &fwd.address).outcome();
    let refused = fwd.tells("refused");
    assert!(refused["peer"].as_str().unwrap().starts_with("127.0.0.2:"));
    drop(backend);
    let _ = fwd.connect().outcome();
    let failed = fwd.tells("failed");
    assert_eq!((&failed["id"], &failed["code"]), (&3.into(), &"connection-refused".into()));
    assert_eq!(failed["destination"], address);

    fwd.signal(nix::sys::signal::Signal::SIGUSR1);
    let stats = fwd.tells("stats");
    assert!(stats["uptime_seconds"].is_u64());
    assert_eq!(fwd.stop(), Some(0));
    let stopped = fwd.tells("stopped");
    for (field, count) in [
        ("open", 0),
        ("total", 3),
        ("failed", 1),
        ("refused", 1),
        ("bytes_up", 5),
        ("bytes_down", 3),
    ] {
        assert_eq!((&stats[field], &stopped[field]), (&count.into(), &count.into()), "{field}");
    }
    for line in fwd.stdout().lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["schema"], "devkit.fwd.event/1");
        assert!(value["time"].as_str().unwrap().ends_with('Z'), "{line}");
    }
    assert_eq!(fwd.stderr(), "");
}

#[test]
fn every_reason_has_its_name() {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let mut fwd = Forwarder::spawn_unready(devkit(
        dir.path(),
        ["fwd", "--json", "-s", "127.0.0.1:0", "-d", &backend.address, "--drain", "100ms"],
    ));
    fwd.address = fwd.tells("listening")["source"].as_str().unwrap().to_owned();
    let client = fwd.connect();
    backend.accept();
    client.reset();
    // The server has closed and the client has reset: whichever came first, it was no proper end
    // for both. A plain reset of each side follows.
    let client = fwd.connect();
    let _server = backend.accept();
    client.reset();
    eventually("client-reset", || fwd.stdout().contains(r#""reason":"client-reset""#));
    let _client = fwd.connect();
    backend.accept().reset();
    eventually("destination-reset", || fwd.stdout().contains(r#""reason":"destination-reset""#));
    let _client = fwd.connect();
    let _server = backend.accept();
    fwd.stop();
    eventually("stopped", || fwd.stdout().contains(r#""reason":"stopped""#));
}

#[test]
fn a_reader_who_leaves_does_not_end_it() {
    let dir = folder();
    for (flags, stream) in [(&["-v"][..], 2), (&["--json"], 1)] {
        let args = [&["fwd", "-s", "unix:s.sock", "-d", "echo:"], flags].concat();
        let mut command = devkit(dir.path(), args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        if stream == 1 {
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        } else {
            BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        }
        assert!(line.contains("listening"), "{line}");
        let address = format!("unix:{}/s.sock", dir.path().display());
        for _ in 0..5 {
            Conn::to(&address).ping(b"nobody reads the log");
        }
        let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        assert_eq!(wait(&mut child).code(), Some(0));
    }
}

#[test]
fn a_reader_who_stops_reading_does_not_stop_the_connections() {
    let dir = folder();
    let mut command = devkit(dir.path(), ["fwd", "-vv", "-s", "unix:s.sock", "-d", "echo:"]);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    let address = format!("unix:{}/s.sock", dir.path().display());
    // Two lines each: more than the pipe and the queue hold together.
    for _ in 0..4000 {
        let mut conn = Conn::to(&address);
        conn.ping(b"x");
    }
    Conn::to(&address).ping(b"alive");
    let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    assert_eq!(wait(&mut child).code(), Some(0));
}

#[test]
fn a_locale_without_unicode_gets_ascii() {
    let dir = folder();
    let mut command = Command::new(DEVKIT);
    command.args(["fwd", "-s", "127.0.0.1:0", "-d", "echo:"]).env_clear().env("LC_ALL", "C");
    command.current_dir(dir.path());
    let fwd = Forwarder::spawn(command);
    fwd.connect().ping(b"x");
    let line = fwd.says("closed");
    assert!(line.is_ascii() && line.contains("  up 1 B  down 1 B  "), "{line}");
}

#[test]
fn nothing_is_dialled_before_the_first_client() {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let _fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &[]);
    assert!(backend.accept_within(std::time::Duration::from_millis(200)).is_none());
}

#[test]
fn a_non_blocking_reader_gets_every_line() {
    let dir = folder();
    let (mut reader, writer) = std::os::unix::net::UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    let mut command = devkit(dir.path(), ["fwd", "--json", "-s", "unix:s.sock", "-d", "echo:"]);
    command.stdout(std::os::fd::OwnedFd::from(writer)).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    drop(command);
    let address = format!("unix:{}/s.sock", dir.path().display());
    eventually("it listens", || Conn::try_to(&address).is_ok());
    // More than the socket holds; fewer lines than may wait.
    for _ in 0..1500 {
        Conn::to(&address).ping(b"x");
    }
    let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut reader, &mut text).unwrap();
    assert_eq!(wait(&mut child).code(), Some(0));
    let closed = text.lines().filter(|line| {
        let event: Value = serde_json::from_str(line).expect("each line is whole");
        event["event"] == "closed"
    });
    assert!(closed.count() >= 1500 && !text.contains(r#""event":"lost""#));
}
