//! The lines on standard error.

use std::collections::HashMap;
use std::fmt::Write as _;

use console::{Style, measure_text_width, truncate_str};
use devkit_tap::{Bodies, Exchange, RequestInfo, Shown, SubjectClass};
use devkit_text::escape;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::super::HowMuch;
use super::text::body_text;
use super::watches::Told;
use crate::amounts::{count, size, span};
use crate::ui::{Phrase, To, Ui};

/// Columns for what was asked, where there is room.
const ASKED: usize = 52;
/// The least that stays for it beside the rest of the line.
const LEAST_ASKED: usize = 20;
/// Columns of the time that a line begins with, blanks included.
const TIME: usize = 12;
/// Columns behind what was asked: status, time and size.
const REST: usize = 25;
/// Lines of a body with `--bodies short`.
const SHORT: usize = 12;
/// The most columns of a line of a body with `--bodies short`.
const WIDTH: usize = 120;
/// Columns before a line of a body.
const BODY: usize = 8;
/// Runs that are kept apart by their number.
const MOST_RUNS: usize = 10_000;

pub(super) struct ScreenLines {
    bodies: HowMuch,
    zone: TimeZone,
    /// The session of kubectl whose lines came last.
    session: Option<String>,
    /// What each session is called, and how many there were of each command.
    runs: HashMap<String, String>,
    commands: HashMap<String, u64>,
    styles: Styles,
    /// Columns for what was asked.
    asked: usize,
    /// Columns of the screen, if that is known.
    width: Option<usize>,
}

/// Ready for a stream that takes colours, or plain.
struct Styles {
    bold: Style,
    dim: Style,
    bad: Style,
}

impl ScreenLines {
    pub(super) fn new(ui: &Ui, bodies: HowMuch) -> Self {
        let coloured = ui.coloured(To::Err);
        let style = |style: Style| style.force_styling(coloured);
        let styles = Styles {
            bold: style(Style::new().bold()),
            dim: style(Style::new().dim()),
            bad: style(Style::new().red()),
        };
        Self {
            bodies,
            zone: TimeZone::system(),
            session: None,
            runs: HashMap::new(),
            commands: HashMap::new(),
            styles,
            asked: room(ui.width(To::Err)),
            width: ui.width(To::Err),
        }
    }

    /// Something that lasts has been answered.
    pub(super) fn begun(
        &mut self,
        exchange: &Exchange,
        asked: &RequestInfo,
        how: Option<&str>,
    ) -> String {
        let status = exchange.response.as_ref().map_or(0, |response| response.status);
        let (time, how) = (self.time(exchange.started), how.unwrap_or_default());
        let heading = self.heading(exchange);
        format!("{heading}  {time}  {} {status}  {how}\n", self.asked(&asked.to_string()))
    }

    pub(super) fn frame(&mut self, told: &Told) -> String {
        let mut text = self.heading(&told.of.exchange);
        let _ = writeln!(text, "  {}    {:8} {}", self.time(told.time), told.event, told.object);
        self.body(&mut text, '<', &told.body);
        text
    }

    /// The first request that was not let in.
    pub(super) fn refused(&mut self, at: Timestamp, status: u16) -> String {
        let line = format!("{} {status}  not from the kubeconfig of tap", self.asked("a request"));
        format!("  {}  {}\n", self.time(at), self.styles.bad.apply_to(line))
    }

    /// `events`: how many a watch had.
    pub(super) fn finished(
        &mut self,
        exchange: &Exchange,
        asked: &RequestInfo,
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
        let asked_for = self.asked(&asked.to_string());
        let mut line = format!("{asked_for} {shown}  {lasted:>7}  {bytes}");
        if exchange.as_json {
            line += "  as JSON";
        }
        if let Some(events) = events {
            let _ = write!(line, "  ended after {}", count(events, "event"));
        }
        if let Some(trouble) = &exchange.trouble {
            let _ = write!(line, "  {}", escape(trouble.as_bytes()));
        }
        let line = match status {
            None | Some(400..) => self.styles.bad.apply_to(line).to_string(),
            _ if asked.class() == SubjectClass::Discovery => {
                self.styles.dim.apply_to(line).to_string()
            }
            _ => line,
        };
        let _ = writeln!(text, "  {}  {line}", self.time(exchange.started));
        // What there is is the same every time, and long.
        if self.bodies == HowMuch::Short && asked.class() == SubjectClass::Discovery {
            return text;
        }
        self.body(&mut text, '>', &bodies.request);
        // A watch's events have been told one by one.
        if let Some(response) = bodies.response.as_ref().filter(|_| events.is_none()) {
            self.body(&mut text, '<', response);
        }
        text
    }

