//! Files that set variables: which ones, where, and what becomes of them on their way.
//!
//! Files are read, and never run or interpolated.

mod dockerfile;
mod dotenv;
mod manifest;
mod seen;
mod together;
mod unit;
mod workflow;

use std::collections::{BTreeMap, BTreeSet};

use devkit_report::Position;
use devkit_yaml::{Dialect, Mark, Node, YamlError};
use serde::Serialize;

pub use self::seen::SeenFile;
pub use self::together::told_together;
use crate::line::{Line, shown};
use crate::report::{caveat, collisions, hex};
use crate::select::{Context, contexts};
use crate::value::{Limits, of_context};
use crate::verdict::Verdict;

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// `.env`, as Compose and the dotenv packages read it.
    Dotenv,
    /// `docker run --env-file`.
    DockerEnvFile,
    /// Kubernetes objects, in YAML or JSON.
    Kubernetes,
    /// Dockerfile, Containerfile.
    Dockerfile,
    /// A file of the Compose Specification.
    Compose,
    /// A systemd unit.
    Systemd,
    /// What `EnvironmentFile=` names.
    EnvironmentFile,
    /// A workflow of GitHub Actions.
    GithubWorkflow,
}

impl Format {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Dotenv,
        Self::DockerEnvFile,
        Self::Kubernetes,
        Self::Dockerfile,
        Self::Compose,
        Self::Systemd,
        Self::EnvironmentFile,
        Self::GithubWorkflow,
    ];

    /// The format's word: `github-workflow`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dotenv => "dotenv",
            Self::DockerEnvFile => "docker-env-file",
            Self::Kubernetes => "kubernetes",
            Self::Dockerfile => "dockerfile",
            Self::Compose => "compose",
            Self::Systemd => "systemd",
            Self::EnvironmentFile => "environment-file",
            Self::GithubWorkflow => "github-workflow",
        }
    }

    /// By a file's name, with its folders: what needs no look into it.
    #[must_use]
    pub fn by_name(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let lower = name.to_ascii_lowercase();
        let ending = lower.rsplit_once('.').map_or("", |(_, ending)| ending);
        let yaml = matches!(ending, "yml" | "yaml");
        let unit = ["service", "socket", "mount", "swap"];
        if name == ".env" || name.starts_with(".env.") || ending == "env" {
            Some(Self::Dotenv)
        } else if ["dockerfile", "containerfile"].iter().any(|known| {
            lower == *known
                || lower.starts_with(&format!("{known}."))
                || lower.ends_with(&format!(".{known}"))
        }) {
            Some(Self::Dockerfile)
        } else if yaml && (lower.starts_with("compose") || lower.starts_with("docker-compose")) {
            Some(Self::Compose)
        } else if unit.contains(&ending)
            || unit.iter().any(|kind| path.contains(&format!(".{kind}.d/")))
        {
            Some(Self::Systemd)
        } else if yaml && path.contains(".github/workflows/") {
            Some(Self::GithubWorkflow)
        } else {
            None
        }
    }

    /// By what is in a YAML or JSON file.
    ///
    /// # Errors
    ///
    /// [`FileError`] where it is neither.
    pub fn by_content(text: &[u8]) -> Result<Option<Self>, FileError> {
        // Each of the programs may take what another refuses.
        let documents = documents(text, Dialect::Kubernetes)
            .or_else(|first| documents(text, Dialect::Compose).map_err(|_| first))
            .or_else(|first| documents(text, Dialect::Workflow).map_err(|_| first))?;
        Ok(documents.iter().find_map(|root| {
            let has = |key: &str| root.get(key).is_some();
            if has("apiVersion") && has("kind") {
                Some(Self::Kubernetes)
            } else if has("services") {
                Some(Self::Compose)
            } else if has("jobs") {
                Some(Self::GithubWorkflow)
            } else {
                None
            }
        }))
    }
}

/// A variable that a file sets.
#[derive(Debug, Clone)]
pub(crate) struct Variable {
    pub(crate) name: Vec<u8>,
    pub(crate) value: Option<Vec<u8>>,
    /// From 1.
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// Where it has to work.
    pub(crate) ids: Vec<&'static str>,
    /// Where the value stands, if that is another place.
    pub(crate) value_at: Option<(usize, usize)>,
    /// What is wrong besides.
    pub(crate) besides: Vec<Besides>,
    /// The instruction that puts these shells between the variable and its reader.
    pub(crate) shell_form: Option<(&'static [&'static str], ShellForm)>,
}

