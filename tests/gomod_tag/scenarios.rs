//! Repositories of many shapes: what devkit tags, real Gos can use, and what it refuses to tag,
//! they cannot.

use super::world::{Outside, Repo, gos};

/// A go that can be asked, old and new. Ends the test, as skipped, if there is none.
macro_rules! repo {
    ($name:expr) => {
        match Repo::new($name) {
            Some(repo) => repo,
            None => return,
        }
    };
}

/// `verify` and both Gos agree that versions are there and can be used.
#[track_caller]
fn holds(repo: &Repo, versions: &[(&str, &str)]) {
    let gos = gos();
    if gos.is_empty() {
        return;
    }
    repo.ends(0, "verify");
    for go in gos {
        let outside = Outside::new(repo, &go);
        for (dir, version) in versions {
            let module = path(repo, dir);
            let listed = outside.versions(&module);
            assert!(listed.iter().any(|it| it == version), "{}: {module}: {listed:?}", go.name);
            if let Err(says) = outside.uses(&module, version) {
                panic!("{} {module}@{version}: {says}", go.name);
            }
        }
    }
}

/// The tag that devkit would not make, made by hand: no Go can use the version.
#[track_caller]
fn fails(repo: &Repo, tags: &[&str], dir: &str, version: &str) {
    for tag in tags {
        repo.tag(tag);
    }
    for go in gos() {
        let outside = Outside::new(repo, &go);
        let module = path(repo, dir);
        let outcome = outside.uses(&module, version);
        assert!(outcome.is_err(), "{} can use {module}@{version}", go.name);
    }
}

fn path(repo: &Repo, dir: &str) -> String {
    match dir {
        "" => repo.root.clone(),
        dir if dir.contains('.') && dir.split('/').next().unwrap().contains('.') => dir.to_owned(),
        dir => format!("{}/{dir}", repo.root),
    }
}

/// The repository of the article: two modules beside each other.
fn article(name: &str) -> Option<Repo> {
    let repo = Repo::new(name)?;
    repo.module("a", "ROOT/a", "").module("b", "ROOT/b", "").commit("two modules");
    Some(repo)
}

#[test]
fn the_article_lockstep_then_one_alone() {
    let Some(repo) = article("article") else { return };
    repo.released("tag --all --version v0.0.2", &["a/v0.0.2", "b/v0.0.2"]);
    holds(&repo, &[("a", "v0.0.2"), ("b", "v0.0.2")]);
    repo.file("b/g.go", "package p\n\nfunc G() int { return 2 }\n").commit("more");
    repo.ends(1, "status");
    repo.released("tag --changed --bump patch", &["b/v0.0.3"]);
    repo.ends(0, "status");
    holds(&repo, &[("b", "v0.0.3"), ("a", "v0.0.2")]);
}

#[test]
fn the_short_form() {
    let Some(repo) = article("short") else { return };
    repo.released("v0.1.0", &["a/v0.1.0", "b/v0.1.0"]);
    holds(&repo, &[("a", "v0.1.0"), ("b", "v0.1.0")]);
}

#[test]
fn a_root_module_and_ones_below_it() {
    let repo = repo!("nested");
    repo.module("", "ROOT", "").module("x", "ROOT/x", "").module("x/y/z", "ROOT/x/y/z", "");
    repo.commit("three");
    repo.released("v1.0.0", &["v1.0.0", "x/v1.0.0", "x/y/z/v1.0.0"]);
    holds(&repo, &[("", "v1.0.0"), ("x", "v1.0.0"), ("x/y/z", "v1.0.0")]);
    // A change below is none above.
    repo.file("x/y/z/f.go", "package p\n\nfunc F() int { return 3 }\n").commit("below");
    repo.released("tag --changed --bump minor", &["x/y/z/v1.1.0"]);
    holds(&repo, &[("x/y/z", "v1.1.0")]);
}

#[test]
fn major_versions_in_folders_and_in_place() {
    let repo = repo!("majors");
    repo.module("lib", "ROOT/lib", "").module("lib/v2", "ROOT/lib/v2", "");
    repo.module("in", "ROOT/in/v3", "").module("drv/v2/otel", "ROOT/drv/v2/otel", "");
    repo.commit("majors");
    repo.released(
        "plan --bump minor".replace("plan", "tag").as_str(),
        &["lib/v0.1.0", "lib/v2.0.0", "in/v3.0.0", "drv/v2/otel/v0.1.0"],
    );
    holds(
        &repo,
        &[("lib", "v0.1.0"), ("lib/v2", "v2.0.0"), ("in/v3", "v3.0.0"), ("drv/v2/otel", "v0.1.0")],
    );
    repo.file("lib/v2/g.go", "package p\n").commit("two");
    repo.released("tag --changed --bump patch", &["lib/v2.0.1"]);
    holds(&repo, &[("lib/v2", "v2.0.1")]);
}

