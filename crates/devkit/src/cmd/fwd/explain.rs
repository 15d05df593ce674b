//! What `devkit fwd` says about errors and warnings: which flag, and what to do next.

#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use devkit_fwd::{AddressError, AddressProblem, Error, Reason, Right, SourceRule};
use devkit_report::{Finding, message};
use devkit_text::{escape, words};

use super::Args;
use crate::failure::Failure;

/// An address that cannot be read.
pub(super) fn address(flag: &str, text: &OsStr, error: &AddressError) -> Failure {
    let text = escape(text.as_bytes());
    let message = match &error.problem {
        AddressProblem::LooksLikeTcp(part) => {
            format!("'{part}' in {flag} {text} looks like a TCP address, not a socket path")
        }
        problem => format!("cannot use {flag} '{text}': {problem}"),
    };
    let hint = match (&error.problem, &error.suggestion) {
        (AddressProblem::LooksLikeTcp(part), Some(meant)) => {
            format!("use {flag} {meant}, or unix://./{part} for a file of that name")
        }
        (_, Some(meant)) => format!("use {flag} {meant}"),
        (_, None) => "devkit fwd --help lists the address forms".into(),
    };
    Failure::new("bad-address", message).hint(hint)
}

/// Everything else that keeps it from starting.
pub(super) fn error(args: &Args, error: Error) -> Failure {
    let source = escape(args.source.as_bytes());
    let failure = Failure::new(error.code(), error.message());
    let failure = match &error {
        Error::AddressInUse { holder, .. } => {
            let held = holder.as_ref().map(|holder| format!(" (held by {holder})"));
            let cause = format!("address already in use{}", held.unwrap_or_default());
            let hint = if source.contains('@') {
                "choose another name"
            } else {
                "choose another port, or port 0 for any free one: -s tcp://127.0.0.1:0"
            };
            failure.because(cause).hint(hint)
        }
        Error::SocketInUse { holder, .. } => {
            let who = holder.as_ref().map(|holder| format!(" ({holder})"));
            failure
                .because(format!("another process is listening there{}", who.unwrap_or_default()))
                .hint("stop it, or choose another path")
        }
        Error::NotASocket { kind, .. } => failure
            .because(format!("{kind} stands there, and only a stale socket is ever replaced"))
            .hint("choose another path, or remove it yourself"),
        Error::PathTooLong { length, limit, .. } => failure
            .because(format!("it has {length} bytes, and a socket address holds {limit}"))
            .hint("choose a shorter path"),
        Error::NotLoopback { exposure, .. } => {
            let failure = match exposure {
                Some(exposure) => {
                    failure.because(exposure.gives_away(&message!("whoever connects")))
                }
                None => failure,
            };
            failure.hint(
                "--allow 192.0.2.0/24 limits it; listen on 127.0.0.1 and use ssh -L; \
                 or say --allow-any, and whoever reaches the port may connect",
            )
        }
        Error::SameAddress { .. } => failure
            .because("each connection would come back as a new one")
            .hint("choose another -s or -d"),
        Error::UnknownUser { .. } if devkit_lookup::KNOWS_NO_MODULES => failure.hint(
            "check the spelling, or give its number: a released binary reads /etc/passwd and /etc/group, \
             and asks neither sssd nor LDAP",
        ),
        Error::UnknownUser { .. } => failure.hint("check the spelling, or give its number"),
        Error::PermissionDenied { needs, source, .. } => {
            let failure = failure.because(words(source));
            match needs {
                Some(Right::PrivilegedPort) => failure.hint(
                    "ports below 1024 are for root and CAP_NET_BIND_SERVICE; choose a higher one",
                ),
                Some(Right::ChangeOwner) => {
                    failure.hint("only root may do that; leave out --owner and --group")
                }
                Some(Right::WriteFolder) => {
                    failure.hint("choose a folder that this user may write to")
                }
                Some(Right::ProbeSocket) => {
                    failure.hint("run it as the file's owner, or choose another path")
                }
                None => failure,
            }
        }
        Error::Unresolved { source, .. } => {
            let cause = source.as_ref().map(words);
            failure
                .because(cause.unwrap_or_else(|| "it has none of the wanted family".into()))
                .hint("check the name, or give an address")
        }
        Error::NotLocal { .. } => failure.hint(
            "listen on 127.0.0.1, or on an address that 'ip address' lists (IPv6 may be off)",
        ),
        Error::RuleDoesNotFit { rule, .. } => rule_does_not_fit(*rule, &source),
        Error::Activation(_) => failure
            .hint("fd:// is for systemd socket units with Accept=no; elsewhere name an address"),
        Error::Io { source, .. } => io_hint(failure.because(words(source)), source, &args.source),
        _ => failure,
    };
    Failure { source: Some(Box::new(error)), ..failure }
}

fn io_hint(failure: Failure, error: &std::io::Error, source: &OsStr) -> Failure {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            let relative = source.as_bytes().strip_prefix(b"unix://").filter(|p| p[0] != b'/');
            match relative {
                Some(path) => failure
                    .hint(format!("a full path takes three slashes: -s unix:///{}", escape(path))),
                None => failure.hint("make its folder first: mkdir -p"),
            }
        }
        std::io::ErrorKind::NotADirectory => {
            failure.hint("a part of its path is a file; choose another path")
        }
        _ if source.as_bytes().starts_with(b"[fe80:") || source.as_bytes().contains(&b'%') => {
            failure.hint("a link-local address needs its interface: [fe80::1%eth0]:80")
        }
        _ => failure.hint("choose another -s; -v shows what lies beneath"),
    }
}

fn rule_does_not_fit(rule: SourceRule, source: &str) -> Failure {
    let (flags, fits) = match rule {
        SourceRule::Networks => ("--allow and --allow-any", "a TCP source"),
        SourceRule::Peers => ("--allow-uid and --allow-gid", "a Unix source"),
        SourceRule::SocketFile => ("--mode, --owner and --group", "a socket file made by devkit"),
    };
    Failure::new("usage", format!("{flags} are for {fits}, and -s {source} is none"))
        .hint("leave it out, or choose another source")
}

/// A `stdio:` connection that did not come to its end.
pub(super) fn cut(destination: &OsStr, reason: Reason) -> Failure {
    let destination = escape(destination.as_bytes());
    let cause = match reason {
        Reason::DestinationReset => "the destination reset it",
        Reason::IdleTimeout => "nothing moved for --idle-timeout",
        Reason::HalfCloseTimeout => {
            "one side had ended, and nothing moved for --half-close-timeout"
        }
        _ => "it was still open when --drain was over",
    };
    Failure::new("io", format!("the connection to {destination} was cut"))
        .because(cause)
        .hint("connect again; what had arrived before is on standard output")
}

/// Which flag changes what a warning is about.
pub(super) fn warning(warning: &Finding) -> Finding {
    let hint = match &*warning.code {
        "abstract-open" => message!("--allow-uid limits it"),
        "mode-keeps-out" => message!("--mode 0666 leaves it to --allow-uid and --allow-gid"),
        _ => return warning.clone(),
    };
    warning.clone().hint(hint)
}
