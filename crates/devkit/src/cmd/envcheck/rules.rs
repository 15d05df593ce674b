//! `--list-contexts` and `--explain`: the rules in words.

use std::fmt::Write as _;

use devkit_envcheck::Context;
use serde::Serialize;

use crate::ui::{Answer, Documents, Fit, Table, To, Ui, column};

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

/// All contexts there are, or the rules behind an id.
pub(super) enum Rules<'a> {
    All(&'a [Context]),
    Explained(&'a [Context]),
}

impl Answer for Rules<'_> {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        let (Self::All(contexts) | Self::Explained(contexts)) = self;
        to.add(&listed(contexts))
    }

    fn text(&self, ui: &Ui) -> String {
        match self {
            Self::All(contexts) => list(ui, contexts),
            Self::Explained(contexts) => {
                contexts.iter().map(explained).collect::<Vec<_>>().join("\n")
            }
        }
    }
}

fn list(ui: &Ui, contexts: &[Context]) -> String {
    let mut table = Table::new(&[
        column("context", Fit::Wrap),
        column("versions", Fit::Wrap),
        column("rule", Fit::Wrap),
    ]);
    let mut group = None;
    for context in contexts {
        if group != Some(context.rule.group) {
            group = Some(context.rule.group);
            table.heading(context.rule.group.name());
        }
        let rule = context.rule;
        let id = format!("  {}", context.id);
        table.row([id.into(), rule.versions.into(), rule.words.into()]);
    }
    table.text(ui, To::Out)
}

fn explained(context: &Context) -> String {
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
    text
}
