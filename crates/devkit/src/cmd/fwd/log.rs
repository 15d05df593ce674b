//! What a running forwarder prints: lines for people on stderr, or JSON Lines on stdout.
//!
//! Lines are written by a thread of their own. A terminal that is stopped or a pipe that nobody
//! reads must not stop the connections. The thread ends when there is nothing to write for a while:
//! a process with one thread pays less for each system call.

use std::fmt::Write as _;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use devkit_fwd::{Closed, Event, Pause, Reason, Stats};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use serde::Serialize;
use tokio::sync::Notify;

use crate::amounts::{count, size, span};
use crate::host::clock;
use crate::ui::Ui;

const SCHEMA: &str = "devkit.fwd.event/1";
/// Lines that may wait for a slow reader.
const QUEUE: usize = 4096;
/// Connection lines that may come at once; then one a second.
const BURST: f64 = 20.0;
/// How often the rest of a burst is summed up.
const SUMMARY: Duration = Duration::from_secs(10);
/// How long the end waits for a slow reader.
const LAST_LINES: Duration = Duration::from_secs(1);
/// How long the writing thread waits for more.
const LINGER: Duration = Duration::from_millis(100);

pub(super) struct Log {
    json: bool,
    quiet: bool,
    verbose: u8,
    arrows: [&'static str; 2],
    admission: Option<String>,
    writer: Arc<Mutex<Writer>>,
    lost: Arc<AtomicU64>,
    burst: Mutex<Burst>,
    left_out: Notify,
}

/// Whether the writing thread is there.
enum Writer {
    Idle,
    /// The thread takes lines; `ended` ends with it.
    Running {
        lines: SyncSender<String>,
        thread: JoinHandle<()>,
        ended: Receiver<()>,
    },
    /// After the last line.
    Finished,
}

/// Decides which connection lines are shown one by one, and counts the rest.
struct Burst {
    allowance: f64,
    last: Instant,
    since: Option<Instant>,
    closed: u64,
    failed: u64,
    refused: u64,
    up: u64,
    down: u64,
}

/// A line of JSON.
#[derive(Serialize)]
struct EventLine<'a, T> {
    schema: &'static str,
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uptime_seconds: Option<u64>,
    #[serde(flatten)]
    fields: T,
}

#[derive(Serialize)]
struct Lost {
    events: u64,
}

impl Log {
    /// `admission` says who may connect.
    pub(super) fn new(ui: &Ui, admission: Option<String>) -> Self {
        Self {
            json: ui.is_for_programs(),
            quiet: ui.is_quiet(),
            verbose: ui.verbose,
            arrows: if ui.unicode { ["↑", "↓"] } else { ["up", "down"] },
            admission,
            writer: Arc::new(Mutex::new(Writer::Idle)),
            lost: Arc::default(),
            burst: Mutex::new(Burst::new()),
            left_out: Notify::new(),
        }
    }

    pub(super) fn event(&self, event: &Event) {
        if self.json {
            return self.put(json_line(None, None, event));
        }
        if self.quiet {
            return;
        }
        let now = clock::time_of_day;
        let line = match event {
            Event::Opened { .. } if self.verbose == 0 => return,
            Event::Listening { sources, destination, .. } => {
                let rule = self.admission.as_ref().map(|rule| format!(" ({rule})"));
                let (sources, rule) = (sources.join(" and "), rule.unwrap_or_default());
                format!("listening on {sources}{rule}, forwarding to {destination}")
            }
            Event::Opened { id, peer } => format!("{} #{id} opened {peer}", now()),
            Event::Closed(closed) => {
                let bytes = self.bytes(closed.bytes_up, closed.bytes_down);
                let Closed { id, peer, reason, duration, .. } = closed;
                let (lasted, note) = (span(*duration), note(*reason));
                format!("{} #{id} closed {peer}  {bytes}  {lasted}{note}", now())
            }
            Event::Failed { id, peer, destination, message, .. } => {
                format!("{} #{id} failed {peer}: {destination}: {message}", now())
            }
            Event::Refused { id, peer } => {
                format!("{} #{id} refused {peer}: no rule admits it", now())
            }
            Event::Paused { reason: Pause::MaxConnections, limit } => {
                let limit = count(*limit, "connection");
                format!("{} at {limit}, the most at once: new ones wait", now())
            }
            Event::Paused { limit, .. } => {
                format!("{} no file descriptor left (limit {limit}): new connections wait", now())
            }
            Event::Stopping { open: 0 } => return,
            Event::Stopping { open } => {
                let are = if *open == 1 { "is" } else { "are" };
                let open = count(*open, "open connection");
                format!("stopping when {open} {are} over; a second signal ends it at once")
            }
            _ => return,
        };
        let one_of_many = matches!(
            event,
            Event::Opened { .. } | Event::Closed(_) | Event::Failed { .. } | Event::Refused { .. }
        );
        if one_of_many && self.verbose < 2 && !lock(&self.burst).admit(event) {
            return self.left_out.notify_one();
        }
        self.put(line + "\n");
    }

