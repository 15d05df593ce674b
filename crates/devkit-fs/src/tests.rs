//! What happens to files that are there, and to those that are not.

#![expect(clippy::disallowed_methods, reason = "tests put files there first")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

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
    let outcomes = publish(&files, Existing::Keep).unwrap();
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
    let error = publish(&[new(&a, b"one"), new(&b, b"two")], Existing::Keep).unwrap_err();
    assert!(matches!(error, Error::Exists { path } if path == b));
    assert_eq!(fs::read(&b).unwrap(), b"other");
    assert_eq!(names(&folder), ["b"]);
}

#[test]
fn the_same_contents_are_as_good_as_written() {
    let (_folder, a, b) = folder();
    fs::write(&a, "one").unwrap();
    let inode = fs::metadata(&a).unwrap().ino();
    let outcomes = publish(&[new(&a, b"one"), new(&b, b"two")], Existing::Keep).unwrap();
    assert_eq!(outcomes, [Outcome::Same, Outcome::Written]);
    assert_eq!(fs::metadata(&a).unwrap().ino(), inode);
    // Replacing also narrows who may read it.
    let outcomes = publish(&[new(&a, b"one")], Existing::Replace).unwrap();
    assert_eq!(outcomes, [Outcome::Written]);
    assert_eq!(fs::metadata(&a).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn replacing_changes_all_or_puts_back_what_was_there() {
    let (folder, a, b) = folder();
    fs::write(&a, "old").unwrap();
    publish(&[new(&a, b"one"), new(&b, b"two")], Existing::Replace).unwrap();
    assert_eq!((fs::read(&a).unwrap(), fs::read(&b).unwrap()), (b"one".to_vec(), b"two".to_vec()));
    assert_eq!(names(&folder), ["a", "b"]);
    // The second cannot be: its folder is not there.
    let nowhere = folder.path().join("none/c");
    publish(&[new(&a, b"three"), new(&nowhere, b"four")], Existing::Replace).unwrap_err();
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
            let error = publish(&[new(path, b"one")], existing).unwrap_err();
            assert!(matches!(error, Error::NotRegular { kind, .. } if kind == what), "{error}");
        }
    }
    assert_eq!(fs::read(&a).unwrap(), b"target");
    assert_eq!(names(&folder), ["a", "b", "dangling", "sub"]);
}

#[test]
fn a_second_file_of_the_same_name_takes_the_first_one_back() {
    // What nobody can see beforehand: the place is taken between looking and placing.
    let (folder, a, _) = folder();
    publish(&[new(&a, b"one"), new(&a, b"two")], Existing::Keep).unwrap_err();
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
