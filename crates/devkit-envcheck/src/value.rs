//! Checks a value: which contexts change it, cut it or refuse it.

use serde::Serialize;

use crate::rules::channel::SPECIFIERS;
use crate::select::Context;
use crate::verdict::Verdict::{self, Changed, Dropped, Rejected};

/// What the kernel of a machine allows.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of one `NAME=VALUE`, without its NUL: 32 pages less one.
    pub string: usize,
    /// Bytes of all arguments and variables together, with a NUL and a pointer for each.
    pub total: usize,
}

impl Limits {
    /// From a page's size and the soft limit of the stack, both in bytes; `None` is unlimited.
    ///
    /// Linux `fs/exec.c`: a quarter of the stack, at least 128 KiB and at most 6 MiB.
    #[must_use]
    pub fn new(page: usize, stack: Option<u64>) -> Self {
        const LEAST: u64 = 128 * 1024;
        const MOST: u64 = 6 * 1024 * 1024;
        let quarter = stack.map_or(MOST, |stack| (stack / 4).clamp(LEAST, MOST));
        Self { string: 32 * page - 1, total: usize::try_from(quarter).unwrap_or(usize::MAX) }
    }
}

/// What one context does with a value.
#[derive(Debug, Clone, Serialize)]
pub struct ValueFate {
    /// The context's id, as asked.
    pub id: String,
    /// What becomes of the variable.
    pub verdict: Verdict,
    /// Offset in the value of the first byte to blame.
    pub position: Option<usize>,
    /// The tool's own text, or ours.
    pub message: &'static str,
    /// The context.
    #[serde(skip)]
    pub context: Context,
}

const LINE_FORMATS: &[&str] = &[
    "docker.env-file",
    "systemd.environment-file",
    "compose.env-file",
    "pam-env",
    "github-env",
    "kubectl.from-env-file",
    "dotenv.node",
    "dotenv.python",
    "dotenv.rust-dotenvy",
    "dotenv.godotenv",
    "dotenv.ruby",
    "sh.source",
];
/// Formats in which quotes around a value are none of it.
const UNQUOTING: &[&str] = &[
    "systemd.environment-file",
    "compose.env-file",
    "pam-env",
    "dotenv.node",
    "dotenv.python",
    "dotenv.rust-dotenvy",
    "dotenv.godotenv",
    "dotenv.ruby",
    "sh.source",
];

/// What the contexts do with a value, as far as it is not simply handed on.
#[must_use]
pub(crate) fn check(
    name: &[u8],
    value: &[u8],
    contexts: &[Context],
    limits: &Limits,
) -> Vec<ValueFate> {
    let mut findings = Vec::new();
    for context in contexts {
        for (verdict, position, message) in of_context(name, value, context, limits) {
            let (id, context) = (context.id.clone(), context.clone());
            findings.push(ValueFate { id, verdict, position, message, context });
        }
    }
    findings
}

