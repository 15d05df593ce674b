//! The notes about a settings file: recipes that do nothing or the wrong thing, and what some readers of
//! Maven refuse.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use devkit_report::{Detailed, Finding, Message, Place, Words, message};
use serde::Serialize;

use crate::effect::{http, is_override, unknown_id};
use crate::maven::settings::{Entry, Settings};
use crate::mirror::{self, BLOCKER, Match, Mirror, NO_MATCH};
use crate::wanted::Wanted;
use crate::xml::{Element, TrapKind};

/// What becomes of something that a settings file's owner should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Remedy {
    /// Whether the plan mends it.
    pub fixed: bool,
}

/// What the codes of warnings mean, also of those about other files.
const MEANINGS: &[(&str, &str)] = &[
    ("blank-in-mirror-of", "a blank in a list of ids, which Maven does not skip"),
    ("dead-mirror", "a copy of Maven's blocker that does not block: Maven asks 0.0.0.0"),
    ("shadowed-mirror", "an entry with the id of one before it, which Maven ignores"),
    ("commented-out-blocker", "the blocker as a comment, which changes nothing"),
    ("mirror-outside-mirrors", "a mirror where Maven does not look for one"),
    ("mirrors-in-profile", "mirrors in a profile, which Maven ignores"),
    ("blocked-not-true", "a value of <blocked> that is neither true nor false, and so false"),
    ("no-wildcard", "a pattern that matches nothing"),
    ("hijacks-http", "a mirror that is asked in the place of every http:// repository"),
    ("blocker-replaced", "a mirror of the blocker's id, so that nothing blocks the rest"),
    ("never-used", "a mirror with the pattern of one before it"),
    ("credentials-by-mirror-id", "credentials of a repository, which its mirror does not get"),
    ("undecodable-bytes", "bytes that the file's encoding does not have"),
    ("root-name", "a root element that is not <settings>"),
    ("unknown-prefix", "a prefix that is not declared"),
    ("space-before-declaration", "white space before the XML declaration"),
    ("greater-than-in-instruction", "'>' in a processing instruction"),
    ("instruction-named-xml", "a processing instruction whose name begins with xml"),
    ("quotes-in-doctype", "'>' or ']' in quotes in a DOCTYPE"),
    ("wide-character-in-comment", "a character beyond U+FFFF in a comment"),
    ("installation-blocks", "a mirror of Maven's installation that blocks all the same"),
    ("bad-id", "an id that no list of ids can hold"),
    ("settings-redirected", "an option by which Maven reads other settings"),
    ("java-home", "a home folder of Java's own, by which Maven reads other settings"),
    ("no-trusted-certificates", "no certificates of authorities on this machine"),
    ("unnamed-in-log", "blocked repositories that a log does not name"),
    ("pom-unread", "a POM that was not looked at"),
    ("remote-parent", "parents that were not looked at, because they are in a repository"),
    ("unknown-property", "a property whose value is not known"),
    ("installation-unread", "settings of an installation that cannot be read"),
];

/// What the code of a warning means, in words.
#[must_use]
pub fn meaning(code: &str) -> Option<&'static str> {
    MEANINGS.iter().find(|(known, _)| *known == code).map(|(_, words)| *words)
}

/// What there is to say, in the order of the file.
pub(crate) fn about(
    settings: &Settings<'_>,
    wanted: &Wanted,
    file: &Path,
) -> Vec<Detailed<Remedy>> {
    let mut notes = Notes { settings, wanted, file: file.into(), found: Vec::new() };
    notes.traps();
    notes.misplaced();
    notes.commented_out();
    let mirrors = settings.mirrors();
    for (index, entry) in settings.entries.iter().enumerate() {
        notes.entry(index, entry, &mirrors);
    }
    let mut found = notes.found;
    found.sort_by_key(|note| note.place.as_ref().and_then(|place| place.at));
    found
}

impl Settings<'_> {
    /// What there is to say about the file as it is; `file` is its name.
    #[must_use]
    pub fn notes(&self, file: &Path) -> Vec<Detailed<Remedy>> {
        about(self, &Wanted::default(), file)
    }
}

struct Notes<'a, 't> {
    settings: &'a Settings<'t>,
    wanted: &'a Wanted,
    file: Arc<Path>,
    found: Vec<Detailed<Remedy>>,
}

impl Notes<'_, '_> {
    fn add(&mut self, code: &'static str, at: usize, message: Message) {
        let place = Place::new(Arc::clone(&self.file), self.settings.position(at));
        let byte = self.settings.text.byte_offset(at);
        let found = Finding::warning(code, message).at(place.spanning(byte..byte));
        self.found.push(found.with(Remedy::default()));
    }

    /// For an entry: mended if it is one that changes.
    fn add_of(&mut self, code: &'static str, index: usize, message: Message) {
        self.add(code, self.settings.entries[index].element.span().start, message);
        self.last_is_fixed(self.wanted.changed.contains_key(&index));
    }

    fn last_is_fixed(&mut self, fixed: bool) {
        self.found.last_mut().into_iter().for_each(|note| note.detail.fixed = fixed);
    }

