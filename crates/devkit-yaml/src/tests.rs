//! What the real programs said of texts, and laws that hold for any text.

use proptest::prelude::*;

use crate::work::WORK;
use crate::{Dialect, Node, Numeric, Value, YamlError, documents, first_document};

fn root(text: &str, dialect: Dialect) -> Result<Node, YamlError> {
    Ok(documents(text.as_bytes(), dialect)?.remove(0).root)
}

/// What comes out for `v: TEXT`, in short.
fn told(text: &str, dialect: Dialect) -> String {
    let root = match root(&format!("v: {text}"), dialect) {
        Ok(root) => root,
        Err(YamlError::Syntax { .. }) => return "refused".into(),
        Err(other) => return other.to_string(),
    };
    match &root.get("v").expect("the key is there").value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(Numeric::Float(number)) => format!("float {number:?}"),
        Value::Number(number) => format!("int {number}"),
        Value::String(text) => format!("'{}'", text.as_str()),
        Value::Time(text) => format!("time {text}"),
        Value::List(_) => "a list".into(),
        Value::Map(_) => "a mapping".into(),
    }
}

/// `expected.yaml`.
#[derive(serde::Deserialize)]
struct Expected {
    kubernetes: Vec<ExpectedScalar>,
    compose: Vec<ExpectedScalar>,
    workflow: Vec<ExpectedScalar>,
}

#[derive(serde::Deserialize)]
struct ExpectedScalar {
    text: String,
    is: String,
}

#[test]
fn scalars_are_what_each_program_makes_of_them() {
    let expected: Expected = serde_yaml::from_str(include_str!("expected.yaml")).unwrap();
    for (dialect, rows) in [
        (Dialect::Kubernetes, expected.kubernetes),
        (Dialect::Compose, expected.compose),
        (Dialect::Workflow, expected.workflow),
    ] {
        assert!(rows.len() > 10);
        for ExpectedScalar { text, is } in rows {
            assert_eq!(told(&text, dialect), is, "{dialect:?} {text:?}");
        }
    }
}

/// Each rule was read in the source of actions/runner (`YamlObjectReader.cs`, `TemplateReader.cs`,
/// `TemplateMemory.cs`, `ParseOptions.cs`).
#[test]
fn workflows_have_aliases_but_no_merge_keys_and_limits_of_their_own() {
    let merged = root("a: &a {b: 1}\nc:\n  <<: *a\n", Dialect::Workflow).unwrap();
    assert!(merged.get("c").and_then(|c| c.get("<<")).is_some(), "an ordinary key");
    assert!(root("a: 1\n---\nb: 2\n", Dialect::Workflow).is_err(), "one document");
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(root(&deep(50), Dialect::Workflow).is_ok());
    assert!(root(&deep(51), Dialect::Workflow).is_err());
    let wide = format!("a: &a [{}]\nb: [{}]\n", "x, ".repeat(200), "*a, ".repeat(300));
    assert_eq!(
        root(&wide, Dialect::Workflow).err().map(|e| e.to_string()),
        Some("excessive aliasing".into())
    );
    let key = root("010: a\n", Dialect::Workflow).unwrap();
    assert_eq!(&*key.entries()[0].key, "10");
}

#[test]
fn a_place_for_a_text_gets_what_the_program_makes_of_a_value() {
    for (dialect, text, wanted) in [
        (Dialect::Kubernetes, "8", None),
        (Dialect::Kubernetes, "'8'", Some("8")),
        (Dialect::Compose, "010", Some("8")),
        (Dialect::Compose, "1.10", Some("1.1")),
        (Dialect::Compose, "1e6", Some("1e+06")),
        (Dialect::Compose, "123456.0", Some("123456")),
        (Dialect::Compose, "yes", Some("yes")),
        (Dialect::Compose, "True", Some("true")),
        (Dialect::Compose, "2001-01-01", Some("2001-01-01 00:00:00 +0000 UTC")),
        (Dialect::Compose, "~", None),
        (Dialect::Compose, "[a]", None),
        (Dialect::Workflow, "010", Some("10")),
        (Dialect::Workflow, "1e14", Some("100000000000000")),
        (Dialect::Workflow, "1e15", Some("1E+15")),
        (Dialect::Workflow, "0.00001", Some("1E-05")),
        (Dialect::Workflow, ".inf", Some("Infinity")),
        (Dialect::Workflow, "~", Some("")),
        (Dialect::Workflow, "True", Some("true")),
    ] {
        let root = root(&format!("v: {text}"), dialect).unwrap();
        let node = root.get("v").unwrap();
        let made = dialect.text_of(&node.value);
        assert_eq!(made.as_ref().map(|text| text.as_str()), wanted, "{dialect:?} {text}");
        let raw = text.trim_matches('\'');
        assert_eq!(node.written(), Some(raw).filter(|raw| !raw.starts_with('[')));
    }
}

