//! The mirrors that a file should have, so that what is asked for comes true.

use std::collections::BTreeMap;

use crate::effect::{effective, is_lockdown, obstacle};
use crate::maven::settings::Settings;
use crate::mirror::{BLOCKER, HTTP_PATTERN, Mirror, NO_MATCH, NOWHERE, Origin};
use crate::request::{RepositoryId, Request};

/// An entry that is to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewEntry {
    pub(crate) mirror_of: String,
    pub(crate) blocked: bool,
}

impl NewEntry {
    pub(crate) fn of(request: &Request) -> Self {
        match request {
            // Maven 3.6 complains about <blocked> in every run, so that it is there only if it must.
            Request::Open => Self { mirror_of: NO_MATCH.into(), blocked: false },
            Request::Scoped(ids) => Self { mirror_of: scoped(ids), blocked: true },
        }
    }

    /// The entry at an index, if it is the last and may be one that was added.
    pub(crate) fn in_file(mirrors: &[Mirror], index: usize) -> Option<Self> {
        let mirror = mirrors.get(index).filter(|_| mirrors.len() == index + 1)?;
        let known = if mirror.blocked {
            is_narrowed(HTTP_PATTERN, &mirror.mirror_of)
        } else {
            mirror.mirror_of == NO_MATCH
        };
        let entry = Self { mirror_of: mirror.mirror_of.clone(), blocked: mirror.blocked };
        (mirror.id == BLOCKER && known).then_some(entry)
    }

    fn mirror(&self) -> Mirror {
        Mirror {
            id: BLOCKER.into(),
            url: NOWHERE.into(),
            mirror_of: self.mirror_of.clone(),
            layouts: "default".into(),
            blocked: self.blocked,
            origin: Origin::Stock,
        }
    }
}

fn scoped(ids: &[RepositoryId]) -> String {
    let mut pattern = HTTP_PATTERN.to_owned();
    for (at, id) in ids.iter().enumerate() {
        // Blanks would not be skipped.
        if !ids[..at].contains(id) {
            pattern.push_str(",!");
            pattern.push_str(id.as_str());
        }
    }
    pattern
}

/// What the mirrors of a file should be.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Entries that get another pattern, by their index, with whether they block.
    pub(crate) changed: BTreeMap<usize, (String, bool)>,
    /// An entry at the end.
    pub(crate) added: Option<NewEntry>,
}

impl Wanted {
    /// Changes one thing after the other, until the effect is there.
    pub(crate) fn find(before: &[Mirror], settings: &Settings<'_>, request: &Request) -> Self {
        let mut wanted = Self::default();
        let mut mirrors = before.to_vec();
        // Each step ends one obstacle for good: one entry's for one id.
        let ids = match request {
            Request::Open => 1,
            Request::Scoped(ids) => ids.len() + 1,
        };
        for _ in 0..(before.len() + 1) * (ids + 1) {
            let Some(obstacle) = obstacle(&effective(&mirrors), request) else { break };
            if *request == Request::Open
                && obstacle.entry.is_some_and(|entry| is_lockdown(&mirrors[entry], &mirrors))
            {
                break;
            }
            let Some(entry) = obstacle.entry else {
                let added = NewEntry::of(request);
                mirrors.push(added.mirror());
                wanted.added = Some(added);
                continue;
            };
            let (pattern, blocked) = match (request, &obstacle.blocks) {
                (Request::Open, _) => (NO_MATCH.to_owned(), false),
                (Request::Scoped(ids), None) => (scoped(ids), true),
                (Request::Scoped(_), Some(id)) => {
                    let now = wanted.changed.get(&entry).map(|(pattern, _)| pattern.clone());
                    (without(&now.unwrap_or_else(|| pattern(settings, entry)), id), true)
                }
            };
            mirrors[entry].mirror_of.clone_from(&pattern);
            mirrors[entry].blocked = blocked;
            wanted.changed.insert(entry, (pattern, blocked));
        }
        wanted
    }

    /// What was wanted of a file, seen from the outcome: the differences that a change makes, and
    /// none that it never does.
    pub(crate) fn between(before: &Settings<'_>, now: &Settings<'_>) -> Self {
        let mut wanted = Self::default();
        let mirrors = now.mirrors();
        for (entry, mirror) in mirrors.iter().enumerate().take(before.entries.len()) {
            let (old, new) = (pattern(before, entry), pattern(now, entry));
            let same = old == new && before.entries[entry].mirror.blocked == mirror.blocked;
            let known = if mirror.blocked {
                is_narrowed(&old, &new) || is_narrowed(HTTP_PATTERN, &new)
            } else {
                new == NO_MATCH
            };
            if !same && known {
                wanted.changed.insert(entry, (new, mirror.blocked));
            }
        }
        wanted.added = NewEntry::in_file(&mirrors, before.entries.len());
        wanted
    }
}

/// The pattern of an entry as it is written. An id in a property could not be taken out of it.
fn pattern(settings: &Settings<'_>, entry: usize) -> String {
    let entry = &settings.entries[entry];
    let raw = entry.mirror_of.text();
    if raw.contains("${") { entry.mirror.mirror_of.clone() } else { raw.into_owned() }
}

/// Whether a pattern is another one, from which ids were taken by [`without`].
fn is_narrowed(old: &str, new: &str) -> bool {
    if new == NO_MATCH {
        return true;
    }
    let new: Vec<&str> = new.split(',').collect();
    let old: Vec<&str> = old.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
    let kept: Vec<&str> = old.iter().copied().filter(|item| new.contains(item)).collect();
    let mut dropped = old.iter().filter(|item| !kept.contains(item));
    let added = new.strip_prefix(kept.as_slice());
    let is_exclusion =
        |item: &&str| item.strip_prefix('!').is_some_and(|id| RepositoryId::parse(id).is_ok());
    added.is_some_and(|added| added.iter().all(is_exclusion))
        && dropped.all(|item| new.contains(&format!("!{item}").as_str()))
}

/// A pattern that no longer matches an id, in the form that Maven reads.
fn without(pattern: &str, id: &str) -> String {
    let excluded = format!("!{id}");
    let mut items: Vec<&str> =
        pattern.split(',').map(str::trim).filter(|item| !item.is_empty() && *item != id).collect();
    if items.is_empty() {
        return NO_MATCH.to_owned();
    }
    if !items.contains(&excluded.as_str()) {
        items.push(&excluded);
    }
    items.join(",")
}
