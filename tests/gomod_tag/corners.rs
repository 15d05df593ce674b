//! What goes wrong at the edges: versions, histories, remotes, configuration.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::world::{Outside, Repo, gos};
use crate::support::{run, write_script};

/// A repository with a module in each folder, committed.
fn with(name: &str, dirs: &[&str]) -> Option<Repo> {
    let repo = Repo::new(name)?;
    for dir in dirs {
        let path = if dir.is_empty() { "ROOT".to_owned() } else { format!("ROOT/{dir}") };
        repo.module(dir, &path, "");
    }
    repo.commit("first");
    Some(repo)
}

/// The next version of the first module of a plan.
fn next(repo: &Repo, args: &str) -> Value {
    repo.json(0, args)["tags"][0]["next"].clone()
}

fn bare(repo: &Repo, name: &str) -> String {
    let path = repo.base().join(name).to_str().unwrap().to_owned();
    repo.git(&["init", "-q", "--bare", &path]);
    path
}

fn tags_of(repo: &Repo, place: &str) -> Vec<String> {
    let text = repo.git(&["ls-remote", "--tags", "--refs", place]);
    text.lines().map(|line| line.split("refs/tags/").nth(1).unwrap().to_owned()).collect()
}

#[test]
fn what_is_withdrawn_now_is_withdrawn_by_the_highest_version() {
    let Some(repo) = with("withdraw", &[""]) else { return };
    repo.tag("v1.0.0").file("g.go", "package p\n").commit("bad").tag("v1.1.0");
    repo.module("", "ROOT", "\nretract v1.1.0 // bad\n").commit("retract");
    assert_eq!(next(&repo, "plan --bump patch"), "v1.1.1");
    repo.refused("v1.0.1", &["bad-version"]);
    repo.released("tag --bump patch", &["v1.1.1"]);
    for go in gos() {
        let listed = Outside::new(&repo, &go).versions(&repo.root);
        assert_eq!(listed, ["v1.0.0", "v1.1.1"], "{}", go.name);
    }
    // Withdrawn for good, it is in nobody's way.
    let Some(repo) = with("withdrawn", &[""]) else { return };
    repo.tag("v1.0.0").module("", "ROOT", "\nretract [v1.9.0, v1.9.1]\n").commit("r");
    repo.tag("v1.9.0").tag("v1.9.1").file("g.go", "package p\n").commit("more");
    assert_eq!(next(&repo, "plan --bump patch"), "v1.0.1");
    // A whole range at once, and no end of it within a minor version.
    let Some(repo) = with("range", &[""]) else { return };
    repo.tag("v0.5.0").module("", "ROOT", "\nretract [v0.0.0, v0.9.9]\n").commit("r");
    assert_eq!(next(&repo, "plan --bump patch"), "v0.9.10");
    // One that withdraws itself is told.
    let Some(repo) = with("itself", &[""]) else { return };
    repo.tag("v0.1.0").module("", "ROOT", "\nretract [v0.1.0, v0.1.1]\n").commit("r");
    let ran = repo.released("v0.1.1", &["v0.1.1"]);
    assert!(ran.stderr.contains("withdrawn by its own go.mod"), "{}", ran.stderr);
    if !gos().is_empty() {
        repo.ends(0, "verify");
    }
}

#[test]
fn numbers_that_are_taken() {
    let Some(repo) = with("lines", &[""]) else { return };
    repo.tag("v1.5.0").tag("v1.6.0").file("g.go", "package p\n").commit("more");
    let ran = repo.refused("v1.5.0", &["tag-exists"]);
    assert!(ran.stderr.contains("next free: v1.6.1"), "{}", ran.stderr);
    let Some(repo) = with("major", &[""]) else { return };
    repo.tag("v0.9.0").module("", "ROOT", "\nretract v1.0.0\n").commit("r");
    assert_eq!(next(&repo, "plan --bump major"), "v1.0.1");
    // Tags of the module's older path: go lists them, and takes the highest.
    let Some(repo) = Repo::new("moved") else { return };
    repo.module("", "github.com/devkit-test/older", "").commit("old").tag("v1.0.0");
    repo.module("", "ROOT", "").commit("moved");
    repo.refused("v0.9.0", &["bad-version"]);
    repo.released("tag --bump minor", &["v1.1.0"]);
    for go in gos() {
        Outside::new(&repo, &go).uses(&repo.root, "latest").unwrap();
    }
    let ran = with("lock", &[""]).map(|repo| repo.refused("v0.1.0-a.lock", &["bad-version"]));
    assert!(ran.is_none_or(|ran| ran.stderr.contains("git's own")));
}

#[test]
fn a_branch_for_an_older_line() {
    let Some(repo) = with("line", &["a"]) else { return };
    repo.tag("a/v1.2.0").git(&["branch", "rel-1.2"]);
    repo.file("a/g.go", "package p\n").commit("more").tag("a/v1.3.0");
    repo.git(&["switch", "-q", "rel-1.2"]);
    repo.file("a/fix.go", "package p\n").commit("feat: x");
    assert_eq!(next(&repo, "plan --bump patch"), "v1.2.1");
    repo.refused("tag --bump minor", &["bad-version"]);
    repo.refused("tag --bump auto", &["bad-version"]);
    repo.released("tag --bump patch", &["a/v1.2.1"]);
    repo.file("a/fix.go", "package p\n\nconst More = 1\n").commit("fix");
    repo.released("tag --bump patch", &["a/v1.2.2"]);
    assert_eq!(next(&repo, "plan --bump patch --commit a/v1.2.0"), "v1.2.0");
}

