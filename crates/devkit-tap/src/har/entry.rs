//! An exchange in HAR's terms.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::percent::{Plus, decode};
use crate::traffic::exchange::{Exchange, Recorded, RecordedResponse, Times};

/// What browsers write where nothing names the type.
const UNKNOWN_TYPE: &str = "x-unknown";

/// The parts of an exchange that had to be looked through for secrets, without them.
#[derive(Clone, Default)]
pub struct EntryParts {
    /// The whole address: `https://server/api/v1/pods?limit=500`.
    pub url: String,
    /// In their order.
    pub request_headers: Vec<(String, String)>,
    /// In their order; of no meaning without an answer.
    pub response_headers: Vec<(String, String)>,
    /// What was sent along.
    pub request_text: Option<BodyText>,
    /// What came along.
    pub response_text: Option<BodyText>,
    /// What a reader should know: that a body is cut, or what was withheld.
    pub comment: Option<String>,
}

/// A body that can be shown.
#[derive(Clone, Default)]
pub struct BodyText {
    /// `application/json`.
    pub mime: String,
    /// The text, or its base64.
    pub text: String,
    /// Whether it is base64.
    pub base64: bool,
    /// Bytes of the body once decompressed.
    pub size: u64,
}

// Both may hold secrets where somebody asked to see them.
impl fmt::Debug for EntryParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntryParts").finish_non_exhaustive()
    }
}

impl fmt::Debug for BodyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mime: _, text: _, base64, size } = self;
        let mut shown = f.debug_struct("BodyText");
        shown.field("base64", base64).field("size", size).finish_non_exhaustive()
    }
}

/// A request and its answer, as a HAR file has them.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HarEntry {
    started_date_time: String,
    time: f64,
    request: RequestOf,
    response: ResponseOf,
    cache: Nothing,
    timings: Timings,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(rename = "_id")]
    id: u64,
    #[serde(rename = "_run", skip_serializing_if = "Option::is_none")]
    run: Option<RunOf>,
}

impl fmt::Debug for HarEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HarEntry").field("id", &self.id).finish_non_exhaustive()
    }
}

/// An entry in the place that it has in a file.
#[derive(Serialize)]
struct EntryOnPage<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pageref: Option<&'a str>,
    #[serde(flatten)]
    entry: &'a HarEntry,
}

