//! Maven's rules as tables, and edits as laws.

use std::path::Path;

use devkit_report::Position;
use proptest::prelude::*;

use crate::mirror::{self, BLOCKER, Match, NO_MATCH, Origin, matching};
use crate::{
    Change, EncodingError, Error, Mirror, Parsed, Plan, Repository, RepositoryId, Request,
    Settings, Text, Undo, Verdict, log, mask, masked, plan, undo,
};

fn none(_: &str) -> Option<String> {
    None
}

fn mirror(id: &str, mirror_of: &str) -> Mirror {
    Mirror {
        id: id.into(),
        url: "http://mirror.example/".into(),
        mirror_of: mirror_of.into(),
        layouts: "default".into(),
        blocked: false,
        origin: Origin::Stock,
    }
}

fn scoped(ids: &[&str]) -> Request {
    Request::Scoped(ids.iter().map(|id| RepositoryId::parse(id).unwrap()).collect())
}

fn change(text: &str, request: &Request) -> Plan {
    plan(Path::new("settings.xml"), Some(text.as_bytes()), request, &none).unwrap()
}

fn changed(text: &str, request: &Request) -> String {
    String::from_utf8(change(text, request).output).unwrap()
}

fn refusal(bytes: &[u8]) -> Error {
    plan(Path::new("settings.xml"), Some(bytes), &Request::Open, &none).unwrap_err()
}

/// Whether a repository is let through by these settings, with an installation as it comes.
fn is_open(bytes: &[u8], id: &str) -> bool {
    let parsed = Parsed::new(bytes).unwrap();
    let mirrors = Settings::read(&parsed, &none).unwrap().mirrors();
    let effective = mirror::merged(&mirrors, &[Mirror::stock()]);
    mirror::verdict(&effective, &Repository::new(id, "http://x.example/")).0.is_open()
}

/// Measured on 3.8.7 and 3.9.9.
#[test]
fn external_http_is_by_protocol_and_exact_host() {
    for (url, external) in [
        ("http://nexus.example/", true),
        ("HTTP://nexus.example/", true),
        ("dav://nexus.example/", true),
        ("dav:http://nexus.example/", true),
        ("dav+http://nexus.example/", true),
        ("DAV:HTTP://nexus.example/", true),
        ("http://127.0.0.2/", true),
        ("http://[::1]/", true),
        ("http://LOCALHOST/", true),
        ("http://localhost.example/", true),
        ("http://user:pw@nexus.example/", true),
        ("http:nexus", true),
        ("http://localhost/", false),
        ("http://localhost:8081/x", false),
        ("http://127.0.0.1/", false),
        ("http://user:pw@127.0.0.1/", false),
        ("http://user@localhost/", false),
        ("dav:http://localhost/", false),
        ("https://nexus.example/", false),
        ("dav:https://nexus.example/", false),
        ("file:///srv/repository", false),
        ("ftp://nexus.example/", false),
        ("nexus.example", false),
        ("", false),
    ] {
        assert_eq!(Repository::new("a", url).is_external_http(), external, "{url}");
    }
}

/// Measured on 3.8.7 and 3.9.9, too.
#[test]
fn patterns_match_as_in_the_resolver() {
    let http = Repository::new("corp", "http://nexus.example/");
    for (pattern, expected) in [
        ("corp", Match::WholeId),
        ("*", Match::Wildcard("*")),
        ("external:*", Match::Wildcard("external:*")),
        ("external:http:*", Match::Wildcard("external:http:*")),
        ("a,corp", Match::Id),
        ("a, corp", Match::No),
        ("corp,", Match::Id),
        ("external:http:*,!corp", Match::Excluded),
        ("!corp,external:http:*", Match::Excluded),
        ("external:http:*, !corp", Match::Wildcard("external:http:*")),
        ("external:http:* ,!corp", Match::Excluded),
        ("external:http:*,!cor*", Match::Wildcard("external:http:*")),
        ("external:http:*,!CORP", Match::Wildcard("external:http:*")),
        ("corp,!corp", Match::Id),
        ("!corp,corp", Match::Excluded),
        ("!", Match::No),
        ("!*", Match::No),
        ("dummy", Match::No),
        (NO_MATCH, Match::No),
        ("external:https:*", Match::No),
        ("", Match::No),
    ] {
        assert_eq!(matching(&mirror("m", pattern), &http), expected, "{pattern:?}");
    }
    let local = Repository::new("corp", "http://localhost/");
    assert_eq!(matching(&mirror("m", "external:*"), &local), Match::No);
    let file = Repository::new("corp", "file:///x");
    assert_eq!(matching(&mirror("m", "external:*"), &file), Match::No);
    let https = Repository::new("corp", "https://nexus.example/");
    assert_eq!(matching(&mirror("m", "external:*"), &https), Match::Wildcard("external:*"));
}

#[test]
fn layouts_narrow_a_mirror() {
    let of = |layouts: &str, layout: Option<&str>| {
        let mirror = Mirror { layouts: layouts.into(), ..mirror("m", "*") };
        let repository =
            Repository { layout: layout.map(Into::into), ..Repository::new("a", "x:") };
        matching(&mirror, &repository).matches()
    };
    for (layouts, layout, expected) in [
        ("default", None, true),
        ("", None, true),
        ("*", Some("legacy"), true),
        ("legacy", None, false),
        ("legacy,default", None, true),
        ("*,!legacy", Some("legacy"), false),
        ("*,!legacy", None, true),
        ("default", Some("p2"), false),
    ] {
        assert_eq!(of(layouts, layout), expected, "{layouts} {layout:?}");
    }
}

#[test]
fn a_whole_id_counts_before_all_lists_and_the_first_of_an_id_wins() {
    let http = Repository::new("corp", "http://nexus.example/");
    let list = [mirror("a", "*"), mirror("b", "x,corp"), mirror("c", "corp")];
    assert_eq!(mirror::choose(&list, &http), Some((2, Match::WholeId)));
    assert_eq!(mirror::choose(&list[..2], &http), Some((0, Match::Wildcard("*"))));
    let user = [mirror("a", "x"), mirror("a", "*")];
    let merged = mirror::merged(&user, &[mirror("a", "y"), mirror("b", "z")]);
    let patterns: Vec<_> = merged.iter().map(|mirror| mirror.mirror_of.as_str()).collect();
    assert_eq!(patterns, ["x", "z"]);
}

