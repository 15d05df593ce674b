//! Laws of the table: each rule, over names of every kind.

use proptest::prelude::*;

use crate::rule::Rule;
use crate::select::{all_contexts, contexts};
use crate::syntax::IDENTIFIER;
use crate::verdict::Verdict;
use crate::{Format, Limits, all, check_file, report};

fn holds(rule: &Rule, name: &[u8]) {
    let answer = rule.check(name, b"7");
    let what = || format!("{} {name:?}: {answer:?}", rule.id());
    match answer.verdict {
        Verdict::Ok => assert!(answer.position.is_none() && answer.becomes.is_none(), "{}", what()),
        // Which byte it is, or that it is the whole name; and what is said.
        _ => assert!(answer.message.as_ref().is_some_and(|text| !text.is_empty()), "{}", what()),
    }
    assert_eq!(answer.verdict == Verdict::Mangled, answer.becomes.is_some(), "{}", what());
    assert!(answer.position.is_none_or(|at| at <= name.len()), "{}", what());
    assert!(answer.becomes.as_deref() != Some(name), "{}", what());
    if let Some((other, _)) = crate::suggest::suggest(rule, name, answer.verdict) {
        let verdict = rule.check(other.as_bytes(), b"7").verdict;
        assert_eq!(verdict, Verdict::Ok, "{}: {other}", what());
    }
}

proptest! {
    #[test]
    fn every_answer_is_whole(name in proptest::collection::vec(any::<u8>(), 0..12)) {
        for rule in all() {
            holds(rule, &name);
        }
    }

    #[test]
    fn so_is_every_answer_about_text(name in "[a-zA-Z0-9_.=\\[\\] :%+é/,-]{0,10}") {
        for rule in all() {
            holds(rule, name.as_bytes());
        }
    }

    #[test]
    fn no_file_makes_it_panic(
        format in proptest::sample::select(Format::ALL),
        text in "(apiVersion|kind|containers|env|name|value|services|environment|jobs|steps|run|ENV|FROM|CMD|RUN|Environment|export|[a-zé=:#'\"\\\\$%(){}\\[\\]<>&*!|?,;. \t\n-]){0,60}",
    ) {
        let _ = check_file(format, text.as_bytes(), &[]);
        let _ = Format::by_content(text.as_bytes());
    }

    #[test]
    fn nor_do_bytes(format in proptest::sample::select(Format::ALL), bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = check_file(format, &bytes, &[]);
    }

    #[test]
    fn identifiers_that_nobody_claims_pass_every_shell(name in "[a-z][a-z0-9]{2,8}_[qxz]{3}") {
        for rule in all().filter(|rule| rule.group == crate::Group::Shell) {
            prop_assert_eq!(rule.check(name.as_bytes(), b"7").verdict, Verdict::Ok, "{}", rule.id());
        }
    }

    #[test]
    fn portable_names_are_identifiers(name in "\\PC{0,12}") {
        if let Some(portable) = crate::suggest::portable(name.as_bytes()) {
            prop_assert!(IDENTIFIER.fits(portable.as_bytes()), "{}", portable);
        }
    }
}

#[test]
fn ids_are_unique_and_lead_back() {
    let contexts_of_all = all_contexts();
    let mut ids: Vec<&str> = contexts_of_all.iter().map(|context| context.id.as_str()).collect();
    for id in &ids {
        let found = contexts(id).unwrap();
        assert!(found.iter().any(|context| context.id == *id), "{id}");
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), contexts_of_all.len());
}

#[test]
fn versions_pick_their_range() {
    for (id, versions) in [
        ("k8s.env@1.2", "up to 1.7"),
        ("k8s.env@1.7", "up to 1.7"),
        ("k8s.env@1.7.16", "up to 1.7"),
        ("k8s.env@1.8", "1.8 to 1.31"),
        ("k8s.env@v1.31.4", "1.8 to 1.31"),
        ("k8s.env@1.32", "1.32 and 1.33"),
        ("k8s.env@1.34", "1.34 and later"),
        ("k8s.env@2", "1.34 and later"),
        ("k8s.env", "1.34 and later"),
    ] {
        let found = contexts(id).unwrap();
        assert_eq!((found.len(), found[0].rule.versions), (1, versions), "{id}");
        assert_eq!(found[0].id, id);
    }
    assert_eq!(contexts("k8s@1.7").unwrap().len(), 2);
    assert!(contexts("k8s.env@new").is_err() && contexts("k9s").is_err() && contexts("").is_err());
    let fish = contexts("fish.export").unwrap();
    assert_eq!((fish[0].id.as_str(), fish[0].rule.id().as_str()), ("fish.export", "fish.set"));
    assert!(contexts("fish.inherits").is_err() && contexts("docker.export").is_err());
    assert_eq!(contexts("bash").unwrap().len(), 4);
    assert_eq!(contexts("ash.inherit").unwrap()[0].id, "busybox.inherit");
}

