//! Writes the table of rules as a page of the manual.

use std::fmt::Write as _;

use crate::line::shown;
use crate::probe::{SHELLS, Way};
use crate::rule::Group;
use crate::rules;
use crate::verdict::Verdict;

/// Names that differ from shell to shell.
const TELLING: &[&str] = &[
    "MY_VAR", "a.b", "a-b", "1A", "café", "a b", "a[0]", "a+", "__", "IFS", "path", "UID", "PS1",
    "=a",
];

/// All contexts, and what the shells do with some names, in Markdown.
#[must_use]
pub fn page() -> String {
    let mut text = String::from(
        "# devkit envcheck: contexts\n\n\
         Made from devkit's table of rules; the tests compare it with the real programs.\n",
    );
    for group in [Group::Channel, Group::Shell, Group::Reader, Group::Platform] {
        let _ = write!(
            text,
            "\n## {}\n\n| context | versions | a name works if it is | source |\n| --- | --- | --- | --- |\n",
            match group {
                Group::Channel => "Channels",
                Group::Shell => "Shells",
                Group::Reader => "Readers",
                Group::Platform => "Platforms",
            }
        );
        for rule in rules::all().filter(|rule| rule.group == group) {
            let cell = |text: &str| text.replace('|', "\\|");
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} |",
                rule.id(),
                cell(rule.versions),
                cell(rule.words),
                cell(rule.source)
            );
        }
    }
    text.push_str(
        "\n## What shells do with some names\n\n\
         Setting it, and handing it on to a child. A fatal error ends the script.\n\n| name |",
    );
    for shell in SHELLS {
        let _ = write!(text, " {} |", shell.tool);
    }
    text.push_str("\n| --- |");
    text.push_str(&" --- |".repeat(SHELLS.len()));
    for name in TELLING {
        let _ = write!(text, "\n| `{name}` |");
        for shell in SHELLS {
            let _ = write!(text, " {} |", facts(shell.tool, shell.ways, name.as_bytes()));
        }
    }
    text.push('\n');
    text
}

/// `rejected, fatal; ok`.
fn facts(tool: &str, ways: &[Way], name: &[u8]) -> String {
    let answer = |way: Way| {
        let rule = rules::all().find(|rule| rule.tool == tool && rule.way == Some(way.id()))?;
        let answer = rule.check(name, b"7");
        Some(match (answer.verdict, &answer.becomes) {
            (Verdict::Mangled, Some(becomes)) => format!("`{}`", shown(becomes)),
            (Verdict::Rejected, _) if answer.fatal == Some(true) => "fatal".to_owned(),
            (verdict, _) => verdict.name().to_owned(),
        })
    };
    let set = [Way::ExportQuoted, Way::Set, Way::Setenv, Way::Assign];
    let set = set.into_iter().find(|way| ways.contains(way)).and_then(answer);
    let on = answer(Way::Inherit);
    [set, on].into_iter().flatten().collect::<Vec<_>>().join("; ")
}