#[test]
fn a_lockstep_that_was_cut_off_is_finished() {
    let Some(repo) = with("lockstep", &["a", "b", "c"]) else { return };
    for dir in ["a", "b", "c"] {
        repo.tag(&format!("{dir}/v0.1.0"));
        repo.file(&format!("{dir}/g.go"), "package p\n");
    }
    repo.commit("more").tag("a/v0.2.0");
    repo.released("tag --lockstep --bump minor", &["b/v0.2.0", "c/v0.2.0"]);
}

#[test]
fn versions_of_some_and_of_the_others() {
    let Some(repo) = with("others", &["a", "b"]) else { return };
    repo.released("v0.3.0 --set a=v0.4.0", &["a/v0.4.0", "b/v0.3.0"]);
    repo.file("a/g.go", "package p\n").file("b/g.go", "package p\n").commit("more");
    repo.released("tag --bump minor --set a=v0.9.0", &["a/v0.9.0", "b/v0.4.0"]);
    repo.released("tag --set a=v0.9.1 --commit HEAD", &["a/v0.9.1"]);
    assert_eq!(repo.devkit("gomod-tag --version v1").code, Some(2));
    let ran = repo.ends(0, "--version v1.0.0 --dry-run");
    assert!(ran.stdout.contains("b/v1.0.0"), "{}", ran.stdout);
    let ran = repo.ends(0, "tag v1.0.0 --dry-run");
    assert!(ran.stdout.contains("b/v1.0.0"), "{}", ran.stdout);
    repo.ends(2, "status --version v1.0.0");
    let ran = repo.ends(2, "taag");
    assert!(ran.stderr.contains("did you mean 'tag'? devkit gomod-tag tag"), "{}", ran.stderr);
    assert!(repo.ends(0, "-V").stdout.starts_with("devkit "));
}

#[test]
fn roots_that_hosts_dictate() {
    let Some(repo) = Repo::at("github.com/me/r") else { return };
    repo.module("tool", "github.com/me/tool", "").commit("x");
    repo.refused("v0.1.0", &["path-mismatch"]);
    let Some(repo) = Repo::at("github.com/me/r") else { return };
    repo.module("", "ROOT/sub", "").commit("x");
    repo.refused("v0.1.0", &["path-mismatch"]);
    let Some(repo) = Repo::at("go.devkit.test/kit") else { return };
    repo.module("a", "ROOT/a", "").commit("x");
    repo.ends(0, "list --root go.devkit.test/kit/");
    assert!(repo.ends(2, "list --root https://go.devkit.test").stderr.contains("no import path"));
}

#[test]
fn tags_that_hold_something_else() {
    // There was no go.mod at that tag.
    let Some(repo) = with("holds-none", &["a"]) else { return };
    repo.tag("b/v0.1.0").module("b", "ROOT/b", "");
    repo.module("a", "ROOT/a", "\nrequire ROOT/b v0.1.0\n").commit("b");
    let ran = repo.refused("tag --module a --version v0.1.0", &["require-unresolvable"]);
    assert!(ran.stderr.contains("no go.mod"), "{}", ran.stderr);
    // It had another path.
    let Some(repo) = Repo::new("holds-other") else { return };
    repo.module("b", "ROOT/old", "").commit("b").tag("b/v0.1.0").module("b", "ROOT/b", "");
    repo.module("a", "ROOT/a", "\nrequire ROOT/b v0.1.0\n").commit("a");
    let ran = repo.refused("tag --module a --version v0.1.0", &["require-unresolvable"]);
    assert!(ran.stderr.contains("has the path"), "{}", ran.stderr);
    // A commit with another time.
    let Some(repo) = with("holds-time", &["b"]) else { return };
    let hash = repo.git(&["rev-parse", "--short=12", "HEAD"]);
    let require = format!("\nrequire ROOT/b v0.0.0-20200101000000-{}\n", hash.trim());
    repo.module("a", "ROOT/a", &require).commit("a");
    repo.refused("tag --module a --version v0.1.0", &["require-unresolvable"]);
    // A good one that requires a bad one.
    let Some(repo) = with("holds-chain", &["c"]) else { return };
    repo.module("b", "ROOT/b", "\nrequire ROOT/c v0.0.0\n").commit("b").tag("b/v0.1.0");
    repo.module("a", "ROOT/a", "\nrequire ROOT/b v0.1.0\n").commit("a");
    let ran = repo.refused("tag --module a --version v0.1.0", &["require-unresolvable"]);
    assert!(ran.stderr.contains("it requires"), "{}", ran.stderr);
    repo.tag("a/v0.1.0");
    for go in gos() {
        let module = format!("{}/a", repo.root);
        assert!(Outside::new(&repo, &go).uses(&module, "v0.1.0").is_err(), "{}", go.name);
    }
}