    /// Answers SIGUSR1, also with `--quiet`: somebody asked.
    pub(super) fn stats(&self, stats: &Stats, uptime: Duration) {
        if self.json {
            return self.put(json_line(Some("stats"), Some(uptime.as_secs()), stats));
        }
        let [up, down] = self.arrows;
        let Stats { open, total, failed, refused, bytes_up, bytes_down } = stats;
        let line = format!(
            "up {}: {open} open, {total} total, {failed} failed, {refused} refused, \
             {up} {bytes_up} bytes, {down} {bytes_down} bytes\n",
            span(uptime),
        );
        self.put(line);
    }

    /// The last word.
    pub(super) fn stopped(&self, stats: &Stats) {
        if self.json {
            return self.put(json_line(Some("stopped"), None, stats));
        }
        if !self.quiet {
            self.sum_up();
            let bytes = self.bytes(stats.bytes_up, stats.bytes_down);
            let mut line = format!("stopped: {}", count(stats.total, "connection"));
            for (number, what) in [(stats.failed, "failed"), (stats.refused, "refused")] {
                if number > 0 {
                    let _ = write!(line, ", {number} {what}");
                }
            }
            self.put(format!("{line}, {bytes}\n"));
        }
    }

    /// Prints the rest of each burst; runs for as long as the forwarder does.
    pub(super) async fn summarise(self: Arc<Self>) {
        loop {
            self.left_out.notified().await;
            tokio::time::sleep(SUMMARY).await;
            self.sum_up();
        }
    }

    /// Waits until everything is written, unless nobody reads it.
    pub(super) fn finish(&self) {
        let writer = std::mem::replace(&mut *lock(&self.writer), Writer::Finished);
        if let Writer::Running { lines, thread, ended } = writer {
            drop(lines);
            if ended.recv_timeout(LAST_LINES) == Err(RecvTimeoutError::Disconnected) {
                let _ = thread.join();
            }
        }
    }

    fn sum_up(&self) {
        let Some(rest) = lock(&self.burst).take_rest() else { return };
        let kinds = [(rest.closed, "closed"), (rest.failed, "failed"), (rest.refused, "refused")];
        let kinds: Vec<String> = kinds
            .iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, kind)| format!("{number} {kind}"))
            .collect();
        if kinds.is_empty() {
            return;
        }
        let bytes = self.bytes(rest.up, rest.down);
        let lasted = span(rest.since.map_or(Duration::ZERO, |since| since.elapsed()));
        let now = clock::time_of_day();
        self.put(format!("{now} and more in {lasted}: {}  {bytes}\n", kinds.join(", ")));
    }

    fn put(&self, line: String) {
        let mut writer = lock(&self.writer);
        if matches!(*writer, Writer::Idle) {
            *writer = self.start().unwrap_or(Writer::Idle);
        }
        let sent = match &*writer {
            Writer::Running { lines, .. } => lines.try_send(line).is_ok(),
            // There was no thread to be had.
            Writer::Idle => false,
            // There is nobody left to write it, and no time to wait for anybody.
            Writer::Finished => return,
        };
        if !sent {
            self.lost.fetch_add(1, Relaxed);
        }
    }

    /// Starts the writing thread, which puts itself back to idle.
    fn start(&self) -> io::Result<Writer> {
        let (sender, lines) = mpsc::sync_channel::<String>(QUEUE);
        let (end, ended) = mpsc::channel();
        let (json, lost, writer) = (self.json, Arc::clone(&self.lost), Arc::clone(&self.writer));
        let thread = std::thread::Builder::new().name("log".into()).spawn(move || {
            while let Some(line) = next_line(&lines, &writer) {
                print(json, &line);
                match lost.swap(0, Relaxed) {
                    0 => {}
                    events => print(json, &lost_line(json, events)),
                }
            }
            drop(end);
        })?;
        Ok(Writer::Running { lines: sender, thread, ended })
    }

    fn bytes(&self, up: u64, down: u64) -> String {
        let [arrow_up, arrow_down] = self.arrows;
        format!("{arrow_up} {}  {arrow_down} {}", size(up), size(down))
    }
}

