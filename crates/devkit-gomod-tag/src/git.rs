//! Calls git, by its own program: what a repository holds, and the few writes that a release takes.
//!
//! Every call is in this module or below it. Names go in and out ended by NUL or as object names, messages are never
//! parsed, no editor is opened, and the remote is asked only by [`Git::remote_tags`] and
//! [`Git::push`].

mod archive;
mod remote;
mod write;

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub use write::TagKind;

/// The least version of git that has all that is called.
pub const LEAST_GIT: [u32; 2] = [2, 28];

/// A repository.
#[derive(Debug, Clone)]
pub struct Git {
    /// Where git is started: the top of the work tree, or the repository itself if it is bare.
    folder: PathBuf,
    /// Where the objects are, for a second repository that borrows them.
    common_dir: PathBuf,
    /// The way from where it was started to the top of the work tree: `../`, or nothing.
    pub up: String,
    /// Whether there is a work tree.
    pub has_work_tree: bool,
    /// Whether the history ends early.
    pub is_shallow: bool,
    /// Whether git may ask for a password.
    may_ask: bool,
}

/// The name of an object, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Oid(String);

impl Oid {
    /// A name that is of no repository.
    #[cfg(test)]
    pub(crate) fn of(digits: &str) -> Self {
        Self(digits.to_owned())
    }

    /// All digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first digits, as many as people write.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..self.0.len().min(7)]
    }
}

/// What git could not do.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no git.
    #[error("cannot start git")]
    Missing(#[source] io::Error),
    /// git is older than [`LEAST_GIT`].
    #[error("git {found} is too old")]
    TooOld {
        /// The version of git.
        found: String,
    },
    /// There is no repository here.
    #[error("{} is in no git repository", folder.display())]
    NoRepository {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// git refuses to read a repository that belongs to somebody else.
    #[error("the repository belongs to another user")]
    Unsafe {
        /// What git says.
        says: String,
    },
    /// The folder is a part of a repository's own, such as `.git`.
    #[error("the folder is inside of .git")]
    InsideRepository,
    /// The repository has no commit.
    #[error("there is no commit {rev}")]
    NoCommit {
        /// What was asked for.
        rev: String,
    },
    /// A command failed.
    #[error("git {command} failed")]
    Failed {
        /// The name of the command, and its options.
        command: String,
        /// What it said, on both streams.
        says: String,
    },
}

/// A file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    /// With `/`, from the root.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: EntryKind,
    /// The object that holds the contents.
    pub oid: Oid,
    /// Bytes, where that could be told without fetching.
    pub size: Option<u64>,
}

/// What a name in a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A file, executable or not.
    File,
    /// A symbolic link.
    Link,
    /// A commit of another repository.
    Submodule,
}

/// A difference between two commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// From the root.
    pub path: Vec<u8>,
    /// What it was and is; `None` where there is nothing.
    pub kinds: [Option<EntryKind>; 2],
    /// Whether what it holds is the same, and only its mode is not.
    pub same_contents: bool,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Without `refs/tags/`.
    pub name: String,
    /// The tag object, or what it names if it is a lightweight one.
    pub oid: Oid,
    /// Whether it is a lightweight one, of a commit.
    pub is_commit: bool,
}

/// A commit that something is done with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The name of the commit.
    pub oid: Oid,
    /// The first line of its message.
    pub subject: String,
}

/// A commit of a history, and what it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// The name of the commit.
    pub oid: Oid,
    /// The whole message.
    pub message: String,
    /// Files, from the root.
    pub paths: Vec<Vec<u8>>,
    /// Whether it has more than one parent.
    pub is_merge: bool,
}

