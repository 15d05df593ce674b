//! The manual's page of contexts is the table of rules, and its transcripts are what is printed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{devkit, folder, run};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_page_of_contexts_is_the_table() {
    let file = root().join("docs/envcheck-contexts.md");
    let page = devkit_envcheck::page();
    if std::env::var_os("DEVKIT_WRITE_DOCS").is_some() {
        fs::write(&file, &page).unwrap();
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    assert!(there == page, "docs/envcheck-contexts.md is old: DEVKIT_WRITE_DOCS=1 writes it");
}

#[test]
fn transcripts_are_what_is_printed() {
    let dir = folder();
    let mut seen = 0;
    for page in ["README.md", "docs/envcheck.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let Some(command) = line.trim_start().strip_prefix("$ devkit envcheck ") else {
                continue;
            };
            let indent = line.len() - line.trim_start().len();
            let mut shown = String::new();
            while let Some(line) = lines.next_if(|line| {
                !line.starts_with("```")
                    && (line.starts_with(&" ".repeat(indent.max(1))) || indent == 0)
                    && !line.trim_start().starts_with("$ ")
            }) {
                shown.push_str(line.get(indent..).unwrap_or_default());
                shown.push('\n');
            }
            let words: Vec<&str> = command.split_whitespace().collect();
            let ran = run(devkit(dir.path(), [&["envcheck"], words.as_slice()].concat()));
            assert_eq!(shown.trim_end(), ran.stdout.trim_end(), "{page}: {command}");
            seen += 1;
        }
    }
    assert!(seen >= 3, "{seen}");
}

#[test]
fn every_option_is_in_the_manual() {
    let manual = fs::read_to_string(root().join("docs/envcheck.md")).unwrap();
    let help = run(devkit(folder().path(), ["envcheck", "--help"])).stdout;
    let own = help.split("Options (for every command)").next().unwrap();
    let flags = own
        .split_whitespace()
        .filter(|word| word.starts_with("--") && word.len() > 2)
        .map(|word| word.trim_end_matches([',', ';', '.', ')', ':']));
    let flags: Vec<&str> = flags.filter(|flag| !["--help", "--version"].contains(flag)).collect();
    assert!(flags.len() >= 10, "{flags:?}");
    for flag in flags {
        assert!(manual.contains(&format!("`{flag}")), "docs/envcheck.md lacks {flag}");
    }
}
