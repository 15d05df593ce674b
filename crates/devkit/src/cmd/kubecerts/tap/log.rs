//! The log: a line for each request on standard error, and the same as JSON Lines and HAR. A thread
//! of its own writes it, so that no reader of a log holds the traffic up.

mod lines;
mod watches;

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use anyhow::Context as _;
use devkit_report::Finding;
use devkit_tap::{
    Bodies, BodyText, EntryParts, Exchange, Filter, HarEntry, HarFile, KubectlRun, OnTapEvent,
    RequestInfo, Secrets, Shown, Subject, TapEvent, Verb, redact,
};
use serde::Serialize;

use self::lines::ScreenLines;
use self::watches::Watches;
use super::{HowMuch, explain};
use crate::findings;
use crate::host::runtime;
use crate::host::signals::Signals;
use crate::ui::{self, Ui};

const SCHEMA: &str = "devkit.tap/1";

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

/// Bytes of bodies in it.
fn weight(event: &TapEvent) -> usize {
    match event {
        TapEvent::Refused { .. } => 0,
        TapEvent::Data { bytes, .. } => bytes.len(),
        TapEvent::Answered(exchange) | TapEvent::Finished(exchange) => {
            let response = exchange.response.as_ref();
            exchange.request.body.bytes.len()
                + response.map_or(0, |response| response.body.bytes.len())
        }
    }
}

/// How a request is said to go on that is told when it begins, too: its end may be hours away.
fn lasting(exchange: &Exchange, asked: &RequestInfo) -> Option<&'static str> {
    let status = exchange.response.as_ref()?.status;
    let Subject::Resource(resource) = &asked.subject else { return None };
    let follows = || exchange.request.target.contains("follow=true");
    match status {
        101 => Some("open"),
        200..300 if asked.verb == Verb::Watch => Some("watching"),
        200..300 if resource.subresource.as_deref() == Some("log") && follows() => {
            Some("following")
        }
        _ => None,
    }
}

/// What an exchange asked for, in kubectl's words and its own: for filters.
fn asked(exchange: &Exchange) -> RequestInfo {
    words(exchange, &exchange.request.target)
}

/// What a request asks for, with a target that is fit to be shown.
fn words(exchange: &Exchange, target: &str) -> RequestInfo {
    let kind = header(&exchange.request.headers, "content-type");
    RequestInfo::of(&exchange.request.method, target).sent_as(kind)
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name))?;
    Some(&found.1)
}

struct TapWriter {
    wanted: LogOptions,
    lines: ScreenLines,
    watches: Watches,
    har: Option<HarFile>,
    file: Option<File>,
    counts: Arc<Counters>,
}

impl TapWriter {
    fn run(mut self, events: &Receiver<TapEvent>) {
        while let Ok(event) = events.recv() {
            let weight = weight(&event);
            match event {
                TapEvent::Answered(exchange) => self.begun(*exchange),
                TapEvent::Data { id, bytes } => {
                    let LogOptions { secrets, most_decoded, .. } = self.wanted;
                    for told in self.watches.take(id, &bytes, secrets, most_decoded) {
                        let text = self.lines.frame(&told);
                        let mut line = LogLine::of_frame(&told);
                        line.response_body = self.text_of(&told.body);
                        self.record(&line);
                        self.show(&text);
                    }
                }
                TapEvent::Finished(exchange) => self.finished(&exchange),
                TapEvent::Refused { at, status } => {
                    let text = self.lines.refused(at, status);
                    self.show(&text);
                }
            }
            self.counts.waiting.fetch_sub(weight, Relaxed);
        }
    }

    fn begun(&mut self, exchange: Exchange) {
        let target = self.target(&exchange);
        let asked = words(&exchange, &target);
        let text = self.lines.begun(&exchange, &asked, lasting(&exchange, &asked));
        self.show(&text);
        self.record(&LogLine {
            event: "begin",
            duration_ms: None,
            request_bytes: None,
            response_bytes: None,
            ..LogLine::of(&exchange, &asked, &target)
        });
        if asked.verb == Verb::Watch {
            self.watches.begin(exchange, asked, target);
        }
    }

    /// A body for `--log`, if bodies are wanted.
    fn text_of(&self, shown: &Shown) -> Option<String> {
        if self.wanted.bodies == HowMuch::None { None } else { body_text(shown) }
    }

    fn finished(&mut self, exchange: &Exchange) {
        let target = self.target(exchange);
        let asked = words(exchange, &target);
        let bodies = exchange.shown(self.wanted.secrets, self.wanted.most_decoded);
        let events = self.watches.end(exchange.id);
        let text = self.lines.finished(exchange, &asked, &bodies, events);
        self.show(&text);
        let mut line = LogLine::of(exchange, &asked, &target);
        line.request_body = self.text_of(&bodies.request);
        line.response_body = bodies.response.as_ref().and_then(|shown| self.text_of(shown));
        self.record(&line);
        if let Some(har) = &mut self.har {
            let entry = HarEntry::new(exchange, parts(&self.wanted, exchange, &bodies, &target));
            match har.append(&entry) {
                Ok(appended) => {
                    if let Some(new) = appended.new_file {
                        self.show(&format!("going on in {}\n", new.display()));
                    }
                }
                Err(error) => {
                    let cause = explain::cause(&error);
                    let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
                    ui::message(&format!("warning: {error}{cause} [har-not-written]\n"));
                }
            }
        }
    }

