//! Everything that would make a release one that Go cannot use, found before there is a tag.

use std::collections::HashSet;

use devkit_text::escape;

use crate::git::{EntryKind, GitError, TagKind, as_path};
use crate::install;
use crate::path::MajorSuffix;
use crate::plan::{Draft, Row, Why};
use crate::problem::{Code, Place, Problem};
use crate::repository::{Module, Nameless};
use crate::requires;
use crate::tag::Misplaced;
use crate::version::Version;
use crate::zip::{Invalid, MOST_BYTES, MOST_OF_ONE};

/// Names that are shown of a longer list.
const SHOWN: usize = 3;

/// Adds everything that is to be said about a plan.
pub(crate) fn all(draft: &mut Draft<'_>) -> Result<(), GitError> {
    if draft.repository.modules.is_empty() {
        let problem = Problem::new(
            Code::NoModules,
            "there is no go.mod in this commit",
            "go mod init PATH makes one; it must be committed",
        );
        draft.problems.push(problem);
        return Ok(());
    }
    let mut found = Vec::new();
    for row in &draft.rows {
        let module = draft.module(row);
        found.extend(of_module(draft, row, module));
    }
    draft.problems.append(&mut found);
    versions(draft)?;
    requires::check(draft)?;
    draft.warnings.extend(licenses(draft));
    let blocked = install::blocked(draft)?;
    draft.warnings.extend(blocked);
    if !draft.options.only_modules {
        let mut found = of_repository(draft)?;
        draft.problems.append(&mut found);
    }
    Ok(())
}

/// Why a module cannot be released at all, whatever the version: the first reason.
#[must_use]
pub fn not_releasable(module: &Module, root: Option<&str>) -> Option<Problem> {
    let file = module.file("go.mod");
    let place = |label: &str| {
        let go_mod = module.go_mod.as_ref().ok()?;
        Some(Place::of(file.clone(), go_mod, go_mod.module.as_ref()?, label))
    };
    let bad = |message: String, hint: &str| Problem::new(Code::BadModulePath, message, hint);
    let folder = module.shown_folder();
    let problem = match (&module.path, &module.prefix) {
        (Err(Nameless::Malformed), _) => {
            let why = module.go_mod.as_ref().err()?;
            let problem =
                bad(format!("Go cannot read {file}"), "correct it there; go mod edit -json checks it");
            problem.because(format!("line {}, column {}: {}", why.line, why.column, why.why))
        }
        (Err(Nameless::NoModule), _) => bad(
            format!("{file} has no module line, so that nobody can fetch it"),
            "go mod edit -module PATH adds it",
        ),
        (Err(Nameless::Bad { text, why }), _) => bad(
            format!("{} in {file} is a module path that Go cannot fetch", quoted(text)),
            "a path begins with a host name, as in example.com/project/module; or leave the module out \
             with --exclude",
        )
        .at(place(&why.to_string())),
        (Ok(path), Err(Misplaced::Foreign { root: by })) => {
            let (message, label) = match (root, by.is_empty()) {
                (Some(root), false) => (
                    format!("{path} is not a module of {root}, so Go looks for it elsewhere"),
                    format!("it lies in {folder}, and should begin with {root}"),
                ),
                _ => (
                    format!("it is not clear which import path this repository has, so {path} has no tag"),
                    "modules here disagree about it".to_owned(),
                ),
            };
            Problem::new(
                Code::PathMismatch,
                message,
                format!(
                    "correct the path, or name the repository's own: --root IMPORTPATH; or leave it out: \
                     --exclude {folder}"
                ),
            )
            .at(place(&label))
        }
        (Ok(path), Err(Misplaced::Elsewhere { expected })) => Problem::new(
            Code::PathMismatch,
            format!("{path} lies in {folder}, and Go looks for it in {}", shown_or_root(expected)),
            format!(
                "move it there, or change its module line to the path of its folder; or leave it out: \
                 --exclude {folder}"
            ),
        )
        .at(place(&format!("by this path it lies in {}", shown_or_root(expected)))),
        (Ok(path), Ok(_)) if matches!(path.suffix(), MajorSuffix::Unstable(_)) => bad(
            format!("{path} takes no versions from tags"),
            "gopkg.in has -unstable for branches only; drop it from the path",
        )
        .at(place("-unstable")),
        (Ok(_), Ok(_)) => return None,
    };
    Some(problem.of(&module.folder))
}

fn shown_or_root(folder: &str) -> &str {
    if folder.is_empty() { "the root" } else { folder }
}

fn quoted(text: &str) -> String {
    format!("'{}'", escape(text.as_bytes()))
}

