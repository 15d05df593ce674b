//! `cargo xtask lint`: format, clippy, docs, licences, and the budgets of the binary.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use crate::run::{Result, cargo, check, output, program, read, target};

/// Crates linked into the binary. More needs its reason in the commit.
const MOST_CRATES: usize = 130;
/// Bytes of the stripped release binary.
const MOST_BYTES: u64 = 9_000_000;
/// Time of `devkit --help`, the least of several runs.
const LONGEST_HELP: Duration = Duration::from_millis(10);

pub(crate) fn run() -> Result<()> {
    check(cargo(&["fmt", "--all", "--check"]))?;
    let clippy =
        ["clippy", "--workspace", "--all-targets", "--locked", "-q", "--", "-D", "warnings"];
    check(cargo(&clippy))?;
    // No target of all: it is not among the tests of each run.
    let apiserver = ["clippy", "-p", "devkit", "--test", "apiserver", "--locked", "-q", "--"];
    check(cargo(&[&apiserver[..], &["-D", "warnings"]].concat()))?;
    let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--locked", "-q"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    check(doc)?;
    licences()?;
    budgets()
}

/// Every package that is built must come under a licence from `.deny.toml`'s list.
fn licences() -> Result<()> {
    let allowed = read(".deny.toml")?;
    let allowed: BTreeSet<&str> = allowed
        .lines()
        .skip_while(|line| !line.starts_with("allow = ["))
        .skip(1)
        .take_while(|line| !line.starts_with(']'))
        .map(|line| line.trim().trim_end_matches(',').trim_matches('"'))
        .collect();
    let tree = [
        "tree",
        "--workspace",
        "--locked",
        "-e",
        "normal,build,dev",
        "--prefix",
        "none",
        "-f",
        "{p}\t{l}",
    ];
    let tree = output(cargo(&tree))?;
    let packages: BTreeSet<&str> = tree
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.trim_end_matches(" (*)"))
        .collect();
    let mut bad = Vec::new();
    for package in &packages {
        let (name, licence) = package.split_once('\t').unwrap_or((package, ""));
        if !permitted(licence, &allowed) {
            bad.push(format!("{name}: {licence}"));
        }
    }
    println!("licences: {} packages, all allowed: {}", packages.len(), bad.is_empty());
    if bad.is_empty() { Ok(()) } else { Err(format!("licences not allowed:\n{}", bad.join("\n"))) }
}

/// Whether an SPDX expression can be satisfied; `/` is an old way to write OR.
fn permitted(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let plain = expression.replace(['(', ')'], " ").replace('/', " OR ");
    // A OR B AND C: AND binds tighter. Brackets round an OR inside an AND would need more than
    // this; then the whole is refused and somebody has to look.
    if expression.contains("AND (") || expression.contains(") AND") {
        return expression
            .split(" AND ")
            .all(|part| permitted(part.trim_matches(['(', ')']), allowed));
    }
    plain
        .split(" OR ")
        .any(|choice| choice.split(" AND ").all(|part| allowed.contains(part.trim())))
}

fn budgets() -> Result<()> {
    check(cargo(&["build", "--release", "--locked", "-q", "-p", "devkit"]))?;
    let tree =
        ["tree", "-p", "devkit", "--locked", "-e", "normal,no-proc-macro", "--prefix", "none"];
    let tree = output(cargo(&tree))?;
    let crates: BTreeSet<&str> = tree
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .filter(|package| !package.is_empty())
        .collect();
    let binary = target().join("release/devkit");
    let bytes =
        fs::metadata(&binary).map_err(|error| format!("{}: {error}", binary.display()))?.len();
    let mut help = Duration::MAX;
    for _ in 0..20 {
        let start = Instant::now();
        output(program(&binary, &["--help"]))?;
        help = help.min(start.elapsed());
    }
    println!("budget: {} crates of at most {MOST_CRATES}", crates.len());
    println!("budget: {bytes} bytes of at most {MOST_BYTES}");
    println!("budget: --help in {help:?} of at most {LONGEST_HELP:?}");
    if crates.len() > MOST_CRATES || bytes > MOST_BYTES || help > LONGEST_HELP {
        return Err("a budget is exceeded".into());
    }
    Ok(())
}
