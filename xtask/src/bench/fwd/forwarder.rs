//! A forwarder under comparison: how it is started, loaded, and looked at from outside.
#![expect(clippy::cast_precision_loss, reason = "measured figures have fewer digits than f64")]

use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::run::{Result, find, program, target};

/// `direct` is none: what the two ends can do without one.
pub(super) const NAMES: [&str; 7] =
    ["devkit", "naive", "haproxy", "nginx", "realm", "socat", "direct"];

/// A kind of socket.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Tcp,
    Unix,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Unix => "unix",
        })
    }
}

/// What one load showed.
pub(super) struct Sample {
    /// CPU seconds of the forwarder.
    pub(super) cpu: f64,
    pub(super) seconds: f64,
    /// The 99th percentile of a round trip.
    pub(super) p99_micros: f64,
}

/// A forwarder that is running.
pub(super) struct Forwarder {
    pub(super) name: &'static str,
    child: Option<Child>,
    listen: String,
    backend: String,
    pub(super) start_ms: f64,
}

impl Forwarder {
    /// Starts it; `None` where it is not installed or has no such sockets.
    pub(super) fn start(
        name: &'static str,
        source: Kind,
        destination: Kind,
        at: usize,
        folder: &Path,
        realm: Option<&Path>,
    ) -> Result<Option<Self>> {
        let address = |kind: Kind, end: &str, port: usize| match kind {
            Kind::Unix => format!("unix:{}/{name}.{end}", folder.display()),
            Kind::Tcp => format!("127.0.0.1:{port}"),
        };
        // Below the ephemeral range, so that no client of ours sits there.
        let base = 21_000 + usize::try_from(std::process::id() % 5000).unwrap_or(0) * 2;
        let listen = address(source, "listen", base + 2 * at);
        let backend = address(destination, "backend", base + 2 * at + 1);
        if name == "direct" {
            let listen = backend.clone();
            return Ok(Some(Self { name, child: None, listen, backend, start_ms: f64::NAN }));
        }
        let Some(mut command) = command(name, &listen, &backend, folder, realm)? else {
            return Ok(None);
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut forwarder = Self { name, child: None, listen, backend, start_ms: f64::MAX };
        // The first start reads the file from the disk; the last one stays.
        for _ in 0..6 {
            forwarder.stop();
            let start = Instant::now();
            forwarder.child = Some(command.spawn().map_err(|error| format!("{name}: {error}"))?);
            while !reachable(&forwarder.listen) {
                if start.elapsed() > Duration::from_secs(10) {
                    return Err(format!("{name} does not listen on {}", forwarder.listen));
                }
                std::thread::sleep(Duration::from_micros(200));
            }
            let took = start.elapsed().as_secs_f64() * 1000.0;
            forwarder.start_ms = forwarder.start_ms.min(took);
        }
        Ok(Some(forwarder))
    }

    /// Loads it: `connections` at once, and `amount` of what the kind of load counts.
    pub(super) fn measure(&self, kind: &str, connections: usize, amount: usize) -> Result<Sample> {
        let before = (self.cpu(), self.sockets(), self.processes().len());
        let output = self
            .load(kind, connections, amount)
            .output()
            .map_err(|error| format!("load: {error}"))?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{} under {kind}: {why}", self.name));
        }
        // The last connections are to be closed on its side too, and their processes reaped.
        let deadline = Instant::now() + Duration::from_secs(2);
        let busy = || self.sockets() > before.1 || self.processes().len() > before.2;
        while busy() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
        let cpu = self.cpu() - before.0;
        let text = String::from_utf8_lossy(&output.stdout);
        let numbers: Vec<f64> =
            text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [seconds, p99_micros] = numbers[..] else {
            return Err(format!("load: two numbers are wanted, not {text}"));
        };
        Ok(Sample { cpu, seconds, p99_micros })
    }

