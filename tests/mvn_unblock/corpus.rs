//! Settings files of every style: what devkit reads in them is what Maven's own classes read, all
//! bytes outside of the change stay, a second run changes nothing, and undo brings the file back.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use super::world::{BLOCKER, Maven, World, ran_long};
use crate::support::peer;

/// Maven's own reader and mirror selection, for many files in one JVM. A line a file: its name, its
/// mirrors, and the mirror that is taken for a repository of plain http beside the installation's.
const READER: &str = r#"
import java.io.*;
import java.nio.file.*;
import java.util.*;
import org.apache.maven.settings.Mirror;
import org.apache.maven.settings.Settings;
import org.apache.maven.settings.building.*;
import org.eclipse.aether.repository.RemoteRepository;
import org.eclipse.aether.util.repository.DefaultMirrorSelector;

class Reader {
    static Settings read(String user, String global) throws Exception {
        DefaultSettingsBuildingRequest request = new DefaultSettingsBuildingRequest();
        request.setUserSettingsFile(new File(user));
        request.setGlobalSettingsFile(global == null ? null : new File(global));
        request.setSystemProperties(System.getProperties());
        return new DefaultSettingsBuilderFactory().newInstance().build(request).getEffectiveSettings();
    }

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        for (String file : Files.readAllLines(Paths.get(args[0]))) {
            StringBuilder line = new StringBuilder(Paths.get(file).getFileName().toString());
            try {
                for (Mirror mirror : read(file, null).getMirrors()) {
                    line.append('\t').append(mirror.getId()).append('|').append(mirror.getMirrorOf());
                    line.append('|').append(mirror.getUrl()).append('|').append(mirror.isBlocked());
                }
                DefaultMirrorSelector selector = new DefaultMirrorSelector();
                Set<String> ids = new HashSet<>();
                for (Mirror mirror : read(file, args[1]).getMirrors()) {
                    if (ids.add(mirror.getId())) {
                        selector.add(mirror.getId(), mirror.getUrl(), mirror.getLayout(), false,
                            mirror.isBlocked(), mirror.getMirrorOf(), mirror.getMirrorOfLayouts());
                    }
                }
                for (String id : new String[] {"corp", "partner"}) {
                    RemoteRepository repository =
                        new RemoteRepository.Builder(id, "default", "http://nexus.invalid/x").build();
                    RemoteRepository mirror = selector.getMirror(repository);
                    line.append('\t').append(id).append('=');
                    line.append(mirror == null ? "" : mirror.isBlocked() ? "blocked" : mirror.getId());
                }
            } catch (SettingsBuildingException error) {
                line.append("\trefused");
            }
            out.println(line);
        }
    }
}
"#;

/// What Maven's classes say of each file: its mirrors and, at the end, what becomes of `corp` and
/// `partner`; or `refused`.
fn ask(maven: &Maven, world: &World, files: &[String]) -> BTreeMap<String, Vec<String>> {
    let java = peer::find("java").expect("Maven has a Java");
    let list = world.file("list", files.join("\n"));
    let reader = world.file("Reader.java", READER);
    let mut command = Command::new(java);
    command.arg("-cp").arg(maven.home.join("lib/*"));
    command.args(["-Dfile.encoding=UTF-8", "-XX:TieredStopAtLevel=1"]).arg(reader).arg(list);
    command.arg(maven.home.join("conf/settings.xml"));
    command.env_clear().env("LANG", "C.UTF-8").env("PATTERN", "other");
    let ran = ran_long(command);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let lines = ran.stdout.lines().map(|line| {
        let mut words = line.split('\t').map(str::to_owned);
        (words.next().unwrap(), words.collect())
    });
    lines.collect()
}

fn mirror(id: &str, of: &str, more: &str) -> String {
    format!(
        "<mirror>\n      <id>{id}</id>\n      <mirrorOf>{of}</mirrorOf>\n      \
         <url>http://0.0.0.0/</url>{more}\n    </mirror>"
    )
}

