//! Which modules of a crate import which others, read from the source text.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::run::{Result, root};

/// A module's path below its crate: `["decode", "body"]`, and nothing for `lib.rs` or `main.rs`.
pub(crate) type ModuleName = Vec<String>;
/// The modules of a crate, each with those that it imports.
pub(crate) type Imports = BTreeMap<ModuleName, BTreeSet<ModuleName>>;

/// The folders of all crates: those of the product, and the chores.
pub(crate) fn crates() -> Result<Vec<PathBuf>> {
    let folder = root().join("crates");
    let entries =
        fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    found.sort();
    found.push(root().join("xtask"));
    Ok(found)
}

/// The text of every module below a `src` folder, but of tests.
pub(crate) fn sources(src: &Path) -> Result<BTreeMap<ModuleName, String>> {
    let mut found = BTreeMap::new();
    read(src, &Vec::new(), &mut found)?;
    Ok(found)
}

fn read(
    folder: &Path,
    parent: &ModuleName,
    found: &mut BTreeMap<ModuleName, String>,
) -> Result<()> {
    let cannot = |error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(cannot)?.flatten() {
        let path = entry.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if name == "tests" {
            continue;
        }
        let module = || [parent.as_slice(), std::slice::from_ref(&name)].concat();
        if path.is_dir() {
            read(&path, &module(), found)?;
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let module = if matches!(&*name, "lib" | "main") { Vec::new() } else { module() };
            found.insert(module, fs::read_to_string(&path).map_err(cannot)?);
        }
    }
    Ok(())
}

/// What imports what, between siblings: a child's import counts as its parent's where it leads out of
/// that, and those of a parent and its own children are left out, because they belong together.
pub(crate) fn imports(sources: &BTreeMap<ModuleName, String>) -> Imports {
    let mut paths = Vec::new();
    let mut exports = BTreeMap::new();
    for (module, text) in sources {
        paths.extend(Words::new(text).paths(module).into_iter().map(|path| (module, path)));
        for path in Words::new(text).uses(module) {
            let name = path.last().cloned().into_iter().collect();
            exports
                .extend(named(sources, &path).map(|from| ([module.clone(), name].concat(), from)));
        }
    }
    let mut imports: Imports = sources.keys().map(|it| (it.clone(), BTreeSet::new())).collect();
    for (module, path) in paths {
        // What a module hands on is imported from where it is, too.
        let parts = (1..=path.len()).map(|end| &path[..end]);
        let handed_on = parts.filter_map(|part| exports.get(part).cloned());
        for other in named(sources, &path).into_iter().chain(handed_on) {
            if let Some((from, to)) = siblings(module, &other) {
                imports.entry(from).or_default().insert(to);
            }
        }
    }
    imports
}

/// The modules that two are of or in, where their ways part; nothing if one is in the other.
fn siblings(one: &[String], other: &[String]) -> Option<(ModuleName, ModuleName)> {
    let at = one.iter().zip(other).position(|(one, other)| one != other)?;
    Some((one[..=at].to_vec(), other[..=at].to_vec()))
}

/// The module that a path leads to: the longest beginning of it that is one.
fn named(sources: &BTreeMap<ModuleName, String>, path: &[String]) -> Option<ModuleName> {
    let ends = (1..=path.len()).rev();
    ends.map(|end| &path[..end]).find(|part| sources.contains_key(*part)).map(<[String]>::to_vec)
}

/// The words of a source text, of which the paths are put together.
struct Words<'a> {
    words: Vec<&'a str>,
    at: usize,
}

impl<'a> Words<'a> {
    fn new(text: &'a str) -> Self {
        let mut words = Vec::new();
        for line in text.lines() {
            // A test module is the last thing in a file, and may import what it likes.
            let begins_tests = words.ends_with(&["#", "[", "cfg", "(", "test", ")", "]"])
                && line.trim_start().starts_with("mod ")
                && line.ends_with('{');
            if begins_tests {
                break;
            }
            split(line.split("//").next().unwrap_or_default(), &mut words);
        }
        Self { words, at: 0 }
    }

    /// All paths that begin with `crate`, `super` or `self`, from the top of the crate.
    fn paths(mut self, module: &[String]) -> Vec<ModuleName> {
        let mut found = Vec::new();
        while let Some(word) = self.next() {
            let base = match word {
                "crate" => &[][..],
                "self" if self.looks_at(&["::", "super"]) => {
                    self.at += 2;
                    self.parent(module)
                }
                "self" => module,
                "super" => self.parent(module),
                _ => continue,
            };
            if self.takes("::") {
                self.tree(base.to_vec(), &mut found);
            }
        }
        found
    }

    /// The paths of `use` that begin with a module of this one, from the top of the crate.
    fn uses(mut self, module: &[String]) -> Vec<ModuleName> {
        let mut found = Vec::new();
        while let Some(word) = self.next() {
            if word == "use" {
                self.tree(module.to_vec(), &mut found);
            }
        }
        found
    }

    fn looks_at(&self, words: &[&str]) -> bool {
        self.words.get(self.at..self.at + words.len()) == Some(words)
    }

    fn next(&mut self) -> Option<&'a str> {
        let word = self.words.get(self.at).copied();
        self.at += 1;
        word
    }

    fn takes(&mut self, word: &str) -> bool {
        let is_there = self.looks_at(&[word]);
        self.at += usize::from(is_there);
        is_there
    }

    /// The module that `super`, or `super::super` and so on, means.
    fn parent<'m>(&mut self, module: &'m [String]) -> &'m [String] {
        let parent = &module[..module.len().saturating_sub(1)];
        if self.looks_at(&["::", "super"]) {
            self.at += 2;
            return self.parent(parent);
        }
        parent
    }

    /// What follows a `::`: a name, a name and more, or several in braces.
    fn tree(&mut self, before: ModuleName, found: &mut Vec<ModuleName>) {
        if self.takes("{") {
            while !self.takes("}") && self.at < self.words.len() {
                self.tree(before.clone(), found);
                // After a name may come `as` and another one.
                while self.words.get(self.at).is_some_and(|word| !matches!(*word, "," | "}")) {
                    self.at += 1;
                }
                self.takes(",");
            }
            return;
        }
        let Some(name) = self.next() else { return };
        let path = if name == "self" { before } else { [before, vec![name.to_owned()]].concat() };
        if self.takes("::") {
            self.tree(path, found);
        } else {
            found.push(path);
        }
    }
}

/// Splits a line into names, `::`, and single other characters.
fn split<'a>(line: &'a str, words: &mut Vec<&'a str>) {
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let end = match first {
            ':' if rest.starts_with("::") => 2,
            c if is_name(c) => rest.find(|c| !is_name(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        words.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
}