    /// KiB of memory and descriptors for each of many idle connections.
    pub(super) fn idle(&self, connections: usize) -> Result<(f64, f64)> {
        let before = (self.memory(), self.descriptors());
        let mut command = self.load("idle", connections, 1);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut load = command.spawn().map_err(|error| format!("load: {error}"))?;
        let mut line = String::new();
        let stdout = load.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).map_err(|error| format!("load: {error}"))?;
        let after = (self.memory(), self.descriptors());
        drop(load.stdin.take());
        let _ = load.wait();
        if line != "ready\n" {
            return Err(format!("{} does not hold {connections} connections", self.name));
        }
        let each = |before: f64, after: f64| (after - before) / connections as f64;
        Ok((each(before.0, after.0), each(before.1, after.1)))
    }

    fn load(&self, kind: &str, connections: usize, amount: usize) -> Command {
        let mut command = Command::new(target().join("release/examples/load"));
        command.args([kind, &self.backend, &self.listen]);
        command.args([connections.to_string(), amount.to_string()]);
        command
    }

    /// The forwarder and the processes that it has started.
    fn processes(&self) -> Vec<u32> {
        let mut all: Vec<u32> = self.child.iter().map(Child::id).collect();
        let mut at = 0;
        while let Some(pid) = all.get(at).copied() {
            for task in entries(&format!("/proc/{pid}/task")) {
                let children = fs::read_to_string(task.join("children")).unwrap_or_default();
                all.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
            }
            at += 1;
        }
        all
    }

    /// CPU seconds so far.
    fn cpu(&self) -> f64 {
        self.processes().into_iter().map(cpu).sum()
    }

    fn memory(&self) -> f64 {
        self.processes().into_iter().map(memory).sum()
    }

    fn descriptors(&self) -> f64 {
        let count = |pid| entries(&format!("/proc/{pid}/fd")).len() as f64;
        self.processes().into_iter().map(count).sum()
    }

    /// Open sockets; not pipes, which may be kept for the next stream.
    fn sockets(&self) -> usize {
        let is_socket = |file: &PathBuf| {
            fs::read_link(file).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"))
        };
        let of = |pid| entries(&format!("/proc/{pid}/fd")).iter().filter(|f| is_socket(f)).count();
        self.processes().into_iter().map(of).sum()
    }

    /// By SIGTERM first: nginx's workers outlive a master that is killed.
    fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let _ = program("kill", &[&child.id().to_string()]).status();
        let deadline = Instant::now() + Duration::from_secs(2);
        while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = child.kill();
        let _ = child.wait();
        let _ = fs::remove_file(self.listen.trim_start_matches("unix:"));
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.stop();
    }
}

/// How each is started; `None` where it is not installed.
fn command(
    name: &str,
    listen: &str,
    backend: &str,
    folder: &Path,
    realm: Option<&Path>,
) -> Result<Option<Command>> {
    let unix = |address: &str| address.strip_prefix("unix:").map(str::to_owned);
    let configured = |file: &str, text: String| {
        let file = folder.join(file);
        fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        Ok::<_, String>(file)
    };
    let installed = find(name);
    let mut command = match (name, installed) {
        ("devkit", _) => {
            let mut command = Command::new(target().join("release/devkit"));
            command.args(["fwd", "-q", "-s", listen, "-d", backend]);
            command
        }
        ("naive", _) => {
            let mut command = Command::new(target().join("release/examples/naive"));
            command.args([listen, backend]);
            command
        }
        ("realm", _) => {
            let tcp = unix(listen).is_none() && unix(backend).is_none();
            let Some(realm) = realm.filter(|_| tcp) else { return Ok(None) };
            let mut command = Command::new(realm);
            command.args([listen, backend]);
            command
        }
        ("socat", Some(socat)) => {
            let mut command = Command::new(socat);
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
        ("haproxy", Some(haproxy)) => {
            let server = unix(backend).map_or(backend.to_owned(), |path| format!("unix@{path}"));
            let text = format!(
                "global\n  maxconn 7000\ndefaults\n  mode tcp\n  backlog 4096\n  timeout connect 5s\n  \
                 timeout client 1h\n  timeout server 1h\n  option splice-auto\nfrontend f\n  \
                 bind {}\n  default_backend b\nbackend b\n  server s {server}\n",
                unix(listen).map_or(listen.to_owned(), |path| format!("unix@{path}")),
            );
            let mut command = Command::new(haproxy);
            command.args(["-db", "-q", "-f"]).arg(configured("haproxy.cfg", text)?);
            command
        }
        ("nginx", Some(nginx)) => {
            const MODULE: &str = "/usr/lib/nginx/modules/ngx_stream_module.so";
            if !Path::new(MODULE).exists() {
                return Ok(None);
            }
            let folder = folder.display();
            // Started by root, its workers would be somebody who cannot reach the socket files.
            let user = if is_root() { "user root;" } else { "" };
            let text = format!(
                "daemon off; {user} pid {folder}/nginx.pid; error_log {folder}/nginx.err crit;\n\
                 worker_processes auto; worker_rlimit_nofile 18000; load_module {MODULE};\n\
                 events {{ worker_connections 15000; }}\n\
                 stream {{ server {{ listen {listen} backlog=4096; proxy_pass {backend}; tcp_nodelay on; \
                 proxy_half_close on; }} }}\n",
            );
            let mut command = Command::new(nginx);
            command.arg("-e").arg(format!("{folder}/nginx.err"));
            command.arg("-p").arg(format!("{folder}"));
            command.arg("-c").arg(configured("nginx.conf", text)?);
            command
        }
        _ => return Ok(None),
    };
    command.current_dir(folder);
    Ok(Some(command))
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn reachable(address: &str) -> bool {
    match address.strip_prefix("unix:") {
        Some(path) => UnixStream::connect(path).is_ok(),
        None => TcpStream::connect(address).is_ok(),
    }
}

fn entries(folder: &str) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// CPU seconds of a process so far: its threads to the nanosecond, its children that have ended in
/// the kernel's ticks.
fn cpu(pid: u32) -> f64 {
    let nanos: u64 = entries(&format!("/proc/{pid}/task"))
        .iter()
        .filter_map(|task| fs::read_to_string(task.join("schedstat")).ok())
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
