//! The log: a line for each request on standard error, and the same as JSON Lines and HAR. A thread
//! of its own writes it, so that no reader of a log holds the traffic up.

mod lines;
mod watches;

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use anyhow::Context as _;
use devkit_tap::{
    Asked, Bodies, BodyText, Entry, EntryParts, Event, Exchange, Filter, HarFile, OnEvent, Run,
    Secrets, Shown, Verb, redact,
};
use serde::Serialize;

use self::lines::Lines;
use self::watches::Watches;
use super::HowMuch;
use super::session::Signals;
use crate::ui::{self, Ui};

const SCHEMA: &str = "devkit.tap/1";

/// What is wanted of the log.
pub(super) struct Wanted {
    pub(super) filters: Vec<Filter>,
    pub(super) bodies: HowMuch,
    pub(super) secrets: Secrets,
    /// The server's, which a HAR file's addresses begin with.
    pub(super) url: String,
    pub(super) quiet: bool,
}

/// Bytes of bodies that may wait for a log that is read too slowly. What comes then goes without.
const MOST_WAITING: usize = 64 * 1024 * 1024;

/// The running log.
pub(super) struct Log {
    sender: Sender<Event>,
    filters: Vec<Filter>,
    counts: Arc<Counts>,
    writer: JoinHandle<()>,
}

#[derive(Default)]
struct Counts {
    /// Requests that have ended, wanted or not.
    requests: AtomicU64,
    /// Bytes of bodies that wait for the writer.
    waiting: AtomicUsize,
}

impl Log {
    pub(super) fn start(
        ui: &Ui,
        wanted: Wanted,
        har: Option<HarFile>,
        file: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let open = |path: &Path| {
            let mut options = OpenOptions::new();
            let file = options.append(true).create(true).mode(0o600).open(path);
            file.with_context(|| format!("cannot write the log {}", path.display()))
        };
        let file = file.map(open).transpose()?;
        let (sender, events) = mpsc::channel();
        let filters = wanted.filters.clone();
        let lines = Lines::new(ui, wanted.bodies);
        let counts = Arc::<Counts>::default();
        let writer = Writer {
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
    pub(super) fn on_event(&self) -> OnEvent {
        let (sender, filters) = (Mutex::new(self.sender.clone()), self.filters.clone());
        let (watched, counts) = (Mutex::new(HashSet::new()), Arc::clone(&self.counts));
        Arc::new(move |mut event| {
            let mut watched = watched.lock().unwrap_or_else(PoisonError::into_inner);
            match &event {
                Event::Answered(exchange) => {
                    let asked = asked(exchange);
                    if asked.verb != Verb::Watch || !Filter::any(&filters, &asked) {
                        return;
                    }
                    watched.insert(exchange.id);
                }
                Event::Data { id, .. } if !watched.contains(id) => return,
                Event::Data { .. } => {}
                Event::Finished(exchange) => {
                    counts.requests.fetch_add(1, Relaxed);
                    watched.remove(&exchange.id);
                    if !Filter::any(&filters, &asked(exchange)) {
                        return;
                    }
                }
            }
            if counts.waiting.load(Relaxed) + weight(&event) > MOST_WAITING {
                match &mut event {
                    Event::Data { .. } => return,
                    Event::Answered(exchange) | Event::Finished(exchange) => {
                        exchange.request.body.bytes = Vec::new();
                        if let Some(response) = &mut exchange.response {
                            response.body.bytes = Vec::new();
                        }
                    }
                }
            }
            counts.waiting.fetch_add(weight(&event), Relaxed);
            // It is gone only when the log is.
            let _ = sender.lock().unwrap_or_else(PoisonError::into_inner).send(event);
        })
    }

    /// Waits until all is written, or a signal says that nobody will read it. The tap has to be
    /// gone. Gives the number of requests.
    pub(super) fn finish(self) -> u64 {
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
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
            runtime.block_on(written);
            runtime.shutdown_background();
        }
        self.counts.requests.load(Relaxed)
    }
}

/// Bytes of bodies in it.
fn weight(event: &Event) -> usize {
    match event {
        Event::Data { bytes, .. } => bytes.len(),
        Event::Answered(exchange) | Event::Finished(exchange) => {
            let response = exchange.response.as_ref();
            exchange.request.body.bytes.len()
                + response.map_or(0, |response| response.body.bytes.len())
        }
    }
}

/// What an exchange asked for, in kubectl's words.
fn asked(exchange: &Exchange) -> Asked {
    let request = &exchange.request;
    let kind = header(&request.headers, "content-type");
    Asked::of(&request.method, &request.target).sent_as(kind)
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name))?;
    Some(&found.1)
}