#[test]
fn a_root_with_a_major_version() {
    let repo = repo!("rootv2");
    repo.module("", "ROOT/v2", "").commit("v2");
    repo.released("v2.3.4", &["v2.3.4"]);
    holds(&repo, &[("v2", "v2.3.4")]);
    let repo = repo!("rootv2dir");
    repo.module("", "ROOT", "").module("v2", "ROOT/v2", "").commit("both");
    repo.released("tag --set .=v1.5.0 --set v2=v2.0.0", &["v1.5.0", "v2.0.0"]);
    holds(&repo, &[("", "v1.5.0"), ("v2", "v2.0.0")]);
}

#[test]
fn prereleases_and_their_release() {
    let repo = repo!("pre");
    repo.module("a", "ROOT/a", "").commit("a").tag("a/v1.0.0");
    repo.file("a/g.go", "package p\n").commit("more");
    repo.released("tag --changed --bump prerelease", &["a/v1.0.1-rc.1"]);
    holds(&repo, &[("a", "v1.0.1-rc.1")]);
    // The same commit becomes the release.
    repo.released("tag --bump release", &["a/v1.0.1"]);
    holds(&repo, &[("a", "v1.0.1"), ("a", "v1.0.1-rc.1")]);
    let ran = repo.ends(0, "tag --bump release --yes");
    assert!(
        ran.stdout.contains("v1.0.1 is a release already")
            || ran.stdout.contains("was there already"),
        "{}",
        ran.stdout
    );
}

#[test]
fn odd_tags_are_no_versions_and_numbers_have_any_length() {
    let repo = repo!("odd");
    repo.module("a", "ROOT/a", "").commit("a");
    for tag in ["a/v1", "a/v9.9", "a/1.5.0", "a/v1.2.3+meta", "a/v0.2.1.1", "a/v01.0.0", "av7.0.0"]
    {
        repo.tag(tag);
    }
    repo.tag("a/v0.99999999999999999999.9");
    repo.file("a/g.go", "package p\n").commit("more");
    repo.released("tag --bump patch", &["a/v0.99999999999999999999.10"]);
    holds(&repo, &[("a", "v0.99999999999999999999.10")]);
    let listed = repo.json(0, "list");
    assert_eq!(listed["modules"][0]["versions"], 2, "{listed}");
    assert_eq!(listed["modules"][0]["ignored_tags"].as_array().unwrap().len(), 6, "{listed}");
}

#[test]
fn retracted_versions_are_stepped_over() {
    let repo = repo!("retract");
    repo.module("", "ROOT", "").commit("one").tag("v1.0.0").tag("v1.9.0").tag("v1.0.1");
    repo.module("", "ROOT", "\n// by accident\nretract [v1.1.0, v1.9.9]\n").commit("retract");
    // What is withdrawn is not the base, and no name is used twice.
    let plan = repo.json(0, "plan --bump minor");
    assert_eq!(plan["tags"][0]["current"], "v1.0.1", "{plan}");
    assert_eq!(plan["tags"][0]["next"], "v1.10.0", "{plan}");
    repo.released("tag --bump minor", &["v1.10.0"]);
    for go in gos() {
        let outside = Outside::new(&repo, &go);
        assert_eq!(outside.versions(&repo.root), ["v1.0.0", "v1.0.1", "v1.10.0"], "{}", go.name);
    }
    holds(&repo, &[("", "v1.10.0")]);
}

#[test]
fn an_older_line_goes_on() {
    let repo = repo!("backport");
    repo.module("a", "ROOT/a", "").commit("a").tag("a/v1.0.0");
    repo.git(&["branch", "release-1.0"]);
    repo.file("a/g.go", "package p\n").commit("more").tag("a/v1.1.0");
    repo.git(&["switch", "-q", "release-1.0"]);
    repo.file("a/fix.go", "package p\n").commit("fix");
    repo.released("v1.0.1", &["a/v1.0.1"]);
    holds(&repo, &[("a", "v1.0.1")]);
    repo.refused("v0.9.0", &["bad-version"]);
}

#[test]
fn names_of_files_and_what_is_in_no_zip() {
    let repo = repo!("files");
    repo.module("a b", "ROOT/a", "").module("m", "ROOT/m", "");
    repo.file("m/Größe 大.txt", "x")
        .file("m/two words.txt", "x")
        .file("m/vendor/v/v.go", "package v\n");
    repo.file("m/testdata/t/go.mod", "module ROOT/m/testdata/t\n")
        .file("m/_x/go.mod", "module _\n");
    repo.file("LICENSE", "text\n")
        .file(".gitattributes", "*.txt export-ignore\nf.go export-subst\n");
    std::os::unix::fs::symlink("f.go", repo.path().join("m/link.go")).unwrap();
    repo.commit("files");
    repo.released("tag --module m --version v1.0.0", &["m/v1.0.0"]);
    holds(&repo, &[("m", "v1.0.0")]);
    // A folder with a blank is no part of a path.
    repo.refused("tag --module a? --version v1.0.0", &["no-modules"]);
    repo.refused("tag --all --version v1.1.0", &["path-mismatch"]);
}

