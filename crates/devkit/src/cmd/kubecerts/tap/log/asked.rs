//! What an exchange asked for, how it goes on, and what it weighs.

use devkit_tap::{Exchange, RequestInfo, Subject, TapEvent, Verb};

/// Bytes of bodies in it.
pub(super) fn weight(event: &TapEvent) -> usize {
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
pub(super) fn lasting(exchange: &Exchange, asked: &RequestInfo) -> Option<&'static str> {
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
pub(super) fn asked(exchange: &Exchange) -> RequestInfo {
    words(exchange, &exchange.request.target)
}

/// What a request asks for, with a target that is fit to be shown.
pub(super) fn words(exchange: &Exchange, target: &str) -> RequestInfo {
    let kind = header(&exchange.request.headers, "content-type");
    RequestInfo::of(&exchange.request.method, target).sent_as(kind)
}

pub(super) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name))?;
    Some(&found.1)
}
