//! Which addresses are taken, and what those that are not get told.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use crate::support::forwarder::Forwarder;
use crate::support::socket::{Backend, Conn, Kind};
use crate::support::{DEVKIT, devkit, folder, peer, run};

#[test]
fn every_source_form_listens() {
    let dir = folder();
    let d = dir.path().display();
    let name = format!("devkit-test-{}", std::process::id());
    let ipv6 = peer::need_ipv6();
    for (source, address) in [
        ("tcp://127.0.0.1:0".to_owned(), "tcp://127.0.0.1:".to_owned()),
        ("tcp4://127.0.0.1:0".into(), "tcp://127.0.0.1:".into()),
        ("tcp4://localhost:0".into(), "tcp://127.0.0.1:".into()),
        ("tcp6://[::1]:0".into(), "tcp://[::1]:".into()),
        ("tcp6://:0".into(), "tcp://[::1]:".into()),
        ("[::1]:0".into(), "tcp://[::1]:".into()),
        ("[::ffff:127.0.0.1]:0".into(), "tcp://127.0.0.1:".into()),
        ("127.0.0.1:0".into(), "tcp://127.0.0.1:".into()),
        (":0".into(), "tcp://127.0.0.1:".into()),
        ("0".into(), "tcp://127.0.0.1:".into()),
        (format!("unix://{d}/1"), format!("unix:{d}/1")),
        (format!("unix:{d}/2"), format!("unix:{d}/2")),
        (format!("{d}/3"), format!("unix:{d}/3")),
        ("unix:4".into(), "unix:4".into()),
        ("./5".into(), "unix:./5".into()),
        (format!("unix:@{name}-6"), format!("unix:@{name}-6")),
        (format!("unix://@{name}-7"), format!("unix:@{name}-7")),
    ] {
        if !ipv6 && address.contains("[::1]") {
            continue;
        }
        let fwd = Forwarder::spawn(devkit(dir.path(), ["fwd", "-s", &source, "-d", "echo:"]));
        assert!(fwd.address.starts_with(&address), "{source} listens on {}", fwd.address);
        let reachable = fwd.address.replace("unix:4", &format!("unix:{d}/4"));
        let mut conn = Conn::to(&reachable.replace("unix:./5", &format!("unix:{d}/5")));
        conn.ping(source.as_bytes());
    }
}

#[test]
fn a_name_with_two_addresses_is_listened_on_at_both() {
    let dir = folder();
    let fwd = Forwarder::spawn(devkit(dir.path(), ["fwd", "-s", "localhost:0", "-d", "echo:"]));
    let line = fwd.says("listening on");
    let port = fwd.address.rsplit(':').next().unwrap();
    let known: Vec<_> = std::net::ToSocketAddrs::to_socket_addrs("localhost:0").unwrap().collect();
    for ip in known.iter().map(std::net::SocketAddr::ip) {
        // IPv6 may be off, although the name says otherwise.
        if std::net::TcpListener::bind((ip, 0)).is_ok() {
            let address = format!("tcp://{}", std::net::SocketAddr::new(ip, port.parse().unwrap()));
            assert!(line.contains(&address), "{address} is not in: {line}");
            Conn::to(&address).ping(b"here too");
        }
    }
}

#[test]
fn every_destination_form_is_dialled() {
    let dir = folder();
    let d = dir.path().display();
    let four = Backend::echo(Kind::Tcp, dir.path());
    let port = four.rsplit(':').next().unwrap().to_owned();
    let six = peer::need_ipv6().then(|| Backend::tcp("[::1]:0").serve(echo));
    let six = six.map(|address| address.rsplit(':').next().unwrap().to_owned());
    Backend::echo(Kind::Unix, dir.path());
    let name = format!("devkit-backend-{}", std::process::id());
    Backend::unix(format!("\0{name}").as_ref()).serve(echo);
    let ipv6 =
        six.iter().flat_map(|port| [format!("tcp6://[::1]:{port}"), format!("[::1]:{port}")]);
    let ipv6: Vec<String> = ipv6.collect();
    let others = [
        format!("tcp://127.0.0.1:{port}"),
        format!("tcp4://localhost:{port}"),
        format!("tcp4://:{port}"),
        format!("127.0.0.1:{port}"),
        format!(":{port}"),
        port,
        format!("unix://{d}/backend.sock"),
        format!("unix:{d}/backend.sock"),
        format!("{d}/backend.sock"),
        "unix:backend.sock".into(),
        format!("unix:@{name}"),
        format!("unix://@{name}"),
        "echo:".into(),
    ];
    for destination in others.into_iter().chain(ipv6) {
        let fwd = Forwarder::start(Kind::Tcp, &destination, dir.path(), &[]);
        fwd.connect().ping(destination.as_bytes());
    }
}

