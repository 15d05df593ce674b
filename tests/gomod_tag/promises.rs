//! What scripts and readers rely on: JSON, codes, exit codes, the manual, and errors in words.

use std::fs;
use std::path::Path;

use devkit_gomod_tag::Code;
use insta::assert_snapshot;
use serde_json::Value;

use super::world::Repo;
use crate::support::{devkit, folder, peer, run};

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file)).unwrap()
}

/// The repository of the article, with dates that make its commit the same always.
fn article() -> Option<Repo> {
    let repo = Repo::at("github.com/robberphex/go-test-multi-module")?;
    repo.module("a", "ROOT/a", "")
        .module("b", "ROOT/b", "")
        .file("LICENSE", "MIT\n")
        .commit("Add b");
    Some(repo)
}

#[test]
fn the_transcripts_are_what_is_printed() {
    let Some(repo) = article() else { return };
    let (readme, manual) = (read("README.md"), read("docs/gomod-tag.md"));
    let ran = repo.ends(2, "v2.0.0 --module a");
    for line in ran.stderr.lines().filter(|line| *line != "no tag was created") {
        assert!(readme.contains(&format!("    {line}\n")), "the README lacks: {line}");
    }
    let ran = repo.ends(0, "v0.1.0 --yes");
    for line in ran.stdout.lines().filter(|line| !line.is_empty()) {
        assert!(readme.contains(&format!("    {line}\n")), "the README lacks: {line}");
        let is_commit = line.starts_with("on commit");
        assert!(is_commit || manual.contains(&format!("{line}\n")), "the manual lacks: {line}");
    }
}

#[test]
fn every_option_and_every_code_is_in_the_manual() {
    let manual = read("docs/gomod-tag.md");
    let dir = folder();
    let mut flags = 0;
    for command in ["list", "status", "plan", "tag", "verify"] {
        let help = run(devkit(dir.path(), ["gomod-tag", command, "--help"])).stdout;
        let own = help.split("Options (for every command)").next().unwrap();
        for flag in own.split_whitespace().filter(|word| word.starts_with("--")) {
            let flag =
                flag.trim_end_matches([',', ';', '.', ')']).split(['[', '=']).next().unwrap();
            assert!(
                flag == "--help" || flag == "--version" || manual.contains(&format!("`{flag}")),
                "the manual lacks {flag}"
            );
            flags += 1;
        }
    }
    assert!(flags > 30, "{flags}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cmd/gomod_tag");
    let files = fs::read_dir(folder).unwrap();
    let files = files.map(|file| file.unwrap().path()).filter(|path| path.is_file());
    let source = files.map(|file| fs::read_to_string(file).unwrap()).collect::<String>();
    let mut codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let made = source
        .split("Failure::new(")
        .skip(1)
        .filter_map(|rest| rest.trim_start().strip_prefix('"'));
    codes.extend(made.filter_map(|rest| rest.split('"').next()));
    codes.retain(|code| *code != "usage" && *code != "io");
    assert!(codes.len() > 25, "{codes:?}");
    for code in &codes {
        assert!(manual.contains(&format!("| `{code}` |")), "the manual lacks {code}");
    }
}

