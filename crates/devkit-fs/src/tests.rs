//! What happens to files that are there, and to those that are not.

#![expect(clippy::disallowed_methods, reason = "tests put files there first")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::{Error, Existing, NewFile, NewFolder, Outcome, publish};

fn new<'a>(path: &'a Path, contents: &'a [u8]) -> NewFile<'a> {
    NewFile { path, contents, mode: 0o600 }
}

fn folder() -> (TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    (folder, a, b)
}

fn names(folder: &TempDir) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn files_appear_together_with_their_mode_and_nothing_beside_them() {
    let (folder, a, b) = folder();
    let files = [new(&a, b"one"), NewFile { path: &b, contents: b"two", mode: 0o644 }];
    let outcomes = publish(&files, &[], Existing::Keep).unwrap();
    assert_eq!(outcomes, [Outcome::Written, Outcome::Written]);
    assert_eq!((fs::read(&a).unwrap(), fs::read(&b).unwrap()), (b"one".to_vec(), b"two".to_vec()));
    assert_eq!(fs::metadata(&a).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&a).unwrap().nlink(), 1);
    assert_eq!(names(&folder), ["a", "b"]);
}

#[test]
fn other_contents_are_kept_and_then_nothing_is_written() {
    let (folder, a, b) = folder();
    fs::write(&b, "other").unwrap();
    let error = publish(&[new(&a, b"one"), new(&b, b"two")], &[], Existing::Keep).unwrap_err();
    assert!(matches!(error, Error::Exists { path } if path == b));
    assert_eq!(fs::read(&b).unwrap(), b"other");
    assert_eq!(names(&folder), ["b"]);
}

#[test]
fn the_same_contents_are_as_good_as_written() {
    let (_folder, a, b) = folder();
    fs::write(&a, "one").unwrap();
    let inode = fs::metadata(&a).unwrap().ino();
    let outcomes = publish(&[new(&a, b"one"), new(&b, b"two")], &[], Existing::Keep).unwrap();
    assert_eq!(outcomes, [Outcome::Same, Outcome::Written]);
    assert_eq!(fs::metadata(&a).unwrap().ino(), inode);
    // But for who may read it: the umask let everybody.
    assert_eq!(fs::metadata(&a).unwrap().mode() & 0o777, 0o600);
    fs::set_permissions(&a, fs::Permissions::from_mode(0o440)).unwrap();
    publish(&[new(&a, b"one")], &[], Existing::Replace).unwrap();
    assert_eq!(fs::metadata(&a).unwrap().mode() & 0o777, 0o400);
}

#[test]
fn what_another_set_left_is_an_error_or_goes() {
    let (folder, a, b) = folder();
    fs::write(&b, "old").unwrap();
    let error = publish(&[new(&a, b"one")], &[&b], Existing::Keep).unwrap_err();
    assert!(matches!(error, Error::Unwanted { path } if path == b));
    assert_eq!(names(&folder), ["b"]);
    publish(&[new(&a, b"one")], &[&b], Existing::Replace).unwrap();
    assert_eq!(names(&folder), ["a"]);
}

#[test]
fn a_replacement_that_fails_leaves_no_second_name_behind() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let (folder, a, b) = folder();
    fs::write(&a, "old a").unwrap();
    fs::write(&b, "old b").unwrap();
    let c = folder.path().join("c");
    fs::write(&c, "old c").unwrap();
    // A mount point can be neither linked nor renamed over.
    let Some(_mounted) = Mounted::over(&b) else { return };
    let files = [new(&a, b"one"), new(&b, b"two"), new(&c, b"three")];
    let error = publish(&files, &[], Existing::Replace).unwrap_err();
    assert!(matches!(error, Error::Io { action: "replace", .. }), "{error}");
    assert_eq!(fs::read(&a).unwrap(), b"old a");
    assert_eq!(fs::metadata(&a).unwrap().nlink(), 1);
    assert_eq!(names(&folder), ["a", "b", "c"]);
}

/// A file that is mounted over itself for as long as this lives.
struct Mounted(PathBuf);

impl Mounted {
    fn over(path: &Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.arg("--bind").args([path, path]).stderr(Stdio::null());
        mount.status().ok()?.success().then(|| Self(path.into()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn two_names_of_one_place_are_found() {
    let (folder, a, _) = folder();
    symlink(folder.path(), folder.path().join("link")).unwrap();
    let other = folder.path().join("link/a");
    let error = publish(&[new(&a, b"one"), new(&other, b"two")], &[], Existing::Replace);
    assert!(matches!(error, Err(Error::Twice { .. })));
    assert_eq!(names(&folder), ["link"]);
}

#[test]
fn replacing_changes_all_or_puts_back_what_was_there() {
    let (folder, a, b) = folder();
    fs::write(&a, "old").unwrap();
    publish(&[new(&a, b"one"), new(&b, b"two")], &[], Existing::Replace).unwrap();
    assert_eq!((fs::read(&a).unwrap(), fs::read(&b).unwrap()), (b"one".to_vec(), b"two".to_vec()));
    assert_eq!(names(&folder), ["a", "b"]);
    // The second cannot be: its folder is not there.
    let nowhere = folder.path().join("none/c");
    publish(&[new(&a, b"three"), new(&nowhere, b"four")], &[], Existing::Replace).unwrap_err();
    assert_eq!(fs::read(&a).unwrap(), b"one");
    assert_eq!(names(&folder), ["a", "b"]);
}

#[test]
fn links_and_folders_are_never_written_through_or_replaced() {
    let (folder, a, b) = folder();
    fs::write(&a, "target").unwrap();
    symlink(&a, &b).unwrap();
    let dangling = folder.path().join("dangling");
    symlink(folder.path().join("nothing"), &dangling).unwrap();
    let sub = folder.path().join("sub");
    fs::create_dir(&sub).unwrap();
    for (path, what) in
        [(&b, "a symbolic link"), (&dangling, "a symbolic link"), (&sub, "a folder")]
    {
        for existing in [Existing::Keep, Existing::Replace] {
            let error = publish(&[new(path, b"one")], &[], existing).unwrap_err();
            assert!(matches!(error, Error::NotRegular { kind, .. } if kind == what), "{error}");
        }
    }
    assert_eq!(fs::read(&a).unwrap(), b"target");
    assert_eq!(names(&folder), ["a", "b", "dangling", "sub"]);
}

#[test]
fn one_that_cannot_be_placed_takes_the_others_back() {
    let (folder, a, _) = folder();
    // A name that can be staged beside its place and not be put there.
    let long = folder.path().join("x".repeat(256));
    publish(&[new(&a, b"one"), new(&long, b"two")], &[], Existing::Keep).unwrap_err();
    assert_eq!(names(&folder), [""; 0]);
}

#[test]
fn folders_are_private_and_go_again_unless_they_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("a/b");
    let new = NewFolder::create(&inner).unwrap();
    for path in [&inner, &folder.path().join("a")] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o700);
    }
    drop(new);
    assert_eq!(names(&folder), [""; 0]);
    NewFolder::create(&inner).unwrap().keep();
    // One that was there stays.
    drop(NewFolder::create(&inner).unwrap());
    assert!(inner.is_dir());
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(NewFolder::create(&folder.path().join("file/x/y")).is_err());
    assert_eq!(names(&folder), ["a", "file"]);
}
