//! Mirrors, and which of them Maven takes for a repository.
//!
//! Rule: `org.eclipse.aether.util.repository.DefaultMirrorSelector` of Maven's resolver, the same in
//! Maven 3.8, 3.9 and 4. The repository's id and declared URL count; a mirror's own URL does not, nor
//! does a redirect.

use std::path::PathBuf;

use serde::Serialize;

use devkit_report::Position;

/// The id of the mirror with which Maven's installations block, since 3.8.1 (MNG-7118).
pub const BLOCKER: &str = "maven-default-http-blocker";
/// The pattern of that mirror.
pub const HTTP_PATTERN: &str = "external:http:*";
/// A pattern that no repository matches: an id cannot have a colon or an asterisk.
pub const NO_MATCH: &str = "external:dont-match-anything-mate:*";
/// Where that mirror leads: nowhere.
pub const NOWHERE: &str = "http://0.0.0.0/";

/// A `<mirror>` as Maven reads it, its properties resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mirror {
    /// The mirror's id; `default` if there is none.
    pub id: String,
    /// Where it leads.
    #[serde(serialize_with = "crate::secret::masked_url")]
    pub url: String,
    /// The pattern of repositories that it is a mirror of.
    pub mirror_of: String,
    /// The layouts it is for; empty is any.
    #[serde(skip)]
    pub layouts: String,
    /// Whether asking it is refused.
    pub blocked: bool,
    /// Where it is from.
    pub origin: Origin,
}

/// Where a mirror is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum Origin {
    /// The settings that are asked about.
    User {
        /// The number of the entry in `<mirrors>`, from 1.
        entry: usize,
        /// Where it stands.
        at: Position,
    },
    /// The settings of an installation.
    Installation {
        /// The file.
        #[serde(serialize_with = "devkit_report::json_path")]
        file: PathBuf,
        /// The number of the entry in `<mirrors>`, from 1.
        entry: usize,
        /// Where it stands.
        at: Position,
    },
    /// What every installation since 3.8.1 comes with.
    Stock,
}

impl Mirror {
    /// The entry that every installation since 3.8.1 comes with.
    #[must_use]
    pub fn stock() -> Self {
        Self {
            id: BLOCKER.into(),
            url: NOWHERE.into(),
            mirror_of: HTTP_PATTERN.into(),
            layouts: "default".into(),
            blocked: true,
            origin: Origin::Stock,
        }
    }

    /// Whether it leads nowhere, though nothing says that it blocks: a copy of the blocker with
    /// `<blocked>` switched off.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        !self.blocked && Url::of(&self.url).host == Some("0.0.0.0")
    }
}

/// A repository as a POM or a profile declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The repository's id.
    pub id: String,
    /// The URL as it is declared.
    pub url: String,
    /// The layout, if it is not `default`.
    pub layout: Option<String>,
}

impl Repository {
    /// A repository of the usual layout.
    #[must_use]
    pub fn new(id: &str, url: &str) -> Self {
        Self { id: id.into(), url: url.into(), layout: None }
    }

    /// Whether `external:http:*` matches it: http or dav, and not from `localhost` or `127.0.0.1`,
    /// written exactly so (MNG-7132).
    #[must_use]
    pub fn is_external_http(&self) -> bool {
        let Url { protocol, host } = Url::of(&self.url);
        let protocol = protocol.to_ascii_lowercase();
        matches!(protocol.as_str(), "http" | "dav" | "dav:http" | "dav+http") && !is_local(host)
    }

    /// Whether `external:*` matches it.
    fn is_external(&self) -> bool {
        let Url { protocol, host } = Url::of(&self.url);
        !is_local(host) && !protocol.eq_ignore_ascii_case("file")
    }
}

fn is_local(host: Option<&str>) -> bool {
    matches!(host, Some("localhost" | "127.0.0.1"))
}

/// What the resolver sees of a URL (`RemoteRepository`):
/// `([^:/]+(:[^:/]{2,}+(?=://))?):(//([^@/]*@)?([^/:]+))?.*`
struct Url<'a> {
    protocol: &'a str,
    host: Option<&'a str>,
}

impl<'a> Url<'a> {
    fn of(url: &'a str) -> Self {
        let none = Self { protocol: "", host: None };
        let Some((first, rest)) = url.split_once(':') else { return none };
        if first.is_empty() || first.contains('/') {
            return none;
        }
        // A second word, as in dav:http://
        let second = rest.split_once("://").map(|(word, _)| word);
        let second = second.filter(|word| word.chars().count() >= 2 && !word.contains([':', '/']));
        let (protocol, rest) = match second {
            Some(word) => {
                let length = first.len() + 1 + word.len();
                (&url[..length], &url[length + 1..])
            }
            None => (first, rest),
        };
        let host = rest.strip_prefix("//").and_then(|rest| {
            let user = rest.find(['@', '/']).filter(|at| rest.as_bytes()[*at] == b'@');
            let host = &rest[user.map_or(0, |at| at + 1)..];
            let host = &host[..host.find(['/', ':']).unwrap_or(host.len())];
            Some(host).filter(|host| !host.is_empty())
        });
        Self { protocol, host }
    }
}

