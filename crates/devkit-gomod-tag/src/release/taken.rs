//! The names of a plan's tags: which are taken, here or at the remote, and which git or Go would refuse.

use std::collections::HashMap;

use devkit_report::{Detailed, Message, message};

use crate::git::{GitError, Oid};
use crate::go::version::{Bump, Version};
use crate::options::Remote;
use crate::problem::{Code, Judge as _, Judgement, problem};
use crate::release::row::{Row, Rows, Why};
use crate::release::update::Update;
use crate::repository::Module;

/// The rows with what there is of their tags, and a problem for each tag that cannot be made.
pub(crate) fn look_up(
    rows: Rows<'_>,
    remote: Option<&Remote>,
    update: &Update,
) -> Result<(Vec<Row>, Vec<Detailed<Judgement>>), GitError> {
    let repository = rows.repository;
    let tags = rows.all.iter().filter_map(|row| row.tag.as_deref());
    let known: Vec<&str> = tags.filter(|tag| repository.tags.contains_key(*tag)).collect();
    let known: HashMap<&str, Option<Oid>> =
        known.iter().copied().zip(repository.peeled(&known)?).collect();
    let tags = Tags { rows, remote, update };
    let mut found = Vec::new();
    let mut problems = Vec::new();
    for row in rows.all {
        let mut row = row.clone();
        if let Some(tag) = row.tag.clone()
            && let Err(problem) = tags.fill(&mut row, &tag, known.get(&*tag))
        {
            problems.push(problem.of(&row.folder));
        }
        found.push(row);
    }
    Ok((found, problems))
}

/// All that decides about a tag.
struct Tags<'a> {
    rows: Rows<'a>,
    remote: Option<&'a Remote>,
    update: &'a Update,
}

