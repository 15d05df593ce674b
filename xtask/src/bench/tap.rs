//! `devkit kubecerts tap` and what people use instead, between the same server and client, in turns.
//!
//! All of them stay up; each round asks each once, and once the server itself (`direct`). Figures are
//! medians of the rounds; memory is the most that a process has had.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use super::{Folder, Missed, Settings, median, shuffle};
use crate::apiserver;
use crate::peers::{self, Peer, peer};
use crate::run::{Result, cargo, check, find, output, program, target};

const PEERS: &[Peer] = &[
    peer("kubectl", "kubernetes-client", "bench: kubectl proxy"),
    peer("python3", "python3", "bench: mitmproxy"),
];
/// The last that runs on Python 3.11.
const MITMPROXY: &str = "mitmproxy==11.0.2";
const START: Duration = Duration::from_secs(30);
const LIST: usize = 100_000_000;
const WATCHES: usize = 200;

pub(super) fn run(settings: &Settings, missed: &mut Missed) -> Result<()> {
    peers::show(PEERS);
    let example = ["--example", "tap_load"];
    let build = ["build", "--release", "--locked", "-q", "-p", "devkit-tap"];
    check(cargo(&[&build[..], &example[..]].concat()))?;
    let folder = Folder::new("tap")?;
    let folder = folder.0.as_path();
    let server = Server::start(folder)?;
    let mut ways = vec![Way::direct(&server, folder), Way::devkit(folder)?];
    ways.extend(Way::kubectl(&server, folder)?);
    ways.extend(Way::mitmproxy(&server, folder)?);
    let requests = if settings.quick { 200 } else { 1000 };
    println!("medians of {} rounds; in brackets: so much more than direct", settings.rounds);
    small(&ways, settings, requests, missed)?;
    list(&ways, settings, missed)?;
    for watches in [1, WATCHES] {
        watch(&ways, settings, watches, missed)?;
    }
    Ok(())
}

/// Small requests on a kept connection.
fn small(ways: &[Way], settings: &Settings, requests: usize, missed: &mut Missed) -> Result<()> {
    let mut all = vec![(Vec::new(), Vec::new()); ways.len()];
    in_turns(ways, settings, |at, way| {
        let told = way.load("ask", requests)?;
        all[at].0.push(told[0] / 1000.0);
        all[at].1.push(told[1] / 1000.0);
        Ok(())
    })?;
    let medians: Vec<f64> = all.iter().map(|(half, _)| median(half.clone())).collect();
    print!("  {:34} ms ", format!("small request, {requests} a round"));
    for (way, (half, (_, most))) in ways.iter().zip(medians.iter().zip(&all)) {
        let added = half - medians[0];
        print!("  {} {half:.3} (+{added:.3}, p99 {:.3})", way.name, median(most.clone()));
    }
    let added = medians[1] - medians[0];
    missed.unless(added <= 1.0, format!("a small request: {added:.3} ms more, bar 1"));
    Ok(())
}

/// A list that nobody should keep.
fn list(ways: &[Way], settings: &Settings, missed: &mut Missed) -> Result<()> {
    let before: Vec<f64> = ways.iter().map(Way::peak).collect();
    let mut all = vec![Vec::new(); ways.len()];
    in_turns(ways, settings, |at, way| {
        all[at].push(way.load("list", LIST)?[0]);
        Ok(())
    })?;
    print!("  {:34} s  ", format!("a list of {} MB", LIST / 1_000_000));
    for ((way, times), before) in ways.iter().zip(&all).zip(&before) {
        print!("  {} {:.2}", way.name, median(times.clone()));
        if way.pid.is_some() {
            print!(" (memory +{:.1} MB)", way.peak() - before);
        }
    }
    let grown = ways[1].peak() - before[1];
    missed.unless(grown < 20.0, format!("a large list: {grown:.1} MB of memory, bar 20"));
    Ok(())
}

