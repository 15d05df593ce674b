//! devkit gomod-tag on a repository of a hundred modules and seven thousand tags, and on one of two
//! modules, beside a loop of `git tag`, and multimod where it can be built.
//!
//! What is compared is the time and the CPU time of whole runs, the median of the rounds.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::{Folder, Missed, Settings, cpu_of_children, median, shuffle};
use crate::peers::{self, Peer, peer};
use crate::run::{Result, find, target};

const PEERS: &[Peer] = &[
    peer("git", "git", "a peer: a loop of git tag"),
    peer("go", "golang-go", "builds multimod, a peer: it checks the versions of module sets"),
];
const MODULES: usize = 100;
const VERSIONS: usize = 70;
/// Files of a module.
const FILES: usize = 120;
/// Milliseconds that a plan of the large repository may take, and one of the small.
const BARS: [f64; 2] = [1000.0, 100.0];
const ROOT: &str = "github.com/devkit-bench/large";
const MULTIMOD: &str = "go.opentelemetry.io/build-tools/multimod";

/// What is measured: a name, and whether it is of the large repository.
const JOBS: &[(&str, &str, bool)] = &[
    ("plan, 2 modules", "devkit", false),
    ("plan, 100 modules", "devkit", true),
    ("plan --changed", "devkit", true),
    ("plan --update-requires", "devkit", true),
    ("check of versions", "multimod", true),
    ("100 tags", "devkit", true),
    ("100 tags", "git", true),
];

pub(super) fn run(settings: &Settings, missed: &mut Missed) -> Result<()> {
    peers::show(PEERS);
    let folder = Folder::new("gomod-tag")?;
    let (small, large) = (folder.0.join("small"), folder.0.join("large"));
    make(&small, 2, 1, 1)?;
    make(&large, MODULES, VERSIONS, FILES)?;
    let multimod = multimod(&folder.0);
    let can = |peer: &str| peer != "multimod" || multimod.is_some();
    let jobs: Vec<usize> = (0..JOBS.len()).filter(|at| can(JOBS[*at].1)).collect();
    println!("{} rounds; time and CPU time in ms", settings.rounds);
    let mut times = vec![Vec::new(); JOBS.len()];
    let mut cpus = vec![Vec::new(); JOBS.len()];
    for round in 0..settings.rounds {
        let mut order = jobs.clone();
        shuffle(&mut order, round);
        for at in order {
            let (name, peer, is_large) = JOBS[at];
            let repo = if is_large { &large } else { &small };
            let (time, cpu) = measure(name, peer, repo, multimod.as_deref())?;
            times[at].push(time);
            cpus[at].push(cpu);
        }
    }
    for at in jobs {
        let (name, peer, is_large) = JOBS[at];
        let (time, cpu) = (median(times[at].clone()), median(cpus[at].clone()));
        print!("  {name:24} {peer:8} {time:7.1} {cpu:7.1}");
        if peer == "devkit" && name.starts_with("plan") {
            let bar = BARS[usize::from(!is_large)];
            missed.unless(time <= bar, format!("{name}: {time:.0} ms, bar {bar:.0}"));
        } else {
            println!();
        }
    }
    Ok(())
}

/// Milliseconds of time and of CPU time of one run.
fn measure(name: &str, peer: &str, repo: &Path, multimod: Option<&Path>) -> Result<(f64, f64)> {
    let devkit = target().join("release/devkit");
    let mut command = match peer {
        "devkit" => Command::new(devkit),
        "git" => Command::new("sh"),
        _ => Command::new(multimod.unwrap_or(Path::new("multimod"))),
    };
    match (name, peer) {
        ("100 tags", "devkit") => {
            command.args(["gomod-tag", "tag", "--version", "v0.99.0", "--yes", "-q", "--no-sign"]);
        }
        ("100 tags", _) => {
            let list = "for d in mod*; do git tag --no-sign $d/v0.99.0 || exit 1; done";
            command.args(["-c", list]);
        }
        (_, "multimod") => {
            command.args(["verify"]);
        }
        ("plan --changed", _) => {
            command.args(["gomod-tag", "plan", "--changed", "--bump", "minor", "-q"]);
        }
        ("plan --update-requires", _) => {
            let args = ["gomod-tag", "plan", "--all", "--bump", "minor", "--update-requires", "-q"];
            command.args(args);
        }
        _ => {
            command.args(["gomod-tag", "plan", "--all", "--bump", "minor", "-q"]);
        }
    }
    command.current_dir(repo).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let (before, started) = (cpu_of_children(), Instant::now());
    let status = command.status().map_err(|error| format!("{peer}: {error}"))?;
    let time = started.elapsed().as_secs_f64() * 1000.0;
    let cpu = (cpu_of_children() - before) * 1000.0;
    // What it refuses it has looked at as well.
    let may_refuse = peer == "devkit" && name.starts_with("plan");
    if !status.success() && !may_refuse {
        return Err(format!("{peer} fails: {name}"));
    }
    if name == "100 tags" {
        let list = "git tag -l '*/v0.99.0' | xargs git tag -d";
        let mut delete = Command::new("sh");
        delete.args(["-c", list]).current_dir(repo).stdout(Stdio::null());
        if !delete.status().is_ok_and(|status| status.success()) {
            return Err("the tags are not deleted".into());
        }
    }
    Ok((time, cpu))
}

