//! What contexts do with a value.

use serde::Serialize;

use crate::rules::channel::SPECIFIERS;
use crate::select::Context;
use crate::verdict::Verdict;

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
pub struct Finding {
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
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for context in contexts {
        for (verdict, position, message) in of_context(name, value, context, limits) {
            let (id, context) = (context.id.clone(), context.clone());
            findings.push(Finding { id, verdict, position, message, context });
        }
    }
    findings
}

pub(crate) type Raw = (Verdict, Option<usize>, &'static str);

pub(crate) fn of_context(
    name: &[u8],
    value: &[u8],
    context: &Context,
    limits: &Limits,
) -> Vec<Raw> {
    use Verdict::{Changed, Dropped, Ok, Rejected};
    let way = context.rule.way.map(|way| format!(".{way}")).unwrap_or_default();
    let id = format!("{}{way}", context.rule.tool);
    let id = id.as_str();
    let at = |byte: u8| value.iter().position(|b| *b == byte);
    let find = |part: &[u8]| value.windows(part.len()).position(|window| window == part);
    let mut found: Vec<Raw> = Vec::new();
    if let Some(nul) = at(0) {
        found.push((Rejected, Some(nul), "a NUL ends every string of an environment"));
        return found;
    }
    let length = name.len() + 1 + value.len();
    let kernel = matches!(id, "execve" | "env") || id.ends_with(".inherit");
    if kernel && length > limits.string {
        let position = limits.string.saturating_sub(name.len() + 1);
        found.push((Rejected, Some(position), "Argument list too long: one string is too large"));
    } else if kernel && length + 9 > limits.total {
        found.push((Rejected, None, "Argument list too long: all strings together are too large"));
    }
    if LINE_FORMATS.contains(&id)
        && let Some(line_end) = at(b'\n')
    {
        found.push((Changed, Some(line_end), "the value ends with its line"));
    }
    if LINE_FORMATS.contains(&id) && value.ends_with(b"\r") {
        found.push((
            Ok,
            Some(value.len() - 1),
            "a carriage return at the end may stay in the value",
        ));
    }
    let quoted = value.len() > 1
        && matches!(value.first(), Some(b'"' | b'\''))
        && value.first() == value.last();
    if quoted && UNQUOTING.contains(&id) {
        found.push((Changed, Some(0), "the quotes are taken off"));
    }
    match id {
        "docker.env-file" => {
            if quoted {
                found.push((Ok, Some(0), "the quotes stay in the value"));
            }
            if length >= 64 * 1024 {
                let position = 64 * 1024 - name.len().min(64 * 1024) - 1;
                found.push((Rejected, Some(position), "bufio.Scanner: token too long"));
            }
            if let Err(error) = str::from_utf8(value) {
                found.push((Rejected, Some(error.valid_up_to()), "invalid utf8 bytes"));
            }
        }
        "systemd.environment" => {
            if let Some((percent, known)) = specifier(value) {
                let (verdict, message) = if known {
                    (Changed, "'%' starts a specifier: %% is a percent sign")
                } else {
                    (Dropped, "Failed to resolve specifiers, ignoring: %% is a percent sign")
                };
                found.push((verdict, Some(percent), message));
            }
            if let Some(blank) = value.iter().position(|b| matches!(b, b' ' | b'\t')) {
                let message = "a blank ends the assignment: put quotes around all of it";
                found.push((Changed, Some(blank), message));
            }
            if str::from_utf8(value).is_err() {
                found.push((Dropped, None, "Invalid environment assignment, ignoring"));
            }
        }
        "k8s.env" => {
            if let Some(reference) = find(b"$(") {
                let escaped = reference > 0 && value[reference - 1] == b'$';
                let message = if escaped {
                    "$$(…) arrives as $(…)"
                } else {
                    "$(NAME) is replaced if NAME stands before it in the same container"
                };
                found.push((Changed, Some(reference), message));
            }
        }
        "aws-lambda" if length > 4096 => {
            found.push((Rejected, None, "Lambda has 4 KB for all variables together"));
        }
        "sudo-E" if value.starts_with(b"()") => {
            found.push((Dropped, Some(0), "sudo leaves out what looks like a shell function"));
        }
        "sudo-E" if name.starts_with(b"LC_") || name == b"LANG" || name == b"TERM" => {
            if let Some(position) = value.iter().position(|b| matches!(b, b'%' | b'/')) {
                found.push((Dropped, Some(position), "sudo leaves out locales with '%' or '/'"));
            }
        }
        "bash.inherit" if value.starts_with(b"() {") => {
            let message = "bash before 4.3 patch 25 runs it as a function (CVE-2014-6271)";
            found.push((Ok, Some(0), message));
        }
        "gitlab.variable" if value.len() > 10_000 => {
            found.push((Rejected, Some(10_000), "is too long (maximum is 10000 characters)"));
        }
        _ => {}
    }
    found
}

/// The first `%` that systemd makes something of, and whether it knows what.
fn specifier(value: &[u8]) -> Option<(usize, bool)> {
    let percent = value.iter().position(|b| *b == b'%')?;
    let letter = value.get(percent + 1)?;
    Some((percent, *letter == b'%' || SPECIFIERS.contains(letter)))
}
