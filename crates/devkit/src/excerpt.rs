//! Shows a line of a file, with a marker under what is wrong in it.

use devkit_text::escape;

/// Columns of a line that are shown around a place.
const AROUND: usize = 60;

/// The line with its number, and `why` beside a marker of `width` columns. `lead`: what of it stands
/// before the marker. Long lines are shown around the place only.
pub(crate) fn excerpt(number: usize, line: &str, lead: &str, width: usize, why: &str) -> String {
    let skipped = lead.chars().count().saturating_sub(AROUND);
    let plain = |text: &str| escape(text.replace('\t', " ").as_bytes());
    let dots = if skipped > 0 { "…" } else { "" };
    let shown: String = line.chars().skip(skipped).take(2 * AROUND).collect();
    let lead: String = lead.chars().skip(skipped).collect();
    let shown = format!("{dots}{}", plain(&shown));
    let blank = console::measure_text_width(&format!("{dots}{}", plain(&lead)));
    let most = console::measure_text_width(&shown).saturating_sub(blank).max(1);
    let number = number.to_string();
    let margin = " ".repeat(number.len());
    format!(
        "{margin} |\n{number} | {shown}\n{margin} | {}{} {why}",
        " ".repeat(blank),
        "^".repeat(width.min(most))
    )
}
