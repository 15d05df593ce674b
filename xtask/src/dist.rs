//! `cargo xtask dist`: what a release consists of.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::recipes::{self, RecipePage};
use crate::run::{Result, cargo, check, find, output, program, read, root, target};

pub(crate) fn run(args: &[String]) -> Result<()> {
    let platform = match args {
        [] => Platform::own(),
        [option, triple] if option == "--target" => Platform::of(triple)?,
        _ => return Err("dist takes --target TRIPLE, or nothing".into()),
    };
    for RecipePage { name, page } in recipes::listed()? {
        if recipes::is_draft(&name) {
            return Err(format!(
                "{page} says that devkit {name} is a draft: it is not for a release"
            ));
        }
    }
    let epoch = epoch()?;
    let binary = static_binary(&platform, &epoch)?;
    if platform.is_own() {
        try_it(&binary)?;
    } else {
        try_elsewhere(&platform, &binary)?;
    }
    let said = output(platform.program(&binary, &["--version"])?)?;
    if !said.contains(&platform.triple) {
        return Err(format!("the binary is not for {}, but says:\n{said}", platform.triple));
    }
    let name = format!("devkit-{}-{}", version()?, platform.triple);
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
        let script = output(platform.program(&binary, &["completions", shell])?)?;
        let path = folder.join("completions").join(file);
        fs::write(&path, script).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let pages = folder.join("man/man1");
    check(platform.program(&binary, &["-q", "man", "--out", &pages.to_string_lossy()])?)?;

    let archive = packed(&out, &name, &epoch)?;
    let sum = sums(&out)?;
    let path = out.join("SHA256SUMS");
    fs::write(&path, &sum).map_err(|error| format!("{}: {error}", path.display()))?;
    print!("{sum}");
    println!("{}", out.join(archive).display());
    Ok(())
}

/// The sums of all archives of this version that lie there, by name.
fn sums(out: &Path) -> Result<String> {
    let start = format!("devkit-{}-", version()?);
    let names =
        list(out)?.into_iter().filter_map(|file| file.file_name()?.to_str().map(str::to_owned));
    let mut names: Vec<String> =
        names.filter(|name| name.starts_with(&start) && name.ends_with(".tar.gz")).collect();
    names.sort_unstable();
    let mut sum = program("sha256sum", &[]);
    sum.args(names).current_dir(out);
    output(sum)
}

/// Packs a folder into `NAME.tar.gz`, the same bytes for the same files, and gives the archive's name.
fn packed(out: &Path, name: &str, epoch: &str) -> Result<String> {
    let (file, time) = (format!("{name}.tar"), format!("--mtime=@{epoch}"));
    let owner = ["--owner=0", "--group=0", "--numeric-owner", "--mode=u+rw,go+r-w"];
    let mut tar = program("tar", &["--sort=name", "--format=ustar", &time]);
    tar.args(owner).args(["-cf", &file, name]).current_dir(out);
    check(tar)?;
    let mut gzip = program("gzip", &["-9", "--no-name", "--force", &file]);
    gzip.current_dir(out);
    check(gzip)?;
    Ok(format!("{file}.gz"))
}

/// The time that everything of a release has: that of the commit, unless `SOURCE_DATE_EPOCH` says another.
fn epoch() -> Result<String> {
    if let Ok(epoch) = std::env::var("SOURCE_DATE_EPOCH") {
        return Ok(epoch);
    }
    let mut log = program("git", &["log", "-1", "--format=%ct"]);
    log.current_dir(root());
    Ok(output(log)?.trim().to_owned())
}

/// Builds the binary that needs nothing of the system it runs on.
///
/// With musl, and never with a glibc that is linked in: that one loads the name-service modules of the
/// running system for hosts and accounts, and with them another glibc, and dies of it.
fn static_binary(platform: &Platform, epoch: &str) -> Result<PathBuf> {
    let triple = &platform.triple;
    let linker = if platform.is_own() {
        find("musl-gcc").ok_or("musl-gcc (Debian: musl-tools)")
    } else {
        find("cargo-zigbuild").ok_or("cargo-zigbuild (PyPI: cargo-zigbuild ziglang)")
    };
    let linker = linker.map_err(|what| format!("a release for {triple} takes {what}"))?;
    if !is_installed(triple)? {
        return Err(format!("a release for {triple} takes its std: rustup target add {triple}"));
    }
    let args = ["build", "--release", "--locked", "-q", "-p", "devkit", "--target", triple];
    let mut build = if platform.is_own() { cargo(&args) } else { program(linker, &args) };
    // A folder of its own: other flags would make Cargo build everything anew each time.
    let folder = target().join("static");
    let (rust, c) = without_paths()?;
    build.env("CARGO_ENCODED_RUSTFLAGS", rust).env("CFLAGS", c).env("SOURCE_DATE_EPOCH", epoch);
    build.env("CARGO_TARGET_DIR", &folder);
    check(build)?;
    Ok(folder.join(triple).join("release/devkit"))
}

