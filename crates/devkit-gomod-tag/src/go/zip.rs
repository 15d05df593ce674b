//! What is in the zip file of a module: which files, and whether Go would make it at all.
//!
//! Rule: `checkFiles` of `golang.org/x/mod/zip`, `CheckFilePath` of `golang.org/x/mod/module`, and
//! `codeRepo.Zip` of `cmd/go`.

use std::collections::HashMap;

use unicode_general_category::{GeneralCategory, get_general_category};

use crate::git::{EntryKind, TreeEntry};
use crate::go::gomod::is_since;

/// The largest sum of a module's files, in bytes.
pub const MOST_BYTES: u64 = 500 << 20;
/// The largest `go.mod`, and the largest `LICENSE`, in bytes.
pub const MOST_OF_ONE: u64 = 16 << 20;

/// Which paths belong to a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    /// The module's folder with `/` behind it; empty for the root.
    folder: Vec<u8>,
    /// Folders of modules below it, each with `/` behind it.
    nested: Vec<Vec<u8>>,
    /// Whether its `go.mod` names Go 1.24 or newer, for which vendored packages are told otherwise.
    since_1_24: bool,
    /// Whether there is a `LICENSE` of its own.
    has_license: bool,
}

/// Why Go makes no zip file of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invalid {
    /// A file's name.
    Name {
        /// From the root of the repository.
        path: Vec<u8>,
        /// A fragment.
        why: String,
    },
    /// Two names that are the same where capitals do not count.
    Collision {
        /// Both, from the root of the repository.
        paths: [Vec<u8>; 2],
    },
    /// `go.mod` in other letters.
    GoModCase {
        /// From the root of the repository.
        path: Vec<u8>,
    },
    /// A single file that is too large.
    FileSize {
        /// From the root of the repository.
        path: Vec<u8>,
        /// In bytes.
        size: u64,
    },
    /// All of them together.
    Size {
        /// In bytes.
        total: u64,
    },
}

impl Area {
    /// The area of the module in a folder (`/` on every system, empty for the root), in a tree whose
    /// entries are in the order of their paths. `go`: the version in its `go.mod`.
    #[must_use]
    pub fn of(folder: &str, go: Option<&str>, tree: &[TreeEntry]) -> Self {
        let folder: Vec<u8> =
            if folder.is_empty() { Vec::new() } else { format!("{folder}/").into_bytes() };
        let mut nested: Vec<Vec<u8>> = Vec::new();
        let mut has_license = false;
        for entry in below(tree, &folder) {
            let rest = &entry.path[folder.len()..];
            let name = rest.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            let at = rest.len() - name.len();
            // A link of that name cuts nothing.
            if at > 0 && entry.kind == EntryKind::File && name.eq_ignore_ascii_case(b"go.mod") {
                nested.push(rest[..at].to_vec());
            }
            has_license |= rest == b"LICENSE" && entry.kind != EntryKind::Submodule;
        }
        Self { folder, nested, since_1_24: go.is_some_and(|go| is_since(go, [1, 24])), has_license }
    }

    /// Whether a file or link of the repository is in the module, as far as its name tells.
    #[must_use]
    pub fn has(&self, path: &[u8]) -> bool {
        let Some(rest) = path.strip_prefix(&self.folder[..]) else {
            return self.has_foreign_license(path);
        };
        !is_vendored(rest, self.since_1_24)
            && rest != b".hg_archival.txt"
            && !self.nested.iter().any(|nested| rest.starts_with(nested))
    }

    /// Whether a file was in the module before other modules were cut out of it: their folders, each
    /// with `/` behind it, from the root of the repository.
    #[must_use]
    pub fn had(&self, path: &[u8], without: &[Vec<u8>]) -> bool {
        let inside = |nested: &Vec<u8>| {
            let whole = [&self.folder[..], nested].concat();
            !without.contains(&whole)
        };
        let nested = self.nested.iter().filter(|nested| inside(nested)).cloned().collect();
        let before = Self { nested, ..self.clone() };
        before.has(path)
    }

    /// The license of the repository goes into every module that has none.
    fn has_foreign_license(&self, path: &[u8]) -> bool {
        !self.has_license && path == b"LICENSE"
    }

