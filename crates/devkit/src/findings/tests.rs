//! No text of a file comes through a finding as it is: hostile files for the recipes' libraries, and
//! every writer there is.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use devkit_envcheck::{Format, SeenFile, check_file, told_together};
use devkit_kubecerts::{Clock, FileBytes, Kubeconfig, Report, Sources};
use devkit_mvn_unblock::{Parsed, Settings};
use devkit_report::sarif::{self, Tool};
use devkit_report::{Emphasis, Finding, PathNames, TextWriter, github, to_json};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::failure::tests::{hostile, is_tame, path};

/// Looks at a finding as people, programs and annotations get it.
#[track_caller]
fn assert_tame(finding: &Finding) {
    let paths = PathNames::default().below("/src");
    let paint = |_: Emphasis, text: &str| text.to_owned();
    let writer = TextWriter { paths: &paths, columns: Some(80), unicode: true, paint: &paint };
    for text in [writer.line(finding), writer.sentence(finding), writer.whole(finding)] {
        is_tame(&text);
    }
    let line = github::line("test", finding, &paths);
    assert_eq!(line.lines().count(), 1, "{line:?}");
    is_tame(&line);
    let meaning = |_: &str| None::<Cow<'static, str>>;
    let tool = Tool { name: "devkit test", version: "1", meaning: &meaning };
    let documents = [to_json(finding), to_json(&sarif::document(&tool, [finding], &paths))];
    for document in documents {
        let document = document.unwrap();
        is_tame(&document);
        texts_are_tame(&serde_json::from_str(&document).unwrap());
    }
}

/// The texts of a document that people are to read. A program needs a file's real name.
#[track_caller]
fn texts_are_tame(value: &Value) {
    match value {
        Value::String(text) => is_tame(text),
        Value::Array(values) => values.iter().for_each(texts_are_tame),
        Value::Object(fields) => {
            fields
                .iter()
                .filter(|(name, _)| *name != "file")
                .for_each(|(_, it)| texts_are_tame(it));
        }
        _ => {}
    }
}

/// Files of each format that set a variable of this name, and one beside it.
fn that_set(name: &str) -> Vec<(Format, String)> {
    let env = json!([{"name": name, "value": 1}, {"name": "a.b", "value": name}]);
    let container = json!({"name": name, "command": ["sh", name], "env": env});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [container]}});
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {name: "x", "a b": name}});
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [pod, map]});
    let service = json!({"image": "x", "environment": {name: "x"}, "entrypoint": ["sh", name]});
    let compose = json!({"services": {"a": service}});
    let steps =
        json!([{"run": "x", "shell": name}, {"run": "x", "shell": "sh", "env": {name: "x"}}]);
    let workflow = json!({"on": "push", "jobs": {"a": {"runs-on": "x", "steps": steps}}});
    vec![
        (Format::Dotenv, format!("{name}=1\nexport {name}\na.b={name}\n")),
        (Format::DockerEnvFile, format!("{name}=1\n{name}\n{name} \n")),
        (Format::EnvironmentFile, format!("{name}=1\n a.b={name}\n")),
        (
            Format::Dockerfile,
            format!(
                "FROM {name}\nSHELL [\"{name}\"]\nRUN {name}\nFROM x\nENV {name}=1 a.b={name}\n\
                 ENV {name} x\nENTRYPOINT {name}\n"
            ),
        ),
        (
            Format::Systemd,
            format!("[Service]\nEnvironment={name}=1 \"{name}=1\"\nExecStart=/bin/sh {name}\n"),
        ),
        (Format::Kubernetes, list.to_string()),
        (Format::Compose, compose.to_string()),
        (Format::GithubWorkflow, workflow.to_string()),
    ]
}

/// Text for XML, without what no XML may hold.
fn in_xml(text: &str) -> String {
    let is_taken = |c: &char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    let escaped = |c| format!("&#x{:x};", u32::from(c));
    text.chars().filter(is_taken).map(escaped).collect::<Vec<_>>().concat()
}

fn settings(text: &str) -> String {
    let (id, raw) = (format!("x{}", in_xml(text)), text.replace(['<', '&', '>', '-'], ""));
    let raw: String = raw.chars().filter(|c| !c.is_control()).collect();
    format!(
        "<settings><!--{raw}-->\n<mirrors><mirror><id>{id}</id><url>http://{id}/</url><mirrorOf>external:{id},{id}\
         </mirrorOf></mirror>\n<mirror><id>{id}</id><url>http://b/</url><mirrorOf>*</mirrorOf></mirror></mirrors><profiles><profile>\
         <id>{id}</id><repositories><repository><id>{id}</id><url>http://{id}</url></repository></repositories>\
         </profile></profiles></settings>"
    )
}

