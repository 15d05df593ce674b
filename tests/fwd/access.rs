//! Who may connect, and what is said about giving things away.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use crate::support::forwarder::Forwarder;
use crate::support::socket::{Backend, Conn, Kind};
use crate::support::{PATIENCE, devkit, folder, peer, run};

#[test]
fn a_source_that_others_reach_needs_a_word_about_who_may_connect() {
    let dir = folder();
    let own = own_address();
    let mut sources = vec!["0.0.0.0:0".to_owned()];
    if peer::need_ipv6() {
        sources.extend(["[::]:0".into(), "tcp6://[::]:0".into()]);
    }
    sources.extend(own.map(|ip| format!("{ip}:0")));
    for source in &sources {
        let ran = run(devkit(dir.path(), ["fwd", "-s", source, "-d", "echo:"]));
        assert_eq!(ran.code, Some(2), "{source}");
        let first = ran.stderr.lines().next().unwrap();
        assert!(first.ends_with("and nothing says who may connect [not-loopback]"), "{first}");
        assert!(ran.stderr.contains("--allow ") && ran.stderr.contains("--allow-any"));
        let mut fwd = Forwarder::spawn(devkit(
            dir.path(),
            ["fwd", "-s", source, "-d", "echo:", "--allow-any"],
        ));
        let port = fwd.address.rsplit(':').next().unwrap();
        if source == "0.0.0.0:0" || source == "[::]:0" {
            Conn::to(&format!("tcp://127.0.0.1:{port}")).ping(b"v4 too");
        }
        assert_eq!(fwd.stop(), Some(0));
    }
}

/// An address of this machine that is not loopback, if it has one. Nothing is sent: connecting a
/// datagram socket only asks the routing table.
fn own_address() -> Option<String> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().ok()?.ip().to_string())
}

#[test]
fn a_refused_source_was_never_open() {
    let Some(strace) = peer::need("strace") else { return };
    let dir = folder();
    let mut command = Command::new(strace);
    command.args(["-f", "-e", "trace=bind,listen", "-o", "trace", crate::support::DEVKIT]);
    command.args(["fwd", "-s", "0.0.0.0:0", "-d", "echo:"]).current_dir(dir.path());
    assert_eq!(run(command).code, Some(2));
    let trace = fs::read_to_string(dir.path().join("trace")).unwrap();
    assert!(!trace.contains("bind(") && !trace.contains("listen("), "{trace}");
}

#[test]
fn only_allowed_networks_are_served() {
    let dir = folder();
    let backend = Backend::new(Kind::Tcp, dir.path());
    let more = ["--allow", "127.0.0.2/32,::ffff:127.0.0.4/126"];
    let fwd = Forwarder::start(Kind::Tcp, &backend.address, dir.path(), &more);
    assert!(fwd.says("listening on").contains("(127.0.0.2/32, 127.0.0.4/30 only)"));
    for (from, admitted) in
        [("127.0.0.1", false), ("127.0.0.2", true), ("127.0.0.3", false), ("127.0.0.5", true)]
    {
        let mut conn = Conn::from_ip(from, &fwd.address);
        if admitted {
            let _server = backend.accept();
        } else {
            assert!(conn.outcome().is_err(), "{from}");
            fwd.says(&format!("refused {from}:"));
        }
    }
    assert!(backend.accept_within(Duration::from_millis(100)).is_none(), "no other was dialled");
    let [_, total, _, refused, ..] = fwd.stats();
    assert_eq!((total, refused), (4, 2));
}

#[test]
fn a_dual_stack_socket_sees_ipv4_peers_as_ipv4() {
    let dir = folder();
    let args = ["fwd", "-s", "[::]:0", "-d", "echo:", "--allow", "127.0.0.0/8"];
    let fwd = Forwarder::spawn(devkit(dir.path(), args));
    let port = fwd.address.rsplit(':').next().unwrap();
    Conn::to(&format!("tcp://127.0.0.1:{port}")).ping(b"in");
    assert!(Conn::to(&format!("tcp://[::1]:{port}")).outcome().is_err());
    fwd.says("refused [::1]:");
}

