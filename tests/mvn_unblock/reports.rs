//! What `status` finds, for those who show it beside the lines; and that no report has what is foreign as
//! it is.

use insta::assert_snapshot;

use super::world::World;
use crate::support::sarif::{need_validator, results, validated};

/// A mirror that matches nothing, and a project with a repository that is blocked.
fn world() -> World {
    let world = World::with(
        "<settings>\n  <mirrors>\n    <mirror><id>m</id><mirrorOf>corp-*</mirrorOf>\
         <url>http://m.corp.example/</url></mirror>\n  </mirrors>\n</settings>\n",
    );
    world.file(
        "app/数 a/pom.xml",
        "<project>\n <repositories>\n  <!-- 数 --> <repository><id>corp</id>\
         <url>http://corp.example/</url></repository>\n  <repository><id>ok</id>\
         <url>https://ok.example/</url></repository>\n </repositories>\n</project>\n",
    );
    world
}

#[test]
fn annotations_stand_beside_the_line_that_declares_a_repository() {
    let world = world();
    let ran = world.ends(1, ["status", "--project", "app/数 a", "--report", "github"]);
    assert_snapshot!(ran.shown(world.path()), @"
    ::warning file=home/.m2/settings.xml,line=3,col=5,title=mvn-unblock no-wildcard::'corp-*' in the pattern of 'm' matches nothing: Maven knows *, external:* and external:http:*, and else whole ids
    ::error file=app/数 a/pom.xml,line=3,col=14,title=mvn-unblock repository-blocked::repository 'corp' (http://corp.example/) is blocked%0Acause: 'maven-default-http-blocker' of Maven 3.8.1 and newer%0Ahint: devkit mvn-unblock --repo corp lets it through
    --- stderr ---
    --- exit 1 ---
    ");
    let ran = world.ends(1, ["status", "--project", "app/数 a", "--report", "sarif"]);
    assert_snapshot!(results(&ran).join("\n").replace(&*world.path().to_string_lossy(), "DIR"), @"
    warning no-wildcard home/.m2/settings.xml:3:5
    error repository-blocked app/%E6%95%B0%20a/pom.xml:3:14
    ");
    // The settings lie below the folder here, and then their address is relative, too.
    let settings = "home/.m2/settings.xml";
    let ran = world.ends(0, ["status", "--settings", settings, "--report", "sarif"]);
    assert_snapshot!(results(&ran).join("\n"), @"warning no-wildcard home/.m2/settings.xml:3:5");
    let ran = world.fed(&["status", "--settings", "-", "--report", "github"], b"<x:settings/>");
    assert_snapshot!(ran.shown(world.path()), @"
    --- stderr ---
    error: standard input is no settings file that Maven reads [not-settings]
      standard input:1:1
      |
    1 | <x:settings/>
      | ^ the root element is <x:settings>, and Maven ignores what is in one with a prefix
      hint:  settings are <settings> without a prefix; name another file with --settings
    --- exit 2 ---
    ");
    let wrong = world.ends(2, ["status", "--report", "sarif", "--json"]);
    assert!(
        wrong.stderr.contains("[usage]") || wrong.stderr.contains("\"usage\""),
        "{}",
        wrong.stderr
    );
}

#[test]
fn sarif_is_what_its_authors_want() {
    let Some(validator) = need_validator() else { return };
    let world = world();
    for args in [&["--project", "app/数 a"][..], &["--settings", "home/.m2/settings.xml"]] {
        let ran = world.devkit([&["status", "--report", "sarif"], args].concat());
        validated(&validator, &ran.stdout);
    }
    let settings =
        b"<settings><mirrors><mirror><id>a</id><mirrorOf>b*</mirrorOf><url>c</url></mirror>\
        </mirrors></settings>";
    let ran = world.fed(&["status", "--settings", "-", "--report", "sarif"], settings);
    validated(&validator, &ran.stdout);
}

/// An id, a URL, an encoding, a path: none reaches a reader with what moves or hides text.
#[test]
fn nothing_foreign_is_printed_as_it_is() {
    let evil = "\u{202e}\u{200f}\u{61c}e";
    let world = World::with(format!(
        "<settings><mirrors><mirror><id>m{evil}</id><mirrorOf>c{evil}*, x</mirrorOf>\
         <url>http://{evil}.example/</url></mirror></mirrors></settings>"
    ));
    let pom = format!(
        "<project><repositories><repository><id>r{evil}</id><url>http://x/{evil}</url></repository>\
         </repositories><modules><module>{evil}</module></modules></project>"
    );
    world.file(&format!("{evil}/pom.xml"), pom);
    world.file("latin.xml", "<?xml version=\"1.0\" encoding=\"x\u{1b}[31m\u{9b}\"?><settings/>");
    world
        .file("xml.xml", format!("<?xml version=\"1.0\" standalone=\"{evil}\u{1b}\"?><settings/>"));
    world.file("root.xml", format!("<s{evil}/>"));
    world.file("tag.xml", format!("<settings>\u{7f}<{evil}\u{1b}></settings>"));
    for files in [
        &["status", "--project", evil][..],
        &["status", "--settings", "latin.xml"],
        &["status", "--settings", "xml.xml"],
        &["status", "--settings", "root.xml"],
        &["status", "--settings", "tag.xml"],
        &["status", "--settings", evil],
        &["--project", evil, "--check"],
        &["--settings", "tag.xml"],
        &["explain", evil, evil],
        &["--repo", evil, "--check"],
    ] {
        for form in [&[][..], &["--json"], &["--report", "github"], &["--report", "sarif"], &["-v"]]
        {
            if form.first() == Some(&"--report") && files[0] != "status" {
                continue;
            }
            let ran = world.devkit([files, form].concat());
            for text in [&ran.stdout, &ran.stderr] {
                let plain = text.replace('\n', "");
                let bad = plain
                    .chars()
                    .find(|c| c.is_control() || "\u{202e}\u{200f}\u{61c}".contains(*c));
                assert_eq!(bad, None, "{files:?} {form:?}: {text:?}");
            }
        }
    }
}
