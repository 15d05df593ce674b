//! Whether a private key would be committed.

use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::plan::Planned;
use crate::warning::{Code, Warning};

/// A warning for each private file that lies in a git work tree which does not ignore it.
#[must_use]
pub fn warnings(planned: &[Planned], absolute: impl Fn(&Path) -> PathBuf) -> Vec<Warning> {
    let private: Vec<&Path> =
        planned.iter().filter(|file| file.is_private()).map(|file| &*file.path).collect();
    unignored(&private, absolute)
        .into_iter()
        .map(|path| {
            let text = format!("{} is in a git work tree that does not ignore it", path.display());
            Warning::new(Code::KeyInGitWorkTree, text)
        })
        .collect()
}

/// Those of `files` that lie in a git work tree which does not ignore them.
///
/// `absolute` makes a path absolute. git itself is asked, because its rules are many; where it is
/// not there, a work tree is taken to ignore nothing.
fn unignored(files: &[&Path], absolute: impl Fn(&Path) -> PathBuf) -> Vec<PathBuf> {
    let mut by_tree: Vec<(PathBuf, Vec<PathBuf>)> = Vec::new();
    for file in files {
        let path = absolute(file);
        let tree = path.ancestors().skip(1).find(|folder| folder.join(".git").exists());
        let Some(tree) = tree.map(Path::to_owned) else { continue };
        match by_tree.iter_mut().find(|(known, _)| *known == tree) {
            Some((_, paths)) => paths.push(path),
            None => by_tree.push((tree, vec![path])),
        }
    }
    by_tree.iter().flat_map(|(tree, paths)| not_ignored(tree, paths)).collect()
}

fn not_ignored(tree: &Path, paths: &[PathBuf]) -> Vec<PathBuf> {
    let ignored = ignored(tree, paths).unwrap_or_default();
    paths.iter().filter(|path| !ignored.contains(path)).cloned().collect()
}

fn ignored(tree: &Path, paths: &[PathBuf]) -> Option<Vec<PathBuf>> {
    let mut git = Command::new("git")
        .arg("-C")
        .arg(tree)
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
