//! The command `devkit kubecerts`: its arguments, and what of the surroundings its library is handed.

mod check;
mod entry;
mod explain;
mod extract;
mod render;
mod show;
mod tap;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use devkit_kubecerts::{
    Choice, Clock, Error, FileBytes, Kubeconfig, Material, Report, Selected, Sources, safe_path,
    told,
};

use devkit_report::{Finding, PathNames, Severity, message};

pub(crate) use self::entry::RECIPE;
use crate::findings;
use crate::host::Host;
use crate::stdin;
use crate::ui::{self, Ui};

const SCHEMA: &str = "devkit.kubecerts/1";

/// Extract client certificate, key and cluster CA from a kubeconfig
///
/// Reads kubeconfig files exactly as kubectl does: KUBECONFIG lists, file references, YAML 1.1. Only 'tap'
/// contacts the server, and runs a command that a kubeconfig names.
#[derive(Debug, clap::Args)]
struct Args {
    #[command(subcommand)]
    command: Sub,
}

#[derive(Debug, clap::Subcommand)]
enum Sub {
    Extract(Box<extract::Args>),
    Show(show::Args),
    Check(check::Args),
    Tap(Box<tap::Args>),
}

/// Which files, and which context of them.
#[derive(Debug, clap::Args)]
struct Selection {
    /// This file only [default: the list in KUBECONFIG, else ~/.kube/config]
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Instead of the current context
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// Instead of the context's cluster
    #[arg(help_heading = "Instead of what the context names", long, value_name = "NAME")]
    cluster: Option<String>,
    /// Instead of the context's user
    #[arg(help_heading = "Instead of what the context names", long, value_name = "NAME")]
    user: Option<String>,
}

/// Where a command can be about all of them.
#[derive(Debug, clap::Args)]
struct Every {
    /// Every context
    #[arg(long, conflicts_with_all = ["context", "cluster", "user"])]
    all: bool,
}

fn run(ui: &Ui, host: &Host, args: &Args) -> anyhow::Result<u8> {
    match &args.command {
        Sub::Extract(args) => extract::run(ui, host, args),
        Sub::Show(args) => show::run(ui, host, args),
        Sub::Check(args) => check::run(ui, host, args),
        Sub::Tap(args) => tap::run(ui, host, args),
    }
}

/// The kubeconfig and how to speak of it.
struct Loaded {
    config: Kubeconfig,
    /// Seconds since 1970, for everything that is judged by the time.
    now: i64,
    names: Names,
    files: Files,
}

impl Selection {
    fn load(&self, ui: &Ui, host: &Host) -> anyhow::Result<Loaded> {
        let home = host.home().of_kubectl();
        // Where a file was named, all of them are told as it was.
        let paths = match &self.kubeconfig {
            Some(typed) => PathNames::default().typed(typed),
            None => PathNames::default().at_home(home.map(Path::to_owned)),
        };
        ui.tell_paths(paths.clone());
        let names = Names {
            paths,
            kubeconfig: self.kubeconfig.clone(),
            cluster: self.cluster.clone(),
            user: self.user.clone(),
        };
        let sources = Sources {
            flag: self.kubeconfig.as_deref(),
            variable: host.variables.get("KUBECONFIG"),
            home,
        };
        let of_flag = |path: &Path| match path.to_str() {
            Some("-") if self.kubeconfig.is_some() => standard_input(),
            _ => read(path),
        };
        match Kubeconfig::load(&sources, &of_flag) {
            Ok(config) => {
                if ui.verbose > 0 {
                    for file in config.files() {
                        ui::message(&format!("read {}\n", names.show(file)));
                    }
                }
                let now = host.started.as_second();
                Ok(Loaded { config, now, names, files: Files::default() })
            }
            Err(error) => Err(explain::error(&names, &error).into()),
        }
    }

    fn choice(&self) -> Choice<'_> {
        Choice {
            context: self.context.as_deref(),
            cluster: self.cluster.as_deref(),
            user: self.user.as_deref(),
        }
    }
}