struct Writer {
    wanted: Wanted,
    lines: Lines,
    watches: Watches,
    har: Option<HarFile>,
    file: Option<File>,
    counts: Arc<Counts>,
}

impl Writer {
    fn run(mut self, events: &Receiver<Event>) {
        while let Ok(event) = events.recv() {
            let weight = weight(&event);
            match event {
                Event::Answered(exchange) => {
                    let text = self.lines.watching(&exchange, &asked(&exchange));
                    self.show(&text);
                    self.watches.begin(*exchange);
                }
                Event::Data { id, bytes } => {
                    for (exchange, frame) in self.watches.take(id, &bytes, self.wanted.secrets) {
                        let text = self.lines.frame(&frame);
                        self.record(&Line::of_frame(&exchange, &frame));
                        self.show(&text);
                    }
                }
                Event::Finished(exchange) => self.finished(&exchange),
            }
            self.counts.waiting.fetch_sub(weight, Relaxed);
        }
    }

    fn finished(&mut self, exchange: &Exchange) {
        let asked = asked(exchange);
        let bodies = exchange.shown(self.wanted.secrets);
        let events = self.watches.end(exchange.id);
        let text = self.lines.finished(exchange, &asked, &bodies, events);
        self.show(&text);
        let target = self.target(exchange);
        let mut line = Line::of(exchange, &asked, &target);
        if self.wanted.bodies != HowMuch::None {
            line.request_body = body_text(&bodies.request);
            line.response_body = bodies.response.as_ref().and_then(body_text);
        }
        self.record(&line);
        if let Some(har) = &mut self.har {
            let entry = Entry::new(exchange, parts(&self.wanted, exchange, &bodies, &target));
            match har.append(&entry) {
                Ok(appended) => {
                    if let Some(new) = appended.new_file {
                        self.show(&format!("going on in {}\n", new.display()));
                    }
                }
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
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

    fn record(&mut self, line: &Line<'_>) {
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
struct Line<'a> {
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
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    /// Of a watch: `ADDED`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_body: Option<String>,
}

impl<'a> Line<'a> {
    fn of(exchange: &'a Exchange, asked: &Asked, target: &'a str) -> Self {
        let Exchange { id, run, started, request, response, trouble, times } = exchange;
        let whole = times.send + times.wait + times.receive;
        let run: Option<&Run> = run.as_ref();
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

    fn of_frame(exchange: &'a Exchange, frame: &'a watches::Told) -> Self {
        let line = Self::of(exchange, &asked(exchange), frame.path.as_str());
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

fn parts(wanted: &Wanted, exchange: &Exchange, bodies: &Bodies, target: &str) -> EntryParts {
    let headers = |headers: &[(String, String)]| match wanted.secrets {
        Secrets::Hide => redact::headers(headers),
        Secrets::Show => headers.to_vec(),
    };
    let of_body = |shown: &Shown, headers: &[(String, String)]| {
        let text = body_text(shown)?;
        let mime = header(headers, "content-type").unwrap_or_default().to_owned();
        Some(BodyText { mime, size: text.len() as u64, text, base64: false })
    };
    let none = Vec::new();
    let answer = exchange.response.as_ref().map_or(&none, |response| &response.headers);
    EntryParts {
        url: format!("{}{target}", wanted.url.trim_end_matches('/')),
        request_headers: headers(&exchange.request.headers),
        response_headers: headers(answer),
        request_text: of_body(&bodies.request, &exchange.request.headers),
        response_text: bodies.response.as_ref().and_then(|shown| of_body(shown, answer)),
        comment: exchange.trouble.clone(),
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
            .map(|frame| {
                let event = frame.event.as_deref().unwrap_or("?");
                let object = body_text(&frame.object).unwrap_or_default();
                format!("{event} {object}\n")
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
