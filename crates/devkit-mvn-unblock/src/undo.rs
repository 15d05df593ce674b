//! Decides what there is to take back of a change.
//!
//! Nothing is kept beside the backup: that a file is as devkit left it is shown by making the change
//! of the backup again, with the mirrors as they are now, which gives the same bytes.

use std::path::Path;

use crate::edit;
use crate::maven::settings::{Parsed, Properties, Settings};
use crate::plan::{self, plan};
use crate::request::Request;
use crate::wanted::{NewEntry, Wanted};

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
    let left = current.and_then(|current| left(current, backup, properties));
    let as_left = left.is_some() && left.as_deref() == current;
    match (backup, as_left) {
        (Some(_), true) => Undo::Restore,
        (None, true) => Undo::Remove,
        // Devkit had made it anew; the backup is of a file before.
        (Some(_), false) if left_of_none(current, properties) => Undo::Remove,
        (Some(backup), false) => {
            let open =
                || plan(Path::new("settings.xml"), Some(backup), &Request::Open, properties).ok();
            let left = left.or_else(|| open().map(|plan| plan.output));
            Undo::Changed { left: left.unwrap_or_else(|| backup.to_vec()) }
        }
        (None, false) => Undo::Nothing,
    }
}

fn left_of_none(current: Option<&[u8]>, properties: Properties<'_>) -> bool {
    current.is_some()
        && current.and_then(|current| left(current, None, properties)).as_deref() == current
}

/// The backup with the mirrors of the file as it is, as far as devkit would have made them so.
fn left(current: &[u8], backup: Option<&[u8]>, properties: Properties<'_>) -> Option<Vec<u8>> {
    let parsed = Parsed::new(current).ok()?;
    let now = Settings::read(&parsed, properties).ok()?;
    let Some(backup) = backup.filter(|bytes| !plan::is_blank(bytes)) else {
        let entry = NewEntry::in_file(&now.mirrors(), 0)?;
        return Some(edit::new_file(&entry).into_bytes());
    };
    let parsed = Parsed::new(backup).ok()?;
    let before = Settings::read(&parsed, properties).ok()?;
    let wanted = Wanted::between(&before, &now);
    Some(edit::apply(backup, &edit::splices(&before, &wanted)))
}
