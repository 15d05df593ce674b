//! Every error of a forwarder and of its addresses, with hostile text in each field.

use std::io;

use clap::Parser;
use devkit_fwd::{
    AddressError, AddressProblem, Error, Exposure, Holder, Right, Rights, SourceRule,
};
use devkit_report::Message;
use proptest::prelude::*;

use super::{Args, address, cut, error, warning};
use crate::failure::tests::{assert_tame, every, hostile, path};

#[derive(Debug, Parser)]
struct Whole {
    #[command(flatten)]
    args: Args,
}

every! {
    fn problems(text) -> AddressProblem {
        AddressProblem::Empty => AddressProblem::Empty,
        AddressProblem::UnknownScheme(_) => AddressProblem::UnknownScheme(text.into()),
        AddressProblem::LooksLikeTcp(_) => AddressProblem::LooksLikeTcp(text.into()),
        AddressProblem::NoPort(_) => AddressProblem::NoPort(text.into()),
        AddressProblem::BadPort(_) => AddressProblem::BadPort(text.into()),
        AddressProblem::PortZero => AddressProblem::PortZero,
        AddressProblem::BadHost(_) => AddressProblem::BadHost(text.into()),
        AddressProblem::NoBrackets => AddressProblem::NoBrackets,
        AddressProblem::WrongFamily { .. } =>
            AddressProblem::WrongFamily { host: text.into(), family: "IPv4" },
        AddressProblem::NoPath => AddressProblem::NoPath,
        AddressProblem::Folder(_) => AddressProblem::Folder(text.into()),
        AddressProblem::NoName => AddressProblem::NoName,
        AddressProblem::Nul => AddressProblem::Nul,
        AddressProblem::WrongEnd(_) => AddressProblem::WrongEnd("only a source"),
    }
}

fn holder(text: &str) -> Holder {
    Holder { name: text.into(), pid: 7 }
}

fn exposure(text: &str) -> Exposure {
    Exposure { path: path(text), service: "docker", rights: Rights::User(7) }
}

every! {
    fn errors(text) -> Error {
        Error::AddressInUse { .. } =>
            Error::AddressInUse { address: text.into(), holder: Some(holder(text)) },
        Error::SocketInUse { .. } =>
            Error::SocketInUse { path: path(text), holder: Some(holder(text)) },
        Error::NotASocket { .. } => Error::NotASocket { path: path(text), kind: "a directory" },
        Error::PathTooLong { .. } =>
            Error::PathTooLong { path: path(text), length: 200, limit: 107 },
        Error::NotLoopback { .. } =>
            Error::NotLoopback { address: text.into(), exposure: Some(exposure(text)) },
        Error::SameAddress { .. } => Error::SameAddress { address: text.into() },
        Error::UnknownUser { .. } => Error::UnknownUser { kind: "user", name: text.into() },
        Error::PermissionDenied { .. } => Error::PermissionDenied {
            action: Message::from(text),
            needs: Some(Right::WriteFolder),
            source: io::Error::other(text),
        },
        Error::Unresolved { .. } =>
            Error::Unresolved { host: text.into(), source: Some(io::Error::other(text)) },
        Error::NotLocal { .. } => Error::NotLocal { address: text.into() },
        Error::RuleDoesNotFit { .. } =>
            Error::RuleDoesNotFit { rule: SourceRule::Peers, source_address: text.into() },
        Error::Activation(_) => Error::Activation(text.into()),
        Error::Io { .. } =>
            Error::Io { action: Message::from(text), source: io::Error::other(text) },
        _ => Error::Activation(text.into()),
    }
}

proptest! {
    #[test]
    fn no_error_of_a_forwarder_has_hostile_text(text in hostile()) {
        let typed = path(&text);
        let typed = typed.as_os_str();
        for problem in problems(&text) {
            assert_tame(&address("-s", typed, &AddressError { problem, suggestion: Some(text.clone()) }));
        }
        let words = ["fwd".as_ref(), "-s=a".as_ref(), "-d".as_ref(), typed];
        let words = words.map(std::ffi::OsStr::to_owned);
        let Ok(Whole { mut args }) = Whole::try_parse_from(words) else { return Ok(()) };
        args.source = typed.to_owned();
        for problem in errors(&text) {
            assert_tame(&error(&args, problem));
        }
        assert_tame(&cut(typed, devkit_fwd::Reason::IdleTimeout));
        let message = exposure(&text).gives_away(&Message::from(text.clone()));
        for code in ["root-equivalent", "abstract-open", "mode-keeps-out"] {
            let found = devkit_report::Finding::warning(code, message.clone());
            assert_tame(&warning(&found).into());
        }
    }
}
