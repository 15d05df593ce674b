//! `devkit kubecerts extract`: the three files, a bundle, a PKCS#12 file, or one part on stdout.

mod password;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use devkit_fs::Existing;
use devkit_kubecerts::plan::{self, FolderNames, Planned, PlannedPart};
use devkit_kubecerts::{Error, Material, Profile, Report, Secret, Selected, git};
use devkit_report::Finding;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, pthread_sigmask};

use super::{Document, Every, Loaded, Selection, WARN_DAYS, explain, render};
use crate::exit;
use crate::failure::{self, Failure};
use crate::findings;
use crate::host::Host;
use crate::ui::{self, Answer, Documents, Ui};

/// Write client certificate, key and CA into files
///
/// client-cert.pem, client-key.pem and cluster-ca-cert.pem, all that the context holds or none, byte for
/// byte. A file with other contents is left alone without --force.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    every: Every,
    /// Folder for the files [default: the current one]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace files that have other contents; with --stdout, show a key on a terminal
    #[arg(help_heading = "Files that are there", long)]
    force: bool,
    /// Print this alone, and write no file
    #[arg(long, value_name = "cert|key|ca", hide_possible_values = true,
          conflicts_with_all = ["all", "out", "p12", "bundle"])]
    stdout: Option<Part>,
    /// Also write key and certificate as PKCS#12: for Charles, browsers, Wireshark, Java
    #[arg(long, value_name = "FILE", conflicts_with = "all")]
    p12: Option<PathBuf>,
    /// With 3DES and SHA-1, which the macOS keychain needs
    #[arg(help_heading = "PKCS#12 and bundles", long, requires = "p12")]
    p12_compat: bool,
    /// Its password: the first line of this file
    #[arg(
        help_heading = "PKCS#12 and bundles",
        long,
        value_name = "FILE",
        requires = "p12",
        conflicts_with = "password_env"
    )]
    password_file: Option<PathBuf>,
    /// Its password: the value of this environment variable
    #[arg(help_heading = "PKCS#12 and bundles", long, value_name = "NAME", requires = "p12")]
    password_env: Option<String>,
    /// Also write key and certificate as one PEM file: for mitmproxy and curl
    #[arg(help_heading = "PKCS#12 and bundles", long, value_name = "FILE", conflicts_with = "all")]
    bundle: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// The client certificate.
    Cert,
    /// The client key.
    Key,
    /// The cluster's CA.
    Ca,
}

pub(super) fn run(ui: &Ui, host: &Host, args: &Args) -> anyhow::Result<u8> {
    if args.stdout.is_some() {
        failure::refuse_json(
            ui,
            "--json and --stdout both need standard output",
            "leave out one of them",
        )?;
    }
    for path in [&args.out, &args.p12, &args.bundle].into_iter().flatten() {
        if path == Path::new("-") {
            return Err(Failure::new("usage", "'-' is no place for files: they are several")
                .hint("--stdout cert, key or ca prints one; ./- is a file of that name")
                .into());
        }
    }
    let loaded = args.selection.load(ui, host)?;
    if args.every.all {
        return all(ui, args, &loaded);
    }
    let selected = loaded.select(&args.selection)?;
    let explained = |error: Error| explain::error(&loaded.names, &error);
    let material = loaded.whole_material(&selected)?;
    if let Some(part) = args.stdout {
        return to_stdout(ui, args, &loaded, &selected, &material, part);
    }
    if material.certificate.is_none() {
        return Err(explained(selected.no_certificate()).into());
    }
    let report = Report::new(&selected, &material, loaded.clock(WARN_DAYS));
    let folder = args.out.as_deref().unwrap_or(Path::new(""));
    let mut planned = plan::files(&material, folder);
    let absent = plan::absent(&planned, folder);
    if let Some(path) = &args.bundle {
        let bytes = plan::bundle(&material).map_err(explained)?;
        planned.push(Planned::other(PlannedPart::Bundle, path.clone(), bytes));
    }
    if let Some(path) = &args.p12 {
        let name = selected.user().unwrap_or("client");
        let profile = if args.p12_compat { Profile::Compatible } else { Profile::Modern };
        let password = args.password(host)?;
        let bytes =
            devkit_kubecerts::pack(&material, name, &password, profile).map_err(explained)?;
        planned.push(Planned::other(PlannedPart::P12, path.clone(), bytes));
    }
    let mut done = vec![(report, planned)];
    write(args, &mut done, &absent)?;
    let (mut report, planned) = done.remove(0);
    report.warnings.extend(git::warnings(&planned));
    ui.answer(&Extracted { loaded: &loaded, report, planned })
}

/// What was written of one context.
struct Extracted<'a> {
    loaded: &'a Loaded,
    report: Report,
    planned: Vec<Planned>,
}

impl Answer for Extracted<'_> {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        to.add(&Document::one(self.loaded, self.report.clone()))
    }

    fn remarks(&self, ui: &Ui) {
        self.loaded.warn(ui, &[&self.report]);
    }

    fn text(&self, ui: &Ui) -> String {
        render::extracted(ui, self.loaded, &self.report, &self.planned)
    }

    fn is_account(&self) -> bool {
        true
    }
}

