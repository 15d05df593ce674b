//! Connections in memory, and the sockets they stand in for, under the same load, in turns.
//!
//! Server and client share one thread, so its CPU time is the whole cost, and no figure depends on
//! how the machine goes to sleep. What is compared is the least of the rounds: nothing of it is luck
//! but what other programs take away. Bars are ratios to the Unix socket and to tokio's `duplex` of
//! the same run.
#![expect(clippy::cast_precision_loss, reason = "measured figures have fewer digits than f64")]

use std::collections::BTreeMap;

use super::{Missed, Settings, shuffle};
use crate::run::{Result, cargo, check, output, program, target};

const GIB: usize = 1 << 30;
const TRANSPORTS: [&str; 4] = ["memory", "unix", "tcp", "duplex"];

struct Load {
    name: &'static str,
    kind: &'static str,
    amount: usize,
    /// In how many of `unit` the amount is counted.
    count: f64,
    unit: &'static str,
    /// The most of the Unix socket's CPU time that memory may take.
    of_unix: f64,
    /// The most of duplex' CPU time; it has no listener, so not every load.
    of_duplex: Option<f64>,
}

fn loads(quick: bool) -> [Load; 3] {
    let less = if quick { 4 } else { 1 };
    let load = |name, kind, amount: usize, per: f64, unit, of_unix, of_duplex| {
        let amount = amount / less;
        Load { name, kind, amount, count: amount as f64 / per, unit, of_unix, of_duplex }
    };
    [
        load("bulk, 64 KiB blocks", "bulk", GIB, GIB as f64, "CPU s/GiB", 0.4, Some(1.3)),
        load("64-byte round trip", "ping", 100_000, 1e6, "CPU us each", 0.15, Some(1.3)),
        load("connect, echo, close", "short", 20_000, 1e6, "CPU us each", 0.1, None),
    ]
}

pub(super) fn run(settings: &Settings, missed: &mut Missed) -> Result<()> {
    let example = ["--example", "memnet_load"];
    let build = ["build", "--release", "--locked", "-q", "-p", "devkit-memnet"];
    check(cargo(&[&build[..], &example[..]].concat()))?;
    println!(
        "one thread, least of {} rounds; in brackets: so many times what memory takes",
        settings.rounds
    );
    let loads = loads(settings.quick);
    let mut least: BTreeMap<(usize, &str), f64> = BTreeMap::new();
    for round in 0..settings.rounds {
        for (number, load) in loads.iter().enumerate() {
            let mut order = TRANSPORTS;
            shuffle(&mut order, round * loads.len() + number);
            for transport in order {
                if transport == "duplex" && load.of_duplex.is_none() {
                    continue;
                }
                let cpu = measure(load, transport)?;
                let known = least.entry((number, transport)).or_insert(cpu);
                *known = known.min(cpu);
            }
        }
    }
    for (number, load) in loads.iter().enumerate() {
        let memory = least[&(number, "memory")];
        print!("  {:22} {:11}", load.name, load.unit);
        for transport in TRANSPORTS {
            if let Some(cpu) = least.get(&(number, transport)) {
                print!("  {transport} {:.3} ({:.2})", cpu / load.count, cpu / memory);
            }
        }
        let of_unix = memory / least[&(number, "unix")];
        let mut text = format!("{}: {of_unix:.2} of unix, bar {:.2}", load.name, load.of_unix);
        let mut held = of_unix <= load.of_unix;
        if let Some(bar) = load.of_duplex {
            let of_duplex = memory / least[&(number, "duplex")];
            text = format!("{text}; {of_duplex:.2} of duplex, bar {bar:.2}");
            held &= of_duplex <= bar;
        }
        missed.unless(held, text);
    }
    Ok(())
}

/// CPU seconds of one run.
fn measure(load: &Load, transport: &str) -> Result<f64> {
    let example = target().join("release/examples/memnet_load");
    let printed = output(program(example, &[load.kind, transport, &load.amount.to_string()]))?;
    let cpu = printed.split_whitespace().next().and_then(|cpu| cpu.parse().ok());
    cpu.ok_or_else(|| format!("{} over {transport} printed {printed:?}", load.name))
}
