//! The next version after one: past tags that are there, and past what is withdrawn.

use devkit_report::{Detailed, message};

use crate::go::path::ModulePath;
use crate::go::version::{Bump, Version};
use crate::problem::{Code, Judge as _, Judgement, problem};
use crate::release::row::{Row, Rows};
use crate::repository::{Module, Repository, shown_folder};

/// Why a module gets no next version.
pub(super) enum NoStep {
    /// There is none of that kind.
    Skipped(String),
    /// The next version would hide or withdraw what it must not.
    Refused(Box<Detailed<Judgement>>),
}

/// The next version of a module. A withdrawn one, and one that has a tag, is stepped over.
pub(super) fn bumped(
    repository: &Repository,
    row: &Row,
    bump: Bump,
) -> Result<Option<Version>, NoStep> {
    let module = &repository.modules[row.module];
    let Some(current) = &row.current else {
        return Ok(first(repository, module));
    };
    // What is on this commit already needs no other number, unless it is to become a release.
    let becomes_release = current.is_prerelease() && bump != Bump::Prerelease;
    if row.is_on(&repository.commit.oid) && !becomes_release {
        return Ok(Some(current.clone()));
    }
    let above = module.above_for_retraction().filter(|highest| *highest > current);
    if let Some(problem) = outside(row, bump, above.is_some()) {
        return Err(NoStep::Refused(Box::new(problem)));
    }
    // What this commit withdraws is withdrawn by the highest version only.
    let base = above.unwrap_or(current);
    let next = stepped(repository, base.bumped(bump), bump, &[module]);
    let next = next.ok_or_else(|| NoStep::Skipped(format!("{current} is a release already")))?;
    Ok(Some(next))
}

/// The version that all modules get: the next of the highest.
pub(super) fn lockstep(
    rows: Rows<'_>,
    bump: Bump,
) -> Result<Option<Version>, Vec<Detailed<Judgement>>> {
    let refused: Vec<Detailed<Judgement>> =
        rows.all.iter().filter_map(|row| outside(row, bump, false)).collect();
    if !refused.is_empty() {
        return Err(refused);
    }
    let repository = rows.repository;
    let modules: Vec<&Module> = rows.all.iter().map(|row| rows.module(row)).collect();
    let Some(highest) = rows.all.iter().filter_map(|row| row.current.as_ref()).max() else {
        let first = modules.iter().filter_map(|module| first(repository, module)).max();
        return Ok(stepped(repository, first, Bump::Minor, &modules));
    };
    // The highest version is on this commit for some, and can still be what the others get.
    let is_here =
        |row: &Row| row.current.as_ref() == Some(highest) && row.is_on(&repository.commit.oid);
    let is_free = |row: &Row| {
        let tag = rows.module(row).tag(highest);
        tag.is_some_and(|tag| !repository.tags.contains_key(&tag))
    };
    let is_begun =
        rows.all.iter().any(is_here) && rows.all.iter().all(|row| is_here(row) || is_free(row));
    if is_begun && !(highest.is_prerelease() && bump != Bump::Prerelease) {
        return Ok(Some(highest.clone()));
    }
    let above = modules.iter().filter_map(|module| module.above_for_retraction()).max();
    let base = above.filter(|above| *above > highest).unwrap_or(highest);
    Ok(stepped(repository, base.bumped(bump), bump, &modules))
}

/// The rows once more, with new versions for those that are tagged and whose files are to change.
pub(crate) fn again(rows: Rows<'_>, stale: &[usize], bump: Bump, is_lockstep: bool) -> Vec<Row> {
    let repository = rows.repository;
    // Where all get the same version, all get another one.
    let is_meant = |row: &&Row| is_lockstep || stale.contains(&row.module);
    let meant: Vec<&Row> = rows.all.iter().filter(is_meant).collect();
    let modules: Vec<&Module> = meant.iter().map(|row| rows.module(row)).collect();
    let highest = meant.iter().filter_map(|row| row.current.clone()).max();
    let common = stepped(repository, highest.and_then(|it| it.bumped(bump)), bump, &modules);
    let anew = |row: &Row| {
        let module = rows.module(row);
        let own = row.current.as_ref().and_then(|current| current.bumped(bump));
        let next =
            if is_lockstep { common.clone() } else { stepped(repository, own, bump, &[module]) };
        let tag = next.as_ref().and_then(|next| module.tag(next));
        Row { next, tag, ..row.clone() }
    };
    rows.all.iter().map(|row| if is_meant(&row) { anew(row) } else { row.clone() }).collect()
}

/// Why a step is refused: the highest version is not in the history of the commit. That stops all
/// but a patch of an older line, and that too if it would withdraw something.
fn outside(row: &Row, bump: Bump, withdraws: bool) -> Option<Detailed<Judgement>> {
    let higher = row.outside.as_ref()?;
    if bump == Bump::Patch && !withdraws {
        return None;
    }
    let (path, folder) = (&row.path, shown_folder(&row.folder));
    let current = row.current.as_ref().map(ToString::to_string).unwrap_or_default();
    let hint = if withdraws {
        "retract where that version is: go reads what is withdrawn from the highest release".into()
    } else {
        message!(
            "say which version it is: --set {}=VERSION; --bump patch goes on from {}",
            folder,
            current
        )
    };
    let message =
        message!("{}, the last version of {}, is not in the history of this commit", higher, path);
    Some(problem(Code::BadVersion, message, hint).of(&row.folder))
}

/// The first version of a module: above all tags that go takes for versions of it.
fn first(repository: &Repository, module: &Module) -> Option<Version> {
    let major = module.path.as_ref().ok().and_then(ModulePath::major);
    let first = Version::first(major.as_ref());
    let above = module.floor.as_ref().and_then(|floor| floor.bumped(Bump::Minor));
    stepped(repository, above.or(Some(first)), Bump::Minor, &[module])
}

/// A version, or the next one after it that is free for all of these modules.
fn stepped(
    repository: &Repository,
    next: Option<Version>,
    bump: Bump,
    modules: &[&Module],
) -> Option<Version> {
    // Once taken, a major version goes on in itself.
    let step = match bump {
        Bump::Release | Bump::Major => Bump::Patch,
        bump => bump,
    };
    let mut next = next?;
    loop {
        let has_tag = |module: &&Module| {
            module.tag(&next).is_some_and(|tag| repository.tags.contains_key(&tag))
        };
        let retracting = modules.iter().filter_map(|module| module.retracting(&next));
        // Past the whole range at once.
        let high = retracting.map(|range| range.high().clone()).max();
        next = match high {
            Some(high) => high.max(next).bumped(step)?,
            None if modules.iter().any(has_tag) => next.bumped(step)?,
            None => return Some(next),
        };
    }
}