#[test]
fn requirements_of_others_that_no_go_takes() {
    for (name, require) in [
        ("plain", "example.com/x v2.0.0"),
        ("suffix", "example.com/x/v2 v1.0.0"),
        ("latest", "example.com/x latest"),
        ("gopkg", "gopkg.in/yaml.v2 v3.0.0"),
    ] {
        let Some(repo) = Repo::new(&format!("foreign-{name}")) else { return };
        repo.module("", "ROOT", &format!("\nrequire {require}\n")).commit("x");
        repo.refused("v0.1.0", &["require-unresolvable"]);
        repo.tag("v0.1.0");
        for go in gos() {
            assert!(Outside::new(&repo, &go).uses(&repo.root, "v0.1.0").is_err(), "{name}");
        }
    }
    let Some(repo) = Repo::new("foreign-good") else { return };
    let good = "\nrequire (\n\texample.com/x v2.0.0+incompatible\n\tgopkg.in/check.v1 \
                v0.0.0-20161208181325-20d25e280405\n\texample.com/y/v2 v2.1.0\n)\n";
    repo.module("", "ROOT", good).commit("x");
    repo.released("v0.1.0", &["v0.1.0"]);
}

#[test]
fn a_folder_where_the_major_version_could_be_as_well() {
    let Some(repo) = Repo::new("place-of-v2") else { return };
    repo.module("", "ROOT/v2", "").module("v2", "ROOT/other", "").commit("x");
    repo.refused("tag --module . --version v2.0.0", &["duplicate-module"]);
    repo.tag("v2.0.0");
    for go in gos() {
        assert!(Outside::new(&repo, &go).uses(&format!("{}/v2", repo.root), "v2.0.0").is_err());
    }
}

#[test]
fn what_was_cut_out_and_what_was_not() {
    // Required by the name of a commit.
    let Some(repo) = with("carve-commit", &[""]) else { return };
    repo.file("sub/f.go", "package p\n\nfunc F() int { return 1 }\n").commit("sub").tag("v1.0.0");
    let format = "--format=v1.0.1-0.%cd-%h";
    let pseudo =
        repo.git(&["log", "-1", "--date=format-local:%Y%m%d%H%M%S", "--abbrev=12", format]);
    repo.module("sub", "ROOT/sub", &format!("\nrequire ROOT {pseudo}\n")).commit("carve");
    repo.refused("tag --module sub --version v0.1.0", &["carve-out"]);
    // The old package had another import path.
    let Some(repo) = Repo::new("carve-v2") else { return };
    repo.module("", "ROOT/v2", "").file("n/f.go", "package n\n").commit("v2").tag("v2.0.0");
    repo.module("n", "ROOT/n", "\nrequire ROOT/v2 v2.0.0\n").commit("n");
    repo.released("tag --module n --version v0.1.0", &["n/v0.1.0"]);
    // There was only a module of its own below.
    let Some(repo) = with("carve-below", &["", "n/sub"]) else { return };
    repo.tag("v1.0.0").module("n", "ROOT/n", "\nrequire ROOT v1.0.0\n").commit("n");
    repo.released("tag --module n --version v0.1.0", &["n/v0.1.0"]);
}

