//! The modules of one commit of a repository, and what was released of each.

use std::collections::HashMap;
use std::panic::resume_unwind;
use std::thread;

use devkit_text::escape;

use crate::git::{Commit, EntryKind, Git, GitError, Oid, Tag, TreeEntry};
use crate::go::gomod::{GoMod, Malformed};
use crate::go::path::{BadPath, MajorSuffix, ModulePath};
use crate::go::tag::{self, Misplaced, TagPrefix};
use crate::go::version::{self, BadVersion, Version};
use crate::go::zip::Area;

/// The modules of one commit of a repository.
#[derive(Debug)]
pub struct Repository {
    /// git.
    pub git: Git,
    /// The commit.
    pub commit: Commit,
    /// All its files, in the order of their paths.
    pub tree: Vec<TreeEntry>,
    /// In the order of their folders.
    pub modules: Vec<Module>,
    /// The import path of its root. `None`: as many modules have one as another.
    pub root: Option<String>,
    /// All its tags, by their names.
    pub tags: HashMap<String, Tag>,
    /// For each text before a version, the versions.
    by_prefix: HashMap<String, Vec<Version>>,
}

/// A module.
#[derive(Debug)]
pub struct Module {
    /// The module's folder, with `/` on every system, empty for the root.
    pub folder: String,
    /// The module's `go.mod`.
    pub go_mod: Result<GoMod, Malformed>,
    /// The module's path.
    pub path: Result<ModulePath, Nameless>,
    /// What its tags begin with.
    pub prefix: Result<TagPrefix, Misplaced>,
    /// Whether it lies where nothing is released: below `testdata`, `vendor`, `_x` or `.x`.
    pub is_hidden: bool,
    /// The module's files.
    pub area: Area,
    /// What was released of it, the lowest version first.
    pub releases: Vec<Release>,
    /// Tags that look like versions of it and are none.
    pub odd_tags: Vec<(String, BadVersion)>,
    /// Versions that it withdraws, in this commit.
    pub retracted: Vec<Retracted>,
    /// Versions that are withdrawn already, by the highest version.
    pub retracted_before: Vec<Retracted>,
    /// The highest version that has a tag, whatever path the module had then: go lists them all.
    pub floor: Option<Version>,
}

/// Why a module has no path that Go can fetch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Nameless {
    /// The `go.mod` of the module cannot be read.
    #[error("its go.mod is not valid")]
    Malformed,
    /// There is no `module` line.
    #[error("its go.mod has no module line")]
    NoModule,
    /// What the `module` line says is no module path.
    #[error("{text:?} is no module path: {why}")]
    Bad {
        /// What the `module` line says.
        text: String,
        /// Why.
        why: BadPath,
    },
}

/// A version that has a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The version.
    pub version: Version,
    /// The name of the tag.
    pub tag: String,
}

/// Versions that are withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retracted {
    low: Version,
    high: Version,
}

impl Retracted {
    /// The last of them.
    #[must_use]
    pub fn high(&self) -> &Version {
        &self.high
    }

    /// Whether a version is one of them.
    #[must_use]
    pub fn has(&self, version: &Version) -> bool {
        self.low <= *version && *version <= self.high
    }
}

