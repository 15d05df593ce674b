//! Rules as tables, and laws as properties.

use proptest::prelude::*;

use crate::git::{EntryKind, Logged, Oid, TreeEntry};
use crate::go::slip;
use crate::go::sum;
use crate::go::zip::{Area, Invalid, check_name};
use crate::release::commits::{self, Change};
use crate::{BadPath, BadVersion, Bump, GoMod, Misplaced, ModulePath, TagPrefix, Version, tag};

fn version(text: &str) -> Version {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn versions_are_canonical_or_refused() {
    for text in [
        "v0.0.0",
        "v1.2.3",
        "v1.2.3-rc.1",
        "v1.0.0-alpha",
        "v1.0.0-0a",
        "v1.0.0-x-y-z.-",
        "v123456789012345678901234567890.0.1",
        // Nearly a pseudo-version.
        "v1.2.3-20200102030405-abcdef",
        "v0.0.0-2020010203040-abcdef",
        "v1.2.3-pre.20200102030405-abcdef",
    ] {
        assert_eq!(version(text).to_string(), text);
    }
    for (text, error) in [
        ("1.2.3", BadVersion::NoV),
        ("V1.2.3", BadVersion::NoV),
        ("", BadVersion::NoV),
        ("v1", BadVersion::NotThree),
        ("v1.2", BadVersion::NotThree),
        ("v1.2.3.4", BadVersion::NotThree),
        ("v1.2.x", BadVersion::NotThree),
        ("v1.2.-1", BadVersion::NotThree),
        ("v01.2.3", BadVersion::LeadingZero),
        ("v1.2.3-01", BadVersion::LeadingZero),
        ("v1.2.3-", BadVersion::BadPrerelease),
        ("v1.2.3-a..b", BadVersion::BadPrerelease),
        ("v1.2.3-a_b", BadVersion::BadPrerelease),
        ("v1.2.3+meta", BadVersion::Build),
        ("v1.2.3-rc.1+incompatible", BadVersion::Build),
        ("v0.0.0-20200102030405-0123456789ab", BadVersion::Pseudo),
        ("v1.0.0-20200102030405-x", BadVersion::Pseudo),
        ("v1.2.4-0.20200102030405-0123456789ab", BadVersion::Pseudo),
        ("v1.2.3-rc.1.0.20200102030405-0123456789ab", BadVersion::Pseudo),
    ] {
        assert_eq!(text.parse::<Version>(), Err(error), "{text}");
    }
}

/// The order of semver 2.0, clause 11, and numbers that no machine word holds.
#[test]
fn what_is_no_version_may_have_been_meant_as_something() {
    for (text, meant) in [
        ("1.2.3", "did you mean v1.2.3?"),
        ("V0.2.0", "did you mean v0.2.0?"),
        ("v1", "did you mean v1.0.0?"),
        ("1.2", "did you mean v1.2.0?"),
        ("V2", "did you mean v2.0.0?"),
        ("v1.2.3+meta", "did you mean v1.2.3?"),
        ("lst", "did you mean 'list'? devkit gomod-tag list"),
        ("statsu", "did you mean 'status'? devkit gomod-tag status"),
        ("verfy", "did you mean 'verify'? devkit gomod-tag verify"),
        ("tags", "did you mean 'tag'? devkit gomod-tag tag"),
        ("minor", "did you mean --bump minor?"),
        ("a/v0.2.0", "did you mean --set a=v0.2.0?"),
        ("x/y/v1.0.0-rc.1", "did you mean --set x/y=v1.0.0-rc.1?"),
        ("latest", "three numbers with a v, such as v1.2.3 or v1.2.3-rc.1"),
        ("", "three numbers with a v, such as v1.2.3 or v1.2.3-rc.1"),
        ("v1.2.x", "three numbers with a v, such as v1.2.3 or v1.2.3-rc.1"),
        ("v01.2.3", "three numbers with a v, such as v1.2.3 or v1.2.3-rc.1"),
    ] {
        let why = text.parse::<Version>().expect_err(text);
        assert_eq!(slip::meant(text, why), meant, "{text}");
    }
}

#[test]
fn versions_are_ordered() {
    let order = [
        "v0.9.9",
        "v1.0.0-1",
        "v1.0.0-2",
        "v1.0.0-10",
        "v1.0.0-99999999999999999999999",
        "v1.0.0-alpha",
        "v1.0.0-alpha.1",
        "v1.0.0-alpha.beta",
        "v1.0.0-beta",
        "v1.0.0-beta.2",
        "v1.0.0-beta.11",
        "v1.0.0-rc.1",
        "v1.0.0",
        "v1.0.1",
        "v1.2.0",
        "v1.10.0",
        "v2.0.0",
        "v99999999999999999999.0.0",
        "v100000000000000000000.0.0",
    ];
    for (at, low) in order.iter().enumerate() {
        assert_eq!(version(low).cmp(&version(low)), std::cmp::Ordering::Equal);
        for high in &order[at + 1..] {
            assert!(version(low) < version(high), "{low} < {high}");
        }
    }
}

#[test]
fn versions_go_up() {
    for (from, bump, to) in [
        ("v1.2.3", Bump::Patch, "v1.2.4"),
        ("v1.2.3", Bump::Minor, "v1.3.0"),
        ("v1.2.3", Bump::Major, "v2.0.0"),
        ("v1.2.9", Bump::Patch, "v1.2.10"),
        ("v0.99.3", Bump::Minor, "v0.100.0"),
        ("v1.2.3", Bump::Prerelease, "v1.2.4-rc.1"),
        ("v1.2.3-rc.1", Bump::Patch, "v1.2.3"),
        ("v1.2.3-rc.1", Bump::Minor, "v1.3.0"),
        ("v1.3.0-rc.1", Bump::Minor, "v1.3.0"),
        ("v1.3.0-rc.1", Bump::Major, "v2.0.0"),
        ("v2.0.0-rc.1", Bump::Major, "v2.0.0"),
        ("v2.0.0-rc.1", Bump::Release, "v2.0.0"),
        ("v2.0.0-rc.9", Bump::Prerelease, "v2.0.0-rc.10"),
        ("v2.0.0-beta", Bump::Prerelease, "v2.0.0-beta.1"),
        ("v2.0.0-9", Bump::Prerelease, "v2.0.0-10"),
    ] {
        let next = version(from).bumped(bump);
        assert_eq!(next.as_ref().map(ToString::to_string).as_deref(), Some(to), "{from} {bump:?}");
        assert!(next.unwrap() > version(from), "{from} {bump:?}");
    }
    assert_eq!(version("v1.0.0").bumped(Bump::Release), None);
    assert_eq!(Version::first(None).to_string(), "v0.1.0");
    let path: ModulePath = "example.com/m/v12".parse().unwrap();
    assert_eq!(Version::first(path.major().as_ref()).to_string(), "v12.0.0");
}

#[test]
fn paths_are_split_as_go_splits_them() {
    for (text, prefix, takes, refuses) in [
        ("example.com/m", "example.com/m", "v1.0.0", "v2.0.0"),
        ("example.com/m", "example.com/m", "v0.1.0", "v10.0.0"),
        ("example.com/m/v2", "example.com/m", "v2.0.0-rc.1", "v1.0.0"),
        ("example.com/m/v10", "example.com/m", "v10.1.0", "v1.0.0"),
        ("example.com/v2/m", "example.com/v2/m", "v1.0.0", "v2.0.0"),
        ("example.com/m/v", "example.com/m/v", "v1.0.0", "v2.0.0"),
        ("example.com/m.v2", "example.com/m.v2", "v1.0.0", "v2.0.0"),
        ("example.com", "example.com", "v1.0.0", "v2.0.0"),
        ("gopkg.in/yaml.v3", "gopkg.in/yaml", "v3.0.0", "v1.0.0"),
        ("gopkg.in/yaml.v0", "gopkg.in/yaml", "v0.1.0", "v1.0.0"),
        ("gopkg.in/u/p.v1", "gopkg.in/u/p", "v1.0.0", "v0.1.0"),
        ("github.com/A/b~c/_x", "github.com/A/b~c/_x", "v1.0.0", "v2.0.0"),
    ] {
        let path: ModulePath = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(path.prefix(), prefix, "{text}");
        assert!(path.takes(&version(takes)), "{text} {takes}");
        assert!(!path.takes(&version(refuses)), "{text} {refuses}");
    }
    let unstable: ModulePath = "gopkg.in/m.v2-unstable".parse().unwrap();
    assert!(!unstable.takes(&version("v2.0.0")));
}

#[test]
fn paths_that_go_cannot_fetch_are_refused() {
    for (text, error) in [
        ("", BadPath::Empty),
        ("m", BadPath::NoDot),
        ("example/m.b", BadPath::NoDot),
        ("-example.com/m", BadPath::LeadingDash),
        ("Example.com/m", BadPath::BadHostCharacter('E')),
        ("ex_ample.com/m", BadPath::BadHostCharacter('_')),
        ("example.com/m n", BadPath::BadCharacter(' ')),
        ("example.com/m@v1", BadPath::BadCharacter('@')),
        ("example.com/ü", BadPath::BadCharacter('ü')),
        ("example.com//m", BadPath::EmptyElement),
        ("example.com/m/", BadPath::EmptyElement),
        ("/example.com/m", BadPath::EmptyElement),
        ("example.com/.m", BadPath::Dot(".m".into())),
        ("example.com/m.", BadPath::Dot("m.".into())),
        ("example.com/..", BadPath::Dot("..".into())),
        ("example.com/con", BadPath::Reserved("con".into())),
        ("example.com/Lpt1.x", BadPath::Reserved("Lpt1.x".into())),
        ("example.com/abc~1", BadPath::ShortName("abc~1".into())),
        ("example.com/m/v1", BadPath::BadMajor),
        ("example.com/m/v0", BadPath::BadMajor),
        ("example.com/m/v02", BadPath::BadMajor),
        ("example.com/m/v2.1", BadPath::BadMajor),
        ("gopkg.in/yaml", BadPath::BadMajor),
        ("gopkg.in/yaml.v", BadPath::BadMajor),
        ("gopkg.in/yaml.v01", BadPath::BadMajor),
        ("gopkg.in/yaml/v2", BadPath::BadMajor),
    ] {
        assert_eq!(text.parse::<ModulePath>(), Err(error), "{text}");
    }
    for text in ["example.com/com0", "example.com/lpt10", "example.com/a~b", "example.com/~", "a.b"]
    {
        assert!(text.parse::<ModulePath>().is_ok(), "{text}");
    }
}

fn path(text: &str) -> ModulePath {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A row is a root, a folder, a module path and the prefix of its tags.
#[test]
fn a_module_has_its_tags_below_its_folder() {
    for (root, folder, module, prefix) in [
        ("example.com/r", "", "example.com/r", ""),
        ("example.com/r", "a", "example.com/r/a", "a/"),
        ("example.com/r", "a/b", "example.com/r/a/b", "a/b/"),
        ("example.com/r", "", "example.com/r/v2", ""),
        ("example.com/r", "v2", "example.com/r/v2", ""),
        ("example.com/r", "a", "example.com/r/a/v2", "a/"),
        ("example.com/r", "a/v2", "example.com/r/a/v2", "a/"),
        ("example.com/r", "a/v2/b", "example.com/r/a/v2/b", "a/v2/b/"),
        ("example.com/r", "a/v2", "example.com/r/a/v2/v3", "a/v2/"),
        ("example.com/r/v2", "", "example.com/r/v2", ""),
        ("gopkg.in/yaml.v3", "", "gopkg.in/yaml.v3", ""),
    ] {
        let found = TagPrefix::of(root, folder, &path(module));
        assert_eq!(found.map(|found| found.to_string()), Ok(prefix.into()), "{folder} {module}");
    }
    let elsewhere = |expected: &str| Misplaced::Elsewhere { expected: expected.into() };
    let foreign = || Misplaced::Foreign { root: "example.com/r".into() };
    for (folder, module, error) in [
        ("a", "example.com/r/b", elsewhere("b")),
        ("a", "example.com/r", elsewhere("")),
        ("", "example.com/r/a", elsewhere("a")),
        ("a/v3", "example.com/r/a/v2", elsewhere("a")),
        ("v2", "example.com/r", elsewhere("")),
        ("a", "example.com/ra", foreign()),
        ("a", "example.org/r/a", foreign()),
    ] {
        assert_eq!(TagPrefix::of("example.com/r", folder, &path(module)), Err(error), "{module}");
    }
}

#[test]
fn a_tag_is_a_version_of_one_module_only() {
    let root = TagPrefix::of("example.com/r", "", &path("example.com/r")).unwrap();
    let sdk = TagPrefix::of("example.com/r", "sdk", &path("example.com/r/sdk")).unwrap();
    assert_eq!(sdk.tag(&version("v1.2.3-rc.1")), "sdk/v1.2.3-rc.1");
    assert_eq!(sdk.version("sdk/v1.2.3"), Some(Ok(version("v1.2.3"))));
    assert_eq!(root.version("v1.2.3"), Some(Ok(version("v1.2.3"))));
    for (prefix, other) in [(&root, "sdk/v1.0.0"), (&sdk, "v1.0.0"), (&sdk, "sdk/a/v1.0.0")] {
        assert_eq!(prefix.version(other), None, "{other}");
    }
    for no_version in ["nightly", "sdkv1.0.0", "vnext", ""] {
        assert_eq!(root.version(no_version), None, "{no_version}");
    }
    // What was meant as one, and Go ignores.
    for (tag, error) in [
        ("sdk/1.2.3", BadVersion::NoV),
        ("sdk/v1.2", BadVersion::NotThree),
        ("sdk/v0.2.1.1", BadVersion::NotThree),
        ("sdk/v1.2.3+x", BadVersion::Build),
    ] {
        assert_eq!(sdk.version(tag), Some(Err(error)), "{tag}");
    }
}

#[test]
fn the_root_is_what_most_modules_say() {
    let of = |modules: &[(&str, &str)]| {
        let modules: Vec<_> = modules.iter().map(|(folder, text)| (*folder, path(text))).collect();
        tag::root(modules.iter().map(|(folder, path)| (*folder, path)))
    };
    let root = Some("example.com/r".to_owned());
    assert_eq!(of(&[("a", "example.com/r/a"), ("b", "example.com/r/b")]), root);
    assert_eq!(of(&[("", "example.com/r/v2")]), root);
    assert_eq!(of(&[("v2", "example.com/r/v2"), ("a/v3", "example.com/r/a/v3")]), root);
    // A module that was moved or copied from elsewhere does not count.
    let foreign = ("c", "example.org/other/c");
    assert_eq!(of(&[("a", "example.com/r/a"), ("b", "example.com/r/b"), foreign]), root);
    assert_eq!(of(&[("a", "example.com/r/a"), foreign]), None);
    assert_eq!(of(&[("a", "example.com/x")]), None);
    assert_eq!(of(&[]), None);
    assert_eq!(of(&[("", "gopkg.in/yaml.v3")]), Some("gopkg.in/yaml.v3".into()));
}

const FILE: &str = "// Deprecated: use v2.\nmodule \"example.com/m\" // mine\r\n\ngo 1.21\n\
                    require example.com/a v1.0.0\nrequire (\n\t`example.com/b` v0.0.0 // indirect\n\
                    \t// about c\n\texample.com/c v1.2.3 // indirect; why\n)\n\
                    replace example.com/a => ../a\nreplace example.com/b v0.0.0 => example.com/d v1.0.0\n\
                    exclude ( )\nexclude example.com/c v1.2.2\n// All of it.\nretract [v1.0.0, v1.0.9]\n\
                    retract (\n\tv1.1.0 // bad\n)\ntool example.com/t\nfuture (\n\ta b\n)\n";

#[test]
fn a_file_is_read_with_every_place() {
    let file = GoMod::parse(FILE).unwrap();
    assert_eq!(file.module.as_ref().unwrap().text, "example.com/m");
    assert_eq!(file.go.as_ref().unwrap().text, "1.21");
    let requires: Vec<_> = file
        .requires
        .iter()
        .map(|require| (&*require.path.text, &*require.version.text, require.indirect))
        .collect();
    let expected = [
        ("example.com/a", "v1.0.0", false),
        ("example.com/b", "v0.0.0", true),
        ("example.com/c", "v1.2.3", true),
    ];
    assert_eq!(requires, expected);
    assert_eq!(file.replaces[0].new.path.text, "../a");
    assert_eq!(file.replaces[1].old.version.as_ref().unwrap().text, "v0.0.0");
    assert_eq!(file.excludes.len(), 1);
    let retracts: Vec<_> = file
        .retracts
        .iter()
        .map(|retract| (&*retract.low.text, &*retract.high.text, &*retract.rationale))
        .collect();
    assert_eq!(retracts, [("v1.0.0", "v1.0.9", "All of it."), ("v1.1.0", "v1.1.0", "bad")]);
    let others: Vec<_> = file.others.iter().map(|line| (&*line.verb, line.words.len())).collect();
    assert_eq!(others, [("tool", 1), ("future", 2)]);
    assert_eq!(file.position(file.requires[0].version.span.start), (5, 23));
    // An edit is one of a token's bytes.
    let edited = file
        .edited([(&file.requires[1].version, "v1.5.0"), (&file.requires[2].version, "v1.10.0")]);
    assert_eq!(
        edited,
        FILE.replacen("v0.0.0 //", "v1.5.0 //", 1).replacen("v1.2.3 //", "v1.10.0 //", 1)
    );
    assert_eq!(file.edited([]), FILE);
}

#[test]
fn what_is_no_go_mod_is_refused_with_its_place() {
    for (text, line, column) in [
        ("module m /* x */\n", 1, 10),
        ("/* x */\nmodule m\n", 1, 1),
        ("\u{feff}module m\n", 1, 1),
        ("module \"m\nx\"\n", 1, 8),
        ("module `m\nx`\n", 1, 8),
        ("module \"\\q\"\n", 1, 8),
        ("module a b\n", 1, 1),
        ("module a\nmodule b\n", 2, 1),
        ("require a\n", 1, 1),
        ("replace a b\n", 1, 1),
        ("replace a => b c d\n", 1, 1),
        ("retract [v1.0.0]\n", 1, 1),
        ("go (\n\t1.21\n)\n", 1, 1),
        ("require (\n\ta v1.0.0\n", 3, 1),
        ("require x (\n)\n", 1, 1),
        (")\n", 1, 1),
        ("module a\"b\"\n", 1, 8),
    ] {
        let error = GoMod::parse(text).unwrap_err();
        assert_eq!((error.line, error.column), (line, column), "{text:?}: {error}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[a-z0-9.\"`\\\\/*()\\[\\],=>\n\r \t-]{0,60}") {
        if let Ok(file) = GoMod::parse(&text) {
            prop_assert_eq!(file.edited([]), text);
        }
    }

    #[test]
    fn an_order_of_versions_is_one(a in numbers(), b in numbers(), c in numbers()) {
        let (a, b, c) = (version(&a), version(&b), version(&c));
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert!(!(a <= b && b <= c) || a <= c);
        for bump in [Bump::Patch, Bump::Minor, Bump::Major, Bump::Prerelease] {
            prop_assert!(a.bumped(bump).unwrap() > a);
        }
    }
}

fn numbers() -> impl Strategy<Value = String> {
    "v(0|[1-9][0-9]{0,2})\\.(0|9|10)\\.(0|99)(-(rc|0|9|a)(\\.(1|10|b))?)?"
}

fn change(message: &str) -> Option<Change> {
    let (oid, message) = (Oid::of("1"), message.to_owned());
    commits::change(&Logged { oid, message, paths: Vec::new(), is_merge: false })
}

#[test]
fn messages_of_commits() {
    for (message, expected) in [
        ("feat: x", Some(Change::Feature)),
        ("Feat(api): x", Some(Change::Feature)),
        ("fix(a/b): x", Some(Change::Fix)),
        ("perf: x", Some(Change::Fix)),
        ("docs: x", Some(Change::None)),
        ("feat!: x", Some(Change::Breaking)),
        ("chore(deps)!: x", Some(Change::Breaking)),
        ("fix: x\n\nBREAKING CHANGE: y", Some(Change::Breaking)),
        ("docs: x\n\ntext\n\nBREAKING-CHANGE: y", Some(Change::Breaking)),
        ("fix: x\n\nnot a BREAKING CHANGE: y", Some(Change::Fix)),
        ("fix: x\n\nbreaking change: y", Some(Change::Fix)),
        ("fix : x", None),
        ("fix:x", None),
        ("fix(): x", None),
        ("fix(a: x", None),
        ("fix: ", None),
        (": x", None),
        ("Fix the thing: now", None),
        ("Merge branch 'x'", None),
        ("", None),
    ] {
        assert_eq!(change(message), expected, "{message:?}");
    }
    for (change, current, expected) in [
        (Change::None, "v1.0.0", None),
        (Change::Fix, "v0.1.0", Some(Bump::Patch)),
        (Change::Feature, "v0.1.0", Some(Bump::Minor)),
        (Change::Breaking, "v0.1.0", Some(Bump::Minor)),
        (Change::Breaking, "v1.0.0", Some(Bump::Major)),
        (Change::Feature, "v2.0.0", Some(Bump::Minor)),
    ] {
        assert_eq!(commits::bump(change, &version(current)), expected, "{change:?} {current}");
    }
}

/// A tree of files, in the order of their paths.
fn tree(paths: &[&str]) -> Vec<TreeEntry> {
    let mut paths = paths.to_vec();
    paths.sort_unstable();
    let entry = |path: &str| TreeEntry {
        path: path.into(),
        kind: EntryKind::File,
        oid: Oid::of("1"),
        size: Some(1),
    };
    paths.into_iter().map(entry).collect()
}

#[test]
fn files_of_a_module() {
    let tree = tree(&[
        "LICENSE",
        "a/go.mod",
        "a/x.go",
        "a/n/go.mod",
        "a/n/x.go",
        "a/m/GO.MOD",
        "a/m/x.go",
        "a/vendor/modules.txt",
        "a/vendor/p/x.go",
        "a/q/vendor/v.go",
        "a/deeper/vendor/v.go",
        "a/.hg_archival.txt",
        "ab/x.go",
    ]);
    let names = |go: Option<&str>| {
        let area = Area::of("a", go, &tree);
        let names = area.entries(&tree).map(|it| String::from_utf8(area.name(&it.path).to_vec()));
        names.collect::<Result<Vec<_>, _>>().unwrap()
    };
    // The place where a slash is looked for was wrong before Go 1.24: a package vendor is out, too.
    let old = ["go.mod", "vendor/modules.txt", "x.go", "LICENSE"];
    assert_eq!(names(Some("1.23")), old);
    assert_eq!(names(None), old);
    let new = ["deeper/vendor/v.go", "go.mod", "q/vendor/v.go", "x.go", "LICENSE"];
    for go in ["1.24", "1.24rc1", "1.24.3", "2.0"] {
        assert_eq!(names(Some(go)), new, "{go}");
    }
}

#[test]
fn names_of_files_that_go_takes() {
    for (name, taken) in [
        ("a/b.go", true),
        ("a b/ü", true),
        ("-x", true),
        (".hidden/..x", true),
        ("!#$%&()+,-.=@[]^_{}~ ", true),
        ("a\"b", false),
        ("a'b", false),
        ("a*b", false),
        ("a:b", false),
        ("a\\b", false),
        ("a`b", false),
        ("a;b", false),
        ("a\nb", false),
        ("x.", false),
        ("x./y", false),
        ("...", false),
        ("NUL", false),
        ("con.txt", false),
        ("com10", true),
        ("lpt9.x.y", false),
        ("\u{301}", false),
        ("½", false),
    ] {
        assert_eq!(check_name(name.as_bytes()).is_ok(), taken, "{name:?}");
    }
    assert!(check_name(b"\xff").is_err());
    let area = |paths: &[&str]| {
        let tree = tree(paths);
        Area::of("", None, &tree).invalid(&tree).len()
    };
    assert_eq!(area(&["go.mod", "Ab/x", "ab/y"]), 1);
    assert_eq!(area(&["go.mod", "ab/x", "ab/y"]), 0);
    assert_eq!(area(&["Go.Mod"]), 1);
    let mut large = tree(&["go.mod", "x"]);
    large[0].size = Some((16 << 20) + 1);
    large[1].size = Some(500 << 20);
    let found = Area::of("", None, &large).invalid(&large);
    assert!(matches!(found[..], [Invalid::FileSize { .. }, Invalid::Size { .. }]), "{found:?}");
}

#[test]
fn lines_of_sums_keep_their_order() {
    let line = |module: &str, version: &str| (module.to_owned(), version.to_owned(), "h1:x".into());
    let old = "a v1.9.0 h1:1\na v1.10.0/go.mod h1:2\nc v1.0.0 h1:3\n";
    let new = sum::with_lines(
        old,
        &[
            line("a", "v1.10.0"),
            line("a", "v1.9.0/go.mod"),
            line("b", "v1.0.0"),
            line("d", "v1.0.0"),
        ],
    );
    assert_eq!(
        new,
        "a v1.9.0 h1:1\na v1.9.0/go.mod h1:x\na v1.10.0 h1:x\na v1.10.0/go.mod h1:2\nb v1.0.0 h1:x\nc \
         v1.0.0 h1:3\nd v1.0.0 h1:x\n"
    );
    // A line that is there is replaced, and a file without a last newline gets one.
    assert_eq!(sum::with_lines("a v1.9.0 h1:1", &[line("a", "v1.9.0")]), "a v1.9.0 h1:x\n");
    assert_eq!(sum::with_lines("", &[line("a", "v1.9.0")]), "a v1.9.0 h1:x\n");
}
