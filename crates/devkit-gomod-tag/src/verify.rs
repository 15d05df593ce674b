//! Asks the real `go` what it makes of versions, without a network: the repository stands in for its
//! host, and modules of others come from the local module cache.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde::Deserialize;

use crate::git::Git;
use crate::go::gomod::GoMod;
use crate::go::path::ModulePath;
use crate::go::version::Version;

/// How go is run.
#[derive(Debug, Clone)]
pub struct Go {
    /// The program.
    pub program: PathBuf,
    /// The module cache that modules of others are taken from.
    pub cache: Option<PathBuf>,
    /// The build cache; what is in it is found by its contents. `None`: one that is thrown away.
    pub build_cache: Option<PathBuf>,
    /// The `PATH`, on which git is.
    pub path: OsString,
}

/// A version to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The tag.
    pub tag: String,
    /// The module.
    pub path: ModulePath,
    /// The version.
    pub version: Version,
}

/// What go made of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What was looked at.
    pub wanted: Wanted,
    /// Whether go finds the version in the list of all.
    pub listed: Verdict,
    /// Whether it can be downloaded.
    pub downloaded: Verdict,
    /// The sum of its zip file.
    pub sum: Option<String>,
    /// Whether somebody else can require it and build its packages.
    pub built: Verdict,
    /// Whether its programs can be installed; `None`: it has none.
    pub installed: Option<Verdict>,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The step worked.
    Good,
    /// The step failed, with what go said.
    Bad(String),
    /// The step could not be tried, and why.
    NotTried(String),
}

impl Verdict {
    /// Whether it failed.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        matches!(self, Self::Bad(_))
    }
}

impl Verified {
    /// Whether anything failed.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        let steps = [Some(&self.listed), Some(&self.downloaded), Some(&self.built)];
        steps.into_iter().chain([self.installed.as_ref()]).flatten().any(Verdict::is_bad)
    }
}

/// What go says about a module, with `-json`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Downloaded {
    error: String,
    sum: String,
    go_mod: String,
}

/// A folder where go believes that it fetches from the repository's host.
pub struct World<'a> {
    go: &'a Go,
    root: String,
    folder: PathBuf,
    /// Answers for import paths that do not tell where their repository is.
    host: Option<String>,
}

impl<'a> World<'a> {
    /// Prepares it in an empty folder, which must outlive it.
    ///
    /// # Errors
    ///
    /// What the system refused.
    pub fn new(go: &'a Go, git: &Git, root: &str, folder: &Path) -> io::Result<Self> {
        // Quotes and backslashes have a meaning of their own there.
        let url = format!("file://{}", git.common_dir().display());
        let url = url.replace('%', "%25").replace('\\', "\\\\").replace('"', "\\\"");
        let config = format!(
            "[protocol \"file\"]\n\tallow = always\n[safe]\n\tdirectory = *\n[url \"{url}\"]\n\tinsteadOf = \
             https://{root}.git\n\tinsteadOf = https://{root}\n"
        );
        for name in ["home", "gopath", "bin", "tmp"] {
            std::fs::create_dir(folder.join(name))?;
        }
        File::create(folder.join("home/.gitconfig"))?.write_all(config.as_bytes())?;
        let is_known = matches!(root.split('/').next(), Some("github.com" | "bitbucket.org"));
        let host = if is_known { None } else { Some(announce(root.to_owned())?) };
        Ok(Self { go, root: root.to_owned(), folder: folder.to_owned(), host })
    }