#[test]
fn limits_are_the_kernels() {
    // Measured: 131,040 bytes with a stack of 256 KiB, 2,096,640 with 8 MiB, less what argv takes.
    assert_eq!(Limits::new(4096, Some(8 << 20)).string, 131_071);
    assert_eq!(Limits::new(65_536, Some(8 << 20)).string, 2_097_151);
    assert_eq!(Limits::new(4096, Some(256 << 10)).total, 131_072);
    assert_eq!(Limits::new(4096, Some(8 << 20)).total, 2_097_152);
    assert_eq!(Limits::new(4096, Some(64 << 20)).total, 6 << 20);
    assert_eq!(Limits::new(4096, None).total, 6 << 20);
}

#[test]
fn suggestions_are_those_of_the_reader() {
    let of = |id: &str, name: &str| {
        let rule = contexts(id).unwrap()[0].rule;
        let verdict = rule.check(name.as_bytes(), b"").verdict;
        crate::suggest::suggest(rule, name.as_bytes(), verdict).map(|(text, _)| text)
    };
    for (id, name, wanted) in [
        ("spring", "foo.the-bar", Some("FOO_THEBAR")),
        ("spring", "host[0][1]", Some("HOST_0_1")),
        (
            "spring",
            "eureka.client.serviceUrl.defaultZone",
            Some("EUREKA_CLIENT_SERVICEURL_DEFAULTZONE"),
        ),
        ("spring", "SERVER_PORT", None),
        ("dotnet", "Logging:LogLevel:Default", Some("Logging__LogLevel__Default")),
        ("dotnet", "Logging__LogLevel", None),
        ("dash.export", "a.b", Some("A_B")),
        ("dash.export", "1a", Some("_1A")),
        ("dash.export", "A_B", None),
        ("dash.export", "...", None),
        ("aws-lambda", "1a", None),
    ] {
        assert_eq!(of(id, name).as_deref(), wanted, "{id} {name}");
    }
    assert_eq!(report::hex(b"\x00\xff"), "00ff");
}

/// All names of up to three of some characters.
fn short_names() -> Vec<String> {
    let letters = ["a", "Z", "0", "_", "-", ".", "=", " ", "é", "/", "\t", ":", "#", "'", "["];
    let mut names = vec![String::new()];
    let mut last = names.clone();
    for _ in 0..3 {
        last =
            last.iter().flat_map(|name| letters.map(|letter| format!("{name}{letter}"))).collect();
        names.extend(last.clone());
    }
    names
}

#[test]
fn dotenvy_reads_what_the_table_says() {
    let rule = contexts("dotenv.rust-dotenvy").unwrap()[0].rule;
    let mut differences = Vec::new();
    for name in short_names() {
        let line = format!("{name}=7\n");
        let real = match dotenvy::from_read_iter(line.as_bytes()).next() {
            None => (Verdict::Dropped, None),
            Some(Err(_)) => (Verdict::Rejected, None),
            Some(Ok((found, value))) if found == name && value == "7" => (Verdict::Ok, None),
            Some(Ok((found, _))) if found == name => (Verdict::Changed, None),
            Some(Ok((found, _))) => (Verdict::Mangled, Some(found.into_bytes())),
        };
        let answer = rule.check(name.as_bytes(), b"7");
        if (answer.verdict, &answer.becomes) != (real.0, &real.1) {
            differences.push(format!(
                "{name:?}: table {:?} {:?}, real {real:?}",
                answer.verdict, answer.becomes
            ));
        }
    }
    let first: Vec<_> = differences.iter().take(40).collect();
    assert!(differences.is_empty(), "{}: {first:#?}", differences.len());
}
