//! `devkit mvn-unblock`: the change itself.

use std::path::{Path, PathBuf};

use devkit_fs::Edit;
use devkit_mvn_unblock::{
    Change, Mirror, Parsed, Plan, ProfileRepository, Remedy, Repository, RepositoryId, Request,
    Settings, Splice, Verdict, diff, log, mirror, plan, pom,
};
use devkit_report::{Argument, Detailed, JsonPath, message};
use devkit_text::escape;
use serde::Serialize;

use super::{Names, SCHEMA, pom_unread, render, standard_input, trouble, warn, warning};
use crate::exit;
use crate::failure::Failure;
use crate::findings;
use crate::host::Host;
use crate::ui::{self, Answer, Documents, To, Ui};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The settings to change [default: ~/.m2/settings.xml]
    ///
    /// '-' reads them from standard input and writes them to standard output
    #[arg(long, value_name = "FILE")]
    pub(super) settings: Option<PathBuf>,
    /// Let through the repository of this id only
    ///
    /// may be repeated
    #[arg(long, value_name = "ID")]
    repo: Vec<String>,
    /// Let through what Maven's log says it has blocked
    ///
    /// '-' is standard input
    #[arg(long, value_name = "FILE")]
    from_log: Option<PathBuf>,
    /// Let through the http:// repositories of a project
    ///
    /// those of its POM, local parents and modules, and profiles of the settings
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
    /// Show the change as a diff, and make none
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
    /// Exit code 1 if something would change; makes no change
    #[arg(help_heading = "In scripts", long)]
    check: bool,
    /// Bring back what was there before the last change
    #[arg(long, conflicts_with_all = ["repo", "from_log", "project", "check"])]
    pub(super) undo: bool,
}

/// What was done, as `--json` tells it.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    file: Option<JsonPath<'a>>,
    encoding: &'a str,
    action: &'static str,
    backup: Option<JsonPath<'a>>,
    mirrors_before: &'a [Mirror],
    mirrors_after: &'a [Mirror],
    splices: Vec<SpliceDocument<'a>>,
    repositories: Vec<RepositoryDocument<'a>>,
    warnings: &'a [Detailed<Remedy>],
}

#[derive(Serialize)]
struct SpliceDocument<'a> {
    start: usize,
    end: usize,
    text: &'a str,
}

#[derive(Serialize)]
struct RepositoryDocument<'a> {
    id: &'a str,
    url: Option<String>,
    verdict_before: Verdict,
    verdict: Verdict,
}

/// What is asked for, the repositories it came from, and what there is to say about that.
struct Asked {
    request: Request,
    repositories: Vec<Repository>,
    warnings: Vec<Detailed<Remedy>>,
}

pub(super) fn run(ui: &Ui, host: &Host, args: &Options) -> anyhow::Result<u8> {
    let names = Names::new(ui, host, args.settings.as_deref());
    let from_standard_input = args.settings.as_deref() == Some(Path::new("-"));
    let writes = !args.dry_run && !args.check;
    if from_standard_input && args.from_log.as_deref() == Some(Path::new("-")) {
        return Err(Failure::new(
            "usage",
            "standard input cannot be both the settings and the log",
        )
        .hint("name a file for one of them")
        .into());
    }
    if from_standard_input && ui.json && writes {
        return Err(Failure::new(
            "usage",
            "--settings - writes the settings to standard output, where --json writes too",
        )
        .hint("with --dry-run or --check, --json tells what would change")
        .into());
    }
    if from_standard_input {
        let bytes = standard_input("the settings")?;
        let asked = args.asked(&names, Some(&bytes))?;
        return filter(ui, args, &names, &asked, &bytes);
    }
    let file = names.file()?;
    let (target, current) =
        devkit_fs::look(&file).map_err(|error| trouble::writing(&file, None, error))?;
    let asked = args.asked(&names, current.as_deref())?;
    let mut made = make(&names, &file, current.as_deref(), &asked)?;
    let (mut current, mut backup, mut written) = (current, None, false);
    if made.change != Change::None && writes {
        let again = asked.again();
        let failed = |error| trouble::writing(&file, Some(&again), error);
        let edit = Edit::open(&file).map_err(failed)?;
        if edit.contents() != current.as_deref() {
            // Another run has been faster.
            current = edit.contents().map(<[u8]>::to_vec);
            made = make(&names, &file, current.as_deref(), &asked)?;
        }
        written = made.change != Change::None;
        if written {
            backup = edit.replace(&made.output).map_err(failed)?;
        }
    }
    let mut warnings = names.redirected();
    warnings.extend(asked.warnings.iter().cloned());
    warnings.extend(made.notes.iter().cloned());
    warnings.extend(blocked_by_installation(&names, &made, &asked));
    let whole = findings::absolute(ui, &warnings);
    ui.answer(&Done {
        args,
        names: &names,
        asked: &asked,
        name: names.show(&file),
        file: Some(&target),
        plan: &made,
        old: current.as_deref(),
        backup: backup.as_deref(),
        written,
        warnings: &warnings,
        whole: &whole,
    })
}