#[test]
fn an_id_can_stand_in_a_list_or_is_refused() {
    for id in ["corp", "corp-releases", "a.b_c", "中央", "a b"] {
        assert_eq!(RepositoryId::parse(id).unwrap().as_str(), id);
    }
    for id in [
        "",
        "*",
        "a,b",
        "!a",
        " a",
        "a ",
        "a:b",
        "http://nexus.example/",
        "a\nb",
        "a|b",
        "a\u{fffe}",
        "${env.X}",
    ] {
        assert!(RepositoryId::parse(id).is_err(), "{id:?}");
    }
}

const FILE: &str = "\
<settings>
  <servers>
    <server>
      <id>corp</id>
    </server>
  </servers>
  <mirrors>
    <mirror>
      <id>nexus</id>
      <mirrorOf>inner</mirrorOf>
      <url>http://nexus.example/</url>
    </mirror>
  </mirrors>
</settings>
";

#[test]
fn an_entry_goes_to_the_end_of_mirrors_in_the_style_of_its_neighbours() {
    let entry = "
    <mirror>
      <id>maven-default-http-blocker</id>
      <mirrorOf>external:dont-match-anything-mate:*</mirrorOf>
      <url>http://0.0.0.0/</url>
    </mirror>
  </mirrors>";
    assert_eq!(changed(FILE, &Request::Open), FILE.replace("\n  </mirrors>", entry));
    let scoped_entry = entry
        .replace(NO_MATCH, "external:http:*,!corp,!b")
        .replace("0.0/</url>", "0.0/</url>\n      <blocked>true</blocked>");
    let out = changed(FILE, &scoped(&["corp", "b", "corp"]));
    assert_eq!(out, FILE.replace("\n  </mirrors>", &scoped_entry));
    // Line ends and tabs are taken over.
    let windows = FILE.replace('\n', "\r\n").replace("  ", "\t");
    let out = changed(&windows, &Request::Open);
    let expected = FILE.replace("\n  </mirrors>", entry).replace('\n', "\r\n").replace("  ", "\t");
    assert_eq!(out, expected);
}

/// Each: what there is, what it becomes.
#[test]
fn every_way_to_write_the_section_stays_as_it_is() {
    let inline = "<mirror><id>maven-default-http-blocker</id>\
                  <mirrorOf>external:dont-match-anything-mate:*</mirrorOf>\
                  <url>http://0.0.0.0/</url></mirror>";
    let lines = |indent: &str| {
        format!(
            "\n{indent}  <mirror>\n{indent}    <id>maven-default-http-blocker</id>\n{indent}    \
             <mirrorOf>external:dont-match-anything-mate:*</mirrorOf>\n{indent}    \
             <url>http://0.0.0.0/</url>\n{indent}  </mirror>"
        )
    };
    let (two, none) = (lines("  "), lines(""));
    for (before, after) in [
        ("<settings/>".into(), format!("<settings><mirrors>{inline}</mirrors></settings>")),
        (
            "<settings></settings>".into(),
            format!("<settings><mirrors>{inline}</mirrors></settings>"),
        ),
        (
            "<settings a='b' />\n".into(),
            format!("<settings a='b' ><mirrors>{inline}</mirrors></settings>\n"),
        ),
        (
            "<?xml version=\"1.0\"?>\n<settings/>".into(),
            format!(
                "<?xml version=\"1.0\"?>\n<settings>\n  <mirrors>{two}\n  </mirrors>\n</settings>"
            ),
        ),
        (
            "<settings>\n</settings>".into(),
            format!("<settings>\n  <mirrors>{two}\n  </mirrors>\n</settings>"),
        ),
        (
            "<settings>\n  <mirrors/>\n</settings>".into(),
            format!("<settings>\n  <mirrors>{two}\n  </mirrors>\n</settings>"),
        ),
        (
            "<settings>\n  <mirrors></mirrors>\n</settings>".into(),
            format!("<settings>\n  <mirrors>{two}\n  </mirrors>\n</settings>"),
        ),
        (
            "<settings>\n  <mirrors>\n  </mirrors>\n</settings>".into(),
            format!("<settings>\n  <mirrors>{two}\n  </mirrors>\n</settings>"),
        ),
        (
            "<settings>\n<mirrors>\n<!-- none -->\n</mirrors>\n</settings>".into(),
            format!("<settings>\n<mirrors>\n<!-- none -->{none}\n</mirrors>\n</settings>"),
        ),
        (
            "<settings><mirrors/></settings>\n".into(),
            format!("<settings><mirrors>{inline}</mirrors></settings>\n"),
        ),
        (
            "<settings><offline>false</offline></settings>".into(),
            format!("<settings><offline>false</offline><mirrors>{inline}</mirrors></settings>"),
        ),
        (
            "<settings>\n    <offline>false</offline>\n</settings>".into(),
            format!(
                "<settings>\n    <offline>false</offline>\n    <mirrors>{}\n    </mirrors>\n</settings>",
                two.replace("      ", "            ")
                    .replace("    <mirror>", "        <mirror>")
                    .replace("    </mirror>", "        </mirror>")
            ),
        ),
    ] {
        let before: String = before;
        assert_eq!(changed(&before, &Request::Open), after, "{before}");
    }
}

#[test]
fn a_missing_or_empty_file_is_made_and_can_be_taken_back() {
    for current in [None, Some(&b""[..]), Some(b" \r\n\t"), Some(b"\xef\xbb\xbf\n")] {
        for request in [Request::Open, scoped(&["a", "b"])] {
            let made = plan(Path::new("settings.xml"), current, &request, &none).unwrap();
            assert_eq!(made.change, Change::Create);
            assert!(is_open(&made.output, "a"));
            assert_eq!(is_open(&made.output, "other"), request == Request::Open);
            let expected = if current.is_some() { Undo::Restore } else { Undo::Remove };
            assert_eq!(undo(Some(&made.output), current, &none), expected);
            // A backup of a file that was there before it went away.
            let old = Some(&b"<settings/>"[..]);
            assert_eq!(undo(Some(&made.output), old, &none), Undo::Remove);
        }
    }
}

const COPY: &str = "\
<settings>
  <mirrors>
    <mirror>
      <id>maven-default-http-blocker</id>
      <mirrorOf>external:http:*</mirrorOf>
      <name>Pseudo</name>
      <url>http://0.0.0.0/</url>
      <blocked>true</blocked>
    </mirror>
  </mirrors>