impl Git {
    /// The repository that a folder lies in. `may_ask`: whether git may ask for a password.
    ///
    /// # Errors
    ///
    /// [`GitError`], if there is none, or git refuses it.
    pub fn open(folder: &Path, may_ask: bool) -> Result<Self, GitError> {
        let mut git = Self {
            folder: folder.to_owned(),
            common_dir: PathBuf::new(),
            up: String::new(),
            has_work_tree: false,
            is_shallow: false,
            may_ask,
        };
        let args = [
            "rev-parse",
            "--git-common-dir",
            "--is-shallow-repository",
            "--is-inside-work-tree",
            "--is-bare-repository",
        ];
        let output = git.output(git.command(&args), b"")?;
        if !output.status.success() {
            return Err(git.refused(&output));
        }
        let lines: Vec<&[u8]> = output.stdout.split(|byte| *byte == b'\n').collect();
        let [common, shallow, inside, bare, ..] = &lines[..] else {
            return Err(git.refused(&output));
        };
        let absolute = |path: &[u8]| {
            let path = folder.join(path_of(path));
            path.canonicalize().map_err(GitError::Missing)
        };
        git.common_dir = absolute(common)?;
        git.is_shallow = *shallow == b"true";
        git.has_work_tree = *inside == b"true";
        if git.has_work_tree {
            git.up = line_of(&git.run(&["rev-parse", "--show-cdup"])?).unwrap_or_default();
            let top = git.run(&["rev-parse", "--show-toplevel"])?;
            git.folder = path_of(top.strip_suffix(b"\n").unwrap_or(&top));
        } else if *bare == b"true" {
            git.folder.clone_from(&git.common_dir);
        } else {
            return Err(GitError::InsideRepository);
        }
        Ok(git)
    }

    /// Why the first question was not answered.
    fn refused(&self, output: &Output) -> GitError {
        let says = said(output);
        if says.contains("dubious ownership") {
            return GitError::Unsafe { says };
        }
        // Known by its answer, and not by the words, which newer versions may change.
        let version = self.run(&["version"]).unwrap_or_default();
        let version = String::from_utf8_lossy(&version).into_owned();
        let found = version.split_whitespace().nth(2).unwrap_or_default();
        let mut numbers = found.split('.').map(|part| part.parse::<u32>().unwrap_or_default());
        let numbers = [numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default()];
        if numbers < LEAST_GIT && numbers[0] > 0 {
            return GitError::TooOld { found: found.to_owned() };
        }
        if says.contains("not a git repository") || says.is_empty() {
            return GitError::NoRepository { folder: self.folder.clone() };
        }
        GitError::Failed { command: "rev-parse".into(), says }
    }

    /// The top of the work tree, or the repository itself.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where its objects and references are.
    #[must_use]
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// The commit that a revision names.
    ///
    /// # Errors
    ///
    /// [`GitError::NoCommit`], if it names none.
    pub fn commit(&self, rev: &str) -> Result<Commit, GitError> {
        let none = || GitError::NoCommit { rev: rev.to_owned() };
        if rev.starts_with('-') || rev.is_empty() {
            return Err(none());
        }
        let name = format!("{rev}^{{commit}}");
        let output =
            self.output(self.command(&["rev-parse", "--verify", "--quiet", &name]), b"")?;
        let oid = line_of(&output.stdout).filter(|_| output.status.success()).ok_or_else(none)?;
        let subject = self
            .run(&LOG_ONE.iter().copied().chain(["--format=%s", &oid, "--"]).collect::<Vec<_>>())?;
        Ok(Commit { subject: line_of(&subject).unwrap_or_default(), oid: Oid(oid) })
    }

    /// The branch that is checked out.
    #[must_use]
    pub fn branch(&self) -> Option<String> {
        // The short form has more in it where a tag has the same name.
        let name = line_of(&self.run(&["symbolic-ref", "--quiet", "HEAD"]).ok()?)?;
        name.strip_prefix("refs/heads/").map(str::to_owned)
    }

    /// The branch that a branch is made from and goes to, and how far the two are apart: `1 ahead`, or
    /// nothing.
    #[must_use]
    pub fn upstream(&self, branch: &str) -> Option<(String, String)> {
        let name = format!("refs/heads/{branch}");
        let format = "--format=%(upstream:short) %(upstream:track,nobracket)";
        let line = line_of(&self.run(&["for-each-ref", format, &name]).ok()?)?;
        let (upstream, track) = line.split_once(' ')?;
        let counted = |part: &str| match part.trim().split_once(' ') {
            Some((word, count)) => format!("{count} {word}"),
            None => part.trim().to_owned(),
        };
        let track: Vec<String> = track.split(',').map(counted).collect();
        (!upstream.is_empty()).then(|| (upstream.to_owned(), track.join(", ")))
    }