impl Module {
    /// The module path as it is written, or what stands there instead.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.path {
            Ok(path) => path.as_str(),
            Err(Nameless::Bad { text, .. }) => text,
            Err(_) => "",
        }
    }

    /// The folder as people write it.
    #[must_use]
    pub fn shown_folder(&self) -> &str {
        shown_folder(&self.folder)
    }

    /// The tag of a version; `None` for a module that Go does not find where it lies.
    #[must_use]
    pub fn tag(&self, version: &Version) -> Option<String> {
        Some(self.prefix.as_ref().ok()?.tag(version))
    }

    /// The path of a file in it, from the root.
    #[must_use]
    pub fn file(&self, name: &str) -> String {
        if self.folder.is_empty() { name.to_owned() } else { format!("{}/{name}", self.folder) }
    }

    /// The highest version that is not withdrawn; if all are, the highest.
    #[must_use]
    pub fn current(&self) -> Option<&Release> {
        let kept = self.releases.iter().rev().find(|release| !self.is_retracted(&release.version));
        kept.or_else(|| self.releases.last())
    }

    /// Directives of its `go.mod` that are not known, each once.
    #[must_use]
    pub fn unknown_directives(&self) -> Vec<&str> {
        const KNOWN: &[&str] = &["godebug", "tool", "ignore"];
        let lines = self.go_mod.iter().flat_map(|go_mod| &go_mod.others);
        let mut verbs: Vec<&str> =
            lines.map(|line| &*line.verb).filter(|verb| !KNOWN.contains(verb)).collect();
        verbs.dedup();
        verbs
    }

    /// Whether a version is withdrawn.
    #[must_use]
    pub fn is_retracted(&self, version: &Version) -> bool {
        self.retracting(version).is_some()
    }

    /// The withdrawn versions that one is of.
    #[must_use]
    pub fn retracting(&self, version: &Version) -> Option<&Retracted> {
        self.retracted.iter().chain(&self.retracted_before).find(|range| range.has(version))
    }

    /// The version that a next one has to be above of, so that what this commit withdraws is
    /// withdrawn: go reads that from the highest version. `None`: nothing new is withdrawn.
    #[must_use]
    pub fn above_for_retraction(&self) -> Option<&Version> {
        let is_new = |release: &&Release| {
            let version = &release.version;
            self.retracted.iter().any(|range| range.has(version))
                && !self.retracted_before.iter().any(|range| range.has(version))
        };
        self.releases.iter().find(is_new)?;
        authority(&self.releases).map(|release| &release.version)
    }
}

/// A folder as people write it: `.` for the root.
#[must_use]
pub fn shown_folder(folder: &str) -> &str {
    if folder.is_empty() { "." } else { folder }
}

impl Repository {
    /// Whether pkg.go.dev finds a licence for a module, without which it shows no documentation.
    #[must_use]
    pub fn has_license(&self, module: &Module) -> bool {
        const NAMES: &[&str] = &["LICENSE", "LICENCE", "COPYING", "UNLICENSE", "COPYRIGHT", "MIT"];
        module.area.entries(&self.tree).any(|entry| {
            let name = String::from_utf8_lossy(module.area.name(&entry.path)).to_ascii_uppercase();
            entry.kind == EntryKind::File
                && !name.contains('/')
                && NAMES.iter().any(|known| name.contains(known))
        })
    }

