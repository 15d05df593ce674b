//! The static binary in an empty root: no loader, no library, no resolver configuration.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::forwarder::Forwarder;
use crate::support::socket::{Backend, Conn, Kind};
use crate::support::{copy_program, folder, peer, run};

/// The binary that xtask has built, in a root of its own.
fn empty_root() -> Option<(tempfile::TempDir, PathBuf)> {
    let chroot = peer::need("chroot")?;
    if !peer::need_root() {
        return None;
    }
    let Some(binary) = std::env::var_os("DEVKIT_STATIC") else {
        peer::skip("no static binary: cargo xtask test without --quick builds it");
        return None;
    };
    let root = folder();
    copy_program(Path::new(&binary), &root.path().join("devkit"));
    Some((root, chroot))
}

fn inside(root: &Path, chroot: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(chroot);
    command.arg(root).arg("/devkit").args(args).env_clear();
    command
}

#[test]
fn it_runs_where_nothing_else_is() {
    let Some((root, chroot)) = empty_root() else { return };
    let ran = run(inside(root.path(), &chroot, &["--version"]));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert!(ran.stdout.starts_with("devkit "), "{}", ran.stdout);
    let mut fwd = Forwarder::spawn(inside(
        root.path(),
        &chroot,
        &["fwd", "-s", "unix:/s.sock", "-d", "echo:"],
    ));
    Conn::to(&format!("unix:{}/s.sock", root.path().display())).ping(b"inside");
    assert_eq!(fwd.stop(), Some(0));
    assert!(!root.path().join("s.sock").exists());
}

#[test]
fn names_come_from_etc_hosts() {
    let Some((root, chroot)) = empty_root() else { return };
    let backend = Backend::new(Kind::Tcp, root.path());
    let port = backend.address.rsplit(':').next().unwrap().to_owned();
    let destination = format!("backend.test:{port}");
    let args = ["fwd", "-s", "127.0.0.1:0", "-d", &destination];
    let fwd = Forwarder::spawn(inside(root.path(), &chroot, &args));
    // No such name yet, and nobody to ask: a plain error, at once or after the timeout.
    assert!(fwd.connect().outcome().is_err());
    let line = fwd.says("#1 failed");
    assert!(line.contains("does not resolve") || line.contains("no answer"), "{line}");
    fs::create_dir(root.path().join("etc")).unwrap();
    fs::write(root.path().join("etc/hosts"), "127.0.0.1 backend.test\n").unwrap();
    let mut client = fwd.connect();
    std::io::Write::write_all(&mut backend.accept(), b"resolved").unwrap();
    assert_eq!(client.rest(), b"resolved");
}

#[test]
fn accounts_come_from_etc_passwd_and_group() {
    use std::os::unix::fs::MetadataExt;
    let Some((root, chroot)) = empty_root() else { return };
    let args = ["fwd", "-s", "unix:/s.sock", "-d", "echo:", "--owner", "app", "--group", "team"];
    let ran = run(inside(root.path(), &chroot, &args));
    assert!(ran.stderr.contains("no user is named 'app' [unknown-user]"), "{}", ran.stderr);
    // With musl no module of the system is asked, which is said; without it one may be.
    let version = run(inside(root.path(), &chroot, &["--version"])).stdout;
    let says = ran.stderr.contains("reads /etc/passwd and /etc/group");
    assert_eq!(says, version.contains("-linux-musl"), "{version}{}", ran.stderr);
    fs::create_dir(root.path().join("etc")).unwrap();
    fs::write(root.path().join("etc/passwd"), "app:x:1234:1234::/:/bin/sh\n").unwrap();
    fs::write(root.path().join("etc/group"), "team:x:4321:\n").unwrap();
    let _fwd = Forwarder::spawn(inside(root.path(), &chroot, &args));
    let file = fs::metadata(root.path().join("s.sock")).unwrap();
    assert_eq!((file.uid(), file.gid()), (1234, 4321));
}
