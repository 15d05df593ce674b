//! A running `devkit fwd`.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::socket::{Conn, Kind};
use super::{PATIENCE, devkit, wait};

/// A `devkit fwd` process. Dropping it ends it.
pub(crate) struct Forwarder {
    child: Child,
    /// Where it listens, as it says itself.
    pub(crate) address: String,
    stdout: Arc<Lines>,
    stderr: Arc<Lines>,
}

impl Forwarder {
    /// Starts it with `-s` for a kind of source and waits until it listens.
    #[track_caller]
    pub(crate) fn start(source: Kind, destination: &str, dir: &Path, more: &[&str]) -> Self {
        let path = format!("unix:{}/source.sock", dir.display());
        let source = if source == Kind::Tcp { "127.0.0.1:0" } else { &path };
        let args = [&["fwd", "-s", source, "-d", destination], more].concat();
        Self::spawn(devkit(dir, args))
    }

    /// Starts a command that becomes `devkit fwd` and waits until it listens.
    #[track_caller]
    pub(crate) fn spawn(command: Command) -> Self {
        Self::spawn_unready(command).ready()
    }

    /// The same with something on its standard input.
    #[track_caller]
    pub(crate) fn spawn_with(command: Command, stdin: impl Into<Stdio>) -> Self {
        Self::spawn_unready_with(command, stdin).ready()
    }

    #[track_caller]
    fn ready(mut self) -> Self {
        let listening = |line: &str| {
            let rest = line.strip_prefix("listening on ")?;
            rest.split([' ', ',']).next().map(str::to_owned)
        };
        let found = self.stderr.find(PATIENCE, listening);
        self.address = found.unwrap_or_else(|| {
            panic!("does not listen: {:?} {}", self.child.try_wait().unwrap(), self.stderr())
        });
        self
    }

    /// Starts it without waiting; the address is to be known.
    pub(crate) fn spawn_unready(command: Command) -> Self {
        Self::spawn_unready_with(command, Stdio::null())
    }

    pub(crate) fn spawn_unready_with(mut command: Command, stdin: impl Into<Stdio>) -> Self {
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = Lines::of(child.stdout.take().unwrap());
        let stderr = Lines::of(child.stderr.take().unwrap());
        Self { child, address: String::new(), stdout, stderr }
    }

    #[track_caller]
    pub(crate) fn connect(&self) -> Conn {
        Conn::to(&self.address)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid().cast_signed()), signal).unwrap();
    }

    /// Everything it has written to stderr so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.all()
    }

    /// Everything it has written to stdout so far.
    pub(crate) fn stdout(&self) -> String {
        self.stdout.all()
    }

    /// Waits for a line on stderr.
    #[track_caller]
    pub(crate) fn says(&self, part: &str) -> String {
        let found = self.stderr.find(PATIENCE, |line| line.contains(part).then(|| line.to_owned()));
        found.unwrap_or_else(|| panic!("no line with {part:?} in:\n{}", self.stderr()))
    }

    /// Waits for a JSON event on stdout.
    #[track_caller]
    pub(crate) fn tells(&self, event: &str) -> serde_json::Value {
        let found = self.stdout.find(PATIENCE, |line| {
            let value: serde_json::Value = serde_json::from_str(line).expect("each line is JSON");
            (value["event"] == event).then_some(value)
        });
        found.unwrap_or_else(|| panic!("no event {event:?} in:\n{}", self.stdout()))
    }

    /// The statistics, by SIGUSR1: open, total, failed, refused, bytes up, bytes down.
    #[track_caller]
    pub(crate) fn stats(&self) -> [u64; 6] {
        let before = self.stderr().lines().filter(|line| line.contains(" open, ")).count();
        self.signal(Signal::SIGUSR1);
        let answer = self.stderr.find_in(PATIENCE, |text| {
            let mut all = text.lines().filter(|line| line.contains(" open, "));
            all.nth(before).map(str::to_owned)
        });
        let line = answer.unwrap_or_else(|| panic!("no answer to SIGUSR1 in:\n{}", self.stderr()));
        let (_, counts) = line.split_once(": ").unwrap();
        let numbers: Vec<u64> =
            counts.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        numbers.try_into().expect("six numbers")
    }

    /// Open descriptors.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.pid())).unwrap().count()
    }

    /// Seconds of CPU used so far, in steps of 10 ms.
    fn cpu(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks: u32 = fields[11].parse::<u32>().unwrap() + fields[12].parse::<u32>().unwrap();
        f64::from(ticks) / 100.0
    }

    /// Seconds of CPU used in the time that comes. Here the time is what is waited for: a process that
    /// asks again and again whether something has happened would use much of it.
    pub(crate) fn cpu_in(&self, time: Duration) -> f64 {
        let before = self.cpu();
        std::thread::sleep(time);
        self.cpu() - before
    }

    /// KiB of memory that it has allocated: not its code.
    pub(crate) fn memory(&self) -> u64 {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid())).unwrap();
        let line = rollup.lines().find(|line| line.starts_with("Anonymous:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    pub(crate) fn running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end and gives the exit code.
    #[track_caller]
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        wait(&mut self.child).code()
    }

    /// Asks it to stop and waits for it.
    #[track_caller]
    pub(crate) fn stop(&mut self) -> Option<i32> {
        self.signal(Signal::SIGTERM);
        self.exit_code()
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- devkit fwd said ---\n{}", self.stderr());
        }
    }
}

/// Lines of an output, as they come.
struct Lines {
    said: Mutex<Said>,
    more: Condvar,
}

#[derive(Default)]
struct Said {
    text: String,
    /// Whether nothing more can come.
    ended: bool,
}

impl Lines {
    fn of(pipe: impl Read + Send + 'static) -> Arc<Self> {
        let lines = Arc::new(Self { said: Mutex::default(), more: Condvar::new() });
        let filled = Arc::clone(&lines);
        std::thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while pipe.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                filled.said.lock().unwrap().text.push_str(&String::from_utf8_lossy(&line));
                filled.more.notify_all();
                line.clear();
            }
            filled.said.lock().unwrap().ended = true;
            filled.more.notify_all();
        });
        lines
    }

    fn all(&self) -> String {
        self.said.lock().unwrap().text.clone()
    }

    /// Waits for a line, as long as one can come.
    fn find<T>(&self, time: Duration, mut find: impl FnMut(&str) -> Option<T>) -> Option<T> {
        self.find_in(time, |text| text.lines().find_map(&mut find))
    }

    /// The same in the text as a whole.
    fn find_in<T>(&self, time: Duration, mut find: impl FnMut(&str) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + time;
        let mut said = self.said.lock().unwrap();
        loop {
            if let Some(found) = find(&said.text) {
                return Some(found);
            }
            if said.ended {
                return None;
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            said = self.more.wait_timeout(said, left).unwrap().0;
        }
    }
}
