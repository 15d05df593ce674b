//! What would keep Go from using a version of one module, and what its users should know.

use devkit_report::{Argument, Detailed, Message, message};

use super::{Decided, SHOWN, quoted};
use crate::git::as_path;
use crate::go::path::{BadPath, MajorSuffix};
use crate::go::tag::Misplaced;
use crate::go::version::Version;
use crate::go::zip::{Invalid, MOST_BYTES, MOST_OF_ONE};
use crate::problem::{Code, Judge as _, Judgement, go_mod_place, problem};
use crate::release::row::Row;
use crate::repository::{Module, Nameless};

/// Why a module cannot be released at all, whatever the version: the first reason.
#[must_use]
pub fn not_releasable(module: &Module, root: Option<&str>) -> Option<Detailed<Judgement>> {
    let file = module.file("go.mod");
    let place = |label: Message| {
        let go_mod = module.go_mod.as_ref().ok()?;
        Some(go_mod_place(&file, go_mod, go_mod.module.as_ref()?, label))
    };
    let bad = |message: Message, hint: Message| problem(Code::BadModulePath, message, hint);
    let folder = module.shown_folder();
    let problem = match (&module.path, &module.prefix) {
        (Err(Nameless::Malformed), _) => {
            let why = module.go_mod.as_ref().err()?;
            let problem =
                bad(message!("Go cannot read {}", file), message!("correct it there; go mod edit -json checks it"));
            problem.because(message!("line {}, column {}: {}", why.line, why.column, why.why))
        }
        (Err(Nameless::NoModule), _) => bad(
            message!("{} has no module line, so that nobody can fetch it", file),
            message!("go mod edit -module PATH adds it"),
        ),
        (Err(Nameless::Bad { text, why }), _) => bad(
            message!("{} in {} is a module path that Go cannot fetch", quoted(text), file),
            message!("{}; or leave the module out: --exclude {}", repair(why), Argument::of(folder)),
        )
        .at(place(why.to_string().into())),
        (Ok(path), Err(Misplaced::Foreign { root: by })) => {
            let (message, label) = match (root, by.is_empty()) {
                (Some(root), false) => (
                    message!("{} is not a module of {}, so Go looks for it elsewhere", path, root),
                    message!("it lies in {}, and should begin with {}", folder, root),
                ),
                _ => (
                    message!("it is not clear which import path this repository has, so {} has no tag", path),
                    message!("a path that fits ends with the folder, {}; those here do not agree", folder),
                ),
            };
            problem(
                Code::PathMismatch,
                message,
                message!("correct the path, or name the repository's own: --root IMPORTPATH; or leave it out: \
                     --exclude {}", Argument::of(folder)),
            )
            .at(place(label))
        }
        (Ok(path), Err(Misplaced::Elsewhere { expected })) => problem(
            Code::PathMismatch,
            message!("{} lies in {}, and Go looks for it in {}", path, folder, shown_or_root(expected)),
            message!("move it there, or change its module line to the path of its folder; or leave it out: \
                 --exclude {}", Argument::of(folder)),
        )
        .at(place(message!("by this path it lies in {}", shown_or_root(expected)))),
        (Ok(path), Ok(_)) if matches!(path.suffix(), MajorSuffix::Unstable(_)) => bad(
            message!("{} takes no versions from tags", path),
            message!("gopkg.in has -unstable for branches only; drop it from the path"),
        )
        .at(place(message!("-unstable"))),
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

/// What stands against the version of a module.
pub(super) fn check(decided: &Decided<'_>, row: &Row, module: &Module) -> Vec<Detailed<Judgement>> {
    let repository = decided.rows.repository;
    if let Some(problem) = not_releasable(module, repository.root.as_deref()) {
        return vec![problem];
    }
    let (Ok(path), Ok(prefix), Ok(go_mod)) = (&module.path, &module.prefix, &module.go_mod) else {
        return Vec::new();
    };
    let place = |label: Message| {
        Some(go_mod_place(&module.file("go.mod"), go_mod, go_mod.module.as_ref()?, label))
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
            problem(
                Code::DuplicateModule,
                message!(
                    "{} can be in {} and in {}, and Go refuses both",
                    path,
                    module.shown_folder(),
                    twin.shown_folder()
                ),
                "remove one of the two, or change the path of one",
            )
            .at(place(message!("the same module"))),
        );
    }
    if let Some(next) = row.next.as_ref().filter(|next| !path.takes(next)) {
        let major = next.major().as_str();
        let (label, hint) = match (path.suffix(), major) {
            (MajorSuffix::None, _) => (
                message!("a v{} module's path must end in /v{}", major, major),
                message!(
                    "change it to {}/v{} (and the imports), or release a v0 or v1 version",
                    path,
                    major
                ),
            ),
            (MajorSuffix::Slash(own), "0" | "1") => (
                message!("this is the path of v{}", own),
                message!("release a v{} version, or drop /v{} from the path", own, own),
            ),
            (MajorSuffix::Slash(own), _) if path.major().is_some_and(|own| own > *next.major()) => {
                (message!("this is the path of v{}", own), message!("release a v{} version", own))
            }
            (MajorSuffix::Slash(own), _) => (
                message!("this is the path of v{}", own),
                message!(
                    "change it to {}/v{}, or release a v{} version",
                    path.prefix(),
                    major,
                    own
                ),
            ),
            (MajorSuffix::Dot(own) | MajorSuffix::Unstable(own), _) => (
                message!("this is the path of v{}", own),
                message!("release a v{} version; another has a path of its own at gopkg.in", own),
            ),
        };
        found.push(
            problem(
                Code::MajorMismatch,
                message!("module path and version disagree: {} and {}", path, next),
                hint,
            )
            .at(place(label)),
        );
    }
    found.extend(zip(decided, module));
    found.into_iter().map(|problem| problem.of(&module.folder)).collect()
}

fn zip(decided: &Decided<'_>, module: &Module) -> Vec<Detailed<Judgement>> {
    let told = |path: &[u8]| quoted(&as_path(path).to_string_lossy());
    let problem = |invalid: Invalid| {
        let (message, hint) = match invalid {
            Invalid::Name { path, why } => (
                message!("Go makes no zip file with {}: {}", told(&path), why),
                "rename it, or put it into a folder with a go.mod of its own",
            ),
            Invalid::Collision { paths: [one, other] } => (
                message!(
                    "{} and {} are one name where capitals do not count",
                    told(&one),
                    told(&other)
                ),
                "rename one of them",
            ),
            Invalid::GoModCase { path } => {
                (message!("{} must be written go.mod", told(&path)), "rename it")
            }
            Invalid::FileSize { path, size } => (
                message!("{} has {} bytes, and Go takes {}", told(&path), size, MOST_OF_ONE),
                "make it smaller",
            ),
            Invalid::Size { total } => (
                message!("its files have {} bytes, and Go takes {}", total, MOST_BYTES),
                "move large files out of the module's folder, or out of the repository",
            ),
        };
        problem(Code::ZipInvalid, message, hint)
    };
    let all = module.area.invalid(&decided.rows.repository.tree);
    let more = all.len().saturating_sub(SHOWN);
    let mut found: Vec<Detailed<Judgement>> = all.into_iter().take(SHOWN).map(problem).collect();
    if let Some(last) = found.last_mut().filter(|_| more > 0) {
        let message = message!("{} (and {} more)", last.message, more);
        last.finding.message = message;
    }
    found
}

/// Go fetches the whole folder, with the modules in it, before it takes what is the module's own.
pub(super) fn too_much(decided: &Decided<'_>, row: &Row) -> Option<Detailed<Judgement>> {
    let module = decided.rows.module(row);
    let bytes = module.area.fetched(&decided.rows.repository.tree);
    (bytes > MOST_BYTES).then(|| {
        let message = message!(
            "all that lies below {} has {} bytes, and Go fetches at most {}, packed",
            module.shown_folder(),
            bytes,
            MOST_BYTES
        );
        let hint = "verify tells whether it is too much; modules below count, too";
        problem(Code::ZipInvalid, message, hint).of(&module.folder)
    })
}

/// Modules that show no documentation at pkg.go.dev.
pub(super) fn licenses(decided: &Decided<'_>) -> Vec<Detailed<Judgement>> {
    let repository = &decided.rows.repository;
    let rows = decided.rows.all.iter();
    let rows = rows.filter(|row| !repository.has_license(decided.rows.module(row)));
    let warning = |row: &Row| {
        problem(
            Code::NoLicense,
            message!(
                "{} has no LICENSE file, so pkg.go.dev does not show its documentation",
                row.path
            ),
            "a file LICENSE in its folder, or in the root of the repository, is taken",
        )
        .of(&row.folder)
    };
    rows.map(warning).collect()
}

/// Versions that nobody is told of, and those that withdraw nothing.
pub(super) fn retracted(decided: &Decided<'_>) -> Vec<Detailed<Judgement>> {
    let withdraws_nothing = |row: &&Row| {
        let above = decided.rows.module(row).above_for_retraction();
        let is_pre = row.next.as_ref().is_some_and(Version::is_prerelease);
        is_pre && !row.exists && above.is_some_and(|above| !above.is_prerelease())
    };
    let nothing = |row: &Row| {
        let next = row.next.as_ref().map(ToString::to_string).unwrap_or_default();
        problem(
            Code::BadVersion,
            message!("{} {} withdraws nothing, because it is a pre-release", row.path, next),
            "go reads what is withdrawn from the highest release",
        )
        .of(&row.folder)
    };
    let mut found: Vec<Detailed<Judgement>> =
        decided.rows.all.iter().filter(withdraws_nothing).map(nothing).collect();
    found.extend(withdrawn(decided));
    found
}

/// Versions that their own `go.mod` withdraws.
fn withdrawn(decided: &Decided<'_>) -> Vec<Detailed<Judgement>> {
    let is_retracted = |row: &&Row| {
        let next = row.next.as_ref().filter(|_| !row.exists);
        next.is_some_and(|next| {
            decided.rows.module(row).retracted.iter().any(|range| range.has(next))
        })
    };
    let warning = |row: &Row| {
        let next = row.next.as_ref().map(ToString::to_string).unwrap_or_default();
        problem(
            Code::BadVersion,
            message!("{} {} is withdrawn by its own go.mod, so nobody gets it", row.path, next),
            "right if all it does is to withdraw others; else release another version",
        )
        .of(&row.folder)
    };
    decided.rows.all.iter().filter(is_retracted).map(warning).collect()
}
