//! Requirements that nobody outside of the repository could fulfil.

use std::collections::HashSet;
use std::rc::Rc;

use devkit_report::{Detailed, Message, Place, message};

use super::{Decided, Findings};
use crate::git::{GitError, Oid};
use crate::go::gomod::{GoMod, Require, is_since};
use crate::go::path::{MajorSuffix, ModulePath};
use crate::go::tag::known_root;
use crate::go::version::{Version, precedence};
use crate::go::zip::Area;
use crate::problem::{Code, Judge as _, Judgement, go_mod_place, problem};
use crate::release::requires::behind::{Behind, Key, Known};
use crate::release::requires::{Sibling, is_replaced, siblings};
use crate::release::row::{Row, Rows};
use crate::repository::Module;

/// What is wrong about the requirements of a plan.
pub(super) fn check(decided: &Decided<'_>) -> Result<Findings, GitError> {
    let mut known = Known::default();
    let mut of_rows = Vec::new();
    for row in decided.rows.all {
        let module = decided.rows.module(row);
        let Ok(go_mod) = &module.go_mod else { continue };
        if module.prefix.is_err() {
            continue;
        }
        let mut siblings = siblings(decided.rows.repository, go_mod);
        for sibling in &mut siblings {
            if let Some(new) = decided.update.version(row.module, sibling.path.as_str()) {
                new.clone_into(&mut sibling.version);
            }
        }
        of_rows.push((row, module, go_mod, siblings));
    }
    let all: Vec<&Sibling<'_>> = of_rows.iter().flat_map(|(_, _, _, siblings)| siblings).collect();
    known.look_up(decided.rows, &all)?;
    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    for (row, module, go_mod, siblings) in &of_rows {
        let mut seen = HashSet::new();
        for sibling in siblings {
            // A version that is none is told below, with those of other repositories.
            if precedence(&sibling.version).is_none() {
                continue;
            }
            match known.behind(sibling) {
                Behind::Planned => {}
                Behind::Nothing(why) => {
                    let problem = unresolvable(decided, row, module, go_mod, sibling, why);
                    // The module may have moved to a repository of its own.
                    let moved =
                        sibling.module.is_none() && known_root(sibling.path.as_str()).is_none();
                    if moved { warnings.push(problem) } else { problems.push(problem) }
                }
                Behind::Commit(commit, of_sibling) => {
                    if let Some((problem, stops)) =
                        outdated(decided, row, module, go_mod, sibling, &commit)?
                    {
                        if stops { problems.push(problem) } else { warnings.push(problem) }
                    }
                    let beyond = beyond(&mut known, decided.rows, go_mod, of_sibling, &mut seen)?;
                    problems.extend(
                        beyond.map(|why| unresolvable(decided, row, module, go_mod, sibling, why)),
                    );
                }
            }
        }
        if let Some((problem, stops)) = carve_out(decided, &known, row, module, go_mod, siblings)? {
            if stops { problems.push(problem) } else { warnings.push(problem) }
        }
        warnings.extend(ignored_replaces(decided, module, go_mod));
        problems.extend(refused_requires(decided, row, module, go_mod));
    }
    Ok(Findings { problems, warnings })
}

