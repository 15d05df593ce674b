//! The point of it all: a build that Maven blocks passes, and only what was asked for.
//!
//! Maven is asked as it is used: a project with a parent and an imported BOM in two repositories of
//! plain http, one of which wants credentials.

use std::cell::RefCell;
use std::fs;

use super::resident::Resident;
use super::world::{BLOCKER, Maven, NO_MATCH, Repo, World, artifact};
use crate::support::Ran;

/// What the parent's repository wants to know.
const USER: &str = "deployer:correct horse";
const SERVERS: &str = "<servers><server><id>corp</id><username>deployer</username>\
                       <password>correct horse</password></server></servers>";

/// A project, and the two repositories that it needs.
struct Build {
    world: World,
    corp: Repo,
    partner: Repo,
    /// Runs Maven in the place of its script, if it is there.
    resident: RefCell<Option<Resident>>,
}

impl Build {
    fn new() -> Self {
        let world = World::new();
        let corp = Repo::serve("127.0.0.2", [artifact("parent", "")].into(), Some(USER));
        let partner = Repo::serve("127.0.0.3", [artifact("bom", "")].into(), None);
        // Maven's own repository is replaced by an empty folder: no test leaves this machine.
        let central = world.path().join("central").display().to_string();
        let (corp_url, partner_url) = (&corp.url, &partner.url);
        let pom = format!(
            "<project>
  <modelVersion>4.0.0</modelVersion>
  <parent><groupId>com.example</groupId><artifactId>parent</artifactId><version>1</version><relativePath/></parent>
  <artifactId>project</artifactId>
  <packaging>pom</packaging>
  <repositories>
    <repository><id>corp</id><url>{corp_url}</url></repository>
    <repository><id>partner</id><url>{partner_url}</url></repository>
    <repository><id>central</id><url>file://{central}</url></repository>
  </repositories>
  <pluginRepositories>
    <pluginRepository><id>central</id><url>file://{central}</url></pluginRepository>
  </pluginRepositories>
  <dependencyManagement><dependencies><dependency>
    <groupId>com.example</groupId><artifactId>bom</artifactId><version>1</version><type>pom</type><scope>import</scope>
  </dependency></dependencies></dependencyManagement>
</project>
"
        );
        world.file("project/pom.xml", pom);
        Self { world, corp, partner, resident: RefCell::default() }
    }

    /// From now on this Maven stays where it is, instead of being started for each run.
    fn keep(&self, maven: &Maven) {
        *self.resident.borrow_mut() = Some(Resident::start(&self.world, maven, "project"));
    }

    /// A run of Maven. What earlier runs have fetched does not count.
    fn run(&self, maven: &Maven) -> Ran {
        let _ = fs::remove_dir_all(self.world.path().join("local"));
        self.again(maven)
    }

    /// A run of Maven beside what earlier ones have fetched.
    fn again(&self, maven: &Maven) -> Ran {
        // Maven 4 names what it blocks in these lines only.
        let debug: &[&str] = if maven.is_4() { &["-X"] } else { &[] };
        let args = [debug, &["validate"]].concat();
        match &mut *self.resident.borrow_mut() {
            Some(resident) => resident.run(&args),
            None => self.world.maven(maven, "project", &args),
        }
    }

    #[track_caller]
    fn passes(&self, maven: &Maven, what: &str) {
        let ran = self.run(maven);
        assert_eq!(ran.code, Some(0), "{what} does not pass:\n{}\n{}", ran.stdout, self.shown());
    }

    /// Blocked, and Maven says that it is these.
    #[track_caller]
    fn blocked(&self, maven: &Maven, what: &str, ids: &[&str]) -> String {
        let ran = self.run(maven);
        self.is_blocked(&ran, what, ids);
        ran.stdout
    }

    #[track_caller]
    fn is_blocked(&self, ran: &Ran, what: &str, ids: &[&str]) {
        assert_eq!(ran.code, Some(1), "{what} passes:\n{}\n{}", ran.stdout, self.shown());
        let in_lists = ran.stdout.split("Blocked mirror for repositories: [").skip(1);
        let in_lists: Vec<&str> = in_lists.filter_map(|rest| rest.split(']').next()).collect();
        assert!(!in_lists.is_empty(), "{what}: {}", ran.stdout);
        let used_for = format!("Using mirror {BLOCKER} (http://0.0.0.0/) for ");
        let used_for: Vec<&str> = ran.stdout.split(&used_for).skip(1).collect();
        for (id, repo) in [("corp", &self.corp), ("partner", &self.partner)] {
            let listed = in_lists.iter().any(|list| list.contains(&format!("{id} ({},", repo.url)));
            let used =
                used_for.iter().any(|rest| rest.starts_with(&format!("{id} ({})", repo.url)));
            let expected = ids.contains(&id);
            assert_eq!(listed || used, expected, "{what}: {id}\n{}\n{}", ran.stdout, self.shown());
        }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.world.settings()).unwrap_or_default()).into_owned()
    }
}

