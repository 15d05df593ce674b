//! What can be read of a file whose last write was cut short.
//!
//! A kill, or the loss of power, can stop the system between two pages of one write. Then the file
//! ends within an entry; those before it have their lines still.

use serde::de::IgnoredAny;

/// The whole entries of such a file as a file of its own. Nothing if it is no file of ours.
///
/// The pages went with the end; an entry names its run of kubectl itself.
pub(crate) fn mend(text: &str) -> Option<String> {
    let (head, rest) = text.split_once('\n')?;
    if !(head.starts_with(r#"{"log":{"#) && head.ends_with(r#""entries":["#)) {
        return None;
    }
    let lines = rest.lines().map(|line| line.strip_prefix(',').unwrap_or(line));
    let whole =
        |line: &&str| line.starts_with('{') && serde_json::from_str::<IgnoredAny>(line).is_ok();
    let entries: Vec<&str> = lines.take_while(whole).collect();
    let comment = "the last write was cut short: an entry is missing";
    let entries = entries.join("\n,");
    Some(format!("{head}\n{entries}\n],\"pages\":[],\"comment\":\"{comment}\"}}}}\n"))
}
