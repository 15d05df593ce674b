//! Sums of `go.sum`, computed before there is a tag: the ones that real Gos compute afterwards.

use std::fmt::Write as _;
use std::os::unix::fs::symlink;

use serde_json::Value;

use super::world::{Outside, Repo, gos};

/// Each module by its folder, and the end of its path.
const MODULES: &[(&str, &str)] = &[
    ("plain", "plain"),
    ("links", "links"),
    ("vendored", "vendored"),
    ("vendored124", "vendored124"),
    ("outer", "outer"),
    ("outer/inner", "outer/inner"),
    ("nonascii", "nonascii"),
    ("crlf", "crlf"),
    ("eol", "eol"),
    ("exported", "exported"),
    ("ident", "ident"),
    ("utf16", "utf16"),
    ("filtered", "filtered"),
    ("licensed", "licensed"),
    ("linked-license", "linked-license"),
    ("executable", "executable"),
    ("empty", "empty"),
    ("long", "long"),
    ("place", "place/v2"),
    ("folder/v3", "folder/v3"),
    ("hg", "hg"),
    ("binary", "binary"),
    ("needy", "needy"),
];

fn fill(repo: &Repo) {
    for (dir, path) in MODULES {
        repo.module(dir, &format!("ROOT/{path}"), "");
    }
    repo.module("vendored124", "ROOT/vendored124", "");
    let text = repo.read("vendored124/go.mod").replace("go 1.16", "go 1.24");
    repo.file("vendored124/go.mod", &text);
    repo.file("LICENSE", "Everything is allowed.\n");
    symlink("f.go", repo.path().join("links/g.go")).unwrap();
    symlink("../plain", repo.path().join("links/folder")).unwrap();
    for dir in ["vendored", "vendored124"] {
        repo.file(&format!("{dir}/vendor/modules.txt"), "x\n");
        repo.file(&format!("{dir}/vendor/example.com/v/v.go"), "package v\n");
        repo.file(&format!("{dir}/pkg/vendor/vendor.go"), "package vendor\n");
        repo.file(&format!("{dir}/pkg/vendor/deep/v.go"), "package deep\n");
        repo.file(&format!("{dir}/p/vendor/v.go"), "package v\n");
    }
    repo.file("outer/testdata/mod/go.mod", "module x\n")
        .file("outer/testdata/mod/x.go", "package x\n");
    repo.file("outer/testdata/data", "x")
        .file("nonascii/Größe/日本.txt", "ü\n")
        .file("nonascii/a b", "\n");
    repo.file("crlf/crlf.txt", "one\r\ntwo\r\n").file("crlf/mixed.txt", "one\r\ntwo\n");
    repo.file("eol/win.txt", "one\ntwo\n").file("eol/auto.txt", "one\ntwo\n");
    repo.file("eol/.gitattributes", "win.txt text eol=crlf\nauto.txt text=auto\n");
    repo.file("exported/secret.txt", "x").file("exported/subst.txt", "$Format:%H$\n");
    repo.file("exported/.gitattributes", "secret.txt export-ignore\nsubst.txt export-subst\n");
    repo.file("ident/id.txt", "$Id$\n").file("ident/.gitattributes", "id.txt ident\n");
    repo.file("utf16/.gitattributes", "wide.txt working-tree-encoding=UTF-16LE-BOM\n");
    let wide: Vec<u8> = "\u{feff}wide\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(repo.path().join("utf16/wide.txt"), wide).unwrap();
    repo.file("filtered/.gitattributes", "big filter=lfs diff=lfs merge=lfs -text\n")
        .file("filtered/big", "pointer\n");
    repo.file("licensed/LICENSE", "Nothing is allowed.\n");
    symlink("../LICENSE", repo.path().join("linked-license/LICENSE")).unwrap();
    repo.file("executable/run.sh", "#!/bin/sh\n");
    let run = repo.path().join("executable/run.sh");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(run, mode).unwrap();
    repo.file("empty/nothing", "");
    let name = "n".repeat(90);
    repo.file(&format!("long/{name}/{name}/{name}/{name}"), "far away\n");
    repo.file("hg/.hg_archival.txt", "x").file("hg/sub/.hg_archival.txt", "x");
    std::fs::write(repo.path().join("binary/all"), (0..=255).collect::<Vec<u8>>()).unwrap();
    // Its own go.mod and go.sum change in the commit that is to be summed up.
    repo.module("needy", "ROOT/needy", "\nrequire ROOT/plain v0.0.0\n");
}

