//! `-s stdio:`: one connection on standard input and output.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::support::bytes::{expect, send};
use crate::support::socket::{Backend, Kind};
use crate::support::{devkit, eventually, finish, folder, peer, rests, run, wait};

const MIB: usize = 1024 * 1024;

fn start(dir: &std::path::Path, destination: &str) -> Child {
    let mut command = devkit(dir, ["fwd", "-s", "stdio:", "-d", destination]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn bytes_pass_both_ways_and_both_ends_are_kept() {
    for kind in [Kind::Tcp, Kind::Unix] {
        let dir = folder();
        let backend = Backend::new(kind, dir.path());
        let mut child = start(dir.path(), &backend.address);
        let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut server = backend.accept();
        thread::scope(|scope| {
            scope.spawn(move || send(&mut input, 1, 8 * MIB, MIB).unwrap());
            expect(&mut server, 1, 8 * MIB);
            // The input has ended; the answer comes all the same.
            scope.spawn(|| expect(&mut output, 2, 8 * MIB));
            send(&mut server, 2, 8 * MIB, MIB).unwrap();
            drop(server);
        });
        let ran = finish(child);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    }
}

#[test]
fn the_output_ends_when_the_destination_does_though_input_goes_on() {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let mut child = start(dir.path(), &backend.address);
    let mut input = child.stdin.take().unwrap();
    let mut server = backend.accept();
    server.write_all(b"bye").unwrap();
    server.end();
    let mut said = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut said).unwrap();
    assert_eq!(said, b"bye");
    input.write_all(b"more").unwrap();
    drop(input);
    assert_eq!(server.rest(), b"more");
    drop(server);
    assert_eq!(wait(&mut child).code(), Some(0));
}

#[test]
fn what_fails_is_an_error_with_exit_code_2() {
    let dir = folder();
    let destination = format!("unix:{}/nobody.sock", dir.path().display());
    let ran = finish(start(dir.path(), &destination));
    let expected = format!(
        "error: cannot reach {destination} [file-not-found]\n  cause: there is no such socket file\n  \
         hint:  start what should answer there, or choose another -d\n"
    );
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr), (Some(2), "", expected));

    let backend = Backend::new(Kind::Tcp, dir.path());
    let child = start(dir.path(), &backend.address);
    backend.accept().reset();
    let ran = finish(child);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("cause: the destination reset it"), "{}", ran.stderr);

    let ran = run(devkit(dir.path(), ["--json", "fwd", "-s", "stdio:", "-d", "echo:"]));
    assert!(ran.stderr.contains(r#""code":"usage""#) && ran.stdout.is_empty(), "{}", ran.stderr);
}

#[test]
fn an_output_that_nobody_reads_any_more_ends_it() {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let mut child = start(dir.path(), &backend.address);
    drop(child.stdout.take());
    let input = child.stdin.take();
    let mut server = backend.accept();
    // The destination learns that its bytes go nowhere.
    let block = vec![0; 64 * 1024];
    while server.write_all(&block).is_ok() {}
    drop(server);
    let ran = finish(child);
    assert!(ran.code.is_some(), "it hangs");
    drop(input);
}

#[test]
fn a_signal_ends_it() {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let mut command = devkit(dir.path(), ["fwd", "-s", "stdio:", "-d", &backend.address]);
    command.args(["--drain", "100ms"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let _server = backend.accept();
    let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    assert_eq!(wait(&mut child).code(), Some(2), "it was cut, so it is not done");
}

#[test]
fn an_output_that_cannot_be_written_is_an_error() {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let mut command = devkit(dir.path(), ["fwd", "-s", "stdio:", "-d", &backend.address]);
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    command.stdin(Stdio::piped()).stdout(full).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let input = child.stdin.take();
    let mut server = backend.accept();
    server.write_all(b"no room for this").unwrap();
    drop((server, input));
    let ran = finish(child);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    let wanted = "error: cannot write standard output [io]\n  cause: no space left on device\n";
    assert!(ran.stderr.starts_with(wanted), "{}", ran.stderr);
}

#[test]
fn an_input_that_cannot_be_read_is_not_taken_for_its_end() {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let mut command = devkit(dir.path(), ["fwd", "-s", "stdio:", "-d", &backend.address]);
    // A folder can be opened, and not read.
    command.stdin(fs::File::open(dir.path()).unwrap());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let ran = finish(child);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.starts_with("error: cannot read standard input [io]\n"), "{}", ran.stderr);
    if let Some(mut server) = backend.accept_within(Duration::from_millis(200)) {
        assert!(server.outcome().is_err(), "the destination saw a proper end");
    }
}

#[test]
fn input_is_left_for_others_where_nobody_can_be_reached() {
    let dir = folder();
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&vec![7; 50_000]).unwrap();
    drop(writer);
    let destination = format!("unix:{}/nobody.sock", dir.path().display());
    let mut command = devkit(dir.path(), ["fwd", "-s", "stdio:", "-d", &destination]);
    command.stdin(reader.try_clone().unwrap()).stdout(Stdio::piped()).stderr(Stdio::piped());
    assert_eq!(finish(command.spawn().unwrap()).code, Some(2));
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).unwrap();
    assert_eq!(rest.len(), 50_000);
}

