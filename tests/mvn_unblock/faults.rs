//! Nothing is lost: killed at any moment, beside other runs, on full disks and read-only ones.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use super::world::{BLOCKER, NO_MATCH, World};
use crate::support::{DEVKIT, Ran, copy_for_others, finish, peer, run};

const SETTINGS: &str = "<settings>\n  <servers/>\n</settings>\n";

/// What a run says to the system, from its start to its end.
const CALLS: &[&str] = &[
    "openat",
    "close",
    "read",
    "statx",
    "getdents64",
    "flock",
    "fchmod",
    "fsync",
    "write",
    "linkat",
    "rename",
    "unlink",
    "munmap",
    "exit_group",
];

/// Killed at each of its system calls, one run after the other.
#[test]
fn killed_at_any_moment_it_leaves_the_old_file_or_the_new_one() {
    let Some(strace) = peer::need("strace") else { return };
    let world = World::with(SETTINGS);
    world.ends(0, [""; 0]);
    let new = world.read();
    world.ends(0, ["--undo"]);
    let (mut killed, mut old_left, mut new_left, mut backups_left) = (0, 0, 0, 0);
    let mut calls = CALLS.iter();
    let mut next = calls.next().map(|call| (call, 1));
    while let Some((call, number)) = next {
        let at = format!("{call} {number}");
        world.put(SETTINGS);
        let ran = traced(&world, &strace, &format!("inject={call}:signal=KILL:when={number}"));
        let found = world.read();
        assert!(found == SETTINGS.as_bytes() || found == new, "{at}: {:?}", world.text());
        *(if found == new { &mut new_left } else { &mut old_left }) += 1;
        backups_left += usize::from(found != new && world.names().len() > 1);
        // The next run finds its way: done, or done already, and nothing else is left.
        world.ends(0, [""; 0]);
        assert_eq!(world.read(), new, "{at}");
        assert_eq!(world.names(), ["settings.xml", "settings.xml.devkit-1"], "{at}");
        world.ends(0, ["--undo"]);
        assert_eq!((world.text().as_str(), world.names().len()), (SETTINGS, 1), "{at}");
        match ran.code {
            // It does not call that often.
            Some(0) => next = calls.next().map(|call| (call, 1)),
            Some(code) => panic!("{at}: exit code {code}, {}", ran.stderr),
            None => {
                killed += 1;
                next = Some((call, number + 1));
            }
        }
    }
    let counts = format!("{killed} killed: {old_left} {new_left} {backups_left}");
    assert!(killed >= 50 && old_left >= 20 && new_left >= 5 && backups_left >= 1, "{counts}");
}

/// A run under strace.
fn traced(world: &World, strace: &Path, what: &str) -> Ran {
    run(under_strace(world, strace, what))
}

fn under_strace(world: &World, strace: &Path, what: &str) -> Command {
    let environment = world.command([""; 0]);
    let mut traced = Command::new(strace);
    traced.args(["-qq", "-o", "/dev/null", "-e", what, DEVKIT, "mvn-unblock"]);
    traced.current_dir(world.path()).env_clear();
    traced.envs(environment.get_envs().filter_map(|(name, value)| Some((name, value?))));
    traced
}

