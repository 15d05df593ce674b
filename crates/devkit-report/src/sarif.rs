//! Findings as SARIF 2.1.0, which code scanning and editors read.
//!
//! Rule: the OASIS Standard "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; the
//! sections are named where they matter.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use crate::finding::{Finding, Severity};
use crate::github::words;
use crate::paths::PathNames;
use crate::place::Place;

/// The name of the folder that relative addresses start from, as other tools call it.
const ROOT: &str = "%SRCROOT%";

/// Who has found something.
#[derive(Clone, Copy)]
pub struct Tool<'a> {
    /// `devkit envcheck`.
    pub name: &'a str,
    /// The version that it says of itself.
    pub version: &'a str,
    /// What a code means in words, if that is known.
    pub meaning: &'a dyn Fn(&str) -> Option<Cow<'static, str>>,
}

/// The document with all findings.
#[must_use]
pub fn document<'a>(
    tool: &Tool<'_>,
    findings: impl IntoIterator<Item = &'a Finding>,
    paths: &PathNames,
) -> SarifLog {
    let findings: Vec<&Finding> = findings.into_iter().collect();
    let mut levels: BTreeMap<&str, Severity> = BTreeMap::new();
    for finding in &findings {
        let level = levels.entry(&finding.code).or_insert(finding.severity);
        *level = finding.severity.max(*level);
    }
    let codes: Vec<&str> = levels.keys().copied().collect();
    let index = |code: &str| codes.partition_point(|known| *known < code);
    let results = findings.iter().map(|finding| entry(finding, index(&finding.code), paths));
    let root = paths.base().map(|base| {
        let mut uri = file_uri(base);
        if !uri.ends_with('/') {
            uri.push('/');
        }
        BTreeMap::from([(ROOT, Artifact { uri: Some(uri), ..Artifact::default() })])
    });
    SarifLog {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [SarifRun {
            driver: SarifTool { driver: driver(tool, &levels) },
            roots: root,
            column_kind: "unicodeCodePoints",
            results: results.collect(),
        }],
    }
}

fn driver(tool: &Tool<'_>, levels: &BTreeMap<&str, Severity>) -> SarifDriver {
    let rules = levels.iter().map(|(code, severity)| Descriptor {
        id: plain(code),
        short: (tool.meaning)(code).map(|text| SarifText { text: plain(&text) }),
        default: Configuration { level: severity.name() },
    });
    SarifDriver {
        name: tool.name.to_owned(),
        version: tool.version.to_owned(),
        rules: rules.collect(),
    }
}

fn entry(finding: &Finding, index: usize, paths: &PathNames) -> SarifResult {
    let related = finding.related.iter().enumerate().map(|(at, related)| Located {
        id: Some(at + 1),
        physical: physical(&related.place, paths),
        message: Some(SarifText { text: message(&related.message.shown(paths)) }),
    });
    let bare = Finding { related: Vec::new(), ..finding.clone() };
    SarifResult {
        rule: plain(&finding.code),
        index,
        level: finding.severity.name(),
        message: SarifText { text: message(&words(&bare, paths)) },
        locations: finding
            .place
            .iter()
            .map(|place| Located { id: None, physical: physical(place, paths), message: None })
            .collect(),
        related: related.collect(),
    }
}

fn physical(place: &Place, paths: &PathNames) -> Physical {
    let region = place.at.map(|at| {
        let bytes = place.span();
        SarifRegion {
            line: at.line,
            column: at.column,
            end: place.excerpt().map(|excerpt| at.column + excerpt.characters()),
            offset: bytes.map(|span| span.start),
            length: bytes.map(|span| span.end.saturating_sub(span.start)),
        }
    });
    Physical { artifact: artifact(&place.file, paths), region }
}

fn artifact(file: &Path, paths: &PathNames) -> Artifact {
    if paths.is_standard_input(file) {
        let description = Some(SarifText { text: "standard input".into() });
        return Artifact { description, ..Artifact::default() };
    }
    let file = paths.annotated(file);
    if file.is_absolute() {
        return Artifact { uri: Some(file_uri(&file)), ..Artifact::default() };
    }
    // RFC 3986, section 4.2: a colon in the first part would end a scheme, and is escaped as all are.
    Artifact { uri: Some(percent(&file)), base: Some(ROOT), description: None }
}