#[test]
fn networks_that_are_none_are_usage_errors() {
    let dir = folder();
    for (network, says) in [
        ("192.0.2.5/24", "192.0.2.0/24 is the network"),
        ("192.0.2.0/33", "longer than 32 bits"),
        ("192.0.2", "is no network"),
        ("192.0.2.0/", "is no network"),
        ("", "is no network"),
        ("example.com", "is no network"),
        ("::/129", "longer than 128 bits"),
    ] {
        let ran = run(devkit(
            dir.path(),
            ["fwd", "-s", "127.0.0.1:0", "-d", "echo:", "--allow", network],
        ));
        assert!(ran.stderr.contains(says) && ran.stderr.contains("[usage]"), "{}", ran.stderr);
        assert_eq!(ran.code, Some(2));
    }
}

#[test]
fn rules_that_do_not_fit_the_source_are_refused() {
    let dir = folder();
    let other = ["--allow", "127.0.0.0/8", "--allow-any"];
    for (source, more) in [
        ("127.0.0.1:0", &["--allow-uid", "0"][..]),
        ("127.0.0.1:0", &["--mode", "0600"]),
        ("127.0.0.1:0", &["--owner", "root"]),
        ("unix:s.sock", &["--allow", "127.0.0.0/8"]),
        ("unix:s.sock", &["--allow-any"]),
        ("unix:@devkit-rules", &["--mode", "0600"]),
        ("stdio:", &["--allow-uid", "0"]),
        ("127.0.0.1:0", &other),
    ] {
        let args = [&["fwd", "-s", source, "-d", "echo:"], more].concat();
        let ran = run(devkit(dir.path(), &args));
        assert!(ran.stderr.contains("[usage]"), "{args:?}: {}", ran.stderr);
        assert_eq!(ran.code, Some(2), "{args:?}");
        assert!(!dir.path().join("s.sock").exists());
    }
}

#[test]
fn only_allowed_users_are_served() {
    let Some(setpriv) = peer::need("setpriv") else { return };
    let Some(perl) = peer::need("perl") else { return };
    if !peer::need_root() {
        return;
    }
    let dir = folder();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let backend = Backend::new(Kind::Tcp, dir.path());
    for (rule, uid, groups, admitted) in [
        (["--allow-uid", "65534"], "65534", "--clear-groups", true),
        (["--allow-uid", "nobody"], "65534", "--clear-groups", true),
        (["--allow-uid", "65534"], "1234", "--clear-groups", false),
        (["--allow-uid", "1,2,3"], "65534", "--clear-groups", false),
        (["--allow-gid", "65534"], "1234", "--clear-groups", true),
        (["--allow-gid", "77"], "1234", "--clear-groups", false),
        // A supplementary group counts.
        (["--allow-gid", "77"], "1234", "--groups=76,77,78", true),
    ] {
        let more = [&["--mode", "0666"], &rule[..]].concat();
        let fwd = Forwarder::start(Kind::Unix, &backend.address, dir.path(), &more);
        let script = "use IO::Socket::UNIX; \
            my $s = IO::Socket::UNIX->new(Peer => shift) or die $!; \
            my $count = sysread($s, my $got, 9); \
            print $count ? \"$got\\n\" : \"end\\n\"";
        let mut command = Command::new(&setpriv);
        command.args(["--reuid", uid, "--regid", "65534", groups]).arg(&perl);
        command.args(["-e", script]).arg(dir.path().join("source.sock"));
        let client = std::thread::spawn(move || run(command));
        // Where none comes, what the client says tells why.
        if let Some(mut conn) = admitted.then(|| backend.accept_within(PATIENCE)).flatten() {
            use std::io::Write;
            conn.write_all(b"welcome").unwrap();
        }
        let ran = client.join().unwrap();
        let wanted = if admitted { "welcome\n" } else { "end\n" };
        assert_eq!(ran.stdout, wanted, "{rule:?} {uid} {groups}: {}", ran.stderr);
        if !admitted {
            fwd.says(&format!("refused uid {uid}"));
            assert!(backend.accept_within(Duration::from_millis(50)).is_none());
        }
    }
}