/// Bodies, behind the XML declaration.
fn bodies() -> Vec<(&'static str, String)> {
    let on = "\n      <blocked>true</blocked>";
    let inside = |content: &str| {
        format!("<settings>\n  <mirrors>\n    {content}\n  </mirrors>\n</settings>\n")
    };
    let copy = mirror(BLOCKER, "external:http:*", on);
    let nexus = mirror("nexus", "*,!corp,!partner", "").replace("0.0.0.0", "nexus.example");
    let servers = "<servers>\n    <server><id>corp</id><password>中文]]&gt;</password></server>\n  </servers>";
    vec![
        ("empty-tag", "<settings/>".into()),
        ("empty-element", "<settings></settings>".into()),
        ("empty-lines", "<settings>\n\n</settings>\n".into()),
        ("servers", format!("<settings>\n  {servers}\n</settings>\n")),
        ("mirrors-tag", "<settings>\n  <mirrors/>\n</settings>".into()),
        ("mirrors-attribute", "<settings>\n  <mirrors a='/>' />\n</settings>".into()),
        ("mirrors-element", "<settings>\n  <mirrors></mirrors>\n</settings>\n".into()),
        ("mirrors-lines", "<settings>\n  <mirrors>\n  </mirrors>\n</settings>\n".into()),
        ("mirrors-comment", inside("<!-- <mirror>中文</mirror> -->")),
        ("nexus", inside(&nexus)),
        ("copy", inside(&copy)),
        ("copy-not-blocking", inside(&copy.replace("true", "False"))),
        ("scoped", inside(&mirror(BLOCKER, "external:http:*,!other", on))),
        ("blanks", inside(&mirror(BLOCKER, "external:http:*, !corp", on))),
        ("open", inside(&mirror(BLOCKER, "dummy", ""))),
        (
            "override-behind-copy",
            inside(&(copy.clone() + "\n    " + &mirror(BLOCKER, "dummy", ""))),
        ),
        ("copy-behind-nexus", inside(&(nexus.clone() + "\n    " + &copy))),
        ("one-line", inside(&copy).replace('\n', "").replace("  ", "")),
        ("one-line-nexus", inside(&nexus).replace('\n', " ").replace("  ", "")),
        ("tabs", inside(&nexus).replace("  ", "\t")),
        ("deep", inside(&copy).replace("  ", "        ")),
        ("flat", inside(&nexus).replace("  ", "")),
        (
            "cdata",
            inside(&copy.replace(BLOCKER, &format!(" <![CDATA[{BLOCKER}]]>\n")))
                .replace("external:http:*", "<![CDATA[external:]]>http:<!-- 中文 -->*"),
        ),
        (
            "references",
            inside(&copy.replace("maven-", "maven&#45;").replace("http:*", "http&#x3a;*")),
        ),
        ("property", inside(&mirror("nexus", "${env.PATTERN},x", ""))),
        ("no-id", inside(&nexus.replace("<id>nexus</id>", "<name>镜像</name>"))),
        ("unknown-tags", inside(&copy.replace("<url>", "<a b=\"c\"><d/></a><url>"))),
        (
            "doctype",
            format!("<!DOCTYPE settings [\n<!ELEMENT settings ANY>\n]>\n{}", inside(&copy)),
        ),
        ("instruction", format!("<!-- 中文 --><?a b?>\n{}<!-- 镜像 -->\n<?c?>", inside(&nexus))),
        (
            "namespace",
            inside(&copy).replace(
                "<settings>",
                "<settings xmlns=\"http://maven.example/SETTINGS/1.0.0\"\n          \
                 xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>",
            ),
        ),
        ("other-root", inside(&copy).replace("settings>", "Settings>")),
        (
            "everything",
            format!(
                "<!-- 中文镜像 -->\n<settings>\n  <localRepository>${{user.home}}/.m2/镜像</localRepository>\n  \
                 <interactiveMode>true</interactiveMode>\n  <pluginGroups><pluginGroup>a.b</pluginGroup>\
                 </pluginGroups>\n  <proxies><!-- none --></proxies>\n  {servers}\n  <mirrors>\n    {nexus}\n    \
                 <!-- 中文 -->\n  </mirrors>\n  <profiles>\n    <profile>\n      <id>p</id>\n      <repositories>\n        \
                 <repository><id>corp</id><url>http://corp.example/</url></repository>\n      \
                 </repositories>\n    </profile>\n  </profiles>\n  <activeProfiles>\n    \
                 <activeProfile>p</activeProfile>\n  </activeProfiles>\n</settings>\n"
            ),
        ),
        (
            "inert",
            format!(
                "<settings>\n  {}\n  <profiles><profile><id>p</id><mirrors>{}</mirrors></profile>\
                 </profiles>\n</settings>\n",
                mirror(BLOCKER, "dummy", ""),
                mirror(BLOCKER, "!*", "")
            ),
        ),
    ]
}