#[test]
fn what_json_has() {
    let Some(repo) = article() else { return };
    let keys = |value: &Value| {
        let keys: Vec<&String> = value.as_object().unwrap().keys().collect();
        keys.into_iter().cloned().collect::<Vec<_>>().join(" ")
    };
    let plan = repo.json(0, "plan --all --version v0.1.0");
    assert_eq!(plan["schema"], "devkit.gomod-tag/1");
    assert_snapshot!(keys(&plan), @"schema commit branch root dry_run tags requires files dependents skipped uncounted warnings problems");
    assert_snapshot!(plan["tags"][0].to_string(), @r#"{"directory":"a","module":"github.com/robberphex/go-test-multi-module/a","current":null,"next":"v0.1.0","tag":"a/v0.1.0","state":"planned","why":["first-release"],"changed":[],"api":null}"#);
    let tagged = repo.json(0, "v0.1.0 --yes");
    assert_eq!(
        (&tagged["dry_run"], &tagged["tags"][1]["state"]),
        (&Value::Bool(false), &"created".into())
    );
    assert_eq!(repo.json(0, "v0.1.0 --yes")["tags"][1]["state"], "exists");
    repo.file("a/g.go", "package p\n").commit("more");
    let status = repo.json(1, "status");
    assert_eq!(status["tags"][0]["changed"][0], "a/g.go");
    assert_eq!(status["tags"].as_array().unwrap().len(), 1);
    let list = repo.json(0, "list");
    assert_snapshot!(list["modules"][1].to_string(), @r#"{"directory":"b","module":"github.com/robberphex/go-test-multi-module/b","tag_prefix":"b/","latest":"v0.1.0","versions":1,"releasable":true,"problem":null,"hidden":false,"ignored_tags":[],"unknown_directives":[]}"#);
    // What is refused is an error, with all that was found in it.
    let ran = repo.ends(2, "v2.0.0 --json --yes");
    assert_eq!((ran.stdout.as_str(), ran.stderr.lines().count()), ("", 1), "{}", ran.stderr);
    let error: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(error["error"]["code"], "major-mismatch");
    assert_eq!(error["error"]["problems"].as_array().unwrap().len(), 2);
    assert!(
        error["error"]["message"].as_str().unwrap().contains("a/go.mod:1:8: a v2 module's path"),
        "{error}"
    );
}

#[test]
fn errors_in_words() {
    if peer::need("git").is_none() {
        return;
    }
    let dir = folder();
    let shown = |args: &str| {
        let mut command = devkit(dir.path(), ["gomod-tag"]);
        command
            .args(args.split(' '))
            .env("HOME", dir.path())
            .env("GIT_CEILING_DIRECTORIES", "/tmp");
        run(command).shown(dir.path())
    };
    assert_snapshot!(shown("v0.1.0"), @"
    --- stderr ---
    error: this folder is in no git repository [no-repository]
      hint:  change into the repository whose modules are to be tagged
    --- exit 2 ---
    ");
    assert_snapshot!(shown("tag --lockstep"), @"
    --- stderr ---
    error: this folder is in no git repository [no-repository]
      hint:  change into the repository whose modules are to be tagged
    --- exit 2 ---
    ");
    let Some(repo) = Repo::new("words") else { return };
    let shown = |args: &str| repo.devkit(args).shown(&repo.path());
    assert_snapshot!(shown("list"), @"
    --- stderr ---
    error: the repository has no commit yet [no-commit]
      hint:  tags name commits: git add and git commit come first
    --- exit 2 ---
    ");
    repo.module("a", "ROOT/a", "").file("LICENSE", "x").commit("a");
    assert_snapshot!(shown("list --commit nope"), @"
    --- stderr ---
    error: there is no commit nope [no-commit]
      hint:  git log shows what there is
    --- exit 2 ---
    ");
    assert_snapshot!(shown("1.2.3"), @"
    --- stderr ---
    error: '1.2.3' is not a Go version [bad-version]
      cause: a version begins with v
      hint:  did you mean v1.2.3?
    no tag was created
    --- exit 2 ---
    ");
    assert_snapshot!(shown("tag --set a"), @"
    --- stderr ---
    error: --set a names no version [usage]
      hint:  a folder and its version: --set client=v1.2.3; the root is .
    --- exit 2 ---
    ");
    assert_snapshot!(shown("tag --module aa --bump patch"), @"
    --- stderr ---
    error: no module is or fits aa [no-modules]
      hint:  devkit gomod-tag list shows all; folders count from the repository's root
    no tag was created
    --- exit 2 ---
    ");
    assert_snapshot!(shown("tag"), @"
    --- stderr ---
    error: which version a gets was not said [usage]
      hint:  --version, --bump or --set says it; devkit gomod-tag status shows what changed
    --- exit 2 ---
    ");
    assert_snapshot!(shown("tag --bump minor --version v1.0.0"), @"
    --- stderr ---
    error: --bump and a version exclude each other [usage]
      hint:  --bump counts from the last version; leave one of the two out
    --- exit 2 ---
    ");
    assert_snapshot!(shown("verify"), @"
    --- stderr ---
    error: no version is of commit 4fb0b3d [no-modules]
      hint:  --tag TAG names one; devkit gomod-tag list shows the latest
    --- exit 2 ---
    ");
    assert_snapshot!(shown("verify --tag nope"), @"
    --- stderr ---
    error: there is no tag nope [usage]
      hint:  git tag -l lists them
    --- exit 2 ---
    ");
}

#[test]
fn what_belongs_to_another_user_is_explained() {
    let Some(repo) = article() else { return };
    if !peer::need_root() {
        return;
    }
    let config = fs::read_to_string(repo.home().join(".gitconfig")).unwrap();
    fs::write(repo.home().join(".gitconfig"), config.replace("directory = *", "")).unwrap();
    let chown = std::process::Command::new("chown").args(["-R", "12345"]).arg(repo.path()).status();
    assert!(chown.unwrap().success());
    let ran = repo.ends(2, "list");
    assert!(ran.stderr.contains("[unsafe-repository]"), "{}", ran.stderr);
    assert!(ran.stderr.contains("git config --global --add safe.directory"), "{}", ran.stderr);
}

#[test]
fn no_git_and_no_go() {
    let Some(repo) = article() else { return };
    repo.tag("a/v0.1.0");
    let mut command = repo.command(["list"]);
    command.env("PATH", "/nonexistent");
    let ran = run(command);
    assert!(ran.stderr.contains("[git-missing]"), "{}", ran.stderr);
    let bin = repo.base().join("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(peer::find("git").unwrap(), bin.join("git")).unwrap();
    for (args, code) in
        [("verify", "[go-missing]"), ("plan --bump minor --api", "[gorelease-missing]")]
    {
        let mut command = repo.command(args.split(' '));
        command.env("PATH", &bin);
        let ran = run(command);
        assert_eq!(ran.code, Some(2));
        assert!(ran.stderr.contains(code), "{}", ran.stderr);
    }
}

#[test]
fn verify_tells_what_go_cannot_use() {
    let Some(repo) = article() else { return };
    if peer::need("go").is_none() {
        return;
    }
    repo.module("b", "ROOT/b", "\nrequire ROOT/a v0.0.0\n").commit("placeholder");
    repo.tag("a/v0.1.0").tag("b/v0.1.0");
    let ran = repo.ends(1, "verify");
    assert!(
        ran.stdout.contains("✓ a/v0.1.0") && ran.stdout.contains("✗ b/v0.1.0"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stderr.contains("put this into b/go.mod") && ran.stderr.contains("retract v0.1.0 //"),
        "{}",
        ran.stderr
    );
    // Also where only errors are wanted.
    assert!(repo.ends(1, "verify --quiet").stderr.contains("put this into b/go.mod"));
    let document = repo.json(1, "verify");
    assert_eq!(document["versions"][1]["built"]["verdict"], "failed", "{document}");
    // What is not in the local cache is no fault of the version.
    repo.module("b", "ROOT/b", "\nrequire example.com/not/here v1.0.0\n")
        .commit("others")
        .tag("b/v0.2.0");
    let document = repo.json(0, "verify --tag b/v0.2.0");
    assert_eq!(document["versions"][0]["built"]["verdict"], "not-tried", "{document}");
}

#[test]
fn gorelease_is_asked_for_the_api() {
    let Some(repo) = article() else { return };
    let Some(gorelease) = std::env::var_os("DEVKIT_GORELEASE") else {
        return peer::skip("gorelease is not here; cargo xtask test builds it");
    };
    repo.released("v1.0.0", &["a/v1.0.0", "b/v1.0.0"]);
    repo.file("a/f.go", "package p\n\nfunc G() int { return 1 }\n");
    repo.file("b/g.go", "package p\n").commit("no F any more");
    let folder = Path::new(&gorelease).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&path)));
    let mut command = repo.command("plan --changed --bump patch --api --json".split(' '));
    command.env("PATH", path.unwrap());
    let ran = run(command);
    let document: Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
    assert_eq!(document["tags"][0]["api"]["ok"], false, "{document}");
    assert!(
        document["tags"][0]["api"]["report"].as_str().unwrap().contains("F: removed"),
        "{document}"
    );
    assert_eq!(document["tags"][1]["api"]["ok"], true, "{document}");
}

#[test]
fn a_list_says_why() {
    let Some(repo) = Repo::new("list") else { return };
    repo.module("", "ROOT", "frobnicate x\n").module("x", "ROOT/y", "").module(".bingo", "_", "");
    repo.module("new", "ROOT/new", "").module("testdata/t", "ROOT/testdata/t", "").commit("x");
    repo.tag("v1.0.0").tag("v1.0");
    assert_snapshot!(repo.devkit("list").shown(&repo.path()), @"
    module paths: github.com/devkit-test/list/<directory>
    directory   module                         latest  releasable
    .bingo      _                              -       ✗ '_' in .bingo/go.mod is a module path that Go cannot fetch [bad-module-path]
    .                                          v1.0.0  ✓
    new                                        -       ✓ new: --module or --include-new
    testdata/t                                 -       ✓ only if --module names it
    x           github.com/devkit-test/list/y  -       ✗ github.com/devkit-test/list/y lies in x, and Go looks for it in y [path-mismatch]
    note: there is no LICENSE file, so pkg.go.dev does not show documentation; one in the folder of a module or in the root is taken
    tag v1.0 is no version: a version has three numbers
    go.mod: unknown directive 'frobnicate'
    --- stderr ---
    --- exit 0 ---
    ");
}
