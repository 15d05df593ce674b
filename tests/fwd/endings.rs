//! Half-closes, resets and time-outs.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::support::bytes::{expect, receive, send};
use crate::support::forwarder::Forwarder;
use crate::support::socket::{Backend, Conn, Kind, TOPOLOGIES, any_takes, parse};
use crate::support::{eventually, folder};

const MIB: usize = 1024 * 1024;

#[test]
fn a_reply_fifteen_seconds_after_the_clients_fin_arrives() {
    thread::scope(|scope| {
        for (source, destination) in TOPOLOGIES {
            scope.spawn(move || {
                let dir = folder();
                let backend = Backend::new(destination, dir.path());
                let fwd = Forwarder::start(source, &backend.address, dir.path(), &[]);
                let mut client = fwd.connect();
                client.write_all(b"request").unwrap();
                client.end();
                let mut server = backend.accept();
                assert_eq!(server.rest(), b"request");
                // The time is what is tested: longer than every limit that is not of hours.
                thread::sleep(Duration::from_secs(15));
                server.write_all(b"reply").unwrap();
                drop(server);
                assert_eq!(client.rest(), b"reply", "{source:?} {destination:?}");
            });
        }
    });
}

#[test]
fn a_client_may_go_on_for_ten_seconds_after_the_destinations_fin() {
    thread::scope(|scope| {
        for (source, destination) in TOPOLOGIES {
            scope.spawn(move || {
                let dir = folder();
                let backend = Backend::new(destination, dir.path());
                let fwd = Forwarder::start(source, &backend.address, dir.path(), &[]);
                let mut client = fwd.connect();
                let mut server = backend.accept();
                server.write_all(b"hello").unwrap();
                server.end();
                assert_eq!(client.rest(), b"hello");
                for second in 0..10_u8 {
                    client.write_all(&[second]).unwrap();
                    // The time is what is tested: ten seconds, and something in each.
                    thread::sleep(Duration::from_secs(1));
                }
                client.end();
                assert_eq!(
                    server.rest(),
                    (0..10).collect::<Vec<u8>>(),
                    "{source:?} {destination:?}"
                );
            });
        }
    });
}

#[test]
fn a_slow_reader_gets_all_of_what_came_before_the_close() {
    thread::scope(|scope| {
        for (source, destination) in TOPOLOGIES {
            scope.spawn(move || {
                let dir = folder();
                let backend = Backend::new(destination, dir.path());
                let fwd = Forwarder::start(source, &backend.address, dir.path(), &[]);
                let client = fwd.connect();
                let mut server = backend.accept();
                thread::spawn(move || send(&mut server, 7, 8 * MIB, MIB).unwrap());
                let mut slow = Slow { conn: client, read: 0 };
                expect(&mut slow, 7, 8 * MIB);
            });
        }
    });
}

/// Reads a MiB, then waits an eighth of a second: slow is what it is.
struct Slow {
    conn: Conn,
    read: usize,
}

impl Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.read >= MIB {
            self.read = 0;
            thread::sleep(Duration::from_millis(125));
        }
        let count = self.conn.read(buffer)?;
        self.read += count;
        Ok(count)
    }
}

#[test]
fn a_destinations_reset_reaches_the_client_as_a_reset() {
    for destination in [Kind::Tcp, Kind::Unix] {
        let dir = folder();
        let backend = Backend::new(destination, dir.path());
        let fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &[]);
        let mut client = fwd.connect();
        let mut server = backend.accept();
        if destination == Kind::Unix {
            // A Unix socket resets by closing with something unread.
            client.write_all(b"never read").unwrap();
            eventually("it is there", || {
                server.0.peek(&mut [std::mem::MaybeUninit::uninit(); 1]).is_ok()
            });
        }
        let reading = thread::spawn(move || receive(&mut client, 8).unwrap_err());
        send(&mut server, 8, MIB, MIB).unwrap();
        // A reset destroys what the server's own kernel has not sent yet.
        eventually("all of it is on its way", || fwd.stats()[5] == MIB as u64);
        server.reset();
        let (got, error) = reading.join().unwrap();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{destination:?} after {got}");
        assert_eq!(got, MIB, "{destination:?}");
        fwd.says("reset by the destination");
    }
}

