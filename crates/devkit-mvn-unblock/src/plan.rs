//! Plans what is to change in a settings file, and proves that it has the wanted effect.
//!
//! The wanted effect is asked of the same rules by which Maven chooses mirrors, before and after: a
//! file that has it already is left alone, however it is written.

use std::path::Path;

use devkit_report::Detailed;
use serde::Serialize;

use crate::edit::{self, Splice};
use crate::effect::{decisive, effective, obstacle, others};
use crate::error::Error;
use crate::maven::settings::{Parsed, Properties, Settings};
use crate::mirror::{BLOCKER, Mirror, Verdict};
use crate::note::{self, Remedy};
use crate::request::Request;
use crate::text::Text;
use crate::wanted::{NewEntry, Wanted};

/// What kind of change it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// None: the file has the effect already.
    None,
    /// The file is edited.
    Edit,
    /// The file is made, or filled if it was empty.
    Create,
}

/// An edit of one file.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What kind of change it is.
    pub change: Change,
    /// The encoding of the file.
    pub encoding: String,
    /// What is put in place of which bytes, in their order.
    pub splices: Vec<Splice>,
    /// The file as it will be.
    pub output: Vec<u8>,
    /// The file's mirrors as they are.
    pub before: Vec<Mirror>,
    /// The file's mirrors as they will be.
    pub after: Vec<Mirror>,
    /// Number of the entry that decides, from 1, if the file has the effect by one of its own.
    pub decided_by: Option<usize>,
    /// What will become of http repositories that no mirror names.
    pub others: Verdict,
    /// What else there is to say about the file.
    pub notes: Vec<Detailed<Remedy>>,
}

/// Plans the change of a file, given its name, and its bytes if it is there.
///
/// # Errors
///
/// [`Error`], for files that are not touched.
///
/// # Panics
///
/// If the edit makes a file that cannot be read again, which would be a mistake in here; nothing is
/// written then.
pub fn plan(
    file: &Path,
    current: Option<&[u8]>,
    request: &Request,
    properties: Properties<'_>,
) -> Result<Plan, Error> {
    let bytes = current.unwrap_or_default();
    if is_blank(bytes) {
        return Ok(create(bytes, request, properties));
    }
    let parsed = Parsed::new(bytes)?;
    let settings = Settings::read(&parsed, properties)?;
    let before = settings.mirrors();
    let wanted = Wanted::find(&before, &settings, request);
    let splices = edit::splices(&settings, &wanted);
    let notes = note::about(&settings, &wanted, file);
    let output = edit::apply(bytes, &splices);
    let after = if splices.is_empty() {
        before.clone()
    } else {
        let parsed = Parsed::new(&output).expect("an edited file is as well-formed as it was");
        Settings::read(&parsed, properties).expect("an edited file says what it said").mirrors()
    };
    if let Some(obstacle) = obstacle(&effective(&after), request) {
        let entry = obstacle.entry.and_then(|entry| after.get(entry));
        let mirror = entry.map_or(BLOCKER, |mirror| mirror.id.as_str()).to_owned();
        return Err(Error::StillBlocked { mirror });
    }
    let change = if splices.is_empty() { Change::None } else { Change::Edit };
    let decided_by = decisive(&effective(&after), request);
    let encoding = parsed.text.encoding();
    let others = others(&after);
    Ok(Plan { change, encoding, splices, output, before, after, decided_by, others, notes })
}

/// What a file without content becomes.
fn create(bytes: &[u8], request: &Request, properties: Properties<'_>) -> Plan {
    let entry = NewEntry::of(request);
    let text = edit::new_file(&entry);
    let parsed = Parsed::new(text.as_bytes()).expect("a new file is well-formed");
    let after = Settings::read(&parsed, properties).expect("a new file is settings").mirrors();
    let output = text.clone().into_bytes();
    Plan {
        change: Change::Create,
        encoding: Text::empty().encoding(),
        splices: vec![Splice { start: 0, end: bytes.len(), text, bytes: output.clone() }],
        output,
        before: Vec::new(),
        decided_by: Some(1),
        others: others(&after),
        after,
        notes: Vec::new(),
    }
}

/// Nothing but white space, and maybe a byte order mark: what Maven refuses, and what loses nothing
/// by being replaced.
pub(crate) fn is_blank(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}
