//! `Environment=`, `PassEnvironment=` and `UnsetEnvironment=` of a systemd unit.

use super::{Variable, shells_of};

pub(super) fn variables(text: &[u8]) -> Vec<Variable> {
    let text = String::from_utf8_lossy(text);
    let mut variables: Vec<Variable> = Vec::new();
    let mut shell: &[&'static str] = &[];
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let start = line.trim_start();
        if start.starts_with(['#', ';', '[']) {
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
            let Some((number, line)) = lines.next() else { break };
            parts.push((number + 1, 1, line.to_owned()));
        }
        match key {
            "Environment" | "PassEnvironment" | "UnsetEnvironment" => {
                let words =
                    parts.iter().flat_map(|(line, column, part)| words(part, *line, *column));
                for (word, line, column) in words {
                    let name = word.split('=').next().unwrap_or_default();
                    let ids = &["systemd.environment"];
                    variables.push(Variable::new(name.as_bytes(), line, column, ids));
                }
            }
            "ExecStart" => {
                let program = value.trim_start_matches(['@', '-', ':', '+', '!', '|']);
                shell = shells_of(program.split_whitespace().next().unwrap_or_default());
            }
            _ => {}
        }
    }
    for variable in &mut variables {
        variable.ids.extend(shell);
    }
    variables
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