#[test]
fn are_those_of_real_gos() {
    let gos = gos();
    let Some(repo) = Repo::new("h1") else { return };
    fill(&repo);
    let first = |path: &str| match path.rsplit_once("/v") {
        Some((_, major)) => format!("v{major}.0.0"),
        None => "v0.1.0".to_owned(),
    };
    let mut requires = String::new();
    for (_, path) in MODULES {
        let _ = writeln!(requires, "\tROOT/{path} {}", first(path).replace(".1.0", ".0.0"));
    }
    repo.module("z", "ROOT/z", &format!("\nrequire (\n{requires})\n")).commit("all");
    // So that v2.0.0 and v3.0.0 are not what is required already.
    let text = repo.read("z/go.mod");
    assert_eq!(text.matches("v0.0.0").count(), MODULES.len() - 2);
    repo.ends(0, "tag --all --bump minor --update-requires --yes");
    let sums = repo.read("z/go.sum");
    assert_eq!(sums.lines().count(), 2 * MODULES.len(), "{sums}");
    for go in gos {
        let outside = Outside::new(&repo, &go);
        let mut compared = 0;
        for (dir, path) in MODULES {
            // What is vendored is told otherwise since Go 1.24, for modules that say so.
            if go.name == "old" && *dir == "vendored124" {
                continue;
            }
            let (module, version) = (format!("{}/{path}", repo.root), first(path));
            let output = outside.run(&["mod", "download", "-json", &format!("{module}@{version}")]);
            let found: Value = serde_json::from_slice(&output.stdout).unwrap();
            let lines = [
                format!("{module} {version} {}", found["Sum"].as_str().unwrap_or("?")),
                format!("{module} {version}/go.mod {}", found["GoModSum"].as_str().unwrap_or("?")),
            ];
            for line in lines {
                assert!(
                    sums.lines().any(|it| it == line),
                    "{} {dir}: {line}\n{found}\n{sums}",
                    go.name
                );
                compared += 1;
            }
        }
        assert!(compared >= 40);
        // They stand where Go itself would put them.
        let copy = repo.base().join(format!("z-{}", go.name));
        std::fs::create_dir(&copy).unwrap();
        for name in ["go.mod", "go.sum", "f.go"] {
            std::fs::copy(repo.path().join("z").join(name), copy.join(name)).unwrap();
        }
        if go.name == "new" {
            outside.run_in(&copy, &["mod", "download", "all"]);
            assert_eq!(std::fs::read_to_string(copy.join("go.sum")).unwrap(), sums);
        }
    }
}

#[test]
fn stand_between_those_that_are_there() {
    let Some(repo) = Repo::new("between") else { return };
    repo.module("m", "ROOT/m", "").module("z", "ROOT/z", "\nrequire ROOT/m v0.0.0\n");
    let old = "example.com/a v1.0.0 h1:AAAA\r\nexample.com/a v1.0.0/go.mod h1:BBBB\r\nzzz.example/b v1.0.0/go.mod h1:CCCC\r\n";
    repo.file("z/go.sum", old).commit("two");
    repo.git(&["config", "core.autocrlf", "false"]);
    repo.released("tag --all --version v0.1.0 --update-requires", &["m/v0.1.0", "z/v0.1.0"]);
    let new = repo.read("z/go.sum");
    let lines: Vec<&str> = new.split_inclusive('\n').collect();
    assert_eq!(lines.len(), 5, "{new}");
    assert!(
        lines[2].starts_with(&format!("{}/m v0.1.0 h1:", repo.root)) && lines[2].ends_with("=\r\n")
    );
    assert!(lines[3].starts_with(&format!("{}/m v0.1.0/go.mod h1:", repo.root)));
    assert_eq!([lines[0], lines[1], lines[4]].concat(), old);
}

#[test]
fn are_left_out_where_git_would_change_the_files() {
    let Some(repo) = Repo::new("converted") else { return };
    repo.module("a", "ROOT/a", "").module("m", "ROOT/m", "\nrequire ROOT/a v0.0.0\n");
    repo.module("z", "ROOT/z", "\nrequire ROOT/m v0.0.0\n");
    repo.file(".gitattributes", "m/go.mod text eol=crlf\n").commit("three");
    let ran = repo.released(
        "tag --all --version v0.1.0 --update-requires",
        &["a/v0.1.0", "m/v0.1.0", "z/v0.1.0"],
    );
    assert!(ran.stdout.contains("git's attributes change its go.mod"), "{}", ran.stdout);
    assert!(!repo.read("z/go.sum").contains("/m v0.1.0"));
    assert!(repo.path().join("m/go.sum").exists());
}
