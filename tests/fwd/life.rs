//! Signals, draining and the process around the connections.

use std::io::{ErrorKind, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::bytes::{expect, send};
use crate::support::forwarder::Forwarder;
use crate::support::socket::{Backend, Conn, Kind};
use crate::support::{DEVKIT, devkit, eventually, folder, rests, wait};

const MIB: usize = 1024 * 1024;

#[test]
fn an_open_transfer_may_finish_and_then_it_exits() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let dir = folder();
        let backend = Backend::new(Kind::Tcp, dir.path());
        let mut fwd =
            Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &["--drain", "20s"]);
        let mut client = fwd.connect();
        let mut server = backend.accept();
        client.write_all(b"x").unwrap();
        server.exactly(1);
        fwd.signal(signal);
        fwd.says("stopping when 1 open connection is over");
        eventually("new connections are refused", || {
            Conn::try_to(&fwd.address).is_err_and(|e| e.kind() == ErrorKind::ConnectionRefused)
        });
        let sending = thread::spawn(move || {
            send(&mut client, 1, 8 * MIB, MIB).unwrap();
            client.end();
            assert_eq!(client.rest(), b"thanks");
        });
        expect(&mut server, 1, 8 * MIB);
        server.write_all(b"thanks").unwrap();
        let start = Instant::now();
        drop(server);
        sending.join().unwrap();
        assert_eq!(fwd.exit_code(), Some(0));
        assert!(start.elapsed() < Duration::from_secs(5), "it waits for nothing more");
        fwd.says("stopped: 1 connection,");
    }
}