fn of_module(draft: &Draft<'_>, row: &Row, module: &Module) -> Vec<Problem> {
    let repository = draft.repository;
    if let Some(problem) = not_releasable(module, repository.root.as_deref()) {
        return vec![problem];
    }
    let (Ok(path), Ok(prefix), Ok(go_mod)) = (&module.path, &module.prefix, &module.go_mod) else {
        return Vec::new();
    };
    let place = |label: &str| {
        Some(Place::of(module.file("go.mod"), go_mod, go_mod.module.as_ref()?, label))
    };
    let mut found = Vec::new();
    let is_twin = |other: &&Module| {
        other.folder != module.folder
            && other.prefix.as_ref() == Ok(prefix)
            && other.path.as_ref().is_ok_and(|it| it.major() == path.major())
    };
    if let Some(twin) = repository.modules.iter().find(is_twin) {
        found.push(
            Problem::new(
                Code::DuplicateModule,
                format!(
                    "{path} is in {} and in {}, and Go refuses both",
                    module.shown_folder(),
                    twin.shown_folder()
                ),
                "remove one of the two, or change the path of one",
            )
            .at(place("the same module")),
        );
    }
    if let Some(next) = row.next.as_ref().filter(|next| !path.takes(next)) {
        let major = next.major().as_str();
        let (label, hint) = match (path.suffix(), major) {
            (MajorSuffix::None, _) => (
                format!("a v{major} module's path must end in /v{major}"),
                format!(
                    "change it to {path}/v{major} (and the imports), or release a v0 or v1 version"
                ),
            ),
            (MajorSuffix::Slash(own), "0" | "1") => (
                format!("this is the path of v{own}"),
                format!("release a v{own} version, or drop /v{own} from the path"),
            ),
            (MajorSuffix::Slash(own), _) => (
                format!("this is the path of v{own}"),
                format!("change it to {}/v{major}, or release a v{own} version", path.prefix()),
            ),
            (MajorSuffix::Dot(own) | MajorSuffix::Unstable(own), _) => (
                format!("this is the path of v{own}"),
                format!("release a v{own} version; another has a path of its own at gopkg.in"),
            ),
        };
        found.push(
            Problem::new(
                Code::MajorMismatch,
                format!("module path and version disagree: {path} and {next}"),
                hint,
            )
            .at(place(&label)),
        );
    }
    found.extend(zip(draft, module));
    found.into_iter().map(|problem| problem.of(&module.folder)).collect()
}

fn zip(draft: &Draft<'_>, module: &Module) -> Vec<Problem> {
    let told = |path: &[u8]| quoted(&as_path(path).to_string_lossy());
    let problem = |invalid: Invalid| {
        let (message, hint) = match invalid {
            Invalid::Name { path, why } => (
                format!("Go makes no zip file with {}: {why}", told(&path)),
                "rename it, or put it into a folder with a go.mod of its own",
            ),
            Invalid::Collision { paths: [one, other] } => (
                format!(
                    "{} and {} are one name where capitals do not count",
                    told(&one),
                    told(&other)
                ),
                "rename one of them",
            ),
            Invalid::GoModCase { path } => {
                (format!("{} must be written go.mod", told(&path)), "rename it")
            }
            Invalid::FileSize { path, size } => (
                format!("{} has {size} bytes, and Go takes {MOST_OF_ONE}", told(&path)),
                "make it smaller",
            ),
            Invalid::Size { total } => (
                format!("its files have {total} bytes, and Go takes {MOST_BYTES}"),
                "move large files to a folder with a go.mod of its own, or out of the repository",
            ),
        };
        Problem::new(Code::ZipInvalid, message, hint)
    };
    let all = module.area.invalid(&draft.repository.tree);
    let more = all.len().saturating_sub(SHOWN);
    let mut found: Vec<Problem> = all.into_iter().take(SHOWN).map(problem).collect();
    if let Some(last) = found.last_mut().filter(|_| more > 0) {
        last.message = format!("{} (and {more} more)", last.message);
    }
    found
}