#[test]
fn hidden_modules_only_by_name() {
    let repo = repo!("hidden");
    repo.module("a", "ROOT/a", "").module("testdata/t", "ROOT/testdata/t", "");
    repo.module("_tools", "ROOT/_tools", "").module("x/.y", "ROOT/x/y", "").commit("hidden");
    repo.released("v0.1.0", &["a/v0.1.0"]);
    repo.released("tag --module testdata/t --version v0.1.0", &["testdata/t/v0.1.0"]);
    holds(&repo, &[("testdata/t", "v0.1.0")]);
}

#[test]
fn new_modules_are_named_once() {
    let Some(repo) = article("new") else { return };
    repo.released("v0.1.0", &["a/v0.1.0", "b/v0.1.0"]);
    repo.module("c", "ROOT/c", "").module("examples/d", "ROOT/examples/d", "").commit("more");
    repo.released("tag --changed --bump patch", &[]);
    repo.released("tag --include-new --changed --exclude examples/** --bump patch", &["c/v0.1.0"]);
    holds(&repo, &[("c", "v0.1.0")]);
}

#[test]
fn vanity_paths_and_gopkg_in() {
    let Some(repo) = Repo::at("go.devkit.test/kit") else { return };
    repo.module("", "ROOT", "")
        .module("sub", "ROOT/sub", "\nrequire ROOT v0.1.0\n")
        .commit("vanity");
    repo.released("v0.1.0", &["v0.1.0", "sub/v0.1.0"]);
    if !gos().is_empty() {
        let verified = repo.json(0, "verify");
        assert_eq!(verified["versions"].as_array().unwrap().len(), 2, "{verified}");
        assert!(verified["versions"].as_array().unwrap().iter().all(|it| it["ok"] == true));
    }
    let Some(repo) = Repo::at("gopkg.in/devkit-test/yaml.v3") else { return };
    repo.module("", "ROOT", "").commit("gopkg");
    repo.refused("v2.0.0", &["major-mismatch"]);
    repo.released("v3.0.1", &["v3.0.1"]);
    if !gos().is_empty() {
        repo.ends(0, "verify");
    }
}

#[test]
fn requirements_behind_a_replace_are_brought_up() {
    let repo = repo!("replace");
    repo.module("a", "ROOT/a", "");
    let more = "\nrequire ROOT/a v0.0.0\n\nreplace ROOT/a => ../a\n";
    repo.module("b", "ROOT/b", more);
    repo.file("b/f.go", "package p\n\nimport a \"ROOT/a\"\n\nfunc F() int { return a.F() }\n")
        .commit("two");
    repo.refused("v0.1.0", &["require-unresolvable"]);
    repo.released("tag --all --version v0.1.0 --update-requires", &["a/v0.1.0", "b/v0.1.0"]);
    assert_eq!(
        repo.read("b/go.mod"),
        "module ROOT/b\n\ngo 1.16\n\nrequire ROOT/a v0.1.0\n\nreplace ROOT/a => ../a\n"
            .replace("ROOT", &repo.root)
    );
    assert_eq!(repo.git(&["log", "-1", "--format=%s"]), "Release 2 modules\n");
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    holds(&repo, &[("a", "v0.1.0"), ("b", "v0.1.0")]);
}

#[test]
fn sums_of_versions_that_are_not_there_yet() {
    let repo = repo!("sums");
    repo.module("a", "ROOT/a", "").module("b", "ROOT/b", "").module("c", "ROOT/c", "");
    repo.commit("three").tag("a/v0.1.0").tag("b/v0.1.0");
    let uses = |dir: &str, of: &str| {
        repo.file(
            &format!("{dir}/f.go"),
            &format!("package p\n\nimport x \"ROOT/{of}\"\n\nfunc F() int {{ return x.F() + x.G() }}\nfunc G() int {{ return 1 }}\n"),
        );
    };
    repo.module("b", "ROOT/b", "\nrequire ROOT/a v0.1.0\n");
    repo.module("c", "ROOT/c", "\nrequire (\n\tROOT/a v0.1.0 // indirect\n\tROOT/b v0.1.0\n)\n");
    repo.file("a/g.go", "package p\n\nfunc G() int { return 5 }\n");
    uses("b", "a");
    uses("c", "b");
    repo.file("go.work", "go 1.18\n\nuse (\n\t./a\n\t./b\n\t./c\n)\n")
        .commit("they need each other");
    repo.refused("tag --all --version v0.2.0", &["require-behind"]);
    repo.released(
        "tag --all --version v0.2.0 --update-requires",
        &["a/v0.2.0", "b/v0.2.0", "c/v0.2.0"],
    );
    let sums = repo.read("c/go.sum");
    assert_eq!(sums.lines().count(), 4, "{sums}");
    holds(&repo, &[("a", "v0.2.0"), ("b", "v0.2.0"), ("c", "v0.2.0")]);
    // Each module builds by itself with exactly those sums: nothing is missing, nothing is wrong.
    for go in gos() {
        let outside = Outside::new(&repo, &go);
        for dir in ["a", "b", "c"] {
            let copy = repo.base().join(format!("copy-{}-{dir}", go.name));
            std::fs::create_dir(&copy).unwrap();
            for name in ["go.mod", "go.sum", "f.go", "g.go"] {
                let _ = std::fs::copy(repo.path().join(dir).join(name), copy.join(name));
            }
            let built = outside.run_in(&copy, &["build", "-mod=readonly", "./..."]);
            let says = String::from_utf8_lossy(&built.stderr);
            assert!(built.status.success(), "{} {dir}: {says}", go.name);
        }
    }
}

