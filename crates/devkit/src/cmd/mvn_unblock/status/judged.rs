//! What is wrong with a repository, as a finding, and whether https would do.

use std::borrow::Cow;
use std::time::Duration;

use devkit_mvn_unblock::probe::{self, Patience};
use devkit_mvn_unblock::{Origin, Remedy, RepositoryId, Status, Verdict};
use devkit_report::{Argument, Detailed, Finding, Place, message};

use super::super::{Names, warning};
use super::World;

/// What a code means.
pub(super) fn meaning(code: &str) -> Option<Cow<'static, str>> {
    let words = match code {
        BLOCKED => "Maven blocks this http:// repository",
        DEAD => "a mirror sends this repository to an address where nobody answers",
        code => devkit_mvn_unblock::meaning(code)?,
    };
    Some(words.into())
}

/// The code of a repository that is blocked.
const BLOCKED: &str = "repository-blocked";
/// The code of a repository that a mirror sends to nowhere.
const DEAD: &str = "repository-dead";

/// A repository that Maven cannot use, at the place that declares it.
pub(super) fn finding(names: &Names<'_>, world: &World, status: &Status) -> Finding {
    let url = devkit_mvn_unblock::masked(&status.url);
    let message = if status.verdict == Verdict::Dead {
        message!("repository '{}' ({}) is sent to nowhere", status.id, url)
    } else {
        message!("repository '{}' ({}) is blocked", status.id, url)
    };
    let code = if status.verdict == Verdict::Dead { DEAD } else { BLOCKED };
    let mut finding = Finding::error(code, message).at(status.declared.place.clone());
    if let Some(mirror) = &status.mirror {
        let place = match &mirror.origin {
            Origin::User { at, .. } => Some(Place::new(&*world.file, *at)),
            Origin::Installation { file, at, .. } => Some(Place::new(&**file, *at)),
            Origin::Stock => None,
        };
        finding = match place {
            Some(place) => finding.related(place, message!("by the mirror '{}'", mirror.id)),
            None => finding.because(message!("'{}' of Maven 3.8.1 and newer", mirror.id)),
        };
    }
    if status.unresolved || RepositoryId::parse(&status.id).is_err() {
        return finding;
    }
    let command = names.command();
    finding.hint(message!("{} --repo {} lets it through", command, Argument::of(&status.id)))
}

/// How long hosts may take, as a person waits for it.
const PATIENCE: Patience = Patience { each: Duration::from_secs(5), all: Duration::from_secs(20) };

/// Asks the hosts of http repositories for https.
pub(super) fn ask_https(all: &mut [Status], warnings: &mut Vec<Detailed<Remedy>>) {
    let trusted = rustls_native_certs::load_native_certs().certs;
    let trusted: Vec<Vec<u8>> = trusted.iter().map(|certificate| certificate.to_vec()).collect();
    if trusted.is_empty() {
        let message = message!(
            "no certificates of authorities are on this machine, so that none of https is trusted; \
             SSL_CERT_FILE names a file with them"
        );
        warnings.push(warning("no-trusted-certificates", message));
    }
    let urls: Vec<&str> =
        all.iter().filter(|status| status.is_to_probe()).map(|status| &*status.url).collect();
    let found = probe::probe(&urls, &trusted, PATIENCE);
    for status in all.iter_mut().filter(|status| status.is_to_probe()) {
        status.https = found.get(&status.url).cloned();
    }
}
