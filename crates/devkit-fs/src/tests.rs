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
    if !rustix::process::geteuid().is_root() {
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
    // A folder that was there stays.
    drop(NewFolder::create(&inner).unwrap());
    assert!(inner.is_dir());
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(NewFolder::create(&folder.path().join("file/x/y")).is_err());
    assert_eq!(names(&folder), ["a", "file"]);
}

mod edit {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::{Barrier, Edit, EditError, backups, look};

    #[test]
    fn a_file_is_replaced_and_comes_back_as_the_very_file_it_was() {
        let (folder, a, _) = folder();
        fs::write(&a, "old").unwrap();
        fs::set_permissions(&a, fs::Permissions::from_mode(0o640)).unwrap();
        let inode = fs::metadata(&a).unwrap().ino();
        let backup = Edit::open(&a).unwrap().replace(b"new").unwrap().unwrap();
        assert_eq!(fs::read(&a).unwrap(), b"new");
        assert_eq!(fs::metadata(&a).unwrap().mode() & 0o7777, 0o640);
        assert_eq!(fs::read(&backup).unwrap(), b"old");
        assert_eq!(names(&folder), ["a", "a.devkit-1"]);
        Edit::open(&a).unwrap().restore(&backup).unwrap();
        assert_eq!(
            (fs::read(&a).unwrap(), fs::metadata(&a).unwrap().ino()),
            (b"old".into(), inode)
        );
        assert_eq!(names(&folder), ["a"]);
    }

