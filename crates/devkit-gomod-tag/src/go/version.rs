//! Versions as Go has them: semver 2.0 with a `v`, numbers of any length, no build metadata.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use devkit_report::{Message, Say};

/// A version that Go takes from a tag: `v1.2.3`, `v1.2.3-rc.1`.
///
/// Rule: `semver.Canonical` of `golang.org/x/mod`, and "Versions" of the Go Modules Reference.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version {
    /// Major, minor, patch.
    numbers: [Number; 3],
    /// What follows `-`, without it.
    prerelease: Option<String>,
}

/// A natural number of any length, as versions have them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Number(String);

/// Why a text is no version that Go takes from a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadVersion {
    /// There is no `v` before it.
    #[error("a version begins with v")]
    NoV,
    /// There are not three numbers.
    #[error("a version has three numbers")]
    NotThree,
    /// A number begins with zero.
    #[error("a number has a leading zero")]
    LeadingZero,
    /// What follows `-` is not made of identifiers.
    #[error("what follows '-' is no list of identifiers")]
    BadPrerelease,
    /// There is build metadata, which Go ignores in tags.
    #[error("Go ignores tags with build metadata, which begins with '+'")]
    Build,
    /// The version has the form that Go gives commits without a tag.
    #[error("it has the form of a pseudo-version, which Go ignores in tags")]
    Pseudo,
}

/// By how much a version goes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bump {
    /// The third number; of a pre-release, its release.
    Patch,
    /// The second number; of a pre-release of such a version, its release.
    Minor,
    /// The first number; of a pre-release of such a version, its release.
    Major,
    /// The next pre-release: `rc.1` of the next patch, or the last number of the one there is.
    Prerelease,
    /// The release of a pre-release.
    Release,
}

impl Number {
    fn parse(text: &str) -> Result<Self, BadVersion> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BadVersion::NotThree);
        }
        if text.len() > 1 && text.starts_with('0') {
            return Err(BadVersion::LeadingZero);
        }
        Ok(Self(text.to_owned()))
    }

    fn zero() -> Self {
        Self("0".into())
    }

    fn is_zero(&self) -> bool {
        self.0 == "0"
    }

    /// The digits of the number.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The next number.
    #[must_use]
    pub fn next(&self) -> Self {
        let nines = self.0.len() - self.0.trim_end_matches('9').len();
        let (head, tail) = self.0.split_at(self.0.len() - nines);
        let mut digits = head.to_owned();
        match digits.pop() {
            Some(last) => digits.push(char::from(last as u8 + 1)),
            None => digits.push('1'),
        }
        digits.extend(tail.chars().map(|_| '0'));
        Self(digits)
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Version {
    /// The first version of a major one: `v0.1.0`, or `v2.0.0` for the path suffix `/v2`.
    #[must_use]
    pub fn first(major: Option<&Number>) -> Self {
        let numbers = match major {
            Some(major) => [major.clone(), Number::zero(), Number::zero()],
            None => [Number::zero(), Number("1".into()), Number::zero()],
        };
        Self { numbers, prerelease: None }
    }

    /// The first of the three numbers.
    #[must_use]
    pub fn major(&self) -> &Number {
        &self.numbers[0]
    }

    /// Whether it is a pre-release.
    #[must_use]
    pub fn is_prerelease(&self) -> bool {
        self.prerelease.is_some()
    }

    /// The version that comes next. `None`: there is none, because it is a release already.
    #[must_use]
    pub fn bumped(&self, bump: Bump) -> Option<Self> {
        let [major, minor, patch] = &self.numbers;
        let release = Self { numbers: self.numbers.clone(), prerelease: None };
        let of = |numbers| Some(Self { numbers, prerelease: None });
        let zero = Number::zero;
        match bump {
            Bump::Release => self.is_prerelease().then_some(release),
            Bump::Patch if self.is_prerelease() => Some(release),
            Bump::Patch => of([major.clone(), minor.clone(), patch.next()]),
            Bump::Minor if self.is_prerelease() && patch.is_zero() => Some(release),
            Bump::Minor => of([major.clone(), minor.next(), zero()]),
            Bump::Major if self.is_prerelease() && patch.is_zero() && minor.is_zero() => {
                Some(release)
            }
            Bump::Major => of([major.next(), zero(), zero()]),
            Bump::Prerelease => Some(match &self.prerelease {
                Some(prerelease) => {
                    Self { prerelease: Some(next_prerelease(prerelease)), ..self.clone() }
                }
                None => Self {
                    numbers: [major.clone(), minor.clone(), patch.next()],
                    prerelease: Some("rc.1".into()),
                },
            }),
        }
    }
}

/// `rc.1` becomes `rc.2`, `beta` becomes `beta.1`.
fn next_prerelease(prerelease: &str) -> String {
    let (head, last) = match prerelease.rsplit_once('.') {
        Some((head, last)) => (Some(head), last),
        None => (None, prerelease),
    };
    match (Number::parse(last), head) {
        (Ok(number), Some(head)) => format!("{head}.{}", number.next().0),
        (Ok(number), None) => number.next().0,
        (Err(_), _) => format!("{prerelease}.1"),
    }
}

impl FromStr for Version {
    type Err = BadVersion;

    fn from_str(text: &str) -> Result<Self, BadVersion> {
        let (version, build) = parts(text)?;
        if version.is_pseudo() {
            return Err(BadVersion::Pseudo);
        }
        if build.is_some() {
            return Err(BadVersion::Build);
        }
        Ok(version)
    }
}

/// What counts where versions are compared that no tag needs to have: pseudo-versions too, and
/// without what follows `+`.
pub(crate) fn precedence(text: &str) -> Option<Version> {
    parts(text).ok().map(|(version, _)| version)
}

/// A version of any kind, and what follows `+`.
fn parts(text: &str) -> Result<(Version, Option<&str>), BadVersion> {
    let rest = text.strip_prefix('v').ok_or(BadVersion::NoV)?;
    let (rest, build) = match rest.split_once('+') {
        Some((rest, build)) => (rest, Some(build)),
        None => (rest, None),
    };
    let (core, prerelease) = match rest.split_once('-') {
        Some((core, prerelease)) => (core, Some(prerelease)),
        None => (rest, None),
    };
    let mut parts = core.split('.').map(Number::parse);
    let mut next = || parts.next().unwrap_or(Err(BadVersion::NotThree));
    let numbers = [next()?, next()?, next()?];
    if parts.next().is_some() {
        return Err(BadVersion::NotThree);
    }
    if let Some(prerelease) = prerelease {
        prerelease.split('.').try_for_each(identifier)?;
    }
    Ok((Version { numbers, prerelease: prerelease.map(str::to_owned) }, build))
}

fn identifier(text: &str) -> Result<(), BadVersion> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if text.is_empty() || !text.bytes().all(known) {
        return Err(BadVersion::BadPrerelease);
    }
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && text.len() > 1 && text.starts_with('0') {
        return Err(BadVersion::LeadingZero);
    }
    Ok(())
}

