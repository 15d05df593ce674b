//! `cargo xtask bench`: devkit and its peers at the same job, in turns, and whether the bars hold.

mod fwd;
mod gomod_tag;
mod kubecerts;
mod memnet;
mod mvn_unblock;
mod tap;

use std::fs;
use std::path::PathBuf;

use crate::run::{Result, cargo, check};

struct Settings {
    rounds: usize,
    quick: bool,
}

type Bench = fn(&Settings, &mut Missed) -> Result<()>;

const BENCHES: &[(&str, Bench)] = &[
    ("fwd", fwd::run),
    ("kubecerts", kubecerts::run),
    ("memnet", memnet::run),
    ("mvn-unblock", mvn_unblock::run),
    ("gomod-tag", gomod_tag::run),
    ("tap", tap::run),
];

pub(crate) fn run(args: &[String]) -> Result<()> {
    let names: Vec<&str> = BENCHES.iter().map(|(name, _)| *name).collect();
    let mut settings = Settings { rounds: 16, quick: false };
    let mut chosen = None;
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--quick" => settings = Settings { rounds: 4, quick: true },
            "--rounds" => {
                let number = args.next().and_then(|number| number.parse().ok());
                settings.rounds = number.filter(|n| *n > 0).ok_or("--rounds takes a number")?;
            }
            name => match BENCHES.iter().find(|bench| bench.0 == name) {
                Some((_, bench)) => chosen = Some(*bench),
                None => return Err(format!("bench what? There is: {}", names.join(", "))),
            },
        }
    }
    let bench = chosen.ok_or_else(|| format!("bench what? There is: {}", names.join(", ")))?;
    check(cargo(&["build", "--release", "--locked", "-q", "-p", "devkit"]))?;
    let mut missed = Missed(Vec::new());
    bench(&settings, &mut missed)?;
    if missed.0.is_empty() {
        println!("\nall bars held");
        return Ok(());
    }
    Err(format!("bars missed:\n  {}", missed.0.join("\n  ")))
}

/// Bars that were not held.
struct Missed(Vec<String>);

impl Missed {
    /// Ends the line of a measurement with its verdict.
    fn unless(&mut self, held: bool, what: String) {
        println!("  {}", if held { "ok" } else { "MISSED" });
        if !held {
            self.0.push(what);
        }
    }
}

/// Any order, the same for the same number (Fisher and Yates, with numbers by xorshift).
fn shuffle<T>(items: &mut [T], number: usize) {
    let mut state = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for last in (1..items.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        items.swap(last, usize::try_from(state % (last as u64 + 1)).unwrap_or(0));
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// CPU seconds of all children that have ended.
fn cpu_of_children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(13) + ticks(14)) / 100.0
}

/// A scratch folder that goes with the run.
struct Folder(PathBuf);

impl Folder {
    fn new(of: &str) -> Result<Self> {
        // Socket paths are short, so not below target/.
        let path = std::env::temp_dir().join(format!("devkit-bench-{of}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
