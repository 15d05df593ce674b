//! What becomes of a variable in several contexts alike, told once, with a way out.

use devkit_report::{Detailed, Finding, Message, Place, Words, message};

use super::{Fate, ShellForm};
use crate::verdict::Verdict;

/// Makes one finding of those at one place that tell the same of several contexts. `findings` are in the
/// order of the file.
#[must_use]
pub fn told_together(findings: &[Detailed<Fate>]) -> Vec<Detailed<Verdict>> {
    let mut told = Vec::new();
    let place = |finding: &Detailed<Fate>| (finding.detail.line, finding.detail.column);
    for at_one_place in findings.chunk_by(|a, b| place(a) == place(b)) {
        let mut groups: Vec<Vec<&Detailed<Fate>>> = Vec::new();
        for finding in at_one_place {
            match groups.iter_mut().find(|group| are_alike(&group[0].detail, &finding.detail)) {
                Some(group) => group.push(finding),
                None => groups.push(vec![finding]),
            }
        }
        told.extend(groups.iter().map(|group| once(group).with(group[0].detail.verdict)));
    }
    told
}

fn are_alike(a: &Fate, b: &Fate) -> bool {
    a.verdict == b.verdict
        && (&a.name_hex, &a.becomes) == (&b.name_hex, &b.becomes)
        && a.shell_form == b.shell_form
}

/// The finding for a group, which has at least one.
fn once(group: &[&Detailed<Fate>]) -> Finding {
    let first = &group[0].detail;
    let mut contexts = distinct(group.iter().map(|found| found.detail.id.as_str()));
    let last = contexts.pop().unwrap_or_default();
    let by = if contexts.is_empty() {
        last
    } else {
        message!("{} and {}", Message::joined(contexts, ", "), last)
    };
    let mut text = message!("{} is {} by {}", first.told(), Words(first.verdict.name()), by);
    if let Some(becomes) = &first.becomes {
        text = text.and(&message!(", to {}", becomes));
    }
    let mut finding = group[0].finding.clone();
    finding.message = text;
    let causes = causes(group);
    if !causes.is_empty() {
        finding = finding.because(Message::joined(causes, "\n"));
    }
    let mut ways: Vec<Message> = Vec::new();
    if let Some(form) = &first.shell_form {
        ways.extend(form.way_out());
        if let Some(place) = &finding.place {
            let place = Place::new(place.file.clone(), form.at);
            let starts = message!("the shell form of {} starts {}", form.instruction, form.shell);
            finding = finding.related(place, starts);
        }
    }
    let names = distinct(group.iter().filter_map(|found| found.detail.suggest.as_deref()));
    if !names.is_empty() {
        ways.push(message!("another name would do: {}", Message::joined(names, " or ")));
    }
    if ways.is_empty() { finding } else { finding.hint(Message::joined(ways, "\n")) }
}

/// Why, each reason once: with its context where there are several.
fn causes(group: &[&Detailed<Fate>]) -> Vec<Message> {
    let mut causes: Vec<(&str, &str)> = Vec::new();
    // What two contexts say alike but for their own name is one cause.
    let words = |cause: &str| cause.split_once(' ').map(|(_, words)| words.to_owned());
    for fact in group.iter().map(|found| &found.detail) {
        let Some(cause) = fact.message.as_deref() else { continue };
        let is_known = |(_, known): &(&str, &str)| {
            *known == cause || words(cause).is_some_and(|words_of| words(known) == Some(words_of))
        };
        if !causes.iter().any(is_known) {
            causes.push((&fact.id, cause));
        }
    }
    match causes[..] {
        [(_, cause)] => vec![cause.into()],
        ref causes => causes.iter().map(|(id, cause)| message!("{}: {}", id, cause)).collect(),
    }
}

/// Texts as they come, each once.
fn distinct<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<Message> {
    let mut seen = Vec::new();
    for text in texts.map(Message::from) {
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
    seen
}

impl ShellForm {
    /// How the program starts without a shell, if that is known. Only the program is named: its
    /// arguments may be secret.
    fn way_out(&self) -> Option<Message> {
        let program = self.program.as_deref()?;
        let words = message!("{} [\"{}\", …] starts no shell", self.instruction, program);
        Some(if self.has_arguments_of_cmd {
            words.and(&message!(", and takes CMD as arguments"))
        } else {
            words
        })
    }
}
