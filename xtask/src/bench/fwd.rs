//! devkit fwd and its peers under the same load, in turns.
//!
//! All forwarders stay up; each round runs every load once on each of them, so that a noisy machine
//! hits them all. What is compared is the least of the rounds: a neighbour can only add to it. Bars
//! are ratios to a peer of the same run; most are of the forwarder's own CPU time.
#![expect(clippy::cast_precision_loss, reason = "measured figures have fewer digits than f64")]

mod forwarder;
mod realm;

use self::forwarder::{Forwarder, Kind, Sample};
use super::{Folder, Missed, Settings, shuffle};
use crate::peers::{self, Peer, peer};
use crate::run::{Result, cargo, check};

/// What it is compared with, besides the naive forwarder and realm, which are built.
const PEERS: &[Peer] = &[
    peer("haproxy", "haproxy", "bench: the fastest of the usual ones"),
    peer("nginx", "libnginx-mod-stream", "bench: the stream module"),
    peer("socat", "socat", "bench: a process for each connection"),
];
const GIB: usize = 1 << 30;
/// Connections that are held idle.
const IDLE: usize = 5000;
/// The pairs of sockets that bytes go between.
const TOPOLOGIES: [(Kind, Kind); 4] = [
    (Kind::Tcp, Kind::Tcp),
    (Kind::Tcp, Kind::Unix),
    (Kind::Unix, Kind::Tcp),
    (Kind::Unix, Kind::Unix),
];

/// What is done to each forwarder.
struct Load {
    kind: &'static str,
    connections: usize,
    amount: usize,
    figures: Vec<Figure>,
}

/// What is read off a load, and how it is shown.
struct Figure {
    name: &'static str,
    unit: &'static str,
    of: fn(&Sample, amount: usize) -> f64,
    demands: fn(Kind, Kind) -> Vec<Demand>,
}

