//! Finds blocked repositories in the output of a failed build.

use crate::mirror::{BLOCKER, NOWHERE, Repository};

/// Before the list, in the message of MNG-7128.
const LIST: &str = "Blocked mirror for repositories: [";
/// Before a repository, in what `mvn -X` prints for each that a mirror catches.
const USING: [&str; 2] = ["Using mirror ", " for "];

/// What a log says about blocked repositories.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blocked {
    /// Repositories that are named, each once, in the order of the log.
    pub repositories: Vec<Repository>,
    /// Whether others are blocked too, which the log does not name: Maven 4 (4.0.0-rc-6) names but
    /// its blocker where it looks for parents and imported BOMs.
    pub unnamed: bool,
}

/// Finds the repositories that Maven says it has blocked:
/// `Blocked mirror for repositories: [id (url, default, releases+snapshots), …]`; where Maven 4 names
/// only its blocker there, those of which `mvn -X` says that it is used for them.
///
/// Colours, and what a CI server puts before the lines, do not matter. A list that is cut off counts
/// as far as it goes.
#[must_use]
pub fn blocked(log: &[u8]) -> Blocked {
    let text = plain(&String::from_utf8_lossy(log));
    let mut found = Blocked::default();
    for rest in text.split(LIST).skip(1) {
        for repository in items(rest.lines().next().unwrap_or_default()) {
            if repository.id == BLOCKER {
                found.unnamed = true;
            } else {
                found.take(repository);
            }
        }
    }
    if found.unnamed {
        let used = text.lines().filter_map(used_for).filter(|used| used.id != BLOCKER);
        for repository in used {
            found.take(repository);
            found.unnamed = false;
        }
    }
    found
}

impl Blocked {
    fn take(&mut self, repository: Repository) {
        if !self.repositories.contains(&repository) {
            self.repositories.push(repository);
        }
    }
}

/// The repository of `Using mirror maven-default-http-blocker (http://0.0.0.0/) for id (url).`
fn used_for(line: &str) -> Option<Repository> {
    let (_, rest) = line.split_once(USING[0])?;
    let rest = rest.strip_prefix(BLOCKER)?.strip_prefix(" (")?.strip_prefix(NOWHERE)?;
    let rest = rest.strip_prefix(')')?.strip_prefix(USING[1])?;
    let (id, url) = rest.trim_end().trim_end_matches('.').strip_suffix(')')?.rsplit_once(" (")?;
    Some(Repository::new(id, url))
}

/// The items of a list, up to the bracket that closes it.
fn items(mut rest: &str) -> Vec<Repository> {
    let mut found = Vec::new();
    // An id may hold a bracket, which has no URL behind it.
    while let Some((id, more)) = rest.split_once(" (") {
        // A URL may hold a bracket, too.
        let is_end = |at: usize| matches!(more.as_bytes().get(at + 1), None | Some(b',' | b']'));
        let Some((end, _)) = more.match_indices(')').find(|(at, _)| is_end(*at)) else { break };
        let (description, after) = (&more[..end], &more[end + 1..]);
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

/// Without the sequences by which terminals change colour, and make links.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        out.push_str(before);
        let end = match after.as_bytes().first() {
            Some(b'[') => after[1..].find(|c| matches!(c, '@'..='~')).map(|at| at + 2),
            // Up to BEL, or ESC and a backslash.
            Some(b']') => match after.find(['\u{7}', '\u{1b}', '\n']) {
                Some(at) if after[at..].starts_with("\u{1b}\\") => Some(at + 2),
                Some(at) if after[at..].starts_with('\u{7}') => Some(at + 1),
                other => other,
            },
            _ => after.chars().next().map(char::len_utf8),
        };
        rest = &after[end.unwrap_or(after.len())..];
    }
    out.push_str(rest);
    out
}