    /// A reference, of those that begin so, that has a commit in its history.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn branch_with(&self, commit: &Oid, of: &[&str]) -> Result<Option<String>, GitError> {
        let contains = format!("--contains={}", commit.0);
        let args = ["for-each-ref", "--count=1", "--format=%(refname:short)", &contains];
        let found = self.run(&[&args, of].concat())?;
        Ok(line_of(&found))
    }

    /// The full name of a branch, here or of a remote.
    #[must_use]
    pub fn branch_ref(&self, branch: &str) -> Option<String> {
        let names = [format!("refs/heads/{branch}"), format!("refs/remotes/{branch}")];
        names.into_iter().find(|name| {
            self.run(&["rev-parse", "--verify", "--quiet", &format!("{name}^{{commit}}")]).is_ok()
        })
    }

    /// What a commit says of itself, all of it.
    #[must_use]
    pub fn message(&self, commit: &Oid) -> String {
        let args: Vec<&str> =
            LOG_ONE.iter().copied().chain(["--format=%B", &commit.0, "--"]).collect();
        String::from_utf8_lossy(&self.run(&args).unwrap_or_default()).trim().to_owned()
    }

    /// Whether a commit is in the history of another.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn is_ancestor(&self, commit: &Oid, of: &str) -> Result<bool, GitError> {
        let output =
            self.output(self.command(&["merge-base", "--is-ancestor", &commit.0, of]), b"")?;
        match output.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(failed(&["merge-base"], &output)),
        }
    }

    /// Whether files are fetched only when they are read.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        let found = self.run(&["config", "--get-regexp", r"^remote\..*\.promisor$", "true"]);
        found.is_ok_and(|found| !found.is_empty())
    }

    /// A setting.
    #[must_use]
    pub fn config(&self, name: &str) -> Option<String> {
        line_of(&self.run(&["config", "--get", name]).ok()?)
    }

    /// Whether a setting is on.
    #[must_use]
    pub fn is_on(&self, name: &str) -> bool {
        let found = self.run(&["config", "--type=bool", "--get", name]).ok();
        found.as_deref().and_then(line_of).as_deref() == Some("true")
    }

    /// All files of a commit, in the order of their paths.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn tree(&self, commit: &Oid) -> Result<Vec<TreeEntry>, GitError> {
        // Sizes would be fetched, file by file.
        let sizes: &[&str] = if self.is_partial() { &[] } else { &["-l"] };
        let args = [&["ls-tree", "-r", "-z", "--full-tree"], sizes, &[&commit.0]].concat();
        let output = self.run(&args)?;
        let lines = output.split(|byte| *byte == 0).filter(|line| !line.is_empty());
        Ok(lines.filter_map(entry).collect())
    }

    /// All files below a folder of a commit, in the order of their paths, without their sizes.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn tree_below(&self, commit: &Oid, folder: &str) -> Result<Vec<TreeEntry>, GitError> {
        let folder = format!("{folder}/");
        let args = ["ls-tree", "-r", "-z", "--full-tree", &commit.0, "--", &folder];
        let output = self.run(&args)?;
        let lines = output.split(|byte| *byte == 0).filter(|line| !line.is_empty());
        Ok(lines.filter_map(entry).collect())
    }

    /// All tags.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn tags(&self) -> Result<Vec<Tag>, GitError> {
        let format = "--format=%(objecttype) %(objectname) %(refname)";
        let output = self.run(&["for-each-ref", format, "refs/tags"])?;
        // A name that is not UTF-8 is nothing that Go takes.
        let lines =
            output.split(|byte| *byte == b'\n').filter_map(|line| str::from_utf8(line).ok());
        let tag = |line: &str| {
            let mut parts = line.splitn(3, ' ');
            let (kind, oid, name) = (parts.next()?, parts.next()?, parts.next()?);
            Some(Tag {
                name: name.strip_prefix("refs/tags/")?.to_owned(),
                oid: Oid(oid.to_owned()),
                is_commit: kind == "commit",
            })
        };
        Ok(lines.filter_map(tag).collect())
    }

    /// The commits that objects lead to, `None` for one that is none.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn peeled(&self, objects: &[&Oid]) -> Result<Vec<Option<Oid>>, GitError> {
        let names: Vec<String> =
            objects.iter().map(|oid| format!("{}^{{commit}}", oid.0)).collect();
        self.checked(&names, "commit")
    }

    /// The full names of objects of a kind, `None` for what there is not.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn checked(&self, names: &[String], kind: &str) -> Result<Vec<Option<Oid>>, GitError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let input = names.join("\n") + "\n";
        let output = self.run_with(&["cat-file", "--batch-check"], input.as_bytes())?;
        let lines = output.split(|byte| *byte == b'\n').take(names.len());
        let found = |line: &[u8]| {
            let line = String::from_utf8_lossy(line).into_owned();
            let mut words = line.split(' ');
            let (oid, found) = (words.next()?, words.next()?);
            (found == kind).then(|| Oid(oid.to_owned()))
        };
        Ok(lines.map(found).collect())
    }

    /// The commits that are not in the history of one, of those that tags lead to.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn tags_outside(&self, commit: &Oid, tags: &[&str]) -> Result<Vec<String>, GitError> {
        if tags.is_empty() {
            return Ok(Vec::new());
        }
        let no_merged = format!("--no-merged={}", commit.0);
        let names: Vec<String> = tags.iter().map(|tag| format!("refs/tags/{tag}")).collect();
        let mut args = vec!["for-each-ref", "--format=%(refname)", &no_merged];
        args.extend(names.iter().map(String::as_str));
        let output = self.run(&args)?;
        let text = String::from_utf8_lossy(&output).into_owned();
        Ok(text
            .lines()
            .filter_map(|line| line.strip_prefix("refs/tags/"))
            .map(str::to_owned)
            .collect())
    }

    /// The tags with this beginning that are versions, and are in the history of a commit.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn tags_inside(&self, commit: &Oid, prefix: &str) -> Result<HashSet<String>, GitError> {
        let merged = format!("--merged={}", commit.0);
        let pattern = format!("refs/tags/{prefix}v*");
        let output = self.run(&["for-each-ref", "--format=%(refname)", &merged, &pattern])?;
        let text = String::from_utf8_lossy(&output).into_owned();
        let names = text.lines().filter_map(|line| line.strip_prefix("refs/tags/"));
        Ok(names.map(str::to_owned).collect())
    }

    /// When a commit was made, as pseudo-versions have it: `20060102150405`, in UTC.
    #[must_use]
    pub fn time(&self, commit: &Oid) -> Option<String> {
        let format = "--date=format-local:%Y%m%d%H%M%S";
        let args = [LOG_ONE, &[format, "--format=%cd", &commit.0, "--"]].concat();
        let mut command = self.command(&args);
        command.env("TZ", "UTC");
        line_of(&self.output(command, b"").ok()?.stdout)
    }

    /// The contents of files, by names such as an object's or `COMMIT:PATH`; `None` for what there
    /// is not. No name may hold a newline.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn contents(&self, names: &[String]) -> Result<Vec<Option<Vec<u8>>>, GitError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let input = names.join("\n") + "\n";
        let output = self.run_with(&["cat-file", "--batch"], input.as_bytes())?;
        let mut rest = &output[..];
        let mut found = Vec::with_capacity(names.len());
        while found.len() < names.len() {
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { break };
            let header = String::from_utf8_lossy(&rest[..end]);
            rest = &rest[end + 1..];
            // `OID blob SIZE`, or `NAME missing`, and the name can be anything.
            let size = header.rsplit_once(' ').and_then(|(_, size)| size.parse::<usize>().ok());
            let Some(size) = size.filter(|size| *size < rest.len()) else {
                found.push(None);
                continue;
            };
            found.push(header.contains(" blob ").then(|| rest[..size].to_vec()));
            rest = &rest[size + 1..];
        }
        Ok(found)
    }

    /// What is different between two commits: in some folders and files, or everywhere if there are
    /// none.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn differences(
        &self,
        old: &Oid,
        new: &Oid,
        below: &[&str],
    ) -> Result<Vec<Difference>, GitError> {
        let args =
            ["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", &old.0, &new.0, "--"];
        let output = self.run(&[&args, below].concat())?;
        let mut fields = output.split(|byte| *byte == 0);
        let mut found = Vec::new();
        while let (Some(header), Some(path)) = (fields.next(), fields.next()) {
            let header = String::from_utf8_lossy(header);
            let mut words = header.trim_start_matches(':').split(' ');
            let mut word = || words.next().unwrap_or_default().to_owned();
            let (old, new, old_oid, new_oid) = (word(), word(), word(), word());
            found.push(Difference {
                path: path.to_vec(),
                kinds: [kind(&old), kind(&new)],
                same_contents: old_oid == new_oid,
            });
        }
        Ok(found)
    }

    /// The commits after one, up to another, the newest first.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn log(&self, after: Option<&Oid>, until: &Oid) -> Result<Vec<Logged>, GitError> {
        let range = match after {
            Some(after) => format!("{}..{}", after.0, until.0),
            None => until.0.clone(),
        };
        // The message ends with a NUL of its own; names follow, each with one.
        let args = [
            "-c",
            "log.date=default",
            "log",
            "-z",
            "-O/dev/null",
            "--encoding=UTF-8",
            "--no-show-signature",
            "--no-renames",
            "--name-only",
            "--format=%x01%H%x00%P%x00%B%x00",
            &range,
            "--",
        ];
        let output = self.run(&args)?;
        let mut found: Vec<Logged> = Vec::new();
        let mut fields = output.split(|byte| *byte == 0).peekable();
        while let Some(field) = fields.next() {
            let name = field.strip_prefix(b"\n").unwrap_or(field);
            if let Some(oid) = name.strip_prefix(b"\x01") {
                let parents = fields.next().unwrap_or_default();
                let message = fields.next().unwrap_or_default();
                found.push(Logged {
                    oid: Oid(String::from_utf8_lossy(oid).into_owned()),
                    message: String::from_utf8_lossy(message).trim().to_owned(),
                    paths: Vec::new(),
                    is_merge: parents.contains(&b' '),
                });
            } else if let (false, Some(commit)) = (name.is_empty(), found.last_mut()) {
                commit.paths.push(name.to_vec());
            }
        }
        Ok(found)
    }

    /// Files that are not as in the commit that is checked out: tracked ones, and those that git
    /// neither tracks nor ignores.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn status(&self) -> Result<WorkTreeStatus, GitError> {
        let mut status = WorkTreeStatus::default();
        if !self.has_work_tree {
            return Ok(status);
        }
        // What is in a submodule is in no zip file.
        let args = [
            "status",
            "--porcelain",
            "-z",
            "--no-renames",
            "--untracked-files=all",
            "--ignore-submodules=all",
        ];
        let output = self.run(&args)?;
        for line in output.split(|byte| *byte == 0).filter(|line| line.len() > 3) {
            let path = line[3..].to_vec();
            match &line[..2] {
                b"??" => status.untracked.push(path),
                _ => status.modified.push(path),
            }
        }
        Ok(status)
    }

    /// Who would be named in a tag or a commit.
    ///
    /// # Errors
    ///
    /// [`GitError::Failed`], if git does not know.
    pub fn identity(&self) -> Result<String, GitError> {
        let found = self.run(&["var", "GIT_COMMITTER_IDENT"])?;
        Ok(line_of(&found).unwrap_or_default())
    }

    /// git's answer.
    fn run(&self, args: &[&str]) -> Result<Vec<u8>, GitError> {
        self.run_with(args, b"")
    }

    fn run_with(&self, args: &[&str], input: &[u8]) -> Result<Vec<u8>, GitError> {
        let output = self.output(self.command(args), input)?;
        if output.status.success() { Ok(output.stdout) } else { Err(failed(args, &output)) }
    }

    /// A question.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.bare_command(args);
        command.env("LC_ALL", "C").env("GIT_LITERAL_PATHSPECS", "1").env("GIT_OPTIONAL_LOCKS", "0");
        // Go sees what the objects are, not what somebody here has put in their place.
        command.env("GIT_NO_REPLACE_OBJECTS", "1");
        command
    }

    /// What hooks are run for, which are to see what they always see.
    fn bare_command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.args(args).current_dir(&self.folder);
        for name in ["GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS"] {
            command.env_remove(name);
        }
        command.env("GIT_EDITOR", "true").env("GIT_MERGE_AUTOEDIT", "no");
        if !self.may_ask {
            command.env("GIT_TERMINAL_PROMPT", "0");
        }
        command
    }

    fn act(&self, args: &[&str]) -> Result<(), GitError> {
        let output = self.output(self.bare_command(args), b"")?;
        if output.status.success() { Ok(()) } else { Err(failed(args, &output)) }
    }

    #[expect(clippy::unused_self, reason = "it is one of the ways to ask this repository")]
    fn output(&self, mut command: Command, input: &[u8]) -> Result<Output, GitError> {
        // A prompt of ssh or gpg goes to the terminal by itself, not to this stream.
        command.stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(GitError::Missing)?;
        let pipe = child.stdin.take();
        // Apart, so that neither waits for the other with a full pipe.
        std::thread::scope(|scope| {
            scope.spawn(move || pipe.map(|mut pipe| pipe.write_all(input)));
            child.wait_with_output().map_err(GitError::Missing)
        })
    }
}