fn echo(mut conn: Conn) {
    let mut reader = conn.half();
    let _ = std::io::copy(&mut reader, &mut conn);
}

#[test]
fn addresses_that_are_none_get_one_error_each() {
    let dir = folder();
    for (flag, address, says, hint) in [
        ("-d", "unix://127.0.0.1:8090", "looks like a TCP address", "-d tcp://127.0.0.1:8090"),
        ("-d", "unix:localhost:80", "looks like a TCP address", "unix://./localhost:80"),
        ("-s", "", "it is empty", "--help"),
        ("-s", "127.0.0.1", "has no port", "--help"),
        ("-s", "127.0.0.1:http", "'http' is no port", "--help"),
        ("-s", "127.0.0.1:65536", "'65536' is no port", "--help"),
        ("-s", "127.0.0.1:+80", "'+80' is no port", "--help"),
        ("-d", "127.0.0.1:80/", "'80/' is no port", "-d tcp://127.0.0.1:80"),
        ("-d", "127.0.0.1:0", "port 0", "--help"),
        ("-s", "::1:8090", "needs brackets", "-s tcp://[::1]:8090"),
        ("-s", "256.1.1.1:80", "'256.1.1.1' is neither", "--help"),
        ("-s", "127.1:80", "'127.1' is neither", "--help"),
        ("-s", "a b:80", "'a b' is neither", "--help"),
        ("-s", "tcp4://[::1]:80", "'::1' is no IPv4 address", "-s tcp6://[::1]:80"),
        ("-s", "tcp6://127.0.0.1:80", "is no IPv6 address", "-s tcp4://127.0.0.1:80"),
        ("-d", "http://127.0.0.1:80", "'http' is not known", "-d tcp://127.0.0.1:80"),
        ("-d", "unixpacket:///x", "'unixpacket' is not known", "--help"),
        ("-d", "tcp:127.0.0.1:80", "is neither", "-d tcp://127.0.0.1:80"),
        ("-d", "docker.sock", "has no port", "-d unix:docker.sock"),
        ("-d", "@name", "has no port", "-d unix:@name"),
        ("-d", "unix://localhost:80/", "looks like a TCP address", "-d tcp://localhost:80"),
        ("-s", "unix:run/d.sock/", "ends with a slash", "-s unix:run/d.sock"),
        ("-s", "/", "ends with a slash", "--help"),
        ("-s", "UNIX:/x", "'UNIX' is not known", "-s unix:/x"),
        ("-d", "Tcp://127.0.0.1:80", "'Tcp' is not known", "-d tcp://127.0.0.1:80"),
        ("-s", "UNIX:", "'UNIX' is not known", "--help"),
        ("-d", "unix:", "path is empty", "--help"),
        ("-d", "unix:@", "name is empty", "--help"),
        ("-s", "echo:", "can only be a destination", "--help"),
        ("-d", "fd://", "can only be a source", "--help"),
        ("-d", "stdio:", "can only be a source", "--help"),
        ("-d", "\u{1b}[31mred:80", r"\x1b[31mred", "--help"),
    ] {
        let (source, destination) =
            if flag == "-s" { (address, "echo:") } else { ("127.0.0.1:0", address) };
        let ran = run(devkit(dir.path(), ["fwd", "-s", source, "-d", destination]));
        let (first, second) = ran.stderr.split_once('\n').unwrap();
        assert!(first.starts_with("error: ") && first.ends_with(" [bad-address]"), "{first}");
        assert!(first.contains(says), "{address:?}: {first}");
        assert!(second.starts_with("  hint:  ") && second.contains(hint), "{address:?}: {second}");
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{address:?}");
    }
}

#[test]
fn a_path_that_is_not_utf_8_works() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let dir = folder();
    let args = ["fwd", "-s"].map(OsStr::new).into_iter();
    let path = OsStr::from_bytes(b"unix:caf\xe9.sock");
    let args = args.chain([path, OsStr::new("-d"), OsStr::new("echo:")]);
    let fwd = Forwarder::spawn(devkit(dir.path(), args));
    assert_eq!(fwd.address, r"unix:caf\xe9.sock");
    let path = dir.path().join(OsStr::from_bytes(b"caf\xe9.sock"));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
}

