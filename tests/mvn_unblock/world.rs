//! A home folder of one's own, repositories of plain http on addresses that count as external, and
//! real Mavens.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::{self, Ran, finish_within, folder, peer, run};

/// Maven starts a JVM, and machines are slow.
pub(super) const MAVENS_PATIENCE: Duration = Duration::from_secs(240);
pub(super) const BLOCKER: &str = "maven-default-http-blocker";
pub(super) const NO_MATCH: &str = "external:dont-match-anything-mate:*";

/// A folder with a home in it.
pub(super) struct World {
    folder: tempfile::TempDir,
}

impl World {
    pub(super) fn new() -> Self {
        let folder = folder();
        fs::create_dir(folder.path().join("home")).unwrap();
        Self { folder }
    }

    /// One whose settings hold this.
    pub(super) fn with(settings: impl AsRef<[u8]>) -> Self {
        let world = Self::new();
        world.put(settings);
        world
    }

    pub(super) fn put(&self, settings: impl AsRef<[u8]>) {
        fs::create_dir_all(self.home().join(".m2")).unwrap();
        fs::write(self.settings(), settings).unwrap();
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn home(&self) -> PathBuf {
        self.path().join("home")
    }

    pub(super) fn settings(&self) -> PathBuf {
        self.home().join(".m2/settings.xml")
    }

    pub(super) fn read(&self) -> Vec<u8> {
        fs::read(self.settings()).unwrap()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.read()).unwrap()
    }

    /// The names in the settings' folder.
    pub(super) fn names(&self) -> Vec<String> {
        names(&self.home().join(".m2"))
    }

    /// A file with this in it, beside the home folder.
    pub(super) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// `devkit mvn-unblock`, to be started.
    pub(super) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = support::devkit(self.path(), ["mvn-unblock"]);
        command.args(args).env("HOME", self.home());
        // The home folder that Java has, too.
        command.env("MAVEN_OPTS", self.maven_opts());
        // No Maven is looked for, unless a test says so.
        command.env("PATH", "/nonexistent");
        command
    }

    pub(super) fn devkit<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        run(self.command(args))
    }

    /// The same, with an exit code that is to come.
    #[track_caller]
    pub(super) fn ends<S: AsRef<OsStr>>(
        &self,
        code: i32,
        args: impl IntoIterator<Item = S>,
    ) -> Ran {
        let ran = self.devkit(args);
        assert_eq!(ran.code, Some(code), "{}{}", ran.stdout, ran.stderr);
        ran
    }

    /// The document of `--json`.
    #[track_caller]
    pub(super) fn json(&self, code: i32, args: &[&str]) -> serde_json::Value {
        let ran = self.ends(code, [args, &["--json"]].concat());
        serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("no JSON: {}", ran.stdout))
    }

    /// The error's code, of a run that refuses.
    #[track_caller]
    pub(super) fn refusal(&self, args: &[&str]) -> serde_json::Value {
        let ran = self.ends(2, [args, &["--json"]].concat());
        assert_eq!(ran.stdout, "");
        let document: serde_json::Value = serde_json::from_str(&ran.stderr).unwrap();
        document["error"].clone()
    }

    /// The same with something on standard input.
    pub(super) fn fed(&self, args: &[&str], input: &[u8]) -> Ran {
        fed(self.command(args), input)
    }

    pub(super) fn maven_opts(&self) -> String {
        // Short runs gain nothing from the second compiler.
        format!("-Duser.home={} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC", self.home().display())
    }

    /// What every run of Maven is told.
    pub(super) fn maven_arguments(&self) -> Vec<String> {
        let repository = format!("-Dmaven.repo.local={}", self.path().join("local").display());
        // The repositories here have no checksums, which Maven 4 does not take lightly.
        vec!["-B".into(), "--lax-checksums".into(), repository]
    }

    /// A run of Maven in a folder of this world, by its script.
    pub(super) fn maven(&self, maven: &Maven, project: &str, args: &[&str]) -> Ran {
        let mut command = maven.command(&self.path().join(project));
        command.args(self.maven_arguments()).args(args).env("MAVEN_OPTS", self.maven_opts());
        command.env("HOME", self.home());
        ran_long(command)
    }
}

pub(super) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

/// Runs a command with something on its standard input.
pub(super) fn fed(mut command: Command, input: &[u8]) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // One that does not read it all is not this side's concern.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let ran = support::finish(child);
    writer.join().unwrap();
    ran
}

/// Runs what takes a JVM.
pub(super) fn ran_long(mut command: Command) -> Ran {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    finish_within(command.spawn().expect("the command starts"), MAVENS_PATIENCE)
}