fn make(
    names: &Names<'_>,
    file: &Path,
    current: Option<&[u8]>,
    asked: &Asked,
) -> anyhow::Result<Plan> {
    plan(file, current, &asked.request, &names.property())
        .map_err(|error| trouble::settings(file, current.unwrap_or_default(), &error).into())
}

/// Settings from standard input to standard output.
fn filter(
    ui: &Ui,
    args: &Options,
    names: &Names<'_>,
    asked: &Asked,
    bytes: &[u8],
) -> anyhow::Result<u8> {
    let file = Path::new("-");
    let made = make(names, file, Some(bytes), asked)?;
    let mut warnings = asked.warnings.clone();
    warnings.extend(made.notes.iter().cloned());
    if args.dry_run || args.check {
        let whole = findings::absolute(ui, &warnings);
        return ui.answer(&Done {
            args,
            names,
            asked,
            name: names.show(file),
            file: None,
            plan: &made,
            old: Some(bytes),
            backup: None,
            written: false,
            warnings: &warnings,
            whole: &whole,
        });
    }
    warn(ui, &warnings);
    ui::bytes(&made.output)?;
    if !ui.quiet {
        let text = match made.change {
            Change::None => {
                "the settings are right already; they are passed on as they are\n".into()
            }
            Change::Edit | Change::Create => {
                format!("{}\n", render::effect(&asked.request, &made, "this file"))
            }
        };
        ui.say(&text);
        ui.say(&ui.paragraph(To::Err, &render::notice(&asked.request).into()));
    }
    Ok(exit::DONE)
}

/// What was done, or would be.
struct Done<'a> {
    args: &'a Options,
    names: &'a Names<'a>,
    asked: &'a Asked,
    /// The file as people know it.
    name: String,
    /// The file behind all links; none for standard input.
    file: Option<&'a Path>,
    plan: &'a Plan,
    old: Option<&'a [u8]>,
    backup: Option<&'a Path>,
    written: bool,
    warnings: &'a [Detailed<Remedy>],
    /// The same warnings, for programs.
    whole: &'a [Detailed<Remedy>],
}

impl Done<'_> {
    fn action(&self) -> &'static str {
        match (self.plan.change, self.written) {
            (Change::None, _) => "unchanged",
            (Change::Edit, true) => "changed",
            (Change::Edit, false) => "would-change",
            (Change::Create, true) => "created",
            (Change::Create, false) => "would-create",
        }
    }

    fn changes(&self) -> bool {
        self.plan.change != Change::None
    }
}

impl Answer for Done<'_> {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        to.add(&document(self))
    }

    fn remarks(&self, ui: &Ui) {
        warn(ui, self.warnings);
    }

    fn text(&self, ui: &Ui) -> String {
        let mut text = String::new();
        if self.changes() {
            let old = match self.old {
                Some(old) => (self.name.as_str(), old),
                None => (diff::NO_FILE, &b""[..]),
            };
            let diff = diff::unified(old, (&self.name, &self.plan.output));
            text.push_str(&ui::diff::painted(ui, To::Out, &diff));
        }
        let said = if self.written {
            let effect = render::effect(&self.asked.request, self.plan, &self.names.reach());
            let kept = match self.backup {
                Some(backup) => {
                    let backup = backup.file_name().unwrap_or_default().as_encoded_bytes();
                    format!("the old file is kept as {}", escape(backup))
                }
                None => format!("{} is new", self.name),
            };
            format!("{effect}; {kept}")
        } else if self.changes() {
            return text;
        } else {
            render::already(self.plan, &self.name)
        };
        text + &ui.paragraph(To::Out, &ui.sign(true).then(format!(" {said}")))
    }

    fn afterwards(&self, ui: &Ui) {
        if !self.changes() {
            return;
        }
        ui.say(&ui.paragraph(To::Err, &render::notice(&self.asked.request).into()));
        if self.asked.request == Request::Open {
            ui.say(&format!("narrower: {}\n", narrower(self.names)));
        }
        if self.written {
            ui.say(&format!("undo:     {} --undo\n", self.names.command()));
        } else {
            ui.say("nothing is written\n");
        }
    }

    /// The diff of a dry run is what was asked for.
    fn is_account(&self) -> bool {
        !(self.args.dry_run && self.changes())
    }

    fn exit(&self) -> u8 {
        if self.args.check && self.changes() { exit::NO } else { exit::DONE }
    }
}

