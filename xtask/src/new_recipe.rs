//! `cargo xtask new-recipe NAME`: a draft that compiles: a library, a command, a test and a page, and the
//! lines that others have of them.

use std::fs;
use std::path::Path;

use crate::run::{Result, cargo, check, output, program, read, root};

/// A new file, and what is in it; `{name}`, `{module}` and `{Type}` stand for the recipe's.
const FILES: &[(&str, &str)] = &[
    ("crates/devkit-{name}/Cargo.toml", include_str!("new_recipe/Cargo.toml.txt")),
    ("crates/devkit-{name}/src/lib.rs", include_str!("new_recipe/lib.rs.txt")),
    ("crates/devkit-{name}/src/tests.rs", include_str!("new_recipe/tests.rs.txt")),
    ("crates/devkit/src/cmd/{module}.rs", include_str!("new_recipe/command.rs.txt")),
    ("tests/{module}/main.rs", include_str!("new_recipe/test.rs.txt")),
    ("docs/{name}.md", include_str!("new_recipe/page.md.txt")),
];

const MANIFEST: &str = "crates/devkit/Cargo.toml";
const LIST: &str = "crates/devkit/src/cmd.rs";
const CHANGELOG: &str = "docs/changelog.md";

pub(crate) fn run(args: &[String]) -> Result<()> {
    let [name] = args else {
        return Err("new-recipe wants one name: cargo xtask new-recipe NAME".into());
    };
    check_name(name)?;
    let files: Vec<(String, String)> =
        FILES.iter().map(|(path, text)| (filled(path, name), filled(text, name))).collect();
    for (path, _) in &files {
        if root().join(path).exists() {
            return Err(format!(
                "{path} is there already: a recipe '{name}' exists, or a part of one"
            ));
        }
    }
    // All edits are made in memory first, so that an error leaves everything as it was.
    let edits = [
        (MANIFEST, with_dependency(&read(MANIFEST)?, name)?),
        (LIST, with_entry(&read(LIST)?, &module(name))?),
        (CHANGELOG, with_line(&read(CHANGELOG)?, name)?),
    ];
    for (path, text) in files.iter().map(|(path, text)| (path.as_str(), text)) {
        write(path, text)?;
        println!("new     {path}");
    }
    for (path, text) in &edits {
        write(path, text)?;
        println!("edited  {path}");
    }
    let is_code = |path: &&str| Path::new(path).extension().is_some_and(|kind| kind == "rs");
    let code = files.iter().map(|(path, _)| path.as_str()).filter(is_code);
    let format: Vec<&str> = ["--edition", "2024"].into_iter().chain(code).collect();
    check(program("rustfmt", &format))?;
    // Only the new package is added; nothing is fetched.
    output(cargo(&["metadata", "--offline", "--format-version", "1", "-q"]))?;
    println!("edited  Cargo.lock");
    println!("next: cargo devkit {name} README.md; cargo test -p devkit --test {}", module(name));
    Ok(())
}

/// Names are typed, and are names of packages and files too.
fn check_name(name: &str) -> Result<()> {
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    // A module of this name would not compile, or is there for another reason.
    let taken = ["main", "support", "help", "self", "super", "crate", "mod", "type", "fn", "use"];
    if name.split('-').all(word) && !taken.contains(&name) {
        Ok(())
    } else {
        Err(format!("'{name}' is no name for a recipe: lower-case words with '-' between them"))
    }
}

fn module(name: &str) -> String {
    name.replace('-', "_")
}

fn filled(text: &str, name: &str) -> String {
    let text = text.replace("{name}", name).replace("{module}", &module(name));
    text.replace("{Type}", &type_name(name))
}

/// What types of the recipe begin with: `NacosImport`.
fn type_name(name: &str) -> String {
    let capital = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    };
    name.split('-').map(capital).collect()
}