/// An instruction of a Dockerfile that starts a shell only by the form in which it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellForm {
    /// Where the instruction starts.
    pub at: Position,
    /// `ENTRYPOINT` or `CMD`.
    pub instruction: String,
    /// The shell that it starts: `/bin/sh`, if no `SHELL` says another.
    pub shell: String,
    /// The program that the exec form would start, of a command that is nothing but a program and its
    /// arguments. Nothing where a shell may be needed.
    pub program: Option<String>,
    /// Whether there is a `CMD`, which Docker ignores beside the shell form of an `ENTRYPOINT` and hands to
    /// the exec form.
    pub has_arguments_of_cmd: bool,
}

/// Something that is wrong with a variable, and not by the rule of its context.
#[derive(Debug, Clone)]
pub(crate) struct Besides {
    pub(crate) id: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) why: String,
    /// Line and column.
    pub(crate) at: (usize, usize),
}

/// What becomes of a variable at one place of a file.
#[derive(Debug, Clone, Serialize)]
pub struct Fate {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The name; nothing where it is not UTF-8.
    pub name: Option<String>,
    /// The name's bytes, hexadecimal.
    pub name_hex: String,
    /// The context.
    pub id: String,
    /// What becomes of the name there.
    pub verdict: Verdict,
    /// Offset in the name of the first byte to blame.
    pub position: Option<usize>,
    /// The tool's own text, or ours.
    pub message: Option<String>,
    /// The name that arrives instead.
    pub becomes: Option<String>,
    /// Another name that would do.
    pub suggest: Option<String>,
    /// What to know besides.
    pub caveat: Option<String>,
    /// The rule in words.
    pub rule: &'static str,
    /// The instruction that puts the shell of this context before the program.
    #[serde(skip)]
    pub shell_form: Option<ShellForm>,
    /// Whether the name stands there; else it is the place of the value.
    #[serde(skip)]
    pub is_at_name: bool,
}

/// Why a file cannot be read as what it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct FileError {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// A fragment.
    pub why: String,
}

/// Looks at every variable of a file: in the contexts of its format, or in those that are asked for.
/// What is fine is left out.
///
/// # Errors
///
/// [`FileError`] where it is no file of that format.
pub fn check_file(format: Format, text: &[u8], asked: &[Context]) -> Result<Vec<Fate>, FileError> {
    let variables = match format {
        Format::Dotenv | Format::DockerEnvFile | Format::EnvironmentFile => {
            dotenv::variables(format, text)
        }
        Format::Kubernetes => manifest::kubernetes(text)?,
        Format::Compose => manifest::compose(text)?,
        Format::Dockerfile => dockerfile::variables(text),
        Format::Systemd => unit::variables(text),
        Format::GithubWorkflow => workflow::variables(text)?,
    };
    let mut findings = Vec::new();
    for variable in &variables {
        let own: Vec<Context> =
            variable.ids.iter().flat_map(|id| contexts(id).unwrap_or_default()).collect();
        let places = if asked.is_empty() { &own[..] } else { asked };
        // A file's values may be secret: no message has them.
        let lines = places.iter().map(|place| Line::new(place, &variable.name, "…".as_bytes()));
        for line in lines.filter(|line| line.verdict != Verdict::Ok) {
            findings.push(variable.finding(line));
        }
        for place in places {
            findings.extend(variable.value_findings(place));
        }
        for besides in &variable.besides {
            let Some(context) = contexts(besides.id).ok().and_then(|mut found| found.pop()) else {
                continue;
            };
            let line = variable.line_about(&context, besides.verdict, besides.why.clone());
            findings.push(Fate {
                line: besides.at.0,
                column: besides.at.1,
                is_at_name: besides.at == (variable.line, variable.column),
                ..variable.finding(line)
            });
        }
    }
    findings.sort_by_key(|finding| (finding.line, finding.column));
    let mut suggested: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for finding in &findings {
        let of_name = suggested.entry(finding.name_hex.clone()).or_default();
        of_name.extend(finding.suggest.clone());
    }
    let names = variables.iter().map(|variable| {
        (variable.name.clone(), suggested.get(&hex(&variable.name)).cloned().unwrap_or_default())
    });
    let found = collisions(names.collect());
    for finding in &mut findings {
        if let Some(text) = finding.suggest.as_ref().and_then(|name| caveat(&found, name)) {
            finding.caveat = Some(text);
        }
    }
    // What an alias brings in twice stands there once.
    let mut seen = BTreeSet::new();
    findings.retain(|finding| {
        let place = (finding.line, finding.column);
        let what = (finding.name_hex.clone(), finding.id.clone(), finding.message.clone());
        seen.insert((place, what))
    });
    Ok(findings)
}