pub(crate) type Raw = (Verdict, Option<usize>, &'static str);

/// What one context does with a value.
pub(crate) fn of_context(
    name: &[u8],
    value: &[u8],
    context: &Context,
    limits: &Limits,
) -> Vec<Raw> {
    if let Some(nul) = value.iter().position(|byte| *byte == 0) {
        return vec![(Rejected, Some(nul), "a NUL ends every string of an environment")];
    }
    let way = context.rule.way.map(|way| format!(".{way}")).unwrap_or_default();
    let id = format!("{}{way}", context.rule.tool);
    let mut found = Vec::new();
    found.extend(kernel(&id, name, value, limits));
    found.extend(lines(&id, value));
    found.extend(syntax(&id, value));
    found.extend(tool(&id, name, value));
    found
}

/// execve(2).
fn kernel(id: &str, name: &[u8], value: &[u8], limits: &Limits) -> Option<Raw> {
    let length = name.len() + 1 + value.len();
    if !matches!(id, "execve" | "env") && !id.ends_with(".inherit") {
        None
    } else if length > limits.string {
        let position = limits.string.saturating_sub(name.len() + 1);
        Some((Rejected, Some(position), "Argument list too long: one string is too large"))
    } else if length + 1 + size_of::<usize>() > limits.total {
        Some((Rejected, None, "Argument list too long: all strings together are too large"))
    } else {
        None
    }
}

/// Formats with a variable on each line.
fn lines(id: &str, value: &[u8]) -> Vec<Raw> {
    let mut found = Vec::new();
    if !LINE_FORMATS.contains(&id) {
        return found;
    }
    if let Some(line_end) = value.iter().position(|byte| *byte == b'\n') {
        found.push((Changed, Some(line_end), "the value ends with its line"));
    }
    if value.ends_with(b"\r") {
        let message = "a carriage return at the end may stay in the value";
        found.push((Verdict::Ok, Some(value.len() - 1), message));
    }
    found
}

/// Formats in which quotes, comments and references mean something.
fn syntax(id: &str, value: &[u8]) -> Vec<Raw> {
    const EXPANDING: &[&str] = &[
        "compose.env-file",
        "dotenv.python",
        "dotenv.rust-dotenvy",
        "dotenv.godotenv",
        "dotenv.ruby",
        "sh.source",
    ];
    let mut found = Vec::new();
    if is_quoted(value) && UNQUOTING.contains(&id) {
        found.push((Changed, Some(0), "the quotes are taken off"));
    }
    let plain = !matches!(value.first(), Some(b'"' | b'\''));
    let cut = value.windows(2).position(|two| two[0].is_ascii_whitespace() && two[1] == b'#');
    let comments = UNQUOTING.contains(&id) && !matches!(id, "systemd.environment-file" | "pam-env");
    if let Some(blank) = cut.filter(|_| comments && plain) {
        found.push((Changed, Some(blank + 1), "what follows '#' is a comment"));
    }
    let dollar = value.iter().position(|byte| *byte == b'$');
    let expands = EXPANDING.contains(&id) && value.first() != Some(&b'\'');
    if let Some(dollar) = dollar.filter(|_| expands) {
        found.push((Changed, Some(dollar), "'$' starts a reference to another variable"));
    }
    let acting = value.iter().position(|byte| b" \t;&|<>()`\\\"'".contains(byte));
    let acting = acting.filter(|at| cut.is_none_or(|cut| *at < cut));
    if let Some(position) = acting.filter(|_| plain && id == "sh.source") {
        let message = "the shell acts upon it: the value has to be quoted";
        found.push((Dropped, Some(position), message));
    }
    found
}

fn is_quoted(value: &[u8]) -> bool {
    let quote = matches!(value.first(), Some(b'"' | b'\''));
    value.len() > 1 && quote && value.first() == value.last()
}

/// What one tool alone does.
fn tool(id: &str, name: &[u8], value: &[u8]) -> Vec<Raw> {
    let length = name.len() + 1 + value.len();
    match id {
        "docker.env-file" => docker_env_file(name, value),
        "systemd.environment" => systemd(value),
        "k8s.env" => kubernetes(value).into_iter().collect(),
        "aws-lambda" if length > 4096 => {
            vec![(Rejected, None, "Lambda has 4 KB for all variables together")]
        }
        "sudo-E" if value.starts_with(b"()") => {
            vec![(Dropped, Some(0), "sudo leaves out what looks like a shell function")]
        }
        "sudo-E" if name.starts_with(b"LC_") || name == b"LANG" || name == b"TERM" => {
            let wrong = value.iter().position(|byte| matches!(byte, b'%' | b'/'));
            let message = "sudo leaves out locales with '%' or '/'";
            wrong.map(|position| (Dropped, Some(position), message)).into_iter().collect()
        }
        "bash.inherit" if value.starts_with(b"() {") => {
            vec![(
                Verdict::Ok,
                Some(0),
                "bash before 4.3 patch 25 runs it as a function (CVE-2014-6271)",
            )]
        }
        "gitlab.variable" if value.len() > 10_000 => {
            vec![(Rejected, Some(10_000), "is too long (maximum is 10000 characters)")]
        }
        _ => Vec::new(),
    }
}

fn docker_env_file(name: &[u8], value: &[u8]) -> Vec<Raw> {
    const LINE: usize = 64 * 1024;
    let mut found = Vec::new();
    if is_quoted(value) {
        found.push((Verdict::Ok, Some(0), "the quotes stay in the value"));
    }
    if name.len() + 1 + value.len() >= LINE {
        let position = LINE.saturating_sub(name.len() + 1);
        found.push((Rejected, Some(position), "bufio.Scanner: token too long"));
    }
    if let Err(error) = str::from_utf8(value) {
        found.push((Rejected, Some(error.valid_up_to()), "invalid utf8 bytes"));
    }
    found
}

fn systemd(value: &[u8]) -> Vec<Raw> {
    let mut found = Vec::new();
    match specifier(value) {
        Some((percent, true)) => {
            found.push((Changed, Some(percent), "'%' starts a specifier: %% is a percent sign"));
        }
        Some((percent, false)) => {
            let message = "Failed to resolve specifiers, ignoring: %% is a percent sign";
            found.push((Dropped, Some(percent), message));
        }
        None => {}
    }
    if let Some(blank) = value.iter().position(|byte| matches!(byte, b' ' | b'\t')) {
        let message = "a blank ends the assignment: put quotes around all of it";
        found.push((Changed, Some(blank), message));
    }
    if str::from_utf8(value).is_err() {
        found.push((Dropped, None, "Invalid environment assignment, ignoring"));
    }
    found
}

fn kubernetes(value: &[u8]) -> Option<Raw> {
    let reference = value.windows(2).position(|two| two == b"$(")?;
    let escaped = reference > 0 && value[reference - 1] == b'$';
    let message = if escaped {
        "$$(…) arrives as $(…)"
    } else {
        "$(NAME) is replaced if NAME stands before it in the same container"
    };
    Some((Changed, Some(reference), message))
}

/// The first `%` that systemd makes something of, and whether it knows what.
fn specifier(value: &[u8]) -> Option<(usize, bool)> {
    let percent = value.iter().position(|b| *b == b'%')?;
    let letter = value.get(percent + 1)?;
    Some((percent, *letter == b'%' || SPECIFIERS.contains(letter)))
}
