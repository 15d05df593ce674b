//! A Maven that stays: many builds in one JVM, because a JVM takes longer to start than a build.
//!
//! Each build goes the way that Maven's script goes: its own `m2.conf`, its class loaders, its `main`
//! with the arguments of a command line. Only the script and the JVM's start are not repeated.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Instant;

use super::world::{MAVENS_PATIENCE, Maven, World};
use crate::support::Ran;

const SOURCE: &str = include_str!("Resident.java");
/// What stands before the exit code, on a line that no Maven prints.
const END: &str = "--- exit code of a resident Maven: ";

/// A JVM with a Maven in it, for one project of a world.
pub(super) struct Resident {
    child: Child,
    to: ChildStdin,
    lines: Receiver<String>,
    errors: std::path::PathBuf,
    arguments: Vec<String>,
}

impl Resident {
    pub(super) fn start(world: &World, maven: &Maven, project: &str) -> Self {
        let source = world.file("Resident.java", SOURCE);
        let errors = world.path().join("resident.err");
        let project = world.path().join(project);
        let mut command = Maven::java(&project);
        command.args(world.maven_opts().split(' ')).arg("-classpath").arg(boot(&maven.home));
        let property = |name: &str, value: &Path| format!("-D{name}={}", value.display());
        command.arg(property("classworlds.conf", &maven.home.join("bin/m2.conf")));
        command.arg(property("maven.home", &maven.home));
        command.arg(property("library.jansi.path", &maven.home.join("lib/jansi-native")));
        command.arg(property("library.jline.path", &maven.home.join("lib/jline-native")));
        command.arg(property("maven.multiModuleProjectDirectory", &project));
        command.arg(source).arg(END).env("HOME", world.home());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(File::create(&errors).unwrap());
        let mut child = command.spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in output.split(b'\n') {
                let Ok(line) = line else { return };
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
            }
        });
        let to = child.stdin.take().unwrap();
        Self { child, to, lines, errors, arguments: world.maven_arguments() }
    }

    /// One build.
    #[track_caller]
    pub(super) fn run(&mut self, args: &[&str]) -> Ran {
        let own = self.arguments.iter().map(String::as_str);
        let line = own.chain(args.iter().copied()).collect::<Vec<_>>().join("\t") + "\n";
        self.to.write_all(line.as_bytes()).unwrap();
        let deadline = Instant::now() + MAVENS_PATIENCE;
        let mut stdout = String::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                let said = fs::read_to_string(&self.errors).unwrap_or_default();
                panic!("the resident Maven does not answer:\n{stdout}\n{said}");
            };
            if let Some(code) = line.strip_prefix(END) {
                let code = Some(code.parse().unwrap());
                return Ran { stdout, stderr: String::new(), code };
            }
            stdout.push_str(&line);
            stdout.push('\n');
        }
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The archive that a Maven starts from.
fn boot(home: &Path) -> std::path::PathBuf {
    let entries = fs::read_dir(home.join("boot")).unwrap().map(|entry| entry.unwrap().path());
    let mut archives = entries.filter(|path| path.extension().is_some_and(|kind| kind == "jar"));
    archives.next().expect("a Maven has classworlds")
}