#[test]
fn a_clients_reset_reaches_the_destination_within_a_second() {
    // While nothing flows, while the client had ended its direction, and while the destination
    // holds the client back.
    for state in ["idle", "half-closed", "blocked"] {
        let dir = folder();
        let backend = Backend::new(Kind::Tcp, dir.path());
        let fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &[]);
        let mut client = fwd.connect();
        client.write_all(b"x").unwrap();
        let mut server = backend.accept();
        server.exactly(1);
        match state {
            "half-closed" => {
                client.end();
                assert_eq!(server.rest(), b"");
            }
            "blocked" => fill(&client),
            _ => {}
        }
        client.reset();
        let start = Instant::now();
        let noticed = || match server.0.take_error().unwrap() {
            Some(error) => {
                // After a FIN the kernel calls a reset EPIPE.
                let kinds = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
                assert!(kinds.contains(&error.kind()), "{state}: {error:?}");
                true
            }
            None => false,
        };
        eventually("the destination notices", noticed);
        assert!(start.elapsed() < Duration::from_secs(2), "{state}: {:?}", start.elapsed());
        fwd.says("reset by the client");
        eventually("nothing is left open", || fwd.stats()[0] == 0);
    }
}

/// Writes until nothing has been taken for a fifth of a second.
fn fill(conn: &Conn) {
    conn.0.set_nonblocking(true).unwrap();
    let block = vec![0; MIB];
    while (&conn.0).write(&block).is_ok() || any_takes([conn], Duration::from_millis(200)) {}
}

#[test]
fn an_answer_that_ended_is_delivered_even_if_a_reset_follows() {
    for destination in [Kind::Tcp, Kind::Unix] {
        let dir = folder();
        let backend = Backend::new(destination, dir.path());
        let fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &[]);
        let mut client = fwd.connect();
        send(&mut client, 9, MIB, MIB).unwrap();
        client.end();
        let mut server = backend.accept();
        expect(&mut server, 9, MIB);
        // As much as fits into the client's buffers: it does not read before the reset.
        let answer = 96 * 1024;
        send(&mut server, 10, answer, MIB).unwrap();
        server.end();
        eventually("it is on its way", || fwd.stats()[5] == answer as u64);
        server.reset();
        expect(&mut client, 10, answer);
    }
}

#[test]
fn an_answer_is_delivered_though_the_request_was_not_read() {
    // As a web server does that refuses an upload: answer, FIN, and close with the rest unread.
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &[]);
    let mut client = fwd.connect();
    let mut server = backend.accept();
    let mut writer = client.half();
    let uploading = thread::spawn(move || {
        // The end of this is what is being tested: it must come.
        let block = vec![0; 64 * 1024];
        while writer.write_all(&block).is_ok() {}
    });
    server.exactly(64 * 1024);
    send(&mut server, 11, MIB / 2, MIB).unwrap();
    server.end();
    // What was sent has to leave the server before its own reset destroys it.
    eventually("the answer is on its way", || fwd.stats()[5] == MIB as u64 / 2);
    drop(server);
    match receive(&mut client, 11) {
        Ok(got) | Err((got, _)) => assert_eq!(got, MIB / 2),
    }
    uploading.join().unwrap();
    eventually("nothing is left open", || fwd.stats()[0] == 0);
}