impl Version {
    /// Whether it is what Go calls a commit without a tag: `v0.0.0-20200102030405-0123456789ab`, or
    /// `…-0.20200102030405-0123456789ab` after a version.
    ///
    /// Rule: the expression of `module.IsPseudoVersion`.
    pub(crate) fn is_pseudo(&self) -> bool {
        self.revision().is_some()
    }

    /// The commit in a pseudo-version, abbreviated.
    pub(crate) fn revision(&self) -> Option<&str> {
        self.pseudo().map(|(_, revision)| revision)
    }

    /// The time in a pseudo-version: `20060102150405`.
    pub(crate) fn time(&self) -> Option<&str> {
        self.pseudo().map(|(time, _)| time)
    }

    fn pseudo(&self) -> Option<(&str, &str)> {
        let (before, revision) = self.prerelease.as_deref()?.rsplit_once('-')?;
        let is_revision =
            !revision.is_empty() && revision.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let split = before.len().checked_sub(14)?;
        if !is_revision || !before.is_char_boundary(split) {
            return None;
        }
        let (head, time) = before.split_at(split);
        let is_first = head.is_empty() && self.numbers[1].is_zero() && self.numbers[2].is_zero();
        let follows = head == "0." || head.ends_with(".0.");
        let is_time = time.bytes().all(|byte| byte.is_ascii_digit());
        (is_time && (is_first || follows)).then_some((time, revision))
    }

    /// Whether it is a patch of the same minor version.
    #[must_use]
    pub fn is_of_line(&self, other: &Self) -> bool {
        self.numbers[..2] == other.numbers[..2]
    }
}

impl Ord for Version {
    /// Precedence: a release comes after its pre-releases, numbers count as numbers.
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (&self.prerelease, &other.prerelease) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => prereleases(a, b),
        })
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn prereleases(a: &str, b: &str) -> Ordering {
    let mut others = b.split('.');
    for a in a.split('.') {
        let Some(b) = others.next() else { return Ordering::Greater };
        let order = match (Number::parse(a), Number::parse(b)) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Err(_), Err(_)) => a.cmp(b),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    if others.next().is_some() { Ordering::Less } else { Ordering::Equal }
}

impl Say for Version {
    fn say(&self, message: &mut Message) {
        self.to_string().say(message);
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = &self.numbers;
        write!(f, "v{}.{}.{}", major.0, minor.0, patch.0)?;
        match &self.prerelease {
            Some(prerelease) => write!(f, "-{prerelease}"),
            None => Ok(()),
        }
    }
}
