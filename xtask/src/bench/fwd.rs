//! devkit fwd and its peers under the same load, in turns.
//!
//! All forwarders stay up; each round runs every load once on each of them, so that a noisy machine
//! hits them all. What is compared is the forwarder's own CPU time, the median of the rounds: the
//! least would compare lucky moments, in which both ends of a round trip never sleep. Bars are ratios
//! to the naive forwarder of the same run.
#![expect(clippy::cast_precision_loss, reason = "measured figures have fewer digits than f64")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Folder, Missed, Settings, median, shuffle};
use crate::peers::{self, Peer, peer};
use crate::run::{Result, cargo, check, find, target};

/// What it is compared with, besides the naive forwarder.
const PEERS: &[Peer] = &[
    peer("socat", "socat", "a process for each connection"),
    peer("haproxy", "haproxy", "the fastest of the usual ones"),
];
const GIB: usize = 1 << 30;
const IDLE: usize = 5000;

/// A load, and the most of naive's CPU time that devkit may take for it. One connection's round trips
/// have no bar: nearly all of their time is how the machine goes to sleep and wakes.
struct Load {
    name: &'static str,
    kind: &'static str,
    connections: usize,
    amount: usize,
    unit: Unit,
    bar: Option<f64>,
}

#[derive(Clone, Copy)]
enum Unit {
    SecondsPerGib,
    MicrosEach,
}

pub(super) fn run(settings: &Settings, missed: &mut Missed) -> Result<()> {
    peers::show(PEERS);
    check(cargo(&["build", "--release", "--locked", "-q", "-p", "devkit-fwd", "--examples"]))?;
    for (source, destination) in
        [("tcp", "tcp"), ("tcp", "unix"), ("unix", "tcp"), ("unix", "unix")]
    {
        topology(source, destination, settings, missed)?;
    }
    Ok(())
}

fn loads(quick: bool) -> Vec<Load> {
    let less = if quick { 4 } else { 1 };
    let load = |name, kind, connections, amount: usize, unit, bar| Load {
        name,
        kind,
        connections,
        amount: amount / less,
        unit,
        bar,
    };
    vec![
        load("bulk, 1 connection", "bulk", 1, GIB / 2, Unit::SecondsPerGib, Some(0.7)),
        load("bulk, 8 connections", "bulk", 8, GIB / 2, Unit::SecondsPerGib, Some(0.7)),
        load(
            "64-byte round trip, 64 connections",
            "ping",
            64,
            32_000,
            Unit::MicrosEach,
            Some(1.05),
        ),
        load("64-byte round trip, 1 connection", "ping", 1, 4000, Unit::MicrosEach, None),
        load("connect, echo, close", "short", 1, 1000, Unit::MicrosEach, Some(1.0)),
    ]
}

