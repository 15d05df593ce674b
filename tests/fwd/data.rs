//! Bytes in are bytes out.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};

use crate::support::bytes::{Noise, expect, receive, send};
use crate::support::forwarder::Forwarder;
use crate::support::socket::{Backend, Conn, Kind, TOPOLOGIES};
use crate::support::{folder, peer};

const MIB: usize = 1024 * 1024;

#[test]
fn random_bytes_both_ways_at_once() {
    for (source, destination) in TOPOLOGIES {
        let dir = folder();
        let backend = Backend::new(destination, dir.path());
        let mut fwd = Forwarder::start(source, &backend.address, dir.path(), &[]);
        let client = fwd.connect();
        let server = backend.accept();
        both_ways(&client, &server, 64 * MIB, 128 * 1024);
        let [_, total, failed, _, up, down] = fwd.stats();
        assert_eq!((total, failed), (1, 0));
        assert_eq!((up, down), (64 * MIB as u64, 64 * MIB as u64));
        assert_eq!(fwd.stop(), Some(0));
    }
}

/// Sends `count` bytes each way at once, with a FIN after, and checks every byte.
fn both_ways(client: &Conn, server: &Conn, count: usize, chunk: usize) {
    thread::scope(|scope| {
        for (from, to, seed) in [(client, server, 1), (server, client, 2)] {
            let (mut from, mut to) = (from.half(), to.half());
            scope.spawn(move || {
                send(&mut from, seed, count, chunk).unwrap();
                from.end();
            });
            scope.spawn(move || expect(&mut to, seed, count));
        }
    });
}

#[test]
fn mixed_sizes_pauses_and_stalls() {
    for (source, destination) in TOPOLOGIES {
        let dir = folder();
        let backend = Backend::new(destination, dir.path());
        let fwd = Forwarder::start(source, &backend.address, dir.path(), &[]);
        let client = fwd.connect();
        let server = backend.accept();
        thread::scope(|scope| {
            for (from, to, seed) in [(&client, &server, 3), (&server, &client, 4)] {
                let (mut from, mut to) = (from.half(), to.half());
                scope.spawn(move || {
                    let (mut noise, mut dice) = (Noise::new(seed), Noise::new(seed + 100));
                    let mut left = 24 * MIB;
                    while left > 0 {
                        // From one byte to a MiB, each size as likely as its double.
                        let size = (1 << (dice.number() % 21)).min(left);
                        from.write_all(&noise.take(size)).unwrap();
                        left -= size;
                        // The pauses are what is tested.
                        if dice.number() % 16 == 0 {
                            thread::sleep(Duration::from_millis(dice.number() % 4));
                        }
                    }
                    from.end();
                });
                scope.spawn(move || {
                    // A reader that stalls now and then.
                    let mut stalling = Stalling { conn: to.half(), dice: Noise::new(seed + 200) };
                    expect(&mut stalling, seed, 24 * MIB);
                    let _ = to.flush();
                });
            }
        });
    }
}

/// A reader that pauses now and then: the pauses are what is tested.
struct Stalling {
    conn: Conn,
    dice: Noise,
}

impl std::io::Read for Stalling {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.dice.number().is_multiple_of(64) {
            thread::sleep(Duration::from_millis(self.dice.number() % 20));
        }
        self.conn.read(buffer)
    }
}

#[test]
fn resets_of_some_leave_the_others_whole() {
    for (source, destination) in TOPOLOGIES {
        let dir = folder();
        let address = Backend::new(destination, dir.path()).serve(|mut conn| {
            let mut reader = conn.half();
            let _ = std::io::copy(&mut reader, &mut conn);
            conn.end();
        });
        let fwd = Forwarder::start(source, &address, dir.path(), &[]);
        thread::scope(|scope| {
            for number in 0..64_u64 {
                let client = fwd.connect();
                scope.spawn(move || {
                    let count = if number % 2 == 0 { 2 * MIB } else { MIB / 2 };
                    let mut writer = client.half();
                    let writing = thread::spawn(move || {
                        let sent = send(&mut writer, number, count, 32 * 1024);
                        if number % 2 == 0 {
                            sent.unwrap();
                            writer.end();
                        }
                    });
                    let mut reader = client.half();
                    if number % 2 == 0 {
                        expect(&mut reader, number, count);
                    } else {
                        // Half of the echo, and away.
                        let got = reader.exactly(MIB / 4);
                        assert!(got == Noise::new(number).take(MIB / 4));
                        drop(reader);
                        client.reset();
                    }
                    writing.join().unwrap();
                });
            }
        });
    }
}

