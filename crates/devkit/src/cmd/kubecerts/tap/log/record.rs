//! The lines of `--log`.

use devkit_tap::{Exchange, KubectlRun, RequestInfo};
use serde::Serialize;

use super::watches;

const SCHEMA: &str = "devkit.tap/1";

/// A line of `--log`.
#[derive(Serialize)]
pub(super) struct LogLine<'a> {
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
    pub(super) request_body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_body: Option<String>,
}

impl<'a> LogLine<'a> {
    pub(super) fn of(exchange: &'a Exchange, asked: &RequestInfo, target: &'a str) -> Self {
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

    /// An exchange that lasts, when it has been answered.
    pub(super) fn begun(exchange: &'a Exchange, asked: &RequestInfo, target: &'a str) -> Self {
        Self {
            event: "begin",
            duration_ms: None,
            request_bytes: None,
            response_bytes: None,
            ..Self::of(exchange, asked, target)
        }
    }

    pub(super) fn of_frame(frame: &'a watches::Told) -> Self {
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
