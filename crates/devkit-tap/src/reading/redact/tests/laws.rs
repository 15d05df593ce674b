//! What is hidden, whatever it stands in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::{PathKind, headers, target, text};
use super::{LAST_APPLIED, shown};

/// Where a secret is put into a document.
#[derive(Debug, Clone, Copy)]
enum Planted {
    Data,
    StringData,
    OddData,
    InList,
    LastApplied,
    LastAppliedElsewhere,
    Embedded,
    Token,
    Review,
    Config,
    ConfigText,
    Exec,
    Key,
    EncodedKey,
    Jwt,
    Patch,
    Row,
}

fn planted() -> impl Strategy<Value = Planted> {
    use Planted as P;
    prop::sample::select(vec![
        P::Data,
        P::StringData,
        P::OddData,
        P::InList,
        P::LastApplied,
        P::LastAppliedElsewhere,
        P::Embedded,
        P::Token,
        P::Review,
        P::Config,
        P::ConfigText,
        P::Exec,
        P::Key,
        P::EncodedKey,
        P::Jwt,
        P::Patch,
        P::Row,
    ])
}

fn plant(planted: Planted, marker: &str, noise: &Value) -> (PathKind, Value) {
    let encoded = STANDARD.encode(marker);
    let key =
        format!("x\n-----BEGIN EC PRIVATE KEY-----\n{marker}\n-----END EC PRIVATE KEY-----\ny");
    let secret = json!({ "kind": "Secret", "a": noise, "data": { "k": encoded } });
    let value = match planted {
        Planted::Data => secret,
        Planted::StringData => {
            json!({ "kind": "Secret", "stringData": { "k": marker, "l": noise } })
        }
        Planted::OddData => {
            json!({ "kind": "Secret", "data": [noise, { "k": [marker, encoded] }] })
        }
        Planted::InList => {
            json!({ "kind": "SecretList", "items": [noise, { "data": { "k": encoded } }] })
        }
        Planted::LastApplied => {
            json!({ "kind": "Secret", "metadata": { "annotations": { LAST_APPLIED: marker } } })
        }
        Planted::LastAppliedElsewhere => {
            json!({ "kind": "Pod", "metadata": { "annotations": { LAST_APPLIED: secret.to_string() } } })
        }
        Planted::Embedded => Value::String(json!([noise, secret.to_string()]).to_string()),
        Planted::Token => json!({ "kind": "TokenRequest", "status": { "token": marker } }),
        Planted::Review => {
            json!({ "kind": "TokenReview", "spec": { "token": marker, "a": noise } })
        }
        Planted::Config => json!({ "kind": "Config", "users": [{ "user": {
            "token": marker, "password": marker, "client-key-data": encoded,
            "auth-provider": { "config": { "id-token": marker } },
        } }] }),
        Planted::ConfigText => {
            json!({ "data": { "c": format!("kind: Config\nusers:\n- token: {marker}") } })
        }
        Planted::Exec => {
            json!({ "kind": "ExecCredential", "status": { "token": marker, "clientKeyData": encoded } })
        }
        Planted::Key => Value::String(key),
        Planted::EncodedKey => Value::String(STANDARD.encode(key)),
        Planted::Jwt => Value::String(format!("Bearer eyJhbGciOiJ.{marker}.{marker}")),
        Planted::Patch => {
            json!([{ "op": "replace", "path": "/data/k", "value": [marker, encoded] }])
        }
        Planted::Row => {
            json!({ "rows": [{ "cells": [], "object": { "stringData": { "k": marker } } }] })
        }
    };
    let at_path = matches!(planted, Planted::Patch | Planted::Row);
    (if at_path { PathKind::Secrets } else { PathKind::Other }, value)
}

fn noise() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~é]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let key = prop_oneof![Just("kind".to_owned()), Just("data".to_owned()), "[a-z]{1,6}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..4)
                .prop_map(|entries| Value::from(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Puts a value somewhere into others.
fn nest(value: Value, around: Vec<(bool, Value)>) -> Value {
    around.into_iter().fold(value, |value, (list, noise)| {
        if list { json!([noise, value]) } else { json!({ "spec": noise, "x": value }) }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn no_secret_is_shown(
        planted in planted(),
        marker in "MARK[A-Za-z0-9]{12,30}",
        noise in noise(),
        around in prop::collection::vec((any::<bool>(), noise()), 0..4),
    ) {
        let (place, value) = plant(planted, &marker, &noise);
        let text = shown(nest(value, around), place).to_string();
        let encoded = STANDARD.encode(&marker);
        let inner = &STANDARD.encode(format!("x{marker}"))[2..12];
        prop_assert!(!text.contains(&marker), "{text}");
        prop_assert!(!text.contains(&encoded[..12]), "{text}");
        prop_assert!(!text.contains(inner), "{text}");
    }

    #[test]
    fn what_is_no_secret_stays(value in noise()) {
        let has_kind = value.to_string().contains("kind");
        prop_assume!(!has_kind);
        prop_assert_eq!(shown(value.clone(), PathKind::Other), value);
    }

    #[test]
    fn any_text_is_taken(
        parts in prop::collection::vec(prop_oneof![
            prop::sample::select(vec![
                "eyJ", ".", "-----", "BEGIN ", "END ", "PRIVATE KEY", " BLOCK", "UFJJVkFURSBLRV",
                "kind", "data", ":", "Secret", "\\", "\n", "é", "%", "{", "\"",
            ]).prop_map(str::to_owned),
            any::<String>(),
        ], 0..30),
        cut in any::<bool>(),
    ) {
        let given = parts.concat();
        let shown = text(&given, cut).unwrap_or_default();
        prop_assert!(!shown.contains("BEGIN PRIVATE KEY-----x"));
        prop_assert!(!target(&given).is_empty() || given.is_empty());
        let _ = PathKind::of(&given);
        let _ = headers(&[("Sec-WebSocket-Protocol".to_owned(), given)]);
    }
}