#[test]
fn a_destination_that_refuses_is_seen_as_a_reset_and_dialled_again() {
    for kind in [Kind::Tcp, Kind::Unix] {
        let dir = folder();
        let address = match kind {
            Kind::Tcp => format!("tcp://{}", free_port()),
            Kind::Unix => format!("unix:{}/late.sock", dir.path().display()),
        };
        let mut fwd = Forwarder::start(Kind::Tcp, &address, dir.path(), &[]);
        let start = Instant::now();
        let refused = fwd.connect().outcome().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionReset);
        assert!(start.elapsed() < Duration::from_secs(1));
        let line = fwd.says("#1 failed");
        let cause = if kind == Kind::Tcp { "connection refused" } else { "no such socket file" };
        assert!(line.contains(&address) && line.contains(cause), "{line}");
        assert!(fwd.running());
        let backend = match kind {
            Kind::Tcp => Backend::tcp(address.trim_start_matches("tcp://")),
            Kind::Unix => Backend::unix(&dir.path().join("late.sock")),
        };
        let mut client = fwd.connect();
        client.write_all(b"now").unwrap();
        assert_eq!(backend.accept().exactly(3), b"now");
    }
}

/// An address that was free a moment ago.
fn free_port() -> std::net::SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn a_unix_client_of_a_destination_that_refuses_sees_a_reset_once_it_has_spoken() {
    let dir = folder();
    // Held back in a full backlog until the client has spoken; then the file is gone.
    let path = dir.path().join("full.sock");
    let backend = Backend::unix_with_backlog(&path, 0);
    let _occupant = Conn::to(&backend.address);
    let fwd = Forwarder::start(Kind::Unix, &backend.address, dir.path(), &[]);
    let mut client = fwd.connect();
    client.write_all(b"request").unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(client.outcome().unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_black_hole_costs_the_connect_timeout_and_nobody_else() {
    let dir = folder();
    for kind in [Kind::Tcp, Kind::Unix] {
        let hole = match kind {
            Kind::Tcp => tcp_hole(),
            Kind::Unix => {
                let backend = Backend::unix_with_backlog(&dir.path().join("hole.sock"), 0);
                let occupant = Conn::to(&backend.address);
                (backend, vec![occupant])
            }
        };
        let more = ["--connect-timeout", "1s"];
        let fwd = Forwarder::start(Kind::Tcp, &hole.0.address, dir.path(), &more);
        let start = Instant::now();
        let mut first = fwd.connect();
        let _second = fwd.connect();
        assert!(first.outcome().is_err());
        let took = start.elapsed();
        assert!(took > Duration::from_millis(900) && took < Duration::from_secs(5), "{took:?}");
        assert!(fwd.says("#1 failed").contains("no answer within 1s"));
    }
}

/// A listener whose backlog is full: the kernel drops further SYNs.
fn tcp_hole() -> (Backend, Vec<Conn>) {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let occupant = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    occupant.connect(&address).unwrap();
    let address = format!("tcp://{}", address.as_socket().unwrap());
    (Backend::adopt(listener, address), vec![Conn::new(occupant)])
}

#[test]
fn a_half_closed_connection_that_is_quiet_is_cut_by_its_timeout() {
    thread::scope(|scope| {
        for (source, destination) in TOPOLOGIES {
            scope.spawn(move || half_closed_and_quiet(source, destination));
        }
    });
}

fn half_closed_and_quiet(source: Kind, destination: Kind) {
    let dir = folder();
    let backend = Backend::new(destination, dir.path());
    let more = ["--half-close-timeout", "1s"];
    let fwd = Forwarder::start(source, &backend.address, dir.path(), &more);
    let mut open = fwd.connect();
    let mut open_server = backend.accept();
    let mut client = fwd.connect();
    client.end();
    let mut server = backend.accept();
    assert_eq!(server.rest(), b"");
    let start = Instant::now();
    // Every byte starts the time anew: half the limit after the one before.
    for _ in 0..4 {
        thread::sleep(Duration::from_millis(500));
        server.write_all(b"x").unwrap();
    }
    let outcome = client.outcome();
    assert!(start.elapsed() >= Duration::from_millis(2900), "{:?}", start.elapsed());
    if source == Kind::Tcp {
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
    fwd.says("cut: half-closed and idle");
    // One that is fully open is not touched.
    open.write_all(b"still").unwrap();
    assert_eq!(open_server.exactly(5), b"still");
}

#[test]
fn an_open_connection_is_cut_by_the_idle_timeout_only() {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &["--idle-timeout", "1s"]);
    let mut client = fwd.connect();
    let mut server = backend.accept();
    let start = Instant::now();
    // Every byte starts the time anew: half the limit after the one before.
    for _ in 0..4 {
        thread::sleep(Duration::from_millis(500));
        client.write_all(b"x").unwrap();
        server.exactly(1);
    }
    assert_eq!(client.outcome().unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(start.elapsed() >= Duration::from_millis(2900));
    assert!(server.outcome().is_err());
    fwd.says("cut: idle");
    let echo = Forwarder::start(Kind::Tcp, "echo:", dir.path(), &["--idle-timeout", "300ms"]);
    assert!(echo.connect().outcome().is_err());
    echo.says("cut: idle");
}

#[test]
fn keepalive_is_on_at_both_ends() {
    let Some(ss) = crate::support::peer::need("ss") else { return };
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &[]);
    let _client = fwd.connect();
    let _server = backend.accept();
    let mut command = std::process::Command::new(ss);
    command.args(["-t", "-n", "-o", "-p"]);
    let ran = crate::support::run(command);
    let pid = format!("pid={},", fwd.pid());
    let own: Vec<_> = ran.stdout.lines().filter(|line| line.contains(&pid)).collect();
    let alive = own.iter().filter(|line| line.contains("timer:(keepalive"));
    assert_eq!(alive.count(), 2, "{own:#?}");
}

#[test]
fn an_answer_that_is_reset_at_once_is_delivered_too() {
    // The destination may have answered and gone before devkit looks at the new connection.
    for _ in 0..50 {
        let dir = folder();
        let backend = Backend::new(Kind::Tcp, dir.path());
        let fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &[]);
        let mut client = fwd.connect();
        let mut server = backend.accept();
        server.write_all(b"go away").unwrap();
        server.reset();
        let (got, error) = match receive_text(&mut client) {
            Err(both) => both,
            Ok(got) => panic!("a proper end after {got:?}"),
        };
        assert_eq!((got.as_slice(), error), (&b"go away"[..], ErrorKind::ConnectionReset));
    }
}

fn receive_text(conn: &mut Conn) -> Result<Vec<u8>, (Vec<u8>, ErrorKind)> {
    let mut got = Vec::new();
    match conn.read_to_end(&mut got) {
        Ok(_) => Ok(got),
        Err(error) => Err((got, error.kind())),
    }
}

/// A client that takes little at a time and pauses before each sip, so that most of what is sent to
/// it waits elsewhere. Slow is what it is.
struct Sipping {
    conn: Conn,
    pause: Duration,
}

impl Sipping {
    fn connect(fwd: &Forwarder, pause: Duration) -> Self {
        let (domain, address) = parse(&fwd.address);
        let socket = Socket::new(domain, Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.connect(&address).unwrap();
        Self { conn: Conn::new(socket), pause }
    }
}

impl Read for Sipping {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        thread::sleep(self.pause);
        let room = buffer.len().min(8192);
        self.conn.read(&mut buffer[..room])
    }
}

#[test]
fn what_still_leaves_the_kernels_buffers_is_not_idle() {
    thread::scope(|scope| {
        for (flag, cut) in
            [("--idle-timeout", "cut: idle"), ("--half-close-timeout", "cut: half-closed")]
        {
            scope.spawn(move || leaves_the_kernels_buffers(flag, cut));
        }
    });
}

fn leaves_the_kernels_buffers(flag: &str, cut: &str) {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &[flag, "500ms"]);
    // Sixty-four sips, which take five times the limit.
    let mut client = Sipping::connect(&fwd, Duration::from_millis(40));
    if flag == "--half-close-timeout" {
        client.conn.end();
    }
    let mut server = backend.accept();
    let size = MIB / 2;
    send(&mut server, 13, size, MIB).unwrap();
    eventually("all is in the kernel's hands", || fwd.stats()[5] == size as u64);
    let (got, error) = receive(&mut client, 13).unwrap_err();
    assert_eq!((got, error.kind()), (size, ErrorKind::ConnectionReset), "{flag}");
    fwd.says(cut);
}

