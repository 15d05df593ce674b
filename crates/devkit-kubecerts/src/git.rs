//! Asks git whether a private key that was written would be committed.

use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use devkit_report::{Finding, Place, message};

use crate::plan::Planned;
use crate::secret::safe_path;
use crate::warning::{Code, found};

/// A warning for each private file, already written, that lies in a git work tree which does not
/// ignore it.
#[must_use]
pub fn warnings(planned: &[Planned]) -> Vec<Finding> {
    let private: Vec<&Path> =
        planned.iter().filter(|file| file.is_private()).map(|file| &*file.path).collect();
    let unignored = unignored(&private).into_iter();
    let warning = |path: &Path| {
        let text = message!("{} is in a git work tree that does not ignore it", safe_path(path));
        found(Code::KeyInGitWorkTree, text).at(Place::file(path))
    };
    unignored.map(warning).collect()
}

/// Files of `files` that lie in a git work tree which does not ignore them. git itself is asked,
/// because its rules are many; where it is not there, a work tree is taken to ignore nothing.
fn unignored<'a>(files: &[&'a Path]) -> Vec<&'a Path> {
    // Each with the path it has without links, which is the one that git knows.
    let mut by_tree: Vec<(PathBuf, Vec<(&'a Path, PathBuf)>)> = Vec::new();
    for file in files {
        let Ok(path) = file.canonicalize() else { continue };
        let tree = path.ancestors().skip(1).find(|folder| folder.join(".git").exists());
        let Some(tree) = tree.map(Path::to_owned) else { continue };
        match by_tree.iter_mut().find(|(known, _)| *known == tree) {
            Some((_, paths)) => paths.push((file, path)),
            None => by_tree.push((tree, vec![(file, path)])),
        }
    }
    let of_tree = |(tree, paths): &(PathBuf, Vec<(&'a Path, PathBuf)>)| {
        let real: Vec<&Path> = paths.iter().map(|(_, path)| &**path).collect();
        let ignored = ignored(tree, &real).unwrap_or_default();
        let left = paths.iter().filter(|(_, path)| !ignored.contains(path));
        left.map(|(file, _)| *file).collect::<Vec<_>>()
    };
    by_tree.iter().flat_map(of_tree).collect()
}

fn ignored(tree: &Path, paths: &[&Path]) -> Option<Vec<PathBuf>> {
    let mut git = Command::new("git")
        .arg("-C")
        .arg(tree)
        // The folder's repository is meant, whichever one the caller works on.
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        // Nothing that the repository configures is to be run.
        .args(["-c", "core.fsmonitor=false", "check-ignore", "-z", "--stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut list = Vec::new();
    for path in paths {
        list.extend(path.as_os_str().as_bytes());
        list.push(0);
    }
    let mut input = git.stdin.take()?;
    // Apart, so that neither waits for the other with a full pipe.
    let writer = std::thread::spawn(move || drop(input.write_all(&list)));
    let output = git.wait_with_output().ok()?;
    writer.join().ok()?;
    let names = output.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    Some(names.map(|name| PathBuf::from(std::ffi::OsStr::from_bytes(name))).collect())
}