impl Loaded {
    fn select(&self, selection: &Selection) -> anyhow::Result<Selected<'_>> {
        self.config
            .select(&selection.choice())
            .map_err(|error| explain::error(&self.names, &error).into())
    }

    /// What a context refers to, as much as can be read.
    fn material(&self, selected: &Selected<'_>) -> Material {
        selected.material(&|path| self.files.read(path))
    }

    /// Certificate, key and CA, all of them.
    fn whole_material(&self, selected: &Selected<'_>) -> anyhow::Result<Material> {
        let material = self.material(selected).complete();
        material.map_err(|error| explain::error(&self.names, &error).into())
    }

    /// Everything that can be said of a context; `problems` are known already.
    fn examine(&self, selected: &Selected<'_>, problems: &[Error], warn_days: u32) -> Report {
        let mut report = Report::new(selected, &self.material(selected), self.clock(warn_days));
        report.add_problems(problems);
        let token = selected.token_file_problem(&|path| self.files.read(path));
        report.add_problems(&token);
        report
    }

    fn clock(&self, warn_days: u32) -> Clock {
        Clock { now: self.now, warn_days }
    }

    /// A report of every context, also of those that are broken.
    fn examine_all(&self, warn_days: u32) -> Vec<Report> {
        let all = self.config.all();
        all.map(|(selected, missing)| self.examine(&selected, &missing, warn_days)).collect()
    }

    /// `(current-context of ~/.kube/config)`, or where the context is.
    fn origin(&self, report: &Report) -> String {
        match self.config.current_context() {
            Some((name, file)) if report.context.as_deref() == Some(name) => {
                format!("  (current-context of {})", self.names.show(file))
            }
            _ => String::new(),
        }
    }

    /// Tells the warnings of the files and of a context.
    fn warn(&self, ui: &Ui, reports: &[&Report]) {
        findings::warn(ui, self.config.warnings());
        for report in reports {
            let several = reports.len() > 1;
            let context = report.context.as_ref().filter(|_| several);
            // A finding decides nothing here, whatever `check` says of it.
            let warning = |found: &Finding| {
                let message = match context {
                    Some(context) => message!("{}: {}", told(context), found.message),
                    None => found.message.clone(),
                };
                Finding { severity: Severity::Warning, message, ..found.clone() }
            };
            findings::warn(ui, &report.warnings.iter().map(warning).collect::<Vec<_>>());
        }
    }
}

/// A JSON document.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum Document {
    /// A context, with the warnings of the files it came from.
    One {
        schema: &'static str,
        #[serde(flatten)]
        report: Box<Report>,
    },
    All {
        schema: &'static str,
        contexts: Vec<Report>,
        warnings: Vec<Finding>,
    },
}

impl Document {
    fn one(loaded: &Loaded, mut report: Report) -> Self {
        report.warnings.splice(0..0, loaded.config.warnings().iter().cloned());
        Self::One { schema: SCHEMA, report: Box::new(report) }
    }

    fn all(loaded: &Loaded, contexts: Vec<Report>) -> Self {
        let warnings = loaded.config.warnings().to_vec();
        Self::All { schema: SCHEMA, contexts, warnings }
    }
}

/// How paths are told: as they were typed, else with `~` for the home folder. And what was asked for,
/// so that a command to copy asks for the same.
struct Names {
    paths: PathNames,
    kubeconfig: Option<PathBuf>,
    cluster: Option<String>,
    user: Option<String>,
}

impl Names {
    fn show(&self, path: &Path) -> String {
        safe_path(path).shown(&self.paths)
    }

    /// `devkit kubecerts VERB` with the options that lead to the same files.
    fn command(&self, verb: &str) -> String {
        let mut command = format!("devkit kubecerts {verb}");
        if let Some(path) = &self.kubeconfig {
            let _ = write!(command, " --kubeconfig {}", ui::quoted(&path.to_string_lossy()));
        }
        command
    }

    /// A command for a context, with the cluster and the user that were asked for.
    fn command_for(&self, verb: &str, context: Option<&str>) -> String {
        let mut command = self.command(verb);
        let options = [
            ("context", context),
            ("cluster", self.cluster.as_deref()),
            ("user", self.user.as_deref()),
        ];
        for (name, value) in options {
            if let Some(value) = value {
                let _ = write!(command, " --{name} {}", ui::quoted(value));
            }
        }
        command
    }
}

/// The files that contexts refer to, each read once: a pipe has its bytes only once.
#[derive(Default)]
struct Files(RefCell<HashMap<PathBuf, FileBytes>>);

impl Files {
    fn read(&self, path: &Path) -> io::Result<FileBytes> {
        if let Some(known) = self.0.borrow().get(path) {
            return Ok(known.clone());
        }
        let file = read(path)?;
        self.0.borrow_mut().insert(path.into(), file.clone());
        Ok(file)
    }
}

fn standard_input() -> io::Result<FileBytes> {
    let bytes = stdin::read("the kubeconfig")?;
    Ok(FileBytes { bytes, readable_by_others: false })
}

fn read(path: &Path) -> io::Result<FileBytes> {
    let mut file = std::fs::File::open(path)?;
    let found = file.metadata()?;
    // Reserved at once: growing would leave copies behind.
    let mut bytes = zeroize::Zeroizing::new(Vec::new());
    bytes.reserve_exact(usize::try_from(found.len()).unwrap_or(0) + 1);
    file.read_to_end(&mut bytes)?;
    let readable_by_others = found.is_file() && found.mode() & 0o044 != 0;
    Ok(FileBytes { bytes, readable_by_others })
}

/// A certificate that ends sooner is pointed out, without being asked.
const WARN_DAYS: u32 = 30;