#[test]
fn what_is_still_open_after_the_drain_time_is_cut_by_a_reset() {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let mut fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &["--drain", "500ms"]);
    let mut client = fwd.connect();
    let mut server = backend.accept();
    let start = Instant::now();
    assert_eq!(fwd.stop(), Some(0));
    assert!(start.elapsed() >= Duration::from_millis(500));
    assert_eq!(client.outcome().unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(server.outcome().unwrap_err().kind(), ErrorKind::ConnectionReset);
    fwd.says("cut: stopped");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    for (second, code) in [(Signal::SIGTERM, 143), (Signal::SIGINT, 130)] {
        let dir = folder();
        let backend = Backend::new(Kind::Tcp, dir.path());
        let mut fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &["--drain", "1h"]);
        let mut client = fwd.connect();
        let _server = backend.accept();
        fwd.signal(Signal::SIGTERM);
        fwd.says("a second signal ends it at once");
        let start = Instant::now();
        fwd.signal(second);
        assert_eq!(fwd.exit_code(), Some(code));
        assert!(start.elapsed() < Duration::from_secs(5));
        assert_eq!(client.outcome().unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
}

#[test]
fn a_second_signal_does_not_wait_for_a_log_that_nobody_reads() {
    let dir = folder();
    let mut command = devkit(dir.path(), ["fwd", "--json", "-s", "unix:s.sock", "-d", "echo:"]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let address = format!("unix:{}/s.sock", dir.path().display());
    eventually("it listens", || Conn::try_to(&address).is_ok());
    // More than the pipe holds: the log's thread is stuck in its write.
    for _ in 0..500 {
        Conn::to(&address).ping(b"x");
    }
    // Once it has answered it is open, and not in the backlog any more.
    let mut open = Conn::to(&address);
    open.ping(b"x");
    let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
    for _ in 0..2 {
        nix::sys::signal::kill(pid, Signal::SIGTERM).unwrap();
        // Two at once would count as one.
        eventually("the signal has arrived", || rests(child.id()));
    }
    assert_eq!(wait(&mut child).code(), Some(143));
}

#[test]
fn a_dial_that_hangs_does_not_hold_up_the_stop() {
    let dir = folder();
    let hole = Backend::unix_with_backlog(&dir.path().join("hole.sock"), 0);
    let _occupant = Conn::to(&hole.address);
    let more = ["--connect-timeout", "1h", "--drain", "200ms"];
    let mut fwd = Forwarder::start(Kind::Tcp, &hole.address, dir.path(), &more);
    let mut client = fwd.connect();
    eventually("it is being dialled", || fwd.stats()[0] == 1);
    assert_eq!(fwd.stop(), Some(0));
    assert!(client.outcome().is_err());
}

#[test]
fn statistics_count_what_was_sent_and_a_storm_of_signals_disturbs_nothing() {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let mut fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &[]);
    let mut client = fwd.connect();
    let mut server = backend.accept();
    thread::scope(|scope| {
        scope.spawn(|| {
            send(&mut client, 2, 16 * MIB, MIB).unwrap();
            client.end();
        });
        scope.spawn(|| {
            for _ in 0..1000 {
                fwd.signal(Signal::SIGUSR1);
            }
        });
        expect(&mut server, 2, 16 * MIB);
    });
    server.write_all(b"12345").unwrap();
    assert_eq!(client.exactly(5), b"12345");
    // Still open: bytes of open connections count too.
    assert_eq!(fwd.stats(), [1, 1, 0, 0, 16 * MIB as u64, 5]);
    assert!(fwd.running());
}

#[test]
fn times_beyond_all_clocks_are_never() {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let ages = ["--connect-timeout", "--idle-timeout", "--half-close-timeout", "--drain"];
    let ages: Vec<&str> = ages.iter().flat_map(|flag| [*flag, "2562047788015215h"]).collect();
    let mut fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &ages);
    let mut client = fwd.connect();
    client.write_all(b"x").unwrap();
    client.end();
    let mut server = backend.accept();
    assert_eq!(server.rest(), b"x");
    fwd.signal(Signal::SIGTERM);
    server.write_all(b"y").unwrap();
    drop(server);
    assert_eq!(client.rest(), b"y");
    assert_eq!(fwd.exit_code(), Some(0));
    let args = [&["fwd", "-s", "stdio:", "-d", &backend.address], &ages[..]].concat();
    let mut command = devkit(dir.path(), args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let server = backend.accept();
    let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
    nix::sys::signal::kill(pid, Signal::SIGTERM).unwrap();
    drop(child.stdin.take());
    drop(server);
    assert_eq!(crate::support::finish(child).code, Some(0));
}

#[test]
fn nohup_is_respected() {
    let dir = folder();
    let script = "trap '' HUP; exec \"$0\" fwd -s 127.0.0.1:0 -d echo:";
    let mut command = Command::new("sh");
    command.args(["-c", script, DEVKIT]).current_dir(dir.path());
    let mut fwd = Forwarder::spawn(command);
    fwd.signal(Signal::SIGHUP);
    fwd.connect().ping(b"still there");
    assert_eq!(fwd.stop(), Some(0));
}

#[test]
fn closed_standard_streams_never_mix_with_a_connection() {
    let dir = folder();
    let path = dir.path().join("s.sock");
    let script = "exec \"$0\" fwd -v -s unix:s.sock -d \"$1\" <&- >&- 2>&-";
    let backend = Backend::new(Kind::Tcp, dir.path());
    let mut command = Command::new("sh");
    command.args(["-c", script, DEVKIT, &backend.address]).current_dir(dir.path());
    let mut fwd = Forwarder::spawn_unready(command);
    eventually("it listens", || path.exists() && Conn::try_to(&unix(&path)).is_ok());
    for number in 0..20_u8 {
        let mut client = Conn::to(&unix(&path));
        client.write_all(&[number]).unwrap();
        client.end();
        // The connections of `eventually` come first.
        let mut server = loop {
            let mut server = backend.accept();
            match server.rest().as_slice() {
                [] => {}
                bytes => {
                    assert_eq!(bytes, [number]);
                    break server;
                }
            }
        };
        server.write_all(b"only this").unwrap();
        drop(server);
        assert_eq!(client.rest(), b"only this");
    }
    assert_eq!(fwd.stop(), Some(0));
}

fn unix(path: &std::path::Path) -> String {
    format!("unix:{}", path.display())
}

#[test]
fn it_listens_within_moments() {
    let dir = folder();
    let mut times: Vec<Duration> = (0..5)
        .map(|_| {
            let start = Instant::now();
            let fwd = Forwarder::start(Kind::Tcp, "echo:", dir.path(), &[]);
            fwd.connect().ping(b"up");
            start.elapsed()
        })
        .collect();
    times.sort();
    // The figure is `cargo xtask bench`'s business; this only catches a wait that nobody meant.
    assert!(times[0] < Duration::from_millis(500), "{times:?}");
}