    /// Reads a commit. `root`: the import path of its root, where it is not what most modules have.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn read(git: Git, rev: &str, root: Option<&str>) -> Result<Self, GitError> {
        let commit = git.commit(rev)?;
        let (tree, tags) = thread::scope(|scope| {
            let tags = scope.spawn(|| git.tags());
            (git.tree(&commit.oid), tags.join().unwrap_or_else(|panic| resume_unwind(panic)))
        });
        let (tree, tags) = (tree?, tags?);
        let mut modules = modules(&git, &tree)?;
        let root = root.map(str::to_owned).or_else(|| {
            let shown = modules.iter().filter(|module| !module.is_hidden);
            let named =
                shown.filter_map(|module| Some((&*module.folder, module.path.as_ref().ok()?)));
            tag::root(named)
        });
        for module in &mut modules {
            module.prefix = match (&root, &module.path) {
                (Some(root), Ok(path)) => TagPrefix::of(root, &module.folder, path),
                _ => Err(Misplaced::Foreign { root: root.clone().unwrap_or_default() }),
            };
        }
        let mut repository = Self {
            git,
            commit,
            tree,
            modules,
            root,
            by_prefix: HashMap::new(),
            tags: HashMap::new(),
        };
        repository.take_tags(tags)?;
        Ok(repository)
    }

    /// The highest version, of those that a remote has and that are not here, of a module.
    #[must_use]
    pub fn only_at<'a>(
        &self,
        module: &Module,
        tags: impl IntoIterator<Item = &'a String>,
    ) -> Option<Version> {
        let (Ok(path), Ok(prefix)) = (&module.path, &module.prefix) else { return None };
        let unknown = tags.into_iter().filter(|tag| !self.tags.contains_key(*tag));
        let versions = unknown.filter_map(|tag| prefix.version(tag)?.ok());
        versions.filter(|version| path.takes(version)).max()
    }

    /// The module of a path.
    #[must_use]
    pub fn module(&self, path: &str) -> Option<&Module> {
        self.modules.iter().find(|module| module.path.as_ref().is_ok_and(|it| it.as_str() == path))
    }

    /// Whether there is a tag that begins as those of a module do.
    #[must_use]
    pub fn has_releases(&self, prefix: &TagPrefix) -> bool {
        self.by_prefix.contains_key(&prefix.to_string())
    }

    /// The module and the version that a tag is, by the `go.mod` that is in it: its name, the module's
    /// path, and the version.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn version_of(
        &self,
        name: &str,
    ) -> Result<Option<(String, ModulePath, Version)>, GitError> {
        let at = name.rfind('/').map_or(0, |slash| slash + 1);
        let (prefix, rest) = name.split_at(at);
        let Ok(version) = rest.parse::<Version>() else { return Ok(None) };
        let inner = format!("{prefix}v{}/", version.major().as_str());
        let names = [prefix, &inner].map(|folder| format!("refs/tags/{name}:{folder}go.mod"));
        let contents = self.git.contents(&names)?;
        let texts = contents.into_iter().flatten().filter_map(|it| String::from_utf8(it).ok());
        let paths = texts.filter_map(|text| GoMod::parse(&text).ok()?.module?.text.parse().ok());
        let mut paths = paths.filter(|path: &ModulePath| path.takes(&version));
        Ok(paths.next().map(|path| (name.to_owned(), path, version.clone())))
    }

    /// The commits that tags lead to, `None` for a tag of something else.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn peeled(&self, names: &[&str]) -> Result<Vec<Option<Oid>>, GitError> {
        let of = |name: &&str| self.tags.get(*name);
        let known = names.iter().map(of).collect::<Vec<_>>();
        let objects: Vec<&Oid> =
            known.iter().flatten().filter(|tag| !tag.is_commit).map(|tag| &tag.oid).collect();
        let mut peeled = self.git.peeled(&objects)?.into_iter();
        let commit = |tag: Option<&Tag>| {
            let tag = tag?;
            if tag.is_commit { Some(tag.oid.clone()) } else { peeled.next().flatten() }
        };
        Ok(known.into_iter().map(commit).collect())
    }

    /// Gives every module the tags that are versions of it.
    fn take_tags(&mut self, tags: Vec<Tag>) -> Result<(), GitError> {
        let mut odd: HashMap<&str, Vec<(&str, BadVersion)>> = HashMap::new();
        let mut versions: HashMap<&str, Vec<Version>> = HashMap::new();
        for tag in &tags {
            let at = tag.name.rfind('/').map_or(0, |slash| slash + 1);
            let (prefix, rest) = tag.name.split_at(at);
            match rest.parse::<Version>() {
                Ok(version) => versions.entry(prefix).or_default().push(version),
                Err(why) => {
                    let digits = rest.strip_prefix('v').unwrap_or(rest);
                    if digits.starts_with(|c: char| c.is_ascii_digit()) {
                        odd.entry(prefix).or_default().push((&tag.name, why));
                    }
                }
            }
        }
        for module in &mut self.modules {
            let (Ok(path), Ok(prefix)) = (&module.path, &module.prefix) else { continue };
            let text = prefix.to_string();
            let mine = versions.get(&*text).into_iter().flatten().filter(|it| path.takes(it));
            module.releases = mine
                .map(|version| Release { version: version.clone(), tag: prefix.tag(version) })
                .collect();
            module.releases.sort_by(|a, b| a.version.cmp(&b.version));
            module.floor = module.releases.last().map(|release| release.version.clone());
            let odd = odd.get(&*text).into_iter().flatten();
            module.odd_tags = odd.map(|(name, why)| ((*name).to_owned(), *why)).collect();
        }
        self.by_prefix =
            versions.into_iter().map(|(prefix, them)| (prefix.to_owned(), them)).collect();
        self.drop_other_paths()?;
        self.tags = tags.into_iter().map(|tag| (tag.name.clone(), tag)).collect();
        Ok(())
    }

    /// A tag is a version of the module only if its `go.mod` has the module's path: paths change.
    /// What the highest one retracts is known then, too.
    fn drop_other_paths(&mut self) -> Result<(), GitError> {
        // The highest of each is looked at; all of a module, only if that one is of another path.
        let highest = |module: &Module| Vec::from_iter(authority(&module.releases).cloned());
        let picked: Vec<Vec<Release>> = self.modules.iter().map(highest).collect();
        let found = self.go_mods_of(&picked)?;
        let mut all: Vec<Vec<Release>> = vec![Vec::new(); picked.len()];
        for (at, found) in found.iter().enumerate() {
            let module = &mut self.modules[at];
            match &found[..] {
                [FoundGoMod::Own(go_mod)] => module.retracted_before = retracted(go_mod),
                [FoundGoMod::Other] => all[at].clone_from(&module.releases),
                _ => {}
            }
        }
        if all.iter().all(Vec::is_empty) {
            return Ok(());
        }
        let found = self.go_mods_of(&all)?;
        for (at, found) in found.into_iter().enumerate().filter(|(at, _)| !all[*at].is_empty()) {
            let module = &mut self.modules[at];
            let kept =
                all[at].iter().zip(&found).filter(|(_, it)| !matches!(it, FoundGoMod::Other));
            module.releases = kept.map(|(release, _)| release.clone()).collect();
            let authority = authority(&module.releases).cloned();
            let highest =
                all[at].iter().zip(&found).find(|(it, _)| Some(*it) == authority.as_ref());
            if let Some((_, FoundGoMod::Own(go_mod))) = highest {
                module.retracted_before = retracted(go_mod);
            }
        }
        Ok(())
    }

    /// What the tags of releases of each module hold.
    fn go_mods_of(&self, releases: &[Vec<Release>]) -> Result<Vec<Vec<FoundGoMod>>, GitError> {
        let mut names = Vec::new();
        let folders = |module: &Module| {
            let prefix = module.prefix.as_ref().map(ToString::to_string).unwrap_or_default();
            let mut folders = vec![module.file(""), prefix.clone()];
            if let Some(Some(major)) = module.path.as_ref().ok().map(ModulePath::major) {
                folders.push(format!("{prefix}v{}/", major.as_str()));
            }
            folders.dedup();
            folders
        };
        for (module, releases) in self.modules.iter().zip(releases) {
            for release in releases {
                let name = |folder: String| format!("refs/tags/{}:{folder}go.mod", release.tag);
                names.extend(folders(module).into_iter().map(name));
            }
        }
        let mut contents = self.git.contents(&names)?.into_iter();
        let mut found = Vec::with_capacity(self.modules.len());
        for (module, releases) in self.modules.iter().zip(releases) {
            let mut of_module = Vec::with_capacity(releases.len());
            for _ in releases {
                let texts: Vec<Vec<u8>> =
                    contents.by_ref().take(folders(module).len()).flatten().collect();
                // Without a go.mod the root of a repository is a module all the same.
                let is_root = module.prefix.as_ref().is_ok_and(|it| it.to_string().is_empty())
                    && module.path.as_ref().is_ok_and(|path| path.suffix() == MajorSuffix::None);
                if texts.is_empty() && is_root {
                    of_module.push(FoundGoMod::Nothing);
                    continue;
                }
                let parsed = texts.into_iter().find_map(|bytes| {
                    let go_mod = GoMod::parse(&String::from_utf8(bytes).ok()?).ok()?;
                    (go_mod.module.as_ref()?.text == module.name()).then_some(go_mod)
                });
                of_module.push(
                    parsed.map_or(FoundGoMod::Other, |go_mod| FoundGoMod::Own(Box::new(go_mod))),
                );
            }
            found.push(of_module);
        }
        Ok(found)
    }
}