#[derive(Clone, Serialize)]
pub(super) struct RunOf {
    pub(super) session: String,
    pub(super) command: String,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestOf {
    method: String,
    url: String,
    http_version: String,
    cookies: [Nothing; 0],
    headers: Vec<NameValue>,
    query_string: Vec<NameValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_data: Option<PostData>,
    headers_size: i64,
    body_size: i64,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseOf {
    status: u16,
    status_text: String,
    http_version: String,
    cookies: [Nothing; 0],
    headers: Vec<NameValue>,
    content: Content,
    #[serde(rename = "redirectURL")]
    redirect_url: &'static str,
    headers_size: i64,
    body_size: i64,
    /// In the response, since that is where Chrome looks for it.
    #[serde(rename = "_error", skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Clone, Serialize)]
struct NameValue {
    name: String,
    value: String,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct PostData {
    mime_type: String,
    text: String,
    /// HAR 1.2 knows an encoding for answers only.
    #[serde(rename = "_encoding", skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    size: i64,
    mime_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
}

/// In milliseconds.
#[derive(Clone, Serialize)]
struct Timings {
    blocked: f64,
    dns: f64,
    connect: f64,
    ssl: f64,
    send: f64,
    wait: f64,
    receive: f64,
}

#[derive(Clone, Serialize)]
struct Nothing {}

impl HarEntry {
    /// Says in HAR's terms what passed. Headers and bodies are those of `parts` alone.
    #[must_use]
    pub fn new(exchange: &Exchange, parts: EntryParts) -> Self {
        let Exchange { request, times, .. } = exchange;
        let Times { send, wait, receive } = *times;
        let run = exchange.run.as_ref();
        Self {
            started_date_time: format!("{:.3}", exchange.started),
            time: milliseconds(send.saturating_add(wait).saturating_add(receive)),
            request: RequestOf {
                method: request.method.clone(),
                query_string: query(&parts.url),
                url: parts.url,
                http_version: request.version.clone(),
                cookies: [],
                headers: pairs(parts.request_headers),
                post_data: parts.request_text.map(post_data),
                headers_size: -1,
                body_size: passed(&request.body),
            },
            response: match &exchange.response {
                Some(response) => {
                    let headers = pairs(parts.response_headers);
                    let error = exchange.trouble.clone();
                    answer(response, headers, parts.response_text, error)
                }
                None => no_answer(exchange.trouble.as_deref()),
            },
            cache: Nothing {},
            timings: Timings {
                blocked: -1.0,
                dns: -1.0,
                connect: -1.0,
                ssl: -1.0,
                send: milliseconds(send),
                wait: milliseconds(wait),
                receive: milliseconds(receive),
            },
            comment: parts.comment,
            id: exchange.id,
            run: run
                .map(|run| RunOf { session: run.session.clone(), command: run.command.clone() }),
        }
    }

    pub(super) fn run(&self) -> Option<&RunOf> {
        self.run.as_ref()
    }

    pub(super) fn started(&self) -> &str {
        &self.started_date_time
    }

    /// Writes the entry as one line, without its end.
    pub(super) fn write_json(&self, pageref: Option<&str>, bytes: &mut Vec<u8>) {
        serde_json::to_writer(bytes, &EntryOnPage { pageref, entry: self })
            .expect("memory takes everything, and every key is a string");
    }
}

fn answer(
    response: &RecordedResponse,
    headers: Vec<NameValue>,
    text: Option<BodyText>,
    error: Option<String>,
) -> ResponseOf {
    let content = match text {
        Some(BodyText { mime, text, base64, size }) => Content {
            size: integer(size),
            mime_type: mime,
            text: Some(text),
            encoding: base64.then_some("base64"),
        },
        None => Content {
            size: passed(&response.body),
            mime_type: content_type(&headers),
            text: None,
            encoding: None,
        },
    };
    ResponseOf {
        status: response.status,
        status_text: response.reason.clone(),
        http_version: response.version.clone(),
        cookies: [],
        headers,
        content,
        redirect_url: "",
        headers_size: -1,
        body_size: passed(&response.body),
        error,
    }
}

fn no_answer(trouble: Option<&str>) -> ResponseOf {
    ResponseOf {
        status: 0,
        status_text: String::new(),
        http_version: String::new(),
        cookies: [],
        headers: Vec::new(),
        content: Content {
            size: 0,
            mime_type: UNKNOWN_TYPE.to_owned(),
            text: None,
            encoding: None,
        },
        redirect_url: "",
        headers_size: -1,
        body_size: -1,
        error: Some(trouble.unwrap_or("no answer").to_owned()),
    }
}

fn post_data(body: BodyText) -> PostData {
    let BodyText { mime, text, base64, size: _ } = body;
    PostData { mime_type: mime, text, encoding: base64.then_some("base64") }
}

fn content_type(headers: &[NameValue]) -> String {
    let named = headers.iter().find(|pair| pair.name.eq_ignore_ascii_case("content-type"));
    named.map_or_else(|| UNKNOWN_TYPE.to_owned(), |pair| pair.value.clone())
}

fn pairs(headers: Vec<(String, String)>) -> Vec<NameValue> {
    headers.into_iter().map(|(name, value)| NameValue { name, value }).collect()
}

/// What an address asks, as Go reads it: `+` is a space.
fn query(url: &str) -> Vec<NameValue> {
    let query = url.split('#').next().and_then(|url| url.split_once('?')).map(|(_, query)| query);
    let fields = query.unwrap_or_default().split('&').filter(|field| !field.is_empty());
    let fields = fields.map(|field| field.split_once('=').unwrap_or((field, "")));
    fields.map(|(name, value)| NameValue { name: decoded(name), value: decoded(value) }).collect()
}

fn decoded(text: &str) -> String {
    String::from_utf8_lossy(&decode(text, Plus::Space)).into_owned()
}

fn passed(body: &Recorded) -> i64 {
    integer(body.total)
}

fn integer(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// To the microsecond.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
