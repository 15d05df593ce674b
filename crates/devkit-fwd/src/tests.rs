//! Rules of the library, as tables.

use std::ffi::{OsStr, OsString};
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;

use crate::error::Error;
use crate::exposure::{Exposure, Rights};
use crate::input::cidr::{Cidr, CidrError};
use crate::input::endpoint::{Address, AddressProblem, Destination, Source};
use crate::input::options::{Networks, Options, Peers};
use crate::listen::activation::Activation;
use crate::plan::Plan;
use crate::serve::event::Peer;

fn address(text: &str) -> String {
    match Address::parse(OsStr::new(text)) {
        Ok(address) => address.to_string(),
        Err(error) => format!("{} / {:?}", error, error.suggestion),
    }
}

#[test]
fn addresses_have_one_written_form_that_reads_back_the_same() {
    for (text, written) in [
        ("tcp://127.0.0.1:8090", "tcp://127.0.0.1:8090"),
        ("127.0.0.1:8090", "tcp://127.0.0.1:8090"),
        ("tcp4://127.0.0.1:1", "tcp4://127.0.0.1:1"),
        ("tcp6://[::1]:1", "tcp6://[::1]:1"),
        ("[::1]:65535", "tcp://[::1]:65535"),
        ("[fe80::1%eth0]:80", "tcp://[fe80::1%eth0]:80"),
        ("example.com:80", "tcp://example.com:80"),
        ("my_host:80", "tcp://my_host:80"),
        ("host.:80", "tcp://host.:80"),
        ("unix:///run/d.sock", "unix:/run/d.sock"),
        ("unix:/run/d.sock", "unix:/run/d.sock"),
        ("unix:d.sock", "unix:d.sock"),
        ("unix://./127.0.0.1:8090", "unix:./127.0.0.1:8090"),
        ("/run/d.sock", "unix:/run/d.sock"),
        ("./d.sock", "unix:./d.sock"),
        ("run/d:1", "unix:run/d:1"),
        ("unix:@name", "unix:@name"),
        ("unix://@name", "unix:@name"),
    ] {
        assert_eq!(address(text), written, "{text}");
        assert_eq!(address(written), written, "{written} reads back");
    }
    // Without a host: this machine, which has a name.
    for text in [":80", "80", "tcp://:80"] {
        assert_eq!(address(text), "tcp://localhost:80");
    }
}

