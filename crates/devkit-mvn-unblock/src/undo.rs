//! Taking a change back.
//!
//! Nothing is kept beside the backup: that a file is as devkit left it is shown by planning the change
//! of the backup again, which gives the same bytes.

use crate::mirror::Mirror;
use crate::plan::{RepositoryId, Request, form, plan};
use crate::settings::{Parsed, Properties, Settings};

/// What there is to take back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo {
    /// The file is as devkit left it: the backup takes its place.
    Restore,
    /// Devkit has made the file, and it is as it left it: it goes.
    Remove,
    /// The file has changed since.
    Changed {
        /// What devkit left, if that can be told; else what was there before.
        left: Vec<u8>,
    },
    /// Devkit has changed nothing here.
    Nothing,
}

/// Decides what there is to take back, given the file and the newest backup, if there is one.
#[must_use]
pub fn undo(current: Option<&[u8]>, backup: Option<&[u8]>, properties: Properties<'_>) -> Undo {
    let requests = current.map(|bytes| requests(bytes, backup, properties)).unwrap_or_default();
    let outputs = requests
        .iter()
        .filter_map(|request| plan(backup, request, properties).ok().map(|plan| plan.output));
    let outputs: Vec<Vec<u8>> = outputs.collect();
    let as_left = outputs.iter().any(|output| Some(output.as_slice()) == current);
    match (backup, as_left) {
        (Some(_), true) => Undo::Restore,
        (None, true) => Undo::Remove,
        (Some(backup), false) => {
            Undo::Changed { left: outputs.into_iter().next().unwrap_or_else(|| backup.to_vec()) }
        }
        (None, false) => Undo::Nothing,
    }
}

/// What may have been asked for, seen from the outcome.
fn requests(current: &[u8], backup: Option<&[u8]>, properties: Properties<'_>) -> Vec<Request> {
    let mirrors = |bytes: &[u8]| {
        let parsed = Parsed::new(bytes).ok()?;
        Some(Settings::read(&parsed, properties).ok()?.mirrors())
    };
    let Some(now) = mirrors(current) else { return Vec::new() };
    let before = backup.and_then(mirrors).unwrap_or_default();
    let mut requests = Vec::new();
    // What was free before was not asked for, or maybe it was again.
    let new = freed(&before, &now);
    if !new.is_empty() {
        requests.push(Request::Scoped(new));
    }
    requests.extend(form(&now));
    requests.push(Request::Open);
    requests
}

/// The ids that one list of mirrors lets through, and the other did not.
fn freed(before: &[Mirror], now: &[Mirror]) -> Vec<RepositoryId> {
    let mut ids = Vec::new();
    for (at, mirror) in now.iter().enumerate() {
        let old = before.get(at).map_or("", |mirror| mirror.mirror_of.as_str());
        let items = |pattern: &'_ str| -> Vec<String> {
            pattern.split(',').map(|item| item.trim().to_owned()).collect()
        };
        let (old, new) = (items(old), items(&mirror.mirror_of));
        let excluded = new.iter().filter(|item| !old.contains(item));
        let excluded = excluded.filter_map(|item| item.strip_prefix('!'));
        let dropped = old.iter().filter(|item| !new.contains(item)).map(String::as_str);
        ids.extend(excluded.chain(dropped).filter_map(|id| RepositoryId::parse(id).ok()));
    }
    let mut seen = Vec::new();
    ids.retain(|id| {
        let first = !seen.contains(id);
        seen.push(id.clone());
        first
    });
    ids
}
