//! Files that set variables: which they are, what is wrong in them, and annotations for CI.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;

use devkit_envcheck::{
    Context, Fate, FileError, Format, SeenFile, Verdict, check_file, told_together,
};
use devkit_report::{Detailed, Finding, PathNames, Place, Position, Severity, message};
use devkit_text::escape;
use serde::{Serialize, Serializer};

use crate::amounts::count;
use crate::failure::Failure;
use crate::findings::{self, Annotations, Annotator};
use crate::host::Host;
use crate::stdin;
use crate::ui::{To, Ui};

const SCHEMA: &str = "devkit.envcheck.file/1";

/// A file and what is wrong in it.
#[derive(Debug, Serialize)]
pub(super) struct Checked {
    schema: &'static str,
    file: String,
    format: Format,
    #[serde(serialize_with = "facts")]
    findings: Vec<Detailed<Fate>>,
}

/// For a program a finding is what the library says of it.
fn facts<S: Serializer>(findings: &[Detailed<Fate>], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(findings.iter().map(|finding| &finding.detail))
}

impl Checked {
    pub(super) fn fails(&self, on: &[Verdict]) -> bool {
        self.findings.iter().any(|finding| on.contains(&finding.detail.verdict))
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
    path: &Path,
    format: Option<Format>,
    asked: &[Context],
) -> anyhow::Result<Checked> {
    let shown = escape(path.as_os_str().as_encoded_bytes());
    let read = || -> std::io::Result<Vec<u8>> {
        if path != Path::new("-") {
            return std::fs::read(path);
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
        Failure::new(code, message!("cannot read {}", path))
            .because(devkit_text::words(&error))
            .hint("a name with a '/' goes behind --")
    })?;
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let malformed = |format: &str, error: FileError| {
        let at = Position { line: error.line, column: error.column };
        Failure::new("malformed", message!("{} is no {}", path, format))
            .at(Place::new(path, at))
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
            message!("nothing tells what kind of file {} is", path),
        )
        .hint("say it: --format dotenv, kubernetes, dockerfile, …")
        .into());
    };
    let findings = check_file(format, &text, asked)
        .map_err(|error| malformed(&format!("{} file", format.name()), error))?;
    let seen = SeenFile::new(path, &text);
    let findings = findings.into_iter().map(|fact| seen.finding(fact)).collect();
    Ok(Checked { schema: SCHEMA, file: shown, format, findings })
}

/// What people read of a file, and how many problems that tells. `on` are the verdicts that are errors.
pub(super) fn text(ui: &Ui, checked: &Checked, on: &[Verdict]) -> (String, usize) {
    if checked.findings.is_empty() {
        let all = "every variable gets where it is to get";
        let Checked { file, format, .. } = checked;
        return (format!("{} {file} ({}): {all}\n", ui.mark(true), format.name()), 0);
    }
    // What several contexts do alike is one finding.
    let told = told_together(&checked.findings);
    let problems = told.len();
    let text = findings::with_writer(ui, To::Out, |writer| {
        let told = told.into_iter().map(|Detailed { finding, detail: verdict }| {
            writer.whole(&Finding { severity: severity(verdict, on), ..finding })
        });
        told.collect::<Vec<_>>().join("\n")
    });
    (text, problems)
}

/// How grave a verdict is, where those of `on` are errors.
fn severity(verdict: Verdict, on: &[Verdict]) -> Severity {
    if on.contains(&verdict) { Severity::Error } else { Severity::Warning }
}

/// How many problems there are in how many files, by the problems of each; nothing where one look shows it.
pub(super) fn sum(problems: &[usize]) -> Option<String> {
    let failed = problems.iter().filter(|problems| **problems > 0).count();
    let problems: usize = problems.iter().sum();
    let (said, found_in) = (count(problems, "problem"), count(failed, "file"));
    (problems > 1).then(|| format!("{said} in {found_in}\n"))
}

/// What is wrong, for those who show it beside the lines. `on` are the verdicts that are errors.
pub(super) fn annotate(
    ui: &Ui,
    host: &Host,
    annotations: Annotations,
    files: &[&Checked],
    on: &[Verdict],
) -> anyhow::Result<()> {
    let all = || files.iter().flat_map(|file| &file.findings);
    let judged = |found: &Detailed<Fate>| {
        let severity = severity(found.detail.verdict, on);
        Finding { severity, ..found.finding.clone() }
    };
    let rules: BTreeMap<&str, &'static str> =
        all().map(|found| (&*found.detail.id, found.detail.rule)).collect();
    let meaning = |code: &str| rules.get(code).map(|rule| Cow::Borrowed(*rule));
    ui.tell_paths(PathNames::default().typed("-"));
    let by = Annotator { command: "envcheck", base: host.folder(), meaning: &meaning };
    by.print(ui, annotations, &all().map(judged).collect::<Vec<_>>())
}