#[test]
fn modules_that_require_each_other() {
    let repo = repo!("cycle");
    let of = |dir: &str, other: &str| {
        repo.module(dir, &format!("ROOT/{dir}"), &format!("\nrequire ROOT/{other} v0.0.0\n"));
    };
    of("a", "b");
    of("b", "a");
    repo.module("c", "ROOT/c", "\nrequire ROOT/a v0.0.0\n").commit("cycle");
    let ran = repo.released(
        "tag --all --version v0.1.0 --update-requires",
        &["a/v0.1.0", "b/v0.1.0", "c/v0.1.0"],
    );
    assert!(ran.stdout.contains("not in go.sum"), "{}", ran.stdout);
    assert!(!repo.path().join("a/go.sum").exists());
    // What is required by what is required, too.
    assert_eq!(repo.read("c/go.sum").lines().count(), 4);
    holds(&repo, &[("a", "v0.1.0"), ("b", "v0.1.0"), ("c", "v0.1.0")]);
}

#[test]
fn a_pull_request_between_the_commit_and_the_tags() {
    let repo = repo!("phases");
    repo.module("a", "ROOT/a", "").module("b", "ROOT/b", "\nrequire ROOT/a v0.0.0\n").commit("two");
    repo.git(&["switch", "-q", "-c", "release"]);
    let ran = repo.ends(
        0,
        "tag --all --version v0.1.0 --update-requires --commit-only --message Prepare --yes",
    );
    assert!(
        ran.stdout.contains("devkit gomod-tag tag --commit REV --set a=v0.1.0 --set b=v0.1.0"),
        "{}",
        ran.stdout
    );
    assert!(repo.tags().is_empty());
    assert_eq!(repo.git(&["log", "-1", "--format=%s"]), "Prepare\n");
    repo.git(&["switch", "-q", "main"]);
    repo.git(&["merge", "-q", "--no-ff", "-m", "merge", "release"]);
    repo.file("unrelated", "x").commit("later");
    repo.released(
        "tag --commit main~1 --branch main --set a=v0.1.0 --set b=v0.1.0",
        &["a/v0.1.0", "b/v0.1.0"],
    );
    repo.git(&["switch", "-q", "--detach", "main~1"]);
    holds(&repo, &[("a", "v0.1.0"), ("b", "v0.1.0")]);
}

#[test]
fn a_package_carved_out_into_a_module() {
    let repo = repo!("carve");
    repo.module("", "ROOT", "").file("sub/f.go", "package p\n\nfunc F() int { return 1 }\n");
    repo.commit("one").tag("v1.0.0");
    repo.module("sub", "ROOT/sub", "\nrequire ROOT v1.0.0\n").commit("carve");
    repo.refused("tag --module sub --version v0.1.0", &["carve-out"]);
    // The version by hand: whoever imports the package gets it from two modules.
    repo.tag("sub/v0.1.0");
    for go in gos() {
        let outside = Outside::new(&repo, &go);
        let says = outside.uses(&path(&repo, "sub"), "v0.1.0").unwrap_err();
        assert!(says.contains("ambiguous import"), "{}: {says}", go.name);
    }
    repo.git(&["tag", "-d", "sub/v0.1.0"]);
    // The root loses the files, and so has changed.
    let plan = repo.json(0, "plan --changed --bump minor");
    assert_eq!(plan["tags"][0]["tag"], "v1.1.0", "{plan}");
    repo.released(
        "tag --module . --module sub --bump minor --update-requires",
        &["v1.1.0", "sub/v0.1.0"],
    );
    for go in gos() {
        Outside::new(&repo, &go).uses(&path(&repo, "sub"), "v0.1.0").unwrap();
    }
    repo.ends(0, "verify");
}

