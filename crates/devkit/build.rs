//! Puts the commit and the target into the binary, for `devkit --version`.
#![expect(clippy::disallowed_methods, reason = "Cargo hands a build script its settings this way")]

use std::path::Path;
use std::process::Command;

fn main() {
    let target = std::env::var("TARGET").unwrap_or_else(|_| "unknown".into());
    let commit = commit().unwrap_or_else(|| "unknown".into());
    println!("cargo::rustc-env=DEVKIT_TARGET={target}");
    println!("cargo::rustc-env=DEVKIT_COMMIT={commit}");
}

/// `1a2b3c4d5 2026-11-23`; nothing without git, or where this is no checkout of its own.
fn commit() -> Option<String> {
    let manifest = std::env::var("CARGO_MANIFEST_DIR").ok()?;
    let root = Path::new(&manifest).ancestors().nth(2)?;
    // An unpacked archive inside somebody else's repository must not show that one's commit.
    let top = git(root, &["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != root.canonicalize().ok()? {
        return None;
    }
    for file in ["HEAD", "logs/HEAD"] {
        let path = root.join(git(root, &["rev-parse", "--git-path", file])?);
        if path.exists() {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    git(root, &["log", "-1", "--format=%h %cs", "--abbrev=9"])
}

fn git(root: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(root).args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
