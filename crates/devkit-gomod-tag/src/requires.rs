//! What modules of one repository require of each other, and whether that will be there.
//!
//! Inside the repository a `replace` or a `go.work` hides what a requirement says; outside nothing
//! does.

use crate::git::{GitError, Oid};
use crate::gomod::{GoMod, Require};
use crate::path::ModulePath;
use crate::plan::{Draft, Row, shown};
use crate::problem::{Code, Place, Problem};
use crate::repository::{Module, Repository, prefix_of};
use crate::tag::TagPrefix;
use crate::version::{Version, precedence};

/// A requirement of a module of the same repository.
pub(crate) struct Sibling<'a> {
    /// How it is written.
    pub(crate) require: &'a Require,
    /// What its tags begin with.
    prefix: TagPrefix,
    /// Its place among the modules, if it is there.
    pub(crate) module: Option<usize>,
    /// The version, as it will be.
    pub(crate) version: String,
}

/// What stands behind a requirement.
enum Behind {
    /// It will be made with this plan.
    Planned,
    /// A commit, by its tag or its name.
    Commit(Oid),
    /// Nothing that anybody outside could fetch.
    Nothing,
}

/// The modules of the same repository that a module requires.
pub(crate) fn siblings<'a>(repository: &Repository, go_mod: &'a GoMod) -> Vec<Sibling<'a>> {
    let Some(root) = &repository.root else { return Vec::new() };
    let sibling = |require: &'a Require| {
        let path: ModulePath = require.path.text.parse().ok()?;
        let prefix = prefix_of(root, &path)?;
        let module = repository
            .modules
            .iter()
            .position(|module| module.path.as_ref() == Ok(&path) && module.prefix.is_ok());
        // A path below another one's import path need not be of its repository.
        let is_here = module.is_some() || repository.has_releases(&prefix) || is_whole(root);
        let version = require.version.text.clone();
        is_here.then_some(Sibling { require, prefix, module, version })
    };
    go_mod.requires.iter().filter_map(sibling).collect()
}

/// Whether everything below an import path is in one repository.
fn is_whole(root: &str) -> bool {
    let host = root.split('/').next().unwrap_or_default();
    matches!(host, "github.com" | "bitbucket.org" | "gopkg.in")
}

/// Whether a module replaces another by a folder.
pub(crate) fn is_replaced(go_mod: &GoMod, path: &str) -> bool {
    go_mod.replaces.iter().any(|it| it.old.path.text == path && it.new.version.is_none())
}

/// Whether nobody outside could fetch a version that a module of this repository is required at.
pub(crate) fn is_nothing(draft: &Draft<'_>, sibling: &Sibling<'_>) -> Result<bool, GitError> {
    Ok(matches!(behind(draft, sibling)?, Behind::Nothing))
}

fn behind(draft: &Draft<'_>, sibling: &Sibling<'_>) -> Result<Behind, GitError> {
    let repository = draft.repository;
    let text = sibling.version.strip_suffix("+incompatible").unwrap_or(&sibling.version);
    let Some(version) = precedence(text) else { return Ok(Behind::Nothing) };
    let row = sibling.module.and_then(|module| draft.row_of(module));
    if row.is_some_and(|row| row.next.as_ref() == Some(&version)) {
        return Ok(Behind::Planned);
    }
    if let Some(revision) = version.revision() {
        let name = format!("{revision}^{{commit}}");
        let is_name = revision.len() >= 7 && revision.bytes().all(|b| b.is_ascii_hexdigit());
        let found = if is_name { repository.git.checked(&[name], "commit")? } else { Vec::new() };
        return Ok(found.into_iter().flatten().next().map_or(Behind::Nothing, Behind::Commit));
    }
    let tag = sibling.prefix.tag(&version);
    let commit = repository.peeled(&[&tag])?.into_iter().flatten().next();
    Ok(commit.map_or(Behind::Nothing, Behind::Commit))
}

/// Adds what is wrong about requirements to a plan.
pub(crate) fn check(draft: &mut Draft<'_>) -> Result<(), GitError> {
    let mut problems = Vec::new();
    let mut warnings = Vec::new();
    for row in &draft.rows {
        let module = draft.module(row);
        let Ok(go_mod) = &module.go_mod else { continue };
        if module.prefix.is_err() {
            continue;
        }
        let mut siblings = siblings(draft.repository, go_mod);
        for sibling in &mut siblings {
            if let Some(new) = draft.update.version(row.module, &sibling.require.path.text) {
                new.clone_into(&mut sibling.version);
            }
            match behind(draft, sibling)? {
                Behind::Planned => {}
                Behind::Nothing => problems.push(unresolvable(draft, row, module, go_mod, sibling)),
                Behind::Commit(commit) => {
                    if let Some((problem, stops)) =
                        outdated(draft, row, module, go_mod, sibling, &commit)?
                    {
                        if stops { problems.push(problem) } else { warnings.push(problem) }
                    }
                }
            }
        }
        if let Some((problem, stops)) = carve_out(draft, row, module, go_mod, &siblings)? {
            if stops { problems.push(problem) } else { warnings.push(problem) }
        }
        warnings.extend(ignored_replaces(draft, module, go_mod));
    }
    draft.problems.append(&mut problems);
    draft.warnings.append(&mut warnings);
    Ok(())
}

