//! What is hidden, as tables.

mod laws;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{PathKind, headers, hidden, target, text};

const JWT: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

fn pem(label: &str) -> String {
    format!("-----BEGIN {label}-----\nMIIEmarker\n-----END {label}-----\n")
}

fn shown(mut value: Value, place: PathKind) -> Value {
    super::json(&mut value, place);
    value
}

#[test]
fn places() {
    for (target, place) in [
        ("/api/v1/namespaces/a/secrets", PathKind::Secrets),
        ("/api/v1/namespaces/a/secrets/b?watch=1", PathKind::Secrets),
        ("/api/v1/secrets?limit=500", PathKind::Secrets),
        ("/api/v1/watch/namespaces/a/secrets/b", PathKind::Secrets),
        ("/k8s/clusters/c/api/v1/namespaces/a/secrets", PathKind::Secrets),
        ("/api//v1/namespaces/a/%73ecrets", PathKind::Secrets),
        ("/elsewhere/secrets", PathKind::Secrets),
        ("/api/v1/namespaces/secrets", PathKind::Other),
        ("/api/v1/namespaces/secrets/pods", PathKind::Other),
        ("/api/v1/namespaces/a/configmaps/secrets", PathKind::Other),
        ("/api/v1/namespaces/api/secrets", PathKind::Secrets),
        ("/api/v1/pods?labelSelector=secrets", PathKind::Other),
        ("/api/v1/namespaces/a/serviceaccounts/b/token", PathKind::Tokens),
        ("/api/v1/namespaces/a/serviceaccounts/token", PathKind::Other),
        ("/apis/authentication.k8s.io/v1/tokenreviews", PathKind::Tokens),
        ("/apis/apps/v1/deployments", PathKind::Other),
        ("", PathKind::Other),
        ("/api", PathKind::Other),
        ("/apis/x", PathKind::Other),
    ] {
        assert_eq!(PathKind::of(target), place, "{target}");
    }
}

#[test]
fn secrets_are_hidden_and_measured() {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {
            "name": "a",
            "annotations": { LAST_APPLIED: "{}", "note": "kept" },
            "managedFields": [{ "fieldsV1": { "f:data": { "f:password": {} } } }],
        },
        "data": { "password": "aHVudGVyMg==", "odd": "not base64!", "gone": null },
        "stringData": { "text": "hunter2" },
    });
    let expected = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {
            "name": "a",
            "annotations": { LAST_APPLIED: hidden(2), "note": "kept" },
            "managedFields": [{ "fieldsV1": { "f:data": { "f:password": {} } } }],
        },
        "data": { "password": hidden(7), "odd": hidden(11), "gone": null },
        "stringData": { "text": hidden(7) },
    });
    assert_eq!(shown(secret, PathKind::Other), expected);
}