/// What a required version requires in its turn and nobody can fetch: go reads that too, unless the
/// module says itself which version it takes (since Go 1.17).
fn beyond(
    known: &mut Known,
    rows: Rows<'_>,
    go_mod: &GoMod,
    of_sibling: Option<Rc<GoMod>>,
    seen: &mut HashSet<Key>,
) -> Result<Option<String>, GitError> {
    let is_pruned = go_mod.go.as_ref().is_some_and(|go| is_since(&go.text, [1, 17]));
    let listed: HashSet<&str> = go_mod.requires.iter().map(|it| &*it.path.text).collect();
    let mut next: Vec<Rc<GoMod>> = of_sibling.into_iter().collect();
    while let Some(of_sibling) = next.pop() {
        for key in known.further(rows, &of_sibling)?.iter() {
            if is_pruned && listed.contains(&*key.0) || !seen.insert(key.clone()) {
                continue;
            }
            match known.of(key) {
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

fn place(
    module: &Module,
    go_mod: &GoMod,
    require: &Require,
    label: impl Into<Message>,
) -> (Place, Message) {
    go_mod_place(&module.file("go.mod"), go_mod, &require.version, label)
}

fn unresolvable(
    decided: &Decided<'_>,
    row: &Row,
    module: &Module,
    go_mod: &GoMod,
    sibling: &Sibling<'_>,
    why: String,
) -> Detailed<Judgement> {
    let path = sibling.path.as_str();
    let required = &sibling.version;
    let next = sibling.module.and_then(|at| decided.rows.next(at));
    let known = sibling.module.map(|at| &decided.rows.repository.modules[at]);
    let current = known.and_then(Module::current).map(|release| release.version.to_string());
    let current = current.filter(|current| current != required);
    let file = format!("{}{}", decided.rows.repository.git.up, module.file("go.mod"));
    let edit = |version: &str| message!("go mod edit -require={}@{} {}", path, version, file);
    let hint = match (next, current, known) {
        (Some(next), _, _) => {
            message!("--update-requires writes {}; or {}", next, edit(&next.to_string()))
        }
        (None, Some(current), _) => {
            message!("--update-requires writes {}; or {}", current, edit(&current))
        }
        (None, None, Some(other)) => {
            let folder = other.shown_folder();
            message!("release it, too: {} --update-requires", decided.rows.with_module(folder))
        }
        (None, None, None) => {
            message!(
                "there is no such module here; if it is nowhere else: go mod edit -droprequire={} {}",
                path,
                file
            )
        }
    };
    let hidden = if is_replaced(go_mod, path, &sibling.require.version.text) {
        "; the replace that hides it here is ignored outside"
    } else {
        ""
    };
    problem(
        Code::RequireUnresolvable,
        message!("{} requires {} {}, which nobody can fetch{}", row.path, path, required, hidden),
        hint,
    )
    .of(&module.folder)
    .at(Some(place(module, go_mod, sibling.require, why)))
}

/// A requirement of a version that what the module may use by now is not in.
fn outdated(
    decided: &Decided<'_>,
    row: &Row,
    module: &Module,
    go_mod: &GoMod,
    sibling: &Sibling<'_>,
    commit: &Oid,
) -> Result<Option<(Detailed<Judgement>, bool)>, GitError> {
    let (Some(at), false) = (sibling.module, sibling.require.indirect) else { return Ok(None) };
    let path = sibling.path.as_str();
    // A version above the planned version is what is taken.
    let next = decided.rows.next(at);
    let next = next.filter(|next| precedence(&sibling.version).is_none_or(|it| it < **next));
    if next.is_none() && !is_replaced(go_mod, path, &sibling.version) {
        return Ok(None);
    }
    let changed = decided.changes.since(commit, at)?;
    if changed.is_empty() {
        return Ok(None);
    }
    let own = row.changed.as_ref().is_none_or(|files| !files.is_empty());
    let other = decided.rows.repository.modules[at].shown_folder();
    let version = &sibling.version;
    let label = match changed.len() {
        1 => message!("1 file of {} has changed since", other),
        count => message!("{} files of {} have changed since", count, other),
    };
    let current = decided.rows.repository.modules[at].current().map(|release| &release.version);
    let newer = current.filter(|current| precedence(version).is_some_and(|old| old < **current));
    let hint = match (next, newer) {
        (Some(next), _) | (None, Some(next)) => message!("--update-requires writes {}", next),
        (None, None) => {
            message!("release it, too: {} --update-requires", decided.rows.with_module(other))
        }
    };
    let stops = own && changed.iter().any(|file| !file.ends_with(b".md"));
    let message = message!(
        "{} requires {} {}, and is {} with what came after it",
        row.path,
        path,
        version,
        if stops { "built here" } else { "tested here" }
    );
    let problem = problem(Code::RequireBehind, message, hint).of(&module.folder).at(Some(place(
        module,
        go_mod,
        sibling.require,
        label,
    )));
    Ok(Some((problem, stops)))
}

/// A new module whose packages the module around it still has, in the version that is required.
fn carve_out(
    decided: &Decided<'_>,
    known: &Known,
    row: &Row,
    module: &Module,
    go_mod: &GoMod,
    siblings: &[Sibling<'_>],
) -> Result<Option<(Detailed<Judgement>, bool)>, GitError> {
    if row.current.is_some() {
        return Ok(None);
    }
    let repository = decided.rows.repository;
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
        None if decided.rows.of_path(around.name()).is_some() => return Ok(None),
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
    let (name, folder) = (around.name(), around.shown_folder());
    let hint = message!(
        "release {} with it, and require that version: {} --update-requires",
        name,
        decided.rows.with_module(folder)
    );
    let message = message!("packages of {} are in {} {} as well", row.path, name, version);
    let place = require.map(|sibling| {
        place(module, go_mod, sibling.require, "whoever imports them gets \"ambiguous import\"")
    });
    let problem = problem(Code::CarveOut, message, hint).of(&module.folder).at(place);
    Ok(Some((problem, require.is_some())))
}

/// Replacements by something that is not of this repository.
fn ignored_replaces(
    decided: &Decided<'_>,
    module: &Module,
    go_mod: &GoMod,
) -> Option<Detailed<Judgement>> {
    let is_sibling = |path: &str| decided.rows.repository.module(path).is_some();
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
    let message = message!(
        "who requires {} gets {} itself, and not {}{}",
        module.name(),
        old.text,
        new,
        more
    );
    let place = go_mod_place(
        &module.file("go.mod"),
        go_mod,
        old,
        "only builds of this module itself follow this",
    );
    let hint =
        "require what it takes to build, or say in its documentation that the replace is needed";
    let problem = problem(Code::ReplaceIgnored, message, hint);
    Some(problem.of(&module.folder).at(Some(place)))
}

/// Requirements that make go refuse the whole `go.mod` of a dependency: the version is none, or not of
/// its path's major version.
fn refused_requires(
    decided: &Decided<'_>,
    row: &Row,
    module: &Module,
    go_mod: &GoMod,
) -> Vec<Detailed<Judgement>> {
    let mut problems = Vec::new();
    for require in &go_mod.requires {
        // What changes anyway is looked at as it will be.
        if decided.update.version(row.module, &require.path.text).is_some() {
            continue;
        }
        let Ok(path) = require.path.text.parse::<ModulePath>() else { continue };
        let text = &require.version.text;
        let (plain, is_incompatible) = match text.strip_suffix("+incompatible") {
            Some(plain) => (plain, true),
            None => (&**text, false),
        };
        let why = match precedence(plain) {
            None => message!("this is no version"),
            Some(version) if is_incompatible || is_of(&path, &version) => continue,
            Some(version) => {
                message!("a v{} version's path is another one", version.major().as_str())
            }
        };
        let problem = problem(
            Code::RequireUnresolvable,
            message!(
                "{} requires {} {}, and go refuses the whole go.mod for that",
                row.path,
                path,
                text
            ),
            "go get writes what there is: a version, and the path with /v2 and so on for later ones",
        );
        problems.push(problem.of(&module.folder).at(Some(place(module, go_mod, require, why))));
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
