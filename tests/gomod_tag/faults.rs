//! Hooks that refuse, remotes that do not answer, and a kill at every step.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::world::Repo;
use crate::support::{peer, run, write_script};

/// Five modules and a bare remote named origin.
fn five(name: &str) -> Option<(Repo, PathBuf)> {
    let repo = Repo::new(name)?;
    for dir in ["a", "b", "c", "d", "e"] {
        repo.module(dir, &format!("ROOT/{dir}"), "");
    }
    repo.commit("five");
    let remote = repo.base().join("remote.git");
    repo.git(&["init", "-q", "--bare", remote.to_str().unwrap()]);
    repo.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
    repo.git(&["push", "-q", "-u", "origin", "main"]);
    Some((repo, remote))
}

const TAGS: [&str; 5] = ["a/v0.1.0", "b/v0.1.0", "c/v0.1.0", "d/v0.1.0", "e/v0.1.0"];

fn remote_tags(repo: &Repo) -> Vec<String> {
    let text = repo.git(&["ls-remote", "--tags", "--refs", "origin"]);
    text.lines().map(|line| line.split("refs/tags/").nth(1).unwrap().to_owned()).collect()
}

fn hook(folder: &std::path::Path, name: &str, script: &str) {
    let hooks = folder.join("hooks");
    fs::create_dir_all(&hooks).unwrap();
    let path = hooks.join(name);
    write_script(&path, &format!("#!/bin/sh\n{script}"));
}

#[test]
fn a_push_of_all_and_a_second_one() {
    let Some((repo, _)) = five("push") else { return };
    let ran = repo.released("v0.1.0 --push", &TAGS);
    assert!(ran.stdout.contains("pushed to origin"), "{}", ran.stdout);
    assert_eq!(remote_tags(&repo), TAGS);
    let ran = repo.released("v0.1.0 --push", &[]);
    assert!(ran.stdout.contains("origin has all of them"), "{}", ran.stdout);
    let document = repo.json(0, "v0.1.0 --push --yes");
    assert!(document["tags"].as_array().unwrap().iter().all(|tag| tag["state"] == "pushed"));
}

#[test]
fn a_host_that_starts_no_workflow_for_many() {
    let Some((repo, remote)) = five("workflow") else { return };
    let there = repo.base().join("github.com");
    fs::create_dir(&there).unwrap();
    let there = there.join("five.git");
    fs::rename(remote, &there).unwrap();
    repo.git(&["remote", "set-url", "origin", there.to_str().unwrap()]);
    let ran = repo.released("v0.1.0 --push", &TAGS);
    assert!(ran.stderr.contains("[no-workflow]"), "{}", ran.stderr);
    assert!(ran.stderr.contains("these are 5; --push=each"), "{}", ran.stderr);
    repo.git(&["commit", "-q", "--allow-empty", "-m", "more"]);
    repo.git(&["push", "-q", "origin", "main"]);
    for args in ["tag --all --version v0.2.0 --push=each", "tag --module a --version v0.3.0 --push"]
    {
        let ran = repo.ends(0, &format!("{args} --yes"));
        assert!(!ran.stderr.contains("[no-workflow]"), "{}", ran.stderr);
    }
}

#[test]
fn a_branch_of_the_same_name_is_no_matter() {
    let Some((repo, _)) = five("branch") else { return };
    repo.git(&["branch", "a/v0.1.0"]);
    repo.git(&["push", "-q", "origin", "refs/heads/a/v0.1.0"]);
    repo.released("v0.1.0 --push=each", &TAGS);
    assert_eq!(remote_tags(&repo), TAGS);
}

