//! What every command promises: options, paths, secrets, and words that are so.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::world::World;
use crate::support::run;

const SETTINGS: &str = "<settings>\n  <servers/>\n</settings>\n";

/// Where the options of all commands stand makes no difference, and settings that are named before
/// the subcommand are its own.
#[test]
fn options_may_stand_before_the_subcommand() {
    let world = World::new();
    world.file("s.xml", SETTINGS);
    let after = world.json(0, &["status", "--settings", "s.xml"]);
    let before = world.ends(0, ["--json", "--settings", "s.xml", "status"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&before.stdout).unwrap(), after);
    assert_eq!(
        after["file"],
        std::fs::canonicalize(world.path().join("s.xml")).unwrap().to_str().unwrap()
    );
    let ran = world.ends(0, ["-q", "--settings", "s.xml", "explain", "a", "http://a/"]);
    assert_eq!(ran.stdout, "");
    for option in ["--repo=a", "--from-log=x", "--project=.", "-n", "--check", "--undo"] {
        let error = world.refusal(&[option, "status"]);
        assert_eq!(error["code"], "usage", "{option}: {error}");
    }
}

#[test]
fn paths_that_are_not_utf_8_are_told_in_base64() {
    use std::os::unix::ffi::OsStrExt as _;
    let world = World::new();
    let name = std::ffi::OsStr::from_bytes(b"n\xff.xml");
    let ran = world.ends(0, [std::ffi::OsStr::new("--settings"), name, "--json".as_ref()]);
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let file = STANDARD.decode(document["file"]["base64"].as_str().unwrap()).unwrap();
    assert!(file.ends_with(b"/n\xff.xml"), "{document}");
    world.ends(0, [std::ffi::OsStr::new("--settings"), name, "--undo".as_ref(), "--json".as_ref()]);
    assert_eq!(super::world::names(world.path()), ["home"]);
}

/// What is wrong in a password is not told by its own letters.
#[test]
fn a_password_that_is_no_xml_stays_hidden() {
    for password in
        ["pa&hunter2;x", "pa<hunter2>x", "pa\n&hunter2;x", "<hunter2 b c", "x</hunter2>"]
    {
        let text = format!(
            "<settings>\n<proxies><proxy>\n<password>{password}</password></proxy></proxies></settings>"
        );
        let world = World::with(&text);
        for args in
            [&["--check"][..], &["--check", "--json"], &["status"], &["explain", "a", "http://a"]]
        {
            let ran = world.ends(2, args);
            assert!(!ran.stderr.contains("hunter2"), "{password:?}: {}", ran.stderr);
            assert!(ran.stderr.contains("&amp;"), "{password:?}: {}", ran.stderr);
            assert_eq!(ran.stdout, "");
        }
    }
    // Where nothing stands, nothing is secret.
    for (text, why) in [("<!-- a -->\n", "there is no element"), ("<a>&x;</a>", "entity 'x'")] {
        let shown = World::with(text).ends(2, ["--check"]).stderr;
        assert!(shown.contains(why), "{text:?}: {shown}");
    }
    // A user alone may be a token, and come from the environment.
    let world = World::with(
        "<settings><profiles><profile><id>p</id><repositories><repository><id>a</id>\
         <url>http://${env.TOKEN}@a.example/</url></repository></repositories></profile></profiles></settings>",
    );
    for args in [&["status"][..], &["status", "--json"], &["--project", ".", "-n", "--json"]] {
        world.file("pom.xml", "<project/>");
        let mut command = world.command(args);
        command.env("TOKEN", "hunter2");
        let ran = run(command);
        assert!(ran.stdout.contains("http://***@a.example/"), "{}{}", ran.stdout, ran.stderr);
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("hunter2"), "{}", ran.stdout);
    }
}

#[test]
fn a_project_frees_what_it_can_and_tells_the_rest() {
    let settings = "<settings><profiles><profile><id>p</id><repositories><repository><id>in-profile</id>\
                    <url>http://b.example/</url></repository></repositories></profile></profiles></settings>";
    let world = World::with(settings);
    world.file(
        "pom.xml",
        "<project><repositories>\
         <repository><id>good</id><url>${nexus}/r</url></repository>\
         <repository><id>a,b</id><url>http://a.example/</url></repository>\
         <repository><id>unknown</id><url>${who.knows}/r</url></repository></repositories>\
         <profiles><profile><id>p</id><activation><activeByDefault>true</activeByDefault></activation>\
         <properties><nexus>http://nexus.example</nexus></properties></profile></profiles></project>",
    );
    let ran = world.ends(0, ["--project", ".", "-n"]);
    assert!(ran.stdout.contains("external:http:*,!good,!in-profile<"), "{}", ran.stdout);
    assert!(ran.stderr.contains("[bad-id]") && ran.stderr.contains("a,b"), "{}", ran.stderr);
    assert!(ran.stderr.contains("a property of unknown"), "{}", ran.stderr);
    // The same by way of standard input.
    let piped = world.fed(&["--settings", "-", "--project", "."], settings.as_bytes());
    assert!(piped.stdout.contains("external:http:*,!good,!in-profile<"), "{}", piped.stdout);
    // No command is told that would be refused.
    let ran = world.ends(1, ["status"]);
    assert!(
        ran.stdout
            .contains("lets them through: devkit mvn-unblock --repo good --repo in-profile\n"),
        "{}",
        ran.stdout
    );
    world.file("only/pom.xml", "<project><repositories><repository><id>a,b</id><url>http://a.example/</url></repository></repositories></project>");
    let error = World::new().refusal(&["--project", world.path().join("only").to_str().unwrap()]);
    assert_eq!(error["code"], "nothing-blocked");
}