/// What there is at the names of the tags.
fn versions(draft: &mut Draft<'_>) -> Result<(), GitError> {
    let repository = draft.repository;
    let tags: Vec<String> = draft.rows.iter().filter_map(|row| row.tag.clone()).collect();
    let known: Vec<&str> =
        tags.iter().map(String::as_str).filter(|tag| repository.tags.contains_key(*tag)).collect();
    let commits = repository.peeled(&known)?;
    let at = |tag: &str| {
        let place = known.iter().position(|known| *known == tag)?;
        Some(commits[place].clone())
    };
    let mut found = Vec::new();
    let mut rows = std::mem::take(&mut draft.rows);
    for row in &mut rows {
        let module = draft.module(row);
        let (Some(next), Some(tag)) = (&row.next, &row.tag) else { continue };
        let remote = draft.options.remote.as_ref();
        let there = remote.and_then(|remote| remote.tags.get(tag));
        row.on_remote = remote.map(|_| there == Some(&repository.commit.oid));
        let mut burnt = |message: String| {
            found.push(
                Problem::new(
                    Code::TagExists,
                    message,
                    format!(
                        "versions can't be reused, Go proxies keep the first one; next free: {}; if {next} is \
                         bad, add to {}: retract {next} // why",
                        free(draft, module, next),
                        module.file("go.mod")
                    ),
                )
                .of(&row.folder),
            );
        };
        match at(tag) {
            Some(Some(commit))
                if commit == repository.commit.oid && draft.update.files.is_empty() =>
            {
                row.exists = true;
                row.why = vec![Why::Tagged];
            }
            Some(Some(commit)) => {
                burnt(format!("tag {tag} exists on another commit ({})", commit.short()));
                continue;
            }
            Some(None) => {
                burnt(format!("tag {tag} exists, and is not one of a commit"));
                continue;
            }
            None => {}
        }
        match (there, remote) {
            (Some(commit), Some(remote)) if *commit != repository.commit.oid => {
                burnt(format!(
                    "tag {tag} exists at {} on another commit ({})",
                    remote.name,
                    commit.short()
                ));
                continue;
            }
            _ => {}
        }
        if row.exists {
            continue;
        }
        if let Some(problem) = conflict(draft, tag).or_else(|| lower(draft, row, next, module)) {
            found.push(problem.of(&row.folder));
        } else if row.current.as_ref().is_some_and(|current| next < current) {
            row.why = vec![Why::Backport];
        }
    }
    draft.rows = rows;
    draft.problems.append(&mut found);
    Ok(())
}

/// The next version that has no tag, here and at the remote.
fn free(draft: &Draft<'_>, module: &Module, version: &Version) -> String {
    let mut version = version.clone();
    loop {
        let Some(next) = version.bumped(crate::version::Bump::Patch) else {
            return version.to_string();
        };
        version = next;
        let tag = module.prefix.as_ref().map(|prefix| prefix.tag(&version)).unwrap_or_default();
        let remote = draft.options.remote.as_ref();
        let is_taken = draft.repository.tags.contains_key(&tag)
            || remote.is_some_and(|remote| remote.tags.contains_key(&tag));
        if !is_taken && module.releases.last().is_none_or(|last| last.version < version) {
            return version.to_string();
        }
    }
}

/// References are files to git, and `b` cannot be a file and a folder.
fn conflict(draft: &Draft<'_>, tag: &str) -> Option<Problem> {
    let tags = &draft.repository.tags;
    let parents = tag.match_indices('/').map(|(at, _)| &tag[..at]);
    let above = parents.into_iter().find(|parent| tags.contains_key(*parent));
    let below = format!("{tag}/");
    let other =
        above.or_else(|| tags.keys().map(|name| &**name).find(|it| it.starts_with(&below)))?;
    Some(Problem::new(
        Code::RefConflict,
        format!("there is a tag {other}, so git cannot make {tag}"),
        format!(
            "if {other} is not needed: git tag -d {other}, and git push REMOTE :refs/tags/{other}; it was \
             never a version of Go"
        ),
    ))
}

/// A version below the current one, which is right only if it goes on with an older line.
fn lower(draft: &Draft<'_>, row: &Row, next: &Version, module: &Module) -> Option<Problem> {
    let current = row.current.as_ref().filter(|current| next < current)?;
    let of_line = |version: &Version| version.is_of_line(next);
    let line = module.releases.iter().rev().map(|release| &release.version).find(|it| of_line(it));
    if line.is_some_and(|last| last < next) {
        return None;
    }
    let message = format!("{next} is lower than {current}, the last version of {}", row.path);
    let higher = free(draft, module, current);
    Some(
        Problem::new(Code::BadVersion, message, format!("take a higher one, such as {higher}"))
            .because("everybody would go on using the higher one"),
    )
}

/// Modules that show no documentation at pkg.go.dev.
fn licenses(draft: &Draft<'_>) -> Vec<Problem> {
    const NAMES: &[&str] = &["LICENSE", "LICENCE", "COPYING", "UNLICENSE", "COPYRIGHT", "MIT"];
    let tree = &draft.repository.tree;
    let has_one = |module: &Module| {
        module.area.entries(tree).any(|entry| {
            let name = String::from_utf8_lossy(module.area.name(&entry.path)).to_ascii_uppercase();
            entry.kind == EntryKind::File
                && !name.contains('/')
                && NAMES.iter().any(|known| name.contains(known))
        })
    };
    let rows = draft.rows.iter().filter(|row| !has_one(draft.module(row)));
    let warning = |row: &Row| {
        Problem::new(
            Code::NoLicense,
            format!(
                "{} has no LICENSE file, so pkg.go.dev does not show its documentation",
                row.path
            ),
            "a file LICENSE in its folder, or in the root of the repository, is taken",
        )
        .of(&row.folder)
    };
    rows.map(warning).collect()
}