#[test]
fn merge_keys_are_each_programs_own() {
    let text = "a: &a {b: 1, c: 1}\nd: {b: 2, <<: *a}\n";
    let number = |dialect| {
        let root = root(text, dialect).unwrap();
        told_number(root.get("d").and_then(|d| d.get("b")))
    };
    assert_eq!(number(Dialect::Kubernetes), Some(1.0), "it wins over what is before it");
    assert_eq!(number(Dialect::Compose), Some(2.0), "own keys win");
    assert_eq!(number(Dialect::Workflow), Some(2.0), "there are none");
}

fn told_number(node: Option<&Node>) -> Option<f64> {
    match node?.value {
        Value::Number(number) => Some(number.as_f64()),
        _ => None,
    }
}

#[test]
fn places_are_those_of_the_file() {
    let plain = "# é\nkey: &a !!str 'välue'\nlist:\n- *a\n- {x: y}\n";
    let utf16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(plain.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for (bytes, width) in [
        (plain.as_bytes().to_vec(), 1),
        ([b"\xef\xbb\xbf", plain.as_bytes()].concat(), 1),
        (plain.replace('\n', "\r\n").into_bytes(), 1),
        (utf16, 2),
    ] {
        let document = documents(&bytes, Dialect::Kubernetes).unwrap().remove(0);
        let entry = &document.root.entries()[0];
        assert_eq!((entry.key_at.line, entry.key_at.column), (2, 1));
        assert_eq!((entry.node.at.line, entry.node.at.column), (2, 15));
        let text = |offset: usize, len: usize| {
            let part = &bytes[offset..offset + len];
            if width == 1 {
                return String::from_utf8(part.to_vec()).unwrap();
            }
            let units = part.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair));
            String::from_utf16(&units.collect::<Vec<_>>()).unwrap()
        };
        assert_eq!(text(entry.key_at.offset, entry.key_len), "key");
        assert_eq!(text(entry.node.at.offset, entry.node.len), "'välue'");
        let list = document.root.get("list").unwrap();
        assert_eq!(list.list()[0].at, entry.node.at, "an alias is where its value is");
        assert_eq!(text(list.list()[1].at.offset, list.list()[1].len), "{x: y}");
    }
    // The second document, in JSON and in YAML.
    for text in ["{\"a\": 1}\n {\"b\": \"c\"}", "a: 1\n---\n\n b: c"] {
        let second = &documents(text.as_bytes(), Dialect::Kubernetes).unwrap()[1].root;
        let node = second.get("b").unwrap();
        assert_eq!(&text[node.at.offset..][..node.len].trim_matches('"'), &"c");
        assert_eq!(text[..node.at.offset].matches('\n').count() + 1, node.at.line);
    }
}

#[test]
fn no_error_tells_a_value() {
    const SECRET: &str = "S3CRET";
    for text in [
        "a: 'S3CRET",
        "a: @S3CRET",
        "a: *S3CRET",
        "a: !!int S3CRET",
        "a: !S3CRET! b",
        "S3CRET: 1\nS3CRET: 2\n",
        "{\"S3CRET\": S3CRET}",
        "a: \"\\S3CRET\"",
        "%S3CRET\n---\n",
        "? [S3CRET]\n",
        "a: &S3CRET? b",
        "--- S3CRET",
        "a: !!binary S3CRET!",
    ] {
        for dialect in [Dialect::Kubernetes, Dialect::Compose, Dialect::Workflow] {
            if let Err(error) = documents(text.as_bytes(), dialect) {
                let all = format!("{error} {error:?}");
                assert!(!all.contains(SECRET), "{all}");
            }
        }
    }
}

#[test]
fn anchors_outlive_their_document_in_compose_alone() {
    let text = b"a: &x 1\n---\nb: *x\n";
    assert!(documents(text, Dialect::Kubernetes).is_err());
    let found = documents(text, Dialect::Compose).unwrap();
    assert_eq!(told_number(found[1].root.get("b")), Some(1.0));
}

