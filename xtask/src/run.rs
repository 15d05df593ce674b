//! Runs programs, and knows where the workspace and what Cargo builds are.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Errors are for the developer who reads them, and for nobody else.
pub(crate) type Result<T> = std::result::Result<T, String>;

/// The top of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").into()
}

/// Where Cargo builds.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A program, to be started at the top of the workspace.
pub(crate) fn program(name: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(args).current_dir(root());
    command
}

/// The Cargo that runs us.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = program(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), args);
    // So that what is built lies where `target` says, whatever a user's own settings are.
    command.env("CARGO_TARGET_DIR", target()).env_remove("CARGO_BUILD_TARGET");
    // Which package xtask itself is: a build script that looks at these (ring's) would be run again
    // after each `cargo build`, and half of everything be built anew.
    let own = |name: &OsString| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    };
    for name in env::vars_os().map(|(name, _)| name).filter(own) {
        command.env_remove(name);
    }
    command
}

/// Runs it, and fails if it does.
pub(crate) fn check(mut command: Command) -> Result<()> {
    let status = command.status().map_err(|error| format!("{}: {error}", shown(&command)))?;
    if status.success() { Ok(()) } else { Err(format!("{} failed: {status}", shown(&command))) }
}

/// Runs it and gives its standard output.
pub(crate) fn output(mut command: Command) -> Result<String> {
    let output = command.output().map_err(|error| format!("{}: {error}", shown(&command)))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{} failed: {}\n{stderr}", shown(&command), output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("{}: not UTF-8", shown(&command)))
}

/// Reads a file of the workspace.
pub(crate) fn read(path: impl AsRef<Path>) -> Result<String> {
    let path = root().join(path);
    std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Finds a program as a shell would, and in the folders that are only root's by default.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from);
    env::split_paths(&path)
        .chain(system)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

fn shown(command: &Command) -> String {
    let args = command.get_args().map(|arg| arg.to_string_lossy().into_owned());
    let name = command.get_program().to_string_lossy().into_owned();
    std::iter::once(name).chain(args).collect::<Vec<_>>().join(" ")
}