/// The options to show a single commit as it is, whatever the user likes to see of it.
const LOG_ONE: &[&str] = &[
    "-c",
    "log.date=default",
    "log",
    "-1",
    "--no-show-signature",
    "--encoding=UTF-8",
    "--no-color",
];

/// Files that differ from the commit that is checked out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkTreeStatus {
    /// Changed files that git knows.
    pub modified: Vec<Vec<u8>>,
    /// Files that git does not know, and does not ignore.
    pub untracked: Vec<Vec<u8>>,
}

fn failed(args: &[&str], output: &Output) -> GitError {
    let mut words = args.iter().skip_while(|arg| arg.starts_with('-') || arg.contains('='));
    let command = (*words.next().unwrap_or(&"")).to_owned();
    GitError::Failed { command, says: said(output) }
}

/// What it said, without the results.
fn said(output: &Output) -> String {
    let says = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    match output.status.code() {
        Some(_) => says,
        None => format!("{says}\nit was killed by a signal").trim().to_owned(),
    }
}

fn line_of(output: &[u8]) -> Option<String> {
    let line = output.split(|byte| *byte == b'\n').next().unwrap_or_default();
    (!line.is_empty()).then(|| String::from_utf8_lossy(line).into_owned())
}

fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes).to_os_string())
}

/// The kind of a mode: `100644`, `100755`, `120000`, `160000`, or `000000` for nothing.
fn kind(mode: &str) -> Option<EntryKind> {
    match mode {
        "120000" => Some(EntryKind::Link),
        "160000" => Some(EntryKind::Submodule),
        mode if mode.starts_with("100") => Some(EntryKind::File),
        _ => None,
    }
}

/// The entry of a line `MODE TYPE OID[ SIZE]\tPATH`.
fn entry(line: &[u8]) -> Option<TreeEntry> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let header = str::from_utf8(&line[..tab]).ok()?;
    let mut words = header.split_ascii_whitespace();
    let (mode, _, oid) = (words.next()?, words.next()?, words.next()?);
    let size = words.next().and_then(|size| size.parse().ok());
    let path = line[tab + 1..].to_vec();
    Some(TreeEntry { path, kind: kind(mode)?, oid: Oid(oid.to_owned()), size })
}

/// A path of the repository, as a path of the system.
#[must_use]
pub fn as_path(path: &[u8]) -> PathBuf {
    PathBuf::from(std::ffi::OsString::from_vec(path.to_vec()))
}