/// Watches at once: when their events come to the client, and to whoever reads the log.
fn watch(ways: &[Way], settings: &Settings, watches: usize, missed: &mut Missed) -> Result<()> {
    let mut all = vec![Vec::new(); ways.len()];
    let mut logged = vec![Vec::new(); ways.len()];
    in_turns(ways, settings, |at, way| {
        let reader = way.log.as_ref().map(|log| LogReader::start(log));
        all[at].push(way.load("watch", watches)?);
        if let Some(reader) = reader {
            logged[at].push(reader?.stop());
        }
        Ok(())
    })?;
    let of = |rows: &[Vec<f64>], at: usize| median(rows.iter().map(|row| row[at]).collect());
    let count = if watches == 1 { String::from("a watch") } else { format!("{watches} watches") };
    println!("  {count}; the soonest event, the 99th percentile, the last, in ms:");
    for (at, way) in ways.iter().enumerate() {
        let rows = &all[at];
        let mut text = format!("    {:14} client {:.1}", way.name, of(rows, 0));
        let _ = write!(text, " {:.1} {:.1}", of(rows, 1), of(rows, 2));
        let seen = logged[at].iter().filter(|row| row.len() == 3).cloned().collect::<Vec<_>>();
        match way.log {
            Some(_) if seen.is_empty() => text += "; in no log",
            Some(_) => {
                let _ = write!(
                    text,
                    "; log {:.1} {:.1} {:.1}",
                    of(&seen, 0),
                    of(&seen, 1),
                    of(&seen, 2)
                );
            }
            None => {}
        }
        print!("{text}");
        if at != 1 {
            println!();
            continue;
        }
        let latest = if seen.is_empty() { f64::INFINITY } else { of(&seen, 1) };
        let missing = logged[at].iter().any(Vec::is_empty);
        let told = format!("{count}: events in the log after {latest:.1} ms, bar 50");
        missed.unless(latest < 50.0 && !missing, told);
    }
    Ok(())
}

fn in_turns(
    ways: &[Way],
    settings: &Settings,
    mut each: impl FnMut(usize, &Way) -> Result<()>,
) -> Result<()> {
    for round in 0..settings.rounds {
        let mut order: Vec<usize> = (0..ways.len()).collect();
        shuffle(&mut order, round);
        for at in order {
            each(at, &ways[at]).map_err(|error| format!("{}: {error}", ways[at].name))?;
        }
    }
    Ok(())
}

/// A process that goes with the run.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = program("kill", &[&self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

fn load() -> PathBuf {
    target().join("release/examples/tap_load")
}

/// The API server's side.
struct Server {
    url: String,
    token: String,
    _process: Process,
}

impl Server {
    fn start(folder: &Path) -> Result<Self> {
        let mut command = Command::new(load());
        command.arg("serve").arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let (process, line) = started(&mut command)?;
        let (url, token) = line.split_once(' ').ok_or("the server does not say where it is")?;
        Ok(Self { url: url.into(), token: token.into(), _process: process })
    }
}

/// Starts something that says by its first line that it serves.
fn started(command: &mut Command) -> Result<(Process, String)> {
    let mut child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
    let stdout = child.stdout.take().expect("it is piped");
    let process = Process(child);
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).map_err(|error| format!("{command:?}: {error}"))?;
    Ok((process, line.trim().to_owned()))
}

/// A way from the client to the server.
struct Way {
    name: &'static str,
    url: String,
    ca: PathBuf,
    token: String,
    /// Where it writes what passes, if it does.
    log: Option<PathBuf>,
    pid: Option<u32>,
    _process: Option<Process>,
}

impl Way {
    fn direct(server: &Server, folder: &Path) -> Self {
        Self {
            name: "direct",
            url: server.url.clone(),
            ca: folder.join("ca.crt"),
            token: server.token.clone(),
            log: None,
            pid: None,
            _process: None,
        }
    }

    fn devkit(folder: &Path) -> Result<Self> {
        let log = folder.join("tap.log");
        let mut command = Command::new(target().join("release/devkit"));
        command.args(["kubecerts", "tap", "--kubeconfig"]).arg(folder.join("config"));
        command.arg("--log").arg(&log).arg("--har").arg(folder.join("tap.har"));
        let stderr = File::create(folder.join("tap.err")).map_err(|error| error.to_string())?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        let (process, line) = started(&mut command)?;
        let path = line.strip_prefix("export KUBECONFIG=").ok_or("tap gives no kubeconfig")?;
        let python = find("python3").ok_or("python3 is missing")?;
        // A kubeconfig in JSON, and what of it a client wants.
        let read = "import base64, json, sys\n\
                    c = json.load(open(sys.argv[1]))\n\
                    k = c['clusters'][0]['cluster']\n\
                    ca = base64.b64decode(k['certificate-authority-data'])\n\
                    open(sys.argv[2], 'wb').write(ca)\n\
                    print(k['server'], c['users'][0]['user']['token'])\n";
        let ca = folder.join("tap.crt");
        let mut python = Command::new(python);
        python.args(["-c", read, path]).arg(&ca);
        let told = output(python)?;
        let (url, token) = told.trim().split_once(' ').ok_or("no URL and token")?;
        Ok(Self {
            name: "devkit",
            url: url.into(),
            ca,
            token: token.into(),
            log: Some(log),
            pid: Some(process.0.id()),
            _process: Some(process),
        })
    }

