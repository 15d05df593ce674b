//! What `plan` and `status` find, for those who show it beside the lines.

use insta::assert_snapshot;

use super::world::Repo;
use crate::support::Ran;
use crate::support::sarif::{need_validator, results, validated};

/// A module that has changed, one that has no version, and a requirement that nobody can fulfil.
fn repo() -> Option<Repo> {
    let repo = Repo::new("reports")?;
    repo.module("", "ROOT", "")
        .module("数 a", "ROOT/数a", "")
        .module("b", "ROOT/b", "require ROOT v0.9.0 // 数\n")
        .commit("one")
        .tag("v0.1.0")
        .file("f.go", "package p\n\nfunc F() int { return 2 }\n")
        .commit("two");
    Some(repo)
}

/// The same from a folder below: paths count from the root of the repository all the same.
fn below(repo: &Repo, args: &[&str]) -> Ran {
    let mut command = repo.command(args);
    command.current_dir(repo.path().join("b"));
    crate::support::run(command)
}

#[test]
fn annotations_stand_at_the_words_of_go_mod() {
    let Some(repo) = repo() else { return };
    let plan = "plan v0.2.0 --all --report";
    assert_snapshot!(repo.ends(2, &format!("{plan} github")).shown(&repo.path()), @"
    ::error file=数 a/go.mod,line=1,col=8,title=gomod-tag bad-module-path::'github.com/devkit-test/reports/数a' in 数 a/go.mod is a module path that Go cannot fetch: it has the character '数'%0Ahint: letters, digits and -._~ can be in a path; or leave the module out: --exclude '数 a'
    ::error file=b/go.mod,line=4,col=40,title=gomod-tag require-unresolvable::github.com/devkit-test/reports/b requires github.com/devkit-test/reports v0.9.0, which nobody can fetch: there is no tag v0.9.0, and none in this plan%0Ahint: --update-requires writes v0.2.0; or go mod edit -require=github.com/devkit-test/reports@v0.2.0 b/go.mod
    ::warning file=go.mod,title=gomod-tag no-license::github.com/devkit-test/reports has no LICENSE file, so pkg.go.dev does not show its documentation%0Ahint: a file LICENSE in its folder, or in the root of the repository, is taken
    ::warning file=b/go.mod,title=gomod-tag no-license::github.com/devkit-test/reports/b has no LICENSE file, so pkg.go.dev does not show its documentation%0Ahint: a file LICENSE in its folder, or in the root of the repository, is taken
    ::warning file=数 a/go.mod,title=gomod-tag no-license::github.com/devkit-test/reports/数a has no LICENSE file, so pkg.go.dev does not show its documentation%0Ahint: a file LICENSE in its folder, or in the root of the repository, is taken
    --- stderr ---
    --- exit 2 ---
    ");
    assert_snapshot!(results(&repo.ends(2, &format!("{plan} sarif"))).join("\n"), @"
    error bad-module-path %E6%95%B0%20a/go.mod:1:8
    error require-unresolvable b/go.mod:4:40
    warning no-license go.mod:null:null
    warning no-license b/go.mod:null:null
    warning no-license %E6%95%B0%20a/go.mod:null:null
    ");
    let ran = below(&repo, &["plan", "v0.2.0", "--all", "--report", "sarif"]);
    assert_snapshot!(results(&ran).join("\n"), @"
    error bad-module-path %E6%95%B0%20a/go.mod:1:8
    error require-unresolvable b/go.mod:4:40
    warning no-license go.mod:null:null
    warning no-license b/go.mod:null:null
    warning no-license %E6%95%B0%20a/go.mod:null:null
    ");
    assert_snapshot!(repo.ends(1, "status --report github").shown(&repo.path()), @"
    ::warning file=go.mod,title=gomod-tag no-license::github.com/devkit-test/reports has no LICENSE file, so pkg.go.dev does not show its documentation%0Ahint: a file LICENSE in its folder, or in the root of the repository, is taken
    ::warning file=go.mod,title=gomod-tag unreleased::1 file of github.com/devkit-test/reports has changed since v0.1.0
    --- stderr ---
    --- exit 1 ---
    ");
    // What a program reads is the same as without.
    let both = repo.devkit("status --report github --json");
    assert_eq!((both.code, &*both.stdout), (Some(2), ""));
}

#[test]
fn sarif_is_what_its_authors_want() {
    let Some(validator) = need_validator() else { return };
    let Some(repo) = repo() else { return };
    for args in ["plan v0.2.0 --all --report sarif", "status --report sarif"] {
        validated(&validator, &repo.devkit(args).stdout);
    }
}

/// Messages, labels and hints with what a file, a tag and a branch can be called.
#[test]
fn nothing_foreign_is_printed_as_it_is() {
    let evil = "\u{202e}\u{200f}\u{9b}";
    let Some(repo) = Repo::new("hostile") else { return };
    repo.module("", "ROOT", "")
        .module(&format!("x{evil}"), &format!("ROOT/x{evil}"), "")
        .module("y", "ROOT/y", &format!("require ROOT v{evil}\nreplace a.b/c{evil} => ../{evil}\n"))
        .file(&format!("{evil}.go"), "package p\n")
        .commit(evil)
        .tag("v0.1.0")
        .file(&format!("{evil}.go"), "package p // new\n");
    for args in [
        vec!["list"],
        vec!["status"],
        vec!["plan", "v0.2.0", "--all"],
        vec!["plan", evil],
        vec!["plan", "v0.2.0", "--module", evil],
        vec!["plan", "v0.2.0", "--branch", evil],
        vec!["plan", "v0.2.0", "--commit", evil],
        vec!["verify", "--tag", evil],
    ] {
        for form in [&[][..], &["--json"], &["-v"], &["--report", "github"], &["--report", "sarif"]]
        {
            let reports = matches!(args[0], "plan" | "status");
            if form.first() == Some(&"--report") && !reports {
                continue;
            }
            let ran = crate::support::run(repo.command([&args[..], form].concat()));
            for text in [&ran.stdout, &ran.stderr] {
                let plain = text.replace('\n', "");
                let bad = plain.chars().find(|c| c.is_control() || "\u{202e}\u{200f}".contains(*c));
                assert_eq!(bad, None, "{args:?} {form:?}: {text:?}");
            }
        }
    }
}
