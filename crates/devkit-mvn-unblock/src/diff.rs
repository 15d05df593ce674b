//! A change as a unified diff, with what is secret hidden.

use std::fmt::Write as _;
use std::ops::Range;

use similar::{ChangeTag, TextDiff};

use crate::secret::mask;
use crate::text::Text;

/// The name of a file that is not there, as diff(1) has it.
pub const NO_FILE: &str = "/dev/null";

/// Lines around a change.
const CONTEXT: usize = 3;

/// What makes one file the other, as a unified diff with three lines around each change; empty if
/// nothing that may be shown differs.
#[must_use]
pub fn unified(old: (&str, &[u8]), new: (&str, &[u8])) -> String {
    let (old_text, new_text) = (shown(old.1), shown(new.1));
    let (old_lines, new_lines) = (lines(&old_text), lines(&new_text));
    // What is looked at closer is only what differs, and what is shown around it.
    let same = |a: &mut dyn Iterator<Item = &&str>, b: &mut dyn Iterator<Item = &&str>| {
        a.zip(b).take_while(|(a, b)| a == b).count()
    };
    let before = same(&mut old_lines.iter(), &mut new_lines.iter());
    let shorter = old_lines.len().min(new_lines.len());
    let behind =
        same(&mut old_lines.iter().rev(), &mut new_lines.iter().rev()).min(shorter - before);
    if before == old_lines.len() && before == new_lines.len() {
        return String::new();
    }
    let start = before.saturating_sub(CONTEXT);
    let end = |lines: &[&str]| (lines.len() - behind + CONTEXT).min(lines.len());
    let old_part = &old_lines[start..end(&old_lines)];
    let new_part = &new_lines[start..end(&new_lines)];
    let diff = TextDiff::from_slices(old_part, new_part);
    let mut text = format!("--- {}\n+++ {}\n", old.0, new.0);
    for group in diff.grouped_ops(CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let old_range = first.old_range().start + start..last.old_range().end + start;
        let new_range = first.new_range().start + start..last.new_range().end + start;
        let _ = writeln!(text, "@@ -{} +{} @@", range(&old_range), range(&new_range));
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            text.push(match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            });
            text.push_str(change.value());
            if !change.value().ends_with('\n') {
                text.push_str("\n\\ No newline at end of file\n");
            }
        }
    }
    text
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// First line and number of lines, as diff(1) has it.
fn range(lines: &Range<usize>) -> String {
    match lines.len() {
        1 => (lines.start + 1).to_string(),
        0 => format!("{},0", lines.start),
        count => format!("{},{count}", lines.start + 1),
    }
}

/// Text without secrets, and without characters that move the cursor.
fn shown(bytes: &[u8]) -> String {
    let text = match Text::decode(bytes) {
        Ok(text) => mask(text.as_str()),
        Err(_) => mask(&String::from_utf8_lossy(bytes)),
    };
    // On a terminal, lines that end with CR only would overwrite each other.
    let text = if text.contains('\r') {
        text.replace("\r\n", "\0").replace('\r', "\n").replace('\0', "\r\n")
    } else {
        text
    };
    let risky = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t') || c > '\u{1fff}';
    if !text.contains(risky) {
        return text;
    }
    let line = |line: &str| {
        let body = line.trim_end_matches(['\r', '\n']);
        let parts: Vec<String> =
            body.split('\t').map(|part| devkit_text::escape(part.as_bytes())).collect();
        parts.join("\t") + &line[body.len()..]
    };
    text.split_inclusive('\n').map(line).collect()
}