/// The library among the dependencies, and the test as a target of its own: `tests/main.rs` is for recipes
/// that have grown into it.
fn with_dependency(manifest: &str, name: &str) -> Result<String> {
    let line = format!("devkit-{name}.path = \"../devkit-{name}\"\n");
    let manifest = with_sorted_line(manifest, &line, "devkit-")
        .ok_or_else(|| format!("{MANIFEST} has no dependency devkit-…"))?;
    let (before, lints) = manifest
        .split_once("[lints]\n")
        .ok_or_else(|| format!("{MANIFEST} has no section [lints]"))?;
    let module = module(name);
    let test = format!("[[test]]\nname = \"{module}\"\npath = \"../../tests/{module}/main.rs\"\n");
    Ok(format!("{before}{test}\n[lints]\n{lints}"))
}

/// The module and its entry, as the last of the recipes.
fn with_entry(list: &str, module: &str) -> Result<String> {
    let list = with_sorted_line(list, &format!("mod {module};\n"), "mod ")
        .ok_or_else(|| format!("{LIST} has no modules"))?;
    let about = "    completions::RECIPE,\n";
    let at = list.find(about).ok_or_else(|| format!("{LIST} has no entry completions::RECIPE"))?;
    Ok(format!("{}    {module}::RECIPE,\n{}", &list[..at], &list[at..]))
}

/// A line for what is new, below the lines of the other commands.
fn with_line(changelog: &str, name: &str) -> Result<String> {
    let added = "### Added\n\n";
    let unreleased = changelog.find("## Unreleased\n");
    let start = unreleased.and_then(|at| Some(at + changelog[at..].find(added)? + added.len()));
    let start = start.ok_or_else(|| format!("{CHANGELOG} has no list of what was added"))?;
    let length = changelog[start..].find("\n\n").map_or(changelog[start..].len(), |at| at + 1);
    let (before, after) = changelog.split_at(start + length);
    Ok(format!("{before}- `devkit {name}`: a draft.\n{after}"))
}

/// A text with one more line among those that begin alike, in the order of the alphabet.
fn with_sorted_line(text: &str, new: &str, begin: &str) -> Option<String> {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let first = lines.iter().position(|line| line.starts_with(begin))?;
    let length = lines[first..].iter().take_while(|line| line.starts_with(begin)).count();
    let place = lines[first..first + length].iter().position(|line| *line > new).unwrap_or(length);
    lines.insert(first + place, new);
    Some(lines.concat())
}

fn write(path: &str, text: &str) -> Result<()> {
    let file = root().join(path);
    let folder = file.parent().unwrap_or(Path::new(""));
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&file, text));
    written.map_err(|error| format!("{path}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words() {
        for (name, good) in [
            ("dockersock", true),
            ("nacos-import", true),
            ("k8s", true),
            ("", false),
            ("-a", false),
            ("a-", false),
            ("a--b", false),
            ("Docker", false),
            ("a_b", false),
            ("1a", false),
            ("a/b", false),
            ("main", false),
            ("type", false),
        ] {
            assert_eq!(check_name(name).is_ok(), good, "{name:?}");
        }
    }

    #[test]
    fn lines_are_put_in_their_order() {
        let text = "x\nmod b;\nmod d;\ny\n";
        for (new, whole) in [
            ("mod a;\n", "x\nmod a;\nmod b;\nmod d;\ny\n"),
            ("mod c;\n", "x\nmod b;\nmod c;\nmod d;\ny\n"),
            ("mod e;\n", "x\nmod b;\nmod d;\nmod e;\ny\n"),
        ] {
            assert_eq!(with_sorted_line(text, new, "mod ").as_deref(), Some(whole));
        }
        assert_eq!(with_sorted_line("x\n", "mod a;\n", "mod "), None);
    }

    #[test]
    fn the_changelog_gets_its_line_below_the_others() {
        let old = "# Changelog\n\n## Unreleased\n\n### Added\n\n- a\n  b\n\n## 0.1.0\n";
        let new = "# Changelog\n\n## Unreleased\n\n### Added\n\n- a\n  b\n- `devkit x`: a draft.\n\n## 0.1.0\n";
        assert_eq!(with_line(old, "x").as_deref(), Ok(new));
        assert!(with_line("# Changelog\n", "x").is_err());
    }
}
