//! `cargo xtask test`: the libraries' tests, the command's tests, the real peers.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::dist;
use crate::peers::{self, PEERS};
use crate::run::{Result, cargo, target};

pub(crate) fn run(args: &[String]) -> Result<()> {
    let (own, passed) = match args.iter().position(|arg| arg == "--") {
        Some(at) => (&args[..at], &args[at + 1..]),
        None => (args, &args[..0]),
    };
    let mut quick = false;
    let mut install = false;
    for arg in own {
        match arg.as_str() {
            "--install-peers" => install = true,
            "--quick" => quick = true,
            _ => return Err(format!("test has no option {arg}")),
        }
    }
    if install {
        peers::install(PEERS)?;
    }
    peers::show(PEERS);
    let missing = peers::missing(PEERS);
    if peers::in_ci() && !missing.is_empty() {
        let names: Vec<_> = missing.iter().map(|peer| peer.program).collect();
        return Err(format!("peers are missing in CI: {}", names.join(" ")));
    }

    let skipped_list = target().join("skipped-tests");
    let _ = fs::remove_file(&skipped_list);
    let mut command = cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]);
    command.args(passed).env("DEVKIT_SKIPPED", &skipped_list).stdout(Stdio::piped());
    if !quick {
        command.env("DEVKIT_STATIC", dist::static_binary()?);
    }
    let mut child = command.spawn().map_err(|error| format!("cargo test: {error}"))?;
    let (mut passed, mut failed) = (0, 0);
    let stdout = child.stdout.take().expect("it is piped");
    for line in BufReader::new(stdout).lines() {
        let line = line.map_err(|error| format!("cargo test: {error}"))?;
        println!("{line}");
        if let Some((ok, bad)) = counts(&line) {
            (passed, failed) = (passed + ok, failed + bad);
        }
    }
    let status = child.wait().map_err(|error| format!("cargo test: {error}"))?;

    // A skipped test has ended like one that passed; only the list tells them apart.
    let skipped = fs::read_to_string(&skipped_list).unwrap_or_default();
    let count = skipped.lines().count();
    for line in skipped.lines() {
        println!("skipped: {line}");
    }
    peers::show(PEERS);
    println!("{} passed, {failed} failed, {count} skipped", passed - count.min(passed));
    if status.success() { Ok(()) } else { Err("tests failed".into()) }
}

/// Passed and failed, from one of libtest's closing lines.
fn counts(line: &str) -> Option<(usize, usize)> {
    let rest = line.strip_prefix("test result: ")?;
    let number = |what: &str| {
        let before = rest.split(what).next()?;
        before.split_whitespace().next_back()?.parse().ok()
    };
    Some((number(" passed")?, number(" failed")?))
}
