//! Asks the real shells: what does a child see of a name?
//!
//! Each question is one process, started by `posix_spawn` with exactly these bytes in its environment
//! and an empty `PATH`. The answer is what `/bin/cat /proc/self/environ` prints as the shell's
//! child, and not what the shell's exit code says. The name is data: where it would have to stand in
//! a script without quotes, names with a character that the shell would act upon are not asked.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, posix_spawn};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use crate::verdict::Verdict;

/// How long a shell may take for one question.
const PATIENCE: Duration = Duration::from_secs(10);
/// What the shell's child runs.
const CAT: &str = "/bin/cat /proc/self/environ";

/// A shell that can be asked.
#[derive(Debug, Clone, Copy)]
pub struct Shell {
    /// The shell's name in context ids: `ksh93`.
    pub tool: &'static str,
    /// The name of its program.
    pub program: &'static str,
    /// What stands before the script.
    arguments: &'static [&'static str],
    /// Ways in which it is asked.
    pub ways: &'static [Way],
}

/// How a name gets into the environment of the shell's child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// `NAME=VALUE command`; in rc and xonsh a statement of its own.
    Assign,
    /// `export NAME=VALUE`.
    Export,
    /// `export 'NAME=VALUE'`.
    ExportQuoted,
    /// The variable is in the shell's own environment.
    Inherit,
    /// fish `set -gx`, elvish `set-env`.
    Set,
    /// csh's `setenv`.
    Setenv,
}

impl Way {
    /// The part of a context id that stands for it.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Assign => "assign",
            Self::Export => "export",
            Self::ExportQuoted => "export-quoted",
            Self::Inherit => "inherit",
            Self::Set => "set",
            Self::Setenv => "setenv",
        }
    }
}

const POSIX: &[Way] = &[Way::Assign, Way::Export, Way::ExportQuoted, Way::Inherit];
const SETENV: &[Way] = &[Way::Setenv, Way::Inherit];

/// All shells that can be asked.
pub const SHELLS: &[Shell] = &[
    Shell { tool: "dash", program: "dash", arguments: &["-c"], ways: POSIX },
    Shell { tool: "busybox", program: "busybox", arguments: &["ash", "-c"], ways: POSIX },
    Shell { tool: "bash", program: "bash", arguments: &["--norc", "-c"], ways: POSIX },
    Shell { tool: "zsh", program: "zsh", arguments: &["-f", "-c"], ways: POSIX },
    Shell { tool: "ksh93", program: "ksh93", arguments: &["-c"], ways: POSIX },
    Shell { tool: "mksh", program: "mksh", arguments: &["-c"], ways: POSIX },
    Shell { tool: "posh", program: "posh", arguments: &["-c"], ways: POSIX },
    Shell { tool: "yash", program: "yash", arguments: &["-c"], ways: POSIX },
    Shell {
        tool: "fish",
        program: "fish",
        arguments: &["--no-config", "-c"],
        ways: &[Way::Set, Way::Inherit],
    },
    Shell { tool: "tcsh", program: "tcsh", arguments: &["-f", "-c"], ways: SETENV },
    Shell { tool: "csh", program: "bsd-csh", arguments: &["-f", "-c"], ways: SETENV },
    Shell { tool: "rc", program: "rc", arguments: &["-c"], ways: &[Way::Assign, Way::Inherit] },
    Shell {
        tool: "elvish",
        program: "elvish",
        arguments: &["-norc", "-c"],
        ways: &[Way::Set, Way::Inherit],
    },
    Shell {
        tool: "xonsh",
        program: "xonsh",
        arguments: &["--no-rc", "-c"],
        ways: &[Way::Assign, Way::Inherit],
    },
];

impl Shell {
    /// The script that hands a name on in this way; nothing where that would run the name.
    #[must_use]
    pub fn script(&self, way: Way, name: &[u8], value: &[u8]) -> Option<Vec<u8>> {
        let join = |parts: &[&[u8]]| parts.concat();
        let cat = CAT.as_bytes();
        let quoted = |text: &[u8], quote: &[u8]| {
            let mut out = vec![b'\''];
            for byte in text {
                if *byte == b'\'' { out.extend_from_slice(quote) } else { out.push(*byte) }
            }
            out.push(b'\'');
            out
        };
        let bare = || is_inert(name).then_some(());
        Some(match (self.tool, way) {
            (_, Way::Inherit) => cat.to_vec(),
            ("xonsh", Way::Assign) => {
                bare()?;
                join(&[b"$", name, b" = '", value, b"'\n", cat])
            }
            ("rc", Way::Assign) => join(&[&quoted(name, b"''"), b"=", value, b"\n", cat]),
            ("elvish", _) => join(&[b"set-env ", &quoted(name, b"''"), b" ", value, b"\n", cat]),
            ("fish", _) => {
                let name = name.iter().flat_map(|b| match b {
                    b'\\' => vec![b'\\', b'\\'],
                    b => vec![*b],
                });
                let name: Vec<u8> = name.collect();
                join(&[b"set -gx -- ", &quoted(&name, b"\\'"), b" ", value, b"\n", cat])
            }
            (_, Way::Setenv) => {
                bare()?;
                join(&[b"setenv ", name, b" ", value, b"\n", cat])
            }
            (_, Way::Assign) => {
                bare()?;
                // Not at the very start, where a dash would make an option of it.
                join(&[b" ", name, b"=", value, b" ", cat, b"\n/bin/echo ", MARK])
            }
            (_, Way::Export) => {
                bare()?;
                join(&[b"export ", name, b"=", value, b"\n", cat])
            }
            (_, Way::ExportQuoted) => {
                let whole = join(&[name, b"=", value]);
                join(&[b"export ", &quoted(&whole, b"'\\''"), b"\n", cat])
            }
            (_, Way::Set) => return None,
        })
    }
}

