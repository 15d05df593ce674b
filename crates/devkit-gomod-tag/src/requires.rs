//! What modules of one repository require of each other, and whether that will be there.
//!
//! Inside the repository a `replace` or a `go.work` hides what a requirement says; outside nothing
//! does.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::git::{GitError, Oid};
use crate::gomod::{GoMod, Require, is_since};
use crate::path::{MajorSuffix, ModulePath};
use crate::plan::{Draft, Row, shown};
use crate::problem::{Code, Place, Problem};
use crate::repository::{Module, Repository, prefix_of};
use crate::tag::{TagPrefix, known_root};
use crate::version::{Version, precedence};
use crate::zip::Area;

/// A requirement of a module of the same repository.
pub(crate) struct Sibling<'a> {
    /// How it is written.
    pub(crate) require: &'a Require,
    path: ModulePath,
    /// What its tags begin with.
    prefix: TagPrefix,
    /// Its place among the modules, if it is there.
    pub(crate) module: Option<usize>,
    /// The version, as it will be.
    pub(crate) version: String,
}

/// What stands behind a requirement.
#[derive(Clone)]
enum Behind {
    /// It will be made with this plan.
    Planned,
    /// A commit, by its tag or its name, and what its `go.mod` says.
    Commit(Oid, Option<Rc<GoMod>>),
    /// Nothing that anybody outside could fetch, and why.
    Nothing(String),
}

/// What stands behind requirements, each looked up once.
#[derive(Default)]
pub(crate) struct Known {
    behind: HashMap<Key, Behind>,
    /// What each `go.mod` of a version requires of the same repository, by its place in memory.
    further: HashMap<*const GoMod, Rc<Vec<Key>>>,
}

/// A path and a version.
type Key = (String, String);

/// The modules of the same repository that a module requires.
pub(crate) fn siblings<'a>(repository: &Repository, go_mod: &'a GoMod) -> Vec<Sibling<'a>> {
    let Some(root) = &repository.root else { return Vec::new() };
    let sibling = |require: &'a Require| {
        // Nearly all that is required is somebody else's.
        if !require.path.text.starts_with(&**root) {
            return None;
        }
        let path: ModulePath = require.path.text.parse().ok()?;
        let prefix = prefix_of(root, &path)?;
        let of_path = |module: &Module| module.path.as_ref() == Ok(&path) && module.prefix.is_ok();
        let module = repository.modules.iter().position(of_path);
        // A path below another one's import path need not be of its repository.
        let is_here = module.is_some()
            || repository.has_releases(&prefix)
            || known_root(path.as_str()) == Some(root);
        let version = require.version.text.clone();
        is_here.then_some(Sibling { require, path, prefix, module, version })
    };
    go_mod.requires.iter().filter_map(sibling).collect()
}

/// Whether a module replaces a version of another by a folder.
pub(crate) fn is_replaced(go_mod: &GoMod, path: &str, version: &str) -> bool {
    go_mod.replaces.iter().any(|it| {
        let fits = it.old.version.as_ref().is_none_or(|old| old.text == version);
        it.old.path.text == path && fits && it.new.version.is_none()
    })
}

/// Those siblings, each by its module's place, that nobody outside could fetch.
pub(crate) fn is_nothing(
    known: &mut Known,
    draft: &Draft<'_>,
    sibling: &Sibling<'_>,
) -> Result<bool, GitError> {
    known.look_up(draft, &[sibling])?;
    Ok(matches!(known.behind(sibling), Behind::Nothing(_)))
}

impl Known {
    fn behind(&self, sibling: &Sibling<'_>) -> Behind {
        let key = (sibling.path.as_str().to_owned(), sibling.version.clone());
        self.behind
            .get(&key)
            .cloned()
            .unwrap_or_else(|| Behind::Nothing("it was not looked up".into()))
    }

