//! Peers that do not read, descriptors that run out, and many connections at once.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::bytes::{Noise, expect, send};
use crate::support::forwarder::Forwarder;
use crate::support::socket::{Backend, Conn, Kind, TOPOLOGIES, any_takes};
use crate::support::{DEVKIT, copy_for_others, eventually, folder, only_copies, peer, run};

const MIB: usize = 1024 * 1024;

#[test]
fn a_destination_that_does_not_read_holds_the_client_back() {
    // All at once: each is a process of its own, and waits most of its time.
    thread::scope(|scope| {
        for (source, destination) in TOPOLOGIES {
            for size in [1, 150, 64 * 1024] {
                scope.spawn(move || held_back(source, destination, size));
            }
        }
    });
}

fn held_back(source: Kind, destination: Kind, size: usize) {
    let dir = folder();
    let backend = Backend::new(destination, dir.path());
    let fwd = Forwarder::start(source, &backend.address, dir.path(), &[]);
    let mut client = fwd.connect();
    let mut server = backend.accept();
    client.write_all(b"x").unwrap();
    server.exactly(1);
    // Megabytes would fit in between, which are millions of calls where each brings a byte.
    client.0.set_send_buffer_size(64 * 1024).unwrap();
    server.0.set_recv_buffer_size(64 * 1024).unwrap();
    let memory = fwd.memory();
    let pushed = push(&client, size);
    assert!(pushed < 32 * MIB, "{pushed} bytes were taken in");
    let grown = fwd.memory().saturating_sub(memory);
    assert!(grown < 1024, "memory grew by {grown} KiB");
    let used = fwd.cpu_in(Duration::from_millis(500));
    assert!(used <= 0.02, "{used} s of CPU while nothing can move");
    client.end();
    expect(&mut server, 12, pushed);
}

#[test]
fn many_who_do_not_read_share_a_bounded_memory() {
    let dir = folder();
    let backend = Backend::new(Kind::Unix, dir.path());
    let fwd = Forwarder::start(Kind::Unix, &backend.address, dir.path(), &[]);
    let before = fwd.memory();
    let pairs: Vec<(Conn, Conn)> = (0..600).map(|_| (fwd.connect(), backend.accept())).collect();
    let block = vec![0; 256 * 1024];
    for (client, _) in &pairs {
        client.0.set_nonblocking(true).unwrap();
    }
    // Until none of them has taken anything for a while.
    let mut taken = true;
    while taken {
        let clients = || pairs.iter().map(|(client, _)| client);
        let took = clients().filter(|client| (&client.0).write(&block).is_ok()).count();
        taken = took > 0 || any_takes(clients(), Duration::from_millis(300));
    }
    let grown = (fwd.memory() - before) / 1024;
    // 32 MiB are shared; beyond them each gets little. Unbounded it would be 600 times 200 KiB.
    assert!((20..64).contains(&grown), "memory grew by {grown} MiB");
    // And all of it is given back.
    drop(pairs);
    eventually("all are over", || fwd.stats()[0] == 0);
    let mut client = fwd.connect();
    let mut server = backend.accept();
    client.write_all(&block).unwrap();
    server.exactly(block.len());
}

#[test]
fn blocked_streams_share_a_bounded_number_of_pipes_and_lose_nothing() {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &[]);
    let before = fwd.descriptors();
    let pairs: Vec<(Conn, Conn)> = (0..100).map(|_| (fwd.connect(), backend.accept())).collect();
    // Twice what the sockets on the way hold, so that every receiver is blocked in the middle.
    let size = 16 * MIB;
    thread::scope(|scope| {
        for (client, _) in &pairs {
            let mut writer = client.half();
            scope.spawn(move || {
                send(&mut writer, 21, size, MIB).unwrap();
                writer.end();
            });
        }
        let mut last = 0;
        eventually("nothing moves any more", || {
            // To move nothing takes a time in which something could.
            thread::sleep(Duration::from_millis(200));
            let now = fwd.stats()[4];
            std::mem::replace(&mut last, now) == now
        });
        let more = fwd.descriptors() - before - 200;
        let wanted = if only_copies() { 0..=0 } else { 2..=64 };
        assert!(wanted.contains(&more), "{more} descriptors of pipes");
        for (_, server) in &pairs {
            let mut reader = server.half();
            scope.spawn(move || expect(&mut reader, 21, size));
        }
    });
    // A few are kept for the next stream; no connection has one.
    let more = fwd.descriptors() - before - 200;
    assert!(more <= 16, "{more} descriptors of pipes");
}

/// Writes noise, `size` bytes at a time, until nothing has been taken for a while.
fn push(conn: &Conn, size: usize) -> usize {
    let mut noise = Noise::new(12);
    let mut total = 0;
    conn.0.set_nonblocking(true).unwrap();
    let mut block: Vec<u8> = Vec::new();
    loop {
        if block.is_empty() {
            block = noise.take(size);
        }
        match (&conn.0).write(&block) {
            Ok(count) => {
                total += count;
                block.drain(..count);
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                if !any_takes([conn], Duration::from_millis(200)) {
                    break;
                }
            }
        }
    }
    conn.0.set_nonblocking(false).unwrap();
    total
}

