//! `cargo xtask new-recipe` in a copy of the workspace: what it writes compiles, is tidy and passes its
//! test, and only a few files that were there are touched.

#![expect(clippy::disallowed_methods, reason = "a test reads the environment and writes files")]
#![expect(clippy::print_stdout, reason = "a test says what it saw")]
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The recipe that is made.
const NAME: &str = "line-count";
/// Files that were there before, of which a new recipe may touch so many.
const MOST_TOUCHED: usize = 4;

/// A copy of the workspace, beside what is built, with a folder of its own to build in. Both stay, so
/// that the next run builds only what has changed.
struct WorkspaceCopy {
    root: PathBuf,
    target: PathBuf,
}

impl WorkspaceCopy {
    fn make() -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(target) => workspace.join(target),
            None => workspace.join("target"),
        };
        let folder = target.join("new-recipe");
        let copy = Self { root: folder.join("workspace"), target: folder.join("target") };
        synchronise(workspace, &copy.root);
        copy.seed(&target.join("debug"));
        copy
    }

    /// Gives it the libraries that are built already. Only the registry's are of use: those of the
    /// workspace go by their path.
    fn seed(&self, built: &Path) {
        let debug = self.target.join("debug");
        if debug.exists() {
            return;
        }
        for part in ["deps", "build", ".fingerprint"] {
            fs::create_dir_all(debug.join(part)).unwrap();
            let Ok(entries) = fs::read_dir(built.join(part)) else { continue };
            for entry in entries.flatten() {
                let name = entry.file_name();
                let ours = name.to_string_lossy();
                let ours = ours.trim_start_matches("lib").replace('_', "-");
                if !ours.starts_with("devkit") && !ours.starts_with("cli-") {
                    link(&entry.path(), &debug.join(part).join(&name), part == "deps");
                }
            }
        }
    }

    /// Runs Cargo in the copy, and gives what it says and whether all went well.
    fn cargo(&self, args: &[&str]) -> (bool, String) {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(args).current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        // What the Cargo that runs this test says of its own package.
        for (name, _) in std::env::vars_os() {
            let name_is = |start: &str| name.to_string_lossy().starts_with(start);
            if name_is("CARGO_PKG_") || name_is("CARGO_MANIFEST_") || name_is("DEVKIT_") {
                command.env_remove(name);
            }
        }
        let output = command.output().unwrap();
        let text =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        (output.status.success(), text.concat())
    }

    fn succeeds(&self, args: &[&str]) -> String {
        let (good, text) = self.cargo(args);
        assert!(good, "cargo {}:\n{text}", args.join(" "));
        text
    }
}

/// Links a file, or copies it where Cargo would write into it; folders with all that is in them.
fn link(from: &Path, to: &Path, may_link: bool) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().flatten() {
            link(&entry.path(), &to.join(entry.file_name()), may_link);
        }
    } else if !may_link || fs::hard_link(from, to).is_err() {
        let copied = fs::copy(from, to);
        // Cargo goes by the times of its files.
        if let (Ok(_), Ok(time)) = (copied, fs::metadata(from).and_then(|it| it.modified())) {
            let file = fs::File::options().append(true).open(to).unwrap();
            file.set_modified(time).unwrap();
        }
    }
}

/// Files by their path, with what is in them.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// The files of a workspace, by their path, but for what is built and what is git's.
fn files(root: &Path) -> Files {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                if name != "target" && name != ".git" {
                    folders.push(path);
                }
            } else if name != ".git" {
                let content = fs::read(&path).unwrap();
                found.insert(path.strip_prefix(root).unwrap().to_owned(), content);
            }
        }
    }
    found
}

