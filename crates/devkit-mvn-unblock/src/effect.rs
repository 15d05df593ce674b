//! The effect of mirrors on repositories of http, asked of the rules by which Maven chooses mirrors.

use std::collections::BTreeSet;

use crate::mirror::{self, BLOCKER, Mirror, Origin, Repository, Verdict};
use crate::request::{RepositoryId, Request};

/// Why the effect is not there.
pub(crate) struct Obstacle {
    /// The entry of the user's that is in the way, by its index; none if it is the installation's.
    pub(crate) entry: Option<usize>,
    /// The id that it blocks; none if it lets too much through.
    pub(crate) blocks: Option<String>,
}

/// The mirrors that count with an installation as it comes.
pub(crate) fn effective(user: &[Mirror]) -> Vec<Mirror> {
    mirror::merged(user, &[Mirror::stock()])
}

/// What becomes of an http repository that no mirror of the user's names.
pub(crate) fn others(user: &[Mirror]) -> Verdict {
    mirror::verdict(&effective(user), &http(&unknown_id(user))).0
}

/// A made-up repository of http with this id.
pub(crate) fn http(id: &str) -> Repository {
    Repository::new(id, "http://repository.invalid/")
}

/// An id that no mirror knows.
pub(crate) fn unknown_id(mirrors: &[Mirror]) -> String {
    let mut id = "unknown".to_owned();
    while mirrors.iter().any(|mirror| mirror.mirror_of.contains(&id)) {
        id.push('x');
    }
    id
}

/// The first thing that keeps the effect from being there.
pub(crate) fn obstacle(mirrors: &[Mirror], request: &Request) -> Option<Obstacle> {
    let unknown = unknown_id(mirrors);
    let in_the_way = |id: &str| {
        let (verdict, mirror) = mirror::verdict(mirrors, &http(id));
        mirror.filter(|_| !verdict.is_open())
    };
    let of = |mirror: &Mirror, blocks: Option<String>| Obstacle { entry: index(mirror), blocks };
    match request {
        Request::Open => {
            if let Some(mirror) = in_the_way(&unknown) {
                return Some(of(mirror, Some(unknown)));
            }
            // What is let past a mirror that catches all others may still be blocked. A mirror that
            // blocks single repositories is somebody's intention; an override of "dummy", as many
            // have it, catches a repository of that name, which nobody has.
            let ids = mirrors.iter().flat_map(|mirror| mirror::java_split(&mirror.mirror_of));
            let ids = ids.map(|item| item.trim_start_matches('!'));
            let ids = ids.filter(|id| RepositoryId::parse(id).is_ok());
            ids.filter_map(|id| in_the_way(id).map(|mirror| (id, mirror)))
                .find(|(_, mirror)| {
                    let is_blocker = mirror.id == BLOCKER && mirror.blocked;
                    is_blocker || mirror::matching(mirror, &http(&unknown)).matches()
                })
                .map(|(id, mirror)| of(mirror, Some(id.to_owned())))
        }
        Request::Scoped(ids) => {
            // In an order of its own, so that the outcome does not depend on that of the request.
            for id in ids.iter().collect::<BTreeSet<_>>() {
                if let Some(mirror) = in_the_way(id.as_str()) {
                    return Some(of(mirror, Some(id.as_str().to_owned())));
                }
            }
            let (verdict, _) = mirror::verdict(mirrors, &http(&unknown));
            let open = mirrors.iter().find(|mirror| is_override(mirror));
            open.filter(|_| verdict == Verdict::Direct).map(|mirror| of(mirror, None))
        }
    }
}

/// Whether a mirror blocks https too, which is somebody's intention, and none of the blocker's.
pub(crate) fn is_lockdown(mirror: &Mirror, mirrors: &[Mirror]) -> bool {
    let https = Repository::new(&unknown_id(mirrors), "https://repository.invalid/");
    mirror.blocked && mirror.id != BLOCKER && mirror::matching(mirror, &https).matches()
}

/// Whether a mirror is there only to take the blocker's place.
pub(crate) fn is_override(mirror: &Mirror) -> bool {
    let is_id = |item: &str| !item.starts_with('!') && !item.contains([':', '*']);
    mirror.id == BLOCKER
        && !mirror.blocked
        && (mirror.is_dead() || !mirror::java_split(&mirror.mirror_of).any(is_id))
}

fn index(mirror: &Mirror) -> Option<usize> {
    match mirror.origin {
        Origin::User { entry, .. } => Some(entry - 1),
        Origin::Installation { .. } | Origin::Stock => None,
    }
}

/// The entry by which the effect is there.
pub(crate) fn decisive(mirrors: &[Mirror], request: &Request) -> Option<usize> {
    let unknown = unknown_id(mirrors);
    let id = match request {
        Request::Open => unknown.as_str(),
        Request::Scoped(ids) => ids.first().map_or(unknown.as_str(), RepositoryId::as_str),
    };
    let (_, mirror) = mirror::verdict(mirrors, &http(id));
    let mirror = mirror.or_else(|| mirrors.iter().find(|mirror| mirror.id == BLOCKER));
    mirror.and_then(index).map(|index| index + 1)
}