/// A Maven.
pub(super) struct Maven {
    pub(super) home: PathBuf,
    program: PathBuf,
}

impl Maven {
    /// The installed one; `None`: the test is to return.
    pub(super) fn installed() -> Option<Self> {
        let program = peer::need("mvn")?;
        let real = fs::canonicalize(&program).unwrap();
        Some(Self { home: real.parent()?.parent()?.to_owned(), program })
    }

    /// One that xtask has fetched; `None`: the test is to return.
    pub(super) fn fetched(version: &str) -> Option<Self> {
        // Its script needs a Java, as the installed one does.
        peer::need("java")?;
        let folder = std::env::var_os("DEVKIT_MAVENS").map(PathBuf::from);
        let home = folder.map(|folder| folder.join(format!("apache-maven-{version}")));
        let Some(home) = home.filter(|home| home.join("bin/mvn").is_file()) else {
            peer::skip(&format!("Maven {version} is fetched by cargo xtask test"));
            return None;
        };
        Some(Self { program: home.join("bin/mvn"), home })
    }

    /// Whether its installation blocks.
    pub(super) fn blocks(&self) -> bool {
        fs::read_to_string(self.home.join("conf/settings.xml")).unwrap().contains(BLOCKER)
    }

    /// Whether it is a Maven 4.
    pub(super) fn is_4(&self) -> bool {
        self.home.to_str().unwrap().contains("apache-maven-4.")
    }

    fn command(&self, project: &Path) -> Command {
        Self::started(Command::new(&self.program), project)
    }

    /// The Java that the scripts take.
    pub(super) fn java(project: &Path) -> Command {
        let own = std::env::var_os("JAVA_HOME").map(|home| Path::new(&home).join("bin/java"));
        let java = own.or_else(|| peer::find("java")).expect("Maven has a Java");
        Self::started(Command::new(java), project)
    }

    fn started(mut command: Command, project: &Path) -> Command {
        command.current_dir(project).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        if let Some(java) = std::env::var_os("JAVA_HOME") {
            command.env("JAVA_HOME", java);
        }
        command.env("LANG", "C.UTF-8");
        command
    }
}

/// A repository on plain http, at an address that is this machine's and that Maven takes for another.
pub(super) struct Repo {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Repo {
    /// Serves files by their paths; with `user`, only to whoever knows it, as `name:password`.
    pub(super) fn serve(
        address: &str,
        files: BTreeMap<String, Vec<u8>>,
        user: Option<&str>,
    ) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let url = format!("http://{}/repo", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let authorization = user.map(|user| format!("Basic {}", STANDARD.encode(user)));
        let files = Arc::new(files);
        // It ends with the test's process.
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (files, log) = (Arc::clone(&files), Arc::clone(&log));
                let authorization = authorization.clone();
                std::thread::spawn(move || {
                    let _ = answer(connection, &files, authorization.as_deref(), &log);
                });
            }
        });
        Self { url, asked }
    }

    /// What it was asked for since the last time.
    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn answer(
    connection: TcpStream,
    files: &BTreeMap<String, Vec<u8>>,
    authorization: Option<&str>,
    log: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    connection.set_read_timeout(Some(support::PATIENCE))?;
    let mut reader = BufReader::new(connection.try_clone()?).take(64 * 1024);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut known = authorization.is_none();
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
            break;
        }
        let (name, value) = header.trim().split_once(": ").unwrap_or_default();
        known |= name.eq_ignore_ascii_case("authorization") && Some(value) == authorization;
    }
    let file = files.get(path.strip_prefix("/repo/").unwrap_or_default());
    let (status, body) = match file {
        _ if !known => ("401 Unauthorized", &b"who are you"[..]),
        Some(body) => ("200 OK", body.as_slice()),
        None => ("404 Not Found", &b"not here"[..]),
    };
    log.lock().unwrap().push(format!("{path} {}", &status[..3]));
    let challenge = if known { "" } else { "WWW-Authenticate: Basic realm=\"repo\"\r\n" };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n{challenge}Connection: close\r\n\r\n",
        body.len()
    );
    let mut connection = connection;
    connection.write_all(head.as_bytes())?;
    if !line.starts_with("HEAD") {
        connection.write_all(body)?;
    }
    Ok(())
}

/// A POM of packaging `pom`, as a file of a repository.
pub(super) fn artifact(name: &str, content: &str) -> (String, Vec<u8>) {
    let pom = format!(
        "<project><modelVersion>4.0.0</modelVersion><groupId>com.example</groupId>\
         <artifactId>{name}</artifactId><version>1</version><packaging>pom</packaging>\
         {content}</project>"
    );
    (format!("com/example/{name}/1/{name}-1.pom"), pom.into_bytes())
}
