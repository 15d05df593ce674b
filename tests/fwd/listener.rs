//! What becomes of the place where devkit listens.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use nix::sys::signal::Signal;

use crate::support::forwarder::Forwarder;
use crate::support::socket::{Backend, Conn, Kind};
use crate::support::{DEVKIT, PATIENCE, Ran, copy_for_others, devkit, folder, peer, run};

fn try_source(dir: &Path, source: &str) -> Ran {
    run(devkit(dir, ["fwd", "-s", source, "-d", "echo:"]))
}

#[test]
fn a_stale_socket_file_is_replaced() {
    let dir = folder();
    let path = dir.path().join("source.sock");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let fwd = Forwarder::start(Kind::Unix, "echo:", dir.path(), &[]);
    fwd.connect().ping(b"alive");
}

#[test]
fn a_live_owner_keeps_its_socket() {
    let dir = folder();
    let path = dir.path().join("s.sock");
    let owner = UnixListener::bind(&path).unwrap();
    let before = fs::metadata(&path).unwrap().ino();
    let ran = try_source(dir.path(), "unix:s.sock");
    assert_eq!(ran.code, Some(2));
    let pid = std::process::id();
    assert!(ran.stderr.starts_with("error: cannot listen on unix:s.sock [socket-in-use]\n"));
    assert!(ran.stderr.contains("another process is listening there (cli-"), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("pid {pid})")), "{}", ran.stderr);
    assert_eq!(fs::metadata(&path).unwrap().ino(), before);
    // The probe's own connection, and then a client's.
    owner.accept().unwrap();
    let client = std::os::unix::net::UnixStream::connect(&path).unwrap();
    owner.accept().unwrap();
    drop(client);
}

#[test]
fn an_owner_too_busy_to_answer_keeps_its_socket_too() {
    let dir = folder();
    let path = dir.path().join("s.sock");
    let owner = Backend::unix_with_backlog(&path, 0);
    let _occupant = Conn::to(&owner.address);
    assert!(try_source(dir.path(), "unix:s.sock").stderr.contains("[socket-in-use]"));
    assert!(path.exists());
    let datagrams = dir.path().join("d.sock");
    let _other_type = UnixDatagram::bind(&datagrams).unwrap();
    assert!(try_source(dir.path(), "unix:d.sock").stderr.contains("[socket-in-use]"));
    assert!(datagrams.exists());
}

