//! The command `devkit mvn-unblock`: its arguments, and what of the surroundings its library is handed.

mod change;
mod entry;
mod explain;
mod render;
mod status;
mod trouble;
mod undo;

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use devkit_mvn_unblock::{Remedy, locate};
use devkit_report::{Argument, Detailed, Finding, Message, PathNames, message};

pub(crate) use self::entry::RECIPE;
use crate::failure::Failure;
use crate::findings;
use crate::host::Host;
use crate::stdin;
use crate::ui::{self, Ui};

const SCHEMA: &str = "devkit.mvn-unblock/1";

/// Make Maven 3.8.1 and newer use http:// repositories again
///
/// Overrides the blocker of Maven's installation in the user's settings.xml, and changes no other byte of it.
/// Alone it lets every http:// repository through; with --repo, --from-log or --project only those that are
/// named, beside those that are already. The old file stays beside the new one, and --undo brings it back.
#[derive(Debug, clap::Args)]
struct Args {
    #[command(subcommand)]
    command: Option<Sub>,
    #[command(flatten)]
    change: change::Options,
}

#[derive(Debug, clap::Subcommand)]
enum Sub {
    Status(status::Args),
    Explain(explain::Args),
}

fn run(ui: &Ui, host: &Host, args: &Args) -> anyhow::Result<u8> {
    let Some(command) = &args.command else {
        return if args.change.undo {
            undo::run(ui, host, &args.change)
        } else {
            change::run(ui, host, &args.change)
        };
    };
    if let Some(option) = args.change.changing() {
        let name = match command {
            Sub::Status(_) => "status",
            Sub::Explain(_) => "explain",
        };
        return Err(Failure::new(
            "usage",
            format!("{option} changes settings, and {name} does not"),
        )
        .hint(format!("leave it out: devkit mvn-unblock {name}"))
        .into());
    }
    let before = args.change.settings.as_deref();
    match command {
        Sub::Status(args) => status::run(ui, host, args, before),
        Sub::Explain(args) => explain::run(ui, host, args, before),
    }
}

/// Which settings files are read.
#[derive(Debug, clap::Args)]
struct SettingsFiles {
    /// The settings [default: ~/.m2/settings.xml]
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// The settings of the installation [default: those of mvn on the PATH, or of `MAVEN_HOME`]
    #[arg(help_heading = "Maven's installation", long, value_name = "FILE")]
    global_settings: Option<PathBuf>,
}

/// A warning that no change mends.
fn warning(code: &'static str, message: Message) -> Detailed<Remedy> {
    Finding::warning(code, message).with(Remedy::default())
}

/// About a POM that a project names.
fn pom_unread(path: &Path, why: &str) -> Detailed<Remedy> {
    warning("pom-unread", message!("{} was not looked at: {}", path, why))
}

/// Tells warnings, and which of them the change mends.
fn warn(ui: &Ui, warnings: &[Detailed<Remedy>]) {
    let told = warnings.iter().map(|warning| {
        if warning.detail.fixed {
            warning.finding.clone().hint(message!("fixed"))
        } else {
            warning.finding.clone()
        }
    });
    findings::warn(ui, &told.collect::<Vec<_>>());
}

/// How paths are told, and where the user's settings are.
struct Names<'h> {
    host: &'h Host,
    settings: Option<PathBuf>,
    paths: PathNames,
}

impl<'h> Names<'h> {
    /// For settings that were named, or else those that Maven reads.
    fn new(ui: &Ui, host: &'h Host, settings: Option<&Path>) -> Self {
        let paths = PathNames::default().at_home(host.home().folder().map(Path::to_owned));
        let paths = match settings {
            Some(typed) => paths.typed(typed),
            None => paths,
        };
        ui.tell_paths(paths.clone());
        Self { host, settings: settings.map(Path::to_owned), paths }
    }