#[test]
fn programs_and_what_keeps_them_from_being_installed() {
    let repo = repo!("install");
    repo.module("a", "ROOT/a", "").module("good", "ROOT/good", "");
    repo.module("bad", "ROOT/bad", "\nrequire ROOT/a v0.1.0\n\nreplace ROOT/a => ../a\n");
    for dir in ["good", "bad"] {
        repo.file(&format!("{dir}/cmd/x/main.go"), "package main\n\nfunc main() {}\n");
        repo.file(
            &format!("{dir}/gen.go"),
            "//go:build ignore\n\npackage main\n\nfunc main() {}\n",
        );
    }
    repo.commit("programs");
    let ran = repo.released("v0.1.0", &["a/v0.1.0", "good/v0.1.0", "bad/v0.1.0"]);
    let warnings: Vec<&str> =
        ran.stderr.lines().filter(|line| line.contains("[replace-blocks-install]")).collect();
    assert_eq!(warnings.len(), 1, "{}", ran.stderr);
    assert!(warnings[0].contains("bad/cmd/x@v0.1.0"), "{}", warnings[0]);
    for go in gos() {
        let outside = Outside::new(&repo, &go);
        outside.does(&["install", &format!("{}/cmd/x@v0.1.0", path(&repo, "good"))]);
        let (well, says) =
            outside.says(&["install", &format!("{}/cmd/x@v0.1.0", path(&repo, "bad"))]);
        assert!(!well && says.contains("replace directives"), "{}: {says}", go.name);
    }
    holds(&repo, &[("a", "v0.1.0"), ("good", "v0.1.0"), ("bad", "v0.1.0")]);
}

#[test]
fn lockstep_and_conventional_commits() {
    let Some(repo) = article("auto") else { return };
    repo.released("v0.1.0", &["a/v0.1.0", "b/v0.1.0"]);
    repo.file("a/g.go", "package p\n").commit("feat(a): more\n\nBREAKING CHANGE: all of it");
    repo.file("b/g.go", "package p\n")
        .commit("fix: less")
        .file("b/h.go", "package p\n")
        .commit("hm");
    let plan = repo.json(0, "plan --bump auto");
    let next: Vec<&str> =
        plan["tags"].as_array().unwrap().iter().map(|it| it["next"].as_str().unwrap()).collect();
    assert_eq!(next, ["v0.2.0", "v0.1.1"], "{plan}");
    assert!(plan["uncounted"][0]["commits"][0].as_str().unwrap().ends_with(" hm"), "{plan}");
    repo.released("tag --bump auto --lockstep", &["a/v0.2.0", "b/v0.2.0"]);
    repo.file("a/i.go", "package p\n").commit("docs: x");
    let ran = repo.released("tag --changed --bump auto", &[]);
    assert!(ran.stdout.contains("nothing to release"), "{}", ran.stdout);
    repo.file("b/i.go", "package p\n").commit("fix!: y").tag("b/v1.0.0");
    repo.file("b/j.go", "package p\n").commit("fix!: z");
    // From v1 on, what breaks needs a new path.
    repo.refused("tag --module b --bump auto", &["major-mismatch"]);
    repo.released("tag --module a --module b --bump patch --lockstep", &["a/v1.0.1", "b/v1.0.1"]);
    holds(&repo, &[("a", "v1.0.1"), ("b", "v1.0.1")]);
}

#[test]
fn a_path_that_has_changed() {
    let repo = repo!("renamed");
    repo.module("a", "github.com/devkit-test/before/a", "").commit("before").tag("a/v0.5.0");
    repo.module("a", "ROOT/a", "").module("b", "ROOT/b", "").commit("after");
    let listed = repo.json(0, "list");
    assert_eq!(listed["modules"][0]["versions"], 0, "{listed}");
    // The name is gone for good all the same.
    repo.refused("tag --all --version v0.5.0", &["tag-exists"]);
    repo.released("tag --all --version v0.6.0", &["a/v0.6.0", "b/v0.6.0"]);
    holds(&repo, &[("a", "v0.6.0")]);
}

#[test]
fn upper_case_packed_references_and_work_trees() {
    let repo = repo!("Upper-Case");
    repo.module("Mod", "ROOT/Mod", "").commit("one").tag("Mod/v1.0.0");
    repo.git(&["pack-refs", "--all"]);
    repo.file("Mod/g.go", "package p\n").commit("two");
    repo.released("tag --bump minor --annotate", &["Mod/v1.1.0"]);
    assert_eq!(repo.git(&["cat-file", "-t", "Mod/v1.1.0"]), "tag\n");
    let text = repo.git(&["cat-file", "tag", "Mod/v1.1.0"]);
    assert!(text.ends_with("\n\ngithub.com/devkit-test/Upper-Case/Mod v1.1.0\n"), "{text}");
    holds(&repo, &[("Mod", "v1.1.0")]);
    repo.git(&["worktree", "add", "-q", "../tree", "-b", "other"]);
    std::fs::write(repo.base().join("tree/Mod/h.go"), "package p\n").unwrap();
    let mut git = repo.git_command(&["commit", "-qam", "three"]);
    git.current_dir(repo.base().join("tree"));
    let mut add = repo.git_command(&["add", "-A"]);
    assert!(add.current_dir(repo.base().join("tree")).output().unwrap().status.success());
    assert!(git.output().unwrap().status.success());
    let mut devkit = repo.command(["tag", "--bump", "patch", "--yes"]);
    devkit.current_dir(repo.base().join("tree/Mod"));
    let ran = crate::support::run(devkit);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(repo.tags().contains(&"Mod/v1.1.1".to_owned()));
}