/// Makes a copy the same as the original. A file that is the same already keeps its time, so that it is
/// not built again.
fn synchronise(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let (original, mut copy) = (files(from), files(to));
    for (path, content) in original {
        if copy.remove(&path).as_ref() != Some(&content) {
            fs::create_dir_all(to.join(&path).parent().unwrap()).unwrap();
            fs::write(to.join(&path), content).unwrap();
        }
    }
    for path in copy.keys() {
        fs::remove_file(to.join(path)).unwrap();
    }
    remove_empty_folders(to);
}

/// A crate whose files are gone would still be a member of the workspace.
fn remove_empty_folders(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            remove_empty_folders(&entry.path());
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// The files that were there before and are not the same.
fn touched(before: &Files, after: &Files) -> Vec<String> {
    let other = |(path, content): &(&PathBuf, &Vec<u8>)| after.get(*path) != Some(content);
    before.iter().filter(other).map(|(path, _)| path.display().to_string()).collect()
}

#[test]
fn a_new_recipe_compiles_is_tidy_and_touches_few_files() {
    let copy = WorkspaceCopy::make();
    let before = files(&copy.root);
    copy.succeeds(&["xtask", "new-recipe", NAME]);
    copy.succeeds(&["check", "--locked", "--offline", "-q", "-p", "devkit"]);
    let module = NAME.replace('-', "_");
    let ran = copy.succeeds(&["test", "--locked", "--offline", "-p", "devkit", "--test", &module]);
    assert!(ran.contains("test result: ok. 2 passed"), "{ran}");
    let library = format!("devkit-{NAME}");
    let ran = copy.succeeds(&["test", "--locked", "--offline", "-p", &library, "--lib"]);
    assert!(ran.contains("test result: ok. 1 passed"), "{ran}");
    let tidy = copy.succeeds(&["xtask", "tidy"]);
    assert!(tidy.contains("everything is in its place"), "{tidy}");
    copy.succeeds(&["fmt", "--all", "--check"]);

    let after = files(&copy.root);
    let touched = touched(&before, &after);
    println!("{} files that were there are touched: {touched:?}", touched.len());
    assert!(touched.len() <= MOST_TOUCHED, "{touched:?}");
    assert!(touched.iter().any(|path| path == "docs/changelog.md"), "{touched:?}");
    for new in [
        format!("crates/devkit-{NAME}/src/lib.rs"),
        format!("crates/devkit/src/cmd/{module}.rs"),
        format!("tests/{module}/main.rs"),
        format!("docs/{NAME}.md"),
    ] {
        assert!(after.contains_key(Path::new(&new)), "{new} is not there");
    }
    is_known_to_the_binary(&copy);
    is_made_once(&copy, after.len());
    is_a_draft_until_its_page_says_no_more_so(&copy);
}

fn is_known_to_the_binary(copy: &WorkspaceCopy) {
    let devkit = copy.target.join("debug/devkit");
    let help = Command::new(&devkit).args(["help", "--json"]).output().unwrap();
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let entry = format!("{{\"name\":\"{NAME}\",\"page\":\"docs/{NAME}.md\"");
    assert!(help.contains(&entry), "{help}");
}

/// A second one of that name, and a name that is none, change nothing.
fn is_made_once(copy: &WorkspaceCopy, count: usize) {
    for name in [NAME, "No_Name", "fwd"] {
        let (good, said) = copy.cargo(&["xtask", "new-recipe", name]);
        assert!(!good && said.contains(name), "{said}");
        assert_eq!(files(&copy.root).len(), count);
    }
}

/// Then the lists for readers want it too.
fn is_a_draft_until_its_page_says_no_more_so(copy: &WorkspaceCopy) {
    let page = copy.root.join(format!("docs/{NAME}.md"));
    let draft = fs::read_to_string(&page).unwrap();
    fs::write(&page, draft.replace("> This recipe is a draft.", "")).unwrap();
    let (good, said) = copy.cargo(&["xtask", "tidy"]);
    assert!(!good && said.contains(&format!("the README's table has no row for {NAME}")), "{said}");
    assert!(said.contains("the code map"), "{said}");
}
