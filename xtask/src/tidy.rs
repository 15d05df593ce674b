//! `cargo xtask tidy`: whether everything is where it belongs.

use std::fs;
use std::path::{Path, PathBuf};

use crate::circles;
use crate::map;
use crate::recipes::{self, RecipePage};
use crate::run::{Result, cargo, output, read, root};

/// What only the binary may know: the terminal.
const NOT_IN_LIBRARIES: &[&str] = &["clap", "console", "anyhow"];

pub(crate) fn run() -> Result<()> {
    let mut problems = Vec::new();
    recipes(&mut problems)?;
    test_files(&mut problems)?;
    libraries(&mut problems)?;
    lookups(&mut problems)?;
    links(&mut problems)?;
    circles::check(&mut problems)?;
    map::check(&mut problems)?;
    if problems.is_empty() {
        println!("tidy: everything is in its place");
        return Ok(());
    }
    Err(format!("not tidy:\n  {}", problems.join("\n  ")))
}

/// Every recipe has a page, tests, a line in the changelog and a row in the README.
fn recipes(problems: &mut Vec<String>) -> Result<()> {
    let listed = recipes::listed()?;
    if listed.is_empty() {
        problems.push("devkit help --json lists no recipe".into());
    }
    let (readme, tests) = (read("README.md")?, read("tests/main.rs")?);
    let (manifest, changelog) = (read("crates/devkit/Cargo.toml")?, read("docs/changelog.md")?);
    for RecipePage { name, page } in listed {
        let module = name.replace('-', "_");
        if !root().join(&page).exists() {
            problems.push(format!("{page} is missing"));
        }
        let target = format!("path = \"../../tests/{module}/main.rs\"");
        if !lists(&tests, &module) && !manifest.contains(&target) {
            problems.push(format!("neither tests/main.rs nor a target of devkit's lists {module}"));
        }
        if !changelog.contains(&format!("`devkit {name}`")) {
            problems.push(format!("docs/changelog.md has no line for devkit {name}"));
        }
        let row = format!("devkit {name}");
        let has_row = readme.lines().any(|line| line.starts_with('|') && line.contains(&row));
        if !has_row && !recipes::is_draft(&name) {
            problems.push(format!("the README's table has no row for {name}"));
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

/// What looks up a host, a user or a group, in the words of std, tokio, nix and C.
const LOOKUPS: &[&str] = &[
    "ToSocketAddrs",
    "to_socket_addrs",
    "lookup_host",
    "getaddrinfo",
    "getpwnam",
    "getpwuid",
    "getgrnam",
    "getgrgid",
    "User::from_",
    "Group::from_",
    "connect((",
    "bind((host",
    "bind((name",
];

/// Names are looked up by one crate: what a released binary may ask of the system is known in one place.
fn lookups(problems: &mut Vec<String>) -> Result<()> {
    for file in rust_files(&root().join("crates"))? {
        let name = shown(&file);
        let is_test =
            name.contains("/tests") || name.contains("/examples/") || name.contains("/fuzz/");
        if is_test || name.starts_with("crates/devkit-lookup/") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap_or_default();
        // Tests within a file are its end.
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for word in LOOKUPS.iter().filter(|word| code.contains(**word)) {
            problems.push(format!("{name} has {word}: devkit-lookup looks names up"));
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