/// What a tag of a module holds.
#[derive(Debug)]
enum FoundGoMod {
    /// The `go.mod` of that very path.
    Own(Box<GoMod>),
    /// No `go.mod` at all, which the root module needs not have.
    Nothing,
    /// A `go.mod` of another path, or none.
    Other,
}

/// The version whose `go.mod` says what is withdrawn: the highest release, else the highest.
fn authority(releases: &[Release]) -> Option<&Release> {
    let release = releases.iter().rev().find(|release| !release.version.is_prerelease());
    release.or_else(|| releases.last())
}

fn retracted(go_mod: &GoMod) -> Vec<Retracted> {
    let range = |low: &str, high: &str| {
        Some(Retracted { low: version::precedence(low)?, high: version::precedence(high)? })
    };
    go_mod.retracts.iter().filter_map(|it| range(&it.low.text, &it.high.text)).collect()
}

/// The modules of a tree, without what is released of them.
fn modules(git: &Git, tree: &[TreeEntry]) -> Result<Vec<Module>, GitError> {
    let is_go_mod = |entry: &&TreeEntry| {
        let name = entry.path.strip_suffix(b"go.mod");
        entry.kind == EntryKind::File
            && name.is_some_and(|folder| folder.is_empty() || folder.ends_with(b"/"))
    };
    let files: Vec<&TreeEntry> = tree.iter().filter(is_go_mod).collect();
    let names: Vec<String> = files.iter().map(|entry| entry.oid.as_str().to_owned()).collect();
    let contents = git.contents(&names)?;
    let mut modules = Vec::with_capacity(files.len());
    for (file, contents) in files.into_iter().zip(contents) {
        let folder = file.path.strip_suffix(b"go.mod").unwrap_or_default();
        let folder = folder.strip_suffix(b"/").unwrap_or_default();
        // A folder that is not UTF-8 cannot be part of a path, and is only to be shown.
        let folder = String::from_utf8(folder.to_vec()).unwrap_or_else(|_| escape(folder));
        let go_mod = String::from_utf8(contents.unwrap_or_default()).map_or_else(
            |_| Err(Malformed { line: 1, column: 1, why: "it is not UTF-8".into() }),
            |text| GoMod::parse(&text),
        );
        let go = go_mod.as_ref().ok().and_then(|go_mod| go_mod.go.as_ref());
        let retracted = go_mod.as_ref().map(retracted).unwrap_or_default();
        modules.push(Module {
            area: Area::of(&folder, go.map(|token| &*token.text), tree),
            path: path(&go_mod),
            prefix: Err(Misplaced::Foreign { root: String::new() }),
            is_hidden: is_hidden(&folder),
            go_mod,
            releases: Vec::new(),
            odd_tags: Vec::new(),
            retracted,
            retracted_before: Vec::new(),
            floor: None,
            folder,
        });
    }
    Ok(modules)
}