#[test]
fn a_hook_that_refuses_one_of_five() {
    let Some((repo, remote)) = five("hook") else { return };
    hook(&remote, "update", "case $1 in refs/tags/d/*) echo not this one >&2; exit 1;; esac\n");
    let ran = repo.ends(2, "v0.1.0 --push --yes");
    assert!(ran.stderr.contains("[push-failed]"), "{}", ran.stderr);
    assert!(ran.stderr.contains("not this one"), "{}", ran.stderr);
    assert!(ran.stderr.contains("taken back here, too"), "{}", ran.stderr);
    assert!(remote_tags(&repo).is_empty() && repo.tags().is_empty());
    // One by one, the first three arrive, and what is left is told.
    let ran = repo.ends(2, "v0.1.0 --push=each --yes");
    assert_eq!(remote_tags(&repo), TAGS[..3]);
    assert_eq!(repo.tags(), TAGS);
    assert!(
        ran.stderr
            .contains("git push origin refs/tags/d/v0.1.0 && git push origin refs/tags/e/v0.1.0"),
        "{}",
        ran.stderr
    );
    fs::remove_file(remote.join("hooks/update")).unwrap();
    repo.released("v0.1.0 --push=each", &[]);
    assert_eq!(remote_tags(&repo), TAGS);
}

#[test]
fn a_remote_that_is_not_there() {
    let Some((repo, remote)) = five("remote") else { return };
    fs::rename(&remote, remote.with_extension("away")).unwrap();
    let ran = repo.ends(2, "v0.1.0 --push --yes");
    assert!(
        ran.stderr.contains("[push-failed]") && ran.stderr.contains("nothing was done"),
        "{}",
        ran.stderr
    );
    assert!(repo.tags().is_empty());
    // Gone between the question and the push: nobody knows, and the tags stay.
    fs::rename(remote.with_extension("away"), &remote).unwrap();
    let gone = format!("mv {0} {0}.away\nexit 1\n", remote.display());
    hook(&repo.path().join(".git"), "pre-push", &gone);
    let ran = repo.ends(2, "v0.1.0 --push --yes");
    assert!(ran.stderr.contains("they are kept here"), "{}", ran.stderr);
    assert_eq!(repo.tags(), TAGS);
    fs::rename(format!("{}.away", remote.display()), &remote).unwrap();
    fs::remove_file(repo.path().join(".git/hooks/pre-push")).unwrap();
    repo.released("v0.1.0 --push", &[]);
    assert_eq!(remote_tags(&repo), TAGS);
    let ran = repo.ends(2, "tag --all --version v0.2.0 --push --remote nope --yes");
    assert!(ran.stderr.contains("[push-failed]"), "{}", ran.stderr);
    repo.git(&["remote", "remove", "origin"]);
    let ran = repo.ends(2, "tag --all --version v0.2.0 --push --yes");
    assert!(ran.stderr.contains("[no-remote]"), "{}", ran.stderr);
}

#[test]
fn a_remote_that_knows_better() {
    let Some((repo, remote)) = five("better") else { return };
    let other = repo.base().join("other");
    repo.git(&["clone", "-q", remote.to_str().unwrap(), other.to_str().unwrap()]);
    for args in [
        &["commit", "-q", "--allow-empty", "-m", "x"][..],
        &["tag", "--no-sign", "b/v0.1.0"],
        &["push", "-q", "origin", "refs/tags/b/v0.1.0"],
    ] {
        let mut git = repo.git_command(args);
        assert!(git.current_dir(&other).output().unwrap().status.success());
    }
    // Without a push nobody is asked; with one, nothing is done.
    repo.refused("v0.1.0 --push", &["tag-exists"]);
    repo.ends(0, "v0.1.0 --dry-run");
}