/// Runs all loads on one pair of socket kinds and shows a table.
fn topology(
    source: &str,
    destination: &str,
    settings: &Settings,
    missed: &mut Missed,
) -> Result<()> {
    println!("\n{source} to {destination}, {} rounds", settings.rounds);
    let folder = Folder::new("fwd")?;
    let mut forwarders = Vec::new();
    for (at, name) in ["devkit", "naive", "haproxy", "socat"].into_iter().enumerate() {
        if let Some(forwarder) = Forwarder::start(name, source, destination, at, &folder.0)? {
            forwarders.push(forwarder);
        }
    }
    let loads = loads(settings.quick);
    let mut measured: BTreeMap<(usize, usize), Vec<f64>> = BTreeMap::new();
    for round in 0..settings.rounds {
        for (number, load) in loads.iter().enumerate() {
            // In any order: what ran before leaves its mark on the caches, and on where the
            // scheduler puts the threads.
            let mut order: Vec<_> = forwarders.iter().enumerate().collect();
            shuffle(&mut order, round * loads.len() + number);
            for (at, forwarder) in order {
                measured.entry((number, at)).or_default().push(forwarder.measure(load)?);
            }
        }
    }
    let medians: BTreeMap<_, _> =
        measured.into_iter().map(|(of, rounds)| (of, median(rounds))).collect();
    for (number, load) in loads.iter().enumerate() {
        let units = match load.unit {
            Unit::SecondsPerGib => (load.amount as f64 / GIB as f64, "CPU s/GiB"),
            Unit::MicrosEach => (load.amount as f64 / 1e6, "CPU us each"),
        };
        let naive = medians[&(number, 1)];
        print!("  {:36} {:11}", load.name, units.1);
        for (at, forwarder) in forwarders.iter().enumerate() {
            let cpu = medians[&(number, at)];
            print!("  {} {:.3} ({:.2})", forwarder.name, cpu / units.0, cpu / naive);
        }
        let ratio = medians[&(number, 0)] / naive;
        let Some(bar) = load.bar else {
            println!();
            continue;
        };
        missed.unless(
            ratio <= bar,
            format!("{source} to {destination}, {}: {ratio:.2} of naive, bar {bar:.2}", load.name),
        );
    }
    print!("  {:36} {:11}", "from start to accepting", "ms");
    for forwarder in &forwarders {
        print!("  {} {:.1}", forwarder.name, forwarder.start_ms);
    }
    let start = forwarders[0].start_ms;
    missed.unless(start <= 10.0, format!("start to accepting: {start:.1} ms, bar 10"));
    print!("  {:36} {:11}", format!("idle connection ({IDLE} held)"), "KiB, fds");
    let mut devkit = (0.0, 0.0);
    for (at, forwarder) in forwarders.iter().enumerate().take(2) {
        let (memory, descriptors) = forwarder.idle()?;
        print!("  {} {memory:.2}, {descriptors:.2}", forwarder.name);
        if at == 0 {
            devkit = (memory, descriptors);
        }
    }
    let (memory, descriptors) = devkit;
    let text = format!("idle connection: {memory:.2} KiB and {descriptors:.2} fds, bars 2 and 2");
    missed.unless(memory <= 2.0 && descriptors <= 2.01, text);
    Ok(())
}

/// One forwarder under comparison, running.
struct Forwarder {
    name: &'static str,
    child: Child,
    listen: String,
    backend: String,
    start_ms: f64,
}

impl Forwarder {
    fn start(
        name: &'static str,
        source: &str,
        destination: &str,
        at: usize,
        folder: &Path,
    ) -> Result<Option<Self>> {
        let address = |kind: &str, end: &str, port: usize| match kind {
            "unix" => format!("unix:{}/{name}.{end}", folder.display()),
            _ => format!("127.0.0.1:{port}"),
        };
        // Below the ephemeral range, so that no client of ours sits there.
        let base = 21_000 + usize::try_from(std::process::id() % 5000).unwrap_or(0) * 2;
        let listen = address(source, "listen", base + 2 * at);
        let backend = address(destination, "backend", base + 2 * at + 1);
        let Some(mut command) = command(name, &listen, &backend, folder)? else { return Ok(None) };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // Once more than is kept: the first start reads the file from the disk.
        let mut start_ms = f64::MAX;
        for _ in 0..5 {
            let start = Instant::now();
            let mut child = command.spawn().map_err(|error| format!("{name}: {error}"))?;
            while !reachable(&listen) {
                if start.elapsed() > Duration::from_secs(10) {
                    let _ = child.kill();
                    return Err(format!("{name} does not listen on {listen}"));
                }
                std::thread::sleep(Duration::from_micros(200));
            }
            start_ms = start_ms.min(start.elapsed().as_secs_f64() * 1000.0);
            let _ = child.kill();
            let _ = child.wait();
            let _ = fs::remove_file(listen.trim_start_matches("unix:"));
        }
        let child = command.spawn().map_err(|error| format!("{name}: {error}"))?;
        while !reachable(&listen) {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(Some(Self { name, child, listen, backend, start_ms }))
    }

    /// CPU seconds of the forwarder.
    fn measure(&self, load: &Load) -> Result<f64> {
        let before = cpu(self.child.id());
        let output = self
            .load(load.kind, load.connections, load.amount)
            .output()
            .map_err(|error| format!("load: {error}"))?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{} under {}: {why}", self.name, load.name));
        }
        // Let it see the last connections close.
        std::thread::sleep(Duration::from_millis(30));
        Ok(cpu(self.child.id()) - before)
    }