fn path(go_mod: &Result<GoMod, Malformed>) -> Result<ModulePath, Nameless> {
    let go_mod = go_mod.as_ref().map_err(|_| Nameless::Malformed)?;
    let token = go_mod.module.as_ref().ok_or(Nameless::NoModule)?;
    let path: ModulePath =
        token.text.parse().map_err(|why| Nameless::Bad { text: token.text.clone(), why })?;
    Ok(path)
}

/// Whether a folder is one that the go command does not look into for packages.
fn is_hidden(folder: &str) -> bool {
    folder.split('/').any(|name| {
        matches!(name, "testdata" | "vendor") || name.starts_with('_') || name.starts_with('.')
    })
}

/// The version that a tag of the repository has for a module's path, wherever the module lies now;
/// `None` if the path is not below the root.
#[must_use]
pub fn prefix_of(root: &str, path: &ModulePath) -> Option<TagPrefix> {
    let folder = match path.suffix() {
        MajorSuffix::Dot(_) | MajorSuffix::Unstable(_) => path.as_str(),
        _ if path.as_str() == root => root,
        _ => path.prefix(),
    };
    let folder = folder.strip_prefix(root)?;
    if !folder.is_empty() && !folder.starts_with('/') {
        return None;
    }
    TagPrefix::of(root, folder.trim_start_matches('/'), path).ok()
}
