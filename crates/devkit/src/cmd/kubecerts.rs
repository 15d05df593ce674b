//! `devkit kubecerts`: arguments, and what of the surroundings the library is handed.

mod check;
mod explain;
mod extract;
mod render;
mod show;

use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use devkit_kubecerts::{Choice, Clock, FileBytes, Kubeconfig, Report, Selected, Sources, Warning};

use crate::ui::Ui;

const SCHEMA: &str = "devkit.kubecerts/1";

const EXAMPLES: &str = "\
Examples:
  devkit kubecerts extract
  devkit kubecerts extract --context staging --out certs/
  devkit kubecerts extract --p12 client.p12 --password-file password.txt
  devkit kubecerts extract --stdout ca | openssl x509 -noout -text
  devkit kubecerts show --all
  devkit kubecerts check --all --warn-days 14";

#[derive(Debug, clap::Args)]
#[command(
    long_about = "Extract client certificate, key and cluster CA from a kubeconfig\n\n\
        Reads kubeconfig files exactly as kubectl does: KUBECONFIG lists, file references, \
        YAML 1.1. No command that a kubeconfig names is run, and nothing is contacted.",
    after_long_help = EXAMPLES
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Sub,
}

#[derive(Debug, clap::Subcommand)]
enum Sub {
    /// Write client certificate, key and CA into files
    Extract(Box<extract::Args>),
    /// Show what a context holds, never a key
    Show(show::Args),
    /// Find what has expired, does not match or is missing; exit code 1 if anything
    Check(check::Args),
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
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,
    /// Instead of the context's user
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Every context
    #[arg(long, conflicts_with_all = ["context", "cluster", "user"])]
    all: bool,
}

pub(crate) fn run(ui: &Ui, args: &Args) -> anyhow::Result<u8> {
    match &args.command {
        Sub::Extract(args) => extract::run(ui, args),
        Sub::Show(args) => show::run(ui, args),
        Sub::Check(args) => check::run(ui, args),
    }
}

/// The kubeconfig and how to speak of it.
struct Loaded {
    config: Kubeconfig,
    names: Names,
}

impl Selection {
    fn load(&self) -> anyhow::Result<Loaded> {
        let names = Names { home: home(), flag: self.kubeconfig.is_some() };
        let variable = std::env::var_os("KUBECONFIG");
        let sources = Sources {
            flag: self.kubeconfig.as_deref(),
            variable: variable.as_deref(),
            home: names.home.as_deref(),
        };
        match Kubeconfig::load(&sources, &read) {
            Ok(config) => Ok(Loaded { config, names }),
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
        if ui.quiet || ui.json {
            return;
        }
        for warning in self.config.warnings() {
            ui.warning(warning.code, &self.names.shorten(&warning.message));
        }
        for report in reports {
            let of = match (&report.context, reports.len()) {
                (Some(context), 2..) => format!("{}: ", devkit_text::escape(context.as_bytes())),
                _ => String::new(),
            };
            for warning in &report.warnings {
                ui.warning(warning.code, &format!("{of}{}", self.names.shorten(&warning.message)));
            }
        }
    }
}

/// One JSON document.
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
        warnings: Vec<Warning>,
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

/// How paths are told: as they were typed, else with `~` for the home folder.
struct Names {
    home: Option<PathBuf>,
    flag: bool,
}

impl Names {
    fn show(&self, path: &Path) -> String {
        use std::os::unix::ffi::OsStrExt;
        if path == Path::new("-") {
            return "standard input".into();
        }
        let home = self.home.as_deref().filter(|_| !self.flag);
        let short = home.and_then(|home| path.strip_prefix(home).ok());
        match short {
            Some(rest) => devkit_text::escape(Path::new("~").join(rest).as_os_str().as_bytes()),
            None => devkit_text::escape(path.as_os_str().as_bytes()),
        }
    }

    /// The same for a message of the library, which has whole paths.
    fn shorten(&self, message: &str) -> String {
        match self.home.as_ref().filter(|home| !self.flag && home.components().count() > 1) {
            Some(home) => message.replace(&format!("{}/", home.display()), "~/"),
            None => message.to_owned(),
        }
    }
}

fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from)
}

fn read(path: &Path) -> io::Result<FileBytes> {
    let mut bytes = zeroize::Zeroizing::new(Vec::new());
    if path == Path::new("-") {
        io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(FileBytes { bytes, readable_by_others: false });
    }
    let mut file = std::fs::File::open(path)?;
    let found = file.metadata()?;
    // One reservation: growing would leave copies behind.
    bytes.reserve_exact(usize::try_from(found.len()).unwrap_or(0) + 1);
    file.read_to_end(&mut bytes)?;
    let readable_by_others = found.is_file() && found.mode() & 0o044 != 0;
    Ok(FileBytes { bytes, readable_by_others })
}

fn clock(warn_days: u32) -> Clock {
    Clock { now: jiff::Timestamp::now().as_second(), warn_days }
}

/// A certificate that ends sooner is pointed out, without being asked.
const WARN_DAYS: u32 = 30;
