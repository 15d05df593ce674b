//! Tokens, their files, and real plugins: small scripts.

#![expect(clippy::disallowed_methods, reason = "tests put files there first")]

mod plugins;

use std::fs;
use std::path::Path;
use std::process::Stdio;

use devkit_kubecerts::Secret;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::Config;

use super::{AuthMethod, CredentialError, Credentials, PluginSurroundings};

fn secret(text: &str) -> Secret {
    Secret::new(text.as_bytes().to_vec())
}

fn surroundings() -> PluginSurroundings {
    let environment = vec![("PATH".into(), "/usr/bin:/bin".into())];
    let find = |name: &str| Some(Path::new("/bin").join(name)).filter(|file| file.is_file());
    PluginSurroundings {
        environment,
        find: Box::new(find),
        terminal: None,
        stderr: Box::new(Stdio::null),
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

fn credentials(way: AuthMethod) -> Credentials {
    Credentials::new(way, surroundings())
}

/// The header as text.
fn header(credentials: &mut Credentials, now: i64) -> Result<Option<String>, CredentialError> {
    let header = credentials.header(at(now))?;
    Ok(header.map(|header| String::from_utf8(header.to_vec()).unwrap()))
}

fn from_file(path: &Path) -> Credentials {
    credentials(AuthMethod::TokenFile(path.to_owned()))
}

#[test]
fn fixed_credentials() {
    let basic = |name: &str, password| AuthMethod::Basic {
        username: name.to_owned(),
        password: secret(password),
    };
    for (way, wanted) in [
        (AuthMethod::None, None),
        (AuthMethod::Token(secret("t.0-k")), Some("Bearer t.0-k")),
        (AuthMethod::Token(secret("")), None),
        (basic("Aladdin", "open sesame"), Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")),
        (basic("a", ""), Some("Basic YTo=")),
        (basic("", "x"), None),
    ] {
        let shown = format!("{way:?}");
        let mut credentials = credentials(way);
        assert_eq!(header(&mut credentials, 0).unwrap().as_deref(), wanted, "{shown}");
        assert_eq!(credentials.current(at(0)).unwrap().certificate, None, "{shown}");
    }
}

#[test]
fn a_token_is_one_line() {
    for token in ["a\nX-Remote-User: admin", "a\r", "a\n", "a\0", "\x7f"] {
        let error = header(&mut credentials(AuthMethod::Token(secret(token))), 0).unwrap_err();
        assert!(matches!(error, CredentialError::UnfitToken), "{token:?} {error:?}");
    }
}

#[test]
fn token_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    for (content, wanted) in
        [("t0k", "Bearer t0k"), ("t0k\n", "Bearer t0k"), (" \t\r\nt0k \r\n\n", "Bearer t0k")]
    {
        fs::write(&path, content).unwrap();
        assert_eq!(header(&mut from_file(&path), 0).unwrap().as_deref(), Some(wanted));
    }
    for content in ["", "\n", " \n\t"] {
        fs::write(&path, content).unwrap();
        let error = header(&mut from_file(&path), 0).unwrap_err();
        assert!(matches!(error, CredentialError::EmptyTokenFile { .. }), "{content:?} {error:?}");
    }
    fs::write(&path, "t0k\nt1k").unwrap();
    let error = header(&mut from_file(&path), 0).unwrap_err();
    assert!(matches!(error, CredentialError::UnfitToken), "{error:?}");
    let error = header(&mut from_file(&folder.path().join("none")), 0).unwrap_err();
    assert!(matches!(error, CredentialError::TokenFile { .. }), "{error:?}");
    let error = header(&mut from_file(Path::new("/dev/zero")), 0).unwrap_err();
    assert!(matches!(error, CredentialError::UnfitToken), "{error:?}");
}

#[test]
fn a_token_file_is_read_once_a_minute() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    fs::write(&path, "old").unwrap();
    let mut credentials = from_file(&path);
    let mut token = |now| header(&mut credentials, now).unwrap().unwrap();
    assert_eq!(token(0), "Bearer old");
    fs::write(&path, "new").unwrap();
    assert_eq!(token(59), "Bearer old");
    assert_eq!(token(60), "Bearer new");
    fs::write(&path, "newer").unwrap();
    assert_eq!(token(119), "Bearer new");
    // A clock that was set back.
    assert_eq!(token(59), "Bearer newer");
}

#[test]
fn an_old_token_does_while_its_file_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    fs::write(&path, "old").unwrap();
    let mut credentials = from_file(&path);
    assert_eq!(header(&mut credentials, 0).unwrap().unwrap(), "Bearer old");
    fs::remove_file(&path).unwrap();
    assert_eq!(header(&mut credentials, 60).unwrap().unwrap(), "Bearer old");
    fs::write(&path, "\n").unwrap();
    assert_eq!(header(&mut credentials, 61).unwrap().unwrap(), "Bearer old");
    // No need to wait for another minute.
    fs::write(&path, "new").unwrap();
    assert_eq!(header(&mut credentials, 62).unwrap().unwrap(), "Bearer new");
    // What was refused does not do.
    fs::remove_file(&path).unwrap();
    credentials.invalidate();
    assert!(header(&mut credentials, 63).is_err());
}

#[test]
fn generations() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    fs::write(&path, "old").unwrap();
    let mut credentials = from_file(&path);
    let first = credentials.current(at(0)).unwrap().generation;
    // Read again, and the same.
    assert_eq!(credentials.current(at(100)).unwrap().generation, first);
    fs::write(&path, "new").unwrap();
    credentials.refused(first);
    let second = credentials.current(at(101)).unwrap().generation;
    assert_ne!(second, first);
    // The second refusal of the old one comes late.
    fs::write(&path, "newer").unwrap();
    credentials.refused(first);
    assert_eq!(header(&mut credentials, 102).unwrap().unwrap(), "Bearer new");
    credentials.refused(second);
    assert_eq!(header(&mut credentials, 102).unwrap().unwrap(), "Bearer newer");
}

#[test]
fn secrets_are_not_shown() {
    let way = AuthMethod::Basic { username: "u".to_owned(), password: secret("hunter2") };
    let mut credentials = credentials(way);
    let current = credentials.current(at(0)).unwrap();
    let token = AuthMethod::Token(secret("hunter2"));
    // `dTpodW50ZXIy` is the pair in base64.
    for shown in [format!("{credentials:?}"), format!("{current:?}"), format!("{token:?}")] {
        assert!(!shown.contains("hunter2") && !shown.contains("dTpodW50ZXIy"), "{shown}");
    }
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_header_is_one_line(token in prop::collection::vec(any::<u8>(), 1..40)) {
        let mut credentials = credentials(AuthMethod::Token(Secret::new(token.clone())));
        match credentials.header(at(0)) {
            Ok(header) => {
                let header = header.unwrap();
                prop_assert!(!header.contains(&b'\n') && !header.contains(&b'\r'));
                prop_assert_eq!(header.strip_prefix(b"Bearer "), Some(&token[..]));
            }
            Err(_) => prop_assert!(token.iter().any(u8::is_ascii_control)),
        }
    }

    #[test]
    fn a_kept_token_is_younger_than_a_minute(times in prop::collection::vec(0i64..300, 1..20)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let mut credentials = from_file(&path);
        for now in times {
            fs::write(&path, now.to_string()).unwrap();
            let header = header(&mut credentials, now).unwrap().unwrap();
            let written: i64 = header.trim_start_matches("Bearer ").parse().unwrap();
            let age = at(now).duration_since(at(written));
            prop_assert!(age >= SignedDuration::ZERO && age < SignedDuration::from_mins(1));
        }
    }
}