</settings>
";

#[test]
fn a_copy_of_the_blocker_is_edited_in_place_and_back_and_forth() {
    let open =
        COPY.replace("external:http:*", NO_MATCH).replace("      <blocked>true</blocked>\n", "");
    assert_eq!(changed(COPY, &Request::Open), open);
    let one = changed(COPY, &scoped(&["a"]));
    assert_eq!(one, COPY.replace("http:*", "http:*,!a"));
    // Beside those that were free before.
    let two = changed(&one, &scoped(&["b"]));
    assert_eq!(two, COPY.replace("http:*", "http:*,!a,!b"));
    assert_eq!(change(&two, &scoped(&["b", "a"])).change, Change::None);
    // From one form to the other.
    assert_eq!(changed(&two, &Request::Open), open);
    let narrowed = changed(&open, &scoped(&["c"]));
    assert!(narrowed.contains("<mirrorOf>external:http:*,!c</mirrorOf>"));
    assert!(narrowed.contains("<url>http://0.0.0.0/</url>\n      <blocked>true</blocked>\n"));
    assert_eq!(changed(&narrowed, &Request::Open), open);
}

/// What is wrong is mended, and what is inert explained.
#[test]
fn recipes_that_do_not_work_are_recognised() {
    let dead = COPY.replace("<blocked>true", "<blocked>false");
    let blank = COPY.replace("http:*<", "http:*, !inner<");
    let twice = COPY.replace(
        "  </mirrors>",
        "    <mirror>\n      <id>maven-default-http-blocker</id>\n      <mirrorOf>dummy</mirrorOf>\n      \
         <url>http://0.0.0.0/</url>\n    </mirror>\n  </mirrors>",
    );
    let comment = COPY.replace("<mirror>", "<!-- <mirror>").replace("</mirror>", "</mirror> -->");
    let profile = "<settings>\n  <profiles>\n    <profile>\n      <mirrors/>\n    </profile>\n  \
                   </profiles>\n</settings>\n";
    let outside = "<settings>\n  <mirror>\n    <id>a</id>\n  </mirror>\n</settings>\n";
    let word = COPY.replace("<blocked>true", "<blocked>yes");
    let hijack = COPY.replace("http://0.0.0.0/", "http://nexus.example/").replace("true", "false");
    let glob = COPY.replace("http:*<", "http:*,!corp*<");
    for (name, text, code, fixed) in [
        ("dead", dead.as_str(), "dead-mirror", true),
        ("blank", &blank, "blank-in-mirror-of", true),
        ("twice", &twice, "shadowed-mirror", false),
        ("comment", &comment, "commented-out-blocker", true),
        ("profile", profile, "mirrors-in-profile", false),
        ("outside", outside, "mirror-outside-mirrors", false),
        ("word", &word, "blocked-not-true", true),
        ("hijack", &hijack, "hijacks-http", false),
        ("glob", &glob, "no-wildcard", true),
    ] {
        let plan = change(text, &Request::Open);
        let note = plan.notes.iter().find(|note| note.code == code);
        let note = note.unwrap_or_else(|| panic!("{name}: {:?}", plan.notes));
        assert_eq!(note.detail.fixed, fixed, "{name}");
        assert!(is_open(&plan.output, "anything"), "{name}");
        // Only what sends all of http elsewhere works already.
        assert_eq!(plan.change == Change::None, name == "hijack", "{name}");
    }
    // Scoped, the exclusion that was meant is mended too.
    let out = changed(&blank, &scoped(&["corp"]));
    assert!(out.contains("<mirrorOf>external:http:*,!inner,!corp</mirrorOf>"));
}

#[test]
fn what_works_already_is_left_alone() {
    let entry = |id: &str, of: &str, more: &str| {
        format!(
            "<settings><mirrors><mirror><id>{id}</id><mirrorOf>{of}</mirrorOf>\
             <url>http://nexus.example/</url>{more}</mirror></mirrors></settings>"
        )
    };
    for text in [
        entry(BLOCKER, "dummy", ""),
        entry(BLOCKER, "dummy", "").replace("nexus.example", "0.0.0.0"),
        entry(BLOCKER, "!*", "<blocked>false</blocked>"),
        entry(BLOCKER, "nothing:*", "<blocked>true</blocked>"),
        entry("nexus", "*", ""),
        entry("nexus", "external:*", ""),
        entry("nexus", "external:http:*", ""),
    ] {
        assert_eq!(change(&text, &Request::Open).change, Change::None, "{text}");
    }
    for text in [entry("nexus", "*,!corp", ""), entry("nexus", "corp", "")] {
        assert_eq!(change(&text, &Request::Open).change, Change::Edit, "{text}");
    }
    for text in [
        entry(BLOCKER, "external:http:*,!corp", "<blocked>TRUE</blocked>"),
        entry(BLOCKER, "!corp,!b,external:http:*", "<blocked>true</blocked>"),
        entry("nexus", "corp", ""),
        entry("nexus", "*", ""),
    ] {
        assert_eq!(change(&text, &scoped(&["corp"])).change, Change::None, "{text}");
    }
    // Somebody's mirror under the blocker's id is no override to be narrowed.
    let own = entry(BLOCKER, "corp", "");
    assert_eq!(change(&own, &scoped(&["b"])).change, Change::None);
}

#[test]
fn a_blocker_of_ones_own_is_opened_where_it_catches_everything() {
    let own = COPY.replace(BLOCKER, "no-http");
    let open = change(&own, &Request::Open);
    assert!(is_open(&open.output, "anything"));
    let one = change(&own, &scoped(&["corp"]));
    assert!(is_open(&one.output, "corp") && !is_open(&one.output, "other"));
    // A blocker of a single repository is meant; only asking for that repository opens it.
    let single = COPY.replace(BLOCKER, "no-corp").replace("external:http:*", "corp");
    let open = change(&single, &Request::Open);
    assert!(is_open(&open.output, "other") && !is_open(&open.output, "corp"));
    let one = change(&single, &scoped(&["corp"]));
    assert!(is_open(&one.output, "corp") && !is_open(&one.output, "other"));
    for (before, plan) in [(&own, change(&own, &Request::Open)), (&single, one)] {
        assert_eq!(undo(Some(&plan.output), Some(before.as_bytes()), &none), Undo::Restore);
    }
}