/// Every context into a folder of its own. One that is broken or has no certificate is passed over
/// with a warning; for a broken one the answer is no.
fn all(ui: &Ui, args: &Args, loaded: &Loaded) -> anyhow::Result<u8> {
    let mut names = FolderNames::default();
    let folder = args.out.as_deref().unwrap_or(Path::new(""));
    let mut done = Vec::new();
    let mut absent = Vec::new();
    let mut broken = false;
    for (selected, missing) in loaded.config.all() {
        // Also of those that are passed over, so that a folder keeps its name once they are mended.
        let folder = folder.join(names.name(selected.context().unwrap_or_default()));
        let material = loaded.material(&selected);
        let mut report = Report::new(&selected, &material, loaded.clock(WARN_DAYS));
        report.add_problems(&missing);
        let whole = missing.is_empty() && material.problems.is_empty();
        broken |= !whole;
        let mut planned = Vec::new();
        if whole && material.certificate.is_some() {
            planned = plan::files(&material, &folder);
            absent.extend(plan::absent(&planned, &folder));
        } else if whole {
            report.warnings.push(devkit_kubecerts::no_client_certificate());
        }
        done.push((report, planned));
    }
    if !broken && done.iter().all(|(_, planned)| planned.is_empty()) {
        return Err(Failure::new("no-client-certificate", "no context has a client certificate")
            .hint(format!("{} --all tells what each has instead", loaded.names.command("show")))
            .into());
    }
    write(args, &mut done, &absent)?;
    // git is asked once for all of them.
    let private = done.iter().flat_map(|(_, planned)| planned);
    let private: Vec<Planned> = private
        .filter(|file| file.is_private())
        .map(|file| Planned::other(file.part, file.path.clone(), Secret::new(Vec::new())))
        .collect();
    let in_git = git::warnings(&private);
    ui.answer(&ExtractedAll { loaded, done, in_git, broken })
}

/// What was written of all contexts.
struct ExtractedAll<'a> {
    loaded: &'a Loaded,
    done: Vec<(Report, Vec<Planned>)>,
    /// Keys that git would commit.
    in_git: Vec<Finding>,
    /// Whether a context was passed over because it is broken.
    broken: bool,
}

impl Answer for ExtractedAll<'_> {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        let reports = self.done.iter().map(|(report, _)| report.clone()).collect();
        let mut document = Document::all(self.loaded, reports);
        if let Document::All { warnings, .. } = &mut document {
            warnings.extend(self.in_git.iter().cloned());
        }
        to.add(&document)
    }

    fn remarks(&self, ui: &Ui) {
        self.loaded.warn(ui, &self.done.iter().map(|(report, _)| report).collect::<Vec<_>>());
        findings::warn(ui, &self.in_git);
    }

    fn text(&self, ui: &Ui) -> String {
        render::extracted_all(ui, self.loaded, &self.done)
    }

    fn is_account(&self) -> bool {
        true
    }

    fn exit(&self) -> u8 {
        if self.broken { exit::NO } else { exit::DONE }
    }
}

/// Writes all files of all contexts, or none, and notes where they lie.
fn write(
    args: &Args,
    done: &mut [(Report, Vec<Planned>)],
    absent: &[PathBuf],
) -> anyhow::Result<()> {
    let files: Vec<&Planned> = done.iter().flat_map(|(_, planned)| planned).collect();
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    // Ctrl-C in the middle is obeyed at the end: a half-written key is worse than a moment's wait.
    let signals = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT];
    let signals: SigSet = signals.into_iter().collect();
    let mut before = SigSet::empty();
    let _ = pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&signals), Some(&mut before));
    // For good: a limit on file sizes is then an error that says so.
    let too_large: SigSet = [Signal::SIGXFSZ].into_iter().collect();
    let _ = pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&too_large), None);
    let written = plan::apply(&files, absent, existing);
    before.add(Signal::SIGXFSZ);
    let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&before), None);
    written.map_err(|error| explain::writing(&error))?;
    for (report, planned) in done {
        for file in planned {
            let part = match file.part {
                PlannedPart::Certificate => &mut report.client_cert,
                PlannedPart::Key => &mut report.client_key,
                PlannedPart::Ca => &mut report.ca,
                PlannedPart::Bundle | PlannedPart::P12 => continue,
            };
            if let Some(part) = part {
                part.path = Some(absolute(&file.path).to_string_lossy().into_owned());
            }
        }
    }
    Ok(())
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.into())
}

fn to_stdout(
    ui: &Ui,
    args: &Args,
    loaded: &Loaded,
    selected: &Selected<'_>,
    material: &Material,
    part: Part,
) -> anyhow::Result<u8> {
    let (item, missing) = match part {
        Part::Cert => (&material.certificate, selected.no_certificate()),
        Part::Key => {
            let missing = Error::NoSuchPart { part: "client key", code: "no-client-key" };
            (&material.key, missing)
        }
        Part::Ca => (&material.ca, Error::NoSuchPart { part: "cluster CA", code: "no-ca" }),
    };
    let Some(item) = item else {
        return Err(explain::error(&loaded.names, &missing).into());
    };
    let secret = part == Part::Key || plan::may_hold_key(&item.bytes);
    if secret && io::stdout().is_terminal() && !args.force {
        let text = match part {
            Part::Key => "the private key would be shown on the terminal",
            _ => {
                "what is in that field may be or hold a private key, and would be shown on the terminal"
            }
        };
        return Err(Failure::new("usage", text)
            .hint("send it to a file or a program; --force shows it all the same")
            .into());
    }
    loaded.warn(ui, &[&Report::new(selected, material, loaded.clock(WARN_DAYS))]);
    ui::bytes(&item.bytes)?;
    Ok(exit::DONE)
}
