//! The kubeconfig in its folder, the command that uses it, and the signals that end both.

use std::ffi::OsString;
use std::fs::{OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use nix::sys::signal::{self, Signal as Number};
use nix::unistd::{Pid, Uid};
use tempfile::TempDir;

use crate::exit;
use crate::failure::Failure;
use crate::host::Host;
use crate::host::signals::{Heard, Signals};
use crate::stdin;

/// A folder for its owner alone, which is gone when this is dropped.
pub(super) struct Folder {
    folder: TempDir,
    kubeconfig: PathBuf,
}

impl Folder {
    pub(super) fn new(host: &Host, kubeconfig: &[u8]) -> anyhow::Result<Self> {
        let place = place(host);
        let folder = tempfile::Builder::new()
            .prefix("devkit-tap-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&place)
            .with_context(|| format!("cannot make a folder in {}", place.display()))?;
        let path = folder.path().join("kubeconfig");
        write_private(&path, kubeconfig)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { folder, kubeconfig: path })
    }

    pub(super) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A place for what kubectl keeps of one run.
    pub(super) fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }
}

/// Where only the user comes, and nothing survives the session; else where all have their
/// temporary files.
fn place(host: &Host) -> PathBuf {
    let uid = Uid::current().as_raw();
    let runtime = host.variables.set("XDG_RUNTIME_DIR");
    let runtime = runtime.map_or_else(|| format!("/run/user/{uid}").into(), PathBuf::from);
    let own = |folder: &PathBuf| {
        let found = folder.metadata();
        found.is_ok_and(|found| {
            found.is_dir() && found.uid() == uid && (found.mode() & 0o777) | 0o700 == 0o700
        })
    };
    Some(runtime).filter(own).unwrap_or_else(std::env::temp_dir)
}

/// Writes a new file that only its owner can read.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)
}

/// How it ended.
pub(super) enum Ended {
    /// The tap stopped as it was told to.
    Stopped,
    /// With the command's own exit code, or before there was a command.
    Code(u8),
}

/// Runs the command with the kubeconfig, to its end.
pub(super) async fn run(
    command: &[OsString],
    kubeconfig: &Path,
    cache: Option<PathBuf>,
    signals: &mut Signals,
) -> anyhow::Result<Ended> {
    let (program, arguments) = command.split_first().expect("there is a command");
    let mut command = Command::new(program);
    command.args(arguments).env("KUBECONFIG", kubeconfig);
    if let Some(cache) = cache {
        command.env("KUBECACHEDIR", cache);
    }
    let mut child = command.spawn().map_err(|error| not_run(program, &error))?;
    let pid = Pid::from_raw(child.id().cast_signed());
    let mut ended = tokio::task::spawn_blocking(move || child.wait());
    // A terminal tells the command as well, which decides for itself.
    let terminal = stdin::is_terminal();
    let mut asked = false;
    let status = loop {
        let code = tokio::select! {
            status = &mut ended => break status.expect("waiting does not panic"),
            heard = signals.next() => match heard {
                Heard::Stop(code) => code,
                Heard::Report => continue,
            },
        };
        let number = match code {
            _ if asked => Number::SIGKILL,
            exit::TERMINATED => Number::SIGTERM,
            _ => Number::SIGINT,
        };
        if number != Number::SIGINT || !terminal {
            let _ = signal::kill(pid, number);
        }
        asked = number == Number::SIGTERM;
    };
    let status = status.context("cannot wait for the command")?;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    Ok(Ended::Code(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(exit::TROUBLE)))
}

fn not_run(program: &OsString, error: &io::Error) -> Failure {
    let name = crate::ui::quoted(&program.to_string_lossy());
    let failure = Failure::new("command-not-run", format!("cannot run {name}"));
    match error.kind() {
        io::ErrorKind::NotFound => {
            failure.because("there is no such program").hint("install it, or write its path")
        }
        _ => failure.because(devkit_text::words(error)).hint("try it without devkit"),
    }
}
