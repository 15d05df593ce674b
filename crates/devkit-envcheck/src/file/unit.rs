//! `Environment=`, `PassEnvironment=` and `UnsetEnvironment=` of a systemd unit.

use super::{Variable, shells_of};
use crate::syntax::IDENTIFIER;
use crate::verdict::Verdict;

const ID: &str = "systemd.environment";

pub(super) fn variables(text: &[u8]) -> Vec<Variable> {
    let text = String::from_utf8_lossy(text);
    let mut variables: Vec<Variable> = Vec::new();
    let mut shell: &[&'static str] = &[];
    let mut lines = text.lines().enumerate();
    let mut section = String::new();
    while let Some((number, line)) = lines.next() {
        let start = line.trim_start();
        if let Some(name) = start.strip_prefix('[') {
            name.split(']').next().unwrap_or_default().clone_into(&mut section);
            continue;
        }
        if start.starts_with(['#', ';']) {
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let key = key.trim();
        let column = line.len() - value.len() + 1;
        let mut parts = vec![(number + 1, column, value.to_owned())];
        while parts.last().is_some_and(|(.., part)| part.ends_with('\\')) {
            if let Some((.., part)) = parts.last_mut() {
                part.pop();
            }
            let comment = |line: &str| line.trim_start().starts_with(['#', ';']);
            let Some((number, line)) = lines.find(|(_, line)| !comment(line)) else { break };
            parts.push((number + 1, 1, line.to_owned()));
        }
        match key {
            "Environment" | "PassEnvironment" | "UnsetEnvironment" => {
                let words =
                    parts.iter().flat_map(|(line, column, part)| words(part, *line, *column));
                let place = (key, section.as_str());
                variables
                    .extend(words.map(|(word, line, column)| variable(&word, line, column, place)));
            }
            "ExecStart" => {
                let program = value.trim_start_matches(['@', '-', ':', '+', '!', '|']);
                shell = shells_of(program.split_whitespace());
            }
            _ => {}
        }
    }
    for variable in &mut variables {
        variable.ids.extend(shell);
    }
    variables
}

/// A word of one of the three settings, in a section.
fn variable(word: &str, line: usize, column: usize, (key, section): (&str, &str)) -> Variable {
    let runs = ["Service", "Socket", "Mount", "Swap"].contains(&section);
    let (name, value) = word.split_once('=').unwrap_or((word, ""));
    let sets = key == "Environment" && runs;
    let ids: &[&'static str] = if sets { &[ID] } else { &[] };
    let mut variable = Variable::new(name.as_bytes(), line, column, ids);
    if sets {
        // The value was one word: its blanks are quoted.
        variable.value = Some(value.replace([' ', '\t'], "_").into());
    }
    let why = match key {
        _ if !runs => format!("Unknown key '{key}' in section [{section}], ignoring"),
        "PassEnvironment" => "Invalid environment name for PassEnvironment, ignoring".into(),
        _ => "Invalid environment name or assignment UnsetEnvironment, ignoring".into(),
    };
    if !runs || !sets && !IDENTIFIER.fits(name.as_bytes()) {
        variable.besides(ID, Verdict::Dropped, why);
    }
    variable
}

/// Words as systemd splits them: quotes keep blanks, also in the middle of a word.
fn words(text: &str, line: usize, column: usize) -> Vec<(String, usize, usize)> {
    let mut words = Vec::new();
    let mut word: Option<(String, usize)> = None;
    let (mut quote, mut escaped) = (None, false);
    for (at, c) in text.chars().enumerate() {
        if word.is_none() && c.is_whitespace() {
            continue;
        }
        let (current, _) = word.get_or_insert_with(|| (String::new(), column + at));
        match (quote, c) {
            _ if escaped => {
                escaped = false;
                current.push(c);
            }
            (_, '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, c) if c.is_whitespace() => {
                words.extend(word.take().map(|(text, column)| (text, line, column)));
            }
            _ => current.push(c),
        }
    }
    words.extend(word.map(|(text, column)| (text, line, column)));
    words
}
