//! Files that set variables: which they are, what is wrong in them, and annotations for CI.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use devkit_envcheck::{Context, FileError, FileFinding, Format, Verdict, check_file};
use devkit_report::{Place, Position, message};
use devkit_text::escape;
use serde::Serialize;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::stdin;
use crate::ui::Ui;

const SCHEMA: &str = "devkit.envcheck.file/1";

/// Who is to read the annotations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Annotations {
    Github,
    Sarif,
}

/// A file and what is wrong in it.
#[derive(Debug, Serialize)]
pub(super) struct Checked {
    schema: &'static str,
    file: String,
    format: Format,
    findings: Vec<FileFinding>,
    #[serde(skip)]
    path: PathBuf,
}

impl Checked {
    pub(super) fn fails(&self, on: &[Verdict]) -> bool {
        self.findings.iter().any(|finding| on.contains(&finding.verdict))
    }
}

pub(super) fn format(word: &str) -> Result<Format, String> {
    let known = Format::ALL.iter().find(|format| format.name() == word);
    known.copied().ok_or_else(|| {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
        format!("there is: {}", names.join(", "))
    })
}

/// Whether an argument is a file: it is there, and has a `/` or a name that tells what it is.
pub(super) fn is_file(argument: &OsStr) -> bool {
    let text = argument.to_string_lossy();
    let named = text.contains('/') || Format::by_name(&text).is_some() || is_yaml(&text);
    named && Path::new(argument).is_file()
}

fn is_yaml(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    [".yaml", ".yml", ".json"].iter().any(|ending| lower.ends_with(ending))
}

pub(super) fn check(
    path: PathBuf,
    format: Option<Format>,
    asked: &[Context],
) -> anyhow::Result<Checked> {
    let shown = escape(path.as_os_str().as_encoded_bytes());
    let read = || -> std::io::Result<Vec<u8>> {
        if path != Path::new("-") {
            return std::fs::read(&path);
        }
        Ok(stdin::read("the file")?.to_vec())
    };
    let text = read().map_err(|error| {
        let code = match error.kind() {
            std::io::ErrorKind::NotFound => "file-not-found",
            std::io::ErrorKind::IsADirectory => "is-a-directory",
            std::io::ErrorKind::PermissionDenied => "permission-denied",
            _ => "io",
        };
        Failure::new(code, format!("cannot read {shown}"))
            .because(devkit_text::words(&error))
            .hint("a name with a '/' goes behind --")
    })?;
    let absolute = std::path::absolute(&path).unwrap_or_else(|_| path.clone());
    let malformed = |format: &str, error: FileError| {
        let at = Position { line: error.line, column: 1 };
        Failure::new("malformed", message!("{} is no {}", path, format))
            .at(Place::new(&*path, at))
            .because(error.why)
            .hint("--format says that it is another kind of file")
    };
    let mut found = format.or_else(|| Format::by_name(&absolute.to_string_lossy()));
    if found.is_none() {
        found = match Format::by_content(&text) {
            Err(error) if is_yaml(&shown) => return Err(malformed("YAML or JSON", error).into()),
            found => found.unwrap_or_default(),
        };
    }
    let Some(format) = found else {
        return Err(Failure::new(
            "unknown-format",
            format!("nothing tells what kind of file {shown} is"),
        )
        .hint("say it: --format dotenv, kubernetes, dockerfile, …")
        .into());
    };
    let findings = check_file(format, &text, asked)
        .map_err(|error| malformed(&format!("{} file", format.name()), error))?;
    Ok(Checked { schema: SCHEMA, file: shown, format, findings, path })
}

fn name(finding: &FileFinding) -> String {
    match &finding.name {
        Some(name) if name.is_empty() => "the empty name".into(),
        Some(name) => escape(name.as_bytes()),
        None => format!("0x{}", finding.name_hex),
    }
}

/// `name is dropped by dash.inherit: … (use NAME)`.
fn sentence(finding: &FileFinding) -> String {
    let mut text = format!("{} is {} by {}", name(finding), finding.verdict.name(), finding.id);
    if let Some(becomes) = &finding.becomes {
        let _ = write!(text, ", to {}", escape(becomes.as_bytes()));
    }
    if let Some(message) = &finding.message {
        let _ = write!(text, ": {message}");
    }
    if let Some(suggest) = &finding.suggest {
        let _ = write!(text, " (instead: {suggest})");
    }
    text
}

pub(super) fn text(ui: &Ui, checked: &Checked) -> String {
    if checked.findings.is_empty() {
        let all = "every variable gets where it is to get";
        return format!("{} {} ({}): {all}\n", ui.mark(true), checked.file, checked.format.name());
    }
    let mut text = String::new();
    for finding in &checked.findings {
        let place = format!("{}:{}:{}", checked.file, finding.line, finding.column);
        let _ = writeln!(text, "{place}: {}", sentence(finding));
    }
    text
}

/// What is wrong, for those who show it beside the lines.
pub(super) fn annotate(
    annotations: Annotations,
    files: &[&Checked],
    on: &[Verdict],
) -> anyhow::Result<String> {
    match annotations {
        Annotations::Github => Ok(github(files, on)),
        Annotations::Sarif => {
            let mut text = serde_json::to_string(&sarif(files, on))?;
            text.push('\n');
            Ok(text)
        }
    }
}

/// Workflow commands of GitHub Actions: `::error file=…,line=…,col=…::message`.
fn github(files: &[&Checked], on: &[Verdict]) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let mut text = String::new();
    for file in files {
        for finding in &file.findings {
            let level = if on.contains(&finding.verdict) { "error" } else { "warning" };
            let path = property(&file.path.to_string_lossy());
            let _ = writeln!(
                text,
                "::{level} file={path},line={},col={},title={}::{}",
                finding.line,
                finding.column,
                property(&format!("envcheck {}", finding.id)),
                data(&sentence(finding))
            );
        }
    }
    text
}

/// SARIF 2.1.0, as code scanning reads it.
fn sarif(files: &[&Checked], on: &[Verdict]) -> Value {
    let findings = || files.iter().flat_map(|file| file.findings.iter().map(move |f| (*file, f)));
    let mut rules: Vec<(&str, &str)> =
        findings().map(|(_, finding)| (finding.id.as_str(), finding.rule)).collect();
    rules.sort_unstable();
    rules.dedup();
    let rules: Vec<Value> = rules
        .iter()
        .map(|(id, rule)| json!({"id": id, "shortDescription": {"text": rule}}))
        .collect();
    let results: Vec<Value> = findings()
        .map(|(file, finding)| {
            let level = if on.contains(&finding.verdict) { "error" } else { "warning" };
            json!({
                "ruleId": finding.id,
                "level": level,
                "message": {"text": sentence(finding)},
                "locations": [{"physicalLocation": {
                    "artifactLocation": {"uri": uri(&file.path)},
                    "region": {"startLine": finding.line, "startColumn": finding.column},
                }}],
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "devkit envcheck",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "results": results,
        }],
    })
}

/// A relative path as a URI: RFC 3986, section 2.1.
fn uri(path: &Path) -> String {
    let mut text = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(byte) {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text.trim_start_matches("./").to_owned()
}