#[test]
fn what_counts_as_changed() {
    let changed = |repo: &Repo| {
        let status = run(repo.command(["status", "--json"]));
        let document: Value = serde_json::from_str(&status.stdout).unwrap();
        let rows = document["tags"].as_array().unwrap().clone();
        rows.iter().map(|row| row["directory"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // A whole module is gone: what was around it is as it was.
    let Some(repo) = with("gone", &["", "n"]) else { return };
    repo.tag("v1.0.0").tag("n/v1.0.0").git(&["rm", "-rq", "n"]);
    repo.commit("gone");
    assert!(changed(&repo).is_empty());
    // Only its go.mod is gone: its files are part of what is around it again.
    let Some(repo) = with("back", &["", "n"]) else { return };
    repo.tag("v1.0.0").tag("n/v1.0.0").git(&["rm", "-q", "n/go.mod"]);
    repo.commit("back");
    assert_eq!(changed(&repo), ["."]);
    // In other letters it cuts as well.
    let Some(repo) = with("letters", &[""]) else { return };
    repo.file("n/x.go", "package n\n").commit("n").tag("v1.0.0");
    repo.file("n/GO.MOD", "module x\n").commit("cut");
    assert_eq!(changed(&repo), ["."]);
    // A new module in a new folder.
    let Some(repo) = with("fresh", &[""]) else { return };
    repo.tag("v1.0.0").module("n", "ROOT/n", "").commit("n");
    assert!(changed(&repo).is_empty());
    // The license that a module is given, though it is a link.
    let Some(repo) = with("license", &["a"]) else { return };
    std::os::unix::fs::symlink("one", repo.path().join("LICENSE")).unwrap();
    repo.commit("one").tag("a/v1.0.0");
    fs::remove_file(repo.path().join("LICENSE")).unwrap();
    std::os::unix::fs::symlink("two", repo.path().join("LICENSE")).unwrap();
    repo.commit("two");
    assert_eq!(changed(&repo), ["a"]);
    // Modes, links, vendored packages and submodules are in no zip file.
    let Some(repo) = with("modes", &["a"]) else { return };
    repo.file("a/vendor/v/v.go", "package v\n").commit("v").tag("a/v1.0.0");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(repo.path().join("a/f.go"), mode).unwrap();
    std::os::unix::fs::symlink("f.go", repo.path().join("a/link.go")).unwrap();
    repo.file("a/vendor/v/v.go", "package v // new\n").commit("none of it");
    assert!(changed(&repo).is_empty());
}

#[test]
fn requirements_that_are_brought_up_later() {
    let Some(repo) = with("later", &["b"]) else { return };
    repo.module("a", "ROOT/a", "\nrequire ROOT/b v0.1.0\n").commit("a");
    repo.tag("a/v0.1.0").tag("b/v0.1.0").file("b/g.go", "package p\n").commit("more");
    repo.released("tag --module b --bump patch", &["b/v0.1.1"]);
    // What is not part of the plan stays as it is.
    repo.file("a/g.go", "package p\n").commit("uses it");
    repo.released("tag --changed --bump patch --update-requires", &["a/v0.1.1"]);
    assert!(repo.read("a/go.mod").contains("/b v0.1.0"));
    let Some(repo) = with("same", &["b"]) else { return };
    repo.module("a", "ROOT/a", "\nrequire ROOT/b v0.1.0\n").commit("a");
    repo.tag("a/v0.1.0").tag("b/v0.1.0").file("b/g.go", "package p\n").commit("more");
    repo.released("tag --module b --bump patch", &["b/v0.1.1"]);
    // b is there already, on this very commit; a gets what it needs.
    repo.released("tag --module a --module b --bump patch --update-requires", &["a/v0.1.1"]);
    assert_eq!(repo.read("a/go.sum").lines().count(), 2);
    for go in gos() {
        Outside::new(&repo, &go).uses(&format!("{}/a", repo.root), "v0.1.1").unwrap();
    }
    // One above what is planned is not looked at.
    repo.file("b/h.go", "package p\n").commit("b").tag("b/v0.3.0");
    repo.module("a", "ROOT/a", "\nrequire ROOT/b v0.3.0\n").commit("a");
    repo.git(&["tag", "-d", "b/v0.1.1"]);
    repo.ends(0, "plan --set a=v0.4.0 --update-requires");
}

#[test]
fn sums_that_are_not_those_of_the_commit() {
    let Some(repo) = with("stale", &["leaf"]) else { return };
    repo.module("top", "ROOT/top", "\nrequire ROOT/leaf v0.0.0\n").commit("top");
    repo.git(&["switch", "-q", "-c", "rel"]);
    repo.ends(0, "tag --all --version v0.2.0 --update-requires --commit-only --yes");
    repo.file("leaf/late.go", "package p\n").commit("meanwhile");
    repo.refused("tag --set leaf=v0.2.0 --set top=v0.2.0", &["require-behind"]);
    repo.released(
        "tag --set leaf=v0.2.0 --set top=v0.2.0 --update-requires",
        &["leaf/v0.2.0", "top/v0.2.0"],
    );
    // A file that is there and that git ignores is not lost.
    let Some(repo) = with("ignored", &["leaf"]) else { return };
    repo.module("top", "ROOT/top", "\nrequire ROOT/leaf v0.0.0\n");
    repo.file(".gitignore", "go.sum\n").commit("top").file("top/go.sum", "mine\n");
    repo.refused("tag --all --version v0.1.0 --update-requires", &["dirty"]);
    assert_eq!(repo.read("top/go.sum"), "mine\n");
    // A replace of a version that is not required any more.
    let Some(repo) = with("replaced-version", &["leaf"]) else { return };
    let more = "\nrequire ROOT/leaf v0.0.0\n\nreplace ROOT/leaf v0.0.0 => ../leaf\n";
    repo.module("top", "ROOT/top", more).commit("top");
    repo.released("tag --all --version v0.1.0 --update-requires", &["leaf/v0.1.0", "top/v0.1.0"]);
    assert_eq!(repo.read("top/go.sum").lines().count(), 2);
    // A version that is not of the plan.
    let Some(repo) = with("not-planned", &["leaf"]) else { return };
    repo.tag("leaf/v0.1.0");
    repo.module("top", "ROOT/top", "\nrequire ROOT/leaf v0.0.0\n").commit("top");
    let ran = repo.released("tag --module top --bump patch --update-requires", &["top/v0.1.0"]);
    assert!(ran.stdout.contains("it is no version of this plan"), "{}", ran.stdout);
}

#[test]
fn remotes_that_are_pushed_to_elsewhere() {
    let Some(repo) = with("pushurl", &["a", "v"]) else { return };
    let (fetch, push) = (bare(&repo, "fetch.git"), bare(&repo, "push.git"));
    repo.git(&["remote", "add", "origin", &fetch]);
    repo.git(&["remote", "set-url", "--push", "origin", &push]);
    let hook = format!("{push}/hooks/update");
    fs::create_dir_all(format!("{push}/hooks")).unwrap();
    write_script(hook.as_ref(), "#!/bin/sh\ncase $1 in refs/tags/v/*) exit 1;; esac\n");
    let ran = repo.ends(2, "v0.1.0 --push=each --yes");
    assert!(ran.stderr.contains("took 1 of the tags"), "{}", ran.stderr);
    assert_eq!((repo.tags().len(), tags_of(&repo, &push).len()), (2, 1));
    fs::remove_file(hook).unwrap();
    repo.released("v0.1.0 --push", &[]);
    assert_eq!(tags_of(&repo, &push).len(), 2);
    assert!(tags_of(&repo, &fetch).is_empty());
}

#[test]
fn remotes_that_have_more_or_can_less() {
    let Some(repo) = with("more", &[""]) else { return };
    let remote = bare(&repo, "remote.git");
    repo.git(&["remote", "add", "origin", &remote]);
    repo.git(&["push", "-q", "-u", "origin", "main"]);
    repo.git(&["-C", &remote, "tag", "v1.4.0", "main"]);
    repo.file("g.go", "package p\n").commit("more");
    let ran = repo.refused("tag --bump minor --push", &["tag-exists"]);
    assert!(ran.stderr.contains("git fetch --tags origin"), "{}", ran.stderr);
    repo.git(&["fetch", "-q", "--tags", "origin"]);
    // The commit is ahead of the remote's branch, and that is told.
    repo.git(&["-C", &remote, "config", "receive.advertiseAtomic", "false"]);
    let ran = repo.released("tag --bump minor --push", &["v1.5.0"]);
    assert!(ran.stderr.contains("no branch of origin has commit"), "{}", ran.stderr);
    repo.module("b", "ROOT/b", "").commit("b");
    let ran = repo.ends(2, "tag --all --version v1.6.0 --push --yes");
    assert!(ran.stderr.contains("--push=each"), "{}", ran.stderr);
    repo.released("tag --all --version v1.6.0 --push=each", &["b/v1.6.0", "v1.6.0"]);
    assert_eq!(tags_of(&repo, &remote).len(), 4);
}

#[test]
fn branches_that_nobody_asked_to_push() {
    let Some(repo) = with("wip", &["a"]) else { return };
    let remote = bare(&repo, "remote.git");
    repo.git(&["remote", "add", "origin", &remote]);
    repo.git(&["push", "-q", "-u", "origin", "main"]);
    repo.git(&["switch", "-q", "-c", "work"]);
    repo.commit("wip");
    repo.released("tag --all --version v0.1.0 --update-requires --push", &["a/v0.1.0"]);
    assert!(!repo.git(&["ls-remote", "--heads", "origin"]).contains("work"));
    // One that follows a branch of here is not pushed to ".".
    repo.git(&["config", "branch.work.remote", "."]);
    repo.git(&["config", "branch.work.merge", "refs/heads/main"]);
    repo.released("tag --all --version v0.2.0 --push", &["a/v0.2.0"]);
    assert_eq!(tags_of(&repo, &remote).len(), 2);
    // With a commit the branch goes along, by the name that it has there.
    repo.module("b", "ROOT/b", "\nrequire ROOT/a v0.0.0\n").commit("b");
    repo.git(&["config", "branch.work.remote", "origin"]);
    repo.git(&["config", "branch.work.merge", "refs/heads/there"]);
    repo.ends(2, "tag --all --version v0.3.0 --update-requires --push --yes");
    repo.git(&["config", "push.default", "upstream"]);
    repo.released("tag --all --version v0.3.0 --update-requires --push", &["a/v0.3.0", "b/v0.3.0"]);
    let heads = repo.git(&["ls-remote", "--heads", "origin"]);
    assert!(heads.contains("refs/heads/there") && !heads.contains("refs/heads/work"), "{heads}");
}

#[test]
fn submodules_are_left_alone() {
    let Some(other) = with("sub", &[""]) else { return };
    let Some(repo) = with("super", &[""]) else { return };
    let (sub, remote) = (bare(&repo, "sub.git"), bare(&repo, "remote.git"));
    other.git(&["push", "-q", &sub, "main"]);
    repo.git(&["submodule", "--quiet", "add", &sub, "dep"]);
    repo.commit("with it").git(&["remote", "add", "origin", &remote]);
    repo.git(&["config", "push.recurseSubmodules", "on-demand"]);
    // A commit there that its remote does not have, and a tag of the same name.
    repo.git(&["-C", "dep", "commit", "-q", "--allow-empty", "-m", "of its own"]);
    repo.git(&["-C", "dep", "tag", "--no-sign", "v0.1.0"]);
    repo.git(&["add", "dep"]);
    repo.commit("its own commit");
    fs::write(repo.path().join("dep/untracked"), "x").unwrap();
    repo.released("v0.1.0 --push", &["v0.1.0"]);
    assert!(tags_of(&repo, &sub).is_empty());
}

#[test]
fn configuration_and_environment_change_nothing() {
    let Some(repo) = with("config", &["a"]) else { return };
    repo.tag("a/v1.0.0").file("a/g.go", "package p\n").commit("feat: ü");
    for (name, value) in [
        ("diff.orderFile", "nope"),
        ("log.date", "bogus"),
        ("i18n.logOutputEncoding", "UTF-16"),
        ("color.ui", "always"),
        ("log.showSignature", "true"),
        ("core.quotePath", "true"),
        ("diff.noprefix", "true"),
        ("status.short", "true"),
        ("diff.renames", "copies"),
        ("push.followTags", "true"),
        ("tag.sort", "bogus"),
    ] {
        repo.git(&["config", name, value]);
        assert_eq!(next(&repo, "plan --bump auto"), "v1.1.0", "{name}");
        repo.git(&["config", "--unset", name]);
    }
    for (name, value) in [
        ("GIT_GLOB_PATHSPECS", "1"),
        ("GIT_ICASE_PATHSPECS", "1"),
        ("GIT_LITERAL_PATHSPECS", "1"),
        ("GIT_DIR", repo.path().join(".git").to_str().unwrap()),
    ] {
        let mut command = repo.command("plan --bump auto --json".split(' '));
        command.env(name, value);
        let ran = run(command);
        assert!(ran.stdout.contains("\"v1.1.0\""), "{name}: {}", ran.stderr);
    }
    // Hooks see what they always see.
    repo.module("b", "ROOT/b", "\nrequire ROOT/a v0.0.0\n").commit("fix: b");
    let hook = repo.path().join(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    write_script(hook.as_ref(), "#!/bin/sh\ngit ls-files -- '*.go' | wc -l > ../seen\n");
    repo.released("tag --all --version v1.2.0 --update-requires", &["a/v1.2.0", "b/v1.2.0"]);
    assert_eq!(fs::read_to_string(repo.base().join("seen")).unwrap().trim(), "3");
    // A tag is no branch, and the inside of .git is no work tree.
    repo.tag("main-tag");
    repo.refused("tag --all --version v1.3.0 --branch main-tag", &["commit-not-on-branch"]);
    let mut command = repo.command(["list"]);
    command.current_dir(repo.path().join(".git"));
    assert!(run(command).stderr.contains("[no-repository]"));
}

#[test]
fn attributes_of_the_user_change_no_sum() {
    let Some(repo) = with("attributes", &["a"]) else { return };
    repo.module("b", "ROOT/b", "\nrequire ROOT/a v0.0.0\n").commit("b");
    fs::create_dir_all(repo.home().join(".config/git")).unwrap();
    fs::write(repo.home().join(".config/git/attributes"), "*.go text eol=crlf\n").unwrap();
    repo.released("tag --all --version v0.1.0 --update-requires", &["a/v0.1.0", "b/v0.1.0"]);
    for go in gos() {
        let outside = Outside::new(&repo, &go);
        let module = format!("{}/a@v0.1.0", repo.root);
        let found = outside.does(&["mod", "download", "-json", &module]);
        let found: Value = serde_json::from_str(&found).unwrap();
        assert!(repo.read("b/go.sum").contains(found["Sum"].as_str().unwrap()), "{found}");
    }
}

#[test]
fn hints_work_where_they_are_pasted() {
    let Some(repo) = with("hints", &["sub"]) else { return };
    repo.module("", "ROOT", "\nrequire ROOT/sub v0.0.0\n").commit("root");
    let mut command = repo.command(["plan", "--all", "--version", "v0.1.0"]);
    command.current_dir(repo.path().join("sub"));
    let ran = run(command);
    let hint = ran.stderr.split("or go mod edit ").nth(1).unwrap().lines().next().unwrap();
    assert!(hint.ends_with(" ../go.mod"), "{}", ran.stderr);
    // What is offered can be taken as it is.
    repo.git(&["checkout", "-q", "."]);
    repo.module("", "ROOT", "\nrequire ROOT/sub v0.1.0\n").commit("root");
    repo.tag("v0.1.0").tag("sub/v0.1.0").file("sub/g.go", "package p\n").commit("more");
    let ran = repo.ends(0, "plan --changed --bump patch");
    let options =
        ran.stdout.split("with what requires it: ").nth(1).unwrap().lines().next().unwrap();
    repo.released(&format!("tag {options} --bump patch"), &["v0.1.1", "sub/v0.1.1"]);
}

#[test]
fn a_path_with_a_percent_sign_and_tags_of_another_branch() {
    let Some(repo) = with("percent", &["a"]) else { return };
    if gos().is_empty() {
        return;
    }
    repo.tag("a/v0.1.0");
    let odd = repo.base().join("p%41 q");
    fs::rename(repo.path(), &odd).unwrap();
    let mut command = repo.command(["verify"]);
    command.current_dir(&odd);
    let ran = run(command);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    fs::rename(&odd, repo.path()).unwrap();
    // A version of a module that this branch has under another path.
    repo.module("a", "ROOT/a/v2", "").commit("v2");
    repo.ends(0, "verify --tag a/v0.1.0");
    let not_here = repo.ends(2, "verify");
    assert!(not_here.stderr.contains("[no-modules]"), "{}", not_here.stderr);
}

#[test]
fn parts_of_a_history() {
    let Some(repo) = with("shallow", &["a"]) else { return };
    repo.tag("a/v0.1.0").commit("more");
    let url = format!("file://{}", repo.path().display());
    let clone = repo.base().join("clone");
    repo.git(&["clone", "-q", "--depth", "1", "--no-tags", &url, clone.to_str().unwrap()]);
    for (args, code) in [("status", 2), ("list", 0)] {
        let mut command = repo.command([args]);
        command.current_dir(&clone);
        let ran = run(command);
        assert_eq!(ran.code, Some(code), "{args}");
        assert!(ran.stderr.contains("[shallow]"), "{args}: {}", ran.stderr);
    }
    // A clone that fetches files when they are read has no sizes, and sums only if they are here.
    let partial = repo.base().join("partial");
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    let clone = ["clone", "-q", "--filter=blob:none", &url, partial.to_str().unwrap()];
    repo.git(&clone);
    let mut command = repo.command(["plan", "--bump", "minor", "--json"]);
    command.current_dir(&partial);
    let ran = run(command);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    // A bare one is as good, but for commits.
    let bare = repo.base().join("bare.git");
    repo.git(&["clone", "-q", "--bare", &url, bare.to_str().unwrap()]);
    for (args, code) in [("tag --bump minor --yes", 0), ("plan --bump patch", 0)] {
        let mut command = repo.command(args.split(' '));
        command.current_dir(&bare);
        assert_eq!(run(command).code, Some(code), "{args}");
    }
    let mut update = Command::new(crate::support::DEVKIT);
    update.args(["gomod-tag", "tag", "--bump", "minor", "--update-requires", "--yes"]);
    let ran = run({
        update.current_dir(&bare).env("HOME", repo.home());
        update
    });
    assert!(ran.stderr.contains("bare repository"), "{}", ran.stderr);
}

#[test]
fn what_is_only_warned_of() {
    let Some(repo) = with("warned", &["a"]) else { return };
    let more =
        "\nrequire example.com/x v1.0.0\n\nreplace example.com/x => github.com/fork/x v1.0.0\n";
    repo.module("b", "ROOT/b", more).file("a/LICENSE.txt", "x").commit("b");
    let plan = repo.json(0, "plan --all --version v0.1.0");
    let warnings = plan["warnings"].as_array().unwrap();
    let codes: Vec<&str> = warnings.iter().map(|it| it["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["replace-ignored", "no-license"], "{plan}");
    let lines = (&warnings[0]["line"], &warnings[0]["directory"], &warnings[1]["directory"]);
    assert_eq!(lines, (&7.into(), &"b".into(), &"b".into()), "{plan}");
    // A license of the repository is everybody's.
    repo.file("LICENSE", "x").commit("license");
    let plan = repo.json(0, "plan --all --version v0.1.0");
    assert_eq!(plan["warnings"].as_array().unwrap().len(), 1, "{plan}");
    // What all modules lack is told by the list, once, and by a plan only if it is asked for more.
    let Some(repo) = with("many", &["a", "b", "c", "d", "e", "f", "g"]) else { return };
    assert_eq!(repo.ends(0, "plan --all --version v0.1.0").stderr, "");
    let ran = repo.ends(0, "plan --all --version v0.1.0 -v");
    assert_eq!(ran.stderr.matches("[no-license]").count(), 7, "{}", ran.stderr);
    let list = repo.ends(0, "list").stdout;
    assert_eq!(list.matches("note: there is no LICENSE file").count(), 1, "{list}");
    let ran = repo.ends(2, "plan --all --version v2.0.0");
    assert_eq!(ran.stderr.matches("[major-mismatch]").count(), 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("4 more like these, in 4 modules"), "{}", ran.stderr);
    let ran = repo.ends(2, "plan --all --version v2.0.0 -v");
    assert_eq!(ran.stderr.matches("[major-mismatch]").count(), 7, "{}", ran.stderr);
}

#[test]
fn what_is_withdrawn_on_another_branch_is_not() {
    let Some(repo) = with("hotfix", &[""]) else { return };
    repo.tag("v1.0.0").git(&["branch", "hot"]);
    repo.file("g.go", "package p\n").commit("two").tag("v1.1.0").git(&["switch", "-q", "hot"]);
    repo.module("", "ROOT", "\nretract v1.0.0\n").commit("fix: w");
    let ran = repo.refused("tag --bump patch", &["bad-version"]);
    assert!(ran.stderr.contains("not in the history"), "{}", ran.stderr);
    // A pre-release elsewhere is no highest release.
    repo.git(&["tag", "-d", "v1.1.0"]);
    repo.git(&["tag", "--no-sign", "v1.1.0-rc.1", "main"]);
    repo.released("tag --bump patch", &["v1.0.1"]);
    for go in gos() {
        let listed = Outside::new(&repo, &go).versions(&repo.root);
        assert_eq!(listed, ["v1.0.1", "v1.1.0-rc.1"], "{}", go.name);
    }
    // And a pre-release withdraws nothing.
    let Some(repo) = with("pre-withdraws", &[""]) else { return };
    repo.tag("v1.0.0").tag("v1.1.0").module("", "ROOT", "\nretract v1.0.0\n").commit("r");
    let ran = repo.released("tag --bump prerelease", &["v1.1.1-rc.1"]);
    assert!(ran.stderr.contains("withdraws nothing"), "{}", ran.stderr);
}

#[test]
fn locksteps_that_only_look_begun_or_are_on_an_older_line() {
    let Some(repo) = with("chance", &["a", "b"]) else { return };
    repo.tag("b/v1.0.0").tag("a/v0.9.0");
    repo.file("a/g.go", "package p\n").file("b/g.go", "package p\n").commit("two").tag("a/v1.0.0");
    repo.released("tag --all --bump minor --lockstep", &["a/v1.1.0", "b/v1.1.0"]);
    let Some(repo) = with("older", &["a", "b"]) else { return };
    repo.tag("a/v1.2.0").tag("b/v1.2.0").git(&["branch", "rel"]);
    repo.file("a/g.go", "package p\n").commit("two").tag("a/v1.3.0").tag("b/v1.3.0");
    repo.git(&["switch", "-q", "rel"]);
    repo.file("a/f.go", "package p\n\nfunc F() int { return 2 }\n").commit("feat: x");
    repo.refused("tag --bump minor --lockstep", &["bad-version"]);
    repo.released("tag --bump patch --lockstep", &["a/v1.2.1", "b/v1.2.1"]);
    // One version for all, also where what is tagged has to change.
    let Some(repo) = with("all", &["a"]) else { return };
    repo.module("b", "ROOT/b", "\nrequire ROOT/a v0.1.0\n").commit("b").tag("a/v0.1.0");
    repo.file("a/g.go", "package p\n").commit("g").tag("a/v0.2.0").tag("b/v0.2.0");
    repo.released("tag --bump minor --lockstep --update-requires", &["a/v0.3.0", "b/v0.3.0"]);
}

#[test]
fn a_second_run_does_no_more_than_the_first() {
    // A candidate on this commit does not become a release by being pushed again.
    let Some(repo) = with("candidate", &[""]) else { return };
    let remote = bare(&repo, "remote.git");
    repo.git(&["remote", "add", "origin", &remote]);
    repo.tag("v1.0.0-rc.1").git(&["push", "-q", "origin", "main", "v1.0.0-rc.1"]);
    for args in
        ["tag --changed --bump auto --push", "tag --bump auto", "tag --bump auto --lockstep"]
    {
        repo.released(args, &[]);
    }
    // What is out is not changed any more.
    let Some(repo) = with("out", &["a"]) else { return };
    repo.module("b", "ROOT/b", "\nrequire ROOT/a v0.1.0\n").commit("b");
    repo.released("tag --all --version v0.1.0", &["a/v0.1.0", "b/v0.1.0"]);
    for _ in 0..2 {
        repo.released("tag --all --version v0.1.0 --update-requires", &[]);
        assert_eq!(repo.git(&["log", "-1", "--format=%s"]), "b\n");
    }
    // A commit that a hook has given a trailer is the same commit, and it is asked for.
    let Some(repo) = with("trailer", &["a"]) else { return };
    let remote = bare(&repo, "remote.git");
    repo.git(&["remote", "add", "origin", &remote]);
    repo.module("b", "ROOT/b", "\nrequire ROOT/a v0.0.0\n").commit("b");
    repo.git(&["push", "-q", "-u", "origin", "main"]);
    let hook = repo.path().join(".git/hooks/commit-msg");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    write_script(hook.as_ref(), "#!/bin/sh\nprintf '\\nChange-Id: 1\\n' >> $1\n");
    repo.released("tag --all --version v0.1.0 --update-requires", &["a/v0.1.0", "b/v0.1.0"]);
    repo.git(&["push", "-q", "origin", "--tags"]);
    let again = "tag --all --version v0.1.0 --update-requires --push";
    let ran = repo.ends(2, again);
    assert!(ran.stderr.contains("[not-confirmed]"), "{}", ran.stderr);
    repo.released(again, &[]);
    let head = repo.git(&["rev-parse", "HEAD"]);
    assert!(repo.git(&["ls-remote", "origin", "refs/heads/main"]).starts_with(head.trim()));
}

#[test]
fn a_branch_and_a_tag_of_one_name() {
    let Some(repo) = with("same-name", &["a"]) else { return };
    let remote = bare(&repo, "remote.git");
    repo.git(&["remote", "add", "origin", &remote]);
    repo.module("b", "ROOT/b", "\nrequire ROOT/a v0.0.0\n").commit("b");
    repo.git(&["branch", "-m", "v1"]);
    repo.tag("v1").git(&["push", "-q", "-u", "origin", "refs/heads/v1"]);
    let ran = repo
        .released("tag --all --version v0.1.0 --update-requires --push", &["a/v0.1.0", "b/v0.1.0"]);
    assert!(ran.stdout.contains("(v1, same as origin/v1)"), "{}", ran.stdout);
    assert!(ran.stdout.contains("files of the commit: b/go.mod, b/go.sum"), "{}", ran.stdout);
}

#[test]
fn repositories_with_a_stranger_and_with_an_older_life() {
    // One module of theirs beside one of ours: what lies in the root folder tells.
    let Some(repo) = with("stranger", &[""]) else { return };
    repo.module("docs", "github.com/other/docs", "").commit("docs").tag("v1.0.0");
    repo.file("g.go", "package p\n").commit("more");
    repo.released("tag --bump patch", &["v1.0.1"]);
    // Versions from before there was a go.mod are versions, at the root.
    let Some(repo) = Repo::new("older-life") else { return };
    repo.file("f.go", "package p\n\nfunc F() int { return 1 }\n").commit("one").tag("v1.4.2");
    repo.module("", "ROOT", "").commit("go.mod");
    repo.released("tag --bump patch", &["v1.4.3"]);
    for go in gos() {
        let outside = Outside::new(&repo, &go);
        assert_eq!(outside.versions(&repo.root), ["v1.4.2", "v1.4.3"], "{}", go.name);
        outside.uses(&repo.root, "v1.4.3").unwrap();
    }
}

#[test]
fn sums_of_go_mod_alone_are_compared_too() {
    let Some(repo) = with("go-mod-sum", &["a"]) else { return };
    let sum = format!("ROOT/a v0.1.0/go.mod h1:{}=\n", "A".repeat(43));
    repo.module("b", "ROOT/b", "\nrequire ROOT/a v0.1.0\n").file("b/go.sum", &sum).commit("b");
    repo.refused("v0.1.0", &["require-behind"]);
    repo.released("v0.1.0 --update-requires", &["a/v0.1.0", "b/v0.1.0"]);
    assert!(!repo.read("b/go.sum").contains("AAAA"));
    // In a circle no sum can be right.
    let Some(repo) = Repo::new("circle-sum") else { return };
    repo.module("a", "ROOT/a", "\nrequire ROOT/b v0.1.0\n");
    repo.module("b", "ROOT/b", "\nrequire ROOT/a v0.1.0\n");
    repo.file("a/go.sum", &format!("ROOT/b v0.1.0 h1:{}=\n", "A".repeat(43))).commit("circle");
    repo.refused("v0.1.0 --update-requires", &["require-behind"]);
}