#[test]
fn another_object_format_and_submodules() {
    let Some(repo) = Repo::made("github.com/devkit-test/sha256", &["--object-format=sha256"])
    else {
        return;
    };
    repo.module("a", "ROOT/a", "").module("b", "ROOT/b", "\nrequire ROOT/a v0.0.0\n").commit("two");
    repo.released("tag --all --version v0.1.0 --update-requires", &["a/v0.1.0", "b/v0.1.0"]);
    assert_eq!(repo.read("b/go.sum").lines().count(), 2);
    let repo = repo!("submodule");
    let Some(other) = article("other") else { return };
    repo.module("", "ROOT", "");
    repo.git(&["submodule", "--quiet", "add", other.path().to_str().unwrap(), "dep"]);
    repo.commit("with a submodule");
    repo.released("v1.0.0", &["v1.0.0"]);
    holds(&repo, &[("", "v1.0.0")]);
}

#[test]
fn refused_majors() {
    let repo = repo!("no-suffix");
    repo.module("a", "ROOT/a", "").commit("a");
    repo.refused("v2.0.0", &["major-mismatch"]);
    fails(&repo, &["a/v2.0.0"], "a", "v2.0.0");
    let repo = repo!("suffix");
    repo.module("a", "ROOT/a/v2", "").commit("a");
    repo.refused("v1.0.0", &["major-mismatch"]);
    fails(&repo, &["a/v1.0.0"], "a/v2", "v1.0.0");
    let repo = repo!("suffix3");
    repo.module("a", "ROOT/a/v2", "").commit("a");
    repo.refused("v3.0.0", &["major-mismatch"]);
    fails(&repo, &["a/v3.0.0"], "a/v2", "v3.0.0");
}

#[test]
fn refused_places() {
    let repo = repo!("elsewhere");
    repo.module("a", "ROOT/a", "").module("c", "ROOT/c", "").module("x", "ROOT/y", "").commit("x");
    repo.refused("tag --all --version v0.1.0", &["path-mismatch"]);
    fails(&repo, &["x/v0.1.0"], "y", "v0.1.0");
    let repo = repo!("foreign");
    repo.module("a", "ROOT/a", "").module("c", "ROOT/c", "");
    repo.module("x", "github.com/devkit-test/elsewhere/x", "").commit("x");
    repo.refused("v0.1.0", &["path-mismatch"]);
    fails(&repo, &["x/v0.1.0"], "x", "v0.1.0");
    repo.released("tag --exclude x --version v0.1.0", &["a/v0.1.0", "c/v0.1.0"]);
    // A folder named for the major version, with the tag of the folder.
    let repo = repo!("dead");
    repo.module("lib/v2", "ROOT/lib/v2", "").commit("lib");
    repo.tag("lib/v2/v2.0.0");
    for go in gos() {
        assert!(Outside::new(&repo, &go).uses(&path(&repo, "lib/v2"), "v2.0.0").is_err());
    }
    repo.released("v2.0.0", &["lib/v2.0.0"]);
    holds(&repo, &[("lib/v2", "v2.0.0")]);
}

#[test]
fn refused_paths() {
    for (name, module) in [
        ("nodot", "nodot/a"),
        ("blank", "_"),
        ("v1", "ROOT/a/v1"),
        ("reserved", "ROOT/con"),
        ("dotted", "ROOT/.a"),
    ] {
        let repo = repo!(&format!("path-{name}"));
        repo.module("a", module, "")
            .module("b", "ROOT/b", "")
            .module("c", "ROOT/c", "")
            .commit("x");
        repo.refused("v0.1.0", &["bad-module-path"]);
        let module = module.replace("ROOT", &repo.root);
        repo.tag("a/v0.1.0");
        for go in gos() {
            assert!(
                Outside::new(&repo, &go).uses(&module, "v0.1.0").is_err(),
                "{} {module}",
                go.name
            );
        }
        repo.released("tag --module b --module c --version v0.1.0", &["b/v0.1.0", "c/v0.1.0"]);
    }
    let repo = repo!("broken");
    repo.module("a", "ROOT/a", "\nrequire (\n").commit("x");
    repo.refused("v0.1.0", &["bad-module-path"]);
    fails(&repo, &["a/v0.1.0"], "a", "v0.1.0");
}

