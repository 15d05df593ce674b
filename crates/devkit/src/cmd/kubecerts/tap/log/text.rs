//! Bodies as text, for the log and the HAR file.

use devkit_tap::{Bodies, BodyText, EntryParts, Exchange, Secrets, Shown, redact};

use super::asked::header;
use super::{LogOptions, watches};

pub(super) fn parts(
    wanted: &LogOptions,
    exchange: &Exchange,
    bodies: &Bodies,
    target: &str,
) -> EntryParts {
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
pub(super) fn body_text(shown: &Shown) -> Option<String> {
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