impl Burst {
    fn new() -> Self {
        Self {
            allowance: BURST,
            last: Instant::now(),
            since: None,
            closed: 0,
            failed: 0,
            refused: 0,
            up: 0,
            down: 0,
        }
    }

    /// Whether there is room for a line of this event; if not, it is counted.
    fn admit(&mut self, event: &Event) -> bool {
        let now = Instant::now();
        self.allowance = (self.allowance + (now - self.last).as_secs_f64()).min(BURST);
        self.last = now;
        if self.allowance >= 1.0 {
            self.allowance -= 1.0;
            return true;
        }
        self.since.get_or_insert(now);
        match event {
            Event::Closed(closed) => {
                self.closed += 1;
                self.up += closed.bytes_up;
                self.down += closed.bytes_down;
            }
            Event::Failed { .. } => self.failed += 1,
            Event::Refused { .. } => self.refused += 1,
            _ => {}
        }
        false
    }

    fn take_rest(&mut self) -> Option<Self> {
        self.since?;
        let fresh = Self { allowance: self.allowance, last: self.last, ..Self::new() };
        Some(std::mem::replace(self, fresh))
    }
}

/// The next line; none once there was none for a while, or will be none any more.
fn next_line(lines: &Receiver<String>, writer: &Mutex<Writer>) -> Option<String> {
    match lines.recv_timeout(LINGER) {
        Ok(line) => Some(line),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => {
            // Nobody sends while this is held, so what is not there now would be for another.
            let mut writer = lock(writer);
            match lines.try_recv() {
                Ok(line) => Some(line),
                Err(TryRecvError::Disconnected) => None,
                Err(TryRecvError::Empty) => {
                    if matches!(*writer, Writer::Running { .. }) {
                        *writer = Writer::Idle;
                    }
                    None
                }
            }
        }
    }
}

fn print(json: bool, line: &str) {
    // Nobody may be reading any more; the connections go on.
    let _ = if json {
        write_whole(io::stdout().lock().as_fd(), line.as_bytes())
    } else {
        write_whole(io::stderr().lock().as_fd(), line.as_bytes())
    };
}

/// Waits where another process has made the descriptor non-blocking: half a line would be worse.
fn write_whole(fd: BorrowedFd<'_>, mut bytes: &[u8]) -> nix::Result<()> {
    while !bytes.is_empty() {
        match nix::unistd::write(fd, bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => {
                nix::poll::poll(&mut [PollFd::new(fd, PollFlags::POLLOUT)], PollTimeout::NONE)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn lost_line(json: bool, events: u64) -> String {
    if json {
        return json_line(Some("lost"), None, Lost { events });
    }
    format!("{} left out: this log is read too slowly\n", count(events, "line"))
}

fn json_line(event: Option<&str>, uptime_seconds: Option<u64>, fields: impl Serialize) -> String {
    let time = format!("{:.3}", clock::now());
    let line = EventLine { schema: SCHEMA, time, event, uptime_seconds, fields };
    serde_json::to_string(&line).expect("events hold only strings and numbers") + "\n"
}

fn note(reason: Reason) -> &'static str {
    match reason {
        Reason::Ended => "",
        Reason::ClientReset => "  reset by the client",
        Reason::DestinationReset => "  reset by the destination",
        Reason::IdleTimeout => "  cut: idle",
        Reason::HalfCloseTimeout => "  cut: half-closed and idle",
        Reason::Stopped => "  cut: stopped",
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