#[test]
fn an_answer_waits_for_a_slow_client_though_its_sender_is_gone() {
    let dir = folder();
    let backend = Backend::new(Kind::Unix, dir.path());
    let fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &[]);
    // Some two hundred sips: four times as long as anything waits behind a reset.
    let mut client = Sipping::connect(&fwd, Duration::from_millis(10));
    client.conn.write_all(b"never read").unwrap();
    let mut server = backend.accept();
    eventually("it is there", || server.0.peek(&mut [std::mem::MaybeUninit::uninit(); 1]).is_ok());
    let size = 3 * MIB / 2;
    let sending = thread::spawn(move || {
        send(&mut server, 14, size, MIB).unwrap();
        server.end();
        // With a request unread, this is a reset.
        drop(server);
    });
    // The end may have been read just before the reset, and passed on.
    match receive(&mut client, 14) {
        Ok(got) | Err((got, _)) => assert_eq!(got, size),
    }
    sending.join().unwrap();
}

#[test]
fn a_unix_destination_that_answers_and_closes_has_reset_nothing() {
    for source in [Kind::Tcp, Kind::Unix] {
        let dir = folder();
        let backend = Backend::new(Kind::Unix, dir.path());
        let fwd = Forwarder::start(source, &backend.address, dir.path(), &[]);
        let mut client = fwd.connect();
        client.write_all(b"request").unwrap();
        let mut server = backend.accept();
        server.exactly(7);
        server.write_all(b"answer").unwrap();
        drop(server);
        assert_eq!(client.rest(), b"answer");
        // The client has not ended its direction, but nobody is left whom it could send to.
        let line = fwd.says("#1 closed");
        assert!(!line.contains("reset"), "{line}");
        assert!(client.0.take_error().unwrap().is_none());
        assert_eq!(client.rest(), b"");
    }
}