    /// What the `go.mod` of a version requires of the same repository, all of it looked up.
    fn further(&mut self, draft: &Draft<'_>, go_mod: &Rc<GoMod>) -> Result<Rc<Vec<Key>>, GitError> {
        if let Some(further) = self.further.get(&Rc::as_ptr(go_mod)) {
            return Ok(Rc::clone(further));
        }
        let siblings = siblings(draft.repository, go_mod);
        self.look_up(draft, &siblings.iter().collect::<Vec<_>>())?;
        let key = |it: &Sibling<'_>| (it.path.as_str().to_owned(), it.version.clone());
        let further = Rc::new(siblings.iter().map(key).collect::<Vec<_>>());
        self.further.insert(Rc::as_ptr(go_mod), Rc::clone(&further));
        Ok(further)
    }

    /// Finds out about all that is not known yet, with two questions to git.
    pub(crate) fn look_up(
        &mut self,
        draft: &Draft<'_>,
        siblings: &[&Sibling<'_>],
    ) -> Result<(), GitError> {
        let mut wanted: Vec<(&Sibling<'_>, Version)> = Vec::new();
        let mut seen = HashSet::new();
        for sibling in siblings {
            let key = (sibling.path.as_str().to_owned(), sibling.version.clone());
            if self.behind.contains_key(&key) || !seen.insert(key.clone()) {
                continue;
            }
            let text = sibling.version.strip_suffix("+incompatible").unwrap_or(&sibling.version);
            let Some(version) = precedence(text) else {
                self.behind.insert(key, Behind::Nothing("it is no version".into()));
                continue;
            };
            let row = sibling.module.and_then(|module| draft.row_of(module));
            if row.is_some_and(|row| row.next.as_ref() == Some(&version)) {
                self.behind.insert(key, Behind::Planned);
            } else {
                wanted.push((sibling, version));
            }
        }
        let commits = commits(draft, &wanted)?;
        let mut names = Vec::new();
        for ((sibling, _), commit) in wanted.iter().zip(&commits) {
            if let Ok(commit) = commit {
                let name = |folder: String| format!("{}:{folder}go.mod", commit.as_str());
                names.extend(folders(sibling).map(name));
            }
        }
        let mut contents = draft.repository.git.contents(&names)?.into_iter();
        for ((sibling, _), commit) in wanted.iter().zip(commits) {
            let key = (sibling.path.as_str().to_owned(), sibling.version.clone());
            let behind = match commit {
                Err(why) => Behind::Nothing(why),
                Ok(commit) => {
                    let found: Vec<_> = contents.by_ref().take(2).flatten().collect();
                    of_commit(sibling, commit, found.into_iter())
                }
            };
            self.behind.insert(key, behind);
        }
        Ok(())
    }
}

/// Where the `go.mod` of a sibling can be: two folders, which may be the same.
fn folders(sibling: &Sibling<'_>) -> impl Iterator<Item = String> {
    let prefix = sibling.prefix.to_string();
    let major = sibling.path.major();
    let inner = major.map_or_else(|| prefix.clone(), |it| format!("{prefix}v{}/", it.as_str()));
    [inner, prefix].into_iter()
}

/// The commits of versions, or why there are none.
fn commits(
    draft: &Draft<'_>,
    wanted: &[(&Sibling<'_>, Version)],
) -> Result<Vec<Result<Oid, String>>, GitError> {
    let repository = draft.repository;
    let tags: Vec<Option<String>> = wanted
        .iter()
        .map(|(sibling, version)| version.revision().is_none().then(|| sibling.prefix.tag(version)))
        .collect();
    let names: Vec<&str> = tags.iter().flatten().map(String::as_str).collect();
    let mut peeled = repository.peeled(&names)?.into_iter();
    let mut found = Vec::with_capacity(wanted.len());
    for ((_, version), tag) in wanted.iter().zip(&tags) {
        found.push(match tag {
            Some(tag) => peeled
                .next()
                .flatten()
                .ok_or_else(|| format!("there is no tag {tag}, and none in this plan")),
            None => pseudo(repository, version)?,
        });
    }
    Ok(found)
}

/// The commit of a pseudo-version, which Go compares with what it says.
fn pseudo(repository: &Repository, version: &Version) -> Result<Result<Oid, String>, GitError> {
    let (Some(revision), Some(time)) = (version.revision(), version.time()) else {
        return Ok(Err("it is no version".into()));
    };
    if revision.len() != 12 || !revision.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(Err("its end is no commit of twelve digits".into()));
    }
    let found = repository.git.checked(&[format!("{revision}^{{commit}}")], "commit")?;
    let Some(commit) = found.into_iter().flatten().next() else {
        return Ok(Err("there is no such commit".into()));
    };
    match repository.git.time(&commit) {
        Some(real) if real != time => {
            Ok(Err(format!("that commit is of {real}, and not of {time}")))
        }
        _ => Ok(Ok(commit)),
    }
}

/// Whether a commit is a version of a sibling.
fn of_commit(sibling: &Sibling<'_>, commit: Oid, found: impl Iterator<Item = Vec<u8>>) -> Behind {
    let texts = found.filter_map(|it| String::from_utf8(it).ok());
    let parsed: Vec<GoMod> = texts.filter_map(|text| GoMod::parse(&text).ok()).collect();
    let path_of = |it: &GoMod| it.module.as_ref().map(|token| token.text.clone());
    let own = parsed.iter().position(|it| path_of(it).as_deref() == Some(sibling.path.as_str()));
    if let Some(own) = own {
        return Behind::Commit(commit, parsed.into_iter().nth(own).map(Rc::new));
    }
    match parsed.first().and_then(path_of) {
        Some(other) if !sibling.version.ends_with("+incompatible") => Behind::Nothing(format!(
            "its go.mod in {} has the path {}",
            commit.short(),
            devkit_text::escape(other.as_bytes())
        )),
        // Without a go.mod the root of a repository is a module all the same.
        _ if sibling.prefix.to_string().is_empty()
            || sibling.version.ends_with("+incompatible") =>
        {
            Behind::Commit(commit, None)
        }
        _ => Behind::Nothing(format!("there was no go.mod in {} then", sibling.prefix)),
    }
}

/// Adds what is wrong about requirements to a plan.
pub(crate) fn check(draft: &mut Draft<'_>) -> Result<(), GitError> {
    let mut known = Known::default();
    let mut of_rows = Vec::new();
    for row in &draft.rows {
        let module = draft.module(row);
        let Ok(go_mod) = &module.go_mod else { continue };
        if module.prefix.is_err() {
            continue;
        }
        let mut siblings = siblings(draft.repository, go_mod);
        for sibling in &mut siblings {
            if let Some(new) = draft.update.version(row.module, sibling.path.as_str()) {
                new.clone_into(&mut sibling.version);
            }
        }
        of_rows.push((row, module, go_mod, siblings));
    }
    let all: Vec<&Sibling<'_>> = of_rows.iter().flat_map(|(_, _, _, siblings)| siblings).collect();
    known.look_up(draft, &all)?;
    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    for (row, module, go_mod, siblings) in &of_rows {
        let mut seen = HashSet::new();
        for sibling in siblings {
            // Told below, with those of others.
            if precedence(&sibling.version).is_none() {
                continue;
            }
            match known.behind(sibling) {
                Behind::Planned => {}
                Behind::Nothing(why) => {
                    let problem = unresolvable(draft, row, module, go_mod, sibling, &why);
                    // It may have moved to a repository of its own.
                    let moved =
                        sibling.module.is_none() && known_root(sibling.path.as_str()).is_none();
                    if moved { warnings.push(problem) } else { problems.push(problem) }
                }
                Behind::Commit(commit, of_sibling) => {
                    if let Some((problem, stops)) =
                        outdated(draft, row, module, go_mod, sibling, &commit)?
                    {
                        if stops { problems.push(problem) } else { warnings.push(problem) }
                    }
                    let beyond = beyond(&mut known, draft, go_mod, of_sibling, &mut seen)?;
                    problems.extend(
                        beyond.map(|why| unresolvable(draft, row, module, go_mod, sibling, &why)),
                    );
                }
            }
        }
        if let Some((problem, stops)) = carve_out(draft, &known, row, module, go_mod, siblings)? {
            if stops { problems.push(problem) } else { warnings.push(problem) }
        }
        warnings.extend(ignored_replaces(draft, module, go_mod));
        problems.extend(refused_requires(draft, row, module, go_mod));
    }
    draft.problems.append(&mut problems);
    draft.warnings.append(&mut warnings);
    Ok(())
}

/// What a required version requires in its turn and nobody can fetch: go reads that too, unless the
/// module says itself which version it takes (since Go 1.17).
fn beyond(
    known: &mut Known,
    draft: &Draft<'_>,
    go_mod: &GoMod,
    of_sibling: Option<Rc<GoMod>>,
    seen: &mut HashSet<Key>,
) -> Result<Option<String>, GitError> {
    let is_pruned = go_mod.go.as_ref().is_some_and(|go| is_since(&go.text, [1, 17]));
    let listed: HashSet<&str> = go_mod.requires.iter().map(|it| &*it.path.text).collect();
    let mut next: Vec<Rc<GoMod>> = of_sibling.into_iter().collect();
    while let Some(of_sibling) = next.pop() {
        for key in known.further(draft, &of_sibling)?.iter() {
            if is_pruned && listed.contains(&*key.0) || !seen.insert(key.clone()) {
                continue;
            }
            match &known.behind[key] {
                Behind::Nothing(why) => {
                    return Ok(Some(format!("it requires {} {}: {why}", key.0, key.1)));
                }
                Behind::Commit(_, Some(go_mod)) => next.push(Rc::clone(go_mod)),
                Behind::Commit(_, None) | Behind::Planned => {}
            }
        }
    }
    Ok(None)
}

fn place(module: &Module, go_mod: &GoMod, require: &Require, label: &str) -> Place {
    Place::of(module.file("go.mod"), go_mod, &require.version, label)
}

fn unresolvable(
    draft: &Draft<'_>,
    row: &Row,
    module: &Module,
    go_mod: &GoMod,
    sibling: &Sibling<'_>,
    why: &str,
) -> Problem {
    let path = sibling.path.as_str();
    let required = &sibling.version;
    let planned = sibling.module.and_then(|at| draft.row_of(at)).and_then(|row| row.next.as_ref());
    let known = sibling.module.map(|at| &draft.repository.modules[at]);
    let current = known.and_then(Module::current).map(|release| release.version.to_string());
    let current = current.filter(|current| current != required);
    let file = format!("{}{}", draft.repository.git.up, module.file("go.mod"));
    let edit = |version: &str| format!("go mod edit -require={path}@{version} {file}");
    let hint = match (planned, current, known) {
        (Some(next), _, _) => {
            format!("--update-requires writes {next}; or {}", edit(&next.to_string()))
        }
        (None, Some(current), _) => {
            format!("--update-requires writes {current}; or {}", edit(&current))
        }
        (None, None, Some(other)) => {
            let folder = other.shown_folder();
            format!("release it, too: {} --update-requires", draft.with_module(folder))
        }
        (None, None, None) => {
            format!(
                "there is no such module here; if it is nowhere else: go mod edit -droprequire={path} {file}"
            )
        }
    };
    let hidden = if is_replaced(go_mod, path, &sibling.require.version.text) {
        "; the replace that hides it here is ignored outside"
    } else {
        ""
    };
    Problem::new(
        Code::RequireUnresolvable,
        format!("{} requires {path} {required}, which nobody can fetch{hidden}", row.path),
        hint,
    )
    .of(&module.folder)
    .at(Some(place(module, go_mod, sibling.require, why)))
}

/// A requirement of a version that what the module may use by now is not in.
fn outdated(
    draft: &Draft<'_>,
    row: &Row,
    module: &Module,
    go_mod: &GoMod,
    sibling: &Sibling<'_>,
    commit: &Oid,
) -> Result<Option<(Problem, bool)>, GitError> {
    let (Some(at), false) = (sibling.module, sibling.require.indirect) else { return Ok(None) };
    let path = sibling.path.as_str();
    // One above the planned version is what is taken.
    let planned = draft.row_of(at).and_then(|row| row.next.as_ref());
    let planned = planned.filter(|next| precedence(&sibling.version).is_none_or(|it| it < **next));
    if planned.is_none() && !is_replaced(go_mod, path, &sibling.version) {
        return Ok(None);
    }
    let changed = draft.changes.since(commit, at)?;
    if changed.is_empty() {
        return Ok(None);
    }
    let own = row.changed.as_ref().is_none_or(|files| !files.is_empty());
    let other = draft.repository.modules[at].shown_folder();
    let version = &sibling.version;
    let label = match changed.len() {
        1 => format!("1 file of {other} has changed since"),
        count => format!("{count} files of {other} have changed since"),
    };
    let current = draft.repository.modules[at].current().map(|release| &release.version);
    let newer = current.filter(|current| precedence(version).is_some_and(|old| old < **current));
    let hint = match (planned, newer) {
        (Some(next), _) | (None, Some(next)) => format!("--update-requires writes {next}"),
        (None, None) => {
            format!("release it, too: {} --update-requires", draft.with_module(other))
        }
    };
    let stops = own && changed.iter().any(|file| !file.ends_with(b".md"));
    let message = format!(
        "{} requires {path} {version}, and is {} with what came after it",
        row.path,
        if stops { "built here" } else { "tested here" }
    );
    let problem = Problem::new(Code::RequireBehind, message, hint)
        .of(&module.folder)
        .at(Some(place(module, go_mod, sibling.require, &label)));
    Ok(Some((problem, stops)))
}

/// A new module whose packages the module around it still has, in the version that is required.
fn carve_out(
    draft: &Draft<'_>,
    known: &Known,
    row: &Row,
    module: &Module,
    go_mod: &GoMod,
    siblings: &[Sibling<'_>],
) -> Result<Option<(Problem, bool)>, GitError> {
    if row.current.is_some() {
        return Ok(None);
    }
    let repository = draft.repository;
    // The module around it, if a package there would have had the very path of this module.
    let is_around = |other: &&Module| {
        let below = module.folder.strip_prefix(&other.file("")).unwrap_or_default();
        other.folder != module.folder
            && other.prefix.is_ok()
            && !other.releases.is_empty()
            && module.folder.starts_with(&other.file(""))
            && format!("{}/{below}", other.name()) == module.name()
    };
    let around = repository.modules.iter().filter(is_around).max_by_key(|it| it.folder.len());
    let Some(around) = around else { return Ok(None) };
    let require = siblings.iter().find(|sibling| sibling.path.as_str() == around.name());
    let current = || around.current().map(|release| release.tag.clone());
    let (version, commit) = match require {
        Some(sibling) => match known.behind(sibling) {
            Behind::Commit(commit, _) => (sibling.version.clone(), Some(commit)),
            Behind::Planned | Behind::Nothing(_) => return Ok(None),
        },
        // Who uses it without that requirement has both, if the newest still has the packages.
        None if draft.row_of_path(around.name()).is_some() => return Ok(None),
        None => match current() {
            Some(tag) => {
                let commit = repository.peeled(&[&tag])?.into_iter().flatten().next();
                (tag, commit)
            }
            None => return Ok(None),
        },
    };
    let Some(commit) = commit else { return Ok(None) };
    let old = repository.git.tree_below(&commit, &module.folder)?;
    let area = Area::of(&module.folder, None, &old);
    let has_packages = area.entries(&old).any(|entry| {
        let name = area.name(&entry.path);
        let is_hidden = name
            .split(|byte| *byte == b'/')
            .any(|part| part == b"testdata" || part.starts_with(b"_") || part.starts_with(b"."));
        name.ends_with(b".go") && !name.ends_with(b"_test.go") && !is_hidden
    });
    let own = module.file("go.mod");
    if !has_packages || old.iter().any(|entry| entry.path == own.as_bytes()) {
        return Ok(None);
    }
    let (name, folder) = (around.name(), shown(&around.folder));
    let hint = format!(
        "release {name} with it, and require that version: {} --update-requires",
        draft.with_module(folder)
    );
    let message = format!("packages of {} are in {name} {version} as well", row.path);
    let place = require.map(|sibling| {
        place(module, go_mod, sibling.require, "whoever imports them gets \"ambiguous import\"")
    });
    let problem = Problem::new(Code::CarveOut, message, hint).of(&module.folder).at(place);
    Ok(Some((problem, require.is_some())))
}

/// Replacements by something that is not of this repository.
fn ignored_replaces(draft: &Draft<'_>, module: &Module, go_mod: &GoMod) -> Option<Problem> {
    let is_sibling = |path: &str| draft.repository.module(path).is_some();
    let mut foreign = go_mod
        .replaces
        .iter()
        .filter(|it| !(it.new.version.is_none() && is_sibling(&it.old.path.text)));
    let first = foreign.next()?;
    let more = match foreign.count() {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    let (old, new) = (&first.old.path, &first.new.path.text);
    let message = format!(
        "who requires {} gets {} itself, and not {}{more}",
        module.name(),
        devkit_text::escape(old.text.as_bytes()),
        devkit_text::escape(new.as_bytes())
    );
    let place = Place::of(
        module.file("go.mod"),
        go_mod,
        old,
        "only builds of this module itself follow this",
    );
    let hint =
        "require what it takes to build, or say in its documentation that the replace is needed";
    let problem = Problem::new(Code::ReplaceIgnored, message, hint);
    Some(problem.of(&module.folder).at(Some(place)))
}

/// Requirements that make go refuse the whole `go.mod` of a dependency: the version is none, or not of
/// its path's major version.
fn refused_requires(draft: &Draft<'_>, row: &Row, module: &Module, go_mod: &GoMod) -> Vec<Problem> {
    let mut problems = Vec::new();
    for require in &go_mod.requires {
        // What changes anyway is looked at as it will be.
        if draft.update.version(row.module, &require.path.text).is_some() {
            continue;
        }
        let Ok(path) = require.path.text.parse::<ModulePath>() else { continue };
        let text = &require.version.text;
        let (plain, is_incompatible) = match text.strip_suffix("+incompatible") {
            Some(plain) => (plain, true),
            None => (&**text, false),
        };
        let why = match precedence(plain) {
            None => "this is no version".to_owned(),
            Some(version) if is_incompatible || is_of(&path, &version) => continue,
            Some(version) => {
                format!("a v{} version's path is another one", version.major().as_str())
            }
        };
        let shown = devkit_text::escape(text.as_bytes());
        let problem = Problem::new(
            Code::RequireUnresolvable,
            format!(
                "{} requires {path} {shown}, and go refuses the whole go.mod for that",
                row.path
            ),
            "go get writes what there is: a version, and the path with /v2 and so on for later ones",
        );
        problems.push(problem.of(&module.folder).at(Some(place(module, go_mod, require, &why))));
    }
    problems
}

/// Rule: `module.CheckPathMajor` of `golang.org/x/mod`.
fn is_of(path: &ModulePath, version: &Version) -> bool {
    let major = version.major().as_str();
    match path.suffix() {
        MajorSuffix::Unstable(number) => number == major,
        // Commits from before gopkg.in had tags.
        MajorSuffix::Dot("1") if major == "0" => version.revision().is_some(),
        _ => path.takes(version),
    }
}