#[test]
fn properties_are_resolved_as_maven_does() {
    let value = |name: &str| (name == "env.ID").then(|| BLOCKER.to_owned());
    let text = COPY.replace(BLOCKER, "${env.ID}");
    let made =
        plan(Path::new("settings.xml"), Some(text.as_bytes()), &Request::Open, &value).unwrap();
    assert_eq!(made.after.len(), 1);
    assert_eq!(made.before[0].id, BLOCKER);
    // Without the value it is an id like any other, which blocks.
    assert_eq!(change(&text, &Request::Open).after.len(), 2);
}

#[test]
fn undo_refuses_a_file_that_has_changed_since() {
    let made = change(FILE, &Request::Open);
    let mine = String::from_utf8(made.output.clone()).unwrap().replace("inner", "outer");
    let Undo::Changed { left } = undo(Some(mine.as_bytes()), Some(FILE.as_bytes()), &none) else {
        panic!("it is taken back");
    };
    assert_eq!(left, made.output);
    assert_eq!(undo(Some(FILE.as_bytes()), None, &none), Undo::Nothing);
    assert_eq!(undo(None, None, &none), Undo::Nothing);
    assert!(matches!(undo(None, Some(FILE.as_bytes()), &none), Undo::Changed { .. }));
}

fn at(line: usize, column: usize) -> Position {
    Position { line, column }
}

/// What Maven 3.8.7, 3.9.16 and 4.0.0-rc-6 refuse.
#[test]
#[expect(clippy::too_many_lines, reason = "a table of facts")]
fn what_is_no_xml_or_no_settings_is_refused_with_its_place() {
    let inside = |content: &str| format!("<settings>\n  {content}\n</settings>\n");
    let entry = "<mirror><id>a</id><mirrorOf>b</mirrorOf><url>c:</url></mirror>";
    for (text, code, place) in [
        ("<settings>".to_owned(), "malformed", at(1, 1)),
        ("<settings>\n</setings>".into(), "malformed", at(2, 1)),
        ("</settings>".into(), "malformed", at(1, 1)),
        ("<settings/>\n<settings/>".into(), "malformed", at(2, 1)),
        ("<settings/>\nx".into(), "malformed", at(2, 1)),
        ("x<settings/>".into(), "malformed", at(1, 1)),
        ("<!-- only -->".into(), "malformed", at(1, 14)),
        (inside("<!-- a -- b -->"), "malformed", at(2, 3)),
        (inside("<!-- a --->"), "malformed", at(2, 3)),
        (inside("<!-- a"), "malformed", at(2, 3)),
        (inside("a & b"), "malformed", at(2, 5)),
        (inside("&nbsp;"), "malformed", at(2, 3)),
        (inside("&#1;"), "malformed", at(2, 3)),
        (inside("&#xD800;"), "malformed", at(2, 3)),
        (inside("&#+65;"), "malformed", at(2, 3)),
        (inside("]]>"), "malformed", at(2, 3)),
        (inside("<a b='1' b='2'/>"), "malformed", at(2, 12)),
        (inside("<a b=1/>"), "malformed", at(2, 6)),
        (inside("<a b/>"), "malformed", at(2, 6)),
        (inside("<a b='<'/>"), "malformed", at(2, 6)),
        (inside("<a b='&x;'/>"), "malformed", at(2, 6)),
        (inside("<a b='1'c='2'/>"), "malformed", at(2, 11)),
        (inside("<1a/>"), "malformed", at(2, 3)),
        (inside("<a"), "malformed", at(3, 1)),
        (inside("<![CDATA[ x"), "malformed", at(2, 3)),
        (inside("\u{1}"), "malformed", at(2, 3)),
        (inside("\u{fffe}"), "malformed", at(2, 3)),
        (inside("<?XML a?>"), "malformed", at(2, 3)),
        (inside("<?xml version='1.0'?>"), "malformed", at(2, 3)),
        ("<?xml version='1.1'?><settings/>".into(), "malformed", at(1, 1)),
        ("<?xml encoding='UTF-8'?><settings/>".into(), "malformed", at(1, 1)),
        ("<?xml version='1.0' encoding=''?><settings/>".into(), "encoding", at(0, 0)),
        (
            "<?xml version='1.0' standalone='yes' encoding='UTF-8'?><settings/>".into(),
            "malformed",
            at(1, 1),
        ),
        (
            "<!DOCTYPE settings [<!ENTITY c 'x'>]><settings>&c;</settings>".into(),
            "malformed",
            at(1, 48),
        ),
        ("<settings/><!DOCTYPE settings>".into(), "malformed", at(1, 12)),
        (inside("<mirrors/>\n  <mirrors/>"), "duplicate-section", at(3, 3)),
        (inside("<offline/><offline/>"), "duplicate-section", at(2, 13)),
        (inside(&format!("<mirrors>x{entry}</mirrors>")), "malformed", at(2, 12)),
        (
            inside(
                &entry
                    .replace("<id>", "<id>x</id><id>")
                    .replace("<mirror>", "<mirrors><mirror>")
                    .replace("</mirror>", "</mirror></mirrors>"),
            ),
            "duplicate-section",
            at(2, 30),
        ),
        (
            inside("<mirrors><mirror><id>a</id><url>b</url></mirror></mirrors>"),
            "malformed",
            at(2, 12),
        ),
        (
            inside(
                "<mirrors><mirror><id>a</id><mirrorOf>b</mirrorOf><url> </url></mirror></mirrors>",
            ),
            "malformed",
            at(2, 12),
        ),
        (
            inside("<mirrors><mirror><id/><mirrorOf>b</mirrorOf><url>c</url></mirror></mirrors>"),
            "malformed",
            at(2, 12),
        ),
        (
            inside(
                "<mirrors><mirror><id><b/></id><mirrorOf>b</mirrorOf><url>c</url></mirror></mirrors>",
            ),
            "malformed",
            at(2, 24),
        ),
        (inside("<proxies><proxy/></proxies>"), "malformed", at(2, 12)),
        (
            inside(
                "<profiles><profile><repositories><repository><id>a</id></repository>\
                    </repositories></profile></profiles>",
            ),
            "malformed",
            at(2, 36),
        ),
        ("<project/>".into(), "not-settings", at(1, 1)),
        ("<m:settings xmlns:m='x'/>".into(), "not-settings", at(1, 1)),
        (inside("<m:mirrors xmlns:m='x'/>"), "not-settings", at(2, 3)),
    ] {
        let error = refusal(text.as_bytes());
        assert_eq!(error.code(), code, "{text}: {error}");
        assert_eq!(error.at().unwrap_or(at(0, 0)), place, "{text}: {error}");
    }
    assert_eq!(
        refusal(format!("<settings>{}", "<a>".repeat(100_000)).as_bytes()).code(),
        "malformed"
    );
}

