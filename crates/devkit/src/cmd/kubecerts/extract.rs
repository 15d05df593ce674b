//! `devkit kubecerts extract`: the three files, a bundle, a PKCS#12 file, or one part on stdout.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use devkit_fs::Existing;
use devkit_kubecerts::plan::{self, FolderNames, Planned, PlannedPart};
use devkit_kubecerts::{Error, Material, Profile, Report, Secret, Selected, git};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, pthread_sigmask};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::{Document, Every, Loaded, Selection, WARN_DAYS, explain, read, render};
use crate::exit;
use crate::failure::Failure;
use crate::host::{Host, stdin};
use crate::ui::{self, Ui};

#[derive(Debug, clap::Args)]
#[command(long_about = "Write client certificate, key and CA of a context into files\n\n\
        client-cert.pem, client-key.pem and cluster-ca-cert.pem, all that the context holds or \
        none, byte for byte. A file with other contents is left alone without --force.")]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    every: Every,
    /// Folder for the files [default: the current one]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace files that have other contents; with --stdout, show a key on a terminal
    #[arg(long)]
    force: bool,
    /// Print this alone, and write no file
    #[arg(long, value_name = "cert|key|ca", hide_possible_values = true,
          conflicts_with_all = ["all", "out", "p12", "bundle"])]
    stdout: Option<Part>,
    /// Also write key and certificate as PKCS#12: for Charles, browsers, Wireshark, Java
    #[arg(long, value_name = "FILE", conflicts_with = "all")]
    p12: Option<PathBuf>,
    /// With 3DES and SHA-1, which the macOS keychain needs
    #[arg(long, requires = "p12")]
    p12_compat: bool,
    /// Its password: the first line of this file
    #[arg(long, value_name = "FILE", requires = "p12", conflicts_with = "password_env")]
    password_file: Option<PathBuf>,
    /// Its password: the value of this environment variable
    #[arg(long, value_name = "NAME", requires = "p12")]
    password_env: Option<String>,
    /// Also write key and certificate as one PEM file: for mitmproxy and curl
    #[arg(long, value_name = "FILE", conflicts_with = "all")]
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
    if args.stdout.is_some() && ui.json {
        return Err(Failure::new("usage", "--json and --stdout both need standard output")
            .hint("leave out one of them")
            .into());
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
    write(args, &loaded, &mut done, &absent)?;
    let (mut report, planned) = done.remove(0);
    report.warnings.extend(git::warnings(&planned));
    if ui.json {
        ui::document(&Document::one(&loaded, report))?;
        return Ok(exit::DONE);
    }
    loaded.warn(ui, &[&report]);
    if !ui.quiet {
        ui::result(render::extracted(ui, &loaded, &report, &planned).as_bytes())?;
    }
    Ok(exit::DONE)
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
            report.warnings.push(devkit_kubecerts::Warning::no_client_certificate());
        }
        done.push((report, planned));
    }
    if !broken && done.iter().all(|(_, planned)| planned.is_empty()) {
        return Err(Failure::new("no-client-certificate", "no context has a client certificate")
            .hint(format!("{} --all tells what each has instead", loaded.names.command("show")))
            .into());
    }
    write(args, loaded, &mut done, &absent)?;
    // git is asked once for all of them.
    let private = done.iter().flat_map(|(_, planned)| planned);
    let private: Vec<Planned> = private
        .filter(|file| file.is_private())
        .map(|file| Planned::other(file.part, file.path.clone(), Secret::new(Vec::new())))
        .collect();
    let in_git = git::warnings(&private);
    let reports: Vec<Report> = done.iter().map(|(report, _)| report.clone()).collect();
    let code = if broken { exit::NO } else { exit::DONE };
    if ui.json {
        let mut document = Document::all(loaded, reports);
        if let Document::All { warnings, .. } = &mut document {
            warnings.extend(in_git);
        }
        ui::document(&document)?;
        return Ok(code);
    }
    loaded.warn(ui, &reports.iter().collect::<Vec<_>>());
    if !ui.quiet {
        for warning in in_git {
            ui.warning(warning.code, &loaded.names.shorten(&warning.message));
        }
        ui::result(render::extracted_all(ui, loaded, &done).as_bytes())?;
    }
    Ok(code)
}

/// Writes all files of all contexts, or none, and notes where they lie.
fn write(
    args: &Args,
    loaded: &Loaded,
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
    written.map_err(|error| explain::writing(&loaded.names, error))?;
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
    ui::result(&item.bytes)?;
    Ok(exit::DONE)
}