    /// The path, without a secret in its query.
    fn target(&self, exchange: &Exchange) -> String {
        match self.wanted.secrets {
            Secrets::Hide => redact::target(&exchange.request.target),
            Secrets::Show => exchange.request.target.clone(),
        }
    }

    fn show(&self, text: &str) {
        if !self.wanted.quiet {
            ui::message(text);
        }
    }

    fn record(&mut self, line: &LogLine<'_>) {
        let Some(file) = &mut self.file else { return };
        let mut text = serde_json::to_vec(line).expect("it holds only strings and numbers");
        text.push(b'\n');
        if let Err(error) = file.write_all(&text) {
            self.file = None;
            let cause = devkit_text::words(&error);
            ui::message(&format!("warning: the log cannot be written any more: {cause} [io]\n"));
        }
    }
}

/// A line of `--log`.
#[derive(Serialize)]
struct LogLine<'a> {
    schema: &'static str,
    time: String,
    event: &'static str,
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a str>,
    method: &'a str,
    path: &'a str,
    words: String,
    /// `Accept` is another than kubectl's.
    #[serde(skip_serializing_if = "Option::is_none")]
    as_json: Option<bool>,
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    /// The kind of a watch's event: `ADDED`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_body: Option<String>,
}

impl<'a> LogLine<'a> {
    fn of(exchange: &'a Exchange, asked: &RequestInfo, target: &'a str) -> Self {
        let Exchange { id, run, started, request, response, as_json, trouble, times } = exchange;
        let whole = times.send + times.wait + times.receive;
        let run: Option<&KubectlRun> = run.as_ref();
        Self {
            schema: SCHEMA,
            time: format!("{started:.3}"),
            event: "request",
            id: *id,
            session: run.map(|run| run.session.as_str()),
            command: run.map(|run| run.command.as_str()),
            method: &request.method,
            path: target,
            words: asked.to_string(),
            as_json: as_json.then_some(true),
            status: response.as_ref().map(|response| response.status),
            duration_ms: Some((whole.as_secs_f64() * 1e6).round() / 1e3),
            request_bytes: Some(request.body.total),
            response_bytes: response.as_ref().map(|response| response.body.total),
            error: trouble.as_deref(),
            kind: None,
            object: None,
            request_body: None,
            response_body: None,
        }
    }

    fn of_frame(frame: &'a watches::Told) -> Self {
        let watches::AnsweredWatch { exchange, asked, target } = &*frame.of;
        let line = Self::of(exchange, asked, target);
        Self {
            time: format!("{:.3}", frame.time),
            event: "watch-event",
            duration_ms: None,
            request_bytes: None,
            response_bytes: None,
            kind: Some(&frame.event),
            object: Some(&frame.object),
            ..line
        }
    }
}

fn parts(wanted: &LogOptions, exchange: &Exchange, bodies: &Bodies, target: &str) -> EntryParts {
    let headers = |headers: &[(String, String)]| match wanted.secrets {
        Secrets::Hide => redact::headers(headers),
        Secrets::Show => headers.to_vec(),
    };
    let of_body = |shown: &Shown, headers: &[(String, String)], passed: u64| {
        let text = body_text(shown)?;
        let mime = header(headers, "content-type").unwrap_or_default().to_owned();
        let packed = header(headers, "content-encoding").is_some();
        let size = if packed { text.len() as u64 } else { passed };
        Some(BodyText { mime, size, text, base64: false })
    };
    let as_json = exchange.as_json.then(|| "Accept is another than sent: --json-accept".to_owned());
    let none = Vec::new();
    let response = exchange.response.as_ref();
    let answer = response.map_or(&none, |response| &response.headers);
    let (sent, got) =
        (exchange.request.body.total, response.map_or(0, |response| response.body.total));
    EntryParts {
        url: format!("{}{target}", wanted.url.trim_end_matches('/')),
        request_headers: headers(&exchange.request.headers),
        response_headers: headers(answer),
        request_text: of_body(&bodies.request, &exchange.request.headers, sent),
        response_text: bodies.response.as_ref().and_then(|shown| of_body(shown, answer, got)),
        comment: exchange.trouble.clone().or(as_json),
    }
}

/// A body as text: what it says, or why not.
fn body_text(shown: &Shown) -> Option<String> {
    Some(match shown {
        Shown::Nothing => return None,
        Shown::Json(value) => value.to_string(),
        Shown::Text(text) | Shown::Cut { text: Some(text), .. } => text.clone(),
        Shown::Frames(frames) => frames
            .iter()
            .map(|frame| match (&frame.event, &frame.object) {
                // The event as it came.
                (Some(event), Shown::Json(object)) => {
                    format!("{{\"type\":\"{event}\",\"object\":{object}}}\n")
                }
                (event, object) => {
                    let object = body_text(object).unwrap_or_default();
                    format!("{} {object}\n", event.as_deref().unwrap_or_default())
                        .trim_start()
                        .into()
                }
            })
            .collect::<Vec<_>>()
            .concat(),
        Shown::Protobuf(envelope) => format!("({})", watches::envelope(envelope)),
        Shown::Binary { bytes } => format!("({bytes} bytes that are no text)"),
        Shown::Withheld { bytes } => format!("({bytes} bytes, withheld)"),
        Shown::Cut { kind, bytes, .. } => {
            let kind = kind.as_deref().unwrap_or("document");
            format!("(the first {bytes} bytes of a {kind}; --max-body keeps more)")
        }
    })
}
