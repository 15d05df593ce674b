//! `cargo xtask test`: the libraries' tests, the command's tests, the real peers.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::dist;
use crate::gos;
use crate::mavens;
use crate::peers::{self, PEERS};
use crate::run::{Result, cargo, target};

pub(crate) fn run(args: &[String]) -> Result<()> {
    let (own, filters) = match args.iter().position(|arg| arg == "--") {
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
    command.args(filters).env("DEVKIT_SKIPPED", &skipped_list).stdout(Stdio::piped());
    if !quick {
        command.env("DEVKIT_MAVENS", mavens::fetch()?);
        if let Some(go) = gos::fetch()? {
            command.env("DEVKIT_OLD_GO", go);
        }
        if let Some(gorelease) = gos::gorelease()? {
            command.env("DEVKIT_GORELEASE", gorelease);
        }
        match dist::static_binary() {
            Ok(binary) => drop(command.env("DEVKIT_STATIC", binary)),
            Err(error) if peers::in_ci() => return Err(error),
            Err(error) => println!("no static binary here, its tests are skipped: {error}"),
        }
    }
    let mut child = command.spawn().map_err(|error| format!("cargo test: {error}"))?;
    let (mut passed, mut failed) = (0, BTreeSet::new());
    let mut black_box = false;
    let stdout = child.stdout.take().expect("it is piped");
    for line in BufReader::new(stdout).lines() {
        let line = line.map_err(|error| format!("cargo test: {error}"))?;
        println!("{line}");
        black_box |= line.starts_with("test cli::");
        match line.strip_prefix("test ").and_then(|line| line.rsplit_once(" ... ")) {
            Some((_, "ok")) => passed += 1,
            Some((name, "FAILED")) => drop(failed.insert(name.to_owned())),
            _ => {}
        }
    }
    let status = child.wait().map_err(|error| format!("cargo test: {error}"))?;

    // A skipped test has ended like one that passed; only the list tells them apart.
    let list = fs::read_to_string(&skipped_list).unwrap_or_default();
    for line in list.lines() {
        println!("skipped: {line}");
    }
    let tests = list.lines().filter_map(|line| line.split_once(": "));
    let skipped: BTreeSet<&str> =
        tests.map(|(test, _)| test).filter(|test| !failed.contains(*test)).collect();
    peers::show(PEERS);
    let (failed, skipped) = (failed.len(), skipped.len());
    println!("{} passed, {failed} failed, {skipped} skipped", passed - skipped.min(passed));
    if !status.success() {
        return Err("tests failed".into());
    }
    if !black_box && filters.is_empty() {
        return Err("the command's own tests did not run".into());
    }
    Ok(())
}