#[test]
fn a_unix_destination_that_is_done_ends_it_in_good_order() {
    let dir = folder();
    let backend = Backend::new(Kind::Unix, dir.path());
    let mut child = start(dir.path(), &backend.address);
    let input = child.stdin.take();
    let mut server = backend.accept();
    server.write_all(b"all there is").unwrap();
    drop(server);
    let ran = finish(child);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(0), "all there is", ""));
    drop(input);
}

#[test]
fn a_non_blocking_input_is_waited_for() {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let (reader, mut writer) = std::os::unix::net::UnixStream::pair().unwrap();
    reader.set_nonblocking(true).unwrap();
    let mut command = devkit(dir.path(), ["fwd", "-s", "stdio:", "-d", &backend.address]);
    command.stdin(std::os::fd::OwnedFd::from(reader)).stdout(Stdio::piped());
    command.stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let mut server = backend.accept();
    eventually("it waits for its input", || rests(child.id()));
    writer.write_all(b"late").unwrap();
    drop(writer);
    assert_eq!(server.rest(), b"late");
    drop(server);
    assert_eq!(finish(child).code, Some(0));
}

#[test]
fn a_signal_does_not_cut_the_output_short() {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let mut child = start(dir.path(), &backend.address);
    drop(child.stdin.take());
    let mut server = backend.accept();
    // What a pipe and a socket pair hold, so that all of it is beyond the relay.
    send(&mut server, 3, 200 * 1024, MIB).unwrap();
    drop(server);
    let mut output = child.stdout.take().unwrap();
    let begun = || {
        let mut wanted = [PollFd::new(output.as_fd(), PollFlags::POLLIN)];
        poll(&mut wanted, PollTimeout::ZERO) == Ok(1)
    };
    eventually("it waits for its reader", || begun() && rests(child.id()));
    let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    eventually("it has done what the signal asks for", || rests(child.id()));
    expect(&mut output, 3, 200 * 1024);
    assert_eq!(wait(&mut child).code(), Some(0));
}

#[test]
fn it_is_a_proxy_command_for_real_ssh_tools() {
    // ssh's banner exchange through a ProxyCommand, with ssh-keyscan's peer played by a script.
    let Some(ssh) = peer::need("ssh") else { return };
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let mut command = Command::new(ssh);
    let proxy =
        format!("ProxyCommand={} fwd -s stdio: -d {}", crate::support::DEVKIT, backend.address);
    command.args(["-F", "/dev/null", "-o", &proxy, "-o", "StrictHostKeyChecking=no"]);
    command.args(["-o", "UserKnownHostsFile=/dev/null", "nobody@example.invalid", "true"]);
    let client = thread::spawn(move || run(command));
    let mut server = backend.accept();
    let mut banner = Vec::new();
    while !banner.ends_with(b"\n") {
        banner.extend(server.exactly(1));
    }
    assert!(banner.starts_with(b"SSH-2.0-OpenSSH"), "{}", String::from_utf8_lossy(&banner));
    server.write_all(b"SSH-2.0-test\r\n").unwrap();
    // It goes on with its key exchange: a packet with a length.
    assert!(server.exactly(4)[0] == 0);
    server.0.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    drop(server);
    assert_eq!(client.join().unwrap().code, Some(255));
}

#[test]
fn one_socket_as_input_and_output_sees_the_end() {
    // As inetd and systemd's Accept=yes pass a connection.
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let (mut client, passed) = std::os::unix::net::UnixStream::pair().unwrap();
    client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut command = devkit(dir.path(), ["fwd", "-s", "stdio:", "-d", &backend.address]);
    command.stdin(std::os::fd::OwnedFd::from(passed.try_clone().unwrap()));
    command.stdout(std::os::fd::OwnedFd::from(passed)).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    drop(command);
    let mut server = backend.accept();
    server.write_all(b"answer").unwrap();
    server.end();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, b"answer");
    client.write_all(b"and a word after it").unwrap();
    drop(client);
    assert_eq!(server.rest(), b"and a word after it");
    assert_eq!(finish(child).code, Some(0));
}
