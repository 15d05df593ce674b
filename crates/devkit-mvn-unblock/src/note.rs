//! The notes about a settings file: recipes that do nothing or the wrong thing, and what some readers of
//! Maven refuse.

use std::collections::HashSet;

use serde::Serialize;

use crate::effect::{http, is_override, unknown_id};
use crate::mirror::{self, BLOCKER, Match, Mirror, NO_MATCH};
use crate::place::Position;
use crate::settings::{Entry, Settings};
use crate::wanted::Wanted;
use crate::xml::{Element, TrapKind};

/// Something about a settings file that its owner should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Stable and kebab-case.
    pub code: &'static str,
    /// Where it is.
    pub at: Position,
    /// What it is, as a fragment.
    pub message: String,
    /// Whether the plan mends it.
    pub fixed: bool,
}

/// What there is to say, in the order of the file.
pub(crate) fn about(settings: &Settings<'_>, wanted: &Wanted) -> Vec<Note> {
    let mut notes = Notes { settings, wanted, found: Vec::new() };
    notes.traps();
    notes.misplaced();
    notes.commented_out();
    let mirrors = settings.mirrors();
    for (index, entry) in settings.entries.iter().enumerate() {
        notes.entry(index, entry, &mirrors);
    }
    let mut found = notes.found;
    found.sort_by_key(|note| note.at);
    found
}

impl Settings<'_> {
    /// What there is to say about the file as it is.
    #[must_use]
    pub fn notes(&self) -> Vec<Note> {
        about(self, &Wanted::default())
    }
}

struct Notes<'a, 't> {
    settings: &'a Settings<'t>,
    wanted: &'a Wanted,
    found: Vec<Note>,
}

impl Notes<'_, '_> {
    fn add(&mut self, code: &'static str, at: usize, message: String) {
        let at = self.settings.position(at);
        self.found.push(Note { code, at, message, fixed: false });
    }

    /// For an entry: mended if it is one that changes.
    fn add_of(&mut self, code: &'static str, index: usize, message: String) {
        let at = self.settings.position(self.settings.entries[index].element.span().start);
        let fixed = self.wanted.changed.contains_key(&index);
        self.found.push(Note { code, at, message, fixed });
    }

    fn traps(&mut self) {
        let settings = self.settings;
        for trap in settings.traps() {
            let (code, message) = match trap.kind {
                TrapKind::WideCharacterInComment => (
                    "wide-character-in-comment",
                    "a comment holds a character beyond U+FFFF (an emoji, say): Maven 3.8 refuses \
                     this file",
                ),
                TrapKind::GreaterThanInInstruction => (
                    "greater-than-in-instruction",
                    "a processing instruction holds '>': Maven 3 refuses this file",
                ),
                TrapKind::QuotesInDoctype => (
                    "quotes-in-doctype",
                    "the DOCTYPE holds '>' or ']' in quotes: Maven 3 refuses this file",
                ),
                TrapKind::InstructionNamedXml => (
                    "instruction-named-xml",
                    "a processing instruction's name begins with 'xml': Maven 3 refuses this file",
                ),
                TrapKind::UnknownPrefix => (
                    "unknown-prefix",
                    "a prefix is not declared by xmlns: Maven 4 refuses this file",
                ),
                TrapKind::SpaceBeforeDeclaration => (
                    "space-before-declaration",
                    "there is white space before the XML declaration: Maven 4 refuses this file",
                ),
            };
            self.add(code, trap.at, message.into());
        }
        if let Some(at) = settings.text.first_undecodable() {
            let encoding = settings.text.encoding();
            let message =
                format!("there are bytes here that are not {encoding}: Maven 4 refuses this file");
            self.add("undecodable-bytes", at, message);
        }
        let root = settings.root;
        if root.name() != "settings" {
            let message =
                format!("the root element is <{}>: Maven warns in every run", root.name());
            self.add("root-name", root.span().start, message);
        }
    }

    /// Mirrors in places where Maven does not look for them.
    fn misplaced(&mut self) {
        let root = self.settings.root;
        for element in root.elements().filter(|element| element.name() == "mirror") {
            let message = "this <mirror> is not inside of <mirrors>: Maven ignores it".to_owned();
            self.add("mirror-outside-mirrors", element.span().start, message);
        }
        let profiles = root.elements().filter(|element| element.name() == "profiles");
        for profile in profiles.flat_map(Element::elements) {
            let inside = |element: &Element<'_>| matches!(element.name(), "mirrors" | "mirror");
            if let Some(element) = profile.elements().find(inside) {
                let message = "mirrors inside of a profile: Maven ignores them".to_owned();
                self.add("mirrors-in-profile", element.span().start, message);
            }
        }
    }

