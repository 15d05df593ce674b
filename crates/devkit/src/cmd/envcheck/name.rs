//! What is said of one name: the verdict, what to do, and who loses it.

use std::fmt::Write as _;

use console::Style;
use devkit_envcheck::{Context, Group, Line, Outlook, Report, Verdict, Walk};
use devkit_text::escape;

use crate::ui::{Fit, Phrase, Table, To, Ui, column};

/// Everything about one name. `everywhere`: nobody asked for certain contexts.
pub(super) fn report(
    ui: &Ui,
    report: &Report,
    everywhere: bool,
    counts: &dyn Fn(&Context) -> bool,
) -> String {
    let mut text = name(report);
    if let Some(why) = report.dangerous {
        let _ = writeln!(text, "dangerous: {why}");
    }
    if let Some(walk) = &report.chain {
        text.push_str(&chain(ui, walk));
    }
    if !report.contexts.is_empty() {
        text.push_str(&answer(ui, report, everywhere, counts));
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
    let mut table = Table::new(&[
        column("", Fit::Wrap),
        column("", Fit::Wrap),
        column("", Fit::Wrap),
        column("", Fit::Wrap),
    ]);
    for link in &walk.links {
        let good = link.verdict <= Verdict::Changed;
        table.row([
            ui.sign(good).then(format!(" {}", link.id)),
            verdict(link).into(),
            why(link, None).into(),
            link.suggest
                .as_ref()
                .map(|other| format!("instead: {other}"))
                .unwrap_or_default()
                .into(),
        ]);
    }
    let mut text = table.text(ui, To::Out);
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

/// The verdict in one line, and what to do about it.
fn answer(ui: &Ui, report: &Report, everywhere: bool, counts: &dyn Fn(&Context) -> bool) -> String {
    let outlook = if everywhere { report.outlook(counts) } else { report.outlook_there() };
    let (good, words) = match &outlook {
        Outlook::Works if !everywhere => (true, "works there".to_owned()),
        Outlook::Works => (true, works(report)),
        Outlook::Impossible => (false, "no process can have a variable of that name".into()),
        Outlook::LostInShells(shells) => {
            let it = if shells.len() == 1 { "drops it" } else { "drop it" };
            (false, format!("not safe through sh: {} {it}", list(shells)))
        }
        Outlook::NotSetInShells(shells) => {
            (false, format!("passed on by every shell; {} cannot set it", list(shells)))
        }
        Outlook::Lost { by, of: 1 } if *by == 1 => (false, "does not work there".into()),
        Outlook::Lost { by, of } => (false, format!("does not work in {by} of {of} places")),
    };
    let bold = || Style::new().bold();
    let verdict = ui.sign(good).then(" ").then(Phrase::styled(words, bold()));
    let mut text = ui.paragraph(To::Out, &verdict);
    let mut steps = Table::new(&[column("", Fit::Keep), column("", Fit::Wrap)]);
    for (at, (other, of, caveat)) in instead(report).into_iter().enumerate() {
        let label = if at == 0 { "instead:" } else { "" };
        let of = of.map(|of| format!(" for {of}")).unwrap_or_default();
        let caveat = caveat.map(|caveat| format!(" ({caveat})")).unwrap_or_default();
        let other = Phrase::styled(escape(other.as_bytes()), bold());
        steps.row([label.into(), other.then(format!("{of}{caveat}"))]);
    }
    for line in &report.contexts {
        // What a reader makes of a name that it takes is not told in the rows.
        let told = line.verdict == Verdict::Ok && line.suggest.is_some();
        if let Some(caveat) = line.caveat.as_ref().filter(|_| told && !is_alone(report, line)) {
            steps.row([format!("{}:", line.id).into(), caveat.as_str().into()]);
        }
    }
    if everywhere && matches!(outlook, Outlook::LostInShells(_)) {
        steps.row(["keep it:".into(), keep(report).into()]);
    }
    text.push_str(&steps.text(ui, To::Out));
    text
}

/// Where a name works that no shell loses.
fn works(report: &Report) -> String {
    let lost = report.contexts.iter().filter(|line| !line.always);
    match lost.filter(|line| line.verdict > Verdict::Changed).count() {
        0 => {
            let alike = report.contexts.iter();
            let alike = alike.filter(|line| line.always && line.verdict != Verdict::Ok);
            let alike: Vec<&str> = alike.map(|line| line.id.as_str()).collect();
            match alike.as_slice() {
                [] => "works everywhere".into(),
                alike => format!("works everywhere but in {}, which no name passes", list(alike)),
            }
        }
        _ => "works in every shell, and is lost in some places".into(),
    }
}

/// The ways round a shell that loses a name.
fn keep(report: &Report) -> String {
    let exec = "start the program without sh: ENTRYPOINT [\"java\", \"-jar\", \"app.jar\"]";
    let spring = report
        .contexts
        .iter()
        .any(|line| line.context.rule.tool == "spring" && line.suggest.is_some());
    match (&report.name, spring) {
        (Some(name), true) => format!(
            "{exec}; or, for Spring Boot, SPRING_APPLICATION_JSON='{{\"{}\":\"…\"}}'",
            escape(name.as_bytes())
        ),
        _ => exec.into(),
    }
}

/// Names that would do instead, each with who wants it where that is one context only, and what to know
/// of it.
fn instead(report: &Report) -> Vec<(&str, Option<&str>, Option<&str>)> {
    let mut found: Vec<(&str, Vec<&Line>)> = Vec::new();
    for line in &report.contexts {
        let Some(other) = line.suggest.as_deref() else { continue };
        match found.iter_mut().find(|(known, _)| *known == other) {
            Some((_, lines)) => lines.push(line),
            None => found.push((other, vec![line])),
        }
    }
    // What most contexts take comes first.
    found.sort_by_key(|(_, lines)| std::cmp::Reverse(lines.len()));
    let told = found.into_iter().map(|(other, lines)| {
        let of = (lines.len() == 1).then(|| lines[0].id.as_str());
        (other, of, lines[0].caveat.as_deref())
    });
    told.collect()
}

/// Whether nobody else wants the name that is suggested for a context.
fn is_alone(report: &Report, line: &Line) -> bool {
    report.contexts.iter().filter(|other| other.suggest == line.suggest).count() == 1
}

/// `a`, `a and b`, `a, b and c`.
fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A row for each context that loses the name, those that do so in the same way together; of a shell
/// one for all its ways.
fn contexts(ui: &Ui, report: &Report, everywhere: bool) -> String {
    let mut table = Table::new(&[
        column("where", Fit::Wrap),
        column("set it", Fit::Wrap),
        column("pass it on", Fit::Wrap),
        column("why", Fit::Wrap),
    ]);
    let mut fine = 0;
    let mut any = false;
    let told = report.first_position();
    for group in [Group::Channel, Group::Shell, Group::Reader, Group::Platform] {
        let lines: Vec<&Line> =
            report.contexts.iter().filter(|line| line.context.rule.group == group).collect();
        let rows: Vec<[Phrase; 4]> = if group == Group::Shell {
            let mut tools: Vec<&str> = lines.iter().map(|line| line.context.rule.tool).collect();
            tools.dedup();
            let of = |tool: &str| -> Vec<&Line> {
                lines.iter().copied().filter(|line| line.context.rule.tool == tool).collect()
            };
            tools.iter().filter_map(|tool| shell(ui, &of(tool), told, &mut fine)).collect()
        } else {
            let rows = lines.iter().filter_map(|line| row(ui, line, told, everywhere, &mut fine));
            rows.collect()
        };
        if !rows.is_empty() {
            any = true;
            table.heading(group.name());
            for cells in rows {
                table.row(cells);
            }
        }
    }
    if ui.verbose == 0 {
        table.fold(0);
    }
    let mut text = String::new();
    if any {
        let _ = write!(text, "\n{}", table.text(ui, To::Out));
    }
    match (fine, any) {
        (0, _) | (_, false) => {}
        (1, true) => text.push_str("works in 1 other context; -v shows it\n"),
        (fine, true) => {
            let _ = writeln!(text, "works in {fine} other contexts; -v shows them");
        }
    }
    text
}

fn row(
    ui: &Ui,
    line: &Line,
    told: Option<usize>,
    everywhere: bool,
    fine: &mut usize,
) -> Option<[Phrase; 4]> {
    // What happens to every name says nothing about this one, unless it was asked for.
    let hidden = everywhere && line.always;
    if (line.verdict == Verdict::Ok || hidden) && ui.verbose == 0 {
        *fine += usize::from(line.verdict == Verdict::Ok);
        return None;
    }
    let why = why(line, told.filter(|_| ui.verbose == 0));
    Some([format!("  {}", line.id).into(), marked(ui, line), "".into(), why.into()])
}

/// A shell has two answers: setting a variable, and handing one on.
fn shell(ui: &Ui, lines: &[&Line], told: Option<usize>, fine: &mut usize) -> Option<[Phrase; 4]> {
    let sets = lines.iter().filter(|line| line.context.rule.way != Some("inherit"));
    let set = sets.max_by_key(|line| (line.verdict, line.context.rule.way == Some("export")));
    let on = lines.iter().find(|line| line.context.rule.way == Some("inherit"));
    let worst = lines.iter().max_by_key(|line| line.verdict)?;
    if worst.verdict == Verdict::Ok && ui.verbose == 0 {
        *fine += lines.len();
        return None;
    }
    let blamed = set.filter(|set| set.verdict != Verdict::Ok).unwrap_or(worst);
    let cell = |line: Option<&&Line>| line.map(|line| marked(ui, line)).unwrap_or_default();
    Some([
        format!("  {}", worst.context.rule.tool).into(),
        cell(set),
        cell(on),
        why(blamed, told.filter(|_| ui.verbose == 0)).into(),
    ])
}

/// The verdict behind its sign.
fn marked(ui: &Ui, line: &Line) -> Phrase {
    match line.verdict {
        Verdict::Ok => ui.sign(true),
        Verdict::Changed => Phrase::styled("!", Style::new().yellow()).then(" changed"),
        // That a script ends with it is left to -v, so that shells of one answer are told together.
        _ if ui.verbose == 0 && line.becomes.is_none() => {
            ui.sign(false).then(format!(" {}", line.verdict.name()))
        }
        _ => ui.sign(false).then(format!(" {}", verdict(line))),
    }
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

/// Why; nothing where the byte that `told` is of says enough.
fn why(line: &Line, told: Option<usize>) -> String {
    let at = line.position.map(|at| format!("byte {at}: ")).unwrap_or_default();
    match (line.wanted, &line.message, &line.caveat) {
        (Some(_), _, _) if told.is_some() && told == line.position => String::new(),
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
