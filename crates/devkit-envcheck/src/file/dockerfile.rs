//! `ENV` of a Dockerfile, and the shell that `ENTRYPOINT` and `CMD` start in their shell form.

use devkit_report::Position;

use super::{ShellForm, Variable, shells_of};

/// An instruction on its logical line.
struct Instruction {
    keyword: String,
    arguments: String,
    /// For each byte of `arguments`, its line and column.
    places: Vec<(usize, usize)>,
    /// Where it starts.
    at: Position,
}

/// What an instruction starts when the container starts.
#[derive(Clone)]
struct Program {
    /// The words of its command.
    words: Vec<String>,
    /// Where Docker puts a shell before it.
    shell_form: Option<ShellForm>,
}

pub(super) fn variables(text: &[u8]) -> Vec<Variable> {
    let text = String::from_utf8_lossy(text);
    let mut variables: Vec<Variable> = Vec::new();
    let mut stages: Vec<Stage> = vec![Stage::default()];
    for instruction in instructions(&text) {
        let arguments = instruction.arguments.trim();
        let stage = stages.last_mut().expect("there is one from the start");
        let program = || {
            if let Some(words) = exec_form(arguments) {
                return Some(Program { words, shell_form: None }).filter(|it| !it.words.is_empty());
            }
            let shell_form = ShellForm {
                at: instruction.at,
                instruction: instruction.keyword.clone(),
                shell: stage.shell().to_owned(),
                program: program_alone(arguments),
                has_arguments_of_cmd: false,
            };
            let words = vec![stage.shell().to_owned()];
            Some(Program { words, shell_form: Some(shell_form) })
        };
        match instruction.keyword.as_str() {
            "FROM" => {
                // Another stage has its own variables, unless it builds on an earlier one.
                let words: Vec<&str> =
                    arguments.split_whitespace().filter(|word| !word.starts_with("--")).collect();
                let base = words.first().copied().unwrap_or_default();
                let known = |stage: &&Stage| !base.is_empty() && stage.name == base;
                let mut next = stages.iter().rev().find(known).cloned().unwrap_or_default();
                next.name = words.get(2).map(|name| (*name).to_owned()).unwrap_or_default();
                stages.push(next);
            }
            "ENV" => {
                let new = assignments(&instruction);
                stage.variables.extend(variables.len()..variables.len() + new.len());
                variables.extend(new);
            }
            "SHELL" => {
                stage.shell = exec_form(arguments).and_then(|words| words.into_iter().next());
            }
            "ENTRYPOINT" => stage.entrypoint = program(),
            "CMD" => stage.command = program(),
            _ => {}
        }
    }
    let last = stages.pop().expect("there is one from the start");
    if let Some((words, shell_form)) = started(last.entrypoint, last.command) {
        let shells = shells_of(words.iter().map(String::as_str));
        for at in last.variables {
            variables[at].ids.extend(shells);
            variables[at].shell_form = shell_form.clone().map(|form| (shells, form));
        }
    }
    variables
}

/// The words that Docker starts, and the instruction that puts a shell among them by its form.
fn started(
    entrypoint: Option<Program>,
    command: Option<Program>,
) -> Option<(Vec<String>, Option<ShellForm>)> {
    let (mut program, command) = match (entrypoint, command) {
        (None, command) => (command?, None),
        (Some(entrypoint), command) => (entrypoint, command),
    };
    // What CMD has is ignored beside a shell form, and else handed over.
    if let Some(form) = &mut program.shell_form {
        form.has_arguments_of_cmd = command.is_some();
        return Some((program.words, program.shell_form));
    }
    let has_shell = !shells_of(program.words.iter().map(String::as_str)).is_empty();
    let mut form = None;
    if let Some(command) = command {
        program.words.extend(command.words);
        form = command.shell_form.filter(|_| !has_shell);
    }
    Some((program.words, form))
}

/// What a stage of the build has so far.
#[derive(Clone, Default)]
struct Stage {
    name: String,
    shell: Option<String>,
    entrypoint: Option<Program>,
    command: Option<Program>,
    /// Which of all variables are set in it.
    variables: Vec<usize>,
}

impl Stage {
    /// What the shell form starts.
    fn shell(&self) -> &str {
        self.shell.as_deref().unwrap_or("/bin/sh")
    }
}

/// The words of `["sh", "-c", "…"]`.
fn exec_form(arguments: &str) -> Option<Vec<String>> {
    let inner = arguments.strip_prefix('[')?.trim_end().strip_suffix(']')?;
    let words = inner.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    (!words.is_empty() || inner.trim().is_empty()).then_some(words)
}

