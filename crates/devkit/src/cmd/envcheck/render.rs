//! The text of all answers.

use std::fmt::Write as _;

use devkit_envcheck::{Context, Group, Line, Report, Verdict, Walk};
use devkit_text::escape;
use serde::Serialize;

use crate::exit;
use crate::ui::{self, Ui};

/// Everything about one name.
pub(super) fn report(ui: &Ui, report: &Report, everywhere: bool) -> String {
    let mut text = name(report);
    if let Some(why) = report.dangerous {
        let _ = writeln!(text, "dangerous: {why}");
    }
    if let Some(walk) = &report.chain {
        text.push_str(&chain(ui, walk));
    }
    if !report.contexts.is_empty() {
        text.push_str(&contexts(ui, report, everywhere));
    }
    for finding in report.values.iter().flatten() {
        let at =
            finding.position.map(|at| format!(" (byte {at} of the value)")).unwrap_or_default();
        let verdict = match finding.verdict {
            Verdict::Ok => "note",
            verdict => verdict.name(),
        };
        let _ = writeln!(text, "value in {}: {verdict}: {}{at}", finding.id, finding.message);
    }
    text
}

/// The name, and a caret below the first byte that somebody objects to.
fn name(report: &Report) -> String {
    if report.bytes.is_empty() {
        return "the empty name\n".into();
    }
    let whole = escape(&report.bytes);
    // What does not fit on a line says its length instead.
    if whole.chars().count() > 200 {
        let start: String = whole.chars().take(40).collect();
        return format!("{start}… ({} bytes)\n", report.bytes.len());
    }
    let mut text = format!("{whole}\n");
    if let Some(at) = report.first_position().filter(|at| *at < report.bytes.len()) {
        let before = console::measure_text_width(&escape(&report.bytes[..at]));
        let _ = writeln!(text, "{:before$}^ byte {at}{}", "", quoted_char(&report.bytes[at..]));
    }
    text
}

/// ` '.'`, for what starts with it.
fn quoted_char(rest: &[u8]) -> String {
    let valid = rest.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    match valid.chars().next() {
        Some(c) => format!(" '{}'", escape(c.to_string().as_bytes())),
        None => format!(" {:#04x}", rest.first().copied().unwrap_or_default()),
    }
}

fn chain(ui: &Ui, walk: &Walk) -> String {
    let mut rows = Vec::new();
    for link in &walk.links {
        let good = link.verdict <= Verdict::Changed;
        rows.push([
            format!("{} {}", ui.mark(good), link.id),
            verdict(link),
            why(link),
            link.suggest.clone().unwrap_or_else(|| "-".into()),
        ]);
    }
    let mut text = ui::table(&rows);
    for caveat in
        walk.links.iter().filter(|link| link.unsure).filter_map(|link| link.caveat.as_ref())
    {
        let _ = writeln!(text, "{caveat}");
    }
    let end = match (&walk.lost_at, &walk.arrives_as) {
        (Some(link), Some(name)) => {
            format!("the name is lost at {link}: {} arrives", escape(name.as_bytes()))
        }
        (Some(link), None) => format!("lost at {link}"),
        (None, _) => "it arrives".into(),
    };
    let _ = writeln!(text, "{end}");
    text
}

/// One row for each context; of a shell one for all its ways.
fn contexts(ui: &Ui, report: &Report, everywhere: bool) -> String {
    let mut rows: Vec<[String; 4]> = Vec::new();
    let mut fine = 0;
    for group in [Group::Channel, Group::Shell, Group::Reader, Group::Platform] {
        let lines: Vec<&Line> =
            report.contexts.iter().filter(|line| line.context.rule.group == group).collect();
        let made: Vec<[String; 4]> = if group == Group::Shell {
            let mut tools: Vec<&str> = lines.iter().map(|line| line.context.rule.tool).collect();
            tools.dedup();
            let of = |tool: &str| -> Vec<&Line> {
                lines.iter().copied().filter(|line| line.context.rule.tool == tool).collect()
            };
            tools.iter().filter_map(|tool| shell(ui, &of(tool), &mut fine)).collect()
        } else {
            lines.iter().filter_map(|line| row(ui, line, everywhere, &mut fine)).collect()
        };
        if !made.is_empty() {
            rows.push([group.name().into(), String::new(), String::new(), String::new()]);
            rows.extend(made);
        }
    }
    let alike = report.contexts.iter().filter(|line| line.always && line.verdict != Verdict::Ok);
    let alike: Vec<&str> = alike.map(|line| line.id.as_str()).collect();
    let mut text = String::new();
    if !rows.is_empty() {
        let head = ["context", "verdict", "why", "use instead"].map(str::to_owned);
        text.push_str(&ui::table(&[vec![head], rows].concat()));
    }
    match (fine, text.is_empty()) {
        (0, _) => {}
        (_, true) if !everywhere || alike.is_empty() => text.push_str("the name works there\n"),
        (_, true) => {
            let _ = writeln!(
                text,
                "works everywhere but in {}, which no name passes",
                alike.join(" and ")
            );
        }
        (1, false) => text.push_str("works in 1 other context; -v shows it\n"),
        (fine, false) => {
            let _ = writeln!(text, "works in {fine} other contexts; -v shows them");
        }
    }
    text
}

