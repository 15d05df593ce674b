//! The files of a commit as Go gets them.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::Command;

use super::{Git, GitError, Oid, failed};

impl Git {
    /// The files of a commit as `git archive` gives them to Go: converted as the attributes say, but
    /// with nothing left out or filled in. In the form of tar; only what lies below `folders`.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub fn archive(
        &self,
        commit: &Oid,
        folders: &[&str],
        scratch: &Path,
    ) -> Result<Vec<u8>, GitError> {
        let io = |source: io::Error| GitError::Failed {
            command: "archive".into(),
            says: format!("cannot prepare it: {}", devkit_text::words(&source)),
        };
        let format = if commit.0.len() == 64 { "sha256" } else { "sha1" };
        let bare = |args: &[&str]| {
            let mut command = Command::new("git");
            command.args(args).current_dir(scratch);
            for name in LOCAL {
                command.env_remove(name);
            }
            // The archive is that of a machine where nothing is set up: no filters, no attributes.
            command
                .env("LC_ALL", "C")
                .env("HOME", scratch)
                .env("XDG_CONFIG_HOME", scratch)
                .env("GIT_CONFIG_NOSYSTEM", "1")
                .env("GIT_CONFIG_GLOBAL", "/dev/null")
                .env("GIT_ATTR_NOSYSTEM", "1");
            command
        };
        let object_format = format!("--object-format={format}");
        let mut init = vec!["init", "--quiet", "--bare", "--template="];
        if format != "sha1" {
            init.push(&object_format);
        }
        init.push(".");
        let output = self.output(bare(&init), b"")?;
        if !output.status.success() {
            return Err(failed(&init, &output));
        }
        let objects = self.common_dir.join("objects");
        fs::create_dir_all(scratch.join("objects/info")).map_err(io)?;
        fs::create_dir_all(scratch.join("info")).map_err(io)?;
        let alternates = [objects.as_os_str().as_bytes(), b"\n"].concat();
        put(&scratch.join("objects/info/alternates"), &alternates).map_err(io)?;
        // What Go writes into its own copy of the repository.
        put(&scratch.join("info/attributes"), b"\n* -export-subst -export-ignore\n").map_err(io)?;
        let args = [
            "-c",
            "core.autocrlf=input",
            "-c",
            "core.eol=lf",
            "archive",
            "--format=tar",
            &commit.0,
        ];
        let mut command = bare(&args);
        command.env("GIT_LITERAL_PATHSPECS", "1").args(folders);
        let output = self.output(command, b"")?;
        if !output.status.success() {
            return Err(failed(&["archive"], &output));
        }
        Ok(output.stdout)
    }
}

/// What would lead git from a repository of its own to the user's.
const LOCAL: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_TEMPLATE_DIR",
    "GIT_ATTR_SOURCE",
    "GIT_DEFAULT_HASH",
];

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::File::create(path)?.write_all(bytes)
}