#[test]
fn what_only_some_readers_die_of_is_edited_with_a_warning() {
    for (text, code) in [
        ("<settings><!-- \u{1f600} --></settings>", "wide-character-in-comment"),
        ("<settings><?x a>b?></settings>", "greater-than-in-instruction"),
        ("<!DOCTYPE settings SYSTEM 'a>b'><settings/>", "quotes-in-doctype"),
        ("<!DOCTYPE settings [<!ENTITY c 'a]b'>]><settings/>", "quotes-in-doctype"),
        ("<?xml-stylesheet href='a'?><settings/>", "instruction-named-xml"),
        ("<settings><a:b/></settings>", "unknown-prefix"),
        ("\n<?xml version='1.0'?><settings/>", "space-before-declaration"),
        ("<Settings/>", "root-name"),
    ] {
        let plan = change(text, &Request::Open);
        assert_eq!(plan.change, Change::Edit, "{text}");
        let codes: Vec<_> = plan.notes.iter().map(|note| &*note.code).collect();
        assert_eq!(codes, [code], "{text}");
    }
    for text in [
        "<!DOCTYPE settings [<!ENTITY c 'a>b'>]><settings/>",
        "<settings xmlns:a='x'><a:b/><b a:c='1'/></settings>",
        "<settings><b xml:space='preserve'/></settings>",
        "<?xml version='1.0' encoding=\"UTF-8\" standalone='yes' ?><settings/>",
        "<settings><?x y?></settings><!-- end --><?x?>\n",
    ] {
        assert_eq!(change(text, &Request::Open).notes, [], "{text}");
    }
}

#[test]
fn encodings_are_found_as_maven_finds_them() {
    let wide = |text: &str, low_first: bool| -> Vec<u8> {
        let pair = |unit: u16| if low_first { unit.to_le_bytes() } else { unit.to_be_bytes() };
        text.encode_utf16().flat_map(pair).collect()
    };
    let with = |mark: &[u8], bytes: Vec<u8>| [mark, &bytes].concat();
    let declared = |name: &str| format!("<?xml version='1.0' encoding='{name}'?><settings/>");
    for (bytes, encoding) in [
        (b"<settings/>".to_vec(), "UTF-8"),
        (b"\xef\xbb\xbf<settings/>".to_vec(), "UTF-8"),
        (with(b"\xef\xbb\xbf", declared("GBK").into()), "UTF-8"),
        (with(b"\xff\xfe", wide("<settings/>", true)), "UTF-16LE"),
        (with(b"\xfe\xff", wide(&declared("UTF-16"), false)), "UTF-16BE"),
        (with(b"\xff\xfe", wide(&declared("UTF-16LE"), true)), "UTF-16LE"),
        (wide(&declared("UTF-16"), true), "UTF-16LE"),
        (wide(&declared("UTF-16BE"), false), "UTF-16BE"),
        (declared("GBK").into(), "GBK"),
        (declared("gb18030").into(), "gb18030"),
        (declared("ISO-8859-1").into(), "ISO-8859-1"),
        (declared("ISO8859_1").into(), "ISO-8859-1"),
        (declared("latin1").into(), "ISO-8859-1"),
        (declared("windows-1252").into(), "windows-1252"),
        (declared("Cp1252").into(), "windows-1252"),
        (declared("US-ASCII").into(), "US-ASCII"),
        (declared("Shift_JIS").into(), "Shift_JIS"),
        (declared("ISO8859_15").into(), "ISO-8859-15"),
        (declared("KOI8-R").into(), "KOI8-R"),
    ] {
        let text = Text::decode(&bytes).unwrap_or_else(|error| panic!("{encoding}: {error}"));
        assert_eq!(text.encoding(), encoding, "{bytes:?}");
        assert!(text.as_str().ends_with("<settings/>"));
    }
    for bytes in [
        declared("nonsense").into(),
        declared("UTF-16").into(),
        declared("UTF-32").into(),
        declared("IBM037").into(),
        wide("<settings/>", true),
        with(b"\xff\xfe", wide(&declared("UTF-8"), true)),
        with(b"\xff\xfe", wide(&declared("UTF-16BE"), true)),
        with(b"\xff\xfe", wide("<settings/>", true)[..5].to_vec()),
        with(declared("GBK").as_bytes(), b"\x80\xff".to_vec()),
    ] {
        assert_eq!(refusal(&bytes).code(), "encoding", "{bytes:?}");
    }
    let error = Text::decode(&with(declared("GBK").as_bytes(), b"\xff".to_vec())).unwrap_err();
    assert!(matches!(error, EncodingError::Malformed { at: 47, .. }), "{error:?}");
}

#[test]
fn bytes_that_are_not_utf_8_stay_and_are_told() {
    // 中文 in GBK under no declaration.
    let bytes = b"<settings>\n  <!-- \xd6\xd0\xce\xc4 -->\n  <mirrors/>\n</settings>\n";
    let made = plan(Path::new("settings.xml"), Some(bytes), &Request::Open, &none).unwrap();
    assert!(made.output.starts_with(&bytes[..made.splices[0].start]));
    assert!(made.output.ends_with(&bytes[made.splices[0].end..]));
    assert_eq!(made.splices.len(), 1);
    assert_eq!(&bytes[made.splices[0].start..made.splices[0].end], b"/>");
    assert_eq!(made.notes[0].code, "undecodable-bytes");
    let place = made.notes[0].place.as_ref().unwrap();
    assert_eq!(place.at, Some(at(2, 8)));
}

#[test]
fn an_id_that_the_encoding_lacks_is_written_as_a_reference() {
    let text = "<?xml version='1.0' encoding='ISO-8859-1'?><settings/>";
    let made =
        plan(Path::new("settings.xml"), Some(text.as_bytes()), &scoped(&["中é"]), &none).unwrap();
    let expected: &[u8] = b"!&#20013;\xe9<";
    assert!(made.output.windows(expected.len()).any(|window| window == expected));
    assert!(is_open(&made.output, "中é"));
}

