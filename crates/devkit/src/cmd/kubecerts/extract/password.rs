//! The password of a PKCS#12 file: from a file, a variable, or a terminal that does not show it.

use std::io;
use std::path::Path;

use nix::sys::signal::{SigSet, SigmaskHow, Signal, pthread_sigmask};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::super::read;
use super::Args;
use crate::failure::Failure;
use crate::host::Host;
use crate::stdin;
use crate::ui;

impl Args {
    /// The password of the PKCS#12 file.
    pub(super) fn password(&self, host: &Host) -> anyhow::Result<Zeroizing<String>> {
        let password = self.any_password(host)?;
        // PKCS#12 has 16 bits for each character (RFC 7292, appendix B.1).
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