/// How a body becomes bytes.
fn forms(body: &str) -> Vec<(&'static str, Vec<u8>)> {
    let declared = |name: &str| format!("<?xml version=\"1.0\" encoding=\"{name}\"?>\n{body}");
    // What the western encodings have.
    let western = |text: &str| text.replace("中文", "é").replace("镜像", "ü");
    let latin = |text: &str| text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let utf_16 = |unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("\u{feff}{}", declared("UTF-16")).encode_utf16().flat_map(unit).collect()
    };
    vec![
        ("bare", body.as_bytes().to_vec()),
        ("utf-8", declared("UTF-8").into_bytes()),
        ("bom", format!("\u{feff}{}", declared("utf-8")).into_bytes()),
        ("crlf", declared("UTF-8").replace('\n', "\r\n").into_bytes()),
        ("utf-16le", utf_16(u16::to_le_bytes)),
        ("utf-16be", utf_16(u16::to_be_bytes)),
        ("gbk", gbk(&declared("GBK"))),
        ("gb18030", gbk(&declared("gb18030"))),
        ("latin-1", latin(&western(&declared("ISO-8859-1")))),
        ("windows", latin(&western(&declared("windows-1252")))),
    ]
}

/// GBK, of the few signs that are used here.
fn gbk(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for sign in text.chars() {
        match sign {
            '中' => bytes.extend(b"\xd6\xd0"),
            '文' => bytes.extend(b"\xce\xc4"),
            '镜' => bytes.extend(b"\xbe\xb5"),
            '像' => bytes.extend(b"\xcf\xf1"),
            _ => bytes.push(u8::try_from(sign).unwrap()),
        }
    }
    bytes
}

fn corpus() -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for (body, text) in bodies() {
        for (form, bytes) in forms(&text) {
            files.push((format!("{body}.{form}"), bytes));
        }
    }
    files
}

/// The mirrors that devkit reads, as the reader above prints them.
fn mirrors(list: &Value) -> Vec<String> {
    let shown = |mirror: &Value| {
        let text = |name: &str| mirror[name].as_str().unwrap().to_owned();
        format!("{}|{}|{}|{}", text("id"), text("mirror_of"), text("url"), mirror["blocked"])
    };
    list.as_array().unwrap().iter().map(shown).collect()
}

