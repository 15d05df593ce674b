//! Every error of kubeconfigs and of the files that are written, with hostile text in each field.

use std::io;
use std::path::Path;

use devkit_kubecerts::{Auth, Base64Error, Error, Kind, Named, NoCertificate, of_error};
use devkit_report::{PathNames, Place, Position};
use proptest::prelude::*;

use super::super::Names;
use super::{error, writing};
use crate::failure::tests::{assert_tame, every, hostile, path};

fn place(text: &str) -> Place {
    Place::new(path(text), Position { line: 1, column: 2 })
}

fn named(text: &str) -> Named {
    Named { field: "client-key", owner: text.into(), place: place(text) }
}

fn none(text: &str) -> Box<NoCertificate> {
    Box::new(NoCertificate {
        of: Some(text.into()),
        user: Some((text.into(), place(text))),
        auth: vec![Auth::Token],
        has_key: false,
        has_ca: true,
        command: Some(text.into()),
    })
}

every! {
    fn errors(text) -> Error {
        Error::NoKubeconfig { .. } => Error::NoKubeconfig { tried: vec![path(text)] },
        Error::FileNotFound { .. } =>
            Error::FileNotFound { path: path(text), named_by: Some(named(text)) },
        Error::IsDirectory { .. } => Error::IsDirectory { path: path(text), named_by: None },
        Error::DataInFileField { .. } => Error::DataInFileField { named: named(text) },
        Error::Unreadable { .. } => Error::Unreadable {
            path: path(text),
            named_by: Some(named(text)),
            source: io::Error::other(text),
        },
        Error::Syntax { .. } => Error::Syntax { place: place(text), why: text.into() },
        Error::AliasBomb { .. } => Error::AliasBomb { place: place(text) },
        Error::WrongType { .. } => Error::WrongType {
            place: place(text),
            field: text.into(),
            wanted: "a string",
            found: "a number",
        },
        Error::WrongKind { .. } => Error::WrongKind {
            place: place(text),
            kind: text.into(),
            api_version: text.into(),
        },
        Error::BadBase64 { .. } =>
            Error::BadBase64 { named: named(text), source: Base64Error::Pem },
        Error::DuplicateName { .. } =>
            Error::DuplicateName { place: place(text), kind: "user", name: text.into() },
        Error::DataAndFile { .. } => Error::DataAndFile { named: named(text) },
        Error::NoCurrentContext { .. } =>
            Error::NoCurrentContext { contexts: vec![text.into()] },
        Error::NotFound { .. } => Error::NotFound {
            kind: Kind::User,
            name: text.into(),
            named_by: Some(text.into()),
            nearest: vec![text.into()],
            files: vec![path(text).into()],
        },
        Error::NoServer { .. } =>
            Error::NoServer { cluster: text.into(), why: "it names none" },
        Error::Unusable { .. } => Error::Unusable { what: "exec", why: "it is no command" },
        Error::NoClientCertificate(_) => Error::NoClientCertificate(none(text)),
        Error::NoSuchPart { .. } =>
            Error::NoSuchPart { part: "client key", code: "no-client-key" },
        Error::NotPem { .. } =>
            Error::NotPem { part: "the key", into: "a PEM bundle", why: text.into() },
    }
}

every! {
    fn of_files(text) -> devkit_fs::Error {
        devkit_fs::Error::Exists { .. } => devkit_fs::Error::Exists { path: path(text) },
        devkit_fs::Error::Unwanted { .. } => devkit_fs::Error::Unwanted { path: path(text) },
        devkit_fs::Error::Twice { .. } => devkit_fs::Error::Twice { path: path(text) },
        devkit_fs::Error::NotRegular { .. } =>
            devkit_fs::Error::NotRegular { path: path(text), kind: "a folder" },
        devkit_fs::Error::Io { .. } => devkit_fs::Error::Io {
            action: "write",
            path: path(text),
            source: io::Error::other(text),
        },
    }
}

proptest! {
    #[test]
    fn no_error_of_a_kubeconfig_has_hostile_text(text in hostile()) {
        for kubeconfig in [None, Some(path(&text))] {
            let paths = PathNames::default().at_home(Some(Path::new("/home/u").to_owned()));
            let (cluster, user) = (Some(text.clone()), Some(text.clone()));
            let names = Names { paths, kubeconfig, cluster, user };
            for problem in errors(&text) {
                assert_tame(&error(&names, &problem));
                assert_tame(&of_error(&problem).into());
            }
        }
        for problem in of_files(&text) {
            assert_tame(&writing(&problem));
        }
    }
}