/// The lines are as 3.8.7, 3.9.16 and 4.0.0-rc-6 print it.
#[test]
fn logs_name_what_is_blocked() {
    let line = "[ERROR]     Non-resolvable parent POM for corp:x:1: Could not transfer artifact \
                corp:parent:pom:1 from/to maven-default-http-blocker (http://0.0.0.0/): Blocked mirror \
                for repositories: [corp (http://127.0.0.2:9/r, default, releases+snapshots), in (x) er \
                (http://127.0.0.2:9/s, p2, releases)] and 'parent.relativePath' points at no local POM";
    let prefixed = format!(
        "2026-01-02T03:04:05Z \u{1b}[1;31m{}\u{1b}[m\r\n",
        line.replace("Blocked", "\u{1b}[1mBlocked").replace("[corp", "[\u{1b}[0;1mcorp\u{1b}[m")
    );
    for text in [line, &prefixed, &format!("{line}\n{line}\n")] {
        let found = log::blocked(text.as_bytes()).repositories;
        let ids: Vec<_> = found.iter().map(|found| found.id.as_str()).collect();
        assert_eq!(ids[0], "corp", "{text}");
        assert_eq!(found[0].url, "http://127.0.0.2:9/r");
        assert_eq!(found[0].layout, None);
    }
    let two = line.replace("in (x) er", "inner");
    let found = log::blocked(two.as_bytes()).repositories;
    assert_eq!((found[1].id.as_str(), found[1].layout.as_deref()), ("inner", Some("p2")));
    for text in ["", "BUILD SUCCESS", "Blocked mirror for repositories: []", "Blocked mirror for"] {
        assert_eq!(log::blocked(text.as_bytes()), log::Blocked::default(), "{text}");
    }
    // A bracket in a URL, and a link around the line as terminals show it.
    let linked =
        format!("\u{1b}]8;;http://x\u{1b}\\{}\u{1b}]8;;\u{7}", two.replace("9/r", "9/a(1)/r"));
    let found = log::blocked(linked.as_bytes()).repositories;
    let urls: Vec<_> = found.iter().map(|found| found.url.as_str()).collect();
    assert_eq!(urls, ["http://127.0.0.2:9/a(1)/r", "http://127.0.0.2:9/s"]);
    // Cut off: as far as it goes.
    let cut = &two[..two.find("127.0.0.2:9/s").unwrap()];
    assert_eq!(log::blocked(cut.as_bytes()).repositories.len(), 1);
}

/// Maven 4.0.0-rc-6, which names the repositories of plugins, and of nothing else.
#[test]
fn what_maven_4_does_not_name_is_told_or_found_in_its_debug_lines() {
    let list = "Could not transfer artifact corp:parent:pom:1 from/to maven-default-http-blocker \
                (http://0.0.0.0/): Blocked mirror for repositories: [maven-default-http-blocker \
                (http://0.0.0.0/, default, releases+snapshots, blocked)] (remote repositories: x)\n";
    let found = log::blocked(list.as_bytes());
    assert_eq!(found, log::Blocked { repositories: vec![], unnamed: true });
    let plugin =
        "Blocked mirror for repositories: [plug (http://127.0.0.2:1/y, default, releases)]\n";
    let found = log::blocked(format!("{list}{plugin}").as_bytes());
    assert_eq!(found.repositories, [Repository::new("plug", "http://127.0.0.2:1/y")]);
    assert!(found.unnamed);
    let debug = |id: &str, url: &str| {
        format!(
            "[DEBUG] Using mirror maven-default-http-blocker (http://0.0.0.0/) for {id} ({url}).\n"
        )
    };
    let all = debug("corp", "http://127.0.0.2:1/x")
        + "[DEBUG] Using mirror nexus (http://nexus/) for other (http://other/).\n"
        + &debug("maven-default-http-blocker", "http://0.0.0.0/")
        + list;
    let found = log::blocked(all.as_bytes());
    assert_eq!(found.repositories, [Repository::new("corp", "http://127.0.0.2:1/x")]);
    assert!(!found.unnamed);
    // What may be blocked one day is not what was.
    let found = log::blocked((debug("corp", "http://127.0.0.2:1/x") + plugin).as_bytes());
    assert_eq!(found.repositories, [Repository::new("plug", "http://127.0.0.2:1/y")]);
}

#[test]
fn secrets_are_masked_wherever_they_stand() {
    for (text, shown) in [
        ("<password>x</password>", "<password>***</password>"),
        ("<password>\n  x y\n</password>", "<password>\n  ***\n</password>"),
        ("<password><![CDATA[x]]></password>", "<password><![CDATA[***]]></password>"),
        ("<passphrase>x</passphrase>", "<passphrase>***</passphrase>"),
        ("<privateKey>x</privateKey>", "<privateKey>***</privateKey>"),
        ("<nexus.api-key>x</nexus.api-key>", "<nexus.api-key>***</nexus.api-key>"),
        ("<!-- <password>x</password> -->", "<!-- <password>***</password> -->"),
        ("<server><id>a</id><x>b</x></server>", "<server><id>a</id><x>***</x></server>"),
        (
            "<server><configuration><httpHeaders><property><value>b</value>",
            "<server><configuration><httpHeaders><property><value>***</value>",
        ),
        ("<url>http://a:b@c/</url>", "<url>http://a:***@c/</url>"),
        ("<url a='http://a:b@c/'>", "<url a='http://a:***@c/'>"),
        // A user alone may be a token.
        ("<url>http://a@c/d:e@f</url>", "<url>http://***@c/d:e@f</url>"),
        ("<url>http://a:b,c)d'e@f/</url>", "<url>http://a:***@f/</url>"),
        ("<url>http://a:b/c@d/</url>", "<url>http://a:***@d/</url>"),
        ("<url>http://a:8081/c@d/</url>", "<url>http://a:8081/c@d/</url>"),
        ("<url>http://[::1]:80/c@d/</url>", "<url>http://[::1]:80/c@d/</url>"),
        (
            "<url>http://a/?x=1&amp;token=b&amp;c</url>",
            "<url>http://a/?x=1&amp;token=***&amp;c</url>",
        ),
        ("<pwd>x</pwd><key>y</key><keys>z</keys>", "<pwd>***</pwd><key>***</key><keys>z</keys>"),
        (
            "<server><id>a</id><!-- </server> --><x>b</x></server><x>c</x>",
            "<server><id>a</id><!-- </server> --><x>***</x></server><x>c</x>",
        ),
        ("<password>a<b\nc>d</password><e>f</e>", "<password>******\n******</password><e>f</e>"),
        ("<password>a<!-- b -->c</password>", "<password>***<!-- *** -->***</password>"),
        ("<id>a</id><username>b</username>", "<id>a</id><username>b</username>"),
        ("<password>unfinished", "<password>***"),
        ("<password/>x", "<password/>x"),
    ] {
        assert_eq!(mask(text), shown);
    }
    assert_eq!(masked("http://a:b:c@d/"), "http://a:***@d/");
}