/// One file, changed as asked; what is left is kept under another name for Maven's classes.
fn change(world: &World, path: &Path, args: &[&str], kept: &Path) -> [Vec<String>; 2] {
    let old = std::fs::read(path).unwrap();
    let name = path.to_str().unwrap();
    let args = [&["--settings", name][..], args].concat();
    let mut command = world.command(args.iter().chain(&["--json"]));
    command.env("PATTERN", "other");
    let ran = crate::support::run(command);
    assert_eq!(ran.code, Some(0), "{name}: {}", ran.stderr);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let new = std::fs::read(path).unwrap();
    // The new file is the old one with the splices that are told, and nothing else.
    let mut rebuilt = Vec::new();
    let mut at = 0;
    let mut rest = new.as_slice();
    for splice in document["splices"].as_array().unwrap() {
        let offset = |name: &str| usize::try_from(splice[name].as_u64().unwrap()).unwrap();
        let kept = &old[at..offset("start")];
        rebuilt.extend_from_slice(kept);
        rest = rest.strip_prefix(kept).unwrap_or_else(|| panic!("{name}: other bytes at {at}"));
        // What comes in has the file's encoding, and so a length of its own.
        let behind = &old[offset("end")..];
        let next = document["splices"].as_array().unwrap().len();
        let length = if next == 1 { rest.len() - behind.len() } else { encoded(splice, &old) };
        rebuilt.extend_from_slice(&rest[..length]);
        rest = &rest[length..];
        at = offset("end");
    }
    assert!(rest == &old[at..], "{name}: other bytes at the end");
    let unchanged = document["action"] == "unchanged";
    assert_eq!(unchanged, old == new, "{name}");
    assert_eq!(document["backup"].is_null(), unchanged, "{name}");
    // Once is enough.
    let ran = world.devkit(args.iter().copied().chain(["--json", "--check"]));
    if !name.contains("property") {
        assert_eq!(ran.code, Some(0), "{name}: {}{}", ran.stdout, ran.stderr);
    }
    std::fs::write(kept, &new).unwrap();
    if !unchanged {
        let mut undo = world.command(["--settings", name, "--undo"]);
        undo.env("PATTERN", "other");
        let ran = crate::support::run(undo);
        assert_eq!(ran.code, Some(0), "{name}: {}", ran.stderr);
    }
    assert!(std::fs::read(path).unwrap() == old, "{name}: undo brings something else");
    [mirrors(&document["mirrors_before"]), mirrors(&document["mirrors_after"])]
}

/// The length of a splice's text, of Latin letters only, in the file's encoding.
fn encoded(splice: &Value, file: &[u8]) -> usize {
    let text = splice["text"].as_str().unwrap();
    assert!(text.is_ascii());
    let wide = file.starts_with(b"\xff\xfe") || file.starts_with(b"\xfe\xff");
    text.len() * if wide { 2 } else { 1 }
}

/// What devkit made of a file: its bytes before, opened, and with one repository let through, and the
/// mirrors before and after each change.
struct Changed {
    name: String,
    files: Vec<(String, Vec<u8>)>,
    opened: [Vec<String>; 2],
    narrowed: [Vec<String>; 2],
}

/// All files, changed: once, because it makes no difference which Maven is asked afterwards.
fn changed() -> &'static [Changed] {
    static CHANGED: OnceLock<Vec<Changed>> = OnceLock::new();
    CHANGED.get_or_init(|| {
        let world = World::new();
        let corpus = corpus();
        assert!(corpus.len() >= 300, "{}", corpus.len());
        let one = |(name, bytes): (String, Vec<u8>)| {
            let path = world.file(&name, bytes);
            let [open, scoped] =
                [".open", ".one"].map(|kind| world.path().join(name.clone() + kind));
            let opened = change(&world, &path, &[], &open);
            let narrowed = change(&world, &path, &["--repo", "corp"], &scoped);
            let kept = |path: &Path| {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                (name, std::fs::read(path).unwrap())
            };
            let files = [&path, &open, &scoped].map(|path| kept(path)).to_vec();
            Changed { name, files, opened, narrowed }
        };
        corpus.into_iter().map(one).collect()
    })
}