#[test]
fn idle_connections_hold_two_descriptors_and_no_buffers() {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &[]);
    let pair = || {
        let mut client = fwd.connect();
        let mut server = backend.accept();
        // Each has streamed once: what that took must have been given back.
        let block = vec![7; 256 * 1024];
        thread::scope(|scope| {
            scope.spawn(|| client.write_all(&block).unwrap());
            server.exactly(block.len());
        });
        (client, server)
    };
    let _first: Vec<_> = (0..100).map(|_| pair()).collect();
    let (memory, descriptors) = (fwd.memory(), fwd.descriptors());
    let _more: Vec<_> = (0..1000).map(|_| pair()).collect();
    assert_eq!(fwd.descriptors() - descriptors, 2000);
    let each = (fwd.memory() - memory) * 1024 / 1000;
    // A debug build; the figure for the release build is the bench's.
    assert!(each < 4096, "{each} bytes per idle connection");
}

#[test]
fn more_clients_than_descriptors_are_served_one_after_the_other() {
    let dir = folder();
    let address = Backend::echo(Kind::Tcp, dir.path());
    let script = "ulimit -n 48; exec \"$0\" fwd -s 127.0.0.1:0 -d \"$1\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, DEVKIT, &address]).current_dir(dir.path());
    let mut fwd = Forwarder::spawn(command);
    let mut clients: Vec<Conn> = (0..80).map(|_| fwd.connect()).collect();
    for client in &mut clients {
        client.write_all(b"hello").unwrap();
    }
    fwd.says("the most at once: new ones wait");
    let used = fwd.cpu_in(Duration::from_secs(1));
    assert!(used <= 0.05, "{used} s of CPU in 1 s");
    assert!(fwd.running());
    assert!(fwd.stderr().lines().count() <= 4, "{}", fwd.stderr());
    // Nobody was turned away: each gets its answer when its turn comes.
    for mut client in clients {
        client.end();
        assert_eq!(client.rest(), b"hello");
    }
    let start = Instant::now();
    fwd.connect().ping(b"new");
    assert!(start.elapsed() < Duration::from_millis(1500));
}

#[test]
fn without_any_descriptor_left_it_waits_quietly_and_goes_on() {
    let Some(prlimit) = peer::need("prlimit") else { return };
    let dir = folder();
    let address = Backend::echo(Kind::Tcp, dir.path());
    let fwd = Forwarder::start(Kind::Tcp, &address, dir.path(), &[]);
    let mut first = fwd.connect();
    first.ping(b"before");
    let limit = |number: usize| {
        let mut command = Command::new(&prlimit);
        command.args(["--pid", &fwd.pid().to_string(), &format!("--nofile={number}:")]);
        assert_eq!(run(command).code, Some(0));
    };
    // None for accept, and then one: enough to accept, and none for the dial.
    for spare in [0, 1] {
        limit(fwd.descriptors() + spare);
        let waiting: Vec<Conn> = (0..20).map(|_| fwd.connect()).collect();
        fwd.says("no file descriptor left");
        let lines = fwd.stderr().lines().count();
        let used = fwd.cpu_in(Duration::from_secs(1));
        assert!(used <= 0.05, "{used} s of CPU in 1 s");
        assert!(fwd.stderr().lines().count() <= lines + 1, "{}", fwd.stderr());
        first.ping(b"still served");
        drop(waiting);
        limit(1000);
        let start = Instant::now();
        fwd.connect().ping(b"after");
        assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
        eventually("the rest is over", || fwd.stats()[0] == 1);
    }
}

#[test]
fn the_soft_descriptor_limit_is_raised() {
    let dir = folder();
    let script = "ulimit -Sn 64; exec \"$0\" fwd -s 127.0.0.1:0 -d echo:";
    let mut command = Command::new("sh");
    command.args(["-c", script, DEVKIT]).current_dir(dir.path());
    let fwd = Forwarder::spawn(command);
    let limits = fs::read_to_string(format!("/proc/{}/limits", fwd.pid())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let numbers: Vec<&str> = line.split_whitespace().skip(3).take(2).collect();
    assert_eq!(numbers[0], numbers[1], "{line}");
    let mut conns: Vec<Conn> = (0..100).map(|_| fwd.connect()).collect();
    for conn in &mut conns {
        conn.ping(b"all at once");
    }
}

#[test]
fn no_more_than_max_connections_are_open_and_the_rest_waits() {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let more = ["--max-connections", "2"];
    let fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &more);
    let clients: Vec<Conn> = (0..4).map(|_| fwd.connect()).collect();
    let first = backend.accept();
    let _second = backend.accept();
    assert!(backend.accept_within(Duration::from_millis(300)).is_none());
    assert_eq!(fwd.stats()[0], 2);
    first.reset();
    let _third = backend.accept();
    assert!(backend.accept_within(Duration::from_millis(300)).is_none());
    drop(clients);
}