#[test]
fn comments_in_a_pattern_stay() {
    for (before, after) in [
        ("external:http:*<!-- a -->", "external:http:*,!b<!-- a -->"),
        ("<!-- a -->external:http:*", "<!-- a -->external:http:*,!b"),
        (" external:<!-- a --><![CDATA[http]]>:*<?b?> ", " external:http:*,!b<!-- a --><?b?> "),
    ] {
        let with = |pattern: &str| {
            format!(
                "<settings><mirrors><mirror><id>{BLOCKER}</id><mirrorOf>{pattern}</mirrorOf>\
                 <url>http://0.0.0.0/</url><blocked>true</blocked></mirror></mirrors></settings>"
            )
        };
        assert_eq!(changed(&with(before), &scoped(&["b"])), with(after));
    }
}

#[test]
fn a_diff_is_as_diff_makes_it() {
    let long = (1..=20).fold(String::new(), |text, n| text + &n.to_string() + "\n");
    let edited = long.replace("\n10\n", "\n10\nx\n").replace("\n18\n", "\n");
    for (old, new, expected) in [
        ("a\n", "a\n", ""),
        ("", "a\n", "@@ -0,0 +1 @@\n+a\n"),
        ("a\nb\n", "", "@@ -1,2 +0,0 @@\n-a\n-b\n"),
        (
            "a\nb",
            "a\nc",
            "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n",
        ),
        ("a\na\n", "a\n", "@@ -1,2 +1 @@\n a\n-a\n"),
        ("a\rb\r", "a\rc\r", "@@ -1,2 +1,2 @@\n a\n-b\n+c\n"),
        (
            &long,
            &edited,
            "@@ -8,6 +8,7 @@\n 8\n 9\n 10\n+x\n 11\n 12\n 13\n@@ -15,6 +16,5 @@\n 15\n 16\n 17\n-18\n 19\n 20\n",
        ),
    ] {
        let head = if expected.is_empty() { "" } else { "--- o\n+++ n\n" };
        let diff = crate::diff::unified(("o", old.as_bytes()), ("n", new.as_bytes()));
        assert_eq!(diff, format!("{head}{expected}"));
    }
}

#[test]
fn what_blocks_https_too_is_not_opened_by_the_bare_command() {
    let with = |pattern: &str, blocked: &str| {
        format!(
            "<settings><mirrors><mirror><id>lockdown</id><mirrorOf>{pattern}</mirrorOf>\
             <url>http://0.0.0.0/</url>{blocked}</mirror></mirrors></settings>"
        )
    };
    for pattern in ["*", "*,!nexus", "external:*"] {
        let error = refusal(with(pattern, "<blocked>true</blocked>").as_bytes());
        assert_eq!(error, Error::StillBlocked { mirror: "lockdown".into() });
        // An id that is named is let past it.
        let text = changed(&with(pattern, "<blocked>true</blocked>"), &scoped(&["corp"]));
        assert!(text.contains(&format!("<mirrorOf>{pattern},!corp</mirrorOf>")), "{text}");
    }
    for (pattern, blocked) in [("*", ""), ("external:http:*", "<blocked>true</blocked>")] {
        let text = changed(&with(pattern, blocked), &Request::Open);
        assert!(is_open(text.as_bytes(), "any"), "{text}");
    }
}

#[test]
fn what_becomes_of_the_others_is_known() {
    let of = |mirrors: &str, request: &Request| {
        change(&format!("<settings><mirrors>{mirrors}</mirrors></settings>"), request).others
    };
    let nexus = "<mirror><id>n</id><mirrorOf>*,!corp</mirrorOf><url>http://nexus/</url></mirror>";
    let taken =
        format!("<mirror><id>{BLOCKER}</id><mirrorOf>a</mirrorOf><url>http://n/</url></mirror>");
    assert_eq!(of("", &Request::Open), Verdict::Direct);
    assert_eq!(of("", &scoped(&["corp"])), Verdict::Blocked);
    assert_eq!(of(nexus, &scoped(&["corp"])), Verdict::Mirrored);
    assert_eq!(of(&taken, &scoped(&["corp"])), Verdict::Direct);
    let made = change(&format!("<settings><mirrors>{taken}</mirrors></settings>"), &scoped(&["b"]));
    assert_eq!(made.notes[0].code, "blocker-replaced");
}

