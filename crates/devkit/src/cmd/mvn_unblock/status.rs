//! `devkit mvn-unblock status`: which repositories are http, and what becomes of each.

mod judged;
mod told;
mod world;

use std::path::{Path, PathBuf};

use devkit_mvn_unblock::mirror::Mirror;
use devkit_mvn_unblock::{Declaration, Origin, Parsed, Remedy, Settings, Status, locate, pom};
use devkit_report::{Detailed, Finding, JsonPath, Place, message};
use serde::Serialize;

use self::judged::{ask_https, finding, meaning};
pub(super) use self::world::World;
use super::{Names, SCHEMA, SettingsFiles, pom_unread, trouble, warn, warning};
use crate::exit;
use crate::findings::{self, Annotator, ReportOption};
use crate::host::Host;
use crate::ui::{Answer, Documents, Ui};

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
    files: SettingsFiles,
}

#[derive(Serialize)]
struct StatusDocument<'a> {
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
    let whole = findings::absolute(ui, &world.warnings);
    let has_project = project.is_some();
    ui.answer(&Repositories { names, world, installations, all, has_project, whole })
}

/// What becomes of every repository that was found.
struct Repositories<'a> {
    names: Names<'a>,
    world: World,
    installations: Vec<Installation>,
    all: Vec<Status>,
    has_project: bool,
    /// The warnings, for programs.
    whole: Vec<Detailed<Remedy>>,
}

impl Repositories<'_> {
    /// The settings, behind all links; none for standard input.
    fn file(&self) -> anyhow::Result<Option<PathBuf>> {
        let file = &self.world.file;
        if self.names.is_standard_input(file) {
            return Ok(None);
        }
        let (file, _) =
            devkit_fs::look(file).map_err(|error| trouble::writing(file, None, error))?;
        Ok(Some(file))
    }
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
        let file = self.file()?;
        let installations = self.installations.iter();
        let installations =
            installations.map(|it| Installation { file: absolute(&it.file), blocks: it.blocks });
        to.add(&StatusDocument {
            schema: SCHEMA,
            file: file.as_deref().map(JsonPath),
            installations: &installations.collect::<Vec<_>>(),
            repositories: &all,
            warnings: &self.whole,
        })
    }

    fn remarks(&self, ui: &Ui) {
        warn(ui, &self.world.warnings);
    }

    fn text(&self, ui: &Ui) -> String {
        told::text(ui, self)
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