#[test]
fn all_addresses_of_a_name_are_tried() {
    let Some(unshare) = peer::need_mount_namespace() else { return };
    let dir = folder();
    let hosts = dir.path().join("hosts");
    let backend = Backend::tcp("127.0.0.1:0");
    let port = backend.address.rsplit(':').next().unwrap().to_owned();
    // Nothing listens on the first two; the third is the backend's.
    fs::write(&hosts, "127.0.0.9 b.test\n127.0.0.8 b.test\n127.0.0.1 b.test\n").unwrap();
    let fwd = with_hosts(&unshare, dir.path(), &format!("b.test:{port}"));
    let mut client = fwd.connect();
    backend.accept().write_all(b"here").unwrap();
    assert_eq!(client.exactly(4), b"here");
}

#[test]
fn a_name_is_resolved_for_each_connection() {
    let Some(unshare) = peer::need_mount_namespace() else { return };
    let dir = folder();
    let hosts = dir.path().join("hosts");
    let one = Backend::tcp("127.0.0.1:0");
    let port = one.address.rsplit(':').next().unwrap().to_owned();
    let two = Backend::tcp(&format!("127.0.0.2:{port}"));
    fs::write(&hosts, "127.0.0.1 b.test\n").unwrap();
    let fwd = with_hosts(&unshare, dir.path(), &format!("b.test:{port}"));
    let _first = fwd.connect();
    one.accept();
    fs::write(&hosts, "127.0.0.2 b.test\n").unwrap();
    let _second = fwd.connect();
    two.accept();
    fs::write(&hosts, "").unwrap();
    let third = fwd.connect().outcome();
    assert!(third.is_err(), "an unknown name gave {third:?}");
    fwd.says("b.test");
    assert!(one.accept_within(Duration::from_millis(50)).is_none());
}

/// devkit in a mount namespace of its own, where `DIR/hosts` is `/etc/hosts`.
fn with_hosts(unshare: &std::path::Path, dir: &std::path::Path, destination: &str) -> Forwarder {
    let mut command = devkit(dir, [""; 0]);
    let mut wrapped = std::process::Command::new(unshare);
    let script = r#"mount --bind hosts /etc/hosts && exec "$@""#;
    wrapped.args(["-m", "sh", "-c", script, "sh"]).arg(command.get_program());
    wrapped.args(["fwd", "-s", "127.0.0.1:0", "-d", destination]).current_dir(dir);
    command = wrapped;
    Forwarder::spawn(command)
}

#[test]
fn a_destination_that_leads_back_is_refused() {
    let dir = folder();
    let d = dir.path().display().to_string();
    std::os::unix::fs::symlink(&d, dir.path().join("link")).unwrap();
    for (source, destination) in [
        ("127.0.0.1:4242", "tcp://127.0.0.1:4242"),
        ("4242", ":4242"),
        ("127.0.0.1:4242", "localhost:4242"),
        ("[::ffff:127.0.0.1]:4242", "127.0.0.1:4242"),
        ("unix:./a.sock", &format!("{d}/a.sock")),
        ("unix:link/a.sock", &format!("{d}/a.sock")),
        ("unix:@devkit-same", "unix://@devkit-same"),
    ] {
        let ran = run(devkit(dir.path(), ["fwd", "-s", source, "-d", destination]));
        assert!(ran.stderr.contains("[same-address]"), "{source} {destination}: {}", ran.stderr);
        assert_eq!(ran.code, Some(2));
    }
    // An abstract name that nobody could bind.
    let long = format!("unix:@{}", "n".repeat(108));
    for args in [["fwd", "-s", &long, "-d", "echo:"], ["fwd", "-s", "0", "-d", &long]] {
        let ran = run(devkit(dir.path(), args));
        assert!(ran.stderr.contains("[path-too-long]") && ran.stderr.contains("108 bytes"));
    }
    // A wildcard covers loopback too.
    let any = ["fwd", "-s", "0.0.0.0:4242", "-d", "127.0.0.1:4242", "--allow", "127.0.0.0/8"];
    assert!(run(devkit(dir.path(), any)).stderr.contains("[same-address]"));
}

