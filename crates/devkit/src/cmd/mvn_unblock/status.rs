//! `devkit mvn-unblock status`: which repositories are http, and what becomes of each.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use devkit_mvn_unblock::mirror::{self, Mirror};
use devkit_mvn_unblock::probe::{self, Attempt, Outcome, Patience};
use devkit_mvn_unblock::{
    Declaration, Origin, Parsed, Remedy, Repository, RepositoryId, Settings, Status, Verdict,
    locate, pom,
};
use devkit_report::{Argument, Detailed, Finding, JsonPath, Place, message};
use devkit_text::{escape, words};
use serde::Serialize;

use super::{Files, Names, SCHEMA, pom_unread, trouble, warn, warning};
use crate::exit;
use crate::failure::Failure;
use crate::findings::{self, Annotator, ReportOption};
use crate::host::Host;
use crate::ui::{self, Answer, Documents, Fit, Table, To, Ui, column};

/// List http:// repositories, and which mirror catches each
///
/// Exit code 0: none is blocked. 1: one is.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The project: the folder of a pom.xml [default: this folder, if it has one]
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
    /// Ask the hosts of http:// repositories whether they answer by https too
    #[arg(long)]
    probe: bool,
    #[command(flatten)]
    annotations: ReportOption,
    #[command(flatten)]
    files: Files,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    /// Null for standard input.
    file: Option<JsonPath<'a>>,
    installations: &'a [Installation],
    repositories: &'a [Status],
    warnings: &'a [Detailed<Remedy>],
}

/// An installation of Maven.
#[derive(Serialize)]
struct Installation {
    #[serde(serialize_with = "devkit_report::json_path")]
    file: PathBuf,
    /// Whether its settings block http repositories.
    blocks: bool,
}

/// The mirrors that there are, and where from.
pub(super) struct World {
    /// The user's settings.
    pub(super) file: PathBuf,
    /// The settings of the installation, if they were found.
    installation: Option<PathBuf>,
    user: Vec<Mirror>,
    of_installation: Vec<Mirror>,
    /// Repositories of profiles, with the file they are in.
    repositories: Vec<(Repository, Declaration)>,
    pub(super) warnings: Vec<Detailed<Remedy>>,
}

impl World {
    pub(super) fn read(names: &Names<'_>, files: &Files) -> anyhow::Result<Self> {
        let file = names.file()?;
        let mut world = Self {
            installation: files.global_settings.clone().or_else(|| names.installation()),
            user: Vec::new(),
            of_installation: vec![Mirror::stock()],
            repositories: Vec::new(),
            warnings: names.redirected(),
            file,
        };
        let path = world.file.clone();
        let bytes = if names.is_standard_input(&path) {
            Some(super::standard_input("the settings")?)
        } else {
            devkit_fs::look(&path).map_err(|error| trouble::writing(&path, None, error))?.1
        };
        if let Some(bytes) = bytes {
            let failed = |error| trouble::unread(&path, &bytes, &error);
            let parsed = Parsed::new(&bytes).map_err(failed)?;
            let settings = Settings::read(&parsed, &names.property()).map_err(failed)?;
            world.user = settings.mirrors();
            world.take_repositories(names, &settings, &path);
            world.warnings.extend(settings.notes(&path));
        }
        if let Some(path) = world.installation.clone() {
            world.read_installation(names, &path, files.global_settings.is_some())?;
        }
        Ok(world)
    }