fn reads_as(maven: &Maven) {
    let world = World::new();
    let changed = changed();
    let files = changed.iter().flat_map(|changed| &changed.files);
    let files = files.map(|(name, bytes)| world.file(&format!("corpus/{name}"), bytes));
    let files: Vec<String> = files.map(|path| path.to_str().unwrap().to_owned()).collect();
    let maven = ask(maven, &world, &files);
    for Changed { name, opened: [before, opened], narrowed: [_, narrowed], .. } in changed {
        let of = |kind: &str| {
            let mut list = maven[&format!("{name}{kind}")].clone();
            assert_ne!(list, ["refused"], "{name}{kind}");
            let becomes = list.split_off(list.len() - 2);
            (list, becomes)
        };
        let (list, _) = of("");
        assert_eq!(*before, list, "{name}");
        let (list, becomes) = of(".open");
        assert_eq!(*opened, list, "{name}, open");
        // Mirrored is as good as asked; nexus is the one here that may be taken.
        for (id, becomes) in ["corp", "partner"].iter().zip(&becomes) {
            let free = [format!("{id}="), format!("{id}=nexus"), format!("{id}=default")];
            assert!(free.contains(becomes), "{name}, open: {becomes}");
        }
        let (list, becomes) = of(".one");
        assert_eq!(*narrowed, list, "{name}, corp only");
        assert!(!becomes[0].contains("blocked"), "{name}, corp only: {becomes:?}");
        // Only what was asked for, and what was free before.
        let was_free = !maven[name].last().unwrap().contains("blocked");
        let is_override = name.starts_with("open") || name.starts_with("copy-not-blocking");
        if !was_free || is_override {
            assert_eq!(becomes[1], "partner=blocked", "{name}, corp only");
        }
    }
}

#[test]
fn every_style_is_read_and_changed_as_the_installed_maven_reads_it() {
    if let Some(maven) = Maven::installed() {
        reads_as(&maven);
    }
}

#[test]
fn every_style_is_read_and_changed_as_maven_3_9_reads_it() {
    if let Some(maven) = Maven::fetched("3.9.16") {
        reads_as(&maven);
    }
}

/// Files that are refused, by the code of the refusal and whether Maven's classes refuse them too.
fn refused() -> Vec<(&'static str, &'static str, bool, Vec<u8>)> {
    let entry = |content: &str| {
        format!("<settings><mirrors><mirror>{content}</mirror></mirrors></settings>").into_bytes()
    };
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        ("malformed", "an end tag of another name", true, text("<settings><a></b></settings>")),
        ("malformed", "no end", true, text("<settings><mirrors>")),
        ("malformed", "text behind the root", true, text("<settings/>x")),
        ("malformed", "two roots", true, text("<settings/><settings/>")),
        ("malformed", "dashes in a comment", true, text("<settings><!-- a -- b --></settings>")),
        ("malformed", "a bare ampersand", true, text("<settings><a>&</a></settings>")),
        ("malformed", "an unknown entity", true, text("<settings><a>&company;</a></settings>")),
        ("malformed", "an attribute without quotes", true, text("<settings a=b/>")),
        ("malformed", "an attribute twice", true, text("<settings a='1' a='2'/>")),
        ("malformed", "a mirror without url", true, entry("<id>a</id><mirrorOf>*</mirrorOf>")),
        ("malformed", "a mirror without mirrorOf", true, entry("<id>a</id><url>http://x/</url>")),
        ("malformed", "an empty url", true, entry("<mirrorOf>*</mirrorOf><url> </url>")),
        ("malformed", "text in mirrors", true, text("<settings><mirrors>x</mirrors></settings>")),
        (
            "duplicate-section",
            "mirrors twice",
            true,
            text("<settings><mirrors/><servers/><mirrors/></settings>"),
        ),
        (
            "duplicate-section",
            "an element of a mirror twice",
            true,
            entry("<id>a</id><id>b</id><mirrorOf>*</mirrorOf><url>http://x/</url>"),
        ),
        (
            "encoding",
            "an unknown encoding",
            true,
            text("<?xml version='1.0' encoding='x-no'?><settings/>"),
        ),
        (
            "encoding",
            "UTF-16 declared over UTF-8",
            true,
            text("<?xml version='1.0' encoding='UTF-16'?><settings/>"),
        ),
        (
            "not-settings",
            "a prefixed root",
            false,
            text("<m:settings xmlns:m='urn:x'><m:mirrors/></m:settings>"),
        ),
        ("malformed", "no XML", true, text("mirrors:\n- corp\n")),
    ]
}

