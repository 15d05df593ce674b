//! What went wrong with a tap, in the user's words, and what to do next.

#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;

use devkit_report::message;
use devkit_tap::{
    CredentialError, DialError, HandshakeProblem, HarError, TapError, TlsError, Unreachable,
};
use devkit_text::words;

use super::super::Names;
use crate::failure::Failure;

/// The API server that an error was about.
pub(super) struct ServerContext<'a> {
    pub(super) url: String,
    pub(super) names: &'a Names,
    /// Whether the cluster names a CA.
    pub(super) has_ca: bool,
}

pub(super) fn tap(server: &ServerContext<'_>, error: &TapError) -> Failure {
    match error {
        TapError::NotLoopback(at) => Failure::new("not-loopback", format!("no tap on {at}"))
            .because("other machines could reach it")
            .hint("--listen 127.0.0.1:0; from elsewhere, through ssh -L"),
        TapError::Listen { at, source } if source.kind() == io::ErrorKind::AddrInUse => {
            Failure::new("address-in-use", format!("cannot listen on {at}"))
                .because("something listens there already")
                .hint("choose another port; 0 is any that is free")
        }
        TapError::Listen { at, source } => {
            Failure::new("io", format!("cannot listen on {at}")).because(words(source))
        }
        TapError::Server => Failure::new("no-server", "the context's server is no URL")
            .hint(format!("{} tells more", server.names.command("check"))),
        TapError::Tls(error) => tls(server, error),
        TapError::Certificate(why) => {
            Failure::new("io", "cannot make a certificate for the local side").because(why)
        }
    }
}

pub(super) fn unreachable(server: &ServerContext<'_>, error: &Unreachable) -> Failure {
    match error {
        Unreachable::Credential(error) => credential(error),
        Unreachable::Tls(error) => tls(server, error),
        Unreachable::Dial(error) => dial(server, error),
        Unreachable::Http(error) => {
            Failure::new("server-unreachable", format!("{} does not speak HTTP", server.url))
                .because(error.to_string())
                .hint("look at the server of the context: is it the API server?")
        }
    }
}

fn dial(server: &ServerContext<'_>, error: &DialError) -> Failure {
    let message = format!("cannot reach the API server {}", server.url);
    let failure = Failure::new("server-unreachable", message);
    match error {
        DialError::Connect { source, .. } => failure
            .because(format!("{error}: {}", words(source)))
            .hint("is the cluster running, and the VPN, tunnel or proxy-url to it right?"),
        DialError::TimedOut { .. } => {
            failure.because(error.to_string()).hint("is the VPN or tunnel to it up?")
        }
        DialError::Proxy { .. } => failure
            .because(error.to_string())
            .hint("look at the cluster's proxy-url, or at HTTPS_PROXY"),
        DialError::Handshake { problem, why, .. } => {
            let hint = match problem {
                HandshakeProblem::OtherIssuer if server.has_ca => {
                    "the cluster's CA is not the one that signed the server's certificate: get a \
                     new kubeconfig"
                }
                HandshakeProblem::OtherIssuer => {
                    "no CA of this system signed the server's certificate, and the cluster names \
                     none: it wants certificate-authority-data"
                }
                HandshakeProblem::Expired => "the server's certificate has to be renewed",
                HandshakeProblem::TooEarly => {
                    "look at the clocks of this machine and of the server"
                }
                HandshakeProblem::OtherName => {
                    "use a name of the certificate as the server, or as tls-server-name"
                }
                HandshakeProblem::NoTls => "is that its port? or is the server's URL http://?",
                HandshakeProblem::Other => {
                    "look at the cluster's CA, tls-server-name and client certificate"
                }
            };
            let words = failure.finding.message.clone();
            failure.renamed("tls", words).because(why).hint(hint)
        }
        DialError::Tls(error) => tls(server, error),
    }
}

fn tls(server: &ServerContext<'_>, error: &TlsError) -> Failure {
    Failure::new("tls", error.to_string())
        .hint(format!("{} tells what is wrong with the context", server.names.command("check")))
}

pub(super) fn credential(error: &CredentialError) -> Failure {
    let failure = caused(Failure::new("credential", error.message()), error);
    match (error.install_hint(), error) {
        (Some(hint), _) => failure.hint(hint),
        (None, CredentialError::TokenFile { .. } | CredentialError::EmptyTokenFile { .. }) => {
            failure.hint("kubectl would fail in the same way; look at the user's tokenFile")
        }
        (None, CredentialError::UnfitToken) => failure.hint("look at the user's token"),
        (None, _) => failure.hint("kubectl would fail in the same way; run the plugin by hand"),
    }
}

/// What is behind an error, in words.
pub(super) fn cause(error: &dyn std::error::Error) -> Option<String> {
    error.source().map(|source| match source.downcast_ref::<io::Error>() {
        Some(source) => words(source),
        None => source.to_string(),
    })
}

/// With what is behind an error.
pub(super) fn caused(failure: Failure, error: &dyn std::error::Error) -> Failure {
    match cause(error) {
        None => failure,
        Some(cause) => failure.because(cause),
    }
}

pub(super) fn har(path: &Path, error: &HarError) -> Failure {
    caused(Failure::new("har-not-written", error.message()), error)
        .hint(message!("choose another file than {}", path))
}
