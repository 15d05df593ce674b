//! `cargo xtask test`: the libraries' tests, the command's tests, the real peers.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::apiserver;
use crate::dist;
use crate::gos;
use crate::mavens;
use crate::peers::{self, PEERS};
use crate::run::{Result, cargo, target};
use crate::sarif;

/// What became of the tests.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: BTreeSet<String>,
    /// Whether the command's own tests were among them.
    black_box: bool,
}

impl Tally {
    /// Runs tests, shows what they say, and tells whether all went well.
    fn run(&mut self, command: &mut Command) -> Result<bool> {
        let cannot = |error: io::Error| format!("cargo test: {error}");
        let mut child = command.stdout(Stdio::piped()).spawn().map_err(cannot)?;
        let stdout = child.stdout.take().expect("it is piped");
        for line in BufReader::new(stdout).lines() {
            let line = line.map_err(cannot)?;
            println!("{line}");
            self.black_box |= line.starts_with("test cli::");
            match line.strip_prefix("test ").and_then(|line| line.rsplit_once(" ... ")) {
                Some((_, "ok")) => self.passed += 1,
                Some((name, "FAILED")) => drop(self.failed.insert(name.to_owned())),
                _ => {}
            }
        }
        Ok(child.wait().map_err(cannot)?.success())
    }
}

pub(crate) fn run(args: &[String]) -> Result<()> {
    let (own, filters) = match args.iter().position(|arg| arg == "--") {
        Some(at) => (&args[..at], &args[at + 1..]),
        None => (args, &args[..0]),
    };
    let mut quick = false;
    let mut install = false;
    let mut with_apiserver = false;
    for arg in own {
        match arg.as_str() {
            "--install-peers" => install = true,
            "--quick" => quick = true,
            "--with-apiserver" => with_apiserver = true,
            _ => return Err(format!("test has no option {arg}")),
        }
    }
    if install {
        peers::install(PEERS)?;
    }
    if install && with_apiserver {
        peers::install(apiserver::PEERS)?;
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
    command.args(filters).env("DEVKIT_SKIPPED", &skipped_list);
    if !quick {
        command.env("DEVKIT_MAVENS", mavens::fetch()?);
        if let Some(go) = gos::fetch()? {
            command.env("DEVKIT_OLD_GO", go);
        }
        if let Some(gorelease) = gos::gorelease()? {
            command.env("DEVKIT_GORELEASE", gorelease);
        }
        if let Some(multitool) = sarif::multitool()? {
            command.env("DEVKIT_SARIF_MULTITOOL", multitool);
        }
        match dist::static_binary() {
            Ok(binary) => drop(command.env("DEVKIT_STATIC", binary)),
            Err(error) if peers::in_ci() => return Err(error),
            Err(error) => println!("no static binary here, its tests are skipped: {error}"),
        }
    }
    let mut tally = Tally::default();
    let mut green = tally.run(&mut command)?;
    if filters.is_empty() {
        // The forwarder has two engines, and what it promises holds for both.
        println!("devkit fwd once more, with the engine that only copies:");
        let mut command = cargo(&["test", "-p", "devkit", "--test", "cli", "--locked", "fwd::"]);
        command.env("DEVKIT_SKIPPED", &skipped_list).env("DEVKIT_FWD_ENGINE", "copy");
        green &= tally.run(&mut command)?;
    }
    if with_apiserver {
        println!("devkit kubecerts tap before a real API server:");
        peers::show(apiserver::PEERS);
        let mut command = cargo(&["test", "-p", "devkit", "--test", "apiserver", "--locked"]);
        command.args(filters).env("DEVKIT_SKIPPED", &skipped_list);
        let built = apiserver::fetch()?;
        command.env("DEVKIT_APISERVER", built.bin).env("DEVKIT_PYTHON", built.python);
        green &= tally.run(&mut command)?;
    }
    let Tally { passed, failed, black_box } = tally;

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
    if !green {
        return Err("tests failed".into());
    }
    if !black_box && filters.is_empty() {
        return Err("the command's own tests did not run".into());
    }
    Ok(())
}