    fn home(&self) -> Option<&'h Path> {
        self.host.home().folder()
    }

    /// The settings that Maven reads.
    fn file(&self) -> anyhow::Result<PathBuf> {
        if let Some(file) = &self.settings {
            return Ok(file.clone());
        }
        let home = self.home().ok_or_else(|| {
            Failure::new("io", "there is no home folder, and so no ~/.m2/settings.xml")
                .hint("name the file: --settings FILE")
        })?;
        Ok(home.join(".m2/settings.xml"))
    }

    /// A path as it was typed, else with `~` for the home folder.
    fn show(&self, path: &Path) -> String {
        self.paths.show(path)
    }

    fn is_standard_input(&self, path: &Path) -> bool {
        self.paths.is_standard_input(path)
    }

    /// `devkit mvn-unblock` with the option that leads to the same file.
    fn command(&self) -> String {
        let mut command = "devkit mvn-unblock".to_owned();
        if let Some(path) = &self.settings {
            let _ = write!(command, " --settings {}", ui::quoted(&path.to_string_lossy()));
        }
        command
    }

    /// What makes Maven read another file than this one here.
    fn redirected(&self) -> Vec<Detailed<Remedy>> {
        let mut warnings = Vec::new();
        if self.settings.is_some() {
            return warnings;
        }
        let mine = self.file().map(|file| Message::from(&*file)).unwrap_or_default();
        let other = |file: &Path| {
            message!("for that one: devkit mvn-unblock --settings {}", Argument::of(file))
        };
        let same = |a: &Path, b: &Path| a == b || same_file(a, b);
        let is_home = |java: &PathBuf| self.home().is_some_and(|home| same(java, home));
        if let Some(java) = self.java_home().filter(|java| !is_home(java)) {
            let file = java.join(".m2/settings.xml");
            let message = message!(
                "Java takes {} for the home folder, whatever HOME says, so that Maven does not read \
                 {}; {}",
                java,
                mine,
                other(&file)
            );
            warnings.push(warning("java-home", message));
        }
        let here = self.host.folder();
        let args = self.host.variables.get("MAVEN_ARGS");
        let is_mine = |file: &Path| self.file().is_ok_and(|mine| same(file, &mine));
        let redirect = locate::redirect(here, args);
        if let Some(redirect) = redirect.filter(|redirect| !is_mine(&redirect.settings)) {
            let file = redirect.settings.strip_prefix(here).unwrap_or(&redirect.settings);
            let message = message!(
                "{} passes -s {}, so {} is not read here; {}",
                redirect.by,
                file,
                mine,
                other(file)
            );
            warnings.push(warning("settings-redirected", message));
        }
        warnings
    }
}

/// Whether two paths lead to one thing that is there.
fn same_file(a: &Path, b: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    real(a).is_some_and(|a| Some(a) == real(b))
}

impl Names<'_> {
    /// Java's `user.home`, which does not come from `HOME`.
    fn java_home(&self) -> Option<PathBuf> {
        let options = ["MAVEN_OPTS", "JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS"];
        let set = options.into_iter().find_map(|name| {
            let mut words = self.host.variables.text(name)?.split_whitespace().rev();
            words.find_map(|word| word.strip_prefix("-Duser.home=")).map(PathBuf::from)
        });
        set.or_else(|| self.host.home().of_java().map(Path::to_owned))
    }

    /// The properties that settings and POMs can name.
    fn property(&self) -> impl Fn(&str) -> Option<String> + '_ {
        |name| match name.strip_prefix("env.") {
            Some(variable) => self.host.variables.text(variable).map(str::to_owned),
            None if name == "user.home" => Some(self.java_home()?.to_string_lossy().into_owned()),
            None => None,
        }
    }

    /// The settings of Maven's installation.
    fn installation(&self) -> Option<PathBuf> {
        let homes = ["MAVEN_HOME", "M2_HOME"].into_iter();
        let homes = homes.filter_map(|name| self.host.variables.get(name).map(OsStr::to_owned));
        let homes: Vec<OsString> = homes.collect();
        locate::installation(&homes, self.host.programs().find("mvn").as_deref())
    }
}

fn standard_input(what: &str) -> anyhow::Result<Vec<u8>> {
    let bytes = stdin::read(what).map_err(|error| {
        Failure::new("io", "cannot read standard input").because(devkit_text::words(&error))
    })?;
    Ok(bytes.to_vec())
}