#[test]
fn small_messages_after_bulk_are_not_held_back() {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &[]);
    let mut client = fwd.connect();
    let mut server = backend.accept();
    let reading = thread::spawn(move || {
        let mut noise = Noise::new(5);
        let mut left = 16 * MIB;
        while left > 0 {
            let now = left.min(64 * 1024);
            assert!(server.exactly(now) == noise.take(now));
            left -= now;
        }
        for _ in 0..100 {
            let byte = server.exactly(1);
            server.write_all(&byte).unwrap();
        }
    });
    client.0.set_tcp_nodelay(true).unwrap();
    send(&mut client, 5, 16 * MIB, MIB).unwrap();
    let mut times: Vec<Duration> = (0..100_u8)
        .map(|byte| {
            let start = Instant::now();
            client.ping(&[byte]);
            start.elapsed()
        })
        .collect();
    reading.join().unwrap();
    // A corked tail costs 40 ms (delayed ACK) to 200 ms each time; a busy machine, only sometimes.
    times.sort();
    assert!(times[50] < Duration::from_millis(30), "{times:?}");
}

#[test]
fn one_saturating_stream_does_not_starve_the_rest() {
    let dir = folder();
    let address = Backend::new(Kind::Tcp, dir.path()).serve(|mut conn| {
        // The first byte says what this connection is: 'b'ulk is thrown away, the rest echoed.
        let first = conn.exactly(1);
        if first == b"b" {
            let _ = conn.outcome();
        } else {
            conn.write_all(&first).unwrap();
            let mut reader = conn.half();
            let _ = std::io::copy(&mut reader, &mut conn);
        }
    });
    let fwd = Forwarder::start(Kind::Tcp, &address, dir.path(), &[]);
    let mut bulk = fwd.connect();
    let stop = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let block = vec![b'b'; MIB];
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                bulk.write_all(&block).unwrap();
            }
        });
        let players: Vec<_> = (0..32)
            .map(|_| {
                let mut client = fwd.connect();
                scope.spawn(move || {
                    let rounds = (0..25).map(|_| {
                        let now = Instant::now();
                        client.ping(b"ping");
                        now.elapsed()
                    });
                    rounds.max().expect("there were some")
                })
            })
            .collect();
        let results: Vec<_> =
            players.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        for result in results {
            let worst = result.unwrap();
            assert!(worst < Duration::from_secs(1), "{worst:?}");
        }
    });
}

#[test]
fn five_thousand_short_connections_leave_nothing_behind() {
    let dir = folder();
    let address = Backend::echo(Kind::Tcp, dir.path());
    let fwd = Forwarder::start(Kind::Tcp, &address, dir.path(), &[]);
    fwd.connect().ping(b"warm");
    crate::support::eventually("the first is over", || fwd.stats()[0] == 0);
    let before = fwd.descriptors();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..1125_u32 {
                    short(&fwd, number);
                }
            });
        }
    });
    thread::scope(|scope| {
        for number in 0..500_u32 {
            let fwd = &fwd;
            scope.spawn(move || short(fwd, number));
        }
    });
    crate::support::eventually("all are over", || fwd.stats()[0] == 0);
    let [_, total, failed, ..] = fwd.stats();
    assert_eq!((total, failed), (5001, 0));
    assert_eq!(fwd.descriptors(), before);
    assert_eq!(close_wait(&fwd.address) + close_wait(&address), 0);
}

fn short(fwd: &Forwarder, number: u32) {
    let mut conn = fwd.connect();
    conn.write_all(&number.to_le_bytes()).unwrap();
    conn.end();
    assert_eq!(conn.rest(), number.to_le_bytes());
}

