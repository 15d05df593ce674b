//! Lines of `NAME=VALUE`: .env, `docker run --env-file`, `EnvironmentFile=`.

use super::{Format, Variable};
use crate::verdict::Verdict;

const DOTENV: &[&str] = &[
    "compose.env-file",
    "dotenv.node",
    "dotenv.python",
    "dotenv.rust-dotenvy",
    "dotenv.godotenv",
    "dotenv.ruby",
];

pub(super) fn variables(format: Format, text: &[u8]) -> Vec<Variable> {
    let ids = match format {
        Format::DockerEnvFile => &["docker.env-file"][..],
        Format::EnvironmentFile => &["systemd.environment-file"],
        _ => DOTENV,
    };
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut lines = text.split(|byte| *byte == b'\n').enumerate();
    let mut variables = Vec::new();
    while let Some((number, line)) = lines.next() {
        let start = line.trim_ascii_start();
        let comment: &[u8] = if format == Format::EnvironmentFile { b"#;" } else { b"#" };
        if start.first().is_none_or(|byte| comment.contains(byte)) {
            continue;
        }
        let exported = start.strip_prefix(b"export").filter(|rest| {
            format == Format::Dotenv && rest.first().is_some_and(u8::is_ascii_whitespace)
        });
        let rest = exported.map_or(start, <[u8]>::trim_ascii_start);
        // A name alone is taken from the environment, if it is there.
        let colons = format == Format::Dotenv;
        let ends = |byte: &u8| *byte == b'=' || colons && *byte == b':';
        let (name, value) = match rest.iter().position(ends) {
            Some(at) => (&rest[..at], Some(&rest[at + 1..])),
            None => (rest.trim_ascii_end(), None),
        };
        let colon = rest.get(name.len()) == Some(&b':');
        let name = if format == Format::DockerEnvFile { name } else { name.trim_ascii_end() };
        let before = String::from_utf8_lossy(&line[..line.len() - rest.len()]).chars().count();
        let mut variable = Variable::new(name, number + 1, before + 1, ids);
        variable.value = value.map(<[u8]>::to_vec);
        if colon {
            // Who takes a colon: Compose, godotenv, and Node and Ruby with a blank behind it.
            for id in ["dotenv.python", "dotenv.rust-dotenvy"] {
                variable.ids.retain(|known| *known != id);
                let why = "only '=' ends a name here".to_owned();
                variable.besides(id, Verdict::Rejected, why);
            }
        }
        variables.push(variable);
        // A quoted value may go on for lines, which are no assignments.
        if format != Format::DockerEnvFile && value.is_some_and(goes_on) {
            let quote =
                value.map(<[u8]>::trim_ascii_start).and_then(|value| value.first().copied());
            for (_, line) in lines.by_ref() {
                if line.iter().any(|byte| Some(*byte) == quote) {
                    break;
                }
            }
        }
    }
    variables
}

/// Whether a value opens a quote and does not close it.
fn goes_on(value: &[u8]) -> bool {
    let value = value.trim_ascii_start();
    match value.split_first() {
        Some((quote @ (b'"' | b'\''), rest)) => {
            let mut escaped = false;
            !rest.iter().any(|byte| {
                let closes = byte == quote && !escaped;
                escaped = *byte == b'\\' && *quote == b'"' && !escaped;
                closes
            })
        }
        _ => false,
    }
}
