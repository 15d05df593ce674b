//! The pages of a HAR file, one for each run of kubectl, and the tail that they are in.

use std::collections::HashMap;

use super::entry::{HarEntry, RunOf};

/// The tail is written again with each entry, so it must stay small.
const MOST: usize = 1_000;
/// A UUID has 36. What is longer is cut for the same reason.
const LONGEST_SESSION: usize = 100;
const LONGEST_TITLE: usize = 200;

/// The pages so far.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// By session and title.
    numbers: HashMap<(String, String), usize>,
    json: String,
    /// Whether a run has no page.
    full: bool,
}

/// The page of an entry.
pub(super) enum PageOf {
    /// The entry belongs to no run of kubectl.
    None,
    Known(usize),
    New {
        number: usize,
        key: (String, String),
        json: String,
    },
    Full,
}

impl PageOf {
    pub(super) fn id(&self) -> Option<String> {
        match self {
            Self::Known(number) | Self::New { number, .. } => Some(format!("run-{number}")),
            Self::None | Self::Full => None,
        }
    }
}

impl Pages {
    pub(super) fn of(&self, entry: &HarEntry) -> PageOf {
        let Some(RunOf { session, command }) = entry.run() else { return PageOf::None };
        let key = (clipped(session, LONGEST_SESSION), clipped(command, LONGEST_TITLE));
        if let Some(number) = self.numbers.get(&key) {
            return PageOf::Known(*number);
        }
        if self.numbers.len() >= MOST {
            return PageOf::Full;
        }
        let number = self.numbers.len() + 1;
        let json = serde_json::json!({
            "startedDateTime": entry.started(),
            "id": format!("run-{number}"),
            "title": key.1,
            "pageTimings": { "onContentLoad": -1, "onLoad": -1 },
            "_session": key.0,
        });
        PageOf::New { number, key, json: json.to_string() }
    }

    /// Closes the entries, the pages and everything.
    pub(super) fn tail(&self) -> String {
        tail(&self.json, "", self.full)
    }

    /// The tail after an entry with this page.
    pub(super) fn tail_with(&self, page: &PageOf) -> String {
        match page {
            PageOf::New { json, .. } => tail(&self.json, json, self.full),
            PageOf::Full => tail(&self.json, "", true),
            PageOf::None | PageOf::Known(_) => self.tail(),
        }
    }

    pub(super) fn take(&mut self, page: PageOf) {
        match page {
            PageOf::New { number, key, json } => {
                self.json = joined(&self.json, &json);
                self.numbers.insert(key, number);
            }
            PageOf::Full => self.full = true,
            PageOf::None | PageOf::Known(_) => {}
        }
    }
}

fn tail(pages: &str, page: &str, full: bool) -> String {
    let pages = joined(pages, page);
    let comment = if full {
        format!(
            r#","comment":"only the first {MOST} runs of kubectl have a page; _run names the others""#
        )
    } else {
        String::new()
    };
    format!("\n],\"pages\":[{pages}]{comment}}}}}\n")
}

fn joined(pages: &str, page: &str) -> String {
    let comma = if pages.is_empty() || page.is_empty() { "" } else { "," };
    format!("{pages}{comma}{page}")
}

fn clipped(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