fn row(ui: &Ui, line: &Line, everywhere: bool, fine: &mut usize) -> Option<[String; 4]> {
    // What happens to every name says nothing about this one, unless it was asked for.
    let hidden = everywhere && line.always;
    let tells = line.suggest.is_some() || line.verdict != Verdict::Ok && !hidden;
    if !tells && ui.verbose == 0 {
        *fine += usize::from(line.verdict == Verdict::Ok);
        return None;
    }
    Some([
        format!("  {}", line.id),
        verdict(line),
        why(line),
        line.suggest.clone().unwrap_or_else(|| "-".into()),
    ])
}

/// A shell has two answers: setting a variable, and handing one on.
fn shell(ui: &Ui, lines: &[&Line], fine: &mut usize) -> Option<[String; 4]> {
    let sets = lines.iter().filter(|line| line.context.rule.way != Some("inherit"));
    let set = sets.max_by_key(|line| (line.verdict, line.context.rule.way == Some("export")));
    let on = lines.iter().find(|line| line.context.rule.way == Some("inherit"));
    let worst = lines.iter().max_by_key(|line| line.verdict)?;
    if worst.verdict == Verdict::Ok && ui.verbose == 0 {
        *fine += lines.len();
        return None;
    }
    let mut facts = Vec::new();
    if let Some(set) = set {
        facts.push(format!("set: {}", verdict(set)));
    }
    if let Some(on) = on {
        facts.push(format!("pass on: {}", verdict(on)));
    }
    Some([
        format!("  {}", worst.context.rule.tool),
        facts.join(" · "),
        why(set.filter(|set| set.verdict != Verdict::Ok).unwrap_or(worst)),
        lines.iter().find_map(|line| line.suggest.clone()).unwrap_or_else(|| "-".into()),
    ])
}

fn verdict(line: &Line) -> String {
    let fatal = if line.fatal == Some(true) && line.context.rule.group == Group::Shell {
        ", script ends"
    } else {
        ""
    };
    match &line.becomes {
        Some(name) => {
            format!("{} to {}", line.verdict.name(), short(&escape(name.as_bytes()), 24))
        }
        None => format!("{}{fatal}", line.verdict.name()),
    }
}

fn why(line: &Line) -> String {
    let at = line.position.map(|at| format!("byte {at}: ")).unwrap_or_default();
    match (line.wanted, &line.message, &line.caveat) {
        (Some(wanted), _, _) => format!("{at}not {wanted}"),
        (None, Some(message), _) => format!("{at}{}", short(message, 50)),
        (None, None, Some(caveat)) => caveat.clone(),
        (None, None, None) => String::new(),
    }
}

fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// A context as `--json` lists it.
#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    group: &'static str,
    versions: &'static str,
    rule: &'static str,
    source: &'static str,
}

#[derive(Serialize)]
struct List<'a> {
    schema: &'static str,
    contexts: Vec<Listed<'a>>,
}

fn listed(contexts: &[Context]) -> List<'_> {
    let one = |context: &'_ Context| {
        let rule = context.rule;
        (rule.group.name(), rule.versions, rule.words, rule.source)
    };
    let contexts = contexts.iter().map(|context| {
        let (group, versions, rule, source) = one(context);
        Listed { id: &context.id, group, versions, rule, source }
    });
    List { schema: "devkit.envcheck.contexts/1", contexts: contexts.collect() }
}

/// All contexts there are.
pub(super) fn list(ui: &Ui, contexts: &[Context]) -> anyhow::Result<u8> {
    if ui.json {
        ui::document(&listed(contexts))?;
        return Ok(exit::DONE);
    }
    let mut rows = vec![["context", "versions", "rule"].map(str::to_owned)];
    let mut group = None;
    for context in contexts {
        if group != Some(context.rule.group) {
            group = Some(context.rule.group);
            rows.push([context.rule.group.name().into(), String::new(), String::new()]);
        }
        let rule = context.rule;
        rows.push([format!("  {}", context.id), rule.versions.into(), rule.words.into()]);
    }
    ui::result(ui::table(&rows).as_bytes())?;
    Ok(exit::DONE)
}

/// The rules behind an id.
pub(super) fn explain(ui: &Ui, contexts: &[Context]) -> anyhow::Result<u8> {
    if ui.json {
        ui::document(&listed(contexts))?;
        return Ok(exit::DONE);
    }
    let mut texts = Vec::new();
    for context in contexts {
        let rule = context.rule;
        let mut text = format!("{} ({})\n", context.id, rule.group.name());
        for (label, value) in
            [("rule", rule.words), ("versions", rule.versions), ("source", rule.source)]
        {
            let _ = writeln!(text, "  {label:<9} {value}");
        }
        for (names, verdict, message) in rule.describe() {
            let _ = writeln!(text, "  {:<9} {names}: {message}", verdict.name());
        }
        texts.push(text);
    }
    ui::result(texts.join("\n").as_bytes())?;
    Ok(exit::DONE)
}
