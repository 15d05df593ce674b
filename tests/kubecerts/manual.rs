//! What the README and docs/kubecerts.md say is true.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use devkit_kubecerts::Code;

use super::world::{RSA, World};
use crate::support::{DEVKIT, devkit, folder, run};

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file)).unwrap()
}

/// Lines without the dates that depend on the day.
fn undated(text: &str) -> Vec<String> {
    let line = |line: &str| match line.split_once("valid until ") {
        Some((before, _)) => format!("{before}valid until DATE"),
        None => line.to_owned(),
    };
    text.lines().map(line).collect()
}

#[test]
fn transcripts_are_what_is_printed() {
    let Some(world) = World::new() else { return };
    world.authority("kubernetes");
    world.client("kubernetes-admin", "kubernetes", 99, RSA);
    let (ca, cert, key) = (
        world.data("kubernetes.crt"),
        world.data("kubernetes-admin.crt"),
        world.data("kubernetes-admin.key"),
    );
    world.home_config(&format!(
        "current-context: staging\n\
         clusters:\n\
         - name: staging\n\
         \x20 cluster:\n\
         \x20   server: https://10.0.0.1:6443\n\
         \x20   certificate-authority-data: {ca}\n\
         contexts:\n\
         - name: staging\n\
         \x20 context: {{cluster: staging, user: kubernetes-admin}}\n\
         - name: eks-prod\n\
         \x20 context: {{cluster: staging, user: eks}}\n\
         users:\n\
         - name: kubernetes-admin\n\
         \x20 user:\n\
         \x20   client-certificate-data: {cert}\n\
         \x20   client-key-data: {key}\n\
         \n\
         # Amazon's\n\
         - name: eks\n\
         \x20 user:\n\
         \x20   exec:\n\
         \x20     apiVersion: client.authentication.k8s.io/v1\n\
         \x20     command: aws\n\
         \x20     args: [eks, get-token]\n"
    ));
    let readme = read("README.md");
    let shown = |command: &str| -> String {
        let (_, rest) = readme.split_once(&format!("    $ {command}\n")).expect(command);
        rest.lines().map_while(|line| line.strip_prefix("    ")).collect::<Vec<_>>().join("\n")
    };
    let ran = world.devkit(&["extract"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(undated(&shown("devkit kubecerts extract")), undated(&ran.stdout));
    let manual = read("docs/kubecerts.md");
    let block = manual.split("```\n").nth(1).unwrap();
    assert_eq!(undated(block), undated(&ran.stdout));
    assert!(
        ran.stdout.contains(" (98 days)") || ran.stdout.contains(" (99 days)"),
        "{}",
        ran.stdout
    );

    let ran = world.devkit(&["extract", "--context", "eks-prod"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert_eq!(shown("devkit kubecerts extract --context eks-prod"), ran.stderr.trim_end());
}

#[test]
fn every_option_is_in_the_manual() {
    let manual = read("docs/kubecerts.md");
    for command in ["extract", "show", "check"] {
        let help = run(devkit(folder().path(), ["kubecerts", command, "--help"])).stdout;
        let own = help.split("Options (for every command)").next().unwrap();
        let flags: Vec<&str> = own
            .split_whitespace()
            .filter(|word| word.starts_with("--"))
            .map(|word| word.trim_end_matches([',', ';', '.', ')']))
            .collect();
        assert!(flags.len() > 4, "{own}");
        for flag in flags.into_iter().filter(|flag| !["--help", "--version"].contains(flag)) {
            assert!(manual.contains(&format!("`{flag}")), "docs/kubecerts.md lacks {flag}");
        }
    }
}

#[test]
fn every_code_in_the_manual_exists_and_every_one_that_exists_is_there() {
    let manual = read("docs/kubecerts.md");
    let (_, errors) = manual.split_once("## Errors").unwrap();
    let (errors, warnings) = errors.split_once("## Warnings").unwrap();
    let warnings = warnings.split("\n## ").next().unwrap();
    // What stands in the first cell of a row, and whether its second cell has the mark.
    let rows = |table: &str| -> Vec<(String, bool)> {
        let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
        rows.flat_map(|row| {
            let mut cells = row.split(" | ");
            let names = format!("`{}", cells.next().unwrap());
            let mark = cells.next() == Some("✗");
            names.split(", ").map(|name| (name.replace('`', ""), mark)).collect::<Vec<_>>()
        })
        .collect()
    };
    let mut documented = rows(warnings);
    let mut made: Vec<(String, bool)> =
        Code::ALL.iter().map(|code| (code.name().to_owned(), code.is_finding())).collect();
    documented.sort();
    made.sort();
    assert_eq!(documented, made);

    let source = read("crates/devkit-kubecerts/src/error.rs");
    let body = source.split("fn code(&self) -> &'static str {").nth(1).unwrap();
    let body = body.split("\n    }\n").next().unwrap();
    let codes: Vec<&str> = body.split('"').skip(1).step_by(2).collect();
    assert!(codes.len() > 15, "{codes:?}");
    let documented = rows(errors);
    for code in &codes {
        let there = documented.iter().any(|(name, _)| name == code);
        assert!(there || *code == "io", "the table of errors lacks {code}");
    }
    for (name, _) in documented {
        let there = codes.contains(&name.as_str());
        // Those of parts that are not there, and what publishing meets.
        let elsewhere =
            ["no-client-key", "no-ca", "exists", "usage", "io"].contains(&name.as_str());
        assert!(there || elsewhere, "nothing makes {name}");
    }
}

#[test]
fn a_link_named_kubecerts_is_devkit_kubecerts() {
    let dir = folder();
    let link = dir.path().join("kubecerts");
    symlink(DEVKIT, &link).unwrap();
    let by_link = |args: &[&str]| {
        let mut command = Command::new(&link);
        command.args(args).current_dir(dir.path()).env_clear();
        run(command)
    };
    let help = by_link(&["--help"]);
    assert!(help.stdout.contains("Usage: devkit kubecerts [OPTIONS] <COMMAND>"), "{}", help.stdout);
    let ran = by_link(&["extract", "--kubeconfig", "none"]);
    assert!(ran.stderr.contains("[file-not-found]"), "{}", ran.stderr);
    assert_eq!(ran.code, Some(2));
}
