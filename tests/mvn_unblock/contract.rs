//! What scripts rely on: output, exit codes, JSON, and what is told of other files.

use insta::assert_snapshot;

use super::world::{BLOCKER, NO_MATCH, World};
use crate::support::run;

const SETTINGS: &str = "<settings>\n  <servers/>\n</settings>\n";
const POM: &str = "<project>
  <groupId>g</groupId><artifactId>a</artifactId><version>1</version>
  <properties><nexus>http://nexus.corp.example</nexus></properties>
  <repositories>
    <repository><id>corp-releases</id><url>${nexus}/releases</url></repository>
    <repository><id>corp-snapshots</id><url>${nexus}/snapshots</url></repository>
    <repository><id>tls</id><url>https://nexus.corp.example/</url></repository>
  </repositories>
</project>
";
const LOG: &str = "2026-01-02 [\u{1b}[1;31mERROR\u{1b}[m] x: Blocked mirror for repositories: [corp \
                   (http://nexus.corp.example/a, default, releases+snapshots), other \
                   (http://nexus.corp.example/b, default, releases)] -> [Help 1]\n";

fn manual(page: &str) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");
    std::fs::read_to_string(root.to_owned() + page).unwrap()
}

#[test]
fn the_transcripts_of_readme_and_manual_are_what_is_printed() {
    let world = World::with(SETTINGS);
    let ran = world.ends(0, ["--repo", "corp"]);
    let shown = ran.stdout.lines().fold(String::new(), |text, line| text + "    " + line + "\n");
    assert!(manual("README.md").contains(&shown), "{shown}");
    world.ends(0, ["--undo"]);
    let ran = world.ends(0, [""; 0]);
    assert!(
        manual("docs/mvn-unblock.md").contains(&format!("```\n{}```\n", ran.stdout)),
        "{}",
        ran.stdout
    );
}

