//! Values where Kubernetes wants a string or base64: each form of a scalar, asked of the real kubectl.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use devkit_envcheck::{Format, check_file};

use crate::support::{folder, peer};

/// Every form that YAML 1.1 or 1.2 has for a scalar, with and without quotes and tags.
const FORMS: &[&str] = &[
    "",
    "~",
    "null",
    "Null",
    "NULL",
    "nULL",
    "true",
    "True",
    "TRUE",
    "false",
    "y",
    "Y",
    "n",
    "N",
    "yes",
    "Yes",
    "YES",
    "no",
    "on",
    "On",
    "off",
    "OFF",
    "oFF",
    "0",
    "1",
    "-1",
    "+1",
    "010",
    "08",
    "0o17",
    "0o8",
    "0x1F",
    "0X1f",
    "0x1g",
    "-0x1F",
    "0b1",
    "0b2",
    "-0b1",
    "0b+1",
    "1_000",
    "_1",
    "1_",
    "0x_1",
    "+",
    "-1-",
    ".",
    "1.5",
    "1.",
    ".5",
    "-.5",
    "1e3",
    "1E+3",
    "1e",
    "1.5e-3",
    ".5_0",
    "1e400",
    "-1e400",
    ".inf",
    "+.inf",
    "-.INF",
    ".NaN",
    ".Nan",
    "inf",
    "+inf",
    "-inf",
    "+infinity",
    "nan",
    "1:30",
    "190:20:30",
    "2001-01-01",
    "2001-01-01T01:02:03Z",
    "9223372036854775808",
    "18446744073709551616",
    "1.2.3",
    "abcd",
    "a b",
    "'1'",
    "\"1\"",
    "'yes'",
    "\"~\"",
    "''",
    "!!str 1",
    "!!str yes",
    "!!str ~",
    "!!int 8",
    "!!int '8'",
    "!!int \"8\"",
    "!!int a",
    "!!float 1",
    "!!float '1.5'",
    "!!bool yes",
    "!!bool 'true'",
    "!!null ~",
    "!!null a",
    "!!timestamp 2001-01-01",
    "!!timestamp a",
    "!!binary YWJj",
    "!!binary a",
    "!local 1",
    "! 1",
    "!<tag:yaml.org,2002:int> '1'",
    "!<tag:yaml.org,2002:str> 1",
    "[a, b]",
    "{a: b}",
    "[]",
    "{}",
    "[1]",
    "[1, 2, 3]",
    "[300]",
    "YWJj",
    "YWI=",
    "YQ==",
    "YQ=",
    "YR==",
    "YWJ",
    "Y-_j",
    "'YW Jj'",
    "\"YW\\nJj\"",
    "\"YW\\r\\nJj\\n\"",
    "=",
    "<<",
    "&a 1",
    "&a b",
];

/// Where a form is put, on a line of its own: a name, and a text with the line that ends in `:`.
const PLACES: &[(&str, &str)] = &[
    (
        "env-value",
        "kind: Pod\nspec:\n  containers:\n  - name: c\n    env:\n    - name: A\n      value: ",
    ),
    (
        "env-name",
        "kind: Pod\nspec:\n  containers:\n  - name: c\n    env:\n    - value: A\n      name: ",
    ),
    ("config", "kind: ConfigMap\ndata:\n  a: "),
    ("config-bytes", "kind: ConfigMap\nbinaryData:\n  a: "),
    ("secret", "kind: Secret\ndata:\n  a: "),
    ("secret-text", "kind: Secret\nstringData:\n  a: "),
];

