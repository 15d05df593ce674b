//! Repositories made for a test, and real Gos that believe to fetch from them.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{self, Ran, folder, peer, run};

/// A repository, in a folder with a home of its own.
pub(super) struct Repo {
    folder: tempfile::TempDir,
    /// The import path of its root; `ROOT` in files stands for it.
    pub(super) root: String,
}

impl Repo {
    /// An empty one of that import path. `None`: there is no git, and the test is skipped.
    pub(super) fn at(root: &str) -> Option<Self> {
        Self::made(root, &[])
    }

    /// One below github.com, which Go knows without asking.
    pub(super) fn new(name: &str) -> Option<Self> {
        Self::at(&format!("github.com/devkit-test/{name}"))
    }

    pub(super) fn made(root: &str, init: &[&str]) -> Option<Self> {
        peer::need("git")?;
        let folder = folder();
        fs::create_dir(folder.path().join("home")).unwrap();
        let repo = Self { folder, root: root.to_owned() };
        fs::write(
            repo.home().join(".gitconfig"),
            "[user]\n\tname = T\n\temail = t@example.com\n[init]\n\tdefaultBranch = main\n[protocol \
             \"file\"]\n\tallow = always\n[safe]\n\tdirectory = *\n[advice]\n\tdetachedHead = false\n",
        )
        .unwrap();
        fs::create_dir(repo.path()).unwrap();
        repo.git(&[&["init", "-q"], init].concat());
        Some(repo)
    }

    pub(super) fn base(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn home(&self) -> PathBuf {
        self.base().join("home")
    }

    /// The work tree.
    pub(super) fn path(&self) -> PathBuf {
        self.base().join("repo")
    }

    /// A file of the work tree.
    pub(super) fn file(&self, name: &str, text: &str) -> &Self {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text.replace("ROOT", &self.root)).unwrap();
        self
    }

    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// A module in a folder: its `go.mod`, with more lines, and one package with `func F`.
    pub(super) fn module(&self, dir: &str, path: &str, more: &str) -> &Self {
        let prefix = if dir.is_empty() { String::new() } else { format!("{dir}/") };
        self.file(&format!("{prefix}go.mod"), &format!("module {path}\n\ngo 1.16\n{more}"));
        self.file(&format!("{prefix}f.go"), "package p\n\nfunc F() int { return 1 }\n")
    }

    pub(super) fn commit(&self, message: &str) -> &Self {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self
    }

    pub(super) fn tag(&self, name: &str) -> &Self {
        self.git(&["tag", "--no-sign", name]);
        self
    }

    pub(super) fn git_command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.args(args).current_dir(self.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.home()).env("LC_ALL", "C");
        command.env("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z");
        command.env("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z");
        command
    }

    /// git's answer.
    #[track_caller]
    pub(super) fn git(&self, args: &[&str]) -> String {
        let output = self.git_command(args).output().unwrap();
        let says = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {args:?}: {says}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Whether git does it.
    pub(super) fn git_can(&self, args: &[&str]) -> bool {
        self.git_command(args).output().unwrap().status.success()
    }

    /// The names of the tags.
    pub(super) fn tags(&self) -> Vec<String> {
        self.git(&["tag", "-l"]).lines().map(str::to_owned).collect()
    }

    /// `devkit gomod-tag`, to be started in the work tree.
    pub(super) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = support::devkit(&self.path(), ["gomod-tag"]);
        command.args(args).env("HOME", self.home()).env("GOCACHE", build_cache("new"));
        command.env("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z");
        command.env("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z");
        command
    }

    pub(super) fn devkit(&self, args: &str) -> Ran {
        run(self.command(args.split_whitespace()))
    }

    /// The same, with an exit code that is to come.
    #[track_caller]
    pub(super) fn ends(&self, code: i32, args: &str) -> Ran {
        let ran = self.devkit(args);
        assert_eq!(ran.code, Some(code), "{args}\n{}{}", ran.stdout, ran.stderr);
        ran
    }

    /// The document of `--json`.
    #[track_caller]
    pub(super) fn json(&self, code: i32, args: &str) -> serde_json::Value {
        let ran = self.ends(code, &format!("{args} --json"));
        serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr))
    }

    /// Refused for exactly these reasons, and no tag is made.
    #[track_caller]
    pub(super) fn refused(&self, args: &str, codes: &[&str]) -> Ran {
        let before = self.tags();
        let ran = self.ends(2, &format!("{args} --yes"));
        let errors = ran.stderr.lines().filter(|line| line.starts_with("error: "));
        let mut found: Vec<&str> = errors
            .filter_map(|line| line.rsplit_once('[').map(|(_, code)| code.trim_end_matches(']')))
            .collect();
        found.dedup();
        assert_eq!(found, codes, "{args}\n{}{}", ran.stdout, ran.stderr);
        assert_eq!(self.tags(), before, "{args}");
        ran
    }

    /// Released, with exactly these new tags.
    #[track_caller]
    pub(super) fn released(&self, args: &str, tags: &[&str]) -> Ran {
        let before = self.tags();
        let ran = self.ends(0, &format!("{args} --yes"));
        let mut new: Vec<String> = self.tags();
        new.retain(|tag| !before.contains(tag));
        new.sort();
        let mut wanted: Vec<&str> = tags.to_vec();
        wanted.sort_unstable();
        assert_eq!(new, wanted, "{args}\n{}{}", ran.stdout, ran.stderr);
        ran
    }
}