/// A peer, or the best of them, and the most of its figure that devkit's may be.
type Demand = (&'static str, f64);

const BEST: &str = "the best";

fn cpu_seconds_per_gib(sample: &Sample, amount: usize) -> f64 {
    sample.cpu / (amount as f64 / GIB as f64)
}

fn cpu_micros_each(sample: &Sample, amount: usize) -> f64 {
    sample.cpu / amount as f64 * 1e6
}

fn seconds_per_gib(sample: &Sample, amount: usize) -> f64 {
    sample.seconds / (amount as f64 / GIB as f64)
}

fn bulk(source: Kind, destination: Kind) -> Vec<Demand> {
    match (source, destination) {
        (Kind::Tcp, Kind::Tcp) => vec![("naive", 0.45), ("haproxy", 0.65), ("realm", 1.0)],
        (Kind::Tcp, Kind::Unix) => vec![("naive", 0.45), ("haproxy", 0.6)],
        (Kind::Unix, Kind::Unix) => vec![("naive", 0.45), ("haproxy", 0.7)],
        // The kernel copies here, whoever asks it.
        (Kind::Unix, Kind::Tcp) => vec![("naive", 0.65), ("haproxy", 1.0)],
    }
}

fn throughput(source: Kind, destination: Kind) -> Vec<Demand> {
    match (source, destination) {
        (Kind::Tcp, Kind::Tcp) => vec![("haproxy", 1.0 / 1.15), ("realm", 1.0)],
        _ => Vec::new(),
    }
}

const BULK: Figure = Figure {
    name: "bulk, 1 connection",
    unit: "CPU s/GiB",
    of: cpu_seconds_per_gib,
    demands: bulk,
};

/// The loads, and what each has to show.
fn loads(quick: bool) -> [Load; 6] {
    let less = if quick { 4 } else { 1 };
    let load = |kind, connections, amount: usize, figures| Load {
        kind,
        connections,
        amount: amount / less,
        figures,
    };
    [
        load(
            "bulk",
            1,
            GIB,
            vec![
                BULK,
                Figure {
                    name: "the same, time",
                    unit: "s/GiB",
                    of: seconds_per_gib,
                    demands: throughput,
                },
            ],
        ),
        load("bulk", 8, GIB, vec![Figure { name: "bulk, 8 connections", ..BULK }]),
        load(
            "ping",
            64,
            64_000,
            vec![Figure {
                name: "64-byte round trip, 64 connections",
                unit: "CPU us each",
                of: cpu_micros_each,
                demands: |_, _| vec![("naive", 1.0), ("haproxy", 1.0)],
            }],
        ),
        // No bar: nearly all of its time is how the machine goes to sleep and wakes.
        load(
            "ping",
            1,
            4000,
            vec![Figure {
                name: "64-byte round trip, 1 connection",
                unit: "CPU us each",
                of: cpu_micros_each,
                demands: |_, _| Vec::new(),
            }],
        ),
        load(
            "short",
            1,
            2000,
            vec![Figure {
                name: "connect, echo, close",
                unit: "CPU us each",
                of: cpu_micros_each,
                demands: |_, _| vec![("naive", 0.9), ("haproxy", 0.9)],
            }],
        ),
        load(
            "mixed",
            64,
            32_000,
            vec![Figure {
                name: "64 round trips beside a stream, p99",
                unit: "us",
                of: |sample, _| sample.p99_micros,
                demands: |_, _| vec![(BEST, 1.2)],
            }],
        ),
    ]
}

pub(super) fn run(settings: &Settings, missed: &mut Missed) -> Result<()> {
    peers::show(PEERS);
    check(cargo(&["build", "--release", "--locked", "-q", "-p", "devkit-fwd", "--examples"]))?;
    let realm = realm::build();
    for (source, destination) in TOPOLOGIES {
        topology(source, destination, realm.as_deref(), settings, missed)?;
    }
    Ok(())
}

/// Runs all loads on one pair of socket kinds and shows a table.
fn topology(
    source: Kind,
    destination: Kind,
    realm: Option<&std::path::Path>,
    settings: &Settings,
    missed: &mut Missed,
) -> Result<()> {
    println!("\n{source} to {destination}, least of {} rounds (of naive)", settings.rounds);
    let folder = Folder::new("fwd")?;
    let mut forwarders = Vec::new();
    for (at, name) in forwarder::NAMES.into_iter().enumerate() {
        let started = Forwarder::start(name, source, destination, at, &folder.0, realm)?;
        forwarders.extend(started);
    }
    let loads = loads(settings.quick);
    let mut samples: Vec<Vec<Vec<Sample>>> =
        loads.iter().map(|_| forwarders.iter().map(|_| Vec::new()).collect()).collect();
    for round in 0..settings.rounds {
        for (number, load) in loads.iter().enumerate() {
            // In any order: what ran before leaves its mark on the caches, and on where the
            // scheduler puts the threads.
            let mut order: Vec<_> = forwarders.iter().enumerate().collect();
            shuffle(&mut order, round * loads.len() + number);
            for (at, forwarder) in order {
                let sample = forwarder.measure(load.kind, load.connections, load.amount)?;
                samples[number][at].push(sample);
            }
        }
    }
    print!("  {:36} {:11}", "", "");
    for forwarder in &forwarders {
        print!("  {:>15}", forwarder.name);
    }
    println!();
    for (load, samples) in loads.iter().zip(&samples) {
        for figure in &load.figures {
            let least = |samples: &Vec<Sample>| {
                let values = samples.iter().map(|sample| (figure.of)(sample, load.amount));
                values.fold(f64::MAX, f64::min)
            };
            let values: Vec<(&str, f64)> =
                forwarders.iter().zip(samples).map(|(of, all)| (of.name, least(all))).collect();
            judge(figure, &values, source, destination, missed);
        }
    }
    idle(&forwarders, source, destination, missed)
}

/// Prints one line of the table and looks at its bars.
fn judge(
    figure: &Figure,
    values: &[(&str, f64)],
    source: Kind,
    destination: Kind,
    missed: &mut Missed,
) {
    let of = |name: &str| values.iter().find(|value| value.0 == name).map(|value| value.1);
    let naive = of("naive").unwrap_or(f64::NAN);
    print!("  {:36} {:11}", figure.name, figure.unit);
    for (_, value) in values {
        print!("  {value:8.3} ({:.2})", value / naive);
    }
    let devkit = of("devkit").unwrap_or(f64::NAN);
    let mut verdicts = Vec::new();
    let mut held = true;
    for (name, bar) in (figure.demands)(source, destination) {
        let against = if name == BEST {
            let peers = values.iter().filter(|value| !["devkit", "direct"].contains(&value.0));
            peers.map(|value| value.1).reduce(f64::min)
        } else {
            of(name)
        };
        let Some(against) = against else { continue };
        let ratio = devkit / against;
        verdicts.push(format!("{ratio:.2} of {name} (bar {bar:.2})"));
        // In the digits that are shown: the bars have two, and the noise is larger than the third.
        held &= (ratio * 100.0).round() / 100.0 <= bar;
    }
    if verdicts.is_empty() {
        println!();
        return;
    }
    let verdicts = verdicts.join(", ");
    println!("\n  {:48}  devkit: {verdicts}", "");
    print!("  {:48}", "");
    missed.unless(held, format!("{source} to {destination}, {}: {verdicts}", figure.name));
}

/// How long they take to start, and what an idle connection costs them.
fn idle(
    forwarders: &[Forwarder],
    source: Kind,
    destination: Kind,
    missed: &mut Missed,
) -> Result<()> {
    print!("  {:36} {:11}", "from start to accepting", "ms");
    for forwarder in forwarders {
        print!("  {:15.1}", forwarder.start_ms);
    }
    let start = forwarders[0].start_ms;
    missed.unless(
        start <= 10.0,
        format!("{source} to {destination}, start to accepting: {start:.1} ms, bar 10"),
    );
    print!("  {:36} {:11}", format!("idle connection ({IDLE} held)"), "KiB, fds");
    let mut devkit = (f64::NAN, f64::NAN);
    for forwarder in forwarders {
        // A process for each connection is too much to hold, and realm ends without descriptors.
        let held = match forwarder.name {
            "direct" | "socat" | "realm" => None,
            _ => Some(forwarder.idle(IDLE)?),
        };
        match held {
            Some((memory, descriptors)) => print!("  {memory:9.2}, {descriptors:4.2}"),
            None => print!("  {:>15}", "-"),
        }
        if forwarder.name == "devkit" {
            devkit = held.unwrap_or(devkit);
        }
    }
    let (memory, descriptors) = devkit;
    let text = format!(
        "{source} to {destination}, idle connection: {memory:.2} KiB and {descriptors:.2} fds, \
         bars 1.7 and 2"
    );
    missed.unless(memory <= 1.7 && descriptors <= 2.01, text);
    Ok(())
}