#[test]
fn control_sockets_are_pointed_out() {
    let dir = folder();
    let d = dir.path().display().to_string();
    std::os::unix::fs::symlink("containerd.sock", dir.path().join("innocent")).unwrap();
    fs::write(dir.path().join("containerd.sock"), "").unwrap();
    let exposed = [
        (format!("{d}/docker.sock"), "becomes root on this machine through docker"),
        (format!("{d}/innocent"), "through containerd"),
        ("/run/crio/crio.sock".into(), "through CRI-O"),
        ("/run/podman/podman.sock".into(), "through podman"),
        ("/run/buildkit/buildkitd.sock".into(), "through buildkitd"),
        ("/run/systemd/private".into(), "through systemd"),
        ("/run/dbus/system_bus_socket".into(), "through the D-Bus system bus"),
        ("/run/user/1000/docker.sock".into(), "becomes user 1000 through docker"),
    ];
    for (path, says) in &exposed {
        let fwd = Forwarder::start(Kind::Tcp, &format!("unix:{path}"), dir.path(), &[]);
        let warnings: Vec<String> =
            fwd.stderr().lines().filter(|l| l.starts_with("warning:")).map(Into::into).collect();
        assert_eq!(warnings.len(), 1, "{path}");
        assert!(warnings[0].contains(says) && warnings[0].ends_with(" [root-equivalent]"));
        assert!(warnings[0].contains("every user and process of this machine"));
    }
    let destination = format!("unix:{d}/docker.sock");
    // Quiet hides it on loopback, and nowhere else.
    let args = ["fwd", "-q", "-s", "127.0.0.1:0", "-d", &destination, "--json"];
    let fwd = Forwarder::spawn_unready(devkit(dir.path(), args));
    fwd.tells("listening");
    assert_eq!(fwd.stderr(), "");
    for (rule, who) in [
        (
            &["--allow", "127.0.0.0/8,192.0.2.0/24"][..],
            "every process on 127.0.0.0/8, 192.0.2.0/24",
        ),
        (&["--allow-any"], "whoever can reach this port"),
    ] {
        let args = [&["fwd", "-q", "-s", "0.0.0.0:0", "-d", &destination, "--json"], rule].concat();
        let fwd = Forwarder::spawn_unready(devkit(dir.path(), args));
        fwd.tells("listening");
        let said = fwd.says("becomes root");
        assert!(said.starts_with(&format!("warning: {who} becomes root")), "{said}");
    }
    let ran = run(devkit(dir.path(), ["fwd", "-s", "0.0.0.0:0", "-d", &destination]));
    assert!(ran.stderr.contains("cause: whoever connects becomes root"), "{}", ran.stderr);
}

#[test]
fn open_abstract_names_and_modes_that_shut_out_are_pointed_out() {
    let dir = folder();
    let name = format!("unix:@devkit-open-{}", std::process::id());
    let fwd = Forwarder::spawn(devkit(dir.path(), ["fwd", "-s", &name, "-d", "echo:"]));
    fwd.says("any local user may connect");
    drop(fwd);
    let args = ["fwd", "-s", &name, "-d", "echo:", "--allow-uid", "0"];
    let fwd = Forwarder::spawn(devkit(dir.path(), args));
    assert!(!fwd.stderr().contains("warning"), "{}", fwd.stderr());
    let fwd = Forwarder::start(Kind::Unix, "echo:", dir.path(), &["--allow-uid", "4242"]);
    fwd.says("mode 0600 keeps other users from the socket");
}