#[test]
fn other_kinds_of_file_are_left_alone() {
    let dir = folder();
    let at = |name: &str| dir.path().join(name);
    fs::write(at("file"), "precious").unwrap();
    fs::create_dir(at("folder")).unwrap();
    symlink("file", at("link")).unwrap();
    symlink("nowhere", at("dangling")).unwrap();
    let socket = UnixListener::bind(at("socket")).unwrap();
    drop(socket);
    symlink("socket", at("link-to-stale")).unwrap();
    nix::unistd::mkfifo(&at("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for (name, kind) in [
        ("file", "a regular file"),
        ("folder", "a directory"),
        ("link", "a symbolic link"),
        ("dangling", "a symbolic link"),
        ("link-to-stale", "a symbolic link"),
        ("fifo", "a FIFO"),
    ] {
        let before = fs::symlink_metadata(at(name)).unwrap();
        let ran = try_source(dir.path(), &format!("unix:{name}"));
        assert_eq!(ran.code, Some(2), "{name}");
        assert!(
            ran.stderr.contains("[not-a-socket]") && ran.stderr.contains(kind),
            "{}",
            ran.stderr
        );
        let after = fs::symlink_metadata(at(name)).unwrap();
        assert_eq!(
            (before.ino(), before.mtime_nsec()),
            (after.ino(), after.mtime_nsec()),
            "{name}"
        );
    }
    assert_eq!(fs::read(at("file")).unwrap(), b"precious");
    assert!(at("socket").exists());
}

#[test]
fn the_mode_is_right_from_the_first_moment() {
    for umask in ["000", "022", "077"] {
        for (mode, wanted) in [(None, 0o600), (Some("0660"), 0o660), (Some("0777"), 0o777)] {
            let dir = folder();
            let path = dir.path().join("s.sock");
            let done = AtomicBool::new(false);
            thread::scope(|scope| {
                let watching = scope.spawn(|| {
                    let mut seen = Vec::new();
                    while !done.load(Ordering::Relaxed) {
                        if let Ok(file) = fs::symlink_metadata(&path) {
                            seen.push(file.permissions().mode() & 0o7777);
                            seen.dedup();
                        }
                    }
                    seen
                });
                let script = format!("umask {umask}; exec \"$@\"");
                let mut command = Command::new("sh");
                command.args(["-c", &script, "sh", DEVKIT, "fwd", "-s", "unix:s.sock"]);
                command.args(["-d", "echo:"]).current_dir(dir.path());
                if let Some(mode) = mode {
                    command.args(["--mode", mode]);
                }
                let fwd = Forwarder::spawn(command);
                done.store(true, Ordering::Relaxed);
                let seen = watching.join().unwrap();
                assert!(seen.iter().all(|seen| *seen == wanted), "umask {umask}: {seen:?}");
                let now = fs::symlink_metadata(&path).unwrap().permissions().mode();
                assert_eq!(now & 0o7777, wanted, "umask {umask}");
                drop(fwd);
            });
        }
    }
}

#[test]
fn owner_and_group_are_set() {
    if !peer::need_root() {
        return;
    }
    let dir = folder();
    let more = ["--owner", "nobody", "--group", "0", "--mode", "0620"];
    let fwd = Forwarder::start(Kind::Unix, "echo:", dir.path(), &more);
    let file = fs::metadata(dir.path().join("source.sock")).unwrap();
    let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap().uid.as_raw();
    assert_eq!((file.uid(), file.gid(), file.mode() & 0o7777), (nobody, 0, 0o620));
    fwd.connect().ping(b"root may");
    let args = ["fwd", "-s", "unix:t.sock", "-d", "echo:", "--owner", "no-such-user"];
    let ran = run(devkit(dir.path(), args));
    assert!(
        ran.stderr.contains("no user is named 'no-such-user' [unknown-user]"),
        "{}",
        ran.stderr
    );
    assert!(!dir.path().join("t.sock").exists());
}

#[test]
fn the_socket_file_goes_with_its_process() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let dir = folder();
        let path = dir.path().join("source.sock");
        let mut fwd = Forwarder::start(Kind::Unix, "echo:", dir.path(), &[]);
        assert!(path.exists());
        fwd.signal(signal);
        assert_eq!(fwd.exit_code(), Some(0), "{signal}");
        assert!(!path.exists(), "{signal}");
    }
}

#[test]
fn a_file_that_took_its_place_stays() {
    let dir = folder();
    let path = dir.path().join("source.sock");
    let mut fwd = Forwarder::start(Kind::Unix, "echo:", dir.path(), &[]);
    fs::rename(&path, dir.path().join("moved.sock")).unwrap();
    let _other = UnixListener::bind(&path).unwrap();
    assert_eq!(fwd.stop(), Some(0));
    assert!(path.exists());
}

#[test]
fn long_paths_work_as_far_as_they_can() {
    let dir = folder();
    let root = dir.path().as_os_str().len() + 1;
    let fitting = "f".repeat(107 - root);
    let more = "m".repeat(60) + "/" + &"s".repeat(60);
    fs::create_dir(dir.path().join("m".repeat(60))).unwrap();
    for name in [fitting, more] {
        let path = dir.path().join(&name);
        let address = format!("unix:{}", path.display());
        let mut fwd = Forwarder::spawn(devkit(dir.path(), ["fwd", "-s", &address, "-d", "echo:"]));
        assert_eq!(fwd.address, address);
        // As a destination too.
        let second = Forwarder::start(Kind::Tcp, &address, dir.path(), &[]);
        second.connect().ping(name.as_bytes());
        assert_eq!(fwd.stop(), Some(0));
        assert!(!path.exists());
    }
    let hopeless = "n".repeat(108);
    let ran = try_source(dir.path(), &format!("unix:{hopeless}"));
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("[path-too-long]") && ran.stderr.contains("108 bytes"),
        "{}",
        ran.stderr
    );
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing was made");
}

