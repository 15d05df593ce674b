//! The real programs that tests talk to. A missing one is reported as skipped, never as passed.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

/// Finds a program on the `PATH` and in the system folders.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).map(Some);
    let system = ["/usr/sbin", "/sbin", "/usr/local/sbin"].map(|folder| Some(folder.into()));
    folders
        .chain(system)
        .flatten()
        .map(|folder: PathBuf| folder.join(program))
        .find(|p| p.is_file())
}

/// A program this test cannot do without. `None`: the test is to return, and counts as skipped.
///
/// # Panics
///
/// In CI, where the peers are installed before.
pub(crate) fn need(program: &str) -> Option<PathBuf> {
    let found = find(program);
    if found.is_none() {
        skip(&format!("{program} is not installed"));
    }
    found
}

/// Whether this runs as root, which some tests need. `false`: the test is to return.
pub(crate) fn need_root() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        skip("this needs root");
    }
    root
}

/// Whether this system has IPv6 on loopback. `false`: what needs it is to be left out.
pub(crate) fn need_ipv6() -> bool {
    let on = std::net::TcpListener::bind("[::1]:0").is_ok();
    if !on {
        skip("this needs IPv6");
    }
    on
}

/// unshare(1) where it may make mount namespaces, which root in a container often may not.
pub(crate) fn need_mount_namespace() -> Option<PathBuf> {
    let unshare = need("unshare")?;
    if !need_root() {
        return None;
    }
    let mut try_it = std::process::Command::new(&unshare);
    let may = try_it.args(["-m", "true"]).output().is_ok_and(|ran| ran.status.success());
    if !may {
        skip("this needs the right to make a mount namespace");
    }
    may.then_some(unshare)
}

/// Counts the running test as skipped. xtask gives the file, and shows it at the end.
pub(crate) fn skip(reason: &str) {
    let test = std::thread::current().name().unwrap_or("?").to_owned();
    let ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    assert!(!ci, "{test} would be skipped in CI: {reason}");
    eprintln!("SKIPPED {test}: {reason}");
    if let Some(list) = std::env::var_os("DEVKIT_SKIPPED") {
        let mut list = OpenOptions::new().append(true).create(true).open(list).unwrap();
        writeln!(list, "{test}: {reason}").unwrap();
    }
}