    /// KiB of memory and descriptors for each of many idle connections.
    fn idle(&self) -> Result<(f64, f64)> {
        let pid = self.child.id();
        let before = (memory(pid), descriptors(pid));
        let mut command = self.load("idle", IDLE, 1);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut load = command.spawn().map_err(|error| format!("load: {error}"))?;
        let mut line = String::new();
        let stdout = load.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).map_err(|error| format!("load: {error}"))?;
        let after = (memory(pid), descriptors(pid));
        drop(load.stdin.take());
        let _ = load.wait();
        if line != "ready\n" {
            return Err(format!("{} does not hold {IDLE} connections", self.name));
        }
        let each = |before: f64, after: f64| (after - before) / IDLE as f64;
        Ok((each(before.0, after.0), each(before.1, after.1)))
    }

    fn load(&self, kind: &str, connections: usize, amount: usize) -> Command {
        let mut command = Command::new(target().join("release/examples/load"));
        command.args([kind, &self.backend, &self.listen]);
        command.args([connections.to_string(), amount.to_string()]);
        command
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How each is started; `None` where it is not installed.
fn command(name: &str, listen: &str, backend: &str, folder: &Path) -> Result<Option<Command>> {
    let unix = |address: &str| address.strip_prefix("unix:").map(str::to_owned);
    let mut command = match name {
        "devkit" => {
            let mut command = Command::new(target().join("release/devkit"));
            command.args(["fwd", "-q", "-s", listen, "-d", backend]);
            command
        }
        "naive" => {
            let mut command = Command::new(target().join("release/examples/naive"));
            command.args([listen, backend]);
            command
        }
        "socat" => {
            let Some(program) = find("socat") else { return Ok(None) };
            let mut command = Command::new(program);
            command.arg(match (unix(listen), listen.split_once(':')) {
                (Some(path), _) => format!("UNIX-LISTEN:{path},fork,backlog=1024"),
                (None, Some((_, port))) => {
                    format!("TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr,nodelay,backlog=1024")
                }
                (None, None) => return Ok(None),
            });
            command.arg(match unix(backend) {
                Some(path) => format!("UNIX-CONNECT:{path}"),
                None => format!("TCP:{backend},nodelay"),
            });
            command
        }
        _ => {
            let Some(program) = find("haproxy") else { return Ok(None) };
            let config = folder.join("haproxy.cfg");
            let server = unix(backend).map_or(backend.to_owned(), |path| format!("unix@{path}"));
            let text = format!(
                "global\n  maxconn 7000\ndefaults\n  mode tcp\n  timeout connect 5s\n  \
                 timeout client 1h\n  timeout server 1h\n  option splice-auto\nfrontend f\n  \
                 bind {}\n  default_backend b\nbackend b\n  server s {server}\n",
                unix(listen).map_or(listen.to_owned(), |path| format!("unix@{path}")),
            );
            fs::write(&config, text).map_err(|error| format!("haproxy.cfg: {error}"))?;
            let mut command = Command::new(program);
            command.args(["-db", "-q", "-f"]).arg(config);
            command
        }
    };
    command.current_dir(folder);
    Ok(Some(command))
}

fn reachable(address: &str) -> bool {
    match address.strip_prefix("unix:") {
        Some(path) => UnixStream::connect(path).is_ok(),
        None => TcpStream::connect(address).is_ok(),
    }
}

/// CPU seconds of a process so far: its threads to the nanosecond, its children's (socat forks) in
/// the kernel's ticks.
fn cpu(pid: u32) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let nanos: u64 = tasks
        .filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .sum();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    nanos as f64 / 1e9 + (ticks(13) + ticks(14)) / 100.0
}

/// KiB that the process alone accounts for (PSS).
fn memory(pid: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0.0)
}

fn descriptors(pid: u32) -> f64 {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count) as f64
}
