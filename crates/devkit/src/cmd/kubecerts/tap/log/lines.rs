//! The lines on standard error.

use std::fmt::Write as _;

use console::Style;
use devkit_tap::{Asked, Bodies, Class, Exchange, Shown};
use devkit_text::escape;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::HowMuch;
use super::body_text;
use super::watches::Told;
use crate::amounts::{size, span};
use crate::ui::{To, Ui};

/// Columns for what was asked.
const ASKED: usize = 52;
/// Lines of a body with `--bodies short`.
const SHORT: usize = 12;
/// Columns of a line of it.
const WIDTH: usize = 120;

pub(super) struct Lines {
    bodies: HowMuch,
    zone: TimeZone,
    /// The session of kubectl whose lines came last.
    session: Option<String>,
    styles: Styles,
}

/// Ready for a stream that takes colours, or plain.
struct Styles {
    bold: Style,
    dim: Style,
    bad: Style,
}

impl Lines {
    pub(super) fn new(ui: &Ui, bodies: HowMuch) -> Self {
        let coloured = ui.coloured(To::Err);
        let style = |style: Style| style.force_styling(coloured);
        let styles = Styles {
            bold: style(Style::new().bold()),
            dim: style(Style::new().dim()),
            bad: style(Style::new().red()),
        };
        Self { bodies, zone: TimeZone::system(), session: None, styles }
    }

    /// A watch has been answered.
    pub(super) fn watching(&mut self, exchange: &Exchange, asked: &Asked) -> String {
        let status = exchange.response.as_ref().map_or(0, |response| response.status);
        let time = self.time(exchange.started);
        format!(
            "{}  {time}  {:ASKED$} {status}  watching\n",
            self.heading(exchange),
            asked.to_string()
        )
    }

    pub(super) fn frame(&self, told: &Told) -> String {
        format!("  {}    {:8} {}\n", self.time(told.time), told.event, told.object)
    }

    /// `events`: how many a watch had.
    pub(super) fn finished(
        &mut self,
        exchange: &Exchange,
        asked: &Asked,
        bodies: &Bodies,
        events: Option<u64>,
    ) -> String {
        let mut text = self.heading(exchange);
        let times = exchange.times;
        let lasted = span(times.send + times.wait + times.receive);
        let response = exchange.response.as_ref();
        let status = response.map(|response| response.status);
        let shown = status.map_or_else(|| "---".into(), |status| status.to_string());
        let bytes = size(response.map_or(0, |response| response.body.total));
        let mut line = format!("{:ASKED$} {shown}  {lasted:>7}  {bytes}", asked.to_string());
        if let Some(events) = events {
            let s = if events == 1 { "" } else { "s" };
            let _ = write!(line, "  ended after {events} event{s}");
        }
        if let Some(trouble) = &exchange.trouble {
            let _ = write!(line, "  {}", escape(trouble.as_bytes()));
        }
        let line = match status {
            None | Some(400..) => self.styles.bad.apply_to(line).to_string(),
            _ if asked.class() == Class::Discovery => self.styles.dim.apply_to(line).to_string(),
            _ => line,
        };
        let _ = writeln!(text, "  {}  {line}", self.time(exchange.started));
        self.body(&mut text, '>', &bodies.request);
        // A watch's events have been told one by one.
        if let Some(response) = bodies.response.as_ref().filter(|_| events.is_none()) {
            self.body(&mut text, '<', response);
        }
        text
    }

    /// The run's command, where it is another than before.
    fn heading(&mut self, exchange: &Exchange) -> String {
        let run = exchange.run.as_ref();
        let session = run.map(|run| run.session.clone()).unwrap_or_default();
        if self.session.as_ref() == Some(&session) {
            return String::new();
        }
        self.session = Some(session);
        let command = run.map(|run| run.command.as_str());
        let command = escape(command.unwrap_or("another client").as_bytes());
        format!("{}\n", self.styles.bold.apply_to(command))
    }

    fn body(&self, text: &mut String, sign: char, shown: &Shown) {
        if self.bodies == HowMuch::None {
            return;
        }
        let pretty = match shown {
            Shown::Json(value) => serde_json::to_string_pretty(value).ok(),
            other => body_text(other),
        };
        let Some(pretty) = pretty else { return };
        let (most, width) = match self.bodies {
            HowMuch::Full => (usize::MAX, usize::MAX),
            HowMuch::None | HowMuch::Short => (SHORT, WIDTH),
        };
        let count = pretty.lines().count();
        for line in pretty.lines().take(most) {
            let line: String = escape(line.as_bytes()).chars().take(width).collect();
            let _ = writeln!(text, "      {sign} {line}");
        }
        if count > most {
            let _ = writeln!(text, "      {sign} … {} more lines: --bodies full", count - most);
        }
    }

    fn time(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%H:%M:%S").to_string()
    }
}
