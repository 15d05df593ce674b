//! Findings as workflow commands of GitHub Actions, which shows them beside the lines:
//! `::error file=…,line=…,col=…,title=…::message`.
//!
//! Rule: `escapeData` and `escapeProperty` of `actions/toolkit`, `packages/core/src/command.ts`.

use std::fmt::Write as _;

use devkit_text::escape;

use crate::finding::{Finding, Severity};
use crate::paths::PathNames;

/// A finding in one line. `tool` says who found it.
#[must_use]
pub fn line(tool: &str, finding: &Finding, paths: &PathNames) -> String {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let title = property(&format!("{tool} {}", escape(finding.code.as_bytes())));
    let mut text = format!("::{level} ");
    if let Some(place) = &finding.place
        && !paths.is_standard_input(&place.file)
    {
        let file = escape(paths.annotated(&place.file).as_os_str().as_encoded_bytes());
        let _ = write!(text, "file={},", property(&file));
        if let Some(at) = place.at {
            let _ = write!(text, "line={},col={},", at.line, at.column);
        }
    }
    let _ = writeln!(text, "title={title}::{}", data(&words(finding, paths)));
    text
}

/// All that is to be said, a line for each part.
pub(crate) fn words(finding: &Finding, paths: &PathNames) -> String {
    let mut text = finding.message.shown(paths);
    if let Some(label) = &finding.label {
        let _ = write!(text, ": {}", label.shown(paths));
    }
    for related in &finding.related {
        let file = paths.show(&related.place.file);
        let at = related.place.at.map(|at| format!(":{at}")).unwrap_or_default();
        let _ = write!(text, "\n{file}{at}: {}", related.message.shown(paths));
    }
    let more = [("cause", &finding.cause), ("hint", &finding.hint)];
    for (label, message) in more {
        if let Some(message) = message {
            let _ = write!(text, "\n{label}: {}", message.shown(paths));
        }
    }
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