/// Settings in all styles. The parts are fixed, what is drawn is their order and their writing.
fn settings() -> impl Strategy<Value = String> {
    let indent = prop_oneof![Just("  "), Just("    "), Just("\t"), Just("")];
    let newline = prop_oneof![Just("\n"), Just("\r\n"), Just("\r"), Just("")];
    let entries = prop::collection::vec((0..9_usize, 0..8_usize, 0..4_usize), 0..5);
    (indent, newline, entries, 0..6_usize, any::<[bool; 6]>(), 0..5_usize).prop_map(
        |(indent, newline, entries, section, flags, last)| {
            let patterns = [
                "external:http:*",
                "*",
                "corp",
                "external:http:*,!corp",
                "external:http:*, !corp",
                "*,!corp",
                NO_MATCH,
                "external:*,!a",
                "a,corp",
            ];
            let ids = [
                BLOCKER,
                "nexus",
                "corp",
                "${env.X}",
                "<![CDATA[x]]>",
                "y<!-- z -->",
                "&#65;",
                "中",
            ];
            let blocked = ["", "<blocked>true</blocked>", "<blocked>false</blocked>", "<blocked/>"];
            let line =
                |depth: usize, text: &str| format!("{newline}{}{text}", indent.repeat(depth));
            let mut inner = String::new();
            for (pattern, id, block) in &entries {
                inner += &line(2, "<mirror>");
                let parts = [
                    format!("<id>{}</id>", ids[*id]),
                    format!("<mirrorOf>{}</mirrorOf>", patterns[*pattern]),
                    blocked[*block].to_owned(),
                    "<url>http://0.0.0.0/</url>".to_owned(),
                ];
                for part in parts.iter().filter(|part| !part.is_empty()) {
                    inner += &if flags[0] { line(3, part) } else { part.clone() };
                }
                inner += &if flags[0] { line(2, "</mirror>") } else { "</mirror>".into() };
            }
            let section = match section {
                0 if entries.is_empty() => line(1, "<mirrors/>"),
                1 if entries.is_empty() => String::new(),
                2 => line(1, &format!("<mirrors a='>'>{inner}<!-- &lt; --></mirrors>")),
                _ => line(1, &format!("<mirrors>{inner}{}", line(1, "</mirrors>"))),
            };
            let servers = line(
                1,
                "<servers><server><id>a</id><password>s]]&gt;</password></server></servers>",
            );
            let mut parts = vec![section];
            if flags[1] {
                parts.insert(0, servers);
            }
            if flags[2] {
                parts.push(line(1, "<!-- <mirrors> ü -->"));
            }
            if flags[3] {
                parts.push(line(1, "<?x <mirrors>?>"));
            }
            let end = ["", "\n", "\r\n", " ", "<!-- end -->\n"][last];
            let root_end = if flags[4] { line(0, "</settings>") } else { "</settings>".into() };
            let head =
                if flags[5] { format!("<?xml version=\"1.0\"?>{newline}") } else { String::new() };
            format!("{head}<settings>{}{root_end}{end}", parts.concat())
        },
    )
}

fn request() -> impl Strategy<Value = Request> {
    prop_oneof![
        Just(Request::Open),
        Just(scoped(&["corp"])),
        Just(scoped(&["a", "corp"])),
        Just(scoped(&["中"])),
    ]
}

/// A text in one of the encodings that have all of its characters.
fn encoded(text: &str, which: usize) -> Vec<u8> {
    let declared = |name: &str| {
        let declaration = format!("<?xml version=\"1.0\" encoding=\"{name}\"?>");
        match text.strip_prefix("<?xml version=\"1.0\"?>") {
            Some(rest) => declaration + rest,
            None => declaration + text,
        }
    };
    match which {
        0 => text.as_bytes().to_vec(),
        1 => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        2 => {
            [&b"\xff\xfe"[..], &text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()]
                .concat()
        }
        3 => {
            [&b"\xfe\xff"[..], &text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>()]
                .concat()
        }
        4 => encoding_rs::GBK.encode(&declared("GBK")).0.into_owned(),
        5 => encoding_rs::GB18030.encode(&declared("GB18030")).0.into_owned(),
        // Undeclared, as Maven 3 reads it all the same.
        _ => encoding_rs::GBK.encode(text).0.into_owned(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn an_edit_changes_nothing_else_is_done_once_and_can_be_taken_back(
        text in settings(), which in 0..7_usize, first in request(), second in request()
    ) {
        let bytes = encoded(&text, which);
        let mut before = bytes;
        for request in [first, second] {
            let made = match plan(Path::new("settings.xml"), Some(&before), &request, &none) {
                Ok(made) => made,
                // Only a mirror of the user's that blocks https too is left alone.
                Err(error) => {
                    prop_assert!(matches!(error, Error::StillBlocked { .. }), "{text}: {error}");
                    prop_assert_eq!(request, Request::Open);
                    prop_assert!(text.contains("<mirrorOf>*") || text.contains("<mirrorOf>external:*"));
                    continue;
                }
            };
            // All bytes outside of the splices are equal.
            let mut rebuilt = Vec::new();
            let mut at = 0;
            for splice in &made.splices {
                prop_assert!(splice.start >= at && splice.end >= splice.start);
                rebuilt.extend_from_slice(&before[at..splice.start]);
                rebuilt.extend_from_slice(&splice.bytes);
                at = splice.end;
            }
            rebuilt.extend_from_slice(&before[at..]);
            prop_assert_eq!(&rebuilt, &made.output);
            // The entries that were there are, but for those that were to change.
            prop_assert!(made.after.len() <= made.before.len() + 1);
            // A second run changes nothing.
            let again = plan(Path::new("settings.xml"), Some(&made.output), &request, &none).unwrap();
            prop_assert_eq!(again.change, Change::None);
            // The new file has the effect.
            match &request {
                Request::Open => prop_assert!(is_open(&made.output, "nobody-knows")),
                Request::Scoped(ids) => {
                    for id in ids { prop_assert!(is_open(&made.output, id.as_str())) }
                }
            }
            // Undo knows the file, and knows that it is no longer the same.
            if made.change != Change::None {
                prop_assert_eq!(undo(Some(&made.output), Some(&before), &none), Undo::Restore);
                let mut other = made.output.clone();
                other.extend_from_slice(&encoded(" ", which)[encoded("", which).len()..]);
                let changed = matches!(undo(Some(&other), Some(&before), &none), Undo::Changed { .. });
                prop_assert!(changed);
            }
            before = made.output;
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = plan(Path::new("settings.xml"), Some(&bytes), &Request::Open, &none);
        let _ = mask(&String::from_utf8_lossy(&bytes));
        let _ = log::blocked(&bytes);
    }

    #[test]
    fn no_damage_makes_it_panic(
        text in settings(), which in 0..7_usize, cut in any::<prop::sample::Index>(),
        byte in any::<u8>(), request in request()
    ) {
        let mut bytes = encoded(&text, which);
        let at = cut.index(bytes.len());
        bytes[at] = byte;
        let _ = plan(Path::new("settings.xml"), Some(&bytes), &request, &none);
        let _ = plan(Path::new("settings.xml"), Some(&bytes[..at]), &request, &none);
        let _ = mask(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn a_verdict_says_who_decides() {
    let dead = Mirror { blocked: false, ..Mirror::stock() };
    let http = Repository::new("corp", "http://x.example/");
    for (mirrors, verdict) in [
        (vec![], Verdict::Direct),
        (vec![mirror("m", "*")], Verdict::Mirrored),
        (vec![Mirror::stock()], Verdict::Blocked),
        (vec![dead], Verdict::Dead),
    ] {
        assert_eq!(mirror::verdict(&mirrors, &http).0, verdict);
    }
}