impl Args {
    /// The password of the PKCS#12 file.
    fn password(&self, host: &Host) -> anyhow::Result<Zeroizing<String>> {
        let password = self.any_password(host)?;
        // Of each character PKCS#12 has 16 bits (RFC 7292, appendix B.1).
        if password.chars().any(|c| c > '\u{ffff}') {
            return Err(Failure::new("usage", "the password has a character that PKCS#12 lacks")
                .hint("leave out emoji and rare signs: it knows the first 65,536 of Unicode only")
                .into());
        }
        Ok(password)
    }

    /// Never from the command line, where others can see it.
    fn any_password(&self, host: &Host) -> anyhow::Result<Zeroizing<String>> {
        let empty = |hint: &str| {
            Failure::new("usage", "the password of the PKCS#12 file is empty").hint(hint.to_owned())
        };
        if let Some(path) = &self.password_file {
            let file = read(path).map_err(|error| {
                let code = match error.kind() {
                    io::ErrorKind::NotFound => "file-not-found",
                    io::ErrorKind::IsADirectory => "is-a-directory",
                    io::ErrorKind::PermissionDenied => "permission-denied",
                    _ => "io",
                };
                let path = devkit_kubecerts::told_path(path);
                Failure::new(code, format!("cannot read the password from {path}"))
                    .because(devkit_text::words(&error))
                    .hint("--password-file names a file whose first line is the password")
            })?;
            let line = file.bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let password = std::str::from_utf8(line).map_err(|_| {
                Failure::new("usage", "the password of the PKCS#12 file is not UTF-8")
                    .hint("PKCS#12 knows no other encoding of it")
            })?;
            if password.is_empty() && path != Path::new("/dev/null") {
                return Err(empty("--password-file /dev/null asks for an empty one").into());
            }
            return Ok(Zeroizing::new(password.to_owned()));
        }
        if let Some(name) = &self.password_env {
            return match host.variables.text(name) {
                Some("") => Err(empty("--password-file /dev/null asks for an empty one").into()),
                Some(password) => Ok(Zeroizing::new(password.to_owned())),
                None => Err(Failure::new(
                    "usage",
                    format!(
                        "the environment variable {} is not set, or is not UTF-8",
                        devkit_text::escape(name.as_bytes())
                    ),
                )
                .hint("--password-env takes the name of a variable, not the password")
                .into()),
            };
        }
        if !stdin::may_ask() {
            return Err(Failure::new(
                "usage",
                "--p12 needs a password, and there is no terminal to ask on",
            )
            .hint("--password-file FILE or --password-env NAME")
            .into());
        }
        ask().map_err(|error| {
            Failure::new("io", "cannot read the password from the terminal")
                .because(devkit_text::words(&error))
                .hint("--password-file FILE or --password-env NAME")
                .into()
        })
    }
}

/// Asks twice, because nobody sees what is typed.
fn ask() -> io::Result<Zeroizing<String>> {
    let _silence = Silence::until_the_end()?;
    for _ in 0..3 {
        ui::message("password for the PKCS#12 file: ");
        let first = typed()?;
        if first.is_empty() {
            ui::message("it is empty; --password-file /dev/null asks for an empty one\n");
            continue;
        }
        ui::message("again: ");
        let second = typed()?;
        if first == second {
            return Ok(first);
        }
        ui::message("they differ\n");
    }
    Err(io::Error::other("it was not given in three tries"))
}

/// A line that is typed, read so that no buffer keeps it.
fn typed() -> io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(Vec::with_capacity(4096));
    let mut byte = Zeroizing::new([0]);
    loop {
        match nix::unistd::read(io::stdin(), &mut byte[..])? {
            0 if line.is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
            0 => break,
            _ if byte[0] == b'\n' => break,
            _ if line.len() == line.capacity() => return Err(io::ErrorKind::FileTooLarge.into()),
            _ => line.push(byte[0]),
        }
    }
    ui::message("\n");
    let text = str::from_utf8(&line).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Keeps a terminal from showing what is typed; gives it back as it was, also if a signal ends the
/// process meanwhile.
struct Silence {
    before: Termios,
}

impl Silence {
    fn until_the_end() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let signals = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT];
        let signals: SigSet = signals.into_iter().collect();
        pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&signals), None)?;
        let at_signal = before.clone();
        std::thread::spawn(move || {
            let Ok(signal) = signals.wait() else { return };
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &at_signal);
            ui::message("\n");
            // Now as if nobody had waited for it.
            let _ = pthread_sigmask(SigmaskHow::SIG_UNBLOCK, Some(&signals), None);
            let _ = nix::sys::signal::raise(signal);
        });
        let mut silent = before.clone();
        silent.local_flags.remove(LocalFlags::ECHO);
        let silence = Self { before };
        tcsetattr(io::stdin(), SetArg::TCSANOW, &silent)?;
        Ok(silence)
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &self.before);
    }
}
