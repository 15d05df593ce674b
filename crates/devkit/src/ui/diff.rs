//! A unified diff in colour.

use std::fmt::Write as _;

use console::Style;

use super::{To, Ui};

/// A diff with its lines coloured by what they say. It begins with the names of both files.
pub(crate) fn painted(ui: &Ui, to: To, diff: &str) -> String {
    let mut text = String::with_capacity(diff.len());
    for (at, line) in diff.lines().enumerate() {
        let style = match (at, line.bytes().next()) {
            (0 | 1, _) => Style::new().bold(),
            (_, Some(b'@')) => Style::new().cyan(),
            (_, Some(b'-')) => Style::new().red(),
            (_, Some(b'+')) => Style::new().green(),
            _ => Style::new(),
        };
        let _ = writeln!(text, "{}", ui.paint(to, &style, line));
    }
    text
}