    fn traps(&mut self) {
        let settings = self.settings;
        for trap in settings.traps() {
            let (code, words) = match trap.kind {
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
            self.add(code, trap.at, message!("{}", Words(words)));
        }
        if let Some(at) = settings.text.first_undecodable() {
            let encoding = settings.text.encoding();
            let message = message!(
                "there are bytes here that are not {}: Maven 4 refuses this file",
                encoding
            );
            self.add("undecodable-bytes", at, message);
        }
        let root = settings.root;
        if root.name() != "settings" {
            let message =
                message!("the root element is <{}>: Maven warns in every run", root.name());
            self.add("root-name", root.span().start, message);
        }
    }

    /// Mirrors in places where Maven does not look for them.
    fn misplaced(&mut self) {
        let root = self.settings.root;
        for element in root.elements().filter(|element| element.name() == "mirror") {
            let message = message!("this <mirror> is not inside of <mirrors>: Maven ignores it");
            self.add("mirror-outside-mirrors", element.span().start, message);
        }
        let profiles = root.elements().filter(|element| element.name() == "profiles");
        for profile in profiles.flat_map(Element::elements) {
            let inside = |element: &Element<'_>| matches!(element.name(), "mirrors" | "mirror");
            if let Some(element) = profile.elements().find(inside) {
                let message = message!("mirrors inside of a profile: Maven ignores them");
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
            let message = message!(
                "the blocker is made a comment here, which changes nothing: it comes from the \
                 settings of the installation"
            );
            self.add("commented-out-blocker", span.start, message);
            let fixed = self.wanted.added.is_some();
            self.last_is_fixed(fixed);
        }
    }

    fn entry(&mut self, index: usize, entry: &Entry<'_>, mirrors: &[Mirror]) {
        let mirror = &mirrors[index];
        let id = &mirror.id;
        if let Some(first) = mirrors[..index].iter().position(|other| other.id == mirror.id) {
            let message = message!(
                "entry {} has the id '{}' of entry {} before it: Maven ignores it",
                index + 1,
                id,
                first + 1
            );
            self.add_of("shadowed-mirror", index, message);
            return;
        }
        self.pattern(index, mirror);
        if let Some(value) = entry.blocked.map(Element::text) {
            let known = ["true", "false", ""].iter().any(|word| value.eq_ignore_ascii_case(word));
            if !known {
                let message = message!(
                    "<blocked> of '{}' is '{}', which is false: only true is true",
                    id,
                    value
                );
                self.add_of("blocked-not-true", index, message);
            }
        }
        let unknown = http(&unknown_id(mirrors));
        let catches = mirror::matching(mirror, &unknown);
        if mirror.is_dead() && catches.matches() {
            let message = message!(
                "'{}' does not block, and leads to {}, where nobody answers",
                id,
                crate::secret::masked(&mirror.url)
            );
            self.add_of("dead-mirror", index, message);
        } else if !mirror.blocked && catches == Match::Wildcard(mirror::HTTP_PATTERN) {
            let message = message!(
                "'{}' sends every external http:// repository to {}; ',!ID' at the end of its \
                 mirrorOf lets one be asked itself",
                id,
                crate::secret::masked(&mirror.url)
            );
            self.add_of("hijacks-http", index, message);
        }
        if mirror.id == BLOCKER && !mirror.blocked && !is_override(mirror) && !catches.matches() {
            let message = message!(
                "'{}' is a mirror of {} here, and so nothing blocks other http:// repositories",
                id,
                mirror.mirror_of
            );
            self.add_of("blocker-replaced", index, message);
        }
        self.never_used(index, mirror, mirrors);
        self.credentials(index, mirror);
    }

    fn pattern(&mut self, index: usize, mirror: &Mirror) {
        let id = &mirror.id;
        for item in mirror::java_split(&mirror.mirror_of) {
            let plain = item.trim();
            if plain != item && !plain.is_empty() {
                let message = if let Some(excluded) = plain.strip_prefix('!') {
                    message!(
                        "the exclusion '{}' of '{}' has blanks around it, which Maven does not skip: \
                         '{}' is not excluded",
                        plain,
                        id,
                        excluded
                    )
                } else {
                    message!(
                        "'{}' in the pattern of '{}' has blanks around it, which Maven does not skip",
                        plain,
                        id
                    )
                };
                self.add_of("blank-in-mirror-of", index, message);
            }
            let name = plain.trim_start_matches('!');
            let is_pattern = mirror::wildcard(plain).is_some() || plain == NO_MATCH;
            if name.contains('*') && !is_pattern && (mirror.id != BLOCKER || mirror.blocked) {
                let message = message!(
                    "'{}' in the pattern of '{}' matches nothing: Maven knows *, external:* and \
                     external:http:*, and else whole ids",
                    plain,
                    id
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
            let message =
                message!("'{}' is never used: a mirror before it has the same pattern", mirror.id);
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
            let message = message!(
                "the credentials of server '{}' are not used for the mirror '{}' in its place: they \
                 would need the mirror's id",
                of,
                mirror.id
            );
            self.add_of("credentials-by-mirror-id", index, message);
        }
    }
}