#[test]
fn an_address_in_use_is_named_with_its_holder() {
    let dir = folder();
    let first = Forwarder::start(Kind::Tcp, "echo:", dir.path(), &[]);
    let ran = try_source(dir.path(), &first.address);
    let expected = format!(
        "error: cannot listen on {} [address-in-use]\n  \
         cause: address already in use (held by devkit, pid {})\n  \
         hint:  choose another port, or port 0 for any free one: -s tcp://127.0.0.1:0\n",
        first.address,
        first.pid()
    );
    assert_eq!(ran.stderr, expected);
    assert_eq!(ran.code, Some(2));
    let name = format!("unix:@devkit-held-{}", std::process::id());
    let _second = Forwarder::spawn(devkit(dir.path(), ["fwd", "-s", &name, "-d", "echo:"]));
    assert!(try_source(dir.path(), &name).stderr.contains("[address-in-use]"));
}

#[test]
fn a_port_is_free_again_right_after_a_busy_run() {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let mut fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &[]);
    let address = fwd.address.clone();
    for _ in 0..20 {
        let mut client = fwd.connect();
        drop(backend.accept());
        // The end comes from devkit first, so its side of the connection goes through TIME_WAIT.
        assert_eq!(client.rest(), b"");
        client.end();
    }
    fwd.stop();
    let again = Forwarder::spawn(devkit(dir.path(), ["fwd", "-s", &address, "-d", "echo:"]));
    again.connect().ping(b"again");
}

#[test]
fn places_where_nothing_can_be_made_are_said_plainly() {
    let dir = folder();
    let ran = try_source(dir.path(), "unix:missing/s.sock");
    assert!(ran.stderr.contains("[io]") && ran.stderr.contains("mkdir -p"), "{}", ran.stderr);
    let ran = try_source(dir.path(), "unix://missing/s.sock");
    assert!(ran.stderr.contains("three slashes: -s unix:///missing/s.sock"), "{}", ran.stderr);
    let ran = run(devkit(
        dir.path(),
        ["fwd", "-s", "192.0.2.1:0", "-d", "echo:", "--allow", "192.0.2.0/24"],
    ));
    assert!(ran.stderr.contains("has no such address [bad-address]"), "{}", ran.stderr);
    let ran = try_source(dir.path(), "no-such-host.invalid:80");
    assert!(ran.stderr.contains("'no-such-host.invalid' [bad-address]"), "{}", ran.stderr);
}

#[test]
fn what_the_system_forbids_is_said_with_the_right_it_takes() {
    let Some(setpriv) = peer::need("setpriv") else { return };
    if !peer::need_root() {
        return;
    }
    let dir = folder();
    let open = dir.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let devkit = copy_for_others(dir.path());
    let as_nobody = |args: &[&str]| {
        let mut command = Command::new(&setpriv);
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&devkit);
        command.args(args).current_dir(dir.path());
        run(command)
    };
    for (args, says) in [
        (&["fwd", "-s", "unix:s.sock", "-d", "echo:"][..], "a folder that this user may write to"),
        (&["fwd", "-s", "unix:open/s.sock", "-d", "echo:", "--owner", "root"], "only root may"),
    ] {
        let ran = as_nobody(args);
        assert!(
            ran.stderr.contains("[permission-denied]") && ran.stderr.contains(says),
            "{}",
            ran.stderr
        );
        assert_eq!(ran.code, Some(2));
        assert_eq!(fs::read_dir(&open).unwrap().count(), 0, "nothing is left behind");
    }
}

#[test]
fn passed_sockets_are_served_and_left_in_place() {
    for kind in [Kind::Tcp, Kind::Unix] {
        let dir = folder();
        let path = dir.path().join("passed.sock");
        let backend = match kind {
            Kind::Tcp => Backend::tcp("127.0.0.1:0"),
            Kind::Unix => Backend::unix(&path),
        };
        let address = backend.address.clone();
        let mut fwd = activated(backend, "$$", dir.path());
        assert_eq!(fwd.address, address);
        Conn::to(&address).ping(b"passed");
        assert_eq!(fwd.stop(), Some(0));
        assert_eq!(path.exists(), kind == Kind::Unix);
    }
}