/// From blocked to open and back, and by way of each repository alone.
fn blocked_open_and_back(maven: &Maven) {
    let build = Build::new();
    let world = &build.world;
    let original = format!("<settings>\n  {SERVERS}\n</settings>\n");
    world.put(&original);

    // All that the log names.
    let log = build.blocked(maven, "as it comes", &["corp", "partner"]);
    assert_eq!(build.corp.asked(), [""; 0], "a blocked repository was asked");
    let ran = world.fed(&["--from-log", "-"], log.as_bytes());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    build.passes(maven, "with what the log names");
    assert!(world.text().contains("external:http:*,!corp,!partner"), "{}", world.text());
    // With its credentials: they go by the repository's id, and that is still asked itself.
    let asked = build.corp.asked();
    assert!(asked.contains(&"/repo/com/example/parent/1/parent-1.pom 200".to_owned()), "{asked:?}");
    world.ends(0, ["--undo"]);
    assert_eq!(world.text(), original);

    // Its script has had its turn, blocked and open.
    build.keep(maven);
    // Step by step, and back. What has been fetched meanwhile is of no use to Maven.
    world.ends(0, ["--repo", "corp"]);
    build.partner.asked();
    build.blocked(maven, "with corp freed", &["partner"]);
    assert_eq!(build.partner.asked(), [""; 0], "a blocked repository was asked");
    world.ends(0, ["--repo", "partner"]);
    build.passes(maven, "with both freed");
    world.ends(0, ["--undo"]);
    build.blocked(maven, "with partner's step undone", &["partner"]);
    world.ends(0, ["--undo"]);
    build.blocked(maven, "with corp's step undone", &["corp", "partner"]);
    assert_eq!(world.text(), original);

    // One that nobody asked for stays blocked.
    world.ends(0, ["--repo", "partner"]);
    build.blocked(maven, "with partner freed", &["corp"]);

    // From the scoped form to the open one, in the same entry.
    world.ends(0, Vec::<&str>::new());
    build.passes(maven, "with the blocker off");
    assert_eq!(world.text().matches(BLOCKER).count(), 1);
    assert!(!world.text().contains("<blocked>"), "Maven 3.6 warns of it: {}", world.text());
    world.ends(0, ["--undo"]);
    let ran = build.again(maven);
    build.is_blocked(&ran, "undone beside a full local repository", &["corp"]);
    world.ends(0, ["--undo"]);

    // By the project itself.
    world.ends(0, ["--project", "project"]);
    build.passes(maven, "with what the project declares");
    world.ends(0, ["--undo"]);
    assert_eq!(world.text(), original);
    assert_eq!(world.names(), ["settings.xml"]);
}

#[test]
fn the_installed_maven_blocks_passes_and_blocks_again() {
    if let Some(maven) = Maven::installed() {
        blocked_open_and_back(&maven);
    }
}

#[test]
fn maven_3_9_blocks_passes_and_blocks_again() {
    if let Some(maven) = Maven::fetched("3.9.16") {
        blocked_open_and_back(&maven);
    }
}

#[test]
fn maven_4_blocks_passes_and_blocks_again() {
    if let Some(maven) = Maven::fetched("4.0.0-rc-6") {
        blocked_open_and_back(&maven);
    }
}

/// Maven 3.6 has no blocker, and reads the same file.
#[test]
fn maven_3_6_passes_before_and_after_and_complains_only_of_blocked() {
    let Some(maven) = Maven::fetched("3.6.3") else { return };
    assert!(!maven.blocks());
    let build = Build::new();
    build.world.put(format!("<settings>{SERVERS}</settings>"));
    build.passes(&maven, "as it comes");
    build.world.ends(0, Vec::<&str>::new());
    let ran = build.run(&maven);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert!(!ran.stdout.contains("settings.xml"), "{}", ran.stdout);
    build.world.ends(0, ["--repo", "corp", "--repo", "partner"]);
    let ran = build.run(&maven);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert!(ran.stdout.contains("Unrecognised tag: 'blocked'"), "{}", ran.stdout);
}

/// What people have in their files, and whether Maven blocks with it.
enum Before {
    /// Both are blocked.
    Blocked,
    /// It does not pass for another reason.
    Fails,
    /// It passes, and the file is left alone.
    Passes,
}

