//! The `go.sum` files of a plan: lines for versions that are not there yet, and lines that are wrong.

use std::collections::{BTreeSet, HashMap};

use devkit_report::{Detailed, message};

use super::sums::{ArchiveOf, Sums, needs, order};
use super::{Edited, Update};
use crate::git::GitError;
use crate::go::sum;
use crate::problem::{Code, Judge as _, Judgement, problem};
use crate::release::requires::is_replaced;
use crate::release::row::Rows;

/// Lines of `go.sum` for versions that are not there yet: those required first, because their own
/// `go.sum` is part of their sum.
pub(super) fn with_lines(rows: Rows<'_>, mut update: Update) -> Result<Update, GitError> {
    for bumped in update.requires.clone() {
        let Ok(go_mod) = &rows.repository.modules[bumped.module].go_mod else { continue };
        let is_planned = rows
            .of_path(&bumped.path)
            .is_some_and(|row| row.next.as_ref().is_some_and(|next| next.to_string() == bumped.to));
        if !is_planned && !is_replaced(go_mod, &bumped.path, &bumped.to) {
            let file = rows.repository.modules[bumped.module].file("go.sum");
            let what = format!("{} {} in {}", bumped.path, bumped.to, file);
            update.without_sum.push((what, "it is no version of this plan".into()));
        }
    }
    let needs = needs(rows, &update);
    let order = order(&needs);
    let modules = &rows.repository.modules;
    let wanted: BTreeSet<usize> = needs.values().flatten().copied().collect();
    if wanted.is_empty() {
        return Ok(update);
    }
    let archive = ArchiveOf::new(rows, &wanted);
    let is_partial = archive.is_err() && rows.repository.git.is_partial();
    let archive = if is_partial { ArchiveOf { tar: Vec::new() } } else { archive? };
    let mut known = Sums::new(rows, archive.read())?;
    let go_sums = go_sums(rows, needs.keys().copied())?;
    for (at, in_cycle) in order {
        let module = &modules[at];
        let file = module.file("go.sum");
        let mut lines = Vec::new();
        for other in needs.get(&at).into_iter().flatten() {
            let path = modules[*other].name().to_owned();
            let Some(version) = rows.next(*other) else {
                continue;
            };
            let why = if in_cycle.contains(other) {
                "they require each other, and no sum can be part of what it is the sum of"
            } else if let Some([of_zip, of_go_mod]) = known.of(&update, *other) {
                lines.push((path.clone(), version.to_string(), of_zip));
                lines.push((path, format!("{version}/go.mod"), of_go_mod));
                continue;
            } else if is_partial {
                "its files are not all here: git fetch --refetch --no-filter"
            } else {
                "git's attributes change its go.mod or go.sum on the way out"
            };
            update.without_sum.push((format!("{path} in {file}"), why.to_owned()));
        }
        let old = go_sums.get(&at).cloned().flatten();
        let new = sum::with_lines(old.as_deref().unwrap_or_default(), &lines);
        // What is out already has the sums that it has.
        let is_out = rows.of(at).is_some_and(|row| rows.is_tagged(row)) && !update.edits(at);
        if !lines.is_empty() && Some(&new) != old.as_ref() && !is_out {
            update.files.push(Edited { path: file, old, new });
        }
    }
    Ok(update)
}

/// Sums in `go.sum` files of a plan that are not those of its commit: go calls that an attack.
pub(crate) fn wrong(rows: Rows<'_>, update: &Update) -> Result<Vec<Detailed<Judgement>>, GitError> {
    let needs = needs(rows, update);
    let modules = &rows.repository.modules;
    // Only where there is such a line at all.
    let mut known: Vec<(usize, usize, usize, String)> = Vec::new();
    for (at, text) in go_sums(rows, needs.keys().copied())? {
        let text = match update.file(&modules[at].file("go.sum")) {
            Some(new) => new.to_owned(),
            None => text.unwrap_or_default(),
        };
        for other in &needs[&at] {
            let version = rows.next(*other);
            let Some(version) = version else { continue };
            for (which, file) in ["", "/go.mod"].into_iter().enumerate() {
                let start = format!("{} {version}{file} ", modules[*other].name());
                let line = text.lines().find_map(|line| line.strip_prefix(&start));
                known.extend(line.map(|sum| (at, *other, which, sum.trim().to_owned())));
            }
        }
    }
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: BTreeSet<usize> = known.iter().map(|(_, other, _, _)| *other).collect();
    let archive = ArchiveOf::new(rows, &wanted)?;
    let mut sums = Sums::new(rows, archive.read())?;
    let mut problems: Vec<((usize, usize), Detailed<Judgement>)> = Vec::new();
    for (at, other, which, sum) in known {
        let is_other = sums.of(update, other).is_some_and(|sums| sums[which] != sum);
        let is_told = problems.last().is_some_and(|(told, _)| *told == (at, other));
        if is_other && !is_told {
            let file = modules[at].file("go.sum");
            let version = rows.next(other);
            let version = version.map(ToString::to_string).unwrap_or_default();
            let path = modules[other].name();
            let problem = problem(
                Code::RequireBehind,
                message!(
                    "{} has the sum of another {} {} than the one of this commit",
                    file,
                    path,
                    version
                ),
                "files have changed since it was written; --update-requires writes it anew, but in a circle: \
                 take the line out there",
            );
            let problem = problem.because("go would call it a security error");
            problems.push(((at, other), problem.of(&modules[at].folder)));
        }
    }
    Ok(problems.into_iter().map(|(_, problem)| problem).collect())
}

/// The `go.sum` files of modules, `None` for one that there is not.
fn go_sums(
    rows: Rows<'_>,
    modules: impl Iterator<Item = usize>,
) -> Result<HashMap<usize, Option<String>>, GitError> {
    let modules: Vec<usize> = modules.collect();
    let repository = rows.repository;
    let commit = repository.commit.oid.as_str();
    let name = |at: &usize| format!("{commit}:{}", repository.modules[*at].file("go.sum"));
    let names: Vec<String> = modules.iter().map(name).collect();
    let contents = repository.git.contents(&names)?.into_iter();
    let texts = contents.map(|it| it.and_then(|bytes| String::from_utf8(bytes).ok()));
    Ok(modules.into_iter().zip(texts).collect())
}