fn document<'a>(done: &'a Done<'_>) -> Document<'a> {
    let (plan, asked) = (done.plan, done.asked);
    let effective = |mirrors: &[Mirror]| mirror::merged(mirrors, &[Mirror::stock()]);
    let (before, after) = (effective(&plan.before), effective(&plan.after));
    let repositories = asked.repositories.iter().map(|repository| RepositoryDocument {
        id: &repository.id,
        url: Some(devkit_mvn_unblock::masked(&repository.url))
            .filter(|_| repository.url != ANY_URL),
        verdict_before: mirror::verdict(&before, repository).0,
        verdict: mirror::verdict(&after, repository).0,
    });
    Document {
        schema: SCHEMA,
        file: done.file.map(JsonPath),
        encoding: &plan.encoding,
        action: done.action(),
        backup: done.backup.map(JsonPath),
        mirrors_before: &plan.before,
        mirrors_after: &plan.after,
        splices: plan.splices.iter().map(SpliceDocument::new).collect(),
        repositories: repositories.collect(),
        warnings: done.whole,
    }
}

impl<'a> SpliceDocument<'a> {
    fn new(splice: &'a Splice) -> Self {
        Self { start: splice.start, end: splice.end, text: &splice.text }
    }
}

/// Of a repository that is known by its id only.
const ANY_URL: &str = "http://repository.invalid/";

impl Options {
    /// The first option that asks for a change, or belongs to one.
    pub(super) fn changing(&self) -> Option<&'static str> {
        let options = [
            ("--repo", !self.repo.is_empty()),
            ("--from-log", self.from_log.is_some()),
            ("--project", self.project.is_some()),
            ("--dry-run", self.dry_run),
            ("--check", self.check),
            ("--undo", self.undo),
        ];
        options.into_iter().find(|(_, used)| *used).map(|(name, _)| name)
    }

    /// `settings` are those that are to be changed.
    fn asked(&self, names: &Names<'_>, settings: Option<&[u8]>) -> anyhow::Result<Asked> {
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
    fn again(&self) -> String {
        match &self.request {
            Request::Open => String::new(),
            Request::Scoped(ids) => {
                let ids = ids.iter().map(|id| ui::quoted(id.as_str()));
                ids.fold(String::new(), |options, id| options + " --repo " + &id)
            }
        }
    }
}

/// A mirror of the installation's own that blocks all the same.
fn blocked_by_installation(
    names: &Names<'_>,
    plan: &Plan,
    asked: &Asked,
) -> Option<Detailed<Remedy>> {
    let file = names.installation()?;
    let bytes = std::fs::read(&file).ok()?;
    let parsed = Parsed::new(&bytes).ok()?;
    let mirrors = Settings::read(&parsed, &names.property()).ok()?.mirrors();
    let effective = mirror::merged(&plan.after, &mirrors);
    let any = [Repository::new("repository", ANY_URL)];
    let wanted = match asked.request {
        Request::Open => &any[..],
        Request::Scoped(_) => &asked.repositories,
    };
    let (_, mirror) = wanted
        .iter()
        .map(|repository| mirror::verdict(&effective, repository))
        .find(|(verdict, _)| !verdict.is_open())?;
    let mirror = mirror.filter(|mirror| !plan.after.contains(mirror))?;
    let message = message!(
        "the mirror '{}' of {} blocks all the same; that file is where to change it",
        mirror.id,
        file
    );
    Some(warning("installation-blocks", message))
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

/// The command that frees only what the project in this folder needs.
fn narrower(names: &Names<'_>) -> String {
    let project = pom::read(Path::new("."), &names.property()).ok();
    let mut ids: Vec<String> = Vec::new();
    for declared in project.into_iter().flat_map(|project| project.declared) {
        let id = declared.repository.id.clone();
        if declared.repository.is_external_http()
            && RepositoryId::parse(&id).is_ok()
            && !ids.contains(&id)
        {
            ids.push(id);
        }
    }
    if ids.is_empty() {
        return format!(
            "{} --project DIR     (only the http repositories that a project names)",
            names.command()
        );
    }
    let options: Vec<String> = ids.iter().map(|id| format!("--repo {}", ui::quoted(id))).collect();
    format!("{} {}     (http repositories of ./pom.xml)", names.command(), options.join(" "))
}