/// What is not about a single module.
fn of_repository(draft: &Draft<'_>) -> Result<Vec<Problem>, GitError> {
    let (repository, options) = (draft.repository, draft.options);
    let git = &repository.git;
    let mut found = Vec::new();
    if git.is_shallow {
        found.push(Problem::new(
            Code::Shallow,
            "the repository has only a part of its history, so which versions there are is not known",
            "git fetch --unshallow --tags; in GitHub's checkout action: fetch-depth: 0",
        ));
    }
    if !options.commit_is_named {
        found.extend(dirty(draft)?);
    }
    if !draft.rows.is_empty() {
        found.extend(branch(draft)?);
    }
    let needs_identity = matches!(options.kind, Some(TagKind::Annotated | TagKind::Signed))
        || !draft.update.files.is_empty();
    if needs_identity && let Err(error) = git.identity() {
        let problem = Problem::new(
            Code::NoIdentity,
            "git does not know who makes the tags",
            "git config user.name NAME && git config user.email ADDRESS",
        );
        found.push(match error {
            GitError::Failed { says, .. } => problem.because(first_line(&says)),
            _ => problem,
        });
    }
    Ok(found)
}

pub(crate) fn first_line(says: &str) -> String {
    // git explains what to do before it says what is the matter.
    let lines = || says.lines().map(str::trim).filter(|line| !line.is_empty());
    let fatal = lines().find(|line| line.starts_with("fatal: ") || line.starts_with("error: "));
    let line = fatal.or_else(|| lines().next()).unwrap_or("it does not say why");
    let line = line.strip_prefix("fatal: ").or(line.strip_prefix("error: ")).unwrap_or(line);
    escape(line.as_bytes())
}

/// Files that the tag would not have, though somebody may think so.
fn dirty(draft: &Draft<'_>) -> Result<Option<Problem>, GitError> {
    let repository = draft.repository;
    let status = repository.git.status()?;
    let of_plan = |path: &[u8]| draft.rows.iter().any(|row| draft.module(row).area.has(path));
    // What a run before this one wrote for the very same plan is no surprise.
    let ours: HashSet<&[u8]> = draft
        .update
        .files
        .iter()
        .filter(|file| {
            let now = std::fs::read(repository.git.folder().join(&file.path));
            now.is_ok_and(|now| now == file.new.as_bytes())
        })
        .map(|file| file.path.as_bytes())
        .collect();
    let is_foreign = |path: &&Vec<u8>| !ours.contains(&path[..]);
    let modified: Vec<&Vec<u8>> = status.modified.iter().filter(is_foreign).collect();
    let untracked: Vec<&Vec<u8>> =
        status.untracked.iter().filter(is_foreign).filter(|path| of_plan(path)).collect();
    let count = modified.len() + untracked.len();
    let Some(first) = modified.first().or(untracked.first()) else { return Ok(None) };
    let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
    let what = if modified.is_empty() { "is not tracked" } else { "is not committed" };
    let shown = escape(first);
    Ok(Some(Problem::new(
        Code::Dirty,
        format!("{shown}{more} {what}, so a tag would not have it"),
        "commit or stash it (git stash -u); or name the commit: --commit HEAD",
    )))
}

/// A commit that is on no branch is lost when its tag goes, and was reviewed by nobody.
fn branch(draft: &Draft<'_>) -> Result<Option<Problem>, GitError> {
    let repository = draft.repository;
    let (git, commit) = (&repository.git, &repository.commit);
    let on = match &draft.options.branch {
        Some(branch) => match git.commit(branch) {
            Ok(_) => git.is_ancestor(&commit.oid, branch)?,
            Err(GitError::NoCommit { .. }) => {
                return Ok(Some(Problem::new(
                    Code::CommitNotOnBranch,
                    format!("there is no branch {}", quoted(branch)),
                    "git branch -a lists them",
                )));
            }
            Err(error) => return Err(error),
        },
        // What is checked out as a branch needs no search.
        None if !draft.options.commit_is_named && git.branch().is_some() => true,
        None => git.branch_with(&commit.oid)?.is_some(),
    };
    let of = match &draft.options.branch {
        Some(branch) => format!("not on branch {}", quoted(branch)),
        None => "on no branch".to_owned(),
    };
    let problem = || {
        Problem::new(
            Code::CommitNotOnBranch,
            format!("commit {} is {of}", commit.oid.short()),
            "merge it first, or name a commit that is: --commit REV",
        )
    };
    Ok((!on).then(problem))
}
