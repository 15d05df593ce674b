//! `explain` says which mirror Maven takes: the same as Maven itself, for every pair of settings and
//! repository here.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::resident::Resident;
use super::world::{BLOCKER, Maven, World};

/// `<mirror>`s by id, pattern and what else is in them; their URLs are made of their numbers.
const SETTINGS: &[&[[&str; 3]]] = &[
    &[],
    // Whole ids count before lists, wherever they stand.
    &[["all", "*", ""], ["one", "corp", ""], ["list", "other,corp", ""]],
    &[["list", "other,corp", ""], ["ext", "external:*", ""], ["http", "external:http:*", ""]],
    // Exclusions, in every place of a list.
    &[["a", "*,!corp", ""], ["b", "!other,*", ""], ["c", "!*", ""]],
    &[["a", "*,!corp,corp", ""], ["b", "corp,!corp", ""]],
    // Blanks are not skipped.
    &[["a", "corp, other", ""], ["b", " tls", ""], ["c", "external:http:* ,!corp", ""]],
    // Neither globs nor host names.
    &[["a", "cor*", ""], ["b", "external:http:127*", ""], ["c", "external:https:*", ""]],
    // The first of an id counts; one without is "default".
    &[["a", "nothing", ""], ["a", "*", ""], ["", "tls", ""], ["default", "*", ""]],
    // The blocker's own id.
    &[[BLOCKER, "external:http:*,!corp,!http-upper", "<blocked>true</blocked>"]],
    &[[BLOCKER, "external:dont-match-anything-mate:*", ""], ["x", "here", ""]],
    &[[BLOCKER, "dummy", ""], [BLOCKER, "external:http:*", "<blocked>true</blocked>"]],
    // Empty items, a lone exclamation mark, letters' case.
    &[["a", ",,corp,", ""], ["b", "!", ""], ["c", "TLS", ""], ["d", "External:*", ""]],
    // Layouts.
    &[
        ["a", "corp", "<mirrorOfLayouts>legacy</mirrorOfLayouts>"],
        ["b", "*", "<mirrorOfLayouts>*,!default</mirrorOfLayouts>"],
        ["c", "tls", "<mirrorOfLayouts>default,legacy</mirrorOfLayouts>"],
    ],
];

/// Repositories by id and URL.
const REPOSITORIES: &[[&str; 2]] = &[
    ["corp", "http://127.0.0.2:1/x"],
    ["other", "http://nexus.invalid/x"],
    ["tls", "https://nexus.invalid/x"],
    ["http-upper", "HTTP://nexus.invalid/x"],
    ["here", "http://localhost:1/x"],
    ["local-upper", "http://LOCALHOST:1/x"],
    ["loopback", "http://127.0.0.1/x"],
    ["six", "http://[::1]:1/x"],
    ["user", "http://u:p@127.0.0.1/x"],
    ["user-away", "http://u:p@nexus.invalid/x"],
    ["folder", "file:///nonexistent"],
    ["dav", "dav:http://nexus.invalid/x"],
    ["davs", "dav:https://nexus.invalid/x"],
    ["dav-plus", "dav+http://nexus.invalid/x"],
    ["dav-only", "dav://nexus.invalid/x"],
    ["local-https", "https://localhost/x"],
    ["odd", "http:/nexus.invalid/x"],
    ["subdomain", "http://localhost.invalid/x"],
];

fn settings(mirrors: &[[&str; 3]]) -> String {
    let mut text = String::from("<settings><mirrors>");
    for (number, [id, of, more]) in mirrors.iter().enumerate() {
        let id = if id.is_empty() { String::new() } else { format!("<id>{id}</id>") };
        let url =
            if more.contains("blocked") { "http://0.0.0.0/" } else { "http://mirror.invalid" };
        let url = format!("<url>{url}/{number}</url>").replace("//0.0.0.0//", "//0.0.0.0/");
        let _ = write!(text, "<mirror>{id}<mirrorOf>{of}</mirrorOf>{url}{more}</mirror>");
    }
    text + "</mirrors></settings>"
}

/// A project that declares all of the repositories, and needs none of them.
fn project() -> String {
    let mut text = String::from(
        "<project><modelVersion>4.0.0</modelVersion><groupId>com.example</groupId>\
         <artifactId>a</artifactId><version>1</version><packaging>pom</packaging><repositories>",
    );
    for [id, url] in REPOSITORIES.iter().chain(&[["central", "file:///nonexistent"]]) {
        let _ = write!(text, "<repository><id>{id}</id><url>{url}</url></repository>");
    }
    text + "</repositories><pluginRepositories><pluginRepository><id>central</id>\
            <url>file:///nonexistent</url></pluginRepository></pluginRepositories></project>"
}

/// The mirrors that Maven says it uses: `Using mirror ID (URL) for ID (URL).`
fn used(log: &str) -> BTreeMap<String, String> {
    let lines = log.lines().filter_map(|line| line.split_once("Using mirror "));
    lines
        .map(|(_, rest)| {
            let (mirror, repository) = rest.split_once(" for ").unwrap();
            let of = repository.split(" (").next().unwrap();
            (of.to_owned(), mirror.to_owned())
        })
        .collect()
}

fn explains_as(maven: &Maven) {
    let mut pairs = 0;
    let mut caught = 0;
    let world = World::new();
    world.file("project/pom.xml", project());
    let mut resident = Resident::start(&world, maven, "project");
    for mirrors in SETTINGS {
        world.put(settings(mirrors));
        let ran = resident.run(&["-o", "-X", "validate"]);
        assert_eq!(ran.code, Some(0), "{}", ran.stdout);
        let used = used(&ran.stdout);
        let global = maven.home.join("conf/settings.xml");
        for [id, url] in REPOSITORIES {
            let args = ["explain", id, url, "--global-settings", global.to_str().unwrap()];
            let ran = world.devkit(args.iter().chain(&["--json"]));
            let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
            let taken = document["mirrors"].as_array().unwrap().iter();
            let taken = taken.filter(|mirror| mirror["taken"] == true);
            let taken: Vec<String> = taken
                .map(|mirror| {
                    let text = |name: &str| mirror[name].as_str().unwrap();
                    format!("{} ({})", text("id"), text("url"))
                })
                .collect();
            let expected: Vec<String> = used.get(*id).cloned().into_iter().collect();
            assert_eq!(taken, expected, "{id} {url} with {}", settings(mirrors));
            let blocked = expected.first().is_some_and(|mirror| mirror.starts_with(BLOCKER));
            assert_eq!(document["verdict"] == "blocked", blocked, "{document}");
            assert_eq!(ran.code, Some(0), "{document}");
            pairs += 1;
            caught += usize::from(!expected.is_empty());
        }
    }
    // A comparison of nothing with nothing would pass as well.
    assert!(pairs >= 200 && caught >= 60, "{caught} of {pairs}");
}

#[test]
fn explain_agrees_with_the_installed_maven() {
    if let Some(maven) = Maven::installed() {
        explains_as(&maven);
    }
}

#[test]
fn explain_agrees_with_maven_3_9() {
    if let Some(maven) = Maven::fetched("3.9.16") {
        explains_as(&maven);
    }
}

#[test]
fn explain_agrees_with_maven_4() {
    if let Some(maven) = Maven::fetched("4.0.0-rc-6") {
        explains_as(&maven);
    }
}
