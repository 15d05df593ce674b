//! Look-ups on the system that runs the tests.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};

use super::*;

#[test]
fn addresses_need_no_resolver() {
    let one = addresses("127.0.0.1", 80).unwrap();
    assert_eq!(one, [SocketAddr::from(([127, 0, 0, 1], 80))]);
    let localhost = addresses("localhost", 1).unwrap();
    assert!(localhost.iter().all(|found| found.ip().is_loopback()), "{localhost:?}");
    assert!(localhost.iter().any(|found| found.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST)));
    // RFC 6761, section 6.4: nobody has such a name.
    assert!(addresses("name.invalid", 1).is_err());
}

#[cfg(feature = "tokio")]
#[test]
fn a_runtime_is_not_held_up() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let found = runtime.block_on(addresses_in_time("localhost", 1)).unwrap();
    assert_eq!(found, addresses("localhost", 1).unwrap());
}

#[test]
fn accounts_are_those_of_the_files() {
    let is_entry = |line: &&str| !line.starts_with(['#', '+', '-']) && line.contains(':');
    for line in fs::read_to_string("/etc/passwd").unwrap().lines().filter(is_entry) {
        let fields: Vec<&str> = line.split(':').collect();
        let (name, number, folder) = (fields[0], fields[2].parse().unwrap(), fields[5]);
        assert_eq!(user(name).unwrap(), Some(number), "{line}");
        // Two names may have one number; the first counts.
        assert!(home(number).unwrap().is_some(), "{line} {folder}");
    }
    for line in fs::read_to_string("/etc/group").unwrap().lines().filter(is_entry) {
        let fields: Vec<&str> = line.split(':').collect();
        assert_eq!(group(fields[0]).unwrap(), Some(fields[2].parse().unwrap()), "{line}");
    }
    assert_eq!(home(0).unwrap(), Some("/root".into()));
    assert_eq!((user("no such user").unwrap(), group("no such group").unwrap()), (None, None));
    assert_eq!(home(4_000_000_123).unwrap(), None);
}
