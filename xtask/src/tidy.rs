//! `cargo xtask tidy`: whether everything is where it belongs.

use std::fs;
use std::path::{Path, PathBuf};

use crate::circles;
use crate::map;
use crate::run::{Result, cargo, output, program, read, root, target};

/// What only the binary may know: the terminal.
const NOT_IN_LIBRARIES: &[&str] = &["clap", "console", "anyhow"];
/// Commands about devkit itself: no recipe, so no page of their own.
const NO_RECIPE: &[&str] = &["completions", "man", "help"];

pub(crate) fn run() -> Result<()> {
    let mut problems = Vec::new();
    recipes(&mut problems)?;
    test_files(&mut problems)?;
    libraries(&mut problems)?;
    links(&mut problems)?;
    circles::check(&mut problems)?;
    map::check(&mut problems)?;
    if problems.is_empty() {
        println!("tidy: everything is in its place");
        return Ok(());
    }
    Err(format!("not tidy:\n  {}", problems.join("\n  ")))
}

/// Every recipe has a page, a test module, a row in the README and a man page of its own.
fn recipes(problems: &mut Vec<String>) -> Result<()> {
    crate::run::check(cargo(&["build", "--locked", "-q", "-p", "devkit"]))?;
    let help = output(program(target().join("debug/devkit"), &["--help"]))?;
    let listed = help.split("Options (for every command)").next().unwrap_or_default();
    let names: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .filter(|name| !NO_RECIPE.contains(name))
        .collect();
    if names.is_empty() {
        problems.push("devkit --help lists no recipe".into());
    }
    let (readme, tests) = (read("README.md")?, read("tests/main.rs")?);
    let architecture = read("docs/architecture.md")?;
    for name in names {
        let module = name.replace('-', "_");
        let page = format!("docs/{name}.md");
        if !root().join(&page).exists() {
            problems.push(format!("{page} is missing"));
        }
        if !lists(&tests, &module) {
            problems.push(format!("tests/main.rs does not list {module}"));
        }
        if !readme
            .lines()
            .any(|line| line.starts_with('|') && line.contains(&format!("devkit {name}")))
        {
            problems.push(format!("the README's table has no row for {name}"));
        }
        if !architecture.contains(&format!("devkit-{name}")) {
            problems.push(format!("docs/architecture.md does not mention devkit-{name}"));
        }
    }
    Ok(())
}

/// A file in `tests/` that no `mod` line names would never be compiled.
fn test_files(problems: &mut Vec<String>) -> Result<()> {
    for file in rust_files(&root().join("tests"))? {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let folder = file.parent().unwrap_or(Path::new(""));
        let (parent, module) = if name == "mod" || name == "main" {
            if name == "main" {
                continue;
            }
            let module = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (folder.parent().unwrap_or(Path::new("")), module)
        } else {
            (folder, name)
        };
        let files = [parent.join("mod.rs"), parent.join("main.rs")];
        let mut lists_of = files.iter().filter_map(|list| fs::read_to_string(list).ok());
        if !lists_of.any(|text| lists(&text, &module)) {
            problems.push(format!("{} is compiled by nobody", shown(&file)));
        }
    }
    Ok(())
}

/// Whether a file has the line that compiles a module.
fn lists(text: &str, module: &str) -> bool {
    let line = format!("mod {module};");
    text.lines().any(|found| found == line || found == format!("pub(crate) {line}"))
}

/// Libraries know the field; the binary knows the terminal.
fn libraries(problems: &mut Vec<String>) -> Result<()> {
    let crates = root().join("crates");
    let entries =
        fs::read_dir(&crates).map_err(|error| format!("{}: {error}", crates.display()))?;
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == "devkit" {
            continue;
        }
        let tree = ["tree", "-p", &name, "--locked", "-e", "normal", "--prefix", "none"];
        let tree = output(cargo(&tree))?;
        for line in tree.lines() {
            let dependency = line.split(' ').next().unwrap_or_default();
            if NOT_IN_LIBRARIES.contains(&dependency) {
                problems.push(format!("{name} depends on {dependency}"));
            }
        }
        for file in rust_files(&entry.path().join("src"))? {
            let text = fs::read_to_string(&file).unwrap_or_default();
            if !text.starts_with("//!") {
                problems.push(format!("{} does not say why it exists", shown(&file)));
            }
        }
    }
    Ok(())
}

/// Links between our own pages must lead somewhere.
fn links(problems: &mut Vec<String>) -> Result<()> {
    let pages = files(&root().join("docs"), "md")?;
    for page in pages.into_iter().chain([root().join("README.md")]) {
        let text = fs::read_to_string(&page).unwrap_or_default();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            let folder = page.parent().unwrap_or(Path::new(""));
            if !file.is_empty() && !file.contains("://") && !folder.join(file).exists() {
                problems.push(format!("{} links to {link}, which is not there", shown(&page)));
            }
        }
    }
    Ok(())
}

fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    files(folder, "rs")
}

/// All files of a kind below a folder.
fn files(folder: &Path, kind: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, kind)?);
        } else if path.extension().is_some_and(|found| found == kind) {
            found.push(path);
        }
    }
    Ok(found)
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