#[test]
fn what_it_says_of_the_others_is_so() {
    let mirror = |id: &str, of: &str, url: &str, rest: &str| {
        format!(
            "<settings><mirrors><mirror><id>{id}</id><mirrorOf>{of}</mirrorOf><url>{url}</url>{rest}</mirror></mirrors></settings>"
        )
    };
    let world = World::with(mirror("nexus", "*,!corp", "http://nexus.example/", ""));
    let ran = world.ends(0, ["--repo", "corp"]);
    assert!(
        ran.stdout.contains("corp may use http:// now; a mirror stands in for"),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains("only corp"), "{}", ran.stdout);
    // A mirror that blocks https too is not Maven's blocker.
    let world = World::with(mirror("lockdown", "*", "http://0.0.0.0/", "<blocked>true</blocked>"));
    let error = world.refusal(&[]);
    assert_eq!(error["code"], "still-blocked");
    assert!(world.ends(2, [""; 0]).stderr.contains("lockdown"));
    // Nor is one of the installation's own.
    let world = World::with(SETTINGS);
    world.file("maven/bin/mvn", "");
    // Only what can be run is a program of the PATH.
    let program = fs::Permissions::from_mode(0o755);
    fs::set_permissions(world.path().join("maven/bin/mvn"), program).unwrap();
    world.file(
        "maven/conf/settings.xml",
        mirror("corp-blocker", "external:http:*", "http://0.0.0.0/", "<blocked>true</blocked>"),
    );
    let mut command = world.command(["--repo", "a"]);
    command.env("PATH", world.path().join("maven/bin")).env("MAVEN_HOME", "/nonexistent");
    let ran = run(command);
    assert!(
        ran.stderr.contains("[installation-blocks]") && ran.stderr.contains("corp-blocker"),
        "{}",
        ran.stderr
    );
    let mut command = world.command(["explain", "a", "http://a.example/"]);
    command.env("PATH", world.path().join("maven/bin"));
    let ran = run(command);
    assert!(
        ran.stdout.contains("maven/conf/settings.xml is where to change that"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_file_that_maven_reads_all_the_same_is_not_warned_of() {
    let world = World::with(SETTINGS);
    let settings = world.settings();
    world.file(".mvn/maven.config", format!("-s\n{}\n", settings.display()));
    std::os::unix::fs::symlink(world.home(), world.path().join("link")).unwrap();
    let mut command = world.command(["-n"]);
    command.env("HOME", world.path().join("link"));
    let ran = run(command);
    assert!(!ran.stderr.contains("warning:"), "{}", ran.stderr);
    let error = world.refusal(&["status", "--global-settings", "nowhere.xml"]);
    assert_eq!(error["code"], "io");
}

/// Maven takes a parent that lies beside the POM only if it is the one that is meant.
#[test]
fn a_parent_of_another_version_is_not_the_one() {
    let world = World::with(SETTINGS);
    let parent = |version: &str| {
        format!(
            "<parent><groupId>g</groupId><artifactId>par</artifactId><version>{version}</version></parent>"
        )
    };
    world.file(
        "pom.xml",
        "<project><groupId>g</groupId><artifactId>par</artifactId><version>1</version><repositories>\
         <repository><id>of-parent</id><url>http://a.example/</url></repository></repositories></project>",
    );
    for (version, found) in [("1", true), ("${revision}", true), ("2", false)] {
        world.file("child/pom.xml", format!("<project>{}</project>", parent(version)));
        let document = world.json(i32::from(found), &["status", "--project", "child"]);
        let repositories = document["repositories"].as_array().unwrap();
        assert_eq!(repositories.len(), usize::from(found), "{version}: {document}");
        let told = document["warnings"].as_array().unwrap().iter();
        let told = told.filter(|warning| warning["code"] == "remote-parent").count();
        assert_eq!(told, usize::from(!found), "{version}: {document}");
    }
}
