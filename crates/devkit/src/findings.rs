//! Findings of every recipe: on the screen, and as annotations for continuous integration.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::path::Path;

use console::Style;
use devkit_report::sarif::{self, Tool};
use devkit_report::{
    Detailed, Emphasis, Finding, Message, Place, Severity, TextWriter, github, to_json,
};

use crate::ui::{self, To, Ui};

/// Who is to read the annotations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Annotations {
    Github,
    Sarif,
}

/// The option that every command has which judges files.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct ReportOption {
    /// What is found, as annotations: github or sarif
    #[arg(long, value_name = "github|sarif", hide_possible_values = true, conflicts_with = "json")]
    pub(crate) report: Option<Annotations>,
}

/// Lends a writer for a stream.
pub(crate) fn with_writer<T>(ui: &Ui, to: To, tell: impl FnOnce(&TextWriter<'_>) -> T) -> T {
    let paint = |emphasis: Emphasis, text: &str| match style(emphasis) {
        Some(style) => ui.paint(to, &style, text),
        None => text.to_owned(),
    };
    tell(&TextWriter {
        paths: ui.paths(),
        columns: ui.width(to),
        unicode: ui.unicode,
        paint: &paint,
    })
}

fn style(emphasis: Emphasis) -> Option<Style> {
    Some(match emphasis {
        Emphasis::Severity(Severity::Error) => Style::new().red().bold(),
        Emphasis::Severity(Severity::Warning) => Style::new().yellow().bold(),
        Emphasis::Severity(Severity::Note) => Style::new().cyan().bold(),
        Emphasis::Label => Style::new().bold(),
        Emphasis::Margin => Style::new().blue(),
        Emphasis::Place => return None,
    })
}

/// Tells findings on standard error, a line each, unless nobody wants to read them there.
pub(crate) fn warn<'a>(ui: &Ui, findings: impl IntoIterator<Item = &'a Finding>) {
    if ui.shows_progress() {
        findings.into_iter().for_each(|finding| tell(ui, finding));
    }
}

/// Tells a finding on standard error in one line, whatever is wanted.
pub(crate) fn tell(ui: &Ui, finding: &Finding) {
    ui.say(&with_writer(ui, To::Err, |writer| writer.line(finding)));
}

impl Ui {
    /// Tells a warning in one line, unless only errors are wanted.
    pub(crate) fn warning(&self, code: &'static str, text: impl Into<Message>) {
        if !self.is_quiet() {
            tell(self, &Finding::warning(code, text));
        }
    }
}

/// Findings for a program, which may have another working folder: their files are absolute.
pub(crate) fn absolute<D: Clone>(ui: &Ui, findings: &[Detailed<D>]) -> Vec<Detailed<D>> {
    let whole = |place: &mut Place| {
        if !ui.paths().is_standard_input(&place.file)
            && let Ok(file) = std::path::absolute(&place.file)
        {
            place.file = file.into();
        }
    };
    let mut findings = findings.to_vec();
    for Detailed { finding, .. } in &mut findings {
        finding.place.iter_mut().for_each(whole);
        finding.related.iter_mut().for_each(|related| whole(&mut related.place));
    }
    findings
}

/// What a code means in words, if that is known.
pub(crate) type Meaning<'a> = &'a dyn Fn(&str) -> Option<Cow<'static, str>>;

/// Who makes annotations, and of what.
pub(crate) struct Annotator<'a> {
    /// The recipe: `envcheck`.
    pub(crate) command: &'a str,
    /// The folder that paths are relative to: the working folder, or the root of a repository.
    pub(crate) base: &'a Path,
    pub(crate) meaning: Meaning<'a>,
}

impl Annotator<'_> {
    /// Prints findings for those who show them beside the lines.
    pub(crate) fn print<'a>(
        &self,
        ui: &Ui,
        annotations: Annotations,
        findings: impl IntoIterator<Item = &'a Finding>,
    ) -> anyhow::Result<()> {
        let paths = ui.paths().clone().below(self.base);
        let line = |finding| github::line(self.command, finding, &paths);
        let text = match annotations {
            Annotations::Github => findings.into_iter().map(line).collect(),
            Annotations::Sarif => {
                let name = format!("devkit {}", self.command);
                let version = env!("CARGO_PKG_VERSION");
                let tool = Tool { name: &name, version, meaning: self.meaning };
                to_json(&sarif::document(&tool, findings, &paths))? + "\n"
            }
        };
        ui::bytes(text.as_bytes())
    }
}
