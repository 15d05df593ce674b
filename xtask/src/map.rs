//! `cargo xtask map`: the code map in `docs/architecture.md`, from the first sentence of each module.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use crate::imports::{Imports, ModuleName, crates, imports, sources};
use crate::recipes::is_draft;
use crate::run::{Result, read, root};

/// The page that holds the map.
const PAGE: &str = "docs/architecture.md";
const BEGIN: &str = "<!-- The map: `cargo xtask map` writes it, up to its end. -->\n";
const END: &str = "<!-- The end of the map. -->\n";
/// A folder of the binary whose modules have rows of their own: one for each command.
const COMMANDS: &str = "cmd";

/// Writes the map into the page.
pub(crate) fn run() -> Result<()> {
    let page = read(PAGE)?;
    let new = with_map(&page, &map()?)?;
    if new == page {
        println!("map: {PAGE} is up to date");
        return Ok(());
    }
    fs::write(root().join(PAGE), new).map_err(|error| format!("{PAGE}: {error}"))?;
    println!("map: {PAGE} is written");
    Ok(())
}

/// Whether the page has the map as it would be written.
pub(crate) fn check(problems: &mut Vec<String>) -> Result<()> {
    let page = read(PAGE)?;
    if with_map(&page, &map()?)? != page {
        problems.push(format!("the code map in {PAGE} is out of date: cargo xtask map"));
    }
    Ok(())
}

/// The page with another map in the place of its own.
fn with_map(page: &str, map: &str) -> Result<String> {
    let parts = page.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some(format!("{before}{BEGIN}\n{map}{END}{after}"))
    });
    parts.ok_or_else(|| format!("{PAGE} has lost the marks around its map: {BEGIN}{END}"))
}

/// A section for each crate: what it is for, and a row for each module.
fn map() -> Result<String> {
    let mut map = String::new();
    for folder in crates()? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.strip_prefix("devkit-").is_some_and(is_draft) {
            continue;
        }
        let mut sources = sources(&folder.join("src"))?;
        // The command of a draft is on no map, as its library is on none.
        sources.retain(|module, _| {
            module.first().is_none_or(|first| first != COMMANDS)
                || module.get(1).is_none_or(|name| !is_draft(&name.replace('_', "-")))
        });
        map.push_str(&section(&name, &sources)?);
    }
    Ok(map)
}

fn section(name: &str, sources: &BTreeMap<ModuleName, String>) -> Result<String> {
    let sentence = |module: &ModuleName| {
        let text = sources.get(module).map(String::as_str).unwrap_or_default();
        first_sentence(text).ok_or_else(|| {
            format!("{name}: the module '{}' says not why it exists", module.join("::"))
        })
    };
    let mut text = format!("### `{name}`\n\n{}.\n\n", sentence(&ModuleName::new())?);
    let rows = rows(sources);
    if !rows.is_empty() {
        text.push_str("| module | what it is for |\n| --- | --- |\n");
        for module in &rows {
            let _ = writeln!(text, "| `{}` | {} |", module.join("::"), sentence(module)?);
        }
        text.push('\n');
    }
    Ok(text)
}

/// The modules that have a row, each below all that it imports.
fn rows(sources: &BTreeMap<ModuleName, String>) -> Vec<ModuleName> {
    let imports = imports(sources);
    let floors: BTreeMap<&ModuleName, usize> = imports
        .keys()
        .map(|module| (module, floor(&imports, module, &mut BTreeSet::new())))
        .collect();
    let has_row = |module: &ModuleName| match module.as_slice() {
        [_] => true,
        [folder, _] => folder == COMMANDS || is_stage(&sources[&module[..1]]),
        _ => false,
    };
    let mut rows: Vec<&ModuleName> = sources.keys().filter(|module| has_row(module)).collect();
    rows.sort_by_key(|module| {
        let (stage, own) = (floors[&module[..1].to_vec()], floors[module]);
        (stage, module[0].clone(), module.len(), own, *module)
    });
    rows.into_iter().cloned().collect()
}

/// Whether a module is a folder that names a stage: it has modules, and no code of its own.
fn is_stage(source: &str) -> bool {
    let mut lines = source.lines().filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.clone().any(|line| line.contains("mod "))
        && lines.all(|line| line.starts_with("#[cfg(") || is_declaration(line))
}