    /// Looks at a version.
    ///
    /// # Errors
    ///
    /// What the system refused.
    pub fn verify(&self, wanted: &Wanted) -> io::Result<Verified> {
        let at = format!("{}@{}", wanted.path, wanted.version);
        let home = self.consumer("list")?;
        let listed =
            self.run(&home, &["list", "-m", "-retracted", "-versions", wanted.path.as_str()])?;
        let listed = match said(&listed) {
            Ok(said) if said.split_whitespace().any(|word| word == wanted.version.to_string()) => {
                Verdict::Good
            }
            Ok(said) => Verdict::Bad(format!("go lists: {}", said.trim())),
            Err(says) => Verdict::Bad(says),
        };
        let download = self.run(&home, &["mod", "download", "-json", &at])?;
        let found: Downloaded = serde_json::from_slice(&download.stdout).unwrap_or_default();
        let downloaded = match (&*found.error, download.status.success()) {
            ("", true) => Verdict::Good,
            ("", false) => Verdict::Bad(words(&download)),
            (error, _) => Verdict::Bad(error.to_owned()),
        };
        let sum = (!found.sum.is_empty()).then_some(found.sum);
        let mut verified = Verified {
            wanted: wanted.clone(),
            listed,
            built: Verdict::NotTried("it cannot be downloaded".into()),
            installed: None,
            sum,
            downloaded,
        };
        if verified.downloaded.is_bad() {
            return Ok(verified);
        }
        let go_mod = std::fs::read_to_string(&found.go_mod).ok();
        let go_mod = go_mod.and_then(|text| GoMod::parse(&text).ok());
        let (built, programs) = self.build(wanted, &at)?;
        verified.built = built;
        if !programs.is_empty() {
            let mut verdict = Verdict::Good;
            for program in programs {
                let one =
                    self.run(&home, &["install", &format!("{program}@{}", wanted.version)])?;
                if let Err(says) = said(&one) {
                    verdict = self.judged(says);
                    break;
                }
            }
            let is_replacing =
                go_mod.is_some_and(|it| !it.replaces.is_empty() || !it.excludes.is_empty());
            // Known before, and told as a warning of the plan.
            if verdict.is_bad() && is_replacing {
                let why = "go install refuses a module with replace or exclude in its go.mod";
                verdict = Verdict::NotTried(why.into());
            }
            verified.installed = Some(verdict);
        }
        Ok(verified)
    }

    /// Requires a version in a module of its own and builds its packages. Gives its programs, too.
    fn build(&self, wanted: &Wanted, at: &str) -> io::Result<(Verdict, Vec<String>)> {
        let consumer = self.consumer("build")?;
        let get = self.run(&consumer, &["get", at])?;
        if let Err(says) = said(&get) {
            return Ok((self.judged(says), Vec::new()));
        }
        let pattern = format!("{}/...", wanted.path);
        let format = "{{with .Module}}{{.Path}}{{end}} {{.Name}} {{.ImportPath}}";
        let listed = self.run(&consumer, &["list", "-e", "-f", format, &pattern])?;
        let listed = match said(&listed) {
            Ok(said) => said,
            Err(says) => return Ok((self.judged(says), Vec::new())),
        };
        let (mut packages, mut programs) = (Vec::new(), Vec::new());
        for line in listed.lines() {
            let mut words = line.split(' ');
            let (module, name, path) = (words.next(), words.next(), words.next());
            let (Some(module), Some(name), Some(path)) = (module, name, path) else { continue };
            if module == wanted.path.as_str() {
                packages.push(path.to_owned());
                if name == "main" {
                    programs.push(path.to_owned());
                }
            }
        }
        if packages.is_empty() {
            return Ok((Verdict::NotTried("it has no packages".into()), programs));
        }
        // The modules are required as somebody would who imports them: what they need is added, and
        // nothing else.
        let outside: Vec<&str> =
            packages.iter().map(|path| &**path).filter(|path| !is_internal(path)).collect();
        let targets = outside.iter().map(|path| format!("{path}@{}", wanted.version));
        let targets: Vec<String> = targets.collect();
        let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
        if !targets.is_empty() {
            let get = self.run(&consumer, &[&["get"], &targets[..]].concat())?;
            if let Err(says) = said(&get) {
                return Ok((self.judged(says), programs));
            }
        }
        let null = self.folder.join("bin");
        let null = null.to_string_lossy();
        let args = if programs.is_empty() { vec!["build"] } else { vec!["build", "-o", &*null] };
        let build = self.run(&consumer, &[&args, &outside[..]].concat())?;
        Ok((said(&build).map_or_else(|says| self.judged(says), |_| Verdict::Good), programs))
    }