/// The program of a shell form in which the shell has nothing to do but to split words and to start it.
fn program_alone(arguments: &str) -> Option<String> {
    // Words that are the shell's own, as POSIX has them, and what bash and busybox add.
    const OF_SHELL: &[&str] = &[
        ".", ":", "[", "[[", "alias", "bg", "break", "builtin", "case", "cd", "command",
        "continue", "declare", "echo", "eval", "exit", "export", "false", "fg", "for", "function",
        "getopts", "hash", "if", "jobs", "let", "local", "popd", "printf", "pushd", "pwd", "read",
        "readonly", "return", "select", "set", "shift", "shopt", "source", "test", "time", "times",
        "trap", "true", "type", "typeset", "ulimit", "umask", "unalias", "unset", "until", "wait",
        "while",
    ];
    let plain = |c: char| c.is_alphanumeric() || " \t/._-:@%+,".contains(c);
    if !arguments.chars().all(plain) || !shells_of(arguments.split_whitespace()).is_empty() {
        return None;
    }
    let mut words = arguments.split_whitespace();
    let program = words.next()?;
    let program = if program == "exec" { words.next()? } else { program };
    let is_program = !OF_SHELL.contains(&program) && !program.starts_with('-') && program != "exec";
    is_program.then(|| program.to_owned())
}

/// Splits into instructions: comments go, lines that end with the escape character go on.
fn instructions(text: &str) -> Vec<Instruction> {
    let mut escape = '\\';
    for line in text.lines().map_while(|line| line.trim().strip_prefix('#')) {
        if let Some((key, value)) = line.split_once('=')
            && key.trim().eq_ignore_ascii_case("escape")
        {
            escape = value.trim().chars().next().unwrap_or('\\');
        }
    }
    let mut instructions = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let start = line.trim_start();
        if start.is_empty() || start.starts_with('#') {
            continue;
        }
        let (mut arguments, mut places) = (String::new(), Vec::new());
        let mut add = |number: usize, line: &str, from: usize| {
            let body = line.trim_end();
            let more = body.ends_with(escape);
            let body = body.strip_suffix(escape).unwrap_or(body);
            for (at, c) in body.char_indices().filter(|(at, _)| *at >= from) {
                arguments.push(c);
                let column = body[..at].chars().count() + 1;
                places.extend(std::iter::repeat_n((number + 1, column), c.len_utf8()));
            }
            more
        };
        let indent = line.len() - start.len();
        let at = Position { line: number + 1, column: line[..indent].chars().count() + 1 };
        let keyword = start.split_whitespace().next().unwrap_or_default();
        let mut more = add(number, line, indent + keyword.len());
        while more {
            let Some((number, line)) = lines.next() else { break };
            if line.trim_start().starts_with('#') || line.trim().is_empty() {
                continue;
            }
            more = add(number, line, 0);
        }
        let keyword = keyword.to_ascii_uppercase();
        // The lines of a heredoc are no instructions.
        let ends: Vec<String> = if matches!(keyword.as_str(), "RUN" | "COPY" | "ADD") {
            heredocs(&arguments)
        } else {
            Vec::new()
        };
        for end in ends {
            for (_, line) in lines.by_ref() {
                if line.trim_start_matches('\t') == end {
                    break;
                }
            }
        }
        instructions.push(Instruction { keyword, arguments, places, at });
    }
    instructions
}

/// The words that end the heredocs of an instruction: `<<EOF`, `<<-"EOF"`.
fn heredocs(arguments: &str) -> Vec<String> {
    let words = arguments.split_whitespace().filter_map(|word| word.split_once("<<"));
    let name = |(_, rest): (&str, &str)| {
        let name = rest.trim_start_matches('-').trim_matches(['"', '\'']);
        let valid = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        valid.then(|| name.to_owned())
    };
    words.filter_map(name).collect()
}

/// `ENV A=b C="d e"`, or the old form `ENV A b`.
fn assignments(instruction: &Instruction) -> Vec<Variable> {
    const IDS: &[&str] = &["dockerfile.env"];
    let text = &instruction.arguments;
    let mut variables = Vec::new();
    let mut at = 0;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        if at >= text.len() {
            return variables;
        }
        let (line, column) = instruction.places.get(at).copied().unwrap_or((1, 1));
        let mut escaped = false;
        let end = text[at..].find(|c: char| {
            let ends = !escaped && (c == '=' || c.is_whitespace());
            escaped = c == '\\' && !escaped;
            ends
        });
        let name = end.map_or(&text[at..], |end| &text[at..at + end]);
        // What is quoted or put together is known at build time only.
        if !name.contains(['\\', '"', '\'', '$']) {
            variables.push(Variable::new(name.as_bytes(), line, column, IDS));
        }
        at += name.len();
        if !text[at..].starts_with('=') {
            return variables;
        }
        at = value_end(text, at + 1);
    }
}

/// Where a value ends: at a blank that is neither quoted nor escaped.
fn value_end(text: &str, from: usize) -> usize {
    let (mut quote, mut escaped) = (None, false);
    for (at, c) in text[from..].char_indices().map(|(at, c)| (from + at, c)) {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some('\''), '\'') => quote = None,
            (_, '\\') if quote != Some('\'') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, c) if c.is_whitespace() => return at,
            _ => {}
        }
    }
    text.len()
}