fn recipes() -> Vec<(&'static str, String, Before)> {
    let stock = |of: &str, blocked: &str| {
        format!(
            "<mirror><id>{BLOCKER}</id><mirrorOf>{of}</mirrorOf><name>x</name>\
             <url>http://0.0.0.0/</url>{blocked}</mirror>"
        )
    };
    let on = "<blocked>true</blocked>";
    let file = |mirrors: &str| {
        format!("<settings>\n  {SERVERS}\n  <mirrors>\n    {mirrors}\n  </mirrors>\n</settings>\n")
    };
    let active = stock("external:http:*", on);
    let outside = |start: &str, end: &str| {
        format!("<settings>{SERVERS}{start}{}{end}</settings>", stock("dummy", ""))
    };
    let in_profile =
        outside("<profiles><profile><id>p</id><mirrors>", "</mirrors></profile></profiles>");
    let under_settings = outside("", "");
    vec![
        ("of the same id, dummy", file(&stock("dummy", "")), Before::Passes),
        (
            "of the same id, dummy, blocked",
            file(&stock("dummy", "<blocked>false</blocked>")),
            Before::Passes,
        ),
        ("of the same id, !*", file(&stock("!*", "")), Before::Passes),
        ("of the same id, nothing", file(&stock(NO_MATCH, "")), Before::Passes),
        ("a copy, not blocking", file(&stock("external:http:*", "")), Before::Fails),
        (
            "a copy, blocked = no",
            file(&stock("external:http:*", "<blocked>no</blocked>")),
            Before::Fails,
        ),
        ("a copy", file(&active), Before::Blocked),
        (
            "an override behind a copy",
            file(&(active.clone() + &stock("dummy", ""))),
            Before::Blocked,
        ),
        ("a copy made a comment", file(&format!("<!-- {active} -->")), Before::Blocked),
        (
            "blanks in the list",
            file(&stock("external:http:*, !corp, !partner", on)),
            Before::Blocked,
        ),
        ("globs", file(&stock("external:http:*,!cor*,!par*", on)), Before::Blocked),
        ("mirrors in a profile", in_profile, Before::Blocked),
        ("a mirror under settings", under_settings, Before::Blocked),
        ("an empty file", String::new(), Before::Fails),
        (
            "another namespace",
            file(&active).replace("<settings>", "<settings xmlns='urn:x'>"),
            Before::Blocked,
        ),
        (
            "an id in pieces",
            file(
                &active
                    .replace("maven-", "maven<!-- x -->-<![CDATA[]]>")
                    .replace("<![CDATA[]]>", ""),
            ),
            Before::Blocked,
        ),
        (
            "an id in CDATA",
            file(&active.replace(BLOCKER, &format!("\n<![CDATA[{BLOCKER}]]> "))),
            Before::Blocked,
        ),
    ]
}

fn every_recipe(maven: &Maven, recipes: Vec<(&'static str, String, Before)>) {
    let build = Build::new();
    build.keep(maven);
    let world = &build.world;
    for (name, settings, before) in recipes {
        world.put(&settings);
        match before {
            Before::Blocked => drop(build.blocked(maven, name, &["corp", "partner"])),
            Before::Fails => assert_ne!(build.run(maven).code, Some(0), "{name}"),
            Before::Passes => build.passes(maven, name),
        }
        let action = world.json(0, &[])["action"].clone();
        let expected = if matches!(before, Before::Passes) { "unchanged" } else { "changed" };
        if settings.is_empty() {
            // There are no credentials in it.
            world.put(world.text().replace("<mirrors>", &format!("{SERVERS}<mirrors>")));
        } else {
            assert_eq!(action, expected, "{name}: {}", world.text());
        }
        build.passes(maven, &format!("{name}, open"));
        if settings.is_empty() {
            fs::remove_dir_all(world.home().join(".m2")).unwrap();
            continue;
        }
        world.ends(0, ["--repo", "corp"]);
        // Where nothing blocked before, the entry that lets all through is narrowed.
        build.blocked(maven, &format!("{name}, corp only"), &["partner"]);
        while world.names().len() > 1 {
            world.ends(0, ["--undo"]);
        }
        assert_eq!(world.text(), settings, "{name}");
    }
}

#[test]
fn every_recipe_ends_in_a_build_with_the_installed_maven() {
    if let Some(maven) = Maven::installed() {
        every_recipe(&maven, recipes());
    }
}

#[test]
fn every_recipe_ends_in_a_build_with_maven_3_9() {
    if let Some(maven) = Maven::fetched("3.9.16") {
        every_recipe(&maven, recipes());
    }
}

#[test]
fn every_recipe_ends_in_a_build_with_maven_4() {
    if let Some(maven) = Maven::fetched("4.0.0-rc-6") {
        every_recipe(&maven, recipes());
    }
}