/// Makes a repository of modules that require those before them, with versions of each.
fn make(folder: &Path, modules: usize, versions: usize, files: usize) -> Result<()> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir(folder).map_err(failed)?;
    let mut sets = "module-sets:\n  all:\n    version: v0.99.0\n    modules:\n".to_owned();
    for module in 0..modules {
        let dir = folder.join(format!("mod{module:03}"));
        fs::create_dir_all(dir.join("internal")).map_err(failed)?;
        let (mut requires, mut replaces) = (String::new(), String::new());
        for other in module.saturating_sub(12)..module {
            let _ = writeln!(requires, "\t{ROOT}/mod{other:03} v0.{versions}.0");
            let _ = writeln!(replaces, "replace {ROOT}/mod{other:03} => ../mod{other:03}");
        }
        let text = format!(
            "module {ROOT}/mod{module:03}\n\ngo 1.21\n\nrequire (\n{requires})\n\n{replaces}"
        );
        fs::write(dir.join("go.mod"), text).map_err(failed)?;
        fs::write(dir.join("p.go"), "package p\n").map_err(failed)?;
        for file in 0..files {
            let text = format!("package internal\n\nconst C{file} = {module}\n");
            fs::write(dir.join(format!("internal/f{file}.go")), text).map_err(failed)?;
        }
        let _ = writeln!(sets, "      - {ROOT}/mod{module:03}");
    }
    fs::write(folder.join("versions.yaml"), sets).map_err(failed)?;
    fs::write(folder.join("LICENSE"), "All of it.\n").map_err(failed)?;
    git(folder, &["init", "-q", "-b", "main"], "")?;
    git(folder, &["add", "-A"], "")?;
    git(folder, &["commit", "-q", "-m", "all"], "")?;
    let mut tags = String::new();
    for version in 1..=versions {
        for module in 0..modules {
            let _ = writeln!(tags, "create refs/tags/mod{module:03}/v0.{version}.0 HEAD");
        }
    }
    git(folder, &["update-ref", "--stdin"], &tags)?;
    git(folder, &["pack-refs", "--all"], "")?;
    fs::write(folder.join("mod001/p.go"), "package p\n\nconst New = 1\n").map_err(failed)?;
    git(folder, &["commit", "-q", "-a", "-m", "feat: more"], "")
}

fn git(folder: &Path, args: &[&str], input: &str) -> Result<()> {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgSign=false"]);
    git.args(args).current_dir(folder).stdin(Stdio::piped());
    let failed = |error: std::io::Error| format!("git: {error}");
    let mut child = git.spawn().map_err(failed)?;
    let mut pipe = child.stdin.take().ok_or("git has no standard input")?;
    pipe.write_all(input.as_bytes()).map_err(failed)?;
    drop(pipe);
    let status = child.wait().map_err(failed)?;
    if status.success() { Ok(()) } else { Err(format!("git {args:?} fails")) }
}

/// multimod, built as a dependency of a module of ours: alone it cannot be, because of its replaces.
fn multimod(folder: &Path) -> Option<std::path::PathBuf> {
    let go = find("go")?;
    let folder = folder.join("multimod");
    fs::create_dir(&folder).ok()?;
    let program = folder.join("multimod");
    let output = program.to_string_lossy().into_owned();
    let steps: [&[&str]; 3] = [
        &["mod", "init", "bench.example/multimod"],
        &["get", &format!("{MULTIMOD}@v0.30.0")],
        &["build", "-o", &output, MULTIMOD],
    ];
    for step in steps {
        let mut command = Command::new(&go);
        command.args(step).current_dir(&folder).stdout(Stdio::null()).stderr(Stdio::null());
        if !command.status().is_ok_and(|status| status.success()) {
            println!("peer missing: multimod: go {} fails", step.join(" "));
            return None;
        }
    }
    Some(program)
}