#[test]
fn a_hook_of_ones_own() {
    let Some((repo, _)) = five("own") else { return };
    let own = repo.path().join(".git");
    // All tags are one transaction, and this hook refuses all of it.
    hook(&own, "reference-transaction", "[ $1 = prepared ] && grep -q tags/c && exit 1; exit 0\n");
    let ran = repo.ends(2, "v0.1.0 --yes");
    assert!(ran.stderr.contains("none was created") && repo.tags().is_empty(), "{}", ran.stderr);
    fs::remove_file(own.join("hooks/reference-transaction")).unwrap();
    // A hook of the commit: everything is as it was.
    repo.module("f", "ROOT/f", "\nrequire ROOT/a v0.0.0\n").commit("needs a");
    hook(&own, "pre-commit", "echo no commits today >&2; exit 1\n");
    let ran = repo.ends(2, "tag --all --version v0.1.0 --update-requires --yes");
    assert!(
        ran.stderr.contains("[commit-failed]") && ran.stderr.contains("no commits today"),
        "{}",
        ran.stderr
    );
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    assert!(repo.tags().is_empty() && repo.read("f/go.mod").contains("v0.0.0"));
    // One that changes what is committed: no tag is made of that.
    hook(&own, "pre-commit", "echo '// changed' >> f/go.mod; git add f/go.mod\n");
    let ran = repo.ends(2, "tag --all --version v0.1.0 --update-requires --yes");
    assert!(ran.stderr.contains("a hook of the repository changed what"), "{}", ran.stderr);
    assert!(repo.tags().is_empty());
    // The commit is taken back, and nothing is left of it.
    assert_eq!(repo.git(&["log", "-1", "--format=%s"]), "needs a\n");
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

#[test]
fn no_terminal_and_no_yes() {
    let Some((repo, _)) = five("terminal") else { return };
    let ran = repo.ends(2, "v0.1.0");
    assert!(
        ran.stderr.contains("[not-confirmed]") && ran.stderr.contains("--yes"),
        "{}",
        ran.stderr
    );
    assert!(repo.tags().is_empty());
    repo.ends(0, "v0.1.0 -n");
    assert!(repo.tags().is_empty());
    let Some(script) = peer::need("script") else { return };
    for (answer, made) in [("n\n", 0), ("\n", 0), ("y\n", 5)] {
        let line = format!(
            "printf '{answer}' | {} -qec '{} gomod-tag v0.1.0' /dev/null",
            script.display(),
            crate::support::DEVKIT
        );
        let mut shell = Command::new("sh");
        shell.args(["-c", &line]).current_dir(repo.path()).env("HOME", repo.home());
        let ran = run(shell);
        assert!(ran.stdout.contains("Create 5 tags? [y/N]"), "{}", ran.stdout);
        // Columns are where they are without colour, too.
        let lines = || ran.stdout.lines().skip_while(|line| !line.contains("current"));
        let head = lines().next().unwrap().replace("\u{1b}[1m", "").replace("\u{1b}[0m", "");
        let place = head.find("why").unwrap();
        // An arrow is one column, and three bytes.
        assert_eq!(lines().nth(1).unwrap().find("first"), Some(place), "{}", ran.stdout);
        assert_eq!(repo.tags().len(), made, "{answer:?} {}", ran.stdout);
    }
}

#[test]
fn signed_tags_and_their_roll_back() {
    let Some((repo, _)) = five("signed") else { return };
    let Some(_) = peer::need("ssh-keygen") else { return };
    let key = repo.base().join("key");
    let made =
        Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).output();
    assert!(made.unwrap().status.success());
    repo.git(&["config", "gpg.format", "ssh"]);
    repo.git(&["config", "user.signingKey", key.to_str().unwrap()]);
    repo.git(&["config", "tag.gpgSign", "true"]);
    // The editor that git would open hangs for ever.
    repo.git(&["config", "core.editor", "sleep 1000"]);
    repo.released("v0.1.0", &TAGS);
    let public = fs::read_to_string(key.with_extension("pub")).unwrap();
    let allowed = repo.base().join("allowed");
    fs::write(&allowed, format!("t@example.com {public}")).unwrap();
    repo.git(&["config", "gpg.ssh.allowedSignersFile", allowed.to_str().unwrap()]);
    for tag in TAGS {
        repo.git(&["tag", "-v", tag]);
    }
    // The third cannot be signed: those before it go, too.
    let signer = repo.base().join("signer");
    let count = repo.base().join("count");
    write_script(
        &signer,
        &format!(
            "#!/bin/sh\necho x >> {0}\n[ $(wc -l < {0}) -ge 3 ] && exit 1\nexec ssh-keygen \"$@\"\n",
            count.display()
        ),
    );
    repo.git(&["config", "gpg.ssh.program", signer.to_str().unwrap()]);
    let ran = repo.refused("tag --all --version v0.2.0", &["sign-failed"]);
    assert!(ran.stderr.contains("none was created"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(count).unwrap().lines().count(), 3);
}

/// What kills the process at the n-th program that it starts: git is wrapped, and counts.
#[test]
fn killed_at_every_step_a_second_run_finishes() {
    let Some((repo, _)) = killed_repo("killed") else { return };
    let saved = repo.base().join("saved");
    fs::create_dir(&saved).unwrap();
    copy(&repo, &["repo", "remote.git"], "saved");
    kill_at(&repo, usize::MAX);
    let steps = calls(&repo);
    assert!(steps > 15, "{steps}");
    for step in 1..=steps {
        for after in [false, true] {
            // As it was before the first run, in the same place.
            for name in ["repo", "remote.git"] {
                fs::remove_dir_all(repo.base().join(name)).unwrap();
            }
            copy(&repo, &["saved/repo", "saved/remote.git"], ".");
            kill_when(&repo, step, after);
            let tags = repo.tags().len();
            // All or none.
            assert!(tags == 0 || tags == 3, "{step} {after}: {tags}");
            let _ = fs::remove_dir_all(repo.base().join("calls"));
            let again = repo.devkit("tag --all --version v0.1.0 --update-requires --push --yes");
            assert_eq!(again.code, Some(0), "{step} {after}: {}{}", again.stdout, again.stderr);
            assert_eq!(remote_tags(&repo), TAGS[..3], "{step} {after}");
            assert_eq!(repo.git(&["status", "--porcelain"]), "", "{step} {after}");
            let main = repo.git(&["ls-remote", "origin", "refs/heads/main"]);
            assert!(main.starts_with(repo.git(&["rev-parse", "HEAD"]).trim()), "{step} {after}");
        }
    }
}

/// Copies folders of the test's own folder, with all that belongs to them.
fn copy(repo: &Repo, from: &[&str], to: &str) {
    let mut cp = Command::new("cp");
    cp.arg("-a").args(from).arg(to).current_dir(repo.base());
    assert_eq!(run(cp).code, Some(0));
}

fn killed_repo(name: &str) -> Option<(Repo, PathBuf)> {
    let repo = Repo::new(name)?;
    repo.module("a", "ROOT/a", "").module("b", "ROOT/b", "\nrequire ROOT/a v0.0.0\n");
    repo.module("c", "ROOT/c", "\nrequire ROOT/b v0.0.0\n").commit("three");
    let remote = repo.base().join("remote.git");
    repo.git(&["init", "-q", "--bare", remote.to_str().unwrap()]);
    repo.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
    repo.git(&["push", "-q", "-u", "origin", "main"]);
    Some((repo, remote))
}

fn kill_at(repo: &Repo, step: usize) {
    kill_when(repo, step, false);
}

/// Kills devkit before or after its n-th call of git.
fn kill_when(repo: &Repo, step: usize, after: bool) {
    let bin = repo.base().join("bin");
    fs::create_dir_all(&bin).unwrap();
    let git = peer::find("git").unwrap();
    let calls = repo.base().join("calls");
    let (before, then) = if after {
        (":", "[ $n -eq $STEP ] && kill -9 $PPID")
    } else {
        ("kill -9 $PPID; exit 1", "")
    };
    // A file that is there already is not made again (-C), by whomever: each call has its number.
    let script = format!(
        "#!/bin/sh\nSTEP={step}\nmkdir -p {calls}\nn=1\nset -C\nwhile ! echo > {calls}/$n; do \
         n=$((n + 1)); done 2>/dev/null\nset +C\nif [ $n -eq $STEP ]; then {before}; fi\n\
         {git} \"$@\"\nrc=$?\n{then}\nexit $rc\n",
        calls = calls.display(),
        git = git.display()
    );
    write_script(&bin.join("git"), &script);
    let mut devkit =
        repo.command("tag --all --version v0.1.0 --update-requires --push --yes".split(' '));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&path)));
    devkit.env("PATH", path.unwrap());
    run(devkit);
}

fn calls(repo: &Repo) -> usize {
    let folder = repo.base().join("calls");
    let count = fs::read_dir(&folder).unwrap().count();
    fs::remove_dir_all(folder).unwrap();
    count
}