    /// The name of a file in the module's zip file, which is the path in the module.
    #[must_use]
    pub fn name<'a>(&self, path: &'a [u8]) -> &'a [u8] {
        path.strip_prefix(&self.folder[..]).unwrap_or(path)
    }

    /// The module's own files and links in a tree, and the license that it is given.
    pub fn entries<'a>(
        &'a self,
        tree: &'a [TreeEntry],
    ) -> impl Iterator<Item = &'a TreeEntry> + 'a {
        let license = tree
            .iter()
            .filter(|entry| !self.folder.is_empty() && self.has_foreign_license(&entry.path));
        let own = below(tree, &self.folder).iter();
        // git gives the target of a link, as text, and Go takes that for the license.
        own.filter(|entry| self.has(&entry.path))
            .chain(license)
            .filter(|entry| entry.kind != EntryKind::Submodule)
    }

    /// Everything that keeps Go from making the zip file.
    #[must_use]
    pub fn invalid(&self, tree: &[TreeEntry]) -> Vec<Invalid> {
        let mut found = Vec::new();
        let mut folded = HashMap::new();
        let mut total = 0;
        for entry in self.entries(tree) {
            let path = || entry.path.clone();
            let name = self.name(&entry.path);
            if let Err(why) = check_name(name) {
                found.push(Invalid::Name { path: path(), why });
                continue;
            }
            if name != b"go.mod" && name.eq_ignore_ascii_case(b"go.mod") {
                found.push(Invalid::GoModCase { path: path() });
                continue;
            }
            if let Some(other) = collision(&mut folded, name) {
                let other =
                    entry.path[..entry.path.len() - name.len()].iter().copied().chain(other);
                found.push(Invalid::Collision { paths: [other.collect(), path()] });
                continue;
            }
            if entry.kind != EntryKind::File {
                continue;
            }
            let size = entry.size.unwrap_or_default();
            total += size;
            if size > MOST_OF_ONE && matches!(name, b"go.mod" | b"LICENSE") {
                found.push(Invalid::FileSize { path: path(), size });
            }
        }
        if total > MOST_BYTES {
            found.push(Invalid::Size { total });
        }
        found
    }

    /// The bytes of all files below the module's folder, with those of modules below it: go fetches
    /// all of them before it takes its own, and at most [`MOST_BYTES`] when packed.
    #[must_use]
    pub fn fetched(&self, tree: &[TreeEntry]) -> u64 {
        below(tree, &self.folder).iter().filter_map(|entry| entry.size).sum()
    }
}

/// The entries below a folder, which ends with `/` or is empty.
fn below<'a>(tree: &'a [TreeEntry], folder: &[u8]) -> &'a [TreeEntry] {
    let from = tree.partition_point(|entry| &entry.path[..] < folder);
    let count = tree[from..].partition_point(|entry| entry.path.starts_with(folder));
    &tree[from..from + count]
}

/// Whether a path of a module is in a vendored package. Before Go 1.24 the place to look for a `/`
/// was counted wrongly, and is for ever, or else sums would change.
fn is_vendored(path: &[u8], since_1_24: bool) -> bool {
    const INSIDE: &[u8] = b"/vendor/";
    if since_1_24 && path == b"vendor/modules.txt" {
        return true;
    }
    let from = if path.starts_with(&INSIDE[1..]) {
        INSIDE.len() - 1
    } else {
        match path.windows(INSIDE.len()).position(|window| window == INSIDE) {
            Some(at) if since_1_24 => at + INSIDE.len(),
            Some(_) => INSIDE.len(),
            None => return false,
        }
    };
    path[from..].contains(&b'/')
}

/// Whether a path of a module can be in a zip file.
///
/// Rule: `CheckFilePath` of `golang.org/x/mod/module`.
///
/// # Errors
///
/// A fragment that says why not.
pub fn check_name(path: &[u8]) -> Result<(), String> {
    let path = str::from_utf8(path).map_err(|_| "its name is not UTF-8".to_owned())?;
    for element in path.split('/') {
        if element.bytes().all(|byte| byte == b'.') || element.ends_with('.') {
            return Err("a part of its name ends with a dot".into());
        }
        if let Some(bad) = element.chars().find(|c| !may_be_in_name(*c)) {
            return Err(format!("its name has the character {bad:?}"));
        }
        let short = element.split('.').next().unwrap_or_default();
        if crate::go::path::is_reserved(short) {
            return Err(format!("Windows reserves the name {short:?}"));
        }
    }
    Ok(())
}

fn may_be_in_name(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || "!#$%&()+,-.=@[]^_{}~ ".contains(c);
    }
    matches!(
        get_general_category(c),
        GeneralCategory::UppercaseLetter
            | GeneralCategory::LowercaseLetter
            | GeneralCategory::TitlecaseLetter
            | GeneralCategory::ModifierLetter
            | GeneralCategory::OtherLetter
    )
}

/// A path that is the same as this one, or as a folder of it, where capitals do not count.
fn collision<'a>(folded: &mut HashMap<String, &'a [u8]>, path: &'a [u8]) -> Option<Vec<u8>> {
    let mut path = path;
    loop {
        let text = String::from_utf8_lossy(path);
        let known = *folded.entry(fold(&text)).or_insert(path);
        if known != path {
            return Some(known.to_vec());
        }
        path = &path[..path.iter().rposition(|byte| *byte == b'/')?];
    }
}

/// The name that stands for all those that differ in case only.
///
/// Rule: `unicode.SimpleFold`: mappings of one letter to one, and the dotless ı is apart.
#[must_use]
pub fn fold(name: &str) -> String {
    fn single(c: char, mut mapped: impl Iterator<Item = char>) -> char {
        match (mapped.next(), mapped.next()) {
            (Some(mapped), None) => mapped,
            _ => c,
        }
    }
    let folded = |c: char| {
        if c == 'ı' {
            return c;
        }
        let upper = single(c, c.to_uppercase());
        single(upper, upper.to_lowercase())
    };
    name.chars().map(folded).collect()
}
