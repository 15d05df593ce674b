//! `devkit mvn-unblock status`: which repositories are http, and what becomes of each.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use devkit_mvn_unblock::mirror::{self, Mirror};
use devkit_mvn_unblock::probe::{self, Attempt, Outcome, Patience};
use devkit_mvn_unblock::{
    Origin, Parsed, Place, Repository, RepositoryId, Settings, Status, Verdict, locate, pom,
};
use devkit_text::{escape, words};
use serde::Serialize;

use super::{Files, JsonPath, Names, SCHEMA, Warning, notes_of, trouble, warn};
use crate::exit;
use crate::failure::Failure;
use crate::host::Host;
use crate::ui::{self, Fit, Table, To, Ui, column};

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
    files: Files,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    /// Null for standard input.
    file: Option<JsonPath<'a>>,
    installations: &'a [Installation],
    repositories: &'a [Status],
    warnings: &'a [Warning],
}

/// An installation of Maven.
#[derive(Serialize)]
struct Installation {
    #[serde(serialize_with = "devkit_mvn_unblock::json_path")]
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
    repositories: Vec<(Repository, Place)>,
    pub(super) warnings: Vec<Warning>,
}

impl World {
    pub(super) fn read(ui: &Ui, names: &Names<'_>, files: &Files) -> anyhow::Result<Self> {
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
            devkit_fs::look(&path).map_err(|error| trouble::writing(names, &path, None, error))?.1
        };
        if let Some(bytes) = bytes {
            let failed = |error| trouble::unread(ui, names, &path, &bytes, &error);
            let parsed = Parsed::new(&bytes).map_err(failed)?;
            let settings = Settings::read(&parsed, &names.property()).map_err(failed)?;
            world.user = settings.mirrors();
            world.take_repositories(names, &settings, &path);
            world.warnings.extend(notes_of(&settings));
        }
        if let Some(path) = world.installation.clone() {
            world.read_installation(ui, names, &path, files.global_settings.is_some())?;
        }
        Ok(world)
    }

    fn read_installation(
        &mut self,
        ui: &Ui,
        names: &Names<'_>,
        path: &Path,
        is_explicit: bool,
    ) -> anyhow::Result<()> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if is_explicit => {
                let text = format!("cannot read {}", names.show(path));
                return Err(Failure::new("io", text)
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
            Err(error) if is_explicit => {
                Err(trouble::unread(ui, names, path, &bytes, &error).into())
            }
            Err(error) => {
                let message = format!(
                    "{} cannot be read ({}); the mirrors of Maven as it comes are taken",
                    escape(path.as_os_str().as_encoded_bytes()),
                    trouble::reason(&bytes, &error)
                );
                self.warnings.push(Warning::new("installation-unread", message));
                Ok(())
            }
        }
    }

    fn take_repositories(&mut self, names: &Names<'_>, settings: &Settings<'_>, file: &Path) {
        for found in settings.repositories(&names.property()) {
            let profile = Some(found.profile.clone());
            let place = Place { file: file.to_owned(), at: found.at, profile };
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
    let names = Names::new(host, args.files.settings.as_deref().or(before));
    let mut world = World::read(ui, &names, &args.files)?;
    let project = match &args.project {
        Some(folder) => Some(folder.clone()),
        None => Path::new("pom.xml").is_file().then(|| PathBuf::from(".")),
    };
    let mut declared = Vec::new();
    if let Some(folder) = &project {
        let found =
            pom::read(folder, &names.property()).map_err(|error| trouble::project(&error))?;
        let unread = found.unread.iter().map(|(path, why)| Warning::pom_unread(path, why));
        world.warnings.extend(unread);
        if !found.remote_parents.is_empty() {
            let message = format!(
                "not looked at, because they are in a repository: the parents {}",
                found.remote_parents.join(", ")
            );
            world.warnings.push(Warning::new("remote-parent", message));
        }
        declared.extend(found.declared.into_iter().map(|found| {
            let place = Place { file: found.file, at: found.at, profile: found.profile };
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
        let message = format!(
            "the property in {} ({}) is not known here",
            escape(status.id.as_bytes()),
            escape(devkit_mvn_unblock::masked(&status.url).as_bytes())
        );
        world.warnings.push(Warning::new("unknown-property", message));
    }
    if args.probe {
        ask_https(&mut all, &mut world.warnings);
    }
    let blocked = all.iter().any(|status| !status.verdict.is_open());
    let code = if blocked { exit::NO } else { exit::DONE };
    let mut installations = installations(&world, &names);
    if ui.json {
        let absolute = |path: &mut PathBuf| {
            if let Ok(whole) = std::path::absolute(&*path) {
                *path = whole;
            }
        };
        for status in &mut all {
            absolute(&mut status.declared.file);
            if let Some(Mirror { origin: Origin::Installation { file, .. }, .. }) =
                &mut status.mirror
            {
                absolute(file);
            }
        }
        for installation in &mut installations {
            absolute(&mut installation.file);
        }
        let is_file = !names.is_standard_input(&world.file);
        let (file, _) = if is_file {
            devkit_fs::look(&world.file)
                .map_err(|error| trouble::writing(&names, &world.file, None, error))?
        } else {
            (PathBuf::new(), None)
        };
        ui::document(&Document {
            schema: SCHEMA,
            file: is_file.then_some(JsonPath(&file)),
            installations: &installations,
            repositories: &all,
            warnings: &world.warnings,
        })?;
        return Ok(code);
    }
    warn(ui, &names, &world.file, &world.warnings);
    if !ui.quiet {
        ui.text(&text(ui, &names, &world, &installations, &all, project.is_some()))?;
    }
    Ok(code)
}

/// How long hosts may take, as a person waits for it.
const PATIENCE: Patience = Patience { each: Duration::from_secs(5), all: Duration::from_secs(20) };

/// Asks the hosts of http repositories for https.
fn ask_https(all: &mut [Status], warnings: &mut Vec<Warning>) {
    let trusted = rustls_native_certs::load_native_certs().certs;
    let trusted: Vec<Vec<u8>> = trusted.iter().map(|certificate| certificate.to_vec()).collect();
    if trusted.is_empty() {
        let message = "no certificates of authorities are on this machine, so that none of https is \
                       trusted; SSL_CERT_FILE names a file with them";
        warnings.push(Warning::new("no-trusted-certificates", message.into()));
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
                names.show(&status.declared.file),
                status.declared.at.line
            );
        } else if let Some((attempt, why)) = untrusted {
            let _ = writeln!(
                text,
                "untrusted: {} answers, and its certificate is not trusted here: {why}",
                escape(attempt.url.as_bytes())
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
        Outcome::Untrusted { why } => format!("is not trusted: {why}"),
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
        let file = names.show(&status.declared.file);
        table.row([
            ui.sign(status.verdict.is_open()),
            escape(status.id.as_bytes()).into(),
            escape(devkit_mvn_unblock::masked(&status.url).as_bytes()).into(),
            format!("{file}:{}{profile}", status.declared.at.line).into(),
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