    /// Switching a copy of the blocker off by making it a comment does nothing: the installation has
    /// its own.
    fn commented_out(&mut self) {
        let source = self.settings.text.as_str();
        if self.settings.entries.iter().any(|entry| entry.mirror.id == BLOCKER) {
            return;
        }
        let mut comments = self.settings.comments();
        let id = format!("<id>{BLOCKER}</id>");
        if let Some(span) = comments.find(|span| source[span.clone()].contains(&id)) {
            let message =
                "the blocker is made a comment here, which changes nothing: it comes from the \
                           settings of the installation"
                    .to_owned();
            self.add("commented-out-blocker", span.start, message);
            let fixed = self.wanted.added.is_some();
            self.found.last_mut().into_iter().for_each(|note| note.fixed = fixed);
        }
    }

    fn entry(&mut self, index: usize, entry: &Entry<'_>, mirrors: &[Mirror]) {
        let mirror = &mirrors[index];
        let id = shown(&mirror.id);
        if let Some(first) = mirrors[..index].iter().position(|other| other.id == mirror.id) {
            let message = format!(
                "entry {} has the id '{id}' of entry {} before it: Maven ignores it",
                index + 1,
                first + 1
            );
            self.add_of("shadowed-mirror", index, message);
            return;
        }
        self.pattern(index, mirror);
        if let Some(value) = entry.blocked.map(Element::text) {
            let known = ["true", "false", ""].iter().any(|word| value.eq_ignore_ascii_case(word));
            if !known {
                let value = shown(&value);
                let message =
                    format!("<blocked> of '{id}' is '{value}', which is false: only true is true");
                self.add_of("blocked-not-true", index, message);
            }
        }
        let unknown = http(&unknown_id(mirrors));
        let catches = mirror::matching(mirror, &unknown);
        if mirror.is_dead() && catches.matches() {
            let message = format!(
                "'{id}' does not block, and leads to {}, where nobody answers",
                shown(&crate::secret::masked(&mirror.url))
            );
            self.add_of("dead-mirror", index, message);
        } else if !mirror.blocked && catches == Match::Wildcard(mirror::HTTP_PATTERN) {
            let url = shown(&crate::secret::masked(&mirror.url));
            let message = format!(
                "'{id}' sends every external http:// repository to {url}; ',!ID' at the end of its \
                 mirrorOf lets one be asked itself"
            );
            self.add_of("hijacks-http", index, message);
        }
        if mirror.id == BLOCKER && !mirror.blocked && !is_override(mirror) && !catches.matches() {
            let message = format!(
                "'{id}' is a mirror of {} here, and so nothing blocks other http:// repositories",
                shown(&mirror.mirror_of)
            );
            self.add_of("blocker-replaced", index, message);
        }
        self.never_used(index, mirror, mirrors);
        self.credentials(index, mirror);
    }

    fn pattern(&mut self, index: usize, mirror: &Mirror) {
        let id = shown(&mirror.id);
        for item in mirror::java_split(&mirror.mirror_of) {
            let plain = item.trim();
            if plain != item && !plain.is_empty() {
                let message = if let Some(excluded) = plain.strip_prefix('!') {
                    format!(
                        "the exclusion '{}' of '{id}' has blanks around it, which Maven does not skip: \
                         '{}' is not excluded",
                        shown(plain),
                        shown(excluded)
                    )
                } else {
                    format!(
                        "'{}' in the pattern of '{id}' has blanks around it, which Maven does not skip",
                        shown(plain)
                    )
                };
                self.add_of("blank-in-mirror-of", index, message);
            }
            let name = plain.trim_start_matches('!');
            let is_pattern = mirror::wildcard(plain).is_some() || plain == NO_MATCH;
            if name.contains('*') && !is_pattern && (mirror.id != BLOCKER || mirror.blocked) {
                let message = format!(
                    "'{}' in the pattern of '{id}' matches nothing: Maven knows *, external:* and \
                     external:http:*, and else whole ids",
                    shown(plain)
                );
                self.add_of("no-wildcard", index, message);
            }
        }
    }

    /// The second of two mirrors with the same pattern is never taken.
    fn never_used(&mut self, index: usize, mirror: &Mirror, mirrors: &[Mirror]) {
        let mut ids = HashSet::new();
        let mut before = mirrors[..index].iter().filter(|other| ids.insert(&other.id));
        let same = before
            .any(|other| other.mirror_of == mirror.mirror_of && other.layouts == mirror.layouts);
        if same && mirror.mirror_of != NO_MATCH {
            let message = format!(
                "'{}' is never used: a mirror before it has the same pattern",
                shown(&mirror.id)
            );
            self.add_of("never-used", index, message);
        }
    }

    /// Credentials are looked up by the mirror's id, not by that of the repository.
    fn credentials(&mut self, index: usize, mirror: &Mirror) {
        let servers = &self.settings.servers;
        if mirror.blocked || servers.iter().any(|server| *server == mirror.id) {
            return;
        }
        let mut ids = mirror::java_split(&mirror.mirror_of);
        if let Some(of) = ids.find(|id| servers.iter().any(|server| server == id)) {
            let message = format!(
                "the credentials of server '{}' are not used for the mirror '{}' in its place: they \
                 would need the mirror's id",
                shown(of),
                shown(&mirror.id)
            );
            self.add_of("credentials-by-mirror-id", index, message);
        }
    }
}

fn shown(text: &str) -> String {
    devkit_text::escape(text.as_bytes())
}
