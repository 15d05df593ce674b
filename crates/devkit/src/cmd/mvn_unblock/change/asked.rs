//! What is asked for: named repositories, those of a log or of a project, or all.

use std::path::Path;

use devkit_mvn_unblock::{
    Parsed, ProfileRepository, Remedy, Repository, RepositoryId, Request, Settings, log, pom,
};
use devkit_report::{Argument, Detailed, message};

use super::super::{Names, pom_unread, standard_input, trouble, warning};
use super::Options;
use crate::failure::Failure;
use crate::ui;

/// What is asked for, the repositories it came from, and what there is to say about that.
pub(super) struct Asked {
    pub(super) request: Request,
    pub(super) repositories: Vec<Repository>,
    pub(super) warnings: Vec<Detailed<Remedy>>,
}

/// The URL of a repository that is known by its id only.
pub(super) const ANY_URL: &str = "http://repository.invalid/";

impl Options {
    /// `settings` are those that are to be changed.
    pub(super) fn asked(
        &self,
        names: &Names<'_>,
        settings: Option<&[u8]>,
    ) -> anyhow::Result<Asked> {
        let mut repositories: Vec<Repository> =
            self.repo.iter().map(|id| Repository::new(id, ANY_URL)).collect();
        let mut warnings = Vec::new();
        if let Some(file) = &self.from_log {
            repositories.extend(blocked(file, &mut warnings)?);
        }
        if let Some(project) = &self.project {
            repositories.extend(of_project(names, project, settings, &mut warnings)?);
        }
        if self.repo.is_empty() && self.from_log.is_none() && self.project.is_none() {
            return Ok(Asked { request: Request::Open, repositories, warnings });
        }
        let mut ids = Vec::new();
        let mut bad = None;
        for (at, repository) in repositories.iter().enumerate() {
            match RepositoryId::parse(&repository.id) {
                Ok(id) if ids.contains(&id) => {}
                Ok(id) => ids.push(id),
                Err(error) if at < self.repo.len() => return Err(trouble::id(&error).into()),
                // What a file says is not what somebody has typed.
                Err(error) => {
                    let message = message!("{}; it stays blocked", error.to_string());
                    warnings.push(warning("bad-id", message));
                    bad = Some(error);
                }
            }
        }
        if let Some(error) = bad.filter(|_| ids.is_empty()) {
            let text = "no blocked repository has an id that can be let through";
            return Err(Failure::new("nothing-blocked", text)
                .because(error.to_string())
                .hint("give the repository another <id> where it is declared")
                .into());
        }
        Ok(Asked { request: Request::Scoped(ids), repositories, warnings })
    }
}

impl Asked {
    /// The options that ask for the same, with a blank before them.
    pub(super) fn again(&self) -> String {
        match &self.request {
            Request::Open => String::new(),
            Request::Scoped(ids) => {
                let ids = ids.iter().map(|id| ui::quoted(id.as_str()));
                ids.fold(String::new(), |options, id| options + " --repo " + &id)
            }
        }
    }
}

/// The repositories that a log names.
fn blocked(file: &Path, warnings: &mut Vec<Detailed<Remedy>>) -> anyhow::Result<Vec<Repository>> {
    let bytes = if file == Path::new("-") {
        standard_input("the log")?
    } else {
        std::fs::read(file).map_err(|error| {
            Failure::new("io", message!("cannot read the log {}", file))
                .because(devkit_text::words(&error))
                .hint("name the file with the output of mvn, or - for standard input")
        })?
    };
    let found = log::blocked(&bytes);
    if found.unnamed && !found.repositories.is_empty() {
        let message = message!(
            "the log tells of other blocked repositories and does not name them, as Maven 4 does for \
             parents and BOMs; the log of mvn -X has them all"
        );
        warnings.push(warning("unnamed-in-log", message));
    }
    if found.unnamed && found.repositories.is_empty() {
        let text = "the log tells of blocked repositories, and does not name them";
        return Err(Failure::new("nothing-blocked", text)
            .because("for parents and BOMs, Maven 4 names nothing but its blocker")
            .hint("take the log of mvn -X, or what the project declares: --project DIR")
            .into());
    }
    if found.repositories.is_empty() {
        return Err(Failure::new("nothing-blocked", "no blocked repository in this log")
            .hint(
                "Maven's own line is wanted: \"Blocked mirror for repositories: [id (http://…)]\"",
            )
            .into());
    }
    Ok(found.repositories)
}

/// The http repositories of a project, and of the settings' profiles.
fn of_project(
    names: &Names<'_>,
    project: &Path,
    settings: Option<&[u8]>,
    warnings: &mut Vec<Detailed<Remedy>>,
) -> anyhow::Result<Vec<Repository>> {
    let found = pom::read(project, &names.property()).map_err(|error| trouble::project(&error))?;
    warnings.extend(found.unread.iter().map(|(path, why)| pom_unread(path, why)));
    let mut repositories: Vec<Repository> =
        found.declared.into_iter().map(|declared| declared.repository).collect();
    if let Some(bytes) = settings
        && let Ok(parsed) = Parsed::new(bytes)
        && let Ok(settings) = Settings::read(&parsed, &names.property())
    {
        repositories.extend(
            settings.repositories(&names.property()).iter().map(ProfileRepository::repository),
        );
    }
    for repository in &repositories {
        let Repository { id, url, .. } = repository;
        // A URL may be a property whole, and http all the same.
        let unknown = id.contains("${") && repository.is_external_http() || url.starts_with("${");
        if unknown {
            let message = message!(
                "a property of {} ({}) is not known here; name its id: --repo ID",
                id,
                devkit_mvn_unblock::masked(url)
            );
            warnings.push(warning("unknown-property", message));
        }
    }
    repositories.retain(|found| found.is_external_http() && !found.id.contains("${"));
    if repositories.is_empty() {
        let text =
            message!("no http:// repository in the project {}, nor in the settings", project);
        return Err(Failure::new("nothing-blocked", text)
            .hint(message!(
                "{} status --project {} lists what there is; parents and dependencies that are \
                 fetched may name others, and a failed build names them: --from-log",
                names.command(),
                Argument::of(project)
            ))
            .into());
    }
    Ok(repositories)
}
