//! What is to change in a settings file, and proof that it has the wanted effect.
//!
//! The wanted effect is asked of the same rules by which Maven chooses mirrors, before and after: a
//! file that has it already is left alone, however it is written.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::edit::{self, Splice};
use crate::error::Error;
use crate::mirror::{
    self, BLOCKER, HTTP_PATTERN, Mirror, NO_MATCH, NOWHERE, Origin, Repository, Verdict,
};
use crate::note::{self, Note};
use crate::settings::{Parsed, Properties, Settings};
use crate::text::Text;
use crate::xml;

/// The id of a repository, fit to stand in a list of ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RepositoryId(String);

/// Why a text is no id of a repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{}' {why}", devkit_text::escape(id.as_bytes()))]
pub struct BadId {
    /// The text.
    pub id: String,
    /// A fragment.
    pub why: &'static str,
}

impl RepositoryId {
    /// Checks an id.
    ///
    /// # Errors
    ///
    /// [`BadId`] for what Maven does not allow in ids, and for what a list of ids cannot hold.
    pub fn parse(id: &str) -> Result<Self, BadId> {
        let why = if id.contains("://") {
            "is a URL; Maven's mirrors know repositories by their ids only"
        } else if id.is_empty() {
            "is no id of a repository"
        } else if id.contains(['\\', '/', ':', '"', '<', '>', '|', '?', '*']) {
            r#"is no id of a repository: Maven allows none of \/:"<>|?* in one"#
        } else if id.contains(',') {
            "holds a comma, which in a list separates ids"
        } else if id.starts_with('!') {
            "begins with '!', which in a list excludes an id"
        } else if id.contains("${") {
            "is a property; what it stands for is wanted"
        } else if id.trim_matches(|c| c <= ' ') != id
            || id.chars().any(|c| c.is_control() || !xml::is_allowed(c))
        {
            "has blanks around it, or characters in it that XML does not have"
        } else {
            return Ok(Self(id.to_owned()));
        };
        Err(BadId { id: id.to_owned(), why })
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// The blocker is off: every http repository may be asked.
    Open,
    /// The repositories of these ids may be asked, beside those that may already; other http
    /// repositories stay blocked.
    Scoped(Vec<RepositoryId>),
}

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
    pub notes: Vec<Note>,
}

/// Plans the change of a file, given its bytes if it is there.
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
    let notes = note::about(&settings, &wanted);
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

/// An entry that is to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewEntry {
    pub(crate) mirror_of: String,
    pub(crate) blocked: bool,
}

impl NewEntry {
    fn of(request: &Request) -> Self {
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
    fn find(before: &[Mirror], settings: &Settings<'_>, request: &Request) -> Self {
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

/// Why the effect is not there.
struct Obstacle {
    /// The entry of the user's that is in the way, by its index; none if it is the installation's.
    entry: Option<usize>,
    /// The id that it blocks; none if it lets too much through.
    blocks: Option<String>,
}

/// The mirrors that count with an installation as it comes.
pub(crate) fn effective(user: &[Mirror]) -> Vec<Mirror> {
    mirror::merged(user, &[Mirror::stock()])
}

/// What becomes of an http repository that no mirror of the user's names.
pub(crate) fn others(user: &[Mirror]) -> Verdict {
    mirror::verdict(&effective(user), &http(&unknown_id(user))).0
}

fn http(id: &str) -> Repository {
    Repository::new(id, "http://repository.invalid/")
}

/// An id that no mirror knows.
pub(crate) fn unknown_id(mirrors: &[Mirror]) -> String {
    let mut id = "unknown".to_owned();
    while mirrors.iter().any(|mirror| mirror.mirror_of.contains(&id)) {
        id.push('x');
    }
    id
}

fn obstacle(mirrors: &[Mirror], request: &Request) -> Option<Obstacle> {
    let unknown = unknown_id(mirrors);
    let in_the_way = |id: &str| {
        let (verdict, mirror) = mirror::verdict(mirrors, &http(id));
        mirror.filter(|_| !verdict.is_open())
    };
    let of = |mirror: &Mirror, blocks: Option<String>| Obstacle { entry: index(mirror), blocks };
    match request {
        Request::Open => {
            if let Some(mirror) = in_the_way(&unknown) {
                return Some(of(mirror, Some(unknown)));
            }
            // What is let past a mirror that catches all others may still be blocked. A mirror that
            // blocks single repositories is somebody's intention; an override of "dummy", as many
            // have it, catches a repository of that name, which nobody has.
            let ids = mirrors.iter().flat_map(|mirror| mirror::java_split(&mirror.mirror_of));
            let ids = ids.map(|item| item.trim_start_matches('!'));
            let ids = ids.filter(|id| RepositoryId::parse(id).is_ok());
            ids.filter_map(|id| in_the_way(id).map(|mirror| (id, mirror)))
                .find(|(_, mirror)| {
                    let is_blocker = mirror.id == BLOCKER && mirror.blocked;
                    is_blocker || mirror::matching(mirror, &http(&unknown)).matches()
                })
                .map(|(id, mirror)| of(mirror, Some(id.to_owned())))
        }
        Request::Scoped(ids) => {
            // In an order of its own, so that the outcome does not depend on that of the request.
            for id in ids.iter().collect::<BTreeSet<_>>() {
                if let Some(mirror) = in_the_way(id.as_str()) {
                    return Some(of(mirror, Some(id.as_str().to_owned())));
                }
            }
            let (verdict, _) = mirror::verdict(mirrors, &http(&unknown));
            let open = mirrors.iter().find(|mirror| is_override(mirror));
            open.filter(|_| verdict == Verdict::Direct).map(|mirror| of(mirror, None))
        }
    }
}

/// Whether a mirror blocks https too, which is somebody's intention, and none of the blocker's.
fn is_lockdown(mirror: &Mirror, mirrors: &[Mirror]) -> bool {
    let https = Repository::new(&unknown_id(mirrors), "https://repository.invalid/");
    mirror.blocked && mirror.id != BLOCKER && mirror::matching(mirror, &https).matches()
}

/// Whether a mirror is there only to take the blocker's place.
pub(crate) fn is_override(mirror: &Mirror) -> bool {
    let is_id = |item: &str| !item.starts_with('!') && !item.contains([':', '*']);
    mirror.id == BLOCKER
        && !mirror.blocked
        && (mirror.is_dead() || !mirror::java_split(&mirror.mirror_of).any(is_id))
}

fn index(mirror: &Mirror) -> Option<usize> {
    match mirror.origin {
        Origin::User { entry, .. } => Some(entry - 1),
        Origin::Installation { .. } | Origin::Stock => None,
    }
}

/// The entry by which the effect is there.
fn decisive(mirrors: &[Mirror], request: &Request) -> Option<usize> {
    let unknown = unknown_id(mirrors);
    let id = match request {
        Request::Open => unknown.as_str(),
        Request::Scoped(ids) => ids.first().map_or(unknown.as_str(), RepositoryId::as_str),
    };
    let (_, mirror) = mirror::verdict(mirrors, &http(id));
    let mirror = mirror.or_else(|| mirrors.iter().find(|mirror| mirror.id == BLOCKER));
    mirror.and_then(index).map(|index| index + 1)
}
