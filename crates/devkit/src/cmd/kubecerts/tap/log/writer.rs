//! The thread that writes: lines on the screen, lines of `--log`, entries of the HAR file.

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::Receiver;

use devkit_tap::{Exchange, HarEntry, HarFile, Secrets, Shown, TapEvent, Verb, redact};

use super::super::{HowMuch, explain};
use super::asked::{lasting, weight, words};
use super::lines::ScreenLines;
use super::record::LogLine;
use super::text::{body_text, parts};
use super::watches::Watches;
use super::{Counters, LogOptions};
use crate::ui;

/// Writes what is told: to the screen, the log and the HAR file.
pub(super) struct TapWriter {
    pub(super) wanted: LogOptions,
    pub(super) lines: ScreenLines,
    pub(super) watches: Watches,
    pub(super) har: Option<HarFile>,
    pub(super) file: Option<File>,
    pub(super) counts: Arc<Counters>,
}

impl TapWriter {
    pub(super) fn run(mut self, events: &Receiver<TapEvent>) {
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
        self.record(&LogLine::begun(&exchange, &asked, &target));
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