/// Pipes that a process has open, each once.
fn pipes(pid: u32) -> usize {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let targets = entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    let names = targets.filter(|target| target.to_string_lossy().starts_with("pipe:"));
    names.collect::<std::collections::BTreeSet<_>>().len()
}

/// Where readers pause: how many have come, and whether they may go on.
#[derive(Default)]
struct Gate {
    come: AtomicUsize,
    open: AtomicBool,
}

/// Reads a while, and pauses.
struct Pausing<'a> {
    conn: Conn,
    left: usize,
    gate: &'a Gate,
}

impl Read for Pausing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.conn.read(buffer)?;
        if self.left > 0 {
            self.left = self.left.saturating_sub(count);
            if self.left == 0 {
                self.gate.come.fetch_add(1, SeqCst);
                eventually("the gate opens", || self.gate.open.load(SeqCst));
            }
        }
        Ok(count)
    }
}

/// A user's pipes are 64 KiB or more only as long as there are few of them, and these streams want
/// one each, all at once: once they flow, nobody reads them until all are stuck.
#[test]
fn six_hundred_streams_of_an_unprivileged_user_complete() {
    const STREAMS: usize = 600;
    /// As in the library: half of what such a user may have.
    const MOST_PIPES: usize = 32;
    const AMOUNT: usize = 2 * MIB;
    let Some(setpriv) = peer::need("setpriv") else { return };
    if !peer::need_root() {
        return;
    }
    let dir = folder();
    let devkit = copy_for_others(dir.path());
    let path = dir.path().join("slow.sock");
    let backend = Backend::unix(&path);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let mut command = std::process::Command::new(setpriv);
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(devkit);
    command.args(["fwd", "-s", "127.0.0.1:0", "-d", &backend.address]).current_dir(dir.path());
    let fwd = Forwarder::spawn(command);
    let pairs: Vec<(Conn, Conn)> =
        (0..STREAMS).map(|_| (fwd.connect(), backend.accept())).collect();
    let (gate, before) = (Gate::default(), pipes(fwd.pid()));
    thread::scope(|scope| {
        for (seed, (mut client, server)) in (0_u64..).zip(pairs) {
            let mut server = Pausing { conn: server, left: MIB, gate: &gate };
            scope.spawn(move || {
                send(&mut client, seed, AMOUNT, 256 * 1024).unwrap();
                client.end();
                assert_eq!(client.rest(), seed.to_le_bytes(), "the answer");
            });
            scope.spawn(move || {
                expect(&mut server, seed, AMOUNT);
                server.conn.write_all(&seed.to_le_bytes()).unwrap();
            });
        }
        eventually("all flow", || gate.come.load(SeqCst) == STREAMS);
        let most = if only_copies() { 0 } else { MOST_PIPES };
        eventually("as many pipes as there may be", || pipes(fwd.pid()) == before + most);
        gate.open.store(true, SeqCst);
    });
    eventually("all are over", || fwd.stats()[0] == 0);
    assert_eq!(fwd.stats()[..3], [0, STREAMS as u64, 0]);
}

#[test]
fn connections_are_shared_among_workers_and_end_with_them() {
    let dir = folder();
    let backend = Backend::new(Kind::Unix, dir.path());
    let mut fwd =
        Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &["--workers", "3", "-v"]);
    // Nanoseconds on a CPU, of each worker thread.
    let worked = |fwd: &Forwarder| -> Vec<u64> {
        let tasks = fs::read_dir(format!("/proc/{}/task", fwd.pid())).unwrap();
        let tasks = tasks.map(|task| task.unwrap().path());
        let workers = tasks.filter(|task| {
            fs::read_to_string(task.join("comm")).is_ok_and(|name| name.starts_with("worker"))
        });
        workers
            .map(|task| fs::read_to_string(task.join("schedstat")).unwrap())
            .map(|text| text.split(' ').next().unwrap().parse().unwrap())
            .collect()
    };
    // A thread names itself, and may not have come to that yet.
    eventually("two besides the thread that accepts", || worked(&fwd).len() == 2);
    let before = worked(&fwd);
    let mut pairs: Vec<(Conn, Conn)> = (0..6).map(|_| (fwd.connect(), backend.accept())).collect();
    let mut buffer = [0; 4];
    for (client, server) in &mut pairs {
        client.write_all(b"ping").unwrap();
        std::io::Read::read_exact(server, &mut buffer).unwrap();
        assert_eq!(&buffer, b"ping");
    }
    for (before, after) in before.iter().zip(worked(&fwd)) {
        assert!(after > *before, "a worker that carries nothing");
    }
    assert_eq!(fwd.stats()[0], 6);
    // In good order: five end by themselves, and the one that does not is cut by a second signal.
    fwd.signal(nix::sys::signal::Signal::SIGTERM);
    fwd.says("stopping when 6 open");
    let (mut last, _held) = pairs.pop().unwrap();
    for (client, mut server) in pairs {
        client.end();
        assert_eq!(server.rest(), b"");
        drop(server);
    }
    assert!(fwd.running());
    fwd.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(fwd.exit_code(), Some(143));
    assert_eq!(last.outcome().unwrap_err().kind(), ErrorKind::ConnectionReset);
}