/// The binary that the last `cargo xtask dist` has made.
pub(crate) fn released() -> Result<PathBuf> {
    let binary = target().join("static").join(musl_triple()).join("release/devkit");
    if binary.is_file() { Ok(binary) } else { Err("there is none yet: cargo xtask dist".into()) }
}

/// The flags for Rust and for C by which no path of the machine that builds comes into a binary.
fn without_paths() -> Result<(String, String)> {
    let sysroot = output(program("rustc", &["--print", "sysroot"]))?;
    let mut paths =
        vec![(root(), "/devkit".to_owned()), (PathBuf::from(sysroot.trim()), "/rust".to_owned())];
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    if let Some(sources) = home.map(|home| home.join("registry/src")) {
        // The registry's folder has a name of its own on each machine.
        for registry in list(&sources).unwrap_or_default() {
            paths.push((registry, "/crates".to_owned()));
        }
    }
    let flags = |flag: &str, between: &str| {
        let flag = |(from, to): &(PathBuf, String)| format!("{flag}={}={to}", from.display());
        paths.iter().map(flag).collect::<Vec<_>>().join(between)
    };
    // Cargo's own way to hand over flags that may have blanks.
    Ok((flags("--remap-path-prefix", "\u{1f}"), flags("-ffile-prefix-map", " ")))
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

/// The target for musl on this processor.
fn musl_triple() -> String {
    format!("{}-unknown-linux-musl", std::env::consts::ARCH)
}

/// The target for musl, where both Rust and the system have what it takes.
fn musl() -> Result<Option<String>> {
    let triple = musl_triple();
    Ok((is_installed(&triple)? && find("musl-gcc").is_some()).then_some(triple))
}

/// Whether Rust has its std for a target.
fn is_installed(triple: &str) -> Result<bool> {
    let sysroot = output(program("rustc", &["--print", "sysroot"]))?;
    Ok(Path::new(sysroot.trim()).join("lib/rustlib").join(triple).exists())
}

/// What a release is for.
struct Platform {
    triple: String,
    /// The emulator that runs its programs here.
    emulator: Option<String>,
}

impl Platform {
    fn own() -> Self {
        Self { triple: musl_triple(), emulator: None }
    }

    fn of(triple: &str) -> Result<Self> {
        let known = ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"];
        if !known.contains(&triple) {
            return Err(format!("a release is for one of: {}", known.join(", ")));
        }
        if triple == musl_triple() {
            return Ok(Self::own());
        }
        let processor = triple.split('-').next().unwrap_or_default();
        Ok(Self { triple: triple.into(), emulator: Some(format!("qemu-{processor}-static")) })
    }

    fn is_own(&self) -> bool {
        self.emulator.is_none()
    }

    /// A program of this platform, to be run here.
    fn program(&self, name: &Path, args: &[&str]) -> Result<Command> {
        let Some(emulator) = &self.emulator else { return Ok(program(name, args)) };
        let found = find(emulator).ok_or_else(|| {
            format!("what is for {} runs in {emulator} (Debian: qemu-user-static)", self.triple)
        })?;
        let mut command = program(found, &[]);
        command.arg(name).args(args);
        Ok(command)
    }
}

/// Runs the tests of the static binary with the one that is to be packed.
fn try_it(binary: &Path) -> Result<()> {
    let mut tests = cargo(&["test", "--workspace", "--locked", "-q", "--test", "cli", "dist::"]);
    tests.env("DEVKIT_STATIC", binary);
    check(tests)
}

/// Tries a binary for another processor by an emulator: a look-up, a table of rules, and a connection that
/// nobody takes.
fn try_elsewhere(platform: &Platform, binary: &Path) -> Result<()> {
    for (args, code) in [
        (&["envcheck", "my.var", "--context", "dash"][..], 1),
        (&["fwd", "-s", "stdio:", "-d", "localhost:1"], 2),
        (&["fwd", "-s", "unix:/dev/null/x", "-d", "echo:", "--owner", "no such user"], 2),
        (&["kubecerts", "show", "--kubeconfig", "/dev/null/none"], 2),
    ] {
        let mut command = platform.program(binary, args)?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.status().map_err(|error| format!("{}: {error}", binary.display()))?;
        if status.code() != Some(code) {
            return Err(format!("devkit {} ended with {status}, not with {code}", args.join(" ")));
        }
    }
    Ok(())
}

fn version() -> Result<String> {
    let manifest = read("Cargo.toml")?;
    let line = manifest.lines().find_map(|line| line.strip_prefix("version = "));
    line.map(|version| version.trim_matches('"').to_owned())
        .ok_or_else(|| "Cargo.toml has no version".to_owned())
}

pub(crate) fn make(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}

pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).map(drop).map_err(|error| format!("{}: {error}", from.display()))
}

fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(entries.flatten().map(|entry| entry.path()).collect())
}