#[test]
fn twenty_at_once_wait_for_each_other_and_all_succeed() {
    let world = World::with(SETTINGS);
    let spawn = |args: &[&str]| {
        let mut command = world.command(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let ids: Vec<String> = (0..20).map(|number| format!("corp-{number}")).collect();
    let children: Vec<_> = ids.iter().map(|id| spawn(&["--repo", id])).collect();
    for child in children {
        let ran = finish(child);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    }
    let text = world.text();
    assert_eq!(text.matches(BLOCKER).count(), 1, "{text}");
    let pattern = text.split("<mirrorOf>").nth(1).unwrap().split('<').next().unwrap();
    let mut freed: Vec<&str> = pattern.split(',').skip(1).collect();
    let mut all: Vec<String> = ids.iter().map(|id| format!("!{id}")).collect();
    freed.sort_unstable();
    all.sort_unstable();
    assert_eq!(freed, all);
    // Each has kept what it found, and each can be taken back.
    assert_eq!(world.names().len(), 21);
    for _ in 0..20 {
        world.ends(0, ["--undo"]);
    }
    assert_eq!(world.text(), SETTINGS);

    // Of twenty with the same wish one does the work.
    fs::remove_dir_all(world.home().join(".m2")).unwrap();
    let children: Vec<_> = (0..20).map(|_| spawn(&["--json"])).collect();
    let ran: Vec<Ran> = children.into_iter().map(finish).collect();
    assert!(ran.iter().all(|ran| ran.code == Some(0)));
    let made = ran.iter().filter(|ran| ran.stdout.contains("\"action\":\"created\""));
    assert_eq!(made.count(), 1);
    assert_eq!(world.names(), ["settings.xml"]);
}

#[test]
fn mode_owner_and_link_stay() {
    let world = World::with(SETTINGS);
    let real = world.file("dotfiles/settings.xml", SETTINGS);
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    let owner = if nix::unistd::geteuid().is_root() {
        chown(&real, Some(4321), Some(4322)).unwrap();
        (4321, 4322)
    } else {
        let found = fs::metadata(&real).unwrap();
        (found.uid(), found.gid())
    };
    fs::remove_file(world.settings()).unwrap();
    symlink("../../dotfiles/settings.xml", world.settings()).unwrap();
    let document = world.json(0, &[]);
    // The file that is changed is the one behind the link.
    let folder = fs::canonicalize(real.parent().unwrap()).unwrap();
    assert_eq!(document["file"], folder.join("settings.xml").to_str().unwrap());
    assert_eq!(document["backup"], folder.join("settings.xml.devkit-1").to_str().unwrap());
    assert!(fs::symlink_metadata(world.settings()).unwrap().is_symlink());
    assert_eq!(world.names(), ["settings.xml"]);
    for name in ["settings.xml", "settings.xml.devkit-1"] {
        let found = fs::metadata(folder.join(name)).unwrap();
        assert_eq!((found.uid(), found.gid(), found.mode() & 0o7777), (owner.0, owner.1, 0o640));
    }
    assert!(world.text().contains(NO_MATCH));
    world.ends(0, ["--undo"]);
    assert_eq!(fs::read_to_string(&real).unwrap(), SETTINGS);
    assert_eq!(super::world::names(&folder), ["settings.xml"]);
    // What lets nobody write is not written, not even by root.
    fs::set_permissions(&real, fs::Permissions::from_mode(0o444)).unwrap();
    let error = world.refusal(&[]);
    assert_eq!(error["code"], "read-only", "{error}");
    assert!(error["hint"].as_str().unwrap().contains("mvn -s"), "{error}");
    assert_eq!(fs::read_to_string(&real).unwrap(), SETTINGS);
}

/// A shell script as root in a mount namespace of its own; `$DEVKIT` is the command.
fn mounted(world: &World, script: &str) -> Option<Ran> {
    let unshare = peer::need_mount_namespace()?;
    let mut command = Command::new(unshare);
    command.args(["-m", "sh", "-euc", script]).current_dir(world.path());
    command.env("HOME", world.home()).env("DEVKIT", format!("{DEVKIT} mvn-unblock"));
    command.env("MAVEN_OPTS", format!("-Duser.home={}", world.home().display()));
    Some(run(command))
}

#[test]
fn a_full_disk_loses_nothing() {
    let world = World::with(SETTINGS);
    let script = "
        mount -t tmpfs -o size=64k tmpfs home/.m2
        printf '%s' \"$SETTINGS\" > home/.m2/settings.xml
        dd if=/dev/zero of=home/.m2/full bs=4k 2> dd.log || true
        code=0; $DEVKIT || code=$?
        echo \"code $code\"
        printf '%s' \"$SETTINGS\" | cmp - home/.m2/settings.xml && ls -A home/.m2
        rm home/.m2/full
        $DEVKIT -q && ls -A home/.m2";
    let Some(ran) = mounted(&world, &script.replace("$SETTINGS", "<settings></settings>")) else {
        return;
    };
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let expected = "code 2\nfull\nsettings.xml\nsettings.xml\nsettings.xml.devkit-1\n";
    assert_eq!(ran.stdout, expected, "{}", ran.stderr);
    assert!(ran.stderr.contains("error: cannot write ~/.m2/settings.xml [io]"), "{}", ran.stderr);
    assert!(ran.stderr.to_lowercase().contains("no space"), "{}", ran.stderr);
}

#[test]
fn a_read_only_mount_and_a_mounted_file_are_told_with_the_way_round() {
    let world = World::with(SETTINGS);
    let way = "devkit mvn-unblock --settings - < ";
    let script = "
        mount -t tmpfs tmpfs home/.m2
        echo '<settings/>' > home/.m2/settings.xml
        mount -o remount,ro home/.m2
        code=0; $DEVKIT || code=$?
        echo \"code $code\"
        ls -A home/.m2; cat home/.m2/settings.xml
        # The way round, as it is told.
        $DEVKIT -q --settings - < home/.m2/settings.xml > patched.xml";
    let Some(ran) = mounted(&world, script) else { return };
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(ran.stdout, "code 2\nsettings.xml\n<settings/>\n");
    assert!(ran.stderr.contains("[read-only]"), "{}", ran.stderr);
    assert!(ran.stderr.contains("mounted read-only"), "{}", ran.stderr);
    assert!(ran.stderr.contains(way) && ran.stderr.contains("mvn -s"), "{}", ran.stderr);
    let patched = fs::read_to_string(world.path().join("patched.xml")).unwrap();
    assert!(patched.contains(NO_MATCH), "{patched}");

    // A single file, as container engines mount it: from the same file system, and from another.
    world.file("other.xml", "<settings/>\n");
    for mount in [
        "mount --bind other.xml home/.m2/settings.xml",
        "mkdir -p t; mount -t tmpfs tmpfs t; cp other.xml t/; mount --bind t/other.xml home/.m2/settings.xml",
    ] {
        let script = format!(
            "{mount}
            code=0; $DEVKIT || code=$?
            echo \"code $code\"
            ls -A home/.m2; cat home/.m2/settings.xml"
        );
        let Some(ran) = mounted(&world, &script) else { return };
        assert_eq!(ran.stdout, "code 2\nsettings.xml\n<settings/>\n", "{mount}: {}", ran.stderr);
        assert!(ran.stderr.contains("[read-only]"), "{mount}: {}", ran.stderr);
        assert!(ran.stderr.contains("mount point"), "{mount}: {}", ran.stderr);
    }
    assert_eq!(world.text(), SETTINGS);
}

/// As a user who may not.
#[test]
fn a_foreign_owner_or_a_folder_without_the_right_to_write_is_refused() {
    let Some(setpriv) = peer::need("setpriv") else { return };
    if !peer::need_root() {
        return;
    }
    let world = World::with(SETTINGS);
    let devkit = copy_for_others(world.path());
    let open = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    open(&world.home(), 0o755);
    let m2 = world.home().join(".m2");
    let as_other = |args: &[&str]| {
        let mut command = Command::new(&setpriv);
        command.args(["--reuid", "4321", "--regid", "4321", "--clear-groups", "--inh-caps=-all"]);
        command.arg(&devkit).arg("mvn-unblock").args(args).current_dir(world.path()).env_clear();
        command.env("HOME", world.home()).env("LANG", "C.UTF-8");
        command.env("MAVEN_OPTS", format!("-Duser.home={}", world.home().display()));
        run(command)
    };
    // Somebody else's file in a folder that all may write to: a rename would make it one's own.
    open(&m2, 0o777);
    let ran = as_other(&[]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("it belongs to user 0"), "{}", ran.stderr);
    assert!(ran.stderr.contains("[read-only]") && ran.stderr.contains("mvn -s"), "{}", ran.stderr);
    // One's own file in somebody else's folder.
    chown(world.settings(), Some(4321), Some(4321)).unwrap();
    open(&m2, 0o755);
    let ran = as_other(&[]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("its folder may not be written to"), "{}", ran.stderr);
    // To be told what would change takes no right to write.
    assert_eq!(as_other(&["--check"]).code, Some(1));
    assert!(as_other(&["--dry-run"]).stdout.contains(NO_MATCH));
    // None at all, and no right to make one.
    fs::remove_file(world.settings()).unwrap();
    let ran = as_other(&[]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("[read-only]"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--settings patched-settings.xml"), "{}", ran.stderr);
    assert_eq!(world.names(), [""; 0]);
    // One that may not be read.
    world.put(SETTINGS);
    open(&world.settings(), 0o600);
    let ran = as_other(&[]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("cannot read ~/.m2/settings.xml [io]"), "{}", ran.stderr);
}

/// The hint, run as it is told: with the request, and never into the file that is read.
#[test]
fn the_way_round_can_be_pasted() {
    let text = SETTINGS.replace("<servers/>", "<servers><server><id>a</id></server></servers>");
    for name in ["settings.xml", "patched-settings.xml"] {
        let world = World::new();
        let file = world.file(name, &text);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
        let ran = world.ends(2, ["--settings", name, "--repo", "corp"]);
        let (_, command) = ran.stderr.split_once("copy: ").expect(&ran.stderr);
        let (command, maven) = command.trim_end().split_once(" && ").unwrap();
        assert!(command.contains("--repo corp"), "{command}");
        let mut shell = world.command([""; 0]);
        shell = {
            let mut other = Command::new("/bin/sh");
            other.args(["-c", &command.replacen("devkit", crate::support::DEVKIT, 1)]);
            other.current_dir(world.path()).env_clear();
            other.envs(shell.get_envs().filter_map(|(name, value)| Some((name, value?))));
            other
        };
        let ran = run(shell);
        assert_eq!(ran.code, Some(0), "{command}: {}", ran.stderr);
        assert_eq!(fs::read_to_string(&file).unwrap(), text, "{command}");
        let copy = maven.rsplit(' ').next().unwrap();
        let copy = fs::read_to_string(world.path().join(copy)).unwrap();
        assert!(copy.contains("<id>a</id>") && copy.contains("external:http:*,!corp<"), "{copy}");
    }
}

/// Ended after the backup and before the new file is in its place: there is nothing to undo.
#[test]
fn a_backup_of_a_run_that_was_ended_is_none() {
    let world = World::with(SETTINGS);
    fs::hard_link(world.settings(), world.settings().with_extension("xml.devkit-1")).unwrap();
    assert_eq!(world.refusal(&["--undo"])["code"], "nothing-to-undo");
    assert_eq!(world.text(), SETTINGS);
}

/// A file that grows while it is looked at is read again before it is replaced.
#[test]
fn a_change_meanwhile_is_noticed() {
    let Some(strace) = peer::need("strace") else { return };
    let world = World::with(SETTINGS);
    // It waits before it puts the new file to the disk, which is when somebody else writes.
    let mut traced = under_strace(&world, &strace, "inject=fsync:delay_enter=3000000:when=1");
    traced.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = traced.spawn().unwrap();
    crate::support::eventually("the new file is being written", || world.names().len() > 1);
    world.put("<settings><!-- theirs --></settings>");
    let ran = finish(child);
    assert_eq!(ran.code, Some(2), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("[changed-meanwhile]"), "{}", ran.stderr);
    assert_eq!(world.text(), "<settings><!-- theirs --></settings>");
    assert_eq!(world.names(), ["settings.xml"]);
}