    fn read_installation(
        &mut self,
        names: &Names<'_>,
        path: &Path,
        is_explicit: bool,
    ) -> anyhow::Result<()> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if is_explicit => {
                return Err(Failure::new("io", message!("cannot read {}", path))
                    .because(words(&error))
                    .hint("--global-settings takes conf/settings.xml of an installation")
                    .into());
            }
            Err(_) => Vec::new(),
        };
        let read = || {
            let parsed = Parsed::new(&bytes)?;
            let settings = Settings::read(&parsed, &names.property())?;
            self.of_installation = settings.mirrors();
            for mirror in &mut self.of_installation {
                if let Origin::User { entry, at } = mirror.origin {
                    mirror.origin = Origin::Installation { file: path.to_owned(), entry, at };
                }
            }
            self.take_repositories(names, &settings, path);
            Ok(())
        };
        let mut read = read;
        match read() {
            Ok(()) => Ok(()),
            Err(error) if is_explicit => Err(trouble::unread(path, &bytes, &error).into()),
            Err(error) => {
                let message = message!(
                    "{} cannot be read ({}); the mirrors of Maven as it comes are taken",
                    path,
                    trouble::reason(&bytes, &error)
                );
                self.warnings.push(warning("installation-unread", message));
                Ok(())
            }
        }
    }

    fn take_repositories(&mut self, names: &Names<'_>, settings: &Settings<'_>, file: &Path) {
        for found in settings.repositories(&names.property()) {
            let profile = Some(found.profile.clone());
            let place = Declaration { place: Place::new(file, found.at), profile };
            self.repositories.push((found.repository(), place));
        }
    }

    /// Those that count.
    pub(super) fn effective(&self) -> Vec<Mirror> {
        mirror::merged(&self.user, &self.of_installation)
    }

    /// All, also those that do not count.
    pub(super) fn all(&self) -> impl Iterator<Item = &Mirror> {
        self.user.iter().chain(&self.of_installation)
    }

    pub(super) fn origin(&self, names: &Names<'_>, origin: &Origin) -> String {
        match origin {
            Origin::User { at, .. } => format!("{}:{}", names.show(&self.file), at.line),
            Origin::Installation { file, at, .. } => format!("{}:{}", names.show(file), at.line),
            Origin::Stock => "Maven 3.8.1 and newer".into(),
        }
    }
}

/// `before` are settings that were named before the subcommand.
pub(super) fn run(ui: &Ui, host: &Host, args: &Args, before: Option<&Path>) -> anyhow::Result<u8> {
    let names = Names::new(ui, host, args.files.settings.as_deref().or(before));
    let mut world = World::read(&names, &args.files)?;
    let project = match &args.project {
        Some(folder) => Some(folder.clone()),
        None => Path::new("pom.xml").is_file().then(|| PathBuf::from(".")),
    };
    let mut declared = Vec::new();
    if let Some(folder) = &project {
        let found =
            pom::read(folder, &names.property()).map_err(|error| trouble::project(&error))?;
        let unread = found.unread.iter().map(|(path, why)| pom_unread(path, why));
        world.warnings.extend(unread);
        if !found.remote_parents.is_empty() {
            let message = message!(
                "not looked at, because they are in a repository: the parents {}",
                found.remote_parents.join(", ")
            );
            world.warnings.push(warning("remote-parent", message));
        }
        declared.extend(found.declared.into_iter().map(|found| {
            let place = Place::new(found.file, found.at);
            let place = Declaration { place, profile: found.profile };
            (found.repository, place)
        }));
    }
    declared.append(&mut world.repositories);
    let effective = world.effective();
    let mut all: Vec<Status> = declared
        .into_iter()
        .map(|(repository, place)| Status::new(&effective, &repository, place))
        .collect();
    for status in all.iter().filter(|status| status.unresolved) {
        let message = message!(
            "the property in {} ({}) is not known here",
            status.id,
            devkit_mvn_unblock::masked(&status.url)
        );
        let mut warning = warning("unknown-property", message);
        warning.finding.place = Some(status.declared.place.clone());
        world.warnings.push(warning);
    }
    if args.probe {
        ask_https(&mut all, &mut world.warnings);
    }
    if let Some(annotations) = args.annotations.report {
        let found = all.iter().filter(|status| !status.verdict.is_open());
        let found: Vec<Finding> = found.map(|status| finding(&names, &world, status)).collect();
        let warnings = world.warnings.iter().map(|warning| &warning.finding);
        let by = Annotator { command: "mvn-unblock", base: host.folder(), meaning: &meaning };
        by.print(ui, annotations, warnings.chain(&found))?;
        return Ok(exit_code(&all));
    }
    let installations = installations(&world, &names);
    let file = match names.is_standard_input(&world.file) {
        true => None,
        false if !ui.json => Some(world.file.clone()),
        false => {
            let looked = devkit_fs::look(&world.file);
            Some(looked.map_err(|error| trouble::writing(&world.file, None, error))?.0)
        }
    };
    let whole = findings::absolute(ui, &world.warnings);
    let has_project = project.is_some();
    ui.answer(&Repositories { names, world, installations, all, has_project, file, whole })
}