/// The same outside of the mirrors.
fn refused_elsewhere() -> Vec<(&'static str, &'static str, bool, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let profile = |content: &str| {
        format!("<settings><profiles><profile><id>p</id>{content}</profile></profiles></settings>")
            .into_bytes()
    };
    let server = |content: &str| {
        format!("<settings><servers><server>{content}</server></servers></settings>").into_bytes()
    };
    vec![
        (
            "malformed",
            "no blank in the declaration",
            true,
            text("<?xml version='1.0'encoding='UTF-8'?><settings/>"),
        ),
        ("malformed", "an empty id of a server", true, server("<id></id>")),
        (
            "duplicate-section",
            "a password twice",
            true,
            server("<id>a</id><password>b</password><password>c</password>"),
        ),
        (
            "duplicate-section",
            "a configuration twice",
            true,
            server("<id>a</id><configuration/><configuration/>"),
        ),
        (
            "duplicate-section",
            "repositories of a profile twice",
            true,
            profile("<repositories/><repositories/>"),
        ),
        ("duplicate-section", "activation twice", true, profile("<activation/><activation/>")),
        ("duplicate-section", "properties twice", true, profile("<properties/><properties/>")),
        (
            "duplicate-section",
            "an id of a repository twice",
            true,
            profile(
                "<repositories><repository><id>a</id><id>b</id><url>http://x/</url></repository></repositories>",
            ),
        ),
        (
            "duplicate-section",
            "a host of a proxy twice",
            true,
            text(
                "<settings><proxies><proxy><host>a</host><host>b</host></proxy></proxies></settings>",
            ),
        ),
        ("malformed", "text in servers", true, text("<settings><servers>x</servers></settings>")),
        (
            "malformed",
            "text in profiles",
            true,
            text("<settings><profiles>x</profiles></settings>"),
        ),
        ("malformed", "text in repositories", true, profile("<repositories>x</repositories>")),
        (
            "malformed",
            "text in activeProfiles",
            true,
            text("<settings><activeProfiles>x</activeProfiles></settings>"),
        ),
        (
            "malformed",
            "an element in a user name",
            true,
            server("<id>a</id><username><b/></username>"),
        ),
        (
            "malformed",
            "an element in localRepository",
            true,
            text("<settings><localRepository><b/></localRepository></settings>"),
        ),
        (
            "malformed",
            "an empty plugin group",
            true,
            text("<settings><pluginGroups><pluginGroup/></pluginGroups></settings>"),
        ),
    ]
}

#[test]
fn what_maven_refuses_is_refused_with_its_place_and_stays() {
    let world = World::new();
    let files = [refused(), refused_elsewhere()].concat();
    let mut paths = Vec::new();
    for (at, (code, what, _, bytes)) in files.iter().enumerate() {
        let path = world.file(&format!("refused/{at}"), bytes);
        let path = path.to_str().unwrap().to_owned();
        for args in [&["--settings", &path][..], &["--settings", &path, "--repo", "a"]] {
            let error = world.refusal(args);
            assert_eq!(error["code"], *code, "{what}: {error}");
            let shown = world.ends(2, args).stderr;
            let place = format!("{path}:1:");
            assert!(*code == "encoding" || shown.contains(&place), "{what}: {shown}");
        }
        assert!(std::fs::read(&path).unwrap() == *bytes, "{what}");
        paths.push(path);
    }
    assert_eq!(super::world::names(&world.path().join("refused")).len(), files.len());
    let Some(maven) = Maven::installed() else { return };
    let said = ask(&maven, &world, &paths);
    let mut list = String::new();
    for (at, (_, what, refused, _)) in files.iter().enumerate() {
        if (said[&at.to_string()] == ["refused"]) != *refused {
            let _ = writeln!(list, "{what}: {:?}", said[&at.to_string()]);
        }
    }
    assert_eq!(list, "", "Maven sees these in another way");
}
