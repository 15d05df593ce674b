//! `cargo xtask dist`: what a release consists of.

use std::fs;
use std::path::{Path, PathBuf};

use crate::recipes::{self, RecipePage};
use crate::run::{Result, cargo, check, find, output, program, read, root, target};

pub(crate) fn run() -> Result<()> {
    for RecipePage { name, page } in recipes::listed()? {
        if recipes::is_draft(&name) {
            return Err(format!(
                "{page} says that devkit {name} is a draft: it is not for a release"
            ));
        }
    }
    let binary = static_binary()?;
    try_it(&binary)?;
    let version = version()?;
    let name = format!("devkit-{version}-{}-linux", std::env::consts::ARCH);
    let out = target().join("dist");
    let folder = out.join(&name);
    let _ = fs::remove_dir_all(&folder);
    for part in ["completions", "man/man1", "docs/recipes"] {
        make(&folder.join(part))?;
    }
    copy(&binary, &folder.join("devkit"))?;
    for file in ["README.md", "LICENSE-MIT", "LICENSE-APACHE"] {
        copy(&root().join(file), &folder.join(file))?;
    }
    for part in ["docs", "docs/recipes"] {
        for file in list(&root().join(part))? {
            if let Some(name) = file.file_name().filter(|_| file.is_file()) {
                copy(&file, &folder.join(part).join(name))?;
            }
        }
    }
    // The binary itself knows its completions and pages; so what is packed is what was built.
    for (shell, file) in [
        ("bash", "devkit"),
        ("zsh", "_devkit"),
        ("fish", "devkit.fish"),
        ("elvish", "devkit.elv"),
        ("powershell", "devkit.ps1"),
    ] {
        let script = output(program(&binary, &["completions", shell]))?;
        let path = folder.join("completions").join(file);
        fs::write(&path, script).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let pages = folder.join("man/man1");
    check(program(&binary, &["-q", "man", "--out", &pages.to_string_lossy()]))?;

    let archive = format!("{name}.tar.gz");
    let mut tar =
        program("tar", &["--sort=name", "--owner=0", "--group=0", "-czf", &archive, &name]);
    tar.current_dir(&out);
    check(tar)?;
    let mut sum = program("sha256sum", &[&archive]);
    sum.current_dir(&out);
    let sum = output(sum)?;
    let path = out.join("SHA256SUMS");
    fs::write(&path, &sum).map_err(|error| format!("{}: {error}", path.display()))?;
    print!("{sum}");
    println!("{}", out.join(archive).display());
    Ok(())
}

/// Builds the binary that needs no library of the system it runs on.
///
/// With musl where its toolchain is at hand; else with glibc linked in, which still asks the
/// running system's NSS modules for names that are not in `/etc` or the DNS.
fn static_binary() -> Result<PathBuf> {
    let triple = musl()?.unwrap_or_else(|| format!("{}-unknown-linux-gnu", std::env::consts::ARCH));
    let args = ["build", "--release", "--locked", "-q", "-p", "devkit", "--target", &triple];
    let mut build = cargo(&args);
    // A folder of its own: other flags would make Cargo build everything anew each time.
    let folder = target().join("static");
    build.env("RUSTFLAGS", STATIC).env("CARGO_TARGET_DIR", &folder);
    check(build)?;
    Ok(folder.join(triple).join("release/devkit"))
}

const STATIC: &str = "-C target-feature=+crt-static";

/// A static binary without the optimisations that take minutes, from what Cargo builds for the other tests:
/// with glibc, only the last step differs. What a release has is tested when it is made.
pub(crate) fn static_for_tests() -> Result<PathBuf> {
    if let Some(triple) = musl()? {
        check(cargo(&["build", "--locked", "-p", "devkit", "--target", &triple]))?;
        return Ok(target().join(triple).join("debug/devkit"));
    }
    let args = ["rustc", "--locked", "-p", "devkit", "--bin", "devkit", "--"];
    let mut link = cargo(&args);
    link.args(STATIC.split(' '));
    check(link)?;
    // Cargo puts the usual one there the next time that it builds.
    let folder = target().join("static");
    make(&folder)?;
    let kept = folder.join("devkit-for-tests");
    let _ = fs::remove_file(&kept);
    copy(&target().join("debug/devkit"), &kept)?;
    Ok(kept)
}

/// The target for musl, where both Rust and the system have what it takes.
fn musl() -> Result<Option<String>> {
    let triple = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let sysroot = output(program("rustc", &["--print", "sysroot"]))?;
    let installed = Path::new(sysroot.trim()).join("lib/rustlib").join(&triple).exists();
    Ok((installed && find("musl-gcc").is_some()).then_some(triple))
}

/// Runs the tests of the static binary with the one that is to be packed.
fn try_it(binary: &Path) -> Result<()> {
    let mut tests = cargo(&["test", "--workspace", "--locked", "-q", "--test", "cli", "dist::"]);
    tests.env("DEVKIT_STATIC", binary);
    check(tests)
}

fn version() -> Result<String> {
    let manifest = read("Cargo.toml")?;
    let line = manifest.lines().find_map(|line| line.strip_prefix("version = "));
    line.map(|version| version.trim_matches('"').to_owned())
        .ok_or_else(|| "Cargo.toml has no version".to_owned())
}

fn make(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).map(drop).map_err(|error| format!("{}: {error}", from.display()))
}

fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(entries.flatten().map(|entry| entry.path()).collect())
}