/// A real Go.
#[derive(Debug, Clone)]
pub(super) struct Go {
    program: PathBuf,
    /// Old, or new.
    pub(super) name: &'static str,
}

/// The Gos that there are: the installed one, and an old one that xtask brings. Empty: the test is
/// skipped.
pub(super) fn gos() -> Vec<Go> {
    let Some(program) = peer::need("go") else { return Vec::new() };
    let mut gos = vec![Go { program, name: "new" }];
    match std::env::var_os("DEVKIT_OLD_GO") {
        Some(program) => gos.push(Go { program: program.into(), name: "old" }),
        None => peer::skip("an old Go is not here; cargo xtask test fetches one"),
    }
    gos
}

/// Where a Go keeps what it has built, found by its contents: its own library among it, which takes
/// seconds to build and is the same for every test.
fn build_cache(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("gocache-{name}"))
}

/// What a Go sees of a repository: nothing but what is committed and tagged.
pub(super) struct Outside<'a> {
    repo: &'a Repo,
    pub(super) go: Go,
    folder: PathBuf,
}

impl<'a> Outside<'a> {
    pub(super) fn new(repo: &'a Repo, go: &Go) -> Self {
        let folder =
            tempfile::Builder::new().prefix(go.name).tempdir_in(repo.base()).unwrap().keep();
        let url = format!("file://{}", repo.path().display());
        fs::write(
            folder.join("gitconfig"),
            format!(
                "[protocol \"file\"]\n\tallow = always\n[safe]\n\tdirectory = *\n[url \
                 \"{url}\"]\n\tinsteadOf = https://{0}.git\n\tinsteadOf = https://{0}\n",
                repo.root
            ),
        )
        .unwrap();
        for name in ["home", "consumer"] {
            fs::create_dir(folder.join(name)).unwrap();
        }
        let outside = Self { repo, go: go.clone(), folder };
        outside.consumer("");
        outside
    }

    /// Puts a module with a program into the folder where go is run.
    pub(super) fn consumer(&self, source: &str) {
        let folder = self.folder.join("consumer");
        fs::write(folder.join("go.mod"), "module consumer.test/m\n\ngo 1.16\n").unwrap();
        let _ = fs::remove_file(folder.join("go.sum"));
        let _ = fs::remove_file(folder.join("main.go"));
        if !source.is_empty() {
            fs::write(folder.join("main.go"), source.replace("ROOT", &self.repo.root)).unwrap();
        }
    }

    pub(super) fn run(&self, args: &[&str]) -> Output {
        self.run_in(&self.folder.join("consumer"), args)
    }

    pub(super) fn run_in(&self, folder: &Path, args: &[&str]) -> Output {
        let root = &self.repo.root;
        let mut command = Command::new(&self.go.program);
        command.args(args).current_dir(folder).env_clear();
        command
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.join("home"))
            .env("GOPATH", self.folder.join("gopath"))
            .env("GOCACHE", build_cache(self.go.name))
            .env("GOFLAGS", "-modcacherw")
            .env("GOPROXY", "off")
            .env("GONOPROXY", format!("{root},{root}/*"))
            .env("GOSUMDB", "off")
            .env("GONOSUMDB", "*")
            .env("GOWORK", "off")
            .env("GOENV", "off")
            .env("GOTOOLCHAIN", "local")
            .env("GOVCS", "*:git")
            .env("CGO_ENABLED", "0")
            .env("GIT_CONFIG_GLOBAL", self.folder.join("gitconfig"))
            .env("GIT_ALLOW_PROTOCOL", "file")
            .env("GIT_TERMINAL_PROMPT", "0");
        command.output().unwrap()
    }

    /// What go says, and whether it went well.
    pub(super) fn says(&self, args: &[&str]) -> (bool, String) {
        let output = self.run(args);
        let text = [&output.stdout[..], &output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    }

    #[track_caller]
    pub(super) fn does(&self, args: &[&str]) -> String {
        let (well, says) = self.says(args);
        assert!(well, "{} go {args:?}: {says}", self.go.name);
        says
    }

    /// The versions that go lists.
    #[track_caller]
    pub(super) fn versions(&self, module: &str) -> Vec<String> {
        let says = self.does(&["list", "-m", "-versions", module]);
        says.split_whitespace().skip(1).map(str::to_owned).collect()
    }

    /// Requires a version, and builds a program that calls `F` of its package.
    pub(super) fn uses(&self, module: &str, version: &str) -> Result<(), String> {
        self.uses_package(module, module, version)
    }

    pub(super) fn uses_package(
        &self,
        package: &str,
        module: &str,
        version: &str,
    ) -> Result<(), String> {
        self.consumer(&format!(
            "package main\n\nimport p \"{package}\"\n\nfunc main() {{ p.F() }}\n"
        ));
        for args in [&["get", &format!("{module}@{version}")][..], &["build", "-o", "out", "."]] {
            let (well, says) = self.says(args);
            if !well {
                return Err(format!("go {args:?}: {says}"));
            }
        }
        Ok(())
    }
}