    #[test]
    fn a_new_file_is_its_owners_alone_and_its_folder_goes_if_it_does_not_come() {
        let (folder, a, _) = folder();
        let file = a.join("deep/er");
        drop(Edit::open(&file).unwrap());
        assert_eq!(names(&folder), [""; 0]);
        assert_eq!(Edit::open(&file).unwrap().replace(b"new").unwrap(), None);
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o600);
        Edit::open(&file).unwrap().remove().unwrap();
        assert_eq!(look(&file).unwrap().1, None);
    }

    #[test]
    fn a_link_stays_and_its_target_is_replaced_beside_it() {
        let (folder, a, b) = folder();
        fs::create_dir(&b).unwrap();
        fs::write(b.join("file"), "old").unwrap();
        symlink("b/file", &a).unwrap();
        let edit = Edit::open(&a).unwrap();
        assert_eq!(edit.path(), fs::canonicalize(&b).unwrap().join("file"));
        edit.replace(b"new").unwrap();
        assert_eq!(fs::read_link(&a).unwrap(), Path::new("b/file"));
        assert_eq!(
            (fs::read(&a).unwrap(), names(&folder)),
            (b"new".into(), vec!["a".into(), "b".into()])
        );
        assert_eq!(fs::read(b.join("file.devkit-1")).unwrap(), b"old");
        // A link that leads to nothing names what is to come, and one in a circle names nothing.
        symlink("b/other", folder.path().join("c")).unwrap();
        Edit::open(&folder.path().join("c")).unwrap().replace(b"new").unwrap();
        assert_eq!(fs::read(b.join("other")).unwrap(), b"new");
        symlink("d", folder.path().join("d")).unwrap();
        let error = Edit::open(&folder.path().join("d")).unwrap_err();
        assert!(matches!(error, EditError::Io { .. }), "{error}");
    }

    #[test]
    fn what_somebody_else_has_changed_is_not_overwritten() {
        let (folder, a, b) = folder();
        fs::write(&a, "old").unwrap();
        let edit = Edit::open(&a).unwrap();
        fs::write(&a, "theirs").unwrap();
        assert!(matches!(edit.replace(b"new").unwrap_err(), EditError::Changed { .. }));
        // Equal bytes in another file are another file too.
        let edit = Edit::open(&a).unwrap();
        fs::write(&b, "theirs").unwrap();
        fs::rename(&b, &a).unwrap();
        assert!(matches!(edit.remove().unwrap_err(), EditError::Changed { .. }));
        let edit = Edit::open(&b).unwrap();
        fs::write(&b, "theirs").unwrap();
        assert!(matches!(edit.replace(b"new").unwrap_err(), EditError::Changed { .. }));
        assert_eq!(
            (fs::read(&a).unwrap(), fs::read(&b).unwrap()),
            (b"theirs".into(), b"theirs".into())
        );
        assert_eq!(names(&folder), ["a", "b"]);
    }

    #[test]
    fn what_is_no_file_or_lets_nobody_write_is_refused() {
        let (folder, a, b) = folder();
        fs::create_dir(&a).unwrap();
        let error = Edit::open(&a).unwrap_err();
        assert!(matches!(error, EditError::NotRegular { kind: "a folder", .. }), "{error}");
        let (fifo, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
        rustix::fs::mknodat(rustix::fs::CWD, &b, fifo, mode, 0).unwrap();
        assert!(matches!(Edit::open(&b).unwrap_err(), EditError::NotRegular { .. }));
        let file = folder.path().join("c");
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
        let error = Edit::open(&file).unwrap_err();
        assert!(matches!(error, EditError::ReadOnly { why: Barrier::Mode, .. }), "{error}");
    }

    #[test]
    fn backups_are_numbered_and_only_whole_numbers_are_ones() {
        let (folder, a, _) = folder();
        for name in ["a", "a.devkit-9", "a.devkit-10", "a.devkit-011", "a.devkit-x", "b.devkit-99"]
        {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let found: Vec<PathBuf> =
            ["a.devkit-10", "a.devkit-9"].map(|n| folder.path().join(n)).into();
        assert_eq!(backups(&a).unwrap(), found);
        let backup = Edit::open(&a).unwrap().replace(b"new").unwrap().unwrap();
        assert_eq!(backup, folder.path().join("a.devkit-11"));
    }

    #[test]
    fn what_killed_runs_have_left_goes_with_the_next() {
        let (folder, a, _) = folder();
        fs::write(&a, "old").unwrap();
        let mut ended = Command::new("true").spawn().unwrap();
        let gone = ended.id();
        ended.wait().unwrap();
        let left = |pid: u32| folder.path().join(format!(".a.devkit-{pid}.tmp"));
        fs::write(left(gone), "half").unwrap();
        // A file of a process that still runs is its own concern.
        let parent = std::os::unix::process::parent_id();
        fs::write(left(parent), "half").unwrap();
        fs::hard_link(&a, folder.path().join("a.devkit-1")).unwrap();
        fs::write(folder.path().join("a.devkit-2"), "old").unwrap();
        drop(Edit::open(&a).unwrap());
        let running = left(parent).file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(names(&folder), [running, "a".into(), "a.devkit-2".into()]);
    }

    #[test]
    fn two_edits_wait_for_each_other() {
        const THREADS: usize = 8;
        let (_folder, a, _) = folder();
        fs::write(&a, "").unwrap();
        let inside = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..THREADS)
            .map(|number| {
                let (inside, a) = (Arc::clone(&inside), a.clone());
                std::thread::spawn(move || {
                    let edit = Edit::open(&a).unwrap();
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    let mut contents = edit.contents().unwrap().to_vec();
                    contents.push(b'0' + u8::try_from(number).unwrap());
                    inside.fetch_sub(1, Ordering::SeqCst);
                    edit.replace(&contents).unwrap();
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        let mut all = fs::read(&a).unwrap();
        all.sort_unstable();
        assert_eq!(all, b"01234567");
    }

    #[test]
    fn extended_attributes_come_along() {
        use rustix::fs::{XattrFlags, getxattr, setxattr};
        let (_folder, a, _) = folder();
        fs::write(&a, "old").unwrap();
        // Not every file system has them.
        if setxattr(&a, "user.devkit", b"kept", XattrFlags::empty()).is_err() {
            return;
        }
        Edit::open(&a).unwrap().replace(b"new").unwrap();
        let mut value = [0_u8; 16];
        assert_eq!(getxattr(&a, "user.devkit", &mut value[..]), Ok(4));
        assert_eq!(&value[..4], b"kept");
    }
}