#[test]
fn what_a_client_says_to_a_destination_that_has_closed_comes_back_as_a_reset() {
    for destination in [Kind::Tcp, Kind::Unix] {
        let dir = folder();
        let backend = Backend::new(destination, dir.path());
        let fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &[]);
        let mut client = fwd.connect();
        drop(backend.accept());
        assert_eq!(client.rest(), b"");
        client.write_all(b"a question").unwrap();
        eventually("the client notices", || {
            // The first is what the destination's kernel answers with a reset.
            let _ = client.write_all(b"and another");
            client.0.take_error().unwrap().is_some() || client.write_all(b"one more").is_err()
        });
        fwd.says("reset by the destination");
    }
}

#[test]
fn a_peer_that_takes_nothing_does_not_prolong_the_time_limit() {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &["--idle-timeout", "4s"]);
    let client = fwd.connect();
    let _server = backend.accept();
    fill(&client);
    let start = Instant::now();
    fwd.says("cut: idle");
    let took = start.elapsed();
    // Noticed an eighth late at most; the rest is for a busy machine.
    assert!((Duration::from_secs(2)..Duration::from_millis(5500)).contains(&took), "{took:?}");
}

#[test]
fn a_unix_client_that_had_ended_and_died_is_noticed() {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let fwd = Forwarder::start(Kind::Unix, &backend.address, dir.path(), &[]);
    let client = fwd.connect();
    client.end();
    let mut server = backend.accept();
    assert_eq!(server.rest(), b"");
    drop(client);
    eventually("the connection is over", || fwd.stats()[0] == 0);
    assert!(server.outcome().is_err() || server.0.take_error().unwrap().is_some());
}

#[test]
fn a_fresh_half_close_has_its_whole_time_though_it_was_idle_before() {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let more = ["--idle-timeout", "3s", "--half-close-timeout", "3s"];
    let fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &more);
    let mut client = fwd.connect();
    let mut server = backend.accept();
    // The times are what is tested: each shorter than the limits, both together longer.
    thread::sleep(Duration::from_secs(2));
    client.end();
    assert_eq!(server.rest(), b"");
    thread::sleep(Duration::from_secs(2));
    server.write_all(b"late").unwrap();
    drop(server);
    assert_eq!(client.rest(), b"late");
}