#[test]
fn a_loop_found_later_fails_that_connection_only() {
    let dir = folder();
    let fwd = Forwarder::start(Kind::Tcp, "echo:", dir.path(), &[]);
    let port = fwd.address.rsplit(':').next().unwrap().to_owned();
    drop(fwd);
    // A name is not resolved before there is a connection; this one is in every hosts file.
    let destination = format!("LOCALHOST:{port}");
    let source = format!("127.0.0.1:{port}");
    let mut fwd = Forwarder::spawn(devkit(dir.path(), ["fwd", "-s", &source, "-d", &destination]));
    let outcome = fwd.connect().outcome();
    assert!(outcome.is_err(), "a loop gave {outcome:?}");
    fwd.says("that is this forwarder's own address");
    assert!(fwd.running());
}

#[test]
fn a_loop_through_a_link_that_came_later_is_found() {
    let dir = folder();
    std::os::unix::fs::symlink("a.sock", dir.path().join("link")).unwrap();
    let args = ["fwd", "-s", "unix:a.sock", "-d", "unix:link"];
    let mut fwd = Forwarder::spawn(devkit(dir.path(), args));
    let mut client = Conn::to(&format!("unix:{}/a.sock", dir.path().display()));
    assert_eq!(client.outcome().unwrap_or(0), 0);
    fwd.says("that is this forwarder's own address");
    assert_eq!(fwd.stats()[1], 1, "the client's connection, and no chain of our own");
    assert_eq!(fwd.stop(), Some(0));
}

/// devkit in a network namespace of its own, prepared by a script; sockets in `dir` reach it.
fn in_namespace(
    dir: &std::path::Path,
    script: &str,
    args: &[&str],
) -> Option<std::process::Command> {
    let unshare = peer::need_mount_namespace()?;
    let mut command = std::process::Command::new(unshare);
    let script = format!("ip link set lo up && {script} && exec \"$@\"");
    command.args(["-n", "sh", "-ec", &script, "sh", DEVKIT, "fwd"]).args(args).current_dir(dir);
    Some(command)
}

#[test]
fn a_loop_through_an_interface_address_is_found() {
    let dir = folder();
    let add = "ip addr add 192.0.2.7/32 dev lo";
    let try_it = |source, destination| {
        in_namespace(dir.path(), add, &["-s", source, "-d", destination, "--allow-any"])
    };
    let Some(command) = try_it("0.0.0.0:4242", "192.0.2.7:4242") else { return };
    let ran = run(command);
    assert!(ran.stderr.contains("[same-address]"), "{}", ran.stderr);
    // Another machine's address on that port, and the other family's wildcard, are no loops.
    for (source, destination) in [
        ("0.0.0.0:4242", "192.0.2.8:4242"),
        ("0.0.0.0:4242", "[::1]:4242"),
        ("tcp6://[::]:4242", "127.0.0.1:4242"),
    ] {
        Forwarder::spawn(try_it(source, destination).unwrap());
    }
}

#[test]
fn a_socket_connected_to_itself_is_no_destination() {
    let dir = folder();
    // The one port that the kernel can choose for our end is the destination's.
    let one = "echo '50000 50000' > /proc/sys/net/ipv4/ip_local_port_range";
    let args = ["-s", "unix:s.sock", "-d", "127.0.0.1:50000"];
    let Some(command) = in_namespace(dir.path(), one, &args) else { return };
    let fwd = Forwarder::spawn(command);
    let mut client = Conn::to(&format!("unix:{}/s.sock", dir.path().display()));
    let _ = client.write_all(b"is anybody there?");
    let mut answer = [0; 32];
    assert!(
        !matches!(std::io::Read::read(&mut client, &mut answer), Ok(1..)),
        "it answered itself"
    );
    fwd.says("connection refused");
}

#[test]
fn every_address_in_the_readme_and_the_manual_is_one() {
    let mut seen = 0;
    for page in ["README.md", "docs/fwd.md"] {
        for words in crate::docs::commands(page).iter().filter(|words| words[0] == "fwd") {
            let after = |flag: &str| {
                let at = words.iter().position(|word| word == flag)?;
                Some(OsString::from(words.get(at + 1)?.replace("%h", "host").replace("%p", "22")))
            };
            let (Some(source), Some(destination)) = (after("-s"), after("-d")) else { continue };
            if source.to_str() != Some("SOURCE") {
                devkit_fwd::Source::parse(&source).expect("a source");
                devkit_fwd::Destination::parse(&destination).expect("a destination");
                seen += 1;
            }
        }
    }
    assert!(seen >= 5, "only {seen} were found");
}
