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

use devkit_mvn_unblock::{Note, Settings, locate};
use devkit_text::escape;
use serde::Serialize;

pub(crate) use self::entry::RECIPE;
use crate::failure::Failure;
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

/// A path in JSON.
#[derive(Clone, Copy)]
struct JsonPath<'a>(&'a Path);

impl Serialize for JsonPath<'_> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        devkit_mvn_unblock::json_path(self.0, to)
    }
}

/// Which settings files are read.
#[derive(Debug, clap::Args)]
struct Files {
    /// The settings [default: ~/.m2/settings.xml]
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// The settings of the installation [default: those of mvn on the PATH, or of `MAVEN_HOME`]
    #[arg(help_heading = "Maven's installation", long, value_name = "FILE")]
    global_settings: Option<PathBuf>,
}

/// A warning, as `--json` tells it.
#[derive(Debug, Clone, Serialize)]
struct Warning {
    code: &'static str,
    message: String,
    /// Where it is in the settings file, if it is there.
    line: Option<usize>,
    column: Option<usize>,
    /// Whether the change mends it.
    fixed: bool,
}

impl Warning {
    fn new(code: &'static str, message: String) -> Self {
        Self { code, message, line: None, column: None, fixed: false }
    }

    /// A POM that a project names.
    fn pom_unread(path: &Path, why: &str) -> Self {
        let path = escape(path.as_os_str().as_encoded_bytes());
        Self::new("pom-unread", format!("{path} was not looked at: {why}"))
    }

    fn of(note: &Note) -> Self {
        Self {
            code: note.code,
            message: note.message.clone(),
            line: Some(note.at.line),
            column: Some(note.at.column),
            fixed: note.fixed,
        }
    }
}

fn warn(ui: &Ui, names: &Names<'_>, file: &Path, warnings: &[Warning]) {
    if ui.quiet || ui.json {
        return;
    }
    for warning in warnings {
        let place = match warning.line {
            Some(line) => format!("{}:{line}: ", names.show(file)),
            None => String::new(),
        };
        let fixed = if warning.fixed { "; fixed" } else { "" };
        ui.warning(warning.code, &format!("{place}{}{fixed}", warning.message));
    }
}

/// How paths are told, and where the user's settings are.
struct Names<'h> {
    host: &'h Host,
    settings: Option<PathBuf>,
}

impl<'h> Names<'h> {
    fn new(host: &'h Host, settings: Option<&Path>) -> Self {
        Self { host, settings: settings.map(Path::to_owned) }
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

    /// As it was typed, else with `~` for the home folder.
    fn show(&self, path: &Path) -> String {
        if self.is_standard_input(path) {
            return "standard input".into();
        }
        let home = self.home().filter(|home| home.components().count() > 1);
        let typed = self.settings.as_deref() == Some(path);
        match home.filter(|_| !typed).and_then(|home| path.strip_prefix(home).ok()) {
            Some(rest) => escape(Path::new("~").join(rest).as_os_str().as_encoded_bytes()),
            None => escape(path.as_os_str().as_encoded_bytes()),
        }
    }

    fn is_standard_input(&self, path: &Path) -> bool {
        path == Path::new("-") && self.settings.as_deref() == Some(path)
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
    fn redirected(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if self.settings.is_some() {
            return warnings;
        }
        let mine = self.file().map(|file| self.show(&file)).unwrap_or_default();
        let other = |file: &Path| {
            let file = escape(file.as_os_str().as_encoded_bytes());
            format!("for that one: devkit mvn-unblock --settings {}", ui::quoted(&file))
        };
        let same = |a: &Path, b: &Path| a == b || same_file(a, b);
        let is_home = |java: &PathBuf| self.home().is_some_and(|home| same(java, home));
        if let Some(java) = self.java_home().filter(|java| !is_home(java)) {
            let file = java.join(".m2/settings.xml");
            let message = format!(
                "Java takes {} for the home folder, whatever HOME says, so that Maven does not read \
                 {mine}; {}",
                escape(java.as_os_str().as_encoded_bytes()),
                other(&file)
            );
            warnings.push(Warning::new("java-home", message));
        }
        let here = self.host.folder();
        let args = self.host.variables.get("MAVEN_ARGS");
        let is_mine = |file: &Path| self.file().is_ok_and(|mine| same(file, &mine));
        let redirect = locate::redirect(here, args);
        if let Some(redirect) = redirect.filter(|redirect| !is_mine(&redirect.settings)) {
            let file = redirect.settings.strip_prefix(here).unwrap_or(&redirect.settings);
            let message = format!(
                "{} passes -s {}, so {mine} is not read here; {}",
                escape(redirect.by.as_bytes()),
                escape(file.as_os_str().as_encoded_bytes()),
                other(file)
            );
            warnings.push(Warning::new("settings-redirected", message));
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

/// Warnings about what the settings say.
fn notes_of(settings: &Settings<'_>) -> Vec<Warning> {
    settings.notes().iter().map(Warning::of).collect()
}
