//! A change as a unified diff, with what is secret hidden.

use similar::TextDiff;

use crate::secret::mask;
use crate::text::Text;

/// The name of a file that is not there, as diff(1) has it.
pub const NO_FILE: &str = "/dev/null";

/// What makes one file the other, as a unified diff with three lines around each change; empty if
/// nothing that may be shown differs.
#[must_use]
pub fn unified(old: (&str, &[u8]), new: (&str, &[u8])) -> String {
    let (old_text, new_text) = (shown(old.1), shown(new.1));
    let diff = TextDiff::from_lines(&old_text, &new_text);
    diff.unified_diff().context_radius(3).header(old.0, new.0).to_string()
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