#[test]
fn refused_versions() {
    let repo = repo!("versions");
    repo.module("a", "ROOT/a", "").commit("a");
    for version in [
        "1.0.0",
        "v1",
        "v1.0",
        "v1.0.0+meta",
        "v01.0.0",
        "v1.0.0-01",
        "v1.0.0.0",
        "v0.0.0-20260102030405-0123456789ab",
        "v1.0.0-",
    ] {
        repo.refused(&format!("tag --version {version}"), &["bad-version"]);
        let tag = format!("a/{version}");
        if repo.git_can(&["tag", "--no-sign", &tag]) {
            for go in gos() {
                let listed = Outside::new(&repo, &go).versions(&path(&repo, "a"));
                assert!(listed.is_empty(), "{} {tag}: {listed:?}", go.name);
            }
            repo.git(&["tag", "-d", &tag]);
        }
    }
}

#[test]
fn refused_twins() {
    let repo = repo!("twins");
    repo.module("lib", "ROOT/lib/v2", "").module("lib/v2", "ROOT/lib/v2", "").commit("twice");
    repo.refused("v2.0.0", &["duplicate-module"]);
    fails(&repo, &["lib/v2.0.0"], "lib/v2", "v2.0.0");
}

#[test]
fn refused_requirements() {
    for (name, require) in [
        ("placeholder", "v0.0.0"),
        ("zero", "v0.0.0-00010101000000-000000000000"),
        ("future", "v0.9.0"),
        ("nowhere", "v0.0.0-20260102030405-0123456789ab"),
    ] {
        let repo = repo!(&format!("require-{name}"));
        repo.module("a", "ROOT/a", "");
        repo.module(
            "b",
            "ROOT/b",
            &format!("\nrequire ROOT/a {require}\n\nreplace ROOT/a => ../a\n"),
        );
        repo.commit("two");
        repo.refused("v0.1.0", &["require-unresolvable"]);
        fails(&repo, &["a/v0.1.0", "b/v0.1.0"], "b", "v0.1.0");
    }
    // A commit of this repository is a version, too.
    let repo = repo!("require-commit");
    repo.module("a", "ROOT/a", "").commit("a");
    let pseudo = repo.git(&[
        "log",
        "-1",
        "--date=format-local:%Y%m%d%H%M%S",
        "--abbrev=12",
        "--format=v0.0.0-%cd-%h",
    ]);
    repo.module("b", "ROOT/b", &format!("\nrequire ROOT/a {pseudo}\n")).commit("b");
    repo.released("tag --module b --version v0.1.0", &["b/v0.1.0"]);
    holds(&repo, &[("b", "v0.1.0")]);
}

#[test]
fn refused_because_a_sibling_is_ahead() {
    let repo = repo!("behind");
    repo.module("a", "ROOT/a", "").commit("a").tag("a/v0.1.0");
    repo.module("b", "ROOT/b", "\nrequire ROOT/a v0.1.0\n\nreplace ROOT/a => ../a\n");
    repo.file("a/new.go", "package p\n\nfunc New() int { return 1 }\n");
    repo.file("b/f.go", "package p\n\nimport a \"ROOT/a\"\n\nfunc F() int { return a.New() }\n");
    repo.commit("b uses what is new");
    repo.refused("tag --module b --version v0.1.0", &["require-behind"]);
    fails(&repo, &["b/v0.1.0"], "b", "v0.1.0");
    repo.git(&["tag", "-d", "b/v0.1.0"]);
    repo.released(
        "tag --module a --module b --bump minor --update-requires",
        &["a/v0.2.0", "b/v0.1.0"],
    );
    holds(&repo, &[("b", "v0.1.0")]);
}

#[test]
fn refused_files() {
    for (name, file) in [
        ("star", "a/x*.txt"),
        ("quote", "a/it's.txt"),
        ("colon", "a/a:b"),
        ("emoji", "a/☃.txt"),
        ("windows", "a/aux.txt"),
        ("dot", "a/dir./f"),
        ("mark", "a/\u{93f}.txt"),
        ("goupper", "a/GO.MOD"),
    ] {
        let repo = repo!(&format!("file-{name}"));
        repo.module("a", "ROOT/a", "").file(file, "x").commit("x");
        repo.refused("v0.1.0", &["zip-invalid"]);
        fails(&repo, &["a/v0.1.0"], "a", "v0.1.0");
    }
    for (name, files) in [
        ("case", ["a/Read.txt", "a/read.txt"]),
        ("folder", ["a/Dir/x", "a/dir/y"]),
        ("kelvin", ["a/k", "a/\u{212a}"]),
    ] {
        let repo = repo!(&format!("case-{name}"));
        repo.module("a", "ROOT/a", "").file(files[0], "x").file(files[1], "x").commit("x");
        repo.refused("v0.1.0", &["zip-invalid"]);
        fails(&repo, &["a/v0.1.0"], "a", "v0.1.0");
    }
    // What is in no zip file may have any name.
    let repo = repo!("file-outside");
    repo.module("a", "ROOT/a", "").module("a/n", "ROOT/a/n", "").file("b'*", "x");
    repo.file("a/n/x*", "x").file("a/vendor/p/it's", "x").commit("x");
    repo.released("tag --module a --version v0.1.0", &["a/v0.1.0"]);
    holds(&repo, &[("a", "v0.1.0")]);
}

