//! What the tests share: running devkit, sockets of every kind, waiting for events, peers.

pub(crate) mod browser;
pub(crate) mod bytes;
pub(crate) mod commands;
pub(crate) mod forwarder;
pub(crate) mod peer;
pub(crate) mod sarif;
pub(crate) mod socket;
pub(crate) mod terminal;

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

/// The binary under test.
pub(crate) const DEVKIT: &str = env!("CARGO_BIN_EXE_devkit");
/// No single step of a test may take longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Output and exit code, as one text for snapshots.
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

impl Ran {
    /// Everything a user gets, with a folder's name replaced by `DIR`.
    pub(crate) fn shown(&self, dir: &Path) -> String {
        let mut text = self.stdout.clone();
        let _ = write!(text, "--- stderr ---\n{}--- exit {:?} ---", self.stderr, self.code);
        text.replace(dir.to_str().unwrap(), "DIR").replace("Some(", "").replace(") ---", " ---")
    }
}

/// devkit with a clean environment, in a folder.
pub(crate) fn devkit<S: AsRef<OsStr>>(dir: &Path, args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(DEVKIT);
    command.args(args).current_dir(dir).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("LANG", "C.UTF-8").env("TZ", "UTC");
    // Where nothing answers DNS, a name that does not exist is not to take a minute.
    command.env("RES_OPTIONS", "timeout:1 attempts:1");
    if only_copies() {
        command.env("DEVKIT_FWD_ENGINE", "copy");
    }
    command
}

/// Whether the tests of `devkit fwd` run with the engine that only copies: `cargo xtask test` runs
/// them once with each.
pub(crate) fn only_copies() -> bool {
    std::env::var_os("DEVKIT_FWD_ENGINE").is_some_and(|engine| engine == "copy")
}

/// Runs a command to its end; one that does not end is killed, and the test fails.
pub(crate) fn run(mut command: Command) -> Ran {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    finish(command.spawn().expect("the command starts"))
}

/// Waits for a child whose output is piped.
pub(crate) fn finish(child: Child) -> Ran {
    finish_within(child, PATIENCE)
}

/// The same for one that may take another time.
pub(crate) fn finish_within(mut child: Child, patience: Duration) -> Ran {
    let reader = |pipe: Option<Box<dyn Read + Send>>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(mut pipe) = pipe {
                pipe.read_to_end(&mut bytes).expect("a pipe can be read");
            }
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let stdout = reader(child.stdout.take().map(|pipe| Box::new(pipe) as _));
    let stderr = reader(child.stderr.take().map(|pipe| Box::new(pipe) as _));
    let status = wait_within(&mut child, patience);
    Ran { stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap(), code: status.code() }
}

/// Waits for a child's end, and fails the test if it does not come.
pub(crate) fn wait(child: &mut Child) -> ExitStatus {
    wait_within(child, PATIENCE)
}

fn wait_within(child: &mut Child, patience: Duration) -> ExitStatus {
    let pid = child.id();
    end_within(child, patience).unwrap_or_else(|| panic!("process {pid} does not end"))
}

/// Waits for a child's end. `None`: it did not end in time, and was killed.
pub(crate) fn end_within(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let pid = Pid::from_raw(child.id().cast_signed());
    let (ended, end) = mpsc::channel::<()>();
    let late = std::thread::scope(|scope| {
        let watching = scope.spawn(move || {
            let late = end.recv_timeout(patience) == Err(RecvTimeoutError::Timeout);
            if late {
                let _ = kill(pid, Signal::SIGKILL);
            }
            late
        });
        // The child's number stays its own, and nobody else can be killed, until it is reaped below.
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
        while waitid(Id::Pid(pid), flags) == Err(Errno::EINTR) {}
        drop(ended);
        watching.join().unwrap()
    });
    let status = child.wait().unwrap();
    (!late).then_some(status)
}

/// Whether a process has nothing to do until something happens to it: no signal is on its way, and
/// all of its threads sleep. One that has ended rests, too.
pub(crate) fn rests(pid: u32) -> bool {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) else { return true };
    let pending = ["SigPnd:", "ShdPnd:"].iter().any(|name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.is_some_and(|mask| mask.trim().bytes().any(|digit| digit != b'0'))
    });
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return true };
    let asleep = threads.flatten().all(|thread| {
        let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        // The state stands behind the name, which is in brackets and may hold anything.
        stat.rsplit(") ").next().is_none_or(|rest| rest.is_empty() || rest.starts_with(['S', 'Z']))
    });
    asleep && !pending
}

/// Waits until something is so that no event of its own tells: what another process has done to
/// files, sockets and its own state.
#[track_caller]
pub(crate) fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < deadline, "never came: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The binary in a folder that any user can enter: the build folder may be private.
pub(crate) fn copy_for_others(dir: &Path) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o755)).unwrap();
    let copy = dir.join("devkit");
    copy_program(Path::new(DEVKIT), &copy);
    copy
}

/// Copies a program, to be run.
///
/// By a process of its own: what is open for writing cannot be run, and whatever another test starts
/// in that moment has this process's open files for a little longer.
pub(crate) fn copy_program(from: &Path, to: &Path) {
    let mut command = Command::new("cp");
    command.arg(from).arg(to);
    let ran = run(command);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

/// Writes a script, to be run: by a process of its own, as [`copy_program`] does.
pub(crate) fn write_script(path: &Path, text: &str) {
    let mut command = Command::new("sh");
    command.args(["-c", "printf %s \"$1\" > \"$0\" && chmod 755 \"$0\""]).arg(path).arg(text);
    let ran = run(command);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

/// A fresh folder with a short path, because socket paths are short. Every test begins with one.
pub(crate) fn folder() -> tempfile::TempDir {
    // Some tests hold thousands of sockets, and the usual soft limit is 1024.
    devkit_fwd::raise_descriptor_limit();
    tempfile::Builder::new().prefix("dk").tempdir_in("/tmp").unwrap()
}
