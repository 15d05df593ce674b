//! Which tags are the versions of a module.
//!
//! Rule: "Mapping versions to commits" of the Go Modules Reference, and `cmd/go`'s `coderepo.go`.

use std::collections::BTreeMap;
use std::fmt;

use crate::go::path::{MajorSuffix, ModulePath};
use crate::go::version::{BadVersion, Version};

/// What stands before the version in the tags of a module: `sdk/`, or nothing for the root.
///
/// It is the module's folder without a last `/vN` that is the module's own major version: the tags
/// of `lib/v2`, if that is where `example.com/lib/v2` lies, are `lib/v2.0.0` and so on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TagPrefix(String);

/// A module that Go does not find where it lies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misplaced {
    /// The module's path is not below that of the repository.
    #[error("its path does not begin with {root}")]
    Foreign {
        /// The import path of the repository's root.
        root: String,
    },
    /// The module lies in another folder than its path says.
    #[error("by its path it belongs in {}", shown(expected))]
    Elsewhere {
        /// The folder by its path.
        expected: String,
    },
}

fn shown(folder: &str) -> &str {
    if folder.is_empty() { "the repository's root" } else { folder }
}

impl TagPrefix {
    /// The prefix for a module, given the import path of the repository's root, and the module's
    /// folder with `/` on every system, empty for the root.
    ///
    /// # Errors
    ///
    /// [`Misplaced`], if Go would look for it elsewhere.
    pub fn of(root: &str, folder: &str, path: &ModulePath) -> Result<Self, Misplaced> {
        // A repository can be the root of a path with a major version as a whole.
        let whole = path.as_str() == root;
        let code = if whole { root } else { path.prefix() };
        let below = code.strip_prefix(root).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let Some(below) = below else { return Err(Misplaced::Foreign { root: root.to_owned() }) };
        let below = below.trim_start_matches('/');
        let in_major = match path.suffix() {
            MajorSuffix::Slash(number) if !whole => folder == joined(below, &format!("v{number}")),
            _ => false,
        };
        if folder != below && !in_major {
            return Err(Misplaced::Elsewhere { expected: below.to_owned() });
        }
        Ok(Self(if below.is_empty() { String::new() } else { format!("{below}/") }))
    }

    /// The tag of a version.
    #[must_use]
    pub fn tag(&self, version: &Version) -> String {
        format!("{}{version}", self.0)
    }

    /// The version that a tag is for this prefix. `None`: it is one of another module, or no version
    /// at all, such as `nightly` or `sdk/client/v1.0.0` for the prefix `sdk/`.
    #[must_use]
    pub fn version(&self, tag: &str) -> Option<Result<Version, BadVersion>> {
        let rest = tag.strip_prefix(&*self.0)?;
        let looks_like_one = rest.strip_prefix('v').unwrap_or(rest);
        let looks_like_one = looks_like_one.starts_with(|c: char| c.is_ascii_digit());
        (looks_like_one && !rest.contains('/')).then(|| rest.parse())
    }
}

impl fmt::Display for TagPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The import path of the repository that a path is in, for hosts whose repositories all are
/// `host/owner/name`: Go asks nobody there.
#[must_use]
pub fn known_root(path: &str) -> Option<&str> {
    let host = path.split('/').next()?;
    if !matches!(host, "github.com" | "bitbucket.org") {
        return None;
    }
    let third = path.match_indices('/').nth(2).map_or(path.len(), |(at, _)| at);
    (path.matches('/').count() >= 2).then(|| &path[..third])
}

/// The import path of the repository's root, as most modules have it: each by its folder and path.
///
/// `None`: there is none, or there are two that as many have, and the module in the root folder has neither.
#[must_use]
pub fn root<'a>(modules: impl IntoIterator<Item = (&'a str, &'a ModulePath)>) -> Option<String> {
    let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut of_root_folder = None;
    for (folder, path) in modules {
        let major = match path.suffix() {
            MajorSuffix::Slash(number) => Some(format!("v{number}")),
            _ => None,
        };
        // Without the module's own major version, which may be a folder and need not.
        let plain = major.as_deref().and_then(|major| folder.strip_suffix(major));
        let plain = plain.filter(|plain| plain.is_empty() || plain.ends_with('/'));
        if let Some(root) = known_root(path.as_str()) {
            *votes.entry(root).or_default() += 1;
            if folder.is_empty() {
                of_root_folder = Some(root);
            }
            continue;
        }
        let folders = [Some(folder), plain.map(|plain| plain.trim_end_matches('/'))];
        let root = folders.into_iter().flatten().find_map(|folder| match folder {
            // gopkg.in has the major version in the name of the repository.
            "" if matches!(path.suffix(), MajorSuffix::Dot(_) | MajorSuffix::Unstable(_)) => {
                Some(path.as_str())
            }
            "" => Some(path.prefix()),
            folder => path.prefix().strip_suffix(folder)?.strip_suffix('/'),
        });
        if let Some(root) = root {
            *votes.entry(root).or_default() += 1;
            if folder.is_empty() {
                of_root_folder = Some(root);
            }
        }
    }
    let most = votes.values().copied().max()?;
    // Between two that as many have, what lies in the root folder tells.
    if let Some(root) = of_root_folder.filter(|root| votes.get(root) == Some(&most)) {
        return Some(root.to_owned());
    }
    let mut first = votes.iter().filter(|(_, count)| **count == most);
    let (root, _) = first.next()?;
    first.next().is_none().then(|| (*root).to_owned())
}