#[test]
fn the_bare_command_says_what_it_opens_and_how_to_open_less() {
    let world = World::with(SETTINGS);
    world.file("pom.xml", POM);
    let ran = world.devkit([""; 0]);
    assert_snapshot!(ran.stderr, @"
    note: every http:// repository is now followed, also those named in dependencies' POMs (CVE-2021-26291)
    narrower: devkit mvn-unblock --repo corp-releases --repo corp-snapshots     (http repositories of ./pom.xml)
    undo:     devkit mvn-unblock --undo
    ");
    let again = world.devkit([""; 0]);
    assert_snapshot!(again.shown(world.path()), @"
    ✓ already unblocked: entry 1 of <mirrors> in ~/.m2/settings.xml; nothing written
    --- stderr ---
    --- exit 0 ---
    ");
    // What it does is the same in a folder without a project.
    let elsewhere = World::with(SETTINGS);
    elsewhere.ends(0, [""; 0]);
    assert_eq!(elsewhere.read(), world.read());
    // Quiet is quiet, and says the same by its exit code.
    let ran = world.ends(0, ["-q", "--undo"]);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    assert_eq!(world.text(), SETTINGS);
}

#[test]
fn a_dry_run_and_a_check_show_the_change_and_make_none() {
    let world = World::with(SETTINGS.replace(
        "<servers/>",
        "<servers><server><id>a</id><password>correct horse</password></server></servers>",
    ));
    let before = world.read();
    for (args, code) in [(["--dry-run"], 0), (["-n"], 0), (["--check"], 1)] {
        let ran = world.ends(code, args);
        assert!(ran.stdout.contains(&format!("+      <mirrorOf>{NO_MATCH}</mirrorOf>\n")));
        assert!(ran.stdout.contains("<password>***</password>"), "{}", ran.stdout);
        assert!(!(ran.stdout + &ran.stderr).contains("correct"), "a password is told");
        assert_eq!(
            (world.read(), world.names()),
            (before.clone(), vec!["settings.xml".to_owned()])
        );
    }
    // The diff is one that patch(1) takes where nothing is masked.
    let plain = World::with(SETTINGS);
    let document = plain.json(1, &["--check"]);
    assert_eq!(document["action"], "would-change");
    assert_eq!(document["splices"].as_array().unwrap().len(), 1);
    plain.ends(0, [""; 0]);
    assert_eq!(plain.json(0, &["--check"])["action"], "unchanged");
}

#[test]
fn the_document_has_the_fields_that_scripts_read() {
    let world = World::with(SETTINGS);
    world.file("build.log", LOG);
    let document = world.json(0, &["--from-log", "build.log"]);
    let keys: Vec<&str> = document.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "schema",
        "file",
        "encoding",
        "action",
        "backup",
        "mirrors_before",
        "mirrors_after",
        "splices",
        "repositories",
        "warnings",
    ];
    assert_eq!(keys, expected);
    assert_eq!(document["schema"], "devkit.mvn-unblock/1");
    assert_eq!(document["encoding"], "UTF-8");
    assert_eq!(document["action"], "changed");
    assert_eq!(document["mirrors_before"], serde_json::json!([]));
    let mirror = &document["mirrors_after"][0];
    assert_eq!((&mirror["id"], &mirror["blocked"]), (&BLOCKER.into(), &true.into()));
    assert_eq!(mirror["mirror_of"], "external:http:*,!corp,!other");
    for (at, id) in ["corp", "other"].iter().enumerate() {
        let repository = &document["repositories"][at];
        assert_eq!(repository["id"], *id);
        assert_eq!(
            (&repository["verdict_before"], &repository["verdict"]),
            (&"blocked".into(), &"direct".into())
        );
    }
    assert_eq!(document["warnings"], serde_json::json!([]));
}

#[test]
fn standard_input_goes_to_standard_output() {
    let world = World::new();
    let ran = world.fed(&["--settings", "-"], b"<settings/>\n");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let expected = format!(
        "<settings><mirrors><mirror><id>{BLOCKER}</id><mirrorOf>{NO_MATCH}</mirrorOf>\
         <url>http://0.0.0.0/</url></mirror></mirrors></settings>\n"
    );
    assert_eq!(ran.stdout, expected);
    // What is right already comes out as it went in, and so does nothing else.
    let again = world.fed(&["--settings", "-", "-q"], ran.stdout.as_bytes());
    assert_eq!((again.stdout.as_str(), again.stderr.as_str()), (expected.as_str(), ""));
    let bad = world.fed(&["--settings", "-"], b"<settings>");
    assert_eq!((bad.code, bad.stdout.as_str()), (Some(2), ""));
    assert!(bad.stderr.contains("standard input:1:1"), "{}", bad.stderr);
    assert_eq!(super::world::names(&world.home()), [""; 0]);
}

#[test]
fn undo_refuses_what_has_changed_since_and_shows_it() {
    let world = World::with(SETTINGS);
    world.ends(0, [""; 0]);
    let changed = world.text().replace("<servers/>", "<servers/><!-- theirs -->");
    world.put(&changed);
    let ran = world.ends(2, ["--undo"]);
    assert!(ran.stderr.contains("[changed-meanwhile]"), "{}", ran.stderr);
    assert!(ran.stderr.contains("+  <servers/><!-- theirs -->\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("settings.xml.devkit-1"), "{}", ran.stderr);
    assert_eq!((world.text(), world.names().len()), (changed, 2));
    // What stands in the file keeps its letters, whatever the locale has.
    world.put(world.text().replace("theirs", "th…rs —"));
    let mut command = world.command(["--undo"]);
    command.env("LC_ALL", "C");
    assert!(run(command).stderr.contains("+  <servers/><!-- th…rs — -->\n"));
    let fresh = World::with(SETTINGS);
    assert_eq!(fresh.refusal(&["--undo"])["code"], "nothing-to-undo");
    // What devkit has made goes again, and so does its folder's content.
    let none = World::new();
    none.ends(0, [""; 0]);
    assert_eq!(none.json(0, &["--undo"])["action"], "removed");
    assert_eq!(none.names(), [""; 0]);
}

#[test]
fn each_refusal_has_its_code_and_changes_nothing() {
    let world = World::with(SETTINGS);
    world.file("quiet.log", "BUILD SUCCESS\n");
    world.file("four.log", format!("Blocked mirror for repositories: [{BLOCKER} (http://0.0.0.0/, default, releases, blocked)]\n"));
    world.file("empty/pom.xml", "<project/>");
    world.file("bad/pom.xml", "<project>");
    for (args, code) in [
        (&["--repo", "http://nexus/"][..], "usage"),
        (&["--repo", "a,b"], "usage"),
        (&["--repo", ""], "usage"),
        (&["--undo", "--repo", "a"], "usage"),
        (&["--settings", "-", "--from-log", "-"], "usage"),
        (&["--from-log", "quiet.log"], "nothing-blocked"),
        (&["--from-log", "four.log"], "nothing-blocked"),
        (&["--from-log", "no.log"], "io"),
        (&["--project", "empty"], "nothing-blocked"),
        (&["--project", "bad"], "malformed"),
        (&["--project", "none"], "io"),
        (&["--settings", "/dev/null"], "io"),
        (&["--settings", "empty"], "io"),
    ] {
        let error = world.refusal(args);
        assert_eq!(error["code"], code, "{args:?}: {error}");
        assert!(!error["message"].as_str().unwrap().contains("os error"), "{error}");
        let known = error["hint"].as_str().is_some_and(|hint| !hint.is_empty());
        assert!(known, "{args:?} gives no next step: {error}");
    }
    assert_eq!((world.text().as_str(), world.names().len()), (SETTINGS, 1));
}

#[test]
fn what_makes_maven_read_another_file_is_told() {
    let world = World::with(SETTINGS);
    world.file(".mvn/maven.config", "-s\nci/settings.xml\n");
    let ran = world.ends(1, ["--check"]);
    assert_snapshot!(ran.stderr.lines().next().unwrap(), @"warning: .mvn/maven.config passes -s ci/settings.xml, so ~/.m2/settings.xml is not read here; for that one: devkit mvn-unblock --settings ci/settings.xml [settings-redirected]");
    // It is not followed.
    assert_eq!(
        world.json(0, &[])["file"],
        std::fs::canonicalize(world.settings()).unwrap().to_str().unwrap()
    );
    std::fs::remove_file(world.path().join(".mvn/maven.config")).unwrap();
    let mut command = world.command(["--check", "--json"]);
    command.env("MAVEN_ARGS", "-B --settings=other.xml");
    let ran = crate::support::run(command);
    assert!(ran.stdout.contains("settings-redirected"), "{}", ran.stdout);
    let mut command = world.command(["--check", "--json"]);
    command.env("MAVEN_OPTS", "-Duser.home=/nonexistent");
    let ran = crate::support::run(command);
    assert!(ran.stdout.contains("java-home"), "{}", ran.stdout);
}

#[test]
fn status_lists_what_is_http_and_answers_by_its_exit_code() {
    let world = World::with(SETTINGS);
    world.file("project/pom.xml", POM);
    world.file("global.xml", "<settings><mirrors><mirror><id>maven-default-http-blocker</id><mirrorOf>external:http:*</mirrorOf><url>http://0.0.0.0/</url><blocked>true</blocked></mirror></mirrors></settings>");
    let args = ["status", "--project", "project", "--global-settings", "global.xml"];
    let ran = world.devkit(args);
    assert_snapshot!(ran.shown(world.path()), @"
    settings      ~/.m2/settings.xml (0 mirrors)
    installation  global.xml (blocks http)

       repository      url                                  declared in        what becomes of it
    ✗  corp-releases   http://nexus.corp.example/releases   project/pom.xml:5  blocked by maven-default-http-blocker (global.xml:1)
    ✗  corp-snapshots  http://nexus.corp.example/snapshots  project/pom.xml:6  blocked by maven-default-http-blocker (global.xml:1)

    lets them through: devkit mvn-unblock --repo corp-releases --repo corp-snapshots
    --- stderr ---
    --- exit 1 ---
    ");
    let document = world.json(1, &args);
    assert_eq!(document["repositories"].as_array().unwrap().len(), 3);
    assert_eq!(document["repositories"][2]["verdict"], "direct");
    // The command that is told is the one that helps.
    world.ends(0, ["--repo", "corp-releases", "--repo", "corp-snapshots"]);
    assert_eq!(world.ends(0, args).stderr, "");
}

#[test]
fn explain_gives_the_reasons_rule_by_rule() {
    let world = World::with(
        "<settings><mirrors>\n<mirror><id>nexus</id><mirrorOf>external:http:*, !corp</mirrorOf>\
         <url>http://nexus.example/</url></mirror>\n</mirrors></settings>",
    );
    let ran = world.devkit(["explain", "corp", "http://nexus.corp.example/releases"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("[blank-in-mirror-of]"), "{}", ran.stderr);
    assert_snapshot!(ran.stdout, @"
    repository corp (http://nexus.corp.example/releases): external http
       mirror                      mirrorOf                from                   why
    →  nexus                       external:http:*, !corp  ~/.m2/settings.xml:2   external:http:* matches
       maven-default-http-blocker  external:http:*         Maven 3.8.1 and newer  external:http:* matches, but nexus comes first
    ✓ Maven asks http://nexus.example/ in its place, with the credentials of server 'nexus'
    ");
}