    /// `kubectl proxy` shows nothing, but is what people put between.
    fn kubectl(server: &Server, folder: &Path) -> Result<Option<Self>> {
        let Some(kubectl) = find("kubectl") else { return Ok(None) };
        let mut command = Command::new(kubectl);
        command.args(["proxy", "--port=0", "--kubeconfig"]).arg(folder.join("config"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let (process, line) = started(&mut command)?;
        let at = line.rsplit(' ').next().unwrap_or_default();
        Ok(Some(Self {
            name: "kubectl proxy",
            url: format!("http://{at}"),
            ca: folder.join("ca.crt"),
            // A token that is there is passed on as it is.
            token: server.token.clone(),
            log: None,
            pid: Some(process.0.id()),
            _process: Some(process),
        }))
    }

    fn mitmproxy(server: &Server, folder: &Path) -> Result<Option<Self>> {
        let packages = match apiserver::python_package(MITMPROXY) {
            Ok(packages) => packages,
            Err(error) => {
                println!("peer missing: {MITMPROXY}: {error}");
                return Ok(None);
            }
        };
        let port = 21_000 + std::process::id() % 5000;
        let log = folder.join("mitmproxy.log");
        let out = File::create(&log).map_err(|error| error.to_string())?;
        let mut command = Command::new("python3");
        command.args(["-c", "from mitmproxy.tools.main import mitmdump; mitmdump()"]);
        command.args(["--mode", &format!("reverse:{}", server.url), "--listen-host", "127.0.0.1"]);
        command.args(["--listen-port", &port.to_string()]);
        for option in [
            format!("confdir={}", folder.join("mitmproxy").display()),
            format!("ssl_verify_upstream_trusted_ca={}", folder.join("ca.crt").display()),
            format!("hardump={}", folder.join("mitmproxy.har").display()),
            String::from("http2=false"),
            String::from("flow_detail=3"),
        ] {
            command.args(["--set", &option]);
        }
        command.env("PYTHONPATH", packages).env("PYTHONUNBUFFERED", "1");
        command.stdin(Stdio::null()).stdout(out).stderr(Stdio::null());
        let child = command.spawn().map_err(|error| format!("mitmproxy: {error}"))?;
        let way = Self {
            name: "mitmproxy",
            url: format!("https://127.0.0.1:{port}"),
            ca: folder.join("mitmproxy/mitmproxy-ca-cert.pem"),
            token: server.token.clone(),
            log: Some(log),
            pid: Some(child.id()),
            _process: Some(Process(child)),
        };
        let deadline = Instant::now() + START;
        while way.load("ask", 1).is_err() {
            if Instant::now() > deadline {
                return way.load("ask", 1).map(|_| None);
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(Some(way))
    }

    /// Runs a load, and gives the numbers that it prints.
    fn load(&self, kind: &str, number: usize) -> Result<Vec<f64>> {
        let mut command = Command::new(load());
        command.args([kind, &self.url]).arg(&self.ca).args([&self.token, &number.to_string()]);
        let printed = output(command)?;
        Ok(printed.split_whitespace().filter_map(|word| word.parse().ok()).collect())
    }

    /// The most memory that it has had, in MB.
    fn peak(&self) -> f64 {
        let Some(pid) = self.pid else { return 0.0 };
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) * 1024.0 / 1e6
    }
}

/// Reads a log as it grows, and tells how late the events in it are.
struct LogReader {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<f64>>,
}

impl LogReader {
    fn start(log: &Path) -> Result<Self> {
        let failed = |error: std::io::Error| format!("{}: {error}", log.display());
        let mut file = File::open(log).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        let over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&over);
        let thread = thread::spawn(move || {
            let (mut text, mut late) = (String::new(), Vec::new());
            loop {
                // What comes in this turn came before the end was told.
                let last = told.load(Ordering::Acquire);
                let mut more = Vec::new();
                let _ = file.read_to_end(&mut more);
                let now = SystemTime::now();
                text += &String::from_utf8_lossy(&more);
                let whole = text.rfind('\n').map_or(0, |end| end + 1);
                let lines: String = text.drain(..whole).collect();
                late.extend(lines.split("sent-").skip(1).filter_map(|rest| lateness(rest, now)));
                if last {
                    return late;
                }
                thread::sleep(Duration::from_millis(1));
            }
        });
        Ok(Self { over, thread })
    }

    /// Milliseconds: the soonest, the 99th percentile, the last; nothing if no event came.
    fn stop(self) -> Vec<f64> {
        self.over.store(true, Ordering::Release);
        let mut late = self.thread.join().unwrap_or_default();
        late.sort_by(f64::total_cmp);
        let Some(last) = late.last() else { return Vec::new() };
        vec![late[0], late[late.len() * 99 / 100], *last]
    }
}

fn lateness(rest: &str, now: SystemTime) -> Option<f64> {
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    let sent = Duration::from_nanos(rest[..end].parse().ok()?);
    Some(
        (now.duration_since(SystemTime::UNIX_EPOCH).ok()?.saturating_sub(sent)).as_secs_f64() * 1e3,
    )
}