#[test]
fn values_are_refused_that_kubectl_refuses() {
    let Some(kubectl) = peer::need("kubectl") else { return };
    let dir = folder();
    let mut texts = BTreeMap::new();
    for (place, before) in PLACES {
        for (number, form) in FORMS.iter().enumerate() {
            let name = format!("{place}-{number}.yaml");
            let head = format!("apiVersion: v1\nmetadata: {{name: {place}-{number}}}\n");
            let text = format!("{head}{before}{form}\n");
            fs::write(dir.path().join(&name), &text).unwrap();
            texts.insert(name, text);
        }
    }
    let mut command = Command::new(kubectl);
    command.args(["set", "env", "--local", "-o", "name", "-f", ".", "X=y"]);
    command.current_dir(dir.path()).env("HOME", dir.path()).env_remove("KUBECONFIG");
    let said = command.output().unwrap();
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    // What is no pod has no environment to set, which is said of every ConfigMap and Secret.
    let faults = said
        .lines()
        .filter(|line| line.contains("unable to decode") || line.contains("error parsing"));
    let faults: Vec<&str> = faults.collect();
    assert!(faults.len() > 100, "{said}");
    let mut differences = Vec::new();
    for (name, text) in &texts {
        let theirs = faults
            .iter()
            .find(|line| line.contains(&format!("{name}\"")) || line.contains(&format!("{name}:")));
        let theirs = theirs.map(|line| what(line));
        let ours = ours(text);
        if theirs != ours {
            differences.push((text, theirs, ours));
        }
    }
    assert!(differences.is_empty(), "{} of {}: {differences:#?}", differences.len(), texts.len());
}

/// What is wrong, in the words that kubectl and devkit share.
fn what(message: &str) -> String {
    for (from, to) in [("json: cannot unmarshal ", " into"), ("illegal base64", " data")] {
        if let Some((_, rest)) = message.split_once(from) {
            let kind = rest.split(to).next().unwrap_or_default();
            // kubectl tells a number that is no byte; devkit tells no value.
            return format!("{from}{}", kind.split(' ').next().unwrap_or_default());
        }
    }
    "no YAML for Kubernetes".into()
}

fn ours(text: &str) -> Option<String> {
    let Ok(found) = check_file(Format::Kubernetes, text.as_bytes(), &[]) else {
        return Some("no YAML for Kubernetes".into());
    };
    let about_value = found.iter().find(|finding| {
        finding.message.as_deref().is_some_and(|message| what(message) != "no YAML for Kubernetes")
    })?;
    // The value is on the last line, and so is what is said of it.
    assert_eq!(about_value.line, text.lines().count(), "{text}");
    about_value.message.as_deref().map(what)
}

#[test]
fn a_fault_of_a_value_is_not_hidden_by_one_of_the_name() {
    let pod = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - env:\n    - name: 'é'\n      value: 1\n";
    let found = check_file(Format::Kubernetes, pod.as_bytes(), &[]).unwrap();
    let places: Vec<(usize, usize)> = found.iter().map(|it| (it.line, it.column)).collect();
    assert_eq!(places, [(6, 13), (7, 14)], "{found:#?}");
    // A merge key wins over what is before it, and a file may be UTF-16.
    let merged = "apiVersion: v1\nkind: Pod\nspec:\n  x: &base {name: 'é'}\n  containers:\n  - env:\n    - {name: FINE, <<: *base}\n";
    let found = check_file(Format::Kubernetes, merged.as_bytes(), &[]).unwrap();
    assert_eq!(found.iter().map(|it| it.name.as_deref()).collect::<Vec<_>>(), [Some("é")]);
    let wide: Vec<u8> =
        "\u{feff}".encode_utf16().chain(pod.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(check_file(Format::Kubernetes, &wide, &[]).unwrap().len(), 2);
}

#[test]
fn compose_values_are_what_compose_makes_of_them() {
    let text = |value: &str| format!("services:\n  a:\n    environment:\n      A: {value}\n");
    let refused = |value: &str| check_file(Format::Compose, text(value).as_bytes(), &[]).is_err();
    assert!(refused("!!int a") && refused("*b") && !refused("yes") && !refused("1e400"));
    let twice = "services:\n  a:\n    environment:\n      A: 1\n      A: 2\n";
    assert_eq!(check_file(Format::Compose, twice.as_bytes(), &[]).unwrap_err().line, 5);
}