/// What becomes of every repository that was found.
struct Repositories<'a> {
    names: Names<'a>,
    world: World,
    installations: Vec<Installation>,
    all: Vec<Status>,
    has_project: bool,
    /// The settings, behind all links; none for standard input.
    file: Option<PathBuf>,
    /// The warnings, for programs.
    whole: Vec<Detailed<Remedy>>,
}

impl Answer for Repositories<'_> {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.into());
        let mut all = self.all.clone();
        for status in &mut all {
            status.declared.place.file = absolute(&status.declared.place.file).into();
            if let Some(Mirror { origin: Origin::Installation { file, .. }, .. }) =
                &mut status.mirror
            {
                *file = absolute(file);
            }
        }
        let installations = self.installations.iter();
        let installations =
            installations.map(|it| Installation { file: absolute(&it.file), blocks: it.blocks });
        to.add(&Document {
            schema: SCHEMA,
            file: self.file.as_deref().map(JsonPath),
            installations: &installations.collect::<Vec<_>>(),
            repositories: &all,
            warnings: &self.whole,
        })
    }

    fn remarks(&self, ui: &Ui) {
        warn(ui, &self.world.warnings);
    }

    fn text(&self, ui: &Ui) -> String {
        text(ui, &self.names, &self.world, &self.installations, &self.all, self.has_project)
    }

    fn is_account(&self) -> bool {
        true
    }

    fn exit(&self) -> u8 {
        exit_code(&self.all)
    }
}

fn exit_code(all: &[Status]) -> u8 {
    let blocked = all.iter().any(|status| !status.verdict.is_open());
    if blocked { exit::NO } else { exit::DONE }
}