fn place(module: &Module, go_mod: &GoMod, require: &Require, label: &str) -> Option<Place> {
    Some(Place::of(module.file("go.mod"), go_mod, &require.version, label))
}

fn unresolvable(
    draft: &Draft<'_>,
    row: &Row,
    module: &Module,
    go_mod: &GoMod,
    sibling: &Sibling<'_>,
) -> Problem {
    let path = &sibling.require.path.text;
    let (required, tag) = (&sibling.version, sibling_tag(sibling));
    let planned = sibling.module.and_then(|at| draft.row_of(at)).and_then(|row| row.next.as_ref());
    let known = sibling.module.map(|at| &draft.repository.modules[at]);
    let current = known.and_then(Module::current).map(|release| release.version.to_string());
    let file = module.file("go.mod");
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
            format!(
                "release it, too: --module {folder}, with --update-requires if the versions differ"
            )
        }
        (None, None, None) => {
            format!("there is no such module here; go mod edit -droprequire={path} {file}")
        }
    };
    let hidden = match is_replaced(go_mod, path) {
        true => "; the replace that hides it here is ignored outside",
        false => "",
    };
    let nothing = match &tag {
        Some(tag) => format!("there is no tag {tag}, and none in this plan"),
        None => "there is no such commit".to_owned(),
    };
    Problem::new(
        Code::RequireUnresolvable,
        format!("{} requires {path} {required}, which nobody can fetch{hidden}", row.path),
        hint,
    )
    .of(&module.folder)
    .at(place(module, go_mod, sibling.require, &nothing))
}

/// The tag of a required version; `None` for a commit without one.
fn sibling_tag(sibling: &Sibling<'_>) -> Option<String> {
    let text = sibling.version.strip_suffix("+incompatible").unwrap_or(&sibling.version);
    let version: Version = text.parse().ok()?;
    Some(sibling.prefix.tag(&version))
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
    let path = &sibling.require.path.text;
    let planned = draft.row_of(at).and_then(|row| row.next.as_ref());
    if planned.is_none() && !is_replaced(go_mod, path) {
        return Ok(None);
    }
    let changed = draft.changes.since(commit, at)?;
    let sources = changed.iter().filter(|file| file.ends_with(b".go")).count();
    if changed.is_empty() {
        return Ok(None);
    }
    let own = row.changed.as_ref().is_none_or(|files| !files.is_empty());
    let other = draft.repository.modules[at].shown_folder();
    let version = &sibling.version;
    let label = match (changed.len(), sources) {
        (1, _) => format!("1 file of {other} has changed since"),
        (count, _) => format!("{count} files of {other} have changed since"),
    };
    let current = draft.repository.modules[at].current().map(|release| &release.version);
    let newer = current.filter(|current| precedence(version).is_some_and(|old| old < **current));
    let hint = match (planned, newer) {
        (Some(next), _) | (None, Some(next)) => format!("--update-requires writes {next}"),
        (None, None) => format!("release it, too: --module {other}, with --update-requires"),
    };
    let stops = own && sources > 0 || own && changed.iter().any(|file| !file.ends_with(b".md"));
    let message = format!(
        "{} requires {path} {version}, and is {} with what came after it",
        row.path,
        if stops { "built here" } else { "tested here" }
    );
    let problem = Problem::new(Code::RequireBehind, message, hint).of(&module.folder).at(place(
        module,
        go_mod,
        sibling.require,
        &label,
    ));
    Ok(Some((problem, stops)))
}

/// A new module whose packages the module around it still has, in the version that is required.
fn carve_out(
    draft: &Draft<'_>,
    row: &Row,
    module: &Module,
    go_mod: &GoMod,
    siblings: &[Sibling<'_>],
) -> Result<Option<(Problem, bool)>, GitError> {
    if row.current.is_some() {
        return Ok(None);
    }
    let repository = draft.repository;
    let is_around = |other: &&Module| {
        other.folder != module.folder
            && other.prefix.is_ok()
            && !other.releases.is_empty()
            && module.folder.starts_with(&other.file(""))
    };
    let around = repository.modules.iter().filter(is_around).max_by_key(|it| it.folder.len());
    let Some(around) = around else { return Ok(None) };
    let require = siblings.iter().find(|sibling| sibling.require.path.text == around.name());
    let tag = match require {
        Some(sibling) => sibling_tag(sibling).filter(|tag| repository.tags.contains_key(tag)),
        None => around.current().map(|release| release.tag.clone()),
    };
    let Some(tag) = tag else { return Ok(None) };
    let Some(commit) = repository.peeled(&[&tag])?.into_iter().flatten().next() else {
        return Ok(None);
    };
    let names = repository.git.names_below(&commit, &module.folder)?;
    let own = module.file("go.mod");
    if names.iter().any(|name| name == own.as_bytes())
        || !names.iter().any(|name| name.ends_with(b".go") && !name.ends_with(b"_test.go"))
    {
        return Ok(None);
    }
    let (name, folder) = (around.name(), shown(&around.folder));
    let hint = format!(
        "release {name} with it (--module {folder}), and require that version: --update-requires"
    );
    let message = format!("packages of {} are in {name} as well, in the version {tag}", row.path);
    let place = require.and_then(|sibling| {
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