#[test]
fn names_that_the_resolver_would_take_for_addresses_are_none() {
    for host in ["127.1", "0x7f000001", "010.0.0.1", "1", "256.0.0.1", "a..", "", ".", "a b", "é"]
    {
        let text = format!("tcp://{host}:80");
        let parsed = Address::parse(OsStr::new(&text));
        if host.is_empty() {
            assert!(parsed.is_ok(), "no host is loopback");
        } else {
            let problem = parsed.unwrap_err().problem;
            assert!(matches!(problem, AddressProblem::BadHost(_)), "{host:?}: {problem}");
        }
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_paths_and_nothing_else() {
    let path = OsStr::from_bytes(b"/run/\xff.sock");
    assert_eq!(Address::parse(path).unwrap().to_string(), r"unix:/run/\xff.sock");
    let host = OsStr::from_bytes(b"\xff:80");
    assert!(matches!(Address::parse(host).unwrap_err().problem, AddressProblem::BadHost(_)));
}

#[test]
fn the_ends_have_forms_of_their_own() {
    for text in ["fd://", "fd:"] {
        assert_eq!(Source::parse(OsStr::new(text)), Ok(Source::Activated));
    }
    for text in ["stdio:", "stdio", "-"] {
        assert_eq!(Source::parse(OsStr::new(text)), Ok(Source::Stdio));
    }
    assert_eq!(Destination::parse(OsStr::new("echo:")), Ok(Destination::Echo));
    assert!(Source::parse(OsStr::new("127.0.0.1:0")).is_ok());
    let zero = Destination::parse(OsStr::new("127.0.0.1:0")).unwrap_err();
    assert_eq!(zero.problem, AddressProblem::PortZero);
}

#[test]
fn networks_hold_their_addresses_and_no_others() {
    for (network, inside, outside) in [
        (
            "192.0.2.0/24",
            &["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.7"][..],
            &["192.0.3.0", "::1"][..],
        ),
        ("192.0.2.5", &["192.0.2.5"], &["192.0.2.4", "192.0.2.6"]),
        ("0.0.0.0/0", &["1.2.3.4", "255.255.255.255"], &["::1", "2001:db8::1"]),
        ("::/0", &["::1", "2001:db8::1"], &["1.2.3.4", "::ffff:1.2.3.4"]),
        ("::/64", &["::1"], &["1.2.3.4"]),
        ("2001:db8::/33", &["2001:db8:7fff::1"], &["2001:db8:8000::1"]),
        ("::ffff:10.0.0.0/104", &["10.255.0.1"], &["11.0.0.1"]),
        ("10.0.0.0/31", &["10.0.0.1"], &["10.0.0.2"]),
    ] {
        let cidr: Cidr = network.parse().unwrap();
        for ip in inside {
            assert!(cidr.contains(ip.parse().unwrap()), "{network} {ip}");
        }
        for ip in outside {
            assert!(!cidr.contains(ip.parse().unwrap()), "{network} {ip}");
        }
        assert_eq!(cidr.to_string().parse(), Ok(cidr), "{network} reads back");
    }
}

#[test]
fn texts_that_are_no_networks_say_why() {
    let host_bits = |network: &str| CidrError::HostBits {
        text: "192.0.2.5/24".into(),
        network: network.parse().unwrap(),
    };
    assert_eq!("192.0.2.5/24".parse::<Cidr>(), Err(host_bits("192.0.2.0/24")));
    for text in ["192.0.2.0/33", "::/129"] {
        assert!(matches!(text.parse::<Cidr>(), Err(CidrError::TooLong { .. })), "{text}");
    }
    for text in
        ["", "/", "1.2.3/8", "1.2.3.4/", "1.2.3.4/+8", "1.2.3.4/8/8", "host/8", "1.2.3.4/-1"]
    {
        assert!(matches!(text.parse::<Cidr>(), Err(CidrError::Malformed(_))), "{text}");
    }
}

#[test]
fn rules_admit_whom_they_name() {
    let peers = Peers { uids: vec![1000], gids: vec![50, 51] };
    for (uid, gids, admitted) in [
        (1000, &[1000][..], true),
        (1001, &[1001], false),
        (1001, &[1001, 51], true),
        (0, &[0], false),
    ] {
        assert_eq!(peers.admit(uid, gids), admitted, "{uid} {gids:?}");
    }
    assert!(Peers::default().admit(4242, &[]));
    let ip: IpAddr = "127.0.0.1".parse().unwrap();
    assert!(Networks::Unsaid.admit(ip) && Networks::Any.admit(ip));
    assert!(!Networks::Only(vec!["127.0.0.2/32".parse().unwrap()]).admit(ip));
}

fn plan(source: &str, destination: &str, options: Options) -> Result<Plan, Error> {
    let source = Source::parse(OsStr::new(source)).unwrap();
    let destination = Destination::parse(OsStr::new(destination)).unwrap();
    Plan::new(&source, destination, options, &Activation::default())
}

#[test]
fn only_loopback_needs_no_word_about_who_may_connect() {
    for (source, loopback) in [
        ("127.0.0.1:0", true),
        ("127.255.255.254:0", true),
        ("[::1]:0", true),
        ("[::ffff:127.0.0.1]:0", true),
        (":0", true),
        ("0.0.0.0:0", false),
        ("[::]:0", false),
        ("[::ffff:0.0.0.0]:0", false),
        ("192.0.2.1:0", false),
        ("[::ffff:192.0.2.1]:0", false),
    ] {
        let unsaid = plan(source, "echo:", Options::default());
        assert_eq!(unsaid.is_ok(), loopback, "{source}");
        if let Err(error) = unsaid {
            assert_eq!(error.code(), "not-loopback", "{source}");
        }
        let options = Options { networks: Networks::Any, ..Options::default() };
        assert!(plan(source, "echo:", options).is_ok(), "{source}");
    }
}

#[test]
fn who_gets_what_is_told() {
    let only = Networks::Only(vec!["192.0.2.0/24".parse().unwrap()]);
    for (source, networks, grave, audience) in [
        ("127.0.0.1:0", Networks::Unsaid, false, "every user and process of this machine"),
        ("0.0.0.0:0", Networks::Any, true, "whoever can reach this port"),
        ("0.0.0.0:0", only, true, "every process on 192.0.2.0/24"),
        ("unix:/tmp/x", Networks::Unsaid, false, "whoever may open this socket"),
    ] {
        let options = Options { networks, ..Options::default() };
        let plan = plan(source, "/run/docker.sock", options).unwrap();
        let [warning] = plan.warnings() else { panic!("{:?}", plan.warnings()) };
        let told =
            format!("{audience} becomes root on this machine through docker (/run/docker.sock)");
        assert_eq!(warning.message.to_string(), told);
        assert_eq!((&*warning.code, warning.detail.is_grave), ("root-equivalent", grave));
    }
    // Nobody can connect to standard input.
    assert!(plan("stdio:", "/run/docker.sock", Options::default()).unwrap().warnings().is_empty());
}

#[test]
fn control_sockets_are_known_by_name_or_path() {
    let of = |path: &str| {
        let destination = Destination::parse(OsStr::new(path)).unwrap();
        Exposure::of(&destination).map(|exposure| (exposure.service, exposure.rights))
    };
    for (path, service, rights) in [
        ("/var/run/docker.sock", "docker", Rights::Root),
        ("/run/k3s/containerd/containerd.sock", "containerd", Rights::Root),
        ("/run/user/1000/podman/podman.sock", "podman", Rights::User(1000)),
        ("/run/user/0/docker.sock", "docker", Rights::Root),
        ("/run/systemd/private", "systemd", Rights::Root),
        ("/var/run/dbus/system_bus_socket", "the D-Bus system bus", Rights::Root),
    ] {
        assert_eq!(of(path), Some((service, rights)), "{path}");
    }
    for path in ["/run/app.sock", "/srv/systemd/private", "/run/docker.sock.d/x", "127.0.0.1:2375"]
    {
        assert_eq!(of(path), None, "{path}");
    }
}

#[test]
fn passed_sockets_are_for_the_process_they_name() {
    let taken = |pid: Option<&str>, fds: Option<&str>| {
        let activation = Activation {
            listen_pid: pid.map(OsString::from),
            listen_fds: fds.map(OsString::from),
            pid: 42,
        };
        match activation.take() {
            Err(Error::Activation(why)) => why,
            other => panic!("{other:?}"),
        }
    };
    for (pid, fds, why) in [
        (None, None, "not set"),
        (Some("42"), None, "not set"),
        (Some("41"), Some("1"), "names process 41"),
        (Some("x"), Some("1"), "LISTEN_PID is no number"),
        (Some("42"), Some("0"), "LISTEN_FDS is 0"),
        (Some("42"), Some("-1"), "no number"),
        (Some("42"), Some("5000"), "no number up to 1024"),
    ] {
        assert!(taken(pid, fds).contains(why), "{pid:?} {fds:?}: {}", taken(pid, fds));
    }
}

#[test]
fn peers_are_shown_by_what_identifies_them() {
    assert_eq!(Peer::Tcp("[::1]:80".parse().unwrap()).to_string(), "[::1]:80");
    assert_eq!(Peer::Unix { uid: 7, pid: Some(8) }.to_string(), "uid 7 pid 8");
    assert_eq!(Peer::Unix { uid: 7, pid: None }.to_string(), "uid 7");
}
