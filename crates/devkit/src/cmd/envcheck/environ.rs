//! `--env` and `--pid`: the variables of a process, as bytes. Values are not shown: they may be secret.

use std::fmt::Write as _;
use std::path::PathBuf;

use devkit_envcheck::{Context, Input, Report, Verdict, counts_by_default};
use devkit_text::escape;
use serde::Serialize;

use super::{Args, NameDocument, SCHEMA, limits, name};
use crate::exit;
use crate::failure::Failure;
use crate::ui::{Answer, Documents, Ui};

/// What is wrong with the strings themselves.
#[derive(Serialize)]
struct Strings {
    schema: &'static str,
    /// Names that are there more than once.
    duplicates: Vec<String>,
    /// Strings without `=`.
    without_equals: usize,
    /// Bytes of all strings, with a NUL and a pointer for each.
    bytes: usize,
    /// How many the kernel allows, arguments included.
    limit: usize,
}

pub(super) fn run(ui: &Ui, args: &Args, chosen: &[Context]) -> anyhow::Result<u8> {
    let path = match args.pid {
        Some(pid) => PathBuf::from(format!("/proc/{pid}/environ")),
        None => PathBuf::from("/proc/self/environ"),
    };
    let bytes = std::fs::read(&path).map_err(|error| {
        let (code, hint) = match error.kind() {
            std::io::ErrorKind::NotFound => ("no-such-process", "ps lists the processes there are"),
            std::io::ErrorKind::PermissionDenied => {
                ("permission-denied", "only its user and root can read another's variables")
            }
            _ => ("io", "Linux only: it takes /proc"),
        };
        let whose = args.pid.map_or("this process".into(), |pid| format!("process {pid}"));
        Failure::new(code, format!("cannot read the variables of {whose}"))
            .because(devkit_text::words(&error))
            .hint(hint)
    })?;
    let strings: Vec<&[u8]> =
        bytes.split(|byte| *byte == 0).filter(|string| !string.is_empty()).collect();
    let contexts = if args.context.is_empty() {
        devkit_envcheck::all_contexts().into_iter().filter(counts_by_default).collect()
    } else {
        chosen.to_vec()
    };
    let limits = limits();
    let inputs: Vec<Input> = strings.iter().map(|string| variable(string)).collect();
    let reports: Vec<Report> =
        inputs.iter().map(|input| Report::new(input, &contexts, &limits)).collect();
    let mut seen = std::collections::BTreeMap::<&[u8], usize>::new();
    for input in &inputs {
        *seen.entry(&input.name).or_default() += 1;
    }
    let duplicates = seen.iter().filter(|(_, count)| **count > 1);
    let about = Strings {
        schema: "devkit.envcheck.environ/1",
        duplicates: duplicates.map(|(name, _)| escape(name)).collect(),
        without_equals: strings.iter().filter(|string| !string.contains(&b'=')).count(),
        bytes: strings.iter().map(|string| string.len() + 1 + size_of::<usize>()).sum(),
        limit: limits.total,
    };
    let on: Vec<Verdict> = args.fail_on.iter().map(|verdict| (*verdict).into()).collect();
    ui.answer(&Environment { reports, about, on })
}

/// The variables of a process.
struct Environment {
    reports: Vec<Report>,
    about: Strings,
    /// Verdicts that make the answer no.
    on: Vec<Verdict>,
}

impl Environment {
    fn fails(&self, report: &Report) -> bool {
        report.fails(&self.on, &|_: &Context| true)
    }
}

impl Answer for Environment {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        for report in &self.reports {
            to.add(&NameDocument { schema: SCHEMA, report })?;
        }
        to.add(&self.about)
    }

    fn text(&self, ui: &Ui) -> String {
        let shown = self.reports.iter().filter(|report| ui.verbose > 0 || self.fails(report));
        let mut texts: Vec<String> =
            shown.map(|report| name::report(ui, report, false, &|_| true)).collect();
        let lost = self.reports.iter().filter(|report| self.fails(report)).count();
        texts.push(summary(&self.about, self.reports.len(), lost));
        texts.join("\n")
    }

    fn exit(&self) -> u8 {
        if self.reports.iter().any(|report| self.fails(report)) { exit::NO } else { exit::DONE }
    }
}

/// A string without `=` is a name to some readers and nothing to others.
fn variable(string: &[u8]) -> Input {
    // Unlike getenv: the first `=` may be the first byte, and then the name is empty.
    match string.iter().position(|byte| *byte == b'=') {
        Some(at) => Input { name: string[..at].to_vec(), value: Some(string[at + 1..].to_vec()) },
        None => Input { name: string.to_vec(), value: None },
    }
}

fn summary(about: &Strings, count: usize, lost: usize) -> String {
    let mut text = format!(
        "{count} variables, {lost} of them lost somewhere; {} of {} bytes\n",
        about.bytes, about.limit
    );
    if !about.duplicates.is_empty() {
        let names = about.duplicates.join(", ");
        let _ =
            writeln!(text, "more than once: {names}; getenv takes the first, most shells the last");
    }
    if about.without_equals > 0 {
        let _ = writeln!(text, "strings without '=': {}", about.without_equals);
    }
    text
}
