//! The log: a line for each request on standard error, and the same as JSON Lines and HAR. A thread
//! of its own writes it, so that no reader of a log holds the traffic up.

mod asked;
mod lines;
mod record;
mod text;
mod watches;
mod writer;

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use anyhow::Context as _;
use devkit_report::Finding;
use devkit_tap::{Filter, HarFile, OnTapEvent, Secrets, TapEvent, Verb};

use self::asked::{asked, lasting, weight};
use self::lines::ScreenLines;
use self::watches::Watches;
use self::writer::TapWriter;
use super::HowMuch;
use crate::findings;
use crate::host::runtime;
use crate::host::signals::Signals;
use crate::ui::Ui;

/// What is wanted of the log.
pub(super) struct LogOptions {
    pub(super) filters: Vec<Filter>,
    pub(super) bodies: HowMuch,
    pub(super) secrets: Secrets,
    /// The server's, which a HAR file's addresses begin with.
    pub(super) url: String,
    pub(super) quiet: bool,
    /// The most bytes of a body that are looked at once it is decompressed.
    pub(super) most_decoded: u64,
}

/// What passed, in numbers.
pub(super) struct Passed {
    /// Requests that have ended.
    pub(super) requests: u64,
    /// How many of the requests a filter took.
    pub(super) wanted: u64,
    /// Requests without the tap's token, or under another name.
    pub(super) refused: u64,
}

/// Bytes of bodies that may wait for a log that is read too slowly. What comes then goes without.
const MOST_WAITING: usize = 64 * 1024 * 1024;

/// The running log.
pub(super) struct TapLog {
    sender: Sender<TapEvent>,
    filters: Vec<Filter>,
    counts: Arc<Counters>,
    writer: JoinHandle<()>,
}

#[derive(Default)]
struct Counters {
    /// Requests that have ended, wanted or not.
    requests: AtomicU64,
    wanted: AtomicU64,
    refused: AtomicU64,
    /// Bytes of bodies that wait for the writer.
    waiting: AtomicUsize,
}

impl TapLog {
    pub(super) fn start(
        ui: &Ui,
        wanted: LogOptions,
        har: Option<HarFile>,
        file: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let open = |path: &Path| {
            let mut options = OpenOptions::new();
            let file = options.append(true).create(true).mode(0o600).open(path);
            file.with_context(|| format!("cannot write the log {}", path.display()))
        };
        let file = file.map(open).transpose()?;
        let mode = file.as_ref().and_then(|file| file.metadata().ok()).map(|found| found.mode());
        if mode.is_some_and(|mode| mode & 0o044 != 0) {
            let text = "the log was there already, and others can read it";
            findings::tell(ui, &Finding::warning("log-readable-by-others", text));
        }
        let (sender, events) = mpsc::channel();
        let filters = wanted.filters.clone();
        let lines = ScreenLines::new(ui, wanted.bodies);
        let counts = Arc::<Counters>::default();
        let writer = TapWriter {
            wanted,
            lines,
            watches: Watches::default(),
            har,
            file,
            counts: Arc::clone(&counts),
        };
        let writer = std::thread::Builder::new()
            .name("log".into())
            .spawn(move || writer.run(&events))
            .context("cannot start a thread for the log")?;
        Ok(Self { sender, filters, counts, writer })
    }

    /// What the tap is to tell. Only watches are told piece by piece.
    pub(super) fn on_event(&self) -> OnTapEvent {
        let (sender, filters) = (Mutex::new(self.sender.clone()), self.filters.clone());
        let (watched, counts) = (Mutex::new(HashSet::new()), Arc::clone(&self.counts));
        Arc::new(move |mut event| {
            let mut watched = watched.lock().unwrap_or_else(PoisonError::into_inner);
            match &event {
                TapEvent::Answered(exchange) => {
                    let asked = asked(exchange);
                    if lasting(exchange, &asked).is_none() || !Filter::any(&filters, &asked) {
                        return;
                    }
                    if asked.verb == Verb::Watch {
                        watched.insert(exchange.id);
                    }
                }
                TapEvent::Data { id, .. } if !watched.contains(id) => return,
                TapEvent::Data { .. } => {}
                TapEvent::Finished(exchange) => {
                    counts.requests.fetch_add(1, Relaxed);
                    watched.remove(&exchange.id);
                    if !Filter::any(&filters, &asked(exchange)) {
                        return;
                    }
                    counts.wanted.fetch_add(1, Relaxed);
                }
                // The first refusal is a line; whoever knocks for hours is counted.
                TapEvent::Refused { .. } => {
                    if counts.refused.fetch_add(1, Relaxed) > 0 {
                        return;
                    }
                }
            }
            if counts.waiting.load(Relaxed) + weight(&event) > MOST_WAITING {
                match &mut event {
                    TapEvent::Refused { .. } => {}
                    TapEvent::Data { .. } => return,
                    TapEvent::Answered(exchange) | TapEvent::Finished(exchange) => {
                        exchange.request.body.bytes = Vec::new();
                        if let Some(response) = &mut exchange.response {
                            response.body.bytes = Vec::new();
                        }
                    }
                }
            }
            counts.waiting.fetch_add(weight(&event), Relaxed);
            // The receiver is gone only when the log is.
            let _ = sender.lock().unwrap_or_else(PoisonError::into_inner).send(event);
        })
    }

    /// Waits until all is written, or a signal says that nobody will read it. The tap has to be
    /// gone.
    pub(super) fn finish(self) -> Passed {
        drop(self.sender);
        let written = async {
            let writer = self.writer;
            let joined = tokio::task::spawn_blocking(move || drop(writer.join()));
            match Signals::new() {
                Ok(mut signals) => tokio::select! {
                    _ = joined => {}
                    _ = signals.next() => {}
                },
                Err(_) => drop(joined.await),
            }
        };
        if let Ok(runtime) = runtime::event_loop(1) {
            runtime.block_on(written);
            runtime.shutdown_background();
        }
        Passed {
            requests: self.counts.requests.load(Relaxed),
            wanted: self.counts.wanted.load(Relaxed),
            refused: self.counts.refused.load(Relaxed),
        }
    }
}