const MARK: &[u8] = b"-went-on-";

/// Whether a shell takes a name as text, also without quotes.
fn is_inert(name: &[u8]) -> bool {
    let acts = |b: &u8| {
        b.is_ascii_whitespace() || b.is_ascii_control() || b";&|<>()$`\\\"'*?~#!{}".contains(b)
    };
    !name.is_empty() && !name.iter().any(acts)
}

/// What a shell's child saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What became of the name.
    pub verdict: Verdict,
    /// The name that arrived instead.
    pub becomes: Option<Vec<u8>>,
    /// Whether the script was over with it.
    pub fatal: bool,
    /// What the shell said on standard error.
    pub said: Vec<u8>,
}

/// A shell, ready to be asked.
#[derive(Debug)]
pub struct Probe {
    shell: Shell,
    program: PathBuf,
    empty: EmptyFolder,
    base: Vec<Vec<u8>>,
    locale: &'static str,
}

impl Probe {
    /// Prepares a shell: asks it first what its children see without any name.
    ///
    /// # Errors
    ///
    /// The system's, where it cannot be started.
    pub fn new(shell: Shell, program: PathBuf, locale: &'static str) -> io::Result<Self> {
        let empty = EmptyFolder::new()?;
        let mut probe = Self { shell, program, empty, base: Vec::new(), locale };
        let (out, _) = probe.run(CAT.as_bytes(), None)?;
        probe.base = strings(&out);
        Ok(probe)
    }

    /// Asks about one name; nothing where it cannot be asked.
    ///
    /// # Errors
    ///
    /// The system's, where the shell cannot be started.
    pub fn ask(&self, way: Way, name: &[u8]) -> io::Result<Option<Seen>> {
        if name.contains(&0) {
            return Ok(None);
        }
        let value = &self.value(name)[..];
        let Some(script) = self.shell.script(way, name, value) else { return Ok(None) };
        let whole = [name, b"=", value].concat();
        let inherited = (way == Way::Inherit).then_some(&whole[..]);
        let (mut out, said) = match self.run(&script, inherited) {
            Err(error) if error.raw_os_error() == Some(nix::libc::E2BIG) => return Ok(None),
            result => result?,
        };
        let mut went_on = !out.is_empty();
        if way == Way::Assign
            && let Some(at) = find(&out, MARK)
        {
            out.truncate(at);
            went_on = true;
        } else if way == Way::Assign && !matches!(self.shell.tool, "rc" | "xonsh") {
            went_on = false;
        }
        Ok(Some(self.judge(&whole, name, &out, said, went_on)))
    }

    /// A value that does no harm: shells write files below HOME, and grumble at a wrong locale.
    fn value(&self, name: &[u8]) -> Vec<u8> {
        if name == b"HOME" || name.starts_with(b"XDG_") {
            return self.empty.0.as_os_str().as_encoded_bytes().to_vec();
        }
        if name == b"LANG" || name.starts_with(b"LC_") { b"C".to_vec() } else { b"7".to_vec() }
    }

    fn judge(&self, whole: &[u8], name: &[u8], out: &[u8], said: Vec<u8>, went_on: bool) -> Seen {
        let seen = strings(out);
        let of = |string: &[u8]| {
            let at =
                string.iter().skip(1).position(|b| *b == b'=').map_or(string.len(), |at| at + 1);
            string[..at].to_vec()
        };
        let fatal = !went_on;
        if seen.iter().any(|string| string == whole) {
            // Whoever reads it takes what stands before the first `=` for the name.
            if let Some(at) = name.iter().skip(1).position(|b| *b == b'=') {
                let becomes = Some(name[..=at].to_vec());
                return Seen { verdict: Verdict::Mangled, becomes, fatal: false, said };
            }
            return Seen { verdict: Verdict::Ok, becomes: None, fatal: false, said };
        }
        let added = seen.iter().find(|string| {
            let known = self.base.iter().any(|known| of(known) == of(string));
            !known && string.ends_with(&whole[name.len()..])
        });
        let verdict = if seen.iter().any(|string| of(string) == name) {
            Verdict::Changed
        } else if let Some(added) = added {
            let becomes = of(added);
            return Seen { verdict: Verdict::Mangled, becomes: Some(becomes), fatal: false, said };
        } else if said.is_empty() && went_on {
            Verdict::Dropped
        } else {
            Verdict::Rejected
        };
        Seen { verdict, becomes: None, fatal: fatal && verdict == Verdict::Rejected, said }
    }