/// What a code means.
fn meaning(code: &str) -> Option<Cow<'static, str>> {
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
fn finding(names: &Names<'_>, world: &World, status: &Status) -> Finding {
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
fn ask_https(all: &mut [Status], warnings: &mut Vec<Detailed<Remedy>>) {
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

/// What https answered, a line for each repository.
fn https(names: &Names<'_>, all: &[Status]) -> String {
    let mut text = String::new();
    for status in all {
        let Some(attempts) = &status.https else { continue };
        let untrusted = attempts.iter().find_map(|attempt| match &attempt.outcome {
            Outcome::Untrusted { why } => Some((attempt, why)),
            _ => None,
        });
        if let Some(attempt) = attempts.iter().find(|attempt| attempt.answers()) {
            let _ = writeln!(
                text,
                "better:    {} {}; use it in {} line {}",
                escape(attempt.url.as_bytes()),
                heard(attempt),
                names.show(&status.declared.place.file),
                line(status)
            );
        } else if let Some((attempt, why)) = untrusted {
            let _ = writeln!(
                text,
                "untrusted: {} answers, and its certificate is not trusted here: {}",
                escape(attempt.url.as_bytes()),
                escape(why.as_bytes())
            );
        } else {
            let attempts: Vec<String> = attempts
                .iter()
                .map(|attempt| format!("{} {}", escape(attempt.url.as_bytes()), heard(attempt)))
                .collect();
            let url = devkit_mvn_unblock::masked(&status.url);
            let _ =
                writeln!(text, "no https:  {} ({})", escape(url.as_bytes()), attempts.join("; "));
        }
    }
    text
}

fn heard(attempt: &Attempt) -> String {
    match &attempt.outcome {
        Outcome::Answers { status: 401 | 403 } => "answers too, and wants credentials".into(),
        Outcome::Answers { .. } => "answers too".into(),
        Outcome::OtherStatus { status } => format!("answers with {status}"),
        Outcome::BackToHttp { .. } => "leads back to http".into(),
        Outcome::Untrusted { why } => format!("is not trusted: {}", escape(why.as_bytes())),
        Outcome::NoAnswer { why } => format!("does not: {}", escape(why.as_bytes())),
    }
}

/// The installation that was found, and those that wrappers have fetched.
fn installations(world: &World, names: &Names<'_>) -> Vec<Installation> {
    let wrappers = names.home().map(locate::wrappers).unwrap_or_default();
    let files = world.installation.iter().cloned().chain(wrappers);
    files
        .map(|file| {
            let bytes = std::fs::read(&file).unwrap_or_default();
            let blocks = Parsed::new(&bytes).ok().is_some_and(|parsed| {
                Settings::read(&parsed, &names.property())
                    .is_ok_and(|settings| settings.mirrors().iter().any(|mirror| mirror.blocked))
            });
            Installation { file, blocks }
        })
        .collect()
}

fn text(
    ui: &Ui,
    names: &Names<'_>,
    world: &World,
    installations: &[Installation],
    all: &[Status],
    has_project: bool,
) -> String {
    let mut text = String::new();
    let there = if world.file.exists() || names.is_standard_input(&world.file) {
        match world.user.len() {
            1 => "1 mirror".into(),
            count => format!("{count} mirrors"),
        }
    } else {
        "not there".into()
    };
    let _ = writeln!(text, "settings      {} ({there})", names.show(&world.file));
    for installation in installations {
        let blocks = if installation.blocks { "blocks http" } else { "does not block http" };
        let _ = writeln!(text, "installation  {} ({blocks})", names.show(&installation.file));
    }
    if installations.is_empty() {
        text.push_str("installation  none found; taken as Maven 3.8.1 and newer come\n");
    }
    let shown: Vec<&Status> = all
        .iter()
        .filter(|status| ui.verbose > 0 || !status.verdict.is_open() || is_http(&status.url))
        .collect();
    text.push('\n');
    if shown.is_empty() {
        text.push_str(match (has_project, all.is_empty()) {
            (false, true) => {
                "no repository in the settings; --project DIR looks into a project too\n"
            }
            (true, true) => "neither the project nor the settings declare a repository\n",
            (_, false) => "no http:// repository; -v lists the others\n",
        });
        return text;
    }
    let mut table = Table::new(&[
        column("", Fit::Keep),
        column("repository", Fit::Wrap),
        column("url", Fit::Wrap),
        column("declared in", Fit::Wrap),
        column("what becomes of it", Fit::Wrap),
    ]);
    for status in &shown {
        let profile = match &status.declared.profile {
            Some(profile) => format!(" (profile {})", escape(profile.as_bytes())),
            None => String::new(),
        };
        let file = names.show(&status.declared.place.file);
        table.row([
            ui.sign(status.verdict.is_open()),
            escape(status.id.as_bytes()).into(),
            escape(devkit_mvn_unblock::masked(&status.url).as_bytes()).into(),
            format!("{file}:{}{profile}", line(status)).into(),
            outcome(names, world, status).into(),
        ]);
    }
    text.push_str(&table.text(ui, To::Out));
    let mut blocked: Vec<&str> = Vec::new();
    for status in shown.iter().filter(|status| !status.verdict.is_open() && !status.unresolved) {
        let is_new = !blocked.contains(&status.id.as_str());
        if is_new && RepositoryId::parse(&status.id).is_ok() {
            blocked.push(&status.id);
        }
    }
    let https = https(names, all);
    if !https.is_empty() {
        let _ = write!(text, "\n{https}");
    }
    if !blocked.is_empty() {
        let options: Vec<String> =
            blocked.iter().map(|id| format!("--repo {}", ui::quoted(id))).collect();
        let _ = writeln!(text, "\nlets them through: {} {}", names.command(), options.join(" "));
    }
    text
}

/// The line that declares a repository.
fn line(status: &Status) -> usize {
    status.declared.place.at.map_or(1, |at| at.line)
}

fn is_http(url: &str) -> bool {
    url.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("http:"))
}

fn outcome(names: &Names<'_>, world: &World, status: &Status) -> String {
    let Some(mirror) = &status.mirror else { return "direct".into() };
    let (id, from) = (escape(mirror.id.as_bytes()), world.origin(names, &mirror.origin));
    match status.verdict {
        Verdict::Blocked => format!("blocked by {id} ({from})"),
        Verdict::Dead => format!("sent to nowhere by {id} ({from})"),
        Verdict::Direct | Verdict::Mirrored => format!(
            "asked at {} by {id} ({from})",
            escape(devkit_mvn_unblock::masked(&mirror.url).as_bytes())
        ),
    }
}
