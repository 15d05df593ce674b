//! The programs that Cargo makes of the tests: built together, and found by what Cargo says of them.
//!
//! They are not run by `cargo test`, which runs one after the other.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::{Result, cargo, output, root};

/// What Cargo tells goes to standard output for programs, and to standard error for people.
const MESSAGES: &str = "--message-format=json-render-diagnostics";

/// A program with tests in it.
pub(super) struct TestBinary {
    file: PathBuf,
    /// The folder of its package, where its tests are run.
    folder: PathBuf,
    /// The target's name in `Cargo.toml`.
    name: String,
}

impl TestBinary {
    /// Whether it is the black-box tests of devkit.
    pub(super) fn is_of_the_command(&self) -> bool {
        self.name == "cli"
    }

    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.file);
        // `cargo test` would have it so; what is there is that of xtask.
        command.current_dir(&self.folder).env("CARGO_MANIFEST_DIR", &self.folder);
        command
    }

    /// The binary's name and its package's folder, for people.
    pub(super) fn shown(&self) -> String {
        let folder = self.folder.strip_prefix(root()).unwrap_or(&self.folder);
        format!("{} ({})", self.name, folder.display())
    }
}

/// Builds all tests of the workspace, with all its features as one, as `cargo test` would.
pub(super) fn build() -> Result<Vec<TestBinary>> {
    let args = ["test", "--workspace", "--locked", "--no-run", MESSAGES];
    let mut building = cargo(&args);
    // Building takes minutes the first time, and silence would look like a hang.
    building.stderr(Stdio::inherit());
    let messages = output(building)?;
    let binaries: Vec<_> = messages.lines().filter_map(test_binary).collect();
    if binaries.is_empty() {
        return Err("Cargo has built no tests".into());
    }
    Ok(binaries)
}

/// What a message of Cargo tells of a test binary, if it is about one.
fn test_binary(message: &str) -> Option<TestBinary> {
    let (_, profile) = message.split_once(r#""profile":{"#)?;
    if !profile.split('}').next()?.contains(r#""test":true"#) {
        return None;
    }
    let (_, target) = message.split_once(r#""target":{"#)?;
    Some(TestBinary {
        file: text(message, "executable")?.into(),
        folder: Path::new(text(message, "manifest_path")?).parent()?.to_owned(),
        name: text(target, "name")?.to_owned(),
    })
}

/// The first field of that name which is a text. No path here has what JSON would escape.
fn text<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = object.split_once(&format!(r#""{name}":""#))?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::test_binary;

    #[test]
    fn only_tests_are_test_binaries() {
        let message = |test: bool, executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","package_id":"path+file:///w/crates/a#0.1.0","manifest_path":"/w/crates/a/Cargo.toml","target":{{"kind":["test"],"crate_types":["bin"],"name":"unix","src_path":"/w/crates/a/tests/unix.rs","edition":"2024","doc":false,"doctest":false,"test":true}},"profile":{{"opt_level":"0","debuginfo":1,"debug_assertions":true,"overflow_checks":true,"test":{test}}},"features":[],"filenames":["/w/target/debug/deps/unix-1"],"executable":{executable},"fresh":true}}"#
            )
        };
        let found = test_binary(&message(true, r#""/w/target/debug/deps/unix-1""#)).unwrap();
        assert_eq!(found.file.to_str(), Some("/w/target/debug/deps/unix-1"));
        assert_eq!((found.folder.to_str(), found.name.as_str()), (Some("/w/crates/a"), "unix"));
        // An example that tests need, a library, and what is about no artifact.
        assert!(test_binary(&message(false, r#""/w/target/debug/examples/x""#)).is_none());
        assert!(test_binary(&message(true, "null")).is_none());
        assert!(test_binary(r#"{"reason":"build-finished","success":true}"#).is_none());
    }
}