fn kubeconfig(text: &str) -> String {
    let exec = json!({"command": text, "apiVersion": text, "interactiveMode": text, "env": [{"name": "", "value": text}]});
    let user = json!({"exec": exec, "token": text, "username": text, "auth-provider": {"name": text},
        "client-certificate": text, "client-key": text, "as-uid": text});
    let cluster = json!({"server": text, "proxy-url": text, "certificate-authority": text, "tls-server-name": text});
    json!({
        "current-context": text,
        text: text,
        "contexts": [
            {"name": text, "context": {"cluster": text, "user": text, "namespace": text}},
            {"name": "other", "context": {"cluster": text, "user": "none"}},
        ],
        "clusters": [{"name": text, "cluster": cluster}],
        "users": [{"name": text, "user": user}],
    })
    .to_string()
}

/// The findings of a file that sets variables.
fn of_variables(format: Format, file: &str, text: &str) -> Vec<Finding> {
    let Ok(facts) = check_file(format, file.as_bytes(), &[]) else { return Vec::new() };
    let name = path(text);
    let seen = SeenFile::new(&name, file.as_bytes());
    let single: Vec<_> = facts.into_iter().map(|fact| seen.finding(fact)).collect();
    let told = told_together(&single).into_iter().map(|found| found.finding);
    told.chain(single.iter().map(|found| found.finding.clone())).collect()
}

/// The findings of settings of Maven.
fn of_settings(text: &str) -> Vec<Finding> {
    let file = settings(text);
    let Ok(parsed) = Parsed::new(file.as_bytes()) else { return Vec::new() };
    let settings = Settings::read(&parsed, &|_| None).unwrap();
    settings.notes(&path(text)).into_iter().map(|note| note.finding).collect()
}

/// The findings of a kubeconfig and its contexts, and the reports as documents.
fn of_kubeconfig(text: &str) -> (Vec<Finding>, Vec<String>) {
    let bytes = kubeconfig(text).into_bytes();
    let name = path(text);
    let read = |path: &Path| {
        if path != name {
            return Err(io::Error::other(text));
        }
        Ok(FileBytes { bytes: bytes.clone().into(), readable_by_others: true })
    };
    let sources = Sources { flag: Some(&name), ..Sources::default() };
    let Ok(config) = Kubeconfig::load(&sources, &read) else { return Default::default() };
    let mut findings = config.warnings().to_vec();
    let mut documents = Vec::new();
    for (selected, missing) in config.all() {
        let clock = Clock { now: 0, warn_days: 30 };
        let mut report = Report::new(&selected, &selected.material(&read), clock);
        report.add_problems(&missing);
        report.add_problems(&selected.token_file_problem(&read));
        documents.push(to_json(&report).unwrap());
        findings.extend(report.warnings);
    }
    (findings, documents)
}

#[test]
fn the_files_have_findings_that_repeat_their_text() {
    let repeats = |findings: &[Finding], text: &str| {
        findings.iter().any(|found| found.message.to_string().contains(text))
    };
    // No name is wrong everywhere.
    let names = ["a.b", "a b", "a-b", "1="];
    for at in 0..that_set("").len() {
        let has = |name: &&str| {
            let (format, file) = &that_set(name)[at];
            repeats(&of_variables(*format, file, name), name)
        };
        assert!(names.iter().any(has), "{:?}", that_set("x")[at]);
    }
    assert!(repeats(&of_settings("a.b"), "a.b"));
    assert!(repeats(&of_kubeconfig("a.b").0, "a.b"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_finding_of_a_file_that_sets_variables_has_hostile_text(text in hostile()) {
        for (format, file) in that_set(&text) {
            of_variables(format, &file, &text).iter().for_each(assert_tame);
        }
    }

    #[test]
    fn no_finding_of_settings_has_hostile_text(text in hostile()) {
        of_settings(&text).iter().for_each(assert_tame);
    }

    #[test]
    fn no_finding_of_a_kubeconfig_has_hostile_text(text in hostile()) {
        let (findings, documents) = of_kubeconfig(&text);
        findings.iter().for_each(assert_tame);
        for document in documents {
            is_tame(&document);
        }
    }
}