impl Tags<'_> {
    /// Whether a tag is there, here and at the remote, and can be made if not. `known`: what it leads to.
    fn fill(
        &self,
        row: &mut Row,
        tag: &str,
        known: Option<&Option<Oid>>,
    ) -> Result<(), Box<Detailed<Judgement>>> {
        let commit = &self.rows.repository.commit.oid;
        let module = self.rows.module(row);
        let Some(next) = row.next.clone() else { return Ok(()) };
        let burnt = |message: Message| {
            let hint = message!(
                "versions can't be reused, Go proxies keep the first one; next free: {}; if {} is bad, add \
             to {}: retract {} // why",
                self.free(module, &next),
                next,
                module.file("go.mod"),
                next
            );
            Box::new(problem(Code::TagExists, message, hint))
        };
        match known {
            None => {}
            Some(None) => {
                return Err(burnt(message!("tag {} exists, and is not one of a commit", tag)));
            }
            Some(Some(other)) if other != commit => {
                return Err(burnt(message!(
                    "tag {} exists on another commit ({})",
                    tag,
                    other.short()
                )));
            }
            Some(Some(_))
                if self.update.files.iter().any(|it| module.area.has(it.path.as_bytes())) =>
            {
                return Err(burnt(message!(
                    "tag {} exists, and what it requires is to change",
                    tag
                )));
            }
            Some(Some(_)) => {
                row.exists = true;
                row.why = vec![Why::Tagged];
            }
        }
        if let Some(remote) = self.remote {
            let name = &remote.name;
            // What is not here yet and gets a commit of its own cannot be there.
            let is_new = !row.exists && !self.update.files.is_empty();
            if let Some(other) = remote.commits(tag).find(|other| is_new || *other != commit) {
                return Err(burnt(message!(
                    "tag {} exists at {} on another commit ({})",
                    tag,
                    name,
                    other.short()
                )));
            }
            row.on_remote = Some(remote.has(tag));
            let names = remote.places.iter().flat_map(|tags| tags.keys());
            let unknown = self.rows.repository.only_at(module, names);
            if let Some(higher) = unknown.filter(|higher| *higher > next && !row.exists) {
                let message =
                    message!("{} has {} of {}, which is not here", name, higher, row.path);
                let hint = if remote.places.len() == 1 {
                    message!("git fetch --tags {}; then this counts from there", name)
                } else {
                    message!(
                        "git remote get-url --push --all {} lists the places; git fetch --tags URL",
                        name
                    )
                };
                return Err(Box::new(problem(Code::TagExists, message, hint)));
            }
        }
        if row.exists {
            return Ok(());
        }
        if next.to_string().strip_suffix(".lock").is_some() {
            let problem = problem(
                Code::BadVersion,
                message!("git makes no tag {}", tag),
                "take another word for the pre-release",
            );
            return Err(Box::new(problem.because("what ends with .lock is git's own")));
        }
        if let Some(problem) = self.conflict(tag) {
            return Err(Box::new(problem));
        }
        self.lower(row, &next, module)
    }

    /// The next version that has no tag, here and at the remote.
    fn free(&self, module: &Module, version: &Version) -> String {
        let highest = module.floor.as_ref().filter(|floor| *floor > version);
        let mut version = highest.unwrap_or(version).clone();
        while let Some(next) = version.bumped(Bump::Patch) {
            version = next;
            let tag = module.prefix.as_ref().map(|prefix| prefix.tag(&version)).unwrap_or_default();
            let is_there = self.remote.is_some_and(|remote| remote.commits(&tag).next().is_some());
            let is_taken = is_there || self.rows.repository.tags.contains_key(&tag);
            if !is_taken && !module.is_retracted(&version) {
                break;
            }
        }
        version.to_string()
    }

    /// References are files to git, and `b` cannot be a file and a folder.
    fn conflict(&self, tag: &str) -> Option<Detailed<Judgement>> {
        let tags = &self.rows.repository.tags;
        let parents = tag.match_indices('/').map(|(at, _)| &tag[..at]);
        let above = parents.into_iter().find(|parent| tags.contains_key(*parent));
        let below = format!("{tag}/");
        let other =
            above.or_else(|| tags.keys().map(|name| &**name).find(|it| it.starts_with(&below)))?;
        Some(problem(
            Code::RefConflict,
            message!("there is a tag {}, so git cannot make {}", other, tag),
            message!(
                "if {} is not needed: git tag -d {}, and git push REMOTE :refs/tags/{}; it was \
             never a version of Go",
                other,
                other,
                other
            ),
        ))
    }

    /// A version below one that there is, which is right only if it goes on with an older line.
    fn lower(
        &self,
        row: &mut Row,
        next: &Version,
        module: &Module,
    ) -> Result<(), Box<Detailed<Judgement>>> {
        let above = module.above_for_retraction().filter(|highest| next < *highest);
        if let Some(highest) = above {
            let message = message!(
                "{} is lower than {}, so what go.mod withdraws would not be withdrawn",
                next,
                highest
            );
            let hint = message!("take a higher one, such as {}", self.free(module, highest));
            let problem = problem(Code::BadVersion, message, hint);
            return Err(Box::new(
                problem.because("go reads what is withdrawn from the highest version"),
            ));
        }
        let Some(floor) = module.floor.as_ref().filter(|floor| next < *floor) else {
            return Ok(());
        };
        let of_line = |version: &Version| version.is_of_line(next);
        let line =
            module.releases.iter().rev().map(|release| &release.version).find(|it| of_line(it));
        if line.is_some_and(|last| last < next) {
            row.why = vec![Why::Backport];
            return Ok(());
        }
        // What is withdrawn for good is in nobody's way.
        let is_highest = row.current.as_ref().is_some_and(|current| current < next);
        if is_highest && module.is_retracted(floor) {
            return Ok(());
        }
        let is_own = module.releases.iter().any(|release| release.version == *floor);
        let message = if is_own {
            message!("{} is lower than {}, the last version of {}", next, floor, row.path)
        } else {
            message!(
                "{} is lower than {}, a tag from before {} had this path, and go lists that too",
                next,
                floor,
                row.path
            )
        };
        let hint = message!("take a higher one, such as {}", self.free(module, floor));
        let problem = problem(Code::BadVersion, message, hint);
        Err(Box::new(problem.because("everybody would go on using the higher one")))
    }
}