#[test]
fn refused_tags() {
    let Some(repo) = article("tags") else { return };
    repo.tag("a/v0.1.0").file("a/g.go", "package p\n").commit("more");
    repo.refused("v0.1.0", &["tag-exists"]);
    assert!(!repo.git_can(&["tag", "--no-sign", "a/v0.1.0"]));
    repo.tag("b");
    let ran = repo.refused("tag --all --version v0.2.0", &["ref-conflict"]);
    assert!(!repo.git_can(&["tag", "--no-sign", "b/v0.2.0"]), "{}", ran.stderr);
    repo.git(&["tag", "-d", "b"]);
    repo.tag("b/v0.2.0/x");
    repo.refused("tag --all --version v0.2.0", &["ref-conflict"]);
    // The same commit: done already.
    repo.git(&["tag", "-d", "b/v0.2.0/x"]);
    repo.released("tag --all --version v0.2.0", &["a/v0.2.0", "b/v0.2.0"]);
    let ran = repo.released("tag --all --version v0.2.0", &[]);
    assert!(ran.stdout.contains("was there already"), "{}", ran.stdout);
    // A tag of something that is no commit.
    repo.git(&["tag", "--no-sign", "a/v0.3.0", "HEAD^{tree}"]);
    repo.refused("tag --module a --version v0.3.0", &["tag-exists"]);
}

#[test]
fn refused_states_of_the_repository() {
    let Some(repo) = article("states") else { return };
    // Not tracked, inside a module: the tag would not have it, and the module does not build.
    repo.file("a/f.go", "package p\n\nfunc F() int { return g() }\n").commit("half");
    repo.file("a/g.go", "package p\n\nfunc g() int { return 1 }\n");
    repo.refused("v0.1.0", &["dirty"]);
    fails(&repo, &["a/v0.1.0"], "a", "v0.1.0");
    repo.git(&["tag", "-d", "a/v0.1.0"]);
    repo.commit("whole").file("README", "x").file("b/ignored.tmp", "x");
    repo.file(".git/info/exclude", "*.tmp\n");
    // Not tracked outside of the modules, or ignored: no matter.
    repo.released("v0.1.0", &["a/v0.1.0", "b/v0.1.0"]);
    repo.file("a/f.go", "package p\n");
    repo.refused("v0.2.0", &["dirty"]);
    repo.released("tag --all --commit HEAD --version v0.2.0", &["a/v0.2.0", "b/v0.2.0"]);
    repo.git(&["reset", "-q", "--hard"]);
    repo.git(&["switch", "-q", "--detach"]);
    repo.file("a/h.go", "package p\n").commit("on no branch");
    repo.refused("v0.3.0", &["commit-not-on-branch"]);
    repo.refused("tag --version v0.3.0 --branch main", &["commit-not-on-branch"]);
    repo.refused("tag --version v0.3.0 --branch nope", &["commit-not-on-branch"]);
    repo.git(&["branch", "side"]);
    repo.released("v0.3.0", &["a/v0.3.0", "b/v0.3.0"]);
    // Only a part of the history.
    let shallow = repo.base().join("shallow");
    let url = format!("file://{}", repo.path().display());
    repo.git(&["clone", "-q", "--depth", "1", "-b", "main", &url, shallow.to_str().unwrap()]);
    let mut devkit = repo.command(["v9.0.0", "--yes"]);
    devkit.current_dir(&shallow);
    let ran = crate::support::run(devkit);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("[shallow]") && ran.stderr.contains("[major-mismatch]"),
        "{}",
        ran.stderr
    );
}

#[test]
fn refused_for_want_of_a_name_a_key_or_a_module() {
    let Some(repo) = article("names") else { return };
    std::fs::write(repo.home().join(".gitconfig"), "[user]\n\tuseConfigOnly = true\n").unwrap();
    repo.refused("tag --all --version v0.1.0 --annotate", &["no-identity"]);
    repo.released("v0.1.0", &["a/v0.1.0", "b/v0.1.0"]);
    let config = "[user]\n\tname = T\n\temail = t@example.com\n[gpg]\n\tprogram = false\n[tag]\n\tgpgSign = true\n";
    std::fs::write(repo.home().join(".gitconfig"), config).unwrap();
    let ran = repo.refused("tag --all --version v0.2.0", &["sign-failed"]);
    assert!(ran.stderr.contains("--no-sign"), "{}", ran.stderr);
    repo.released("tag --all --version v0.2.0 --no-sign", &["a/v0.2.0", "b/v0.2.0"]);
    let repo = repo!("empty");
    repo.file("README", "x").commit("nothing");
    repo.refused("v0.1.0", &["no-modules"]);
    repo.refused("tag --module a --version v0.1.0", &["no-modules"]);
}