/// Whether a line declares a module that has a file of its own.
fn is_declaration(line: &str) -> bool {
    let (visibility, name) = line.split_once("mod ").unwrap_or((line, ""));
    ["", "pub ", "pub(crate) ", "pub(super) "].contains(&visibility) && name.ends_with(';')
}

/// How many modules stand on each other below one. `above`: those that stand on it, for circles.
fn floor(imports: &Imports, module: &ModuleName, above: &mut BTreeSet<ModuleName>) -> usize {
    if !above.insert(module.clone()) {
        return 0;
    }
    let below = imports.get(module).into_iter().flatten();
    let floor = below.map(|other| 1 + floor(imports, other, above)).max().unwrap_or(0);
    above.remove(module);
    floor
}

/// The first sentence of a module's own comment, fit for a row of a table.
fn first_sentence(source: &str) -> Option<String> {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let paragraph: Vec<&str> = lines.map(str::trim).take_while(|line| !line.is_empty()).collect();
    let paragraph = paragraph.join(" ");
    let end = paragraph.find(". ").unwrap_or(paragraph.len());
    let sentence = paragraph[..end].trim_end_matches('.');
    // A link of the code's own documentation leads nowhere here.
    let sentence = sentence.replace("[`", "`").replace("`]", "`").replace('|', "\\|");
    (!sentence.is_empty()).then_some(sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(sources: &[(&str, &str)]) -> BTreeMap<ModuleName, String> {
        let module = |name: &str| name.split_terminator("::").map(str::to_owned).collect();
        sources.iter().map(|(name, text)| (module(name), (*text).to_owned())).collect()
    }

    #[test]
    fn a_row_is_the_first_sentence() {
        for (source, sentence) in [
            ("//! One. Two.\n", Some("One")),
            (
                "//! Reads `a.b`, and\n//! writes it.\n//!\n//! More.\nuse x;",
                Some("Reads `a.b`, and writes it"),
            ),
            ("//! What [`Git::push`] does: `a|b`.\n", Some("What `Git::push` does: `a\\|b`")),
            ("use x;\n//! Late.", None),
            ("", None),
        ] {
            assert_eq!(first_sentence(source).as_deref(), sentence, "{source}");
        }
    }

    #[test]
    fn a_module_stands_below_what_it_imports() {
        let sources = sources(&[
            ("", "//! All of it."),
            ("apply", "//! Does it.\nuse crate::plan::Plan;"),
            ("cmd", "//! Commands."),
            ("cmd::run", "//! Runs.\nuse crate::plan;"),
            ("cmd::run::deep", "//! Deep."),
            ("plan", "//! Plans.\nuse crate::zone;"),
            ("plan::part", "//! A part."),
            (
                "stage",
                "//! A stage.\n\npub(crate) mod first;\n#[cfg(test)]\nmod tests;\nmod second;\n",
            ),
            ("stage::first", "//! First.\nuse super::second;"),
            ("stage::second", "//! Second."),
            ("zone", "//! A zone."),
        ]);
        let text = section("x", &sources).unwrap_or_default();
        let expected = "### `x`\n\nAll of it.\n\n| module | what it is for |\n| --- | --- |\n\
            | `stage` | A stage |\n\
            | `stage::second` | Second |\n| `stage::first` | First |\n\
            | `zone` | A zone |\n| `plan` | Plans |\n| `apply` | Does it |\n| `cmd` | Commands |\n\
            | `cmd::run` | Runs |\n\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_circle_ends_the_count() {
        let sources = sources(&[("a", "use crate::b;"), ("b", "use crate::a;")]);
        assert_eq!(rows(&sources).len(), 2);
    }

    #[test]
    fn only_what_is_between_the_marks_is_written() {
        let page = format!("before\n{BEGIN}old\n{END}after\n");
        let new = with_map(&page, "new\n").unwrap_or_default();
        assert_eq!(new, format!("before\n{BEGIN}\nnew\n{END}after\n"));
        assert_eq!(with_map(&new, "new\n").as_deref(), Ok(&*new));
        assert!(with_map("no marks", "new\n").is_err());
    }
}
