//! Module paths, and the major version that each is for.

use std::fmt;
use std::str::FromStr;

use devkit_report::{Message, Say};

use crate::go::version::{Number, Version};

/// The path of a module: `example.com/m`, `example.com/m/v2`, `gopkg.in/yaml.v3`.
///
/// Rule: `module.CheckPath` and `module.SplitPathVersion` of `golang.org/x/mod`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModulePath {
    text: String,
    /// Bytes before the suffix.
    prefix: usize,
}

/// The end of a path that names a major version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MajorSuffix<'a> {
    /// None: `v0` and `v1`.
    None,
    /// `/v2` and more.
    Slash(&'a str),
    /// `.v1` of gopkg.in, which has one always.
    Dot(&'a str),
    /// `.v1-unstable` of gopkg.in, which takes no versions from tags.
    Unstable(&'a str),
}

/// Why a text is no module path that Go can fetch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPath {
    /// There is nothing.
    #[error("it is empty")]
    Empty,
    /// There is `//`, or `/` at one of its ends.
    #[error("it has an empty element")]
    EmptyElement,
    /// The first element is no host name.
    #[error("the first element has no dot, and so names no host")]
    NoDot,
    /// The first element begins with `-`.
    #[error("it begins with '-'")]
    LeadingDash,
    /// A character that the first element must not have, such as an upper case letter.
    #[error("the first element has the character {0:?}")]
    BadHostCharacter(char),
    /// A character that no element must have.
    #[error("it has the character {0:?}")]
    BadCharacter(char),
    /// An element begins or ends with a dot.
    #[error("the element {0:?} begins or ends with a dot")]
    Dot(String),
    /// An element that Windows reserves.
    #[error("the element {0:?} is a name that Windows reserves")]
    Reserved(String),
    /// An element that ends with `~` and digits, as short names of Windows do.
    #[error("the element {0:?} ends with '~' and digits")]
    ShortName(String),
    /// A suffix such as `/v1`, `/v0`, `/v02` or `/v2.1`, or none for gopkg.in.
    #[error("its end is no major version that a path can have")]
    BadMajor,
}

impl ModulePath {
    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path without its major version.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.text[..self.prefix]
    }

    /// The major version at its end.
    #[must_use]
    pub fn suffix(&self) -> MajorSuffix<'_> {
        let suffix = &self.text[self.prefix..];
        match suffix.as_bytes() {
            [] => MajorSuffix::None,
            [b'/', ..] => MajorSuffix::Slash(&suffix[2..]),
            _ => match suffix[2..].strip_suffix("-unstable") {
                Some(number) => MajorSuffix::Unstable(number),
                None => MajorSuffix::Dot(&suffix[2..]),
            },
        }
    }

    /// Whether a version can be one of this path.
    #[must_use]
    pub fn takes(&self, version: &Version) -> bool {
        let major = version.major().as_str();
        match self.suffix() {
            MajorSuffix::None => matches!(major, "0" | "1"),
            MajorSuffix::Slash(number) | MajorSuffix::Dot(number) => number == major,
            MajorSuffix::Unstable(_) => false,
        }
    }

    /// The major version that every version of this path has; `None` for a path without suffix,
    /// which has two.
    #[must_use]
    pub fn major(&self) -> Option<Number> {
        match self.suffix() {
            MajorSuffix::None => None,
            MajorSuffix::Slash(number)
            | MajorSuffix::Dot(number)
            | MajorSuffix::Unstable(number) => {
                Version::from_str(&format!("v{number}.0.0")).ok().map(|it| it.major().clone())
            }
        }
    }
}

impl Say for ModulePath {
    fn say(&self, message: &mut Message) {
        self.to_string().say(message);
    }
}

impl fmt::Display for ModulePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for ModulePath {
    type Err = BadPath;

    fn from_str(text: &str) -> Result<Self, BadPath> {
        if text.is_empty() {
            return Err(BadPath::Empty);
        }
        if text.starts_with('-') {
            return Err(BadPath::LeadingDash);
        }
        text.split('/').try_for_each(element)?;
        let host = text.split('/').next().unwrap_or_default();
        if !host.contains('.') {
            return Err(BadPath::NoDot);
        }
        let is_of_host = |c: &char| matches!(c, '-' | '.' | '0'..='9' | 'a'..='z');
        if let Some(bad) = host.chars().find(|c| !is_of_host(c)) {
            return Err(BadPath::BadHostCharacter(bad));
        }
        let prefix = split(text).ok_or(BadPath::BadMajor)?;
        Ok(Self { text: text.to_owned(), prefix })
    }
}

fn element(element: &str) -> Result<(), BadPath> {
    if element.is_empty() {
        return Err(BadPath::EmptyElement);
    }
    if element.starts_with('.') || element.ends_with('.') {
        return Err(BadPath::Dot(element.to_owned()));
    }
    let known = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
    if let Some(bad) = element.chars().find(|c| !known(c)) {
        return Err(BadPath::BadCharacter(bad));
    }
    let short = element.split('.').next().unwrap_or_default();
    if is_reserved(short) {
        return Err(BadPath::Reserved(element.to_owned()));
    }
    match short.rsplit_once('~') {
        Some((_, tail)) if !tail.is_empty() && tail.bytes().all(|b| b.is_ascii_digit()) => {
            Err(BadPath::ShortName(element.to_owned()))
        }
        _ => Ok(()),
    }
}

/// Whether Windows reserves a name, which is without what follows a dot.
pub(crate) fn is_reserved(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let numbered = |name: &str| {
        let number = upper.strip_prefix(name).filter(|number| number.len() == 1);
        number.is_some_and(|number| ("1"..="9").contains(&number))
    };
    matches!(&*upper, "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT")
}

/// Bytes before the major version; `None` for one that cannot be.
fn split(path: &str) -> Option<usize> {
    if path.starts_with("gopkg.in/") {
        return split_gopkg_in(path);
    }
    let head = path.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let tail = &path[head.len()..];
    let Some(prefix) = head.strip_suffix("/v").filter(|_| !tail.is_empty()) else {
        return Some(path.len());
    };
    let is_major = !tail.contains('.') && !tail.starts_with('0') && tail != "1";
    is_major.then_some(prefix.len())
}

fn split_gopkg_in(path: &str) -> Option<usize> {
    let stable = path.strip_suffix("-unstable").unwrap_or(path);
    let head = stable.trim_end_matches(|c: char| c.is_ascii_digit());
    let tail = &stable[head.len()..];
    let prefix = head.strip_suffix(".v")?;
    let is_major = !tail.is_empty() && (!tail.starts_with('0') || tail == "0" && stable == path);
    is_major.then_some(prefix.len())
}
