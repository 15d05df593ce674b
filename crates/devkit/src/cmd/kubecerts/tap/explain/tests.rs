//! Every error of a tap, with hostile text in each field.

use std::io;
use std::path::Path;

use devkit_report::PathNames;
use devkit_tap::{
    ApiVersion, CredentialError, DialError, HandshakeProblem, HarError, TapError, TlsError,
    Unreachable,
};
use proptest::prelude::*;

use super::super::super::Names;
use super::{ServerContext, har, tap, unreachable};
use crate::failure::tests::{assert_tame, every, hostile, path};

fn other(text: &str) -> io::Error {
    io::Error::other(text)
}

every! {
    fn of_credentials(text) -> CredentialError {
        CredentialError::TokenFile { .. } =>
            CredentialError::TokenFile { path: path(text), source: other(text) },
        CredentialError::EmptyTokenFile { .. } =>
            CredentialError::EmptyTokenFile { path: path(text) },
        CredentialError::UnfitToken => CredentialError::UnfitToken,
        CredentialError::NoTerminal { .. } => CredentialError::NoTerminal { command: text.into() },
        CredentialError::InteractiveMode => CredentialError::InteractiveMode,
        CredentialError::NotInstalled { .. } => CredentialError::NotInstalled {
            command: text.into(),
            install_hint: Some(text.into()),
        },
        CredentialError::Run { .. } =>
            CredentialError::Run { command: text.into(), source: other(text) },
        CredentialError::Failed { .. } =>
            CredentialError::Failed { command: text.into(), code: 1 },
        CredentialError::Killed { .. } => CredentialError::Killed { command: text.into() },
        CredentialError::TooLong { .. } => CredentialError::TooLong { command: text.into() },
        CredentialError::NotJson { .. } =>
            CredentialError::NotJson { command: text.into(), line: 1, column: 0 },
        CredentialError::OtherKind { .. } =>
            CredentialError::OtherKind { command: text.into(), found: text.into() },
        CredentialError::OtherVersion { .. } => CredentialError::OtherVersion {
            command: text.into(),
            wanted: ApiVersion::V1,
            found: text.into(),
        },
        CredentialError::NoStatus { .. } => CredentialError::NoStatus { command: text.into() },
        CredentialError::NoCredential { .. } =>
            CredentialError::NoCredential { command: text.into() },
        CredentialError::HalfPair { .. } => CredentialError::HalfPair { command: text.into() },
        CredentialError::Expiration { .. } => CredentialError::Expiration { command: text.into() },
    }
}

every! {
    fn of_tls(text) -> TlsError {
        TlsError::Ca(_) => TlsError::Ca(text.into()),
        TlsError::NoRoots => TlsError::NoRoots,
        TlsError::Client(_) => TlsError::Client(text.into()),
        TlsError::ServerName(_) => TlsError::ServerName(text.into()),
    }
}

every! {
    fn of_dialling(text) -> DialError {
        DialError::Connect { .. } => DialError::Connect { to: text.into(), source: other(text) },
        DialError::TimedOut { .. } => DialError::TimedOut { to: text.into() },
        DialError::Proxy { .. } =>
            DialError::Proxy { proxy: text.into(), to: text.into(), why: text.into() },
        DialError::Handshake { .. } => DialError::Handshake {
            to: text.into(),
            problem: HandshakeProblem::Other,
            why: text.into(),
        },
        DialError::Tls(_) => DialError::Tls(TlsError::Ca(text.into())),
    }
}

every! {
    fn of_taps(text) -> TapError {
        TapError::NotLoopback(_) => TapError::NotLoopback(([192, 0, 2, 1], 1).into()),
        TapError::Listen { .. } =>
            TapError::Listen { at: ([127, 0, 0, 1], 1).into(), source: other(text) },
        TapError::Server => TapError::Server,
        TapError::Tls(_) => TapError::Tls(TlsError::Client(text.into())),
        TapError::Certificate(_) => TapError::Certificate(text.into()),
    }
}

every! {
    fn of_har_files(text) -> HarError {
        HarError::NotEmpty { .. } => HarError::NotEmpty { path: path(text) },
        HarError::NotAFile { .. } => HarError::NotAFile { path: path(text) },
        HarError::Create { .. } => HarError::Create { path: path(text), source: other(text) },
        HarError::Write { .. } => HarError::Write { path: path(text), source: other(text) },
        HarError::Broken { .. } => HarError::Broken { path: path(text), source: other(text) },
        HarError::NoNumber { .. } => HarError::NoNumber { path: path(text) },
    }
}

proptest! {
    #[test]
    fn no_error_of_a_tap_has_hostile_text(text in hostile()) {
        let paths = PathNames::default().at_home(Some(Path::new("/home/u").to_owned()));
        let (kubeconfig, both) = (Some(path(&text)), Some(text.clone()));
        let names = Names { paths, kubeconfig, cluster: both.clone(), user: both };
        let server = ServerContext { url: text.clone(), names: &names, has_ca: true };
        // What hyper says of HTTP can be made by none but hyper, which repeats nothing.
        let ways = of_credentials(&text).into_iter().map(Unreachable::Credential);
        let ways = ways.chain(of_tls(&text).into_iter().map(Unreachable::Tls));
        for error in ways.chain(of_dialling(&text).into_iter().map(Unreachable::Dial)) {
            assert_tame(&unreachable(&server, &error));
        }
        for error in of_taps(&text) {
            assert_tame(&tap(&server, &error));
        }
        for error in of_har_files(&text) {
            assert_tame(&har(&path(&text), &error));
        }
    }
}