    /// What was asked, and blanks up to the status, which has a line of its own behind long words.
    fn asked(&self, words: &str) -> String {
        if let Some(blanks) = self.asked.checked_sub(measure_text_width(words)) {
            return format!("{words}{}", " ".repeat(blanks));
        }
        let most = self.width.map_or(usize::MAX, |width| width.saturating_sub(TIME));
        let lines: Vec<String> =
            Phrase::from(words).wrapped(most).iter().map(Phrase::plain).collect();
        let below = format!("\n{}", " ".repeat(TIME));
        format!("{}\n{}", lines.join(&below), " ".repeat(TIME + self.asked))
    }

    /// The run's command, where it is another than before.
    fn heading(&mut self, exchange: &Exchange) -> String {
        let run = exchange.run.as_ref();
        let session = run.map(|run| run.session.clone()).unwrap_or_default();
        if self.session.as_ref() == Some(&session) {
            return String::new();
        }
        let command = run.map(|run| run.command.as_str());
        let command = escape(command.unwrap_or("another client").as_bytes());
        if self.runs.len() > MOST_RUNS {
            self.runs.clear();
        }
        let name = self.runs.entry(session.clone()).or_insert_with(|| {
            let count = self.commands.entry(command.clone()).or_default();
            *count += 1;
            if *count == 1 { command } else { format!("{command} #{count}") }
        });
        self.session = Some(session);
        format!("{}\n", self.styles.bold.apply_to(name))
    }

    fn body(&self, text: &mut String, sign: char, shown: &Shown) {
        if self.bodies == HowMuch::None {
            return;
        }
        let pretty = match shown {
            Shown::Json(value) if self.bodies == HowMuch::Short && value["kind"] == "Table" => {
                Some(table(value))
            }
            Shown::Json(value) => serde_json::to_string_pretty(value).ok(),
            other => body_text(other),
        };
        let Some(pretty) = pretty else { return };
        let (most, width) = match self.bodies {
            HowMuch::Full => (usize::MAX, usize::MAX),
            HowMuch::None | HowMuch::Short => {
                let room = self.width.map_or(WIDTH, |width| width.saturating_sub(BODY));
                (SHORT, room.min(WIDTH))
            }
        };
        let lines = pretty.lines().count();
        for line in pretty.lines().take(most) {
            let line = escape(line.as_bytes());
            let line =
                if width == usize::MAX { line } else { truncate_str(&line, width, "").into() };
            let _ = writeln!(text, "      {sign} {line}");
        }
        if lines > most {
            let _ = writeln!(text, "      {sign} … {} more lines: --bodies full", lines - most);
        }
    }

    fn time(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%H:%M:%S").to_string()
    }
}

/// Columns for what was asked on a terminal of a width, so that a usual line has room.
fn room(width: Option<usize>) -> usize {
    let left = width.map_or(ASKED, |width| width.saturating_sub(TIME + REST));
    left.clamp(LEAST_ASKED, ASKED)
}

/// The cells of a table's rows, as kubectl prints them, without those that take `-o wide`.
fn table(value: &Value) -> String {
    let none = Vec::new();
    let list = |value: &Value| value.as_array().unwrap_or(&none).clone();
    let columns = list(&value["columnDefinitions"]);
    let narrow: Vec<usize> =
        (0..columns.len()).filter(|at| columns[*at]["priority"].as_i64() == Some(0)).collect();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let heads = narrow.iter().map(|at| text(&columns[*at]["name"]).to_uppercase()).collect();
    let mut rows: Vec<Vec<String>> = vec![heads];
    for row in list(&value["rows"]) {
        rows.push(narrow.iter().map(|at| text(&row["cells"][*at])).collect());
    }
    let width = |column: usize| rows.iter().map(|row| measure_text_width(&row[column])).max();
    let widths: Vec<usize> = (0..narrow.len()).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let blanks = |cell: &str, width: usize| " ".repeat(width - measure_text_width(cell) + 3);
        let cells =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell}{}", blanks(cell, *width)));
        cells.collect::<String>().trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