#[test]
fn objects() {
    let secret = |data: &str| json!({ "kind": "Secret", "data": { "k": data } });
    let text = |value: Value| value.to_string();
    for (place, value, expected) in [
        (PathKind::Other, secret("YWJj"), secret(&hidden(3))),
        (
            PathKind::Other,
            json!({ "kind": "List", "items": [secret("YWJj")] }),
            json!({ "kind": "List", "items": [secret(&hidden(3))] }),
        ),
        (
            PathKind::Other,
            json!({ "kind": "SecretList", "items": [{ "data": { "k": "YWJj" } }] }),
            json!({ "kind": "SecretList", "items": [{ "data": { "k": hidden(3) } }] }),
        ),
        (
            PathKind::Secrets,
            json!({ "rows": [{ "cells": ["a", "Opaque", 1, "5d"], "object": { "data": { "k": "YWJj" } } }] }),
            json!({ "rows": [{ "cells": ["a", "Opaque", 1, "5d"], "object": { "data": { "k": hidden(3) } } }] }),
        ),
        (PathKind::Secrets, json!({ "data": "YWJj" }), json!({ "data": hidden(3) })),
        (
            PathKind::Secrets,
            json!([{ "op": "add", "path": "/data/k", "value": { "a": 1 } }, { "op": "remove", "path": "/x" }]),
            json!([{ "op": "add", "path": "/data/k", "value": hidden(7) }, { "op": "remove", "path": "/x" }]),
        ),
        (
            PathKind::Other,
            json!([{ "op": "add", "path": "/spec/replicas", "value": 3 }]),
            json!([{ "op": "add", "path": "/spec/replicas", "value": 3 }]),
        ),
        (
            PathKind::Other,
            json!({ "kind": "ConfigMap", "data": { "k": "YWJj", "json": "{\"data\":1}" } }),
            json!({ "kind": "ConfigMap", "data": { "k": "YWJj", "json": "{\"data\":1}" } }),
        ),
        (
            PathKind::Other,
            json!({ "kind": "ConfigMap", "data": { "k": pem("RSA PRIVATE KEY") } }),
            json!({ "kind": "ConfigMap", "data": { "k": format!("{}\n", hidden(72)) } }),
        ),
        (
            PathKind::Other,
            json!({ "kind": "Pod", "metadata": { "annotations": { LAST_APPLIED: text(secret("YWJj")) } } }),
            json!({ "kind": "Pod", "metadata": { "annotations": { LAST_APPLIED: hidden(37) } } }),
        ),
        (
            PathKind::Other,
            json!({ "kind": "Pod", "metadata": { "annotations": { LAST_APPLIED: "{\"kind\":\"Pod\"}" } } }),
            json!({ "kind": "Pod", "metadata": { "annotations": { LAST_APPLIED: "{\"kind\":\"Pod\"}" } } }),
        ),
        // The document's kind is only told once the escapes are undone.
        (
            PathKind::Other,
            json!({ "a": "{\"kind\":\"\\u0053ecret\",\"data\":{\"k\":\"YWJj\"}}" }),
            json!({ "a": hidden(42) }),
        ),
    ] {
        assert_eq!(shown(value.clone(), place), expected, "{value}");
    }
}

