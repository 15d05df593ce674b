//! Blocked repositories in the output of a failed build.

use crate::mirror::Repository;

/// Before the list, in the message of MNG-7128.
const LIST: &str = "Blocked mirror for repositories: [";

/// The repositories that Maven says it has blocked, each once, in the order of the log:
/// `Blocked mirror for repositories: [id (url, default, releases+snapshots), …]`.
///
/// Colours, and what a CI server puts before the lines, do not matter. A list that is cut off counts
/// as far as it goes.
#[must_use]
pub fn blocked(log: &[u8]) -> Vec<Repository> {
    let text = plain(&String::from_utf8_lossy(log));
    let mut found: Vec<Repository> = Vec::new();
    for rest in text.split(LIST).skip(1) {
        let line = rest.lines().next().unwrap_or_default();
        for repository in items(line) {
            if !found.contains(&repository) {
                found.push(repository);
            }
        }
    }
    found
}

/// The items of a list, up to the bracket that closes it.
fn items(mut rest: &str) -> Vec<Repository> {
    let mut found = Vec::new();
    // An id may hold a bracket, which has no URL behind it.
    while let Some((id, more)) = rest.split_once(" (") {
        let Some((description, after)) = more.split_once(')') else { break };
        let mut parts = description.split(", ");
        let url = parts.next().unwrap_or_default();
        let id = id.trim_start_matches(", ");
        if id.is_empty() || !url.contains(':') {
            break;
        }
        let layout = parts.next().filter(|layout| *layout != "default").map(str::to_owned);
        found.push(Repository { id: id.to_owned(), url: url.to_owned(), layout });
        if !after.starts_with(", ") {
            break;
        }
        rest = after;
    }
    found
}

/// Without the sequences by which terminals change colour.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        out.push_str(before);
        let sequence = after.strip_prefix('[').unwrap_or(after);
        let end = sequence.find(|c: char| c.is_ascii_alphabetic());
        rest = &sequence[end.map_or(sequence.len(), |at| at + 1)..];
    }
    out.push_str(rest);
    out
}
