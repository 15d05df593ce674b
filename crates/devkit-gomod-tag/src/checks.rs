//! Everything that would make a release one that Go cannot use, found before there is a tag.

use std::collections::{HashMap, HashSet};

use devkit_text::escape;

use crate::git::{EntryKind, Git, GitError, Oid, TagKind, as_path};
use crate::install;
use crate::path::{BadPath, MajorSuffix};
use crate::plan::{Draft, Row, Surroundings, Why};
use crate::problem::{Code, Place, Problem};
use crate::repository::{Module, Nameless};
use crate::requires;
use crate::tag::Misplaced;
use crate::update::{self, Edited};
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
    let large = draft.rows.iter().filter_map(|row| too_much(draft, row)).collect::<Vec<_>>();
    draft.warnings.extend(large);
    let blocked = install::blocked(draft)?;
    draft.warnings.extend(blocked);
    found = retracted(draft);
    draft.warnings.append(&mut found);
    draft.problems.extend(update::wrong_sums(draft)?);
    draft.problems.extend(shallow(&draft.repository.git));
    if draft.options.surroundings != Surroundings::None {
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
            &format!("{}; or leave the module out: --exclude {folder}", repair(why)),
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
                    format!("a path that fits ends with the folder, {folder}; those here do not agree"),
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

/// What to do about a path that Go cannot fetch.
fn repair(why: &BadPath) -> &'static str {
    match why {
        BadPath::Empty | BadPath::NoDot | BadPath::LeadingDash | BadPath::BadHostCharacter(_) => {
            "a path begins with a host name, as in example.com/project/module"
        }
        BadPath::BadMajor => {
            "v0 and v1 have no suffix, later versions /v2 and so on, and gopkg.in .v1 at the very end"
        }
        BadPath::EmptyElement => "take the doubled or last slash out",
        BadPath::BadCharacter(_) => "letters, digits and -._~ can be in a path",
        BadPath::Dot(_) => "take the dot out, or move the module to a folder without one",
        BadPath::Reserved(_) | BadPath::ShortName(_) => "rename that part, and the folder",
    }
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
    let in_major = match path.suffix() {
        MajorSuffix::Slash(number) => Some(format!("{prefix}v{number}")),
        _ => None,
    };
    let is_twin = |other: &&Module| {
        other.folder != module.folder
            && (other.prefix.as_ref() == Ok(prefix)
                && other.path.as_ref().is_ok_and(|it| it.major() == path.major())
                // Where it could be as well, no other may be.
                || in_major.as_ref() == Some(&other.folder))
    };
    if let Some(twin) = repository.modules.iter().find(is_twin) {
        found.push(
            Problem::new(
                Code::DuplicateModule,
                format!(
                    "{path} can be in {} and in {}, and Go refuses both",
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
            (MajorSuffix::Slash(own), _) if path.major().is_some_and(|own| own > *next.major()) => {
                (format!("this is the path of v{own}"), format!("release a v{own} version"))
            }
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
                "move large files out of the module's folder, or out of the repository",
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

/// Go fetches the whole folder, with the modules in it, before it takes what is the module's own.
fn too_much(draft: &Draft<'_>, row: &Row) -> Option<Problem> {
    let module = draft.module(row);
    let bytes = module.area.fetched(&draft.repository.tree);
    (bytes > MOST_BYTES).then(|| {
        let message = format!(
            "all that lies below {} has {bytes} bytes, and Go fetches at most {MOST_BYTES}, packed",
            module.shown_folder()
        );
        let hint = "verify tells whether it is too much; modules below count, too";
        Problem::new(Code::ZipInvalid, message, hint).of(&module.folder)
    })
}

/// What there is at the names of the tags.
fn versions(draft: &mut Draft<'_>) -> Result<(), GitError> {
    let repository = draft.repository;
    let mut rows = std::mem::take(&mut draft.rows);
    let tags: Vec<&str> = rows.iter().filter_map(|row| row.tag.as_deref()).collect();
    let known: Vec<&str> =
        tags.into_iter().filter(|tag| repository.tags.contains_key(*tag)).collect();
    let known: HashMap<String, Option<Oid>> =
        known.iter().map(|tag| (*tag).to_owned()).zip(repository.peeled(&known)?).collect();
    let mut found = Vec::new();
    for row in &mut rows {
        let Some(tag) = row.tag.clone() else { continue };
        match place_of(draft, row, &tag, known.get(&tag)) {
            Ok(()) => {}
            Err(problem) => found.push(problem.of(&row.folder)),
        }
    }
    draft.rows = rows;
    draft.problems.append(&mut found);
    Ok(())
}

/// Whether a tag is there, here and at the remote, and can be made if not. `known`: what it leads to.
fn place_of(
    draft: &Draft<'_>,
    row: &mut Row,
    tag: &str,
    known: Option<&Option<Oid>>,
) -> Result<(), Box<Problem>> {
    let commit = &draft.repository.commit.oid;
    let module = draft.module(row);
    let Some(next) = row.next.clone() else { return Ok(()) };
    let burnt = |message: String| {
        let hint = format!(
            "versions can't be reused, Go proxies keep the first one; next free: {}; if {next} is bad, add \
             to {}: retract {next} // why",
            free(draft, module, &next),
            module.file("go.mod")
        );
        Box::new(Problem::new(Code::TagExists, message, hint))
    };
    match known {
        None => {}
        Some(None) => return Err(burnt(format!("tag {tag} exists, and is not one of a commit"))),
        Some(Some(other)) if other != commit => {
            return Err(burnt(format!("tag {tag} exists on another commit ({})", other.short())));
        }
        Some(Some(_))
            if draft.update.files.iter().any(|it| module.area.has(it.path.as_bytes())) =>
        {
            return Err(burnt(format!("tag {tag} exists, and what it requires is to change")));
        }
        Some(Some(_)) => {
            row.exists = true;
            row.why = vec![Why::Tagged];
        }
    }
    if let Some(remote) = &draft.options.remote {
        let name = escape(remote.name.as_bytes());
        // What is not here yet and gets a commit of its own cannot be there.
        let is_new = !row.exists && !draft.update.files.is_empty();
        if let Some(other) = remote.commits(tag).find(|other| is_new || *other != commit) {
            return Err(burnt(format!(
                "tag {tag} exists at {name} on another commit ({})",
                other.short()
            )));
        }
        row.on_remote = Some(remote.has(tag));
        let names = remote.places.iter().flat_map(|tags| tags.keys());
        let unknown = draft.repository.only_at(module, names);
        if let Some(higher) = unknown.filter(|higher| *higher > next && !row.exists) {
            let message = format!("{name} has {higher} of {}, which is not here", row.path);
            let hint = match remote.places.len() {
                1 => format!("git fetch --tags {name}; then this counts from there"),
                _ => format!(
                    "git remote get-url --push --all {name} lists the places; git fetch --tags URL"
                ),
            };
            return Err(Box::new(Problem::new(Code::TagExists, message, hint)));
        }
    }
    if row.exists {
        return Ok(());
    }
    if next.to_string().strip_suffix(".lock").is_some() {
        let problem = Problem::new(
            Code::BadVersion,
            format!("git makes no tag {tag}"),
            "take another word for the pre-release",
        );
        return Err(Box::new(problem.because("what ends with .lock is git's own")));
    }
    if let Some(problem) = conflict(draft, tag) {
        return Err(Box::new(problem));
    }
    lower(draft, row, &next, module)
}

/// The next version that has no tag, here and at the remote.
fn free(draft: &Draft<'_>, module: &Module, version: &Version) -> String {
    let highest = module.floor.as_ref().filter(|floor| *floor > version);
    let mut version = highest.unwrap_or(version).clone();
    while let Some(next) = version.bumped(crate::version::Bump::Patch) {
        version = next;
        let tag = module.prefix.as_ref().map(|prefix| prefix.tag(&version)).unwrap_or_default();
        let remote = draft.options.remote.as_ref();
        let is_there = remote.is_some_and(|remote| remote.commits(&tag).next().is_some());
        let is_taken = is_there || draft.repository.tags.contains_key(&tag);
        if !is_taken && !module.is_retracted(&version) {
            break;
        }
    }
    version.to_string()
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

/// A version below one that there is, which is right only if it goes on with an older line.
fn lower(
    draft: &Draft<'_>,
    row: &mut Row,
    next: &Version,
    module: &Module,
) -> Result<(), Box<Problem>> {
    let above = module.above_for_retraction().filter(|highest| next < *highest);
    if let Some(highest) = above {
        let message = format!(
            "{next} is lower than {highest}, so what go.mod withdraws would not be withdrawn"
        );
        let hint = format!("take a higher one, such as {}", free(draft, module, highest));
        let problem = Problem::new(Code::BadVersion, message, hint);
        return Err(Box::new(
            problem.because("go reads what is withdrawn from the highest version"),
        ));
    }
    let Some(floor) = module.floor.as_ref().filter(|floor| next < *floor) else { return Ok(()) };
    let of_line = |version: &Version| version.is_of_line(next);
    let line = module.releases.iter().rev().map(|release| &release.version).find(|it| of_line(it));
    if line.is_some_and(|last| last < next) {
        row.why = vec![Why::Backport];
        return Ok(());
    }
    // What is withdrawn for good is in nobody's way.
    let is_highest = row.current.as_ref().is_some_and(|current| current < next);
    if is_highest && module.is_retracted(floor) {
        return Ok(());
    }
    let is_own = module.releases.iter().any(|release| release.version == *floor);
    let message = if is_own {
        format!("{next} is lower than {floor}, the last version of {}", row.path)
    } else {
        format!(
            "{next} is lower than {floor}, a tag from before {} had this path, and go lists that too",
            row.path
        )
    };
    let hint = format!("take a higher one, such as {}", free(draft, module, floor));
    let problem = Problem::new(Code::BadVersion, message, hint);
    Err(Box::new(problem.because("everybody would go on using the higher one")))
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

/// A repository that does not know which versions there are.
#[must_use]
pub fn shallow(git: &Git) -> Option<Problem> {
    git.is_shallow.then(|| {
        Problem::new(
            Code::Shallow,
            "the repository has only a part of its history, so which versions there are is not known",
            "git fetch --unshallow --tags; in GitHub's checkout action: fetch-depth: 0",
        )
    })
}

/// Versions that nobody is told of, and those that withdraw nothing.
fn retracted(draft: &Draft<'_>) -> Vec<Problem> {
    let withdraws_nothing = |row: &&Row| {
        let above = draft.module(row).above_for_retraction();
        let is_pre = row.next.as_ref().is_some_and(Version::is_prerelease);
        is_pre && !row.exists && above.is_some_and(|above| !above.is_prerelease())
    };
    let nothing = |row: &Row| {
        let next = row.next.as_ref().map(ToString::to_string).unwrap_or_default();
        Problem::new(
            Code::BadVersion,
            format!("{} {next} withdraws nothing, because it is a pre-release", row.path),
            "go reads what is withdrawn from the highest release",
        )
        .of(&row.folder)
    };
    let mut found: Vec<Problem> =
        draft.rows.iter().filter(withdraws_nothing).map(nothing).collect();
    found.extend(withdrawn(draft));
    found
}

/// Versions that their own `go.mod` withdraws.
fn withdrawn(draft: &Draft<'_>) -> Vec<Problem> {
    let is_retracted = |row: &&Row| {
        let next = row.next.as_ref().filter(|_| !row.exists);
        next.is_some_and(|next| draft.module(row).retracted.iter().any(|range| range.has(next)))
    };
    let warning = |row: &Row| {
        let next = row.next.as_ref().map(ToString::to_string).unwrap_or_default();
        Problem::new(
            Code::BadVersion,
            format!("{} {next} is withdrawn by its own go.mod, so nobody gets it", row.path),
            "right if all it does is to withdraw others; else release another version",
        )
        .of(&row.folder)
    };
    draft.rows.iter().filter(is_retracted).map(warning).collect()
}

/// What is not about a single module.
fn of_repository(draft: &Draft<'_>) -> Result<Vec<Problem>, GitError> {
    let (repository, options) = (draft.repository, draft.options);
    let git = &repository.git;
    let mut found = Vec::new();
    if options.surroundings == Surroundings::WorkTree {
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
    let folder = repository.git.folder();
    // What a run before this one wrote for the very same plan is no surprise.
    let is_ours = |file: &Edited| {
        std::fs::read(folder.join(&file.path)).is_ok_and(|now| now == file.new.as_bytes())
    };
    let files = &draft.update.files;
    let ours: HashSet<&[u8]> =
        files.iter().filter(|file| is_ours(file)).map(|file| file.path.as_bytes()).collect();
    let is_foreign = |path: &&Vec<u8>| !ours.contains(&path[..]);
    let modified: Vec<&Vec<u8>> = status.modified.iter().filter(is_foreign).collect();
    let untracked: Vec<&Vec<u8>> =
        status.untracked.iter().filter(is_foreign).filter(|path| of_plan(path)).collect();
    let count = modified.len() + untracked.len();
    let hint = if draft.options.update_requires {
        "commit or stash it: git stash -u"
    } else {
        "commit or stash it (git stash -u); or name the commit: --commit HEAD"
    };
    if let Some(first) = modified.first().or(untracked.first()) {
        let shown = escape(first);
        let message = match (count, modified.is_empty()) {
            (1, false) => format!("{shown} is not committed, so a tag would not have it"),
            (1, true) => format!("{shown} is not tracked, so a tag would not have it"),
            _ => format!(
                "{shown} and {} more are not committed, so a tag would not have them",
                count - 1
            ),
        };
        return Ok(Some(Problem::new(Code::Dirty, message, hint)));
    }
    // Ignored, and in the way of one that is to be made.
    let in_the_way = files.iter().find(|file| {
        file.old.is_none() && folder.join(&file.path).symlink_metadata().is_ok() && !is_ours(file)
    });
    Ok(in_the_way.map(|file| {
        let message = format!("{} is there, and not tracked by git", file.path);
        Problem::new(Code::Dirty, message, "git add it, or move it away: it is to be written")
    }))
}

/// A commit that is on no branch is lost when its tag goes, and was reviewed by nobody.
fn branch(draft: &Draft<'_>) -> Result<Option<Problem>, GitError> {
    let repository = draft.repository;
    let (git, commit) = (&repository.git, &repository.commit);
    let on = match &draft.options.branch {
        Some(branch) => {
            let Some(name) = git.branch_ref(branch) else {
                return Ok(Some(Problem::new(
                    Code::CommitNotOnBranch,
                    format!("there is no branch {}", quoted(branch)),
                    "git branch -a lists them",
                )));
            };
            git.is_ancestor(&commit.oid, &name)?
        }
        // What is checked out as a branch needs no search.
        None if draft.options.surroundings == Surroundings::WorkTree && git.branch().is_some() => {
            true
        }
        None => git.branch_with(&commit.oid, &["refs/heads", "refs/remotes"])?.is_some(),
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