#[test]
fn a_client_that_has_to_wait_is_left_to_the_next_process() {
    let dir = folder();
    let backend = Backend::tcp("127.0.0.1:0");
    let address = backend.address.clone();
    let listener = backend.into_fd();
    // Two listeners wait for clients, and there is one place.
    let mut command = activation("$$", dir.path());
    command.env("COUNT", "2");
    let mut fwd = Forwarder::spawn_with(command, listener.try_clone().unwrap());
    let mut first = Conn::to(&address);
    first.ping(b"served");
    let mut second = Conn::to(&address);
    second.write_all(b"waiting").unwrap();
    fwd.says("the most at once");
    fwd.signal(Signal::SIGTERM);
    fwd.says("stopping");
    drop(first);
    assert_eq!(fwd.exit_code(), Some(0));
    let _next = Forwarder::spawn_with(activation("$$", dir.path()), listener);
    assert_eq!(second.exactly(7), b"waiting");
}

#[test]
fn a_passed_abstract_name_is_pointed_out_too() {
    let dir = folder();
    let name = format!("\0devkit-passed-{}", std::process::id());
    let fwd = activated(Backend::unix(Path::new(&name)), "$$", dir.path());
    fwd.says("any local user may connect to unix:@devkit-passed-");
}

#[test]
fn sockets_passed_to_another_process_are_ignored() {
    let dir = folder();
    let mut fwd = activated_unready(Backend::tcp("127.0.0.1:0"), "1", dir.path());
    assert_eq!(fwd.exit_code(), Some(2));
    let said = fwd.says("error:");
    assert!(said.contains("LISTEN_PID names process 1, not this one [usage]"), "{said}");
    let ran = try_source(dir.path(), "fd://");
    assert!(ran.stderr.contains("LISTEN_PID and LISTEN_FDS are not set [usage]"), "{}", ran.stderr);
}

fn activated(backend: Backend, pid: &str, dir: &Path) -> Forwarder {
    Forwarder::spawn_with(activation(pid, dir), backend.into_fd())
}

fn activated_unready(backend: Backend, pid: &str, dir: &Path) -> Forwarder {
    Forwarder::spawn_unready_with(activation(pid, dir), backend.into_fd())
}

/// A shell that does what a service manager does: the socket, its standard input, becomes 3.
fn activation(pid: &str, dir: &Path) -> Command {
    let script = format!(
        "exec 3<&0 4<&0 </dev/null; LISTEN_FDS=${{COUNT:-1}} LISTEN_PID={pid} \
         exec \"$0\" fwd -s fd:// -d echo: --max-connections 1"
    );
    let mut command = Command::new("sh");
    command.args(["-c", &script, DEVKIT]).current_dir(dir);
    command
}

#[test]
fn a_second_process_cannot_share_a_port() {
    let dir = folder();
    let first = Forwarder::start(Kind::Tcp, "echo:", dir.path(), &[]);
    assert_eq!(try_source(dir.path(), &first.address).code, Some(2));
    let port = first.address.rsplit(':').next().unwrap();
    let any = format!("0.0.0.0:{port}");
    let ran = run(devkit(dir.path(), ["fwd", "-s", &any, "-d", "echo:", "--allow-any"]));
    assert!(ran.stderr.contains("[address-in-use]"), "{}", ran.stderr);
}

#[test]
fn two_that_find_the_same_stale_file_do_not_rob_each_other() {
    for _ in 0..10 {
        let dir = folder();
        drop(UnixListener::bind(dir.path().join("s.sock")).unwrap());
        let start = || {
            Forwarder::spawn_unready(devkit(
                dir.path(),
                ["fwd", "-s", "unix:s.sock", "-d", "echo:"],
            ))
        };
        let mut both = [start(), start()];
        let deadline = std::time::Instant::now() + PATIENCE;
        let lost = loop {
            if let Some(lost) = both.iter_mut().position(|fwd| !fwd.running()) {
                break lost;
            }
            assert!(std::time::Instant::now() < deadline, "both listen on one path");
            thread::yield_now();
        };
        assert_eq!(both[lost].exit_code(), Some(2));
        both[lost].says("[socket-in-use]");
        both[1 - lost].says("listening on");
        let address = format!("unix:{}/s.sock", dir.path().display());
        Conn::to(&address).ping(b"one owner");
    }
}