    /// Runs a script and gives standard output and standard error.
    fn run(&self, script: &[u8], inherited: Option<&[u8]>) -> io::Result<(Vec<u8>, Vec<u8>)> {
        let mut arguments = vec![self.shell.program.as_bytes()];
        arguments.extend(self.shell.arguments.iter().map(|argument| argument.as_bytes()));
        arguments.push(script);
        let name = inherited.map(|whole| whole.split(|b| *b == b'=').next().unwrap_or_default());
        let path = format!("PATH={}", self.empty.0.display());
        let locale = format!("LC_ALL={}", self.locale);
        let home = format!("HOME={}", self.empty.0.display());
        let usual = [path, locale, home];
        let mut environment: Vec<&[u8]> = usual
            .iter()
            .filter(|usual| name != usual.split('=').next().map(str::as_bytes))
            .map(String::as_bytes)
            .collect();
        environment.extend(inherited);
        run(&self.program, &arguments, &environment)
    }
}

/// Runs a program with exactly these arguments, the first being its own name, and exactly these
/// strings as its environment. Gives standard output and standard error.
///
/// # Errors
///
/// The system's, where it cannot be started: E2BIG among them.
pub fn run(
    program: &Path,
    arguments: &[&[u8]],
    environment: &[&[u8]],
) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let (mut out, mut err) = (in_memory()?, in_memory()?);
    let null = File::open("/dev/null")?;
    let mut actions = PosixSpawnFileActions::init()?;
    for (file, to) in [(&null, 0), (&out, 1), (&err, 2)] {
        actions.add_dup2(file.as_raw_fd(), to)?;
    }
    let attributes = PosixSpawnAttr::init()?;
    let program = c_string(program.as_os_str().as_encoded_bytes())?;
    let strings = |list: &[&[u8]]| -> io::Result<Vec<CString>> {
        list.iter().map(|text| c_string(text)).collect()
    };
    let (arguments, environment) = (strings(arguments)?, strings(environment)?);
    let pid = posix_spawn(&*program, &actions, &attributes, &arguments, &environment)?;
    wait(pid)?;
    Ok((rewound(&mut out)?, rewound(&mut err)?))
}

/// Waits for a child; one that does not end in time is ended.
fn wait(pid: Pid) -> io::Result<()> {
    let (sender, ended) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || sender.send(reap(pid)));
        ended.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            let _ = kill(pid, Signal::SIGKILL);
            ended.recv().unwrap_or(Ok(()))
        })
    })
}

/// Waits for a child's end, however long that takes.
fn reap(pid: Pid) -> io::Result<()> {
    loop {
        match waitpid(pid, None) {
            Err(Errno::EINTR) => {}
            ended => return Ok(ended.map(drop)?),
        }
    }
}

/// A file without a name.
#[cfg(target_os = "linux")]
fn in_memory() -> io::Result<File> {
    use nix::sys::memfd::{MFdFlags, memfd_create};
    Ok(memfd_create(c"devkit", MFdFlags::MFD_CLOEXEC)?.into())
}

/// A folder on other systems, by a name that goes at once. Untested.
#[cfg(not(target_os = "linux"))]
fn in_memory() -> io::Result<File> {
    let (file, path) = nix::unistd::mkstemp("/tmp/devkit-XXXXXX")?;
    std::fs::remove_file(path)?;
    Ok(file.into())
}

/// A home folder with nothing in it, for as long as this lives.
#[derive(Debug)]
struct EmptyFolder(PathBuf);

impl EmptyFolder {
    fn new() -> io::Result<Self> {
        Ok(Self(nix::unistd::mkdtemp("/tmp/devkit-XXXXXX")?))
    }
}

impl Drop for EmptyFolder {
    fn drop(&mut self) {
        // Some shells write their history there.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn rewound(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn c_string(bytes: &[u8]) -> io::Result<CString> {
    CString::new(bytes).map_err(|_| io::ErrorKind::InvalidInput.into())
}

fn strings(environ: &[u8]) -> Vec<Vec<u8>> {
    environ.split(|b| *b == 0).filter(|string| !string.is_empty()).map(<[u8]>::to_vec).collect()
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