#[test]
fn the_first_document_is_all_that_a_kubeconfig_is() {
    let found = first_document(b"a: 1\na: 2\n---\nb: [\n").unwrap();
    assert_eq!(told_number(found.root.as_ref().and_then(|root| root.get("a"))), Some(2.0));
    assert_eq!(found.duplicate_keys.iter().map(|key| &*key.key).collect::<Vec<_>>(), ["a"]);
    assert_eq!(found.more_documents.map(|at| at.line), Some(3));
    assert!(first_document(b"# nothing\n").unwrap().root.is_none());
}

/// Texts that have something of YAML in them.
fn yaml_like() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a",
        "b: ",
        "- ",
        "\n",
        "\n  ",
        "  ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        ": ",
        "? ",
        "'",
        "\"",
        "\\",
        "|",
        ">",
        "#",
        " #",
        "&a ",
        "*a",
        "<<: ",
        "!!int ",
        "!",
        "---",
        "...",
        "%YAML 1.1",
        "\t",
        "\r",
        "1",
        "0x1F",
        ".inf",
        "é",
        "\u{2028}",
        "\u{feff}",
        "😀",
        "~",
        "@",
        ":",
        "-",
        "\\'",
        "#c",
    ]);
    prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(text in yaml_like(), bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        for bytes in [text.as_bytes(), &bytes] {
            let _ = first_document(bytes);
            for dialect in [Dialect::Kubernetes, Dialect::Compose, Dialect::Workflow] {
                match documents(bytes, dialect) {
                    Ok(found) => found.iter().for_each(|found| lies_within(&found.root, bytes)),
                    Err(error) => prop_assert!(error.at().offset <= bytes.len()),
                }
            }
        }
    }

    /// Counted in events and in branches looked at. Of aliases go-yaml's guard leaves a hundred to
    /// each branch, and a text is mended at most 32 times.
    #[test]
    fn work_grows_with_the_text_and_no_faster(text in yaml_like(), times in 1..20_usize) {
        let text = text.repeat(times);
        for dialect in [Dialect::Kubernetes, Dialect::Compose, Dialect::Workflow] {
            WORK.with(|work| work.set(0));
            let _ = documents(text.as_bytes(), dialect);
            let work = WORK.with(std::cell::Cell::get);
            prop_assert!(work <= 200 * (text.len() as u64 + 20), "{work} for {}", text.len());
        }
    }

    #[test]
    fn json_is_read_as_json(value in json_like()) {
        let text = format!("{{\"v\": {value}}}");
        let root = root(&text, Dialect::Kubernetes).unwrap();
        prop_assert_eq!(written_as_json(root.get("v").unwrap()), value);
    }
}

fn lies_within(node: &Node, bytes: &[u8]) {
    assert!(node.at.offset + node.len <= bytes.len(), "{:?} {}", node.at, node.len);
    node.list().iter().for_each(|item| lies_within(item, bytes));
    for entry in node.entries() {
        assert!(entry.key_at.offset + entry.key_len <= bytes.len());
        lies_within(&entry.node, bytes);
    }
}

/// JSON as `written_as_json` writes it.
fn json_like() -> impl Strategy<Value = String> {
    let text = "[a-zé😀 :#,{}&*!|>'@-]{0,12}".prop_map(|text| format!("\"{text}\""));
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        text,
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..5);
        let map = prop::collection::btree_map("[a-z<]{1,4}", inner, 0..5);
        prop_oneof![
            list.prop_map(|items| format!("[{}]", items.join(","))),
            map.prop_map(|entries| {
                let entries: Vec<String> =
                    entries.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
                format!("{{{}}}", entries.join(","))
            }),
        ]
    })
}

fn written_as_json(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("\"{}\"", text.as_str()),
        Value::Time(text) => format!("\"{text}\""),
        Value::List(items) => {
            format!("[{}]", items.iter().map(written_as_json).collect::<Vec<_>>().join(","))
        }
        Value::Map(map) => {
            let entry = |entry: &crate::KeyValue| {
                format!("\"{}\":{}", entry.key, written_as_json(&entry.node))
            };
            format!("{{{}}}", map.entries().iter().map(entry).collect::<Vec<_>>().join(","))
        }
    }
}
