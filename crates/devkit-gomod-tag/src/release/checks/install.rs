//! Programs that `go install path@version` would refuse to build.
//!
//! Rule: "go install" of the go command: a module with `replace` or `exclude` is refused where it is
//! the main module, as it is there.

use std::collections::BTreeMap;

use devkit_report::{Detailed, message};

use super::Decided;
use crate::git::{EntryKind, GitError, TreeEntry};
use crate::problem::{Code, Judge as _, Judgement, go_mod_place, problem};
use crate::release::row::Row;
use crate::repository::{Module, Repository};

/// A warning for each module of a plan with programs that cannot be installed.
pub(super) fn blocked(decided: &Decided<'_>) -> Result<Vec<Detailed<Judgement>>, GitError> {
    let rows = decided.rows;
    let mut found = Vec::new();
    let blocking = |row: &&Row| {
        let go_mod = rows.module(row).go_mod.as_ref();
        go_mod.is_ok_and(|it| !it.replaces.is_empty() || !it.excludes.is_empty())
    };
    let blocked: Vec<&Row> = rows.all.iter().filter(blocking).collect();
    let modules: Vec<&Module> = blocked.iter().map(|row| rows.module(row)).collect();
    for (row, mains) in blocked.into_iter().zip(mains(rows.repository, &modules)?) {
        let module = rows.module(row);
        let (Ok(go_mod), Some(main)) = (&module.go_mod, mains.first()) else { continue };
        let (token, word) = match (go_mod.replaces.first(), go_mod.excludes.first()) {
            (Some(replace), _) => (&replace.old.path, "replace"),
            (None, Some(exclude)) => (&exclude.path, "exclude"),
            (None, None) => continue,
        };
        let version = row.next.as_ref().map_or_else(|| "VERSION".to_owned(), ToString::to_string);
        let more = match mains.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let problem = problem(
            Code::ReplaceBlocksInstall,
            message!(
                "go install {}@{}{} will fail, because of {} in its go.mod",
                main,
                version,
                more,
                word
            ),
            "drop it before the release; modules of this repository can be put together by go.work \
             instead",
        );
        let place = go_mod_place(&module.file("go.mod"), go_mod, token, "go install refuses this");
        found.push(problem.of(&module.folder).at(Some(place)));
    }
    Ok(found)
}

/// The import paths of the programs of modules.
fn mains(repository: &Repository, modules: &[&Module]) -> Result<Vec<Vec<String>>, GitError> {
    // For each folder its files, the likeliest first.
    let mut folders: Vec<(usize, Vec<u8>, Vec<&TreeEntry>)> = Vec::new();
    for (at, module) in modules.iter().enumerate() {
        let mut by_folder: BTreeMap<Vec<u8>, Vec<&TreeEntry>> = BTreeMap::new();
        for entry in module.area.entries(&repository.tree).filter(|it| it.kind == EntryKind::File) {
            let path = module.area.name(&entry.path);
            let split = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
            let (folder, name) = path.split_at(split);
            let is_source = name.ends_with(b".go")
                && !name.ends_with(b"_test.go")
                && !name.starts_with(b"_")
                && !name.starts_with(b".");
            if is_source && !is_passed_over(folder) {
                let files = by_folder.entry(folder.to_vec()).or_default();
                if name == b"main.go" { files.insert(0, entry) } else { files.push(entry) }
            }
        }
        folders.extend(by_folder.into_iter().map(|(folder, files)| (at, folder, files)));
    }
    let mut found = vec![Vec::new(); modules.len()];
    // A file of each folder at a time: nearly always the first one tells.
    while !folders.is_empty() {
        let names: Vec<String> =
            folders.iter().map(|(_, _, files)| files[0].oid.as_str().to_owned()).collect();
        let contents = repository.git.contents(&names)?;
        let mut left = Vec::new();
        for ((at, folder, mut files), source) in folders.into_iter().zip(contents) {
            match package(&source.unwrap_or_default()) {
                Some(name) if name == "main" => {
                    let folder = String::from_utf8_lossy(&folder).into_owned();
                    let path = format!("{}/{folder}", modules[at].name());
                    found[at].push(path.trim_end_matches('/').to_owned());
                }
                None if files.len() > 1 => {
                    files.remove(0);
                    left.push((at, folder, files));
                }
                Some(_) | None => {}
            }
        }
        folders = left;
    }
    Ok(found)
}

/// Whether `./...` does not go into a folder of a module.
fn is_passed_over(folder: &[u8]) -> bool {
    folder.split(|byte| *byte == b'/').any(|name| {
        name == b"testdata" || name == b"vendor" || name.starts_with(b"_") || name.starts_with(b".")
    })
}

/// The package that a source file is of; `None` if it is one that is not built, or nothing at all.
pub(super) fn package(source: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(source);
    let mut rest = text.trim_start_matches('\u{feff}');
    loop {
        rest = rest.trim_start();
        if let Some(comment) = rest.strip_prefix("//") {
            let (line, after) = comment.split_once('\n').unwrap_or((comment, ""));
            let constraint = line
                .strip_prefix("go:build ")
                .or_else(|| line.trim_start().strip_prefix("+build "));
            let ignored = constraint.is_some_and(|it| {
                it.split(|c: char| !c.is_alphanumeric() && c != '!').any(|word| word == "ignore")
            });
            if ignored {
                return None;
            }
            rest = after;
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/")?.1;
        } else {
            let name = rest.strip_prefix("package")?.trim_start();
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
            return Some(name[..end].to_owned());
        }
    }
}