    /// What did not work, unless it is only that a module of somebody else is not in the cache.
    fn judged(&self, says: String) -> Verdict {
        // The last module before the reason is the one that is missing.
        let is_foreign = |line: &&str| {
            let ends = [": module lookup disabled by GOPROXY=off", ": reading file://"];
            let end = ends.iter().filter_map(|end| line.find(end)).min();
            let missing = end.and_then(|end| line[..end].split_whitespace().last());
            missing.is_some_and(|missing| {
                let path = missing.split('@').next().unwrap_or_default();
                let below = path.strip_prefix(&*self.root);
                !below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        };
        let line = says.lines().find(is_foreign);
        match line {
            Some(line) => {
                Verdict::NotTried(format!("not in the local module cache: {}", line.trim()))
            }
            None => Verdict::Bad(says),
        }
    }

    /// A module that nobody knows, in a fresh folder.
    fn consumer(&self, name: &str) -> io::Result<PathBuf> {
        let folder =
            tempfile::Builder::new().prefix(name).tempdir_in(self.folder.join("tmp"))?.keep();
        let text = "module consumer.invalid/it\n\ngo 1.16\n";
        File::create(folder.join("go.mod"))?.write_all(text.as_bytes())?;
        Ok(folder)
    }

    /// Asks gorelease, the program of that path, whether a version fits what changed in the API of
    /// the module in a folder of the work tree since another one. Gives whether it does, and what
    /// gorelease says.
    ///
    /// # Errors
    ///
    /// What the system refused.
    pub fn api(
        &self,
        gorelease: &Path,
        folder: &Path,
        since: Option<&Version>,
        next: &Version,
    ) -> io::Result<(bool, String)> {
        let since = since.map_or_else(|| "none".to_owned(), ToString::to_string);
        let args = [format!("-base={since}"), format!("-version={next}")];
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let output = self.run_program(gorelease, folder, &args)?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        if text.is_empty() {
            text = words(&output);
        }
        Ok((output.status.success(), text.trim().to_owned()))
    }

    fn run(&self, folder: &Path, args: &[&str]) -> io::Result<Output> {
        self.run_program(&self.go.program, folder, args)
    }

    fn run_program(&self, program: &Path, folder: &Path, args: &[&str]) -> io::Result<Output> {
        let cache = self.go.cache.as_ref().map(|cache| cache.join("cache/download"));
        let proxy = match cache.filter(|cache| cache.is_dir()) {
            Some(cache) => format!("file://{}", cache.display()),
            None => "off".to_owned(),
        };
        let build_cache = self.go.build_cache.clone().unwrap_or_else(|| self.folder.join("build"));
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(folder)
            .env_clear()
            .env("PATH", &self.go.path)
            .env("HOME", self.folder.join("home"))
            .env("TMPDIR", self.folder.join("tmp"))
            .env("GOPATH", self.folder.join("gopath"))
            .env("GOBIN", self.folder.join("bin"))
            .env("GOCACHE", build_cache)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ALLOW_PROTOCOL", "file")
            .env("GOENV", "off")
            .env("GOFLAGS", "-modcacherw")
            .env("GONOPROXY", format!("{0},{0}/*", self.root))
            .env("GONOSUMDB", "*")
            .env("GOPROXY", proxy)
            .env("GOSUMDB", "off")
            .env("GOTOOLCHAIN", "local")
            .env("GOVCS", "*:git")
            .env("GOWORK", "off")
            .env("CGO_ENABLED", "0")
            .stdin(Stdio::null());
        if let Some(host) = &self.host {
            // https is refused there, so that go falls back to http.
            command
                .env("HTTP_PROXY", host)
                .env("HTTPS_PROXY", host)
                .env("GOINSECURE", format!("{0},{0}/*", self.root));
        }
        command.output()
    }
}

/// Whether only packages beside it may import a package.
fn is_internal(path: &str) -> bool {
    path.split('/').any(|element| element == "internal")
}

fn said(output: &Output) -> Result<String, String> {
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(words(output))
    }
}

/// What go complained about, without what it only tells.
fn words(output: &Output) -> String {
    let says = String::from_utf8_lossy(&output.stderr);
    let is_news = |line: &&str| {
        line.starts_with("go: downloading ")
            || line.starts_with("go: added ")
            || line.starts_with("go: upgraded ")
    };
    let lines: Vec<&str> = says.lines().filter(|line| !is_news(line)).collect();
    lines.join("\n").trim().to_owned()
}

/// Answers on a loopback port, as a proxy, what the host of an import path would: that its
/// repository is a git one at the same path.
fn announce(root: String) -> io::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    // The thread ends with the program.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let root = root.clone();
            std::thread::spawn(move || drop(answer(&stream, &root)));
        }
    });
    Ok(format!("http://{address}"))
}

fn answer(stream: &TcpStream, root: &str) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut lines = BufReader::new(stream);
    let mut request = String::new();
    lines.read_line(&mut request)?;
    let mut header = String::new();
    while lines.read_line(&mut header)? > 2 {
        header.clear();
    }
    let target = request.split(' ').nth(1).unwrap_or_default();
    let path = target.strip_prefix("http://").and_then(|rest| rest.split('?').next());
    let is_below = path.is_some_and(|path| {
        path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    let text = format!("<meta name=\"go-import\" content=\"{root} git https://{root}\">\n");
    let (status, text) = if is_below { ("200 OK", &*text) } else { ("403 Forbidden", "") };
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: \
         close\r\n\r\n{text}",
        text.len()
    )
}