/// Sockets with a port at either end that still wait for their owner to close them.
fn close_wait(address: &str) -> usize {
    let port: u16 = address.rsplit(':').next().unwrap().parse().unwrap();
    let port = format!(":{port:04X}");
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|f| f.len() > 3 && f[3] == "08" && (f[1].ends_with(&port) || f[2].ends_with(&port)))
        .count()
}

#[test]
fn data_sent_before_the_dial_is_not_lost() {
    let dir = folder();
    let backend = Backend::unix_with_backlog(&dir.path().join("full.sock"), 0);
    // The backlog is full, so the dial has to wait.
    let _occupant = Conn::to(&backend.address);
    let fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &[]);
    let mut client = fwd.connect();
    send(&mut client, 6, 1000, 1000).unwrap();
    client.end();
    backend.accept();
    let mut server = backend.accept();
    assert_eq!(receive(&mut server, 6).unwrap(), 1000);
}

#[test]
fn bytes_behind_a_passed_descriptor_are_not_held_back() {
    // Two messages that are read together: the kernel ends a read behind the first.
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let fwd = Forwarder::start(Kind::Unix, &backend.address, dir.path(), &[]);
    let mut client = fwd.connect();
    let mut server = backend.accept();
    client.write_all(b"x").unwrap();
    server.exactly(1);
    fwd.signal(Signal::SIGSTOP);
    let folder = std::fs::File::open(dir.path()).unwrap();
    let passed = [ControlMessage::ScmRights(&[folder.as_raw_fd()])];
    let message = [std::io::IoSlice::new(&[b'A'; 100])];
    sendmsg::<()>(client.0.as_raw_fd(), &message, &passed, MsgFlags::empty(), None).unwrap();
    client.write_all(&[b'B'; 100]).unwrap();
    fwd.signal(Signal::SIGCONT);
    assert_eq!(server.exactly(200), [[b'A'; 100], [b'B'; 100]].concat());
}

#[test]
fn streams_are_spliced_and_messages_are_not() {
    let Some(strace) = peer::need("strace") else { return };
    let copied = (Kind::Tcp, Kind::Tcp, "copy");
    let adaptive = TOPOLOGIES.map(|(source, destination)| (source, destination, "adaptive"));
    for (source, destination, engine) in adaptive.into_iter().chain([copied]) {
        let dir = folder();
        let backend = Backend::new(destination, dir.path());
        let more = ["--engine", engine];
        let fwd = Forwarder::start(source, &backend.address, dir.path(), &more);
        let mut client = fwd.connect();
        let mut server = backend.accept();
        let log = dir.path().join("strace");
        let mut command = std::process::Command::new(&strace);
        command.args(["-f", "-e", "trace=splice", "-o"]).arg(&log);
        command.args(["-p", &fwd.pid().to_string()]).stderr(std::process::Stdio::piped());
        let mut tracing = command.spawn().unwrap();
        let mut said = BufReader::new(tracing.stderr.take().unwrap());
        said.read_line(&mut String::new()).unwrap();
        let calls = || {
            let text = std::fs::read_to_string(&log).unwrap();
            assert!(!text.contains("SPLICE_F_MORE"), "the last bytes would be held back");
            text.matches("splice(").count()
        };
        for _ in 0..50 {
            client.write_all(b"message").unwrap();
            assert_eq!(server.exactly(7), b"message");
        }
        assert_eq!(calls(), 0);
        thread::scope(|scope| {
            scope.spawn(|| expect(&mut server, 31, 32 * MIB));
            send(&mut client, 31, 32 * MIB, MIB).unwrap();
            client.end();
        });
        nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(tracing.id().cast_signed()),
            Signal::SIGINT,
        )
        .unwrap();
        crate::support::wait(&mut tracing);
        // From Unix to TCP the kernel would copy all the same.
        let spliced = calls() > 0;
        let wanted = engine == "adaptive" && (source, destination) != (Kind::Unix, Kind::Tcp);
        assert_eq!(spliced, wanted, "{source:?} to {destination:?}, {engine}");
    }
}