impl Variable {
    fn new(name: &[u8], line: usize, column: usize, ids: &[&'static str]) -> Self {
        let (name, ids) = (name.to_vec(), ids.to_vec());
        Self {
            name,
            value: None,
            line,
            column,
            ids,
            value_at: None,
            besides: Vec::new(),
            shell_form: None,
        }
    }

    fn at_mark(name: &[u8], at: Mark, ids: &[&'static str]) -> Self {
        Self::new(name, at.line, at.column, ids)
    }

    /// Adds what is wrong with the variable besides its name, at the place of the name.
    fn besides(&mut self, id: &'static str, verdict: Verdict, why: String) {
        let at = (self.line, self.column);
        self.besides.push(Besides { id, verdict, why, at });
    }

    /// What is said of it where not the rule of its name speaks.
    fn line_about(&self, context: &Context, verdict: Verdict, message: String) -> Line {
        let mut line = Line::new(context, &self.name, b"");
        (line.verdict, line.message) = (verdict, Some(message));
        (line.position, line.becomes, line.suggest, line.caveat) = (None, None, None, None);
        line
    }

    /// What becomes of the value, where the variable is lost with it.
    fn value_findings(&self, place: &Context) -> Option<Fate> {
        // The limits of some machine are no matter of the file.
        let limits = Limits::new(4096, None);
        let value = self.value.as_deref()?;
        let found = of_context(&self.name, value, place, &limits);
        let lost = |verdict: &Verdict| matches!(verdict, Verdict::Rejected | Verdict::Dropped);
        let (verdict, _, message) = found.into_iter().find(|(verdict, ..)| lost(verdict))?;
        let line = self.line_about(place, verdict, message.to_owned());
        let (at, column) = self.value_at.unwrap_or((self.line, self.column));
        let is_at_name = (at, column) == (self.line, self.column);
        Some(Fate { line: at, column, is_at_name, ..self.finding(line) })
    }

    fn finding(&self, mut line: Line) -> Fate {
        // The line of a name alone would be the first.
        line.message = line.message.map(|message| {
            let here = format!("line {}", self.line);
            message
                .replace("line 1", &here)
                .replace("line index: 0", &format!("line index: {}", self.line - 1))
        });
        let of_shell = |(shells, _): &&(&[&str], ShellForm)| shells.contains(&&*line.id);
        Fate {
            shell_form: self.shell_form.as_ref().filter(of_shell).map(|(_, form)| form.clone()),
            is_at_name: true,
            line: self.line,
            column: self.column,
            name: str::from_utf8(&self.name).ok().map(|_| shown(&self.name)),
            name_hex: hex(&self.name),
            id: line.id,
            verdict: line.verdict,
            position: line.position,
            message: line.message,
            becomes: line.becomes,
            suggest: line.suggest,
            caveat: line.caveat,
            rule: line.rule,
        }
    }
}

/// The documents of a YAML or JSON file.
fn documents(text: &[u8], dialect: Dialect) -> Result<Vec<Node>, FileError> {
    let documents = devkit_yaml::documents(text, dialect)?;
    Ok(documents.into_iter().map(|document| document.root).collect())
}

impl From<YamlError> for FileError {
    fn from(error: YamlError) -> Self {
        Self { line: error.at().line, column: error.at().column, why: error.to_string() }
    }
}

/// The words of a command: a list of scalars.
fn words(node: &Node) -> Vec<&str> {
    node.list().iter().filter_map(Node::written).collect()
}

/// The contexts of a command that starts a shell: `sh -c …`, `/bin/bash script`, also behind what only
/// starts another program: `env A=b sh`, `tini -- sh`.
fn shells_of<'w>(words: impl Iterator<Item = &'w str>) -> &'static [&'static str] {
    const STARTERS: &[&str] = &["env", "tini", "dumb-init", "exec", "nice", "setsid", "catatonit"];
    let base = |word: &'w str| word.rsplit('/').next().unwrap_or(word);
    let mut started = false;
    for word in words.map(base) {
        match word {
            word if STARTERS.contains(&word) => started = true,
            // Options and variables of the starter.
            word if started && (word.starts_with('-') || word.contains('=')) => {}
            // Debian's and Alpine's; bash under that name would hand everything on.
            "sh" => return &["dash.inherit", "busybox.inherit"],
            "dash" => return &["dash.inherit"],
            "ash" | "busybox" => return &["busybox.inherit"],
            "bash" => return &["bash.inherit"],
            "zsh" => return &["zsh.inherit"],
            "ksh" | "ksh93" => return &["ksh93.inherit"],
            "mksh" => return &["mksh.inherit"],
            _ => return &[],
        }
    }
    &[]
}