#[test]
fn tokens_and_keys() {
    for (place, value, expected) in [
        (
            PathKind::Other,
            json!({ "kind": "TokenRequest", "spec": { "audiences": ["a"] }, "status": { "token": "abc" } }),
            json!({ "kind": "TokenRequest", "spec": { "audiences": ["a"] }, "status": { "token": hidden(3) } }),
        ),
        (
            PathKind::Other,
            json!({ "kind": "TokenReview", "spec": { "token": "abc" } }),
            json!({ "kind": "TokenReview", "spec": { "token": hidden(3) } }),
        ),
        (
            PathKind::Tokens,
            json!({ "status": { "token": "abc" } }),
            json!({ "status": { "token": hidden(3) } }),
        ),
        (
            PathKind::Other,
            json!({ "status": { "token": "abc" } }),
            json!({ "status": { "token": "abc" } }),
        ),
        (
            PathKind::Other,
            json!({ "kind": "ExecCredential", "status": { "token": "abc", "clientKeyData": "k" } }),
            json!({ "kind": "ExecCredential", "status": { "token": hidden(3), "clientKeyData": hidden(1) } }),
        ),
        (
            PathKind::Other,
            json!({ "kind": "Config", "users": [{ "user": { "token": "abc", "password": "d", "client-key-data": "e", "username": "f" } }] }),
            json!({ "kind": "Config", "users": [{ "user": { "token": hidden(3), "password": hidden(1), "client-key-data": hidden(1), "username": "f" } }] }),
        ),
        (
            PathKind::Other,
            json!({ "kind": "ConfigMap", "data": { "c": "kind: Config\nusers:\n- user:\n    token: abc\n", "d": "kind: Config\nclusters: []\n" } }),
            json!({ "kind": "ConfigMap", "data": { "c": hidden(43), "d": "kind: Config\nclusters: []\n" } }),
        ),
        (
            PathKind::Other,
            json!({ "kind": "CertificateSigningRequest", "spec": { "request": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K" } }),
            json!({ "kind": "CertificateSigningRequest", "spec": { "request": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K" } }),
        ),
        (
            PathKind::Other,
            json!({ "kind": "SelfSubjectReview", "status": { "userInfo": { "username": "me" } } }),
            json!({ "kind": "SelfSubjectReview", "status": { "userInfo": { "username": "me" } } }),
        ),
        (
            PathKind::Other,
            json!({ "env": [JWT, 1, true] }),
            json!({ "env": [hidden(JWT.len()), 1, true] }),
        ),
    ] {
        assert_eq!(shown(value.clone(), place), expected, "{value}");
    }
}

#[test]
fn texts() {
    let key = pem("PRIVATE KEY");
    let wrapped: Vec<String> = STANDARD
        .encode(&key)
        .as_bytes()
        .chunks(20)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    let wrapped = wrapped.join("\n");
    let jwt = hidden(JWT.len());
    let all = |text: &str| hidden(text.trim_end().len());
    let rows: Vec<(String, bool, Option<String>)> = vec![
        ("plain".into(), false, Some("plain".into())),
        (format!("a {JWT}, b"), false, Some(format!("a {jwt}, b"))),
        (format!("token={JWT}."), false, Some(format!("token={jwt}."))),
        (format!("Bearer%20{JWT}"), false, Some(format!("Bearer%20{jwt}"))),
        (format!("x{JWT}x"), false, Some(format!("x{}", hidden(JWT.len() + 1)))),
        (format!("\\n{JWT}"), false, Some(format!("\\n{jwt}"))),
        (format!("é{JWT}é"), false, Some(format!("é{jwt}é"))),
        ("eyJa.eyJb".into(), false, Some(hidden(9))),
        ("eyJa.b.c".into(), false, Some(hidden(8))),
        ("a.eyJa.b.c".into(), false, Some(format!("a.{}", hidden(8)))),
        ("keyJob.default.svc".into(), false, Some("keyJob.default.svc".into())),
        ("eyJhIjoxfQ==".into(), false, Some("eyJhIjoxfQ==".into())),
        ("a eyJhIjox".into(), true, Some(format!("a {}", hidden(8)))),
        ("a eyJhIjox b".into(), true, Some("a eyJhIjox b".into())),
        (key.clone(), false, Some(format!("{}\n", all(&key)))),
        (format!("é{key}é"), false, Some(format!("é{}\né", all(&key)))),
        (
            pem("PGP PRIVATE KEY BLOCK"),
            false,
            Some(format!("{}\n", all(&pem("PGP PRIVATE KEY BLOCK")))),
        ),
        (key[..40].into(), true, Some(hidden(40))),
        (pem("CERTIFICATE"), false, Some(pem("CERTIFICATE"))),
        ("no PRIVATE KEY here".into(), false, Some("no PRIVATE KEY here".into())),
        (
            format!("k: {}", STANDARD.encode(&key)),
            false,
            Some(format!("k: {}", hidden(STANDARD.encode(&key).len()))),
        ),
        (format!("k: {wrapped}!"), false, Some(format!("k: {}!", hidden(wrapped.len())))),
        ("kind: Secret\ndata:\n  a: b\n".into(), false, None),
        ("kind:\n  Secret\ndata:\n  a: b\n".into(), false, None),
        ("- kind:  'Secret' # a\n  stringData: {}\n".into(), false, None),
        ("{\\\"kind\\\":\\\"Secret\\\",\\\"data\\\":{}}".into(), false, None),
        ("kind: Secret\nmetadata: {}\n".into(), false, Some("kind: Secret\nmetadata: {}\n".into())),
        (
            "kind: SecretStore\ndata: {}\n".into(),
            false,
            Some("kind: SecretStore\ndata: {}\n".into()),
        ),
        ("client-key-data: abc".into(), false, None),
        ("kind: TokenReview\nspec:\n  token: abc\n".into(), false, None),
    ];
    for (given, cut, expected) in rows {
        assert_eq!(text(&given, cut), expected, "{given}");
    }
}

#[test]
fn keys_on_end_to_end() {
    // Two in a row whose dashes could belong to either.
    let two = "-----BEGIN PRIVATE KEY-----a-----END PRIVATE KEY----------BEGIN PRIVATE KEY-----b";
    let text = text(two, false);
    assert_eq!(text, Some(format!("{}{}", hidden(58), hidden(two.len() - 58))));
}

#[test]
fn header_values() {
    for (name, value, expected) in [
        ("Authorization", "Bearer abc", "Bearer (hidden)"),
        ("authorization", "basic YTpi", "basic (hidden)"),
        ("Authorization", "abc", "(hidden)"),
        ("Authorization", "abc def", "(hidden)"),
        ("Proxy-Authorization", "Basic YTpi", "Basic (hidden)"),
        ("Cookie", "a=b", "(hidden)"),
        ("Set-Cookie", "a=b; Path=/", "(hidden)"),
        ("X-Remote-User", "me", "me"),
        ("X-Remote-Extra-Scopes", "abc", "(hidden)"),
        ("Impersonate-User", "me", "me"),
        ("X-Auth-Token", "abc", "(hidden)"),
        ("Location", "/a?token=b", "/a?token=(hidden)"),
        ("X-Other", JWT, "(hidden, 50 bytes)"),
        ("Content-Type", "application/json", "application/json"),
        (
            "Sec-WebSocket-Protocol",
            "v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.YWJj",
            "v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.(hidden)",
        ),
    ] {
        let given = [(name.to_owned(), value.to_owned())];
        assert_eq!(headers(&given), [(name.to_owned(), expected.to_owned())], "{name}: {value}");
    }
}

#[test]
fn targets() {
    for (given, expected) in [
        ("/api/v1/pods?limit=500&watch=true", "/api/v1/pods?limit=500&watch=true"),
        ("/a?token=b&c=d", "/a?token=(hidden)&c=d"),
        ("/a?c=d&ACCESS_token=b", "/a?c=d&ACCESS_token=(hidden)"),
        ("/a?%74oken=b", "/a?%74oken=(hidden)"),
        ("/a?token", "/a?token"),
        ("/a?continue=b", "/a?continue=b"),
        ("/a?%", "/a?%"),
        ("/a?", "/a?"),
        ("", ""),
    ] {
        assert_eq!(target(given), expected, "{given}");
    }
    assert_eq!(target(&format!("/a/{JWT}?b={JWT}")), "/a/(hidden, 50 bytes)?b=(hidden, 50 bytes)");
}

#[test]
fn what_a_server_quotes_of_a_secret_that_it_does_not_take_is_hidden() {
    // Answers that API servers have given: a patch without base64, a number, an apply without
    // validation.
    let quoting = [
        "Secret in version \"v1\" cannot be handled as a Secret: illegal base64 data at input byte 12",
        "\"\" is invalid: patch: Invalid value: \"map[data:map[password:hunter2!!]]\": error decoding",
        ".stringData.password: expected string, got &value.valueUnstructured{Value:hunter2}",
    ];
    for (message, reason) in quoting.iter().zip(["BadRequest", "Invalid", ""]) {
        let failure = json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message,
            "reason": reason, "code": 422,
            "details": { "name": "top", "causes": [{ "message": message, "field": "patch" }] },
        });
        let shown = shown(failure, PathKind::Secrets);
        let hidden = format!("(hidden, {} bytes)", message.len());
        assert_eq!(shown["message"], hidden.as_str());
        assert_eq!(shown["details"]["causes"][0]["message"], hidden.as_str());
        assert_eq!((&shown["reason"], &shown["details"]["name"]), (&reason.into(), &"top".into()));
    }
    // Names and rights are no secret, and elsewhere nothing is.
    let rights = "secrets \"top\" is forbidden: User \"jane\" cannot get resource \"secrets\"";
    for (message, reason, place) in [
        ("secrets \"top\" not found", "NotFound", PathKind::Secrets),
        ("Operation cannot be fulfilled on secrets \"top\"", "Conflict", PathKind::Secrets),
        (rights, "Forbidden", PathKind::Secrets),
        ("Invalid value: \"map[]\"", "Invalid", PathKind::Other),
    ] {
        let failure = json!({
            "kind": "Status", "status": "Failure", "message": message, "reason": reason,
        });
        assert_eq!(shown(failure.clone(), place), failure);
    }
    let webhook = json!({
        "kind": "Status", "status": "Failure", "reason": "Forbidden",
        "message": "admission webhook denied the request: hunter2 is no password",
    });
    assert_eq!(shown(webhook, PathKind::Secrets)["message"], "(hidden, 60 bytes)");
}