/// What a mirror's pattern says about a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Match {
    /// The whole pattern is the repository's id: this counts before all other matches.
    WholeId,
    /// An item of the list is its id.
    Id,
    /// This wildcard of the list matches.
    Wildcard(&'static str),
    /// An item excludes the id.
    Excluded,
    /// No item matches.
    No,
    /// The mirror is for other layouts.
    Layout,
}

impl Match {
    /// Whether the mirror would be taken.
    #[must_use]
    pub fn matches(&self) -> bool {
        matches!(self, Self::WholeId | Self::Id | Self::Wildcard(_))
    }
}

/// What a pattern says about a repository, without regard to the mirrors before it.
#[must_use]
pub fn matching(mirror: &Mirror, repository: &Repository) -> Match {
    let layout = repository.layout.as_deref().unwrap_or("default");
    if !layout_matches(&mirror.layouts, layout) {
        return Match::Layout;
    }
    let (pattern, id) = (mirror.mirror_of.as_str(), repository.id.as_str());
    if pattern == id {
        return Match::WholeId;
    }
    let mut result = Match::No;
    // Blanks are not trimmed.
    for item in java_split(pattern) {
        if item.len() > 1 && item.starts_with('!') {
            if item[1..] == *id {
                return Match::Excluded;
            }
        } else if item == id {
            return Match::Id;
        } else if let Some(wildcard) = wildcard(item)
            && wildcard_matches(wildcard, repository)
        {
            result = Match::Wildcard(wildcard);
        }
    }
    result
}

/// The wildcards there are.
const WILDCARDS: &[&str] = &["*", "external:*", HTTP_PATTERN];

pub(crate) fn wildcard(item: &str) -> Option<&'static str> {
    WILDCARDS.iter().copied().find(|wildcard| *wildcard == item)
}

fn wildcard_matches(wildcard: &str, repository: &Repository) -> bool {
    match wildcard {
        "*" => true,
        "external:*" => repository.is_external(),
        _ => repository.is_external_http(),
    }
}

fn layout_matches(layouts: &str, layout: &str) -> bool {
    if layouts.is_empty() || layouts == "*" || layouts == layout {
        return true;
    }
    let mut result = false;
    for item in java_split(layouts) {
        if item.len() > 1 && item.starts_with('!') {
            if item[1..] == *layout {
                return false;
            }
        } else if item == layout {
            return true;
        } else if item == "*" {
            result = true;
        }
    }
    result
}

/// `String.split(",")`, which drops empty items at the end.
pub(crate) fn java_split(list: &str) -> impl Iterator<Item = &str> {
    list.trim_end_matches(',').split(',')
}

/// The mirrors that count, in their order: those of the user, then those of the installation; of
/// several with one id only the first.
#[must_use]
pub fn merged(user: &[Mirror], installation: &[Mirror]) -> Vec<Mirror> {
    let mut all: Vec<Mirror> = Vec::new();
    let mut ids = std::collections::HashSet::new();
    for mirror in user.iter().chain(installation) {
        if ids.insert(mirror.id.as_str()) {
            all.push(mirror.clone());
        }
    }
    all
}

/// The mirror that Maven takes, of those that count: its index and how it matches.
#[must_use]
pub fn choose(mirrors: &[Mirror], repository: &Repository) -> Option<(usize, Match)> {
    let mut first = None;
    for (at, mirror) in mirrors.iter().enumerate() {
        match matching(mirror, repository) {
            Match::WholeId => return Some((at, Match::WholeId)),
            found if first.is_none() && found.matches() => first = Some((at, found)),
            _ => {}
        }
    }
    first
}

/// What becomes of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No mirror catches it: Maven asks the repository itself.
    Direct,
    /// A mirror is asked in its place.
    Mirrored,
    /// Maven refuses to ask.
    Blocked,
    /// Maven asks an address that nobody has.
    Dead,
}

impl Verdict {
    /// Whether a build can get anything from there.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Direct | Self::Mirrored)
    }
}

/// What becomes of a repository, and the mirror that decides it.
#[must_use]
pub fn verdict<'a>(
    mirrors: &'a [Mirror],
    repository: &Repository,
) -> (Verdict, Option<&'a Mirror>) {
    let Some((at, _)) = choose(mirrors, repository) else { return (Verdict::Direct, None) };
    let mirror = &mirrors[at];
    let verdict = if mirror.blocked {
        Verdict::Blocked
    } else if mirror.is_dead() {
        Verdict::Dead
    } else {
        Verdict::Mirrored
    };
    (verdict, Some(mirror))
}