/// RFC 8089: `file:///home/u/a%20b`.
fn file_uri(path: &Path) -> String {
    format!("file://{}", percent(path))
}

fn percent(path: &Path) -> String {
    let mut text = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(byte) {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

fn plain(text: &str) -> String {
    devkit_text::escape(text.as_bytes())
}

/// Text as a plain message has it. Section 3.11.5: `{0}` would be a placeholder; section 3.11.6:
/// `[text](address)` would be a link, with which a foreign name could lead anywhere.
fn message(text: &str) -> String {
    let has_link = text.contains("](");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let is_placeholder = c == '{' && rest.peek().is_some_and(char::is_ascii_digit);
        match c {
            '[' | ']' if has_link => out.extend(['\\', c]),
            '{' if is_placeholder => {
                let digits: String =
                    std::iter::from_fn(|| rest.next_if(char::is_ascii_digit)).collect();
                let is_closed = rest.next_if_eq(&'}').is_some();
                let (open, close) = if is_closed { ("{{", "}}") } else { ("{", "") };
                out.extend([open, &digits, close]);
            }
            c => out.push(c),
        }
    }
    out
}

/// The document, to be serialized. Section 3.13.
#[derive(Serialize)]
pub struct SarifLog {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [SarifRun; 1],
}

/// Section 3.14.
#[derive(Serialize)]
struct SarifRun {
    #[serde(rename = "tool")]
    driver: SarifTool,
    #[serde(rename = "originalUriBaseIds", skip_serializing_if = "Option::is_none")]
    roots: Option<BTreeMap<&'static str, Artifact>>,
    #[serde(rename = "columnKind")]
    column_kind: &'static str,
    results: Vec<SarifResult>,
}

/// Section 3.18.
#[derive(Serialize)]
struct SarifTool {
    driver: SarifDriver,
}

/// Section 3.19.
#[derive(Serialize)]
struct SarifDriver {
    name: String,
    version: String,
    rules: Vec<Descriptor>,
}

/// Section 3.49.
#[derive(Serialize)]
struct Descriptor {
    id: String,
    #[serde(rename = "shortDescription", skip_serializing_if = "Option::is_none")]
    short: Option<SarifText>,
    #[serde(rename = "defaultConfiguration")]
    default: Configuration,
}

/// Section 3.50.
#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

/// Sections 3.11 and 3.12.
#[derive(Serialize)]
struct SarifText {
    text: String,
}

/// Section 3.27.
#[derive(Serialize)]
struct SarifResult {
    #[serde(rename = "ruleId")]
    rule: String,
    #[serde(rename = "ruleIndex")]
    index: usize,
    level: &'static str,
    message: SarifText,
    locations: Vec<Located>,
    #[serde(rename = "relatedLocations", skip_serializing_if = "Vec::is_empty")]
    related: Vec<Located>,
}

/// Section 3.28.
#[derive(Serialize)]
struct Located {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    #[serde(rename = "physicalLocation")]
    physical: Physical,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<SarifText>,
}

/// Section 3.29.
#[derive(Serialize)]
struct Physical {
    #[serde(rename = "artifactLocation")]
    artifact: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<SarifRegion>,
}

/// Section 3.4.
#[derive(Serialize, Default)]
struct Artifact {
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    #[serde(rename = "uriBaseId", skip_serializing_if = "Option::is_none")]
    base: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<SarifText>,
}

/// Section 3.30.
#[derive(Serialize)]
struct SarifRegion {
    #[serde(rename = "startLine")]
    line: usize,
    #[serde(rename = "startColumn")]
    column: usize,
    #[serde(rename = "endColumn", skip_serializing_if = "Option::is_none")]
    end: Option<usize>,
    #[serde(rename = "byteOffset", skip_serializing_if = "Option::is_none")]
    offset: Option<usize>,
    #[serde(rename = "byteLength", skip_serializing_if = "Option::is_none")]
    length: Option<usize>,
}
