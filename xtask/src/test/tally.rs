//! Runs tests, shows what they say, and counts what became of them.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use crate::peers::{self, PEERS};
use crate::run::Result;

/// What became of the tests.
#[derive(Default)]
pub(super) struct Tally {
    passed: usize,
    failed: BTreeSet<String>,
    /// Whether the command's own tests were among them.
    pub(super) black_box: bool,
}

/// When the output of tests is shown.
pub(super) enum Shown {
    /// Line by line.
    AtOnce,
    /// All of it together, below a heading: others are shown at once meanwhile.
    AtItsEnd(String),
}

/// Runs tests, and tells whether all went well.
pub(super) fn run(command: &mut Command, shown: Shown, tally: &Mutex<Tally>) -> Result<bool> {
    let cannot = |error: io::Error| format!("tests: {error}");
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(cannot)?;
    let stdout = child.stdout.take().expect("it is piped");
    let mut kept = match shown {
        Shown::AtOnce => None,
        Shown::AtItsEnd(heading) => Some(format!("\n{heading}:\n")),
    };
    for line in BufReader::new(stdout).lines() {
        let line = line.map_err(cannot)?;
        tally.lock().expect("nothing panics with it").count(&line);
        match &mut kept {
            None => println!("{line}"),
            Some(kept) => *kept = std::mem::take(kept) + &line + "\n",
        }
    }
    print!("{}", kept.unwrap_or_default());
    Ok(child.wait().map_err(cannot)?.success())
}

impl Tally {
    fn count(&mut self, line: &str) {
        self.black_box |= line.starts_with("test cli::");
        match line.strip_prefix("test ").and_then(|line| line.rsplit_once(" ... ")) {
            Some((_, "ok")) => self.passed += 1,
            Some((name, "FAILED")) => drop(self.failed.insert(name.to_owned())),
            _ => {}
        }
    }

    /// Tells all of it. A skipped test has ended like one that passed; only the list tells them apart.
    pub(super) fn show(self, skipped: &str) {
        for line in skipped.lines() {
            println!("skipped: {line}");
        }
        let tests = skipped.lines().filter_map(|line| line.split_once(": "));
        let skipped: BTreeSet<&str> =
            tests.map(|(test, _)| test).filter(|test| !self.failed.contains(*test)).collect();
        peers::show(PEERS);
        let (failed, skipped) = (self.failed.len(), skipped.len());
        let passed = self.passed - skipped.min(self.passed);
        println!("{passed} passed, {failed} failed, {skipped} skipped");
    }
}
