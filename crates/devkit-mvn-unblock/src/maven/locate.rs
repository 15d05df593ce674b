//! Finds the settings files that Maven reads.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

/// The settings of Maven's installation, if one can be found: by the program `mvn` that is run, which
/// is often a link into the installation and takes no other for its home whatever the environment
/// says, else by the values of `MAVEN_HOME` and `M2_HOME`.
#[must_use]
pub fn installation(homes: &[OsString], mvn: Option<&Path>) -> Option<PathBuf> {
    let by_home = homes.iter().map(|home| Path::new(home).join("conf/settings.xml"));
    let by_program = mvn.and_then(|program| {
        let program = fs::canonicalize(program).ok()?;
        Some(program.parent()?.parent()?.join("conf/settings.xml"))
    });
    by_program.into_iter().chain(by_home).find(|file| file.is_file())
}

/// The settings of the installations that Maven wrappers have fetched, below `~/.m2/wrapper`.
#[must_use]
pub fn wrappers(home: &Path) -> Vec<PathBuf> {
    let folders = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        paths
    };
    // dists/apache-maven-3.9.9-bin/HASH/apache-maven-3.9.9, or without the middle one.
    let outer = folders(&home.join(".m2/wrapper/dists"));
    let inner: Vec<PathBuf> = outer.iter().flat_map(|folder| folders(folder)).collect();
    let innermost = inner.iter().flat_map(|folder| folders(folder));
    let all = inner.iter().cloned().chain(innermost);
    all.map(|folder| folder.join("conf/settings.xml")).filter(|file| file.is_file()).collect()
}

/// Something that makes Maven read another file than `~/.m2/settings.xml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The file.
    pub settings: PathBuf,
    /// What says so: `.mvn/maven.config` or `MAVEN_ARGS`.
    pub by: String,
}

/// Looks for `-s` in `.mvn/maven.config` of the project around a folder, and in `MAVEN_ARGS`, which
/// comes first; a relative file is one below the folder that Maven runs in.
#[must_use]
pub fn redirect(folder: &Path, maven_args: Option<&OsStr>) -> Option<Redirect> {
    let by_args = maven_args.and_then(|args| {
        let settings = option(args.as_bytes())?;
        Some(Redirect { settings: folder.join(settings), by: "MAVEN_ARGS".into() })
    });
    by_args.or_else(|| {
        let root = folder.ancestors().find(|folder| folder.join(".mvn").is_dir())?;
        let file = root.join(".mvn/maven.config");
        let settings = option(&fs::read(&file).ok()?)?;
        let by = match file.strip_prefix(folder) {
            Ok(short) => short.display().to_string(),
            Err(_) => file.display().to_string(),
        };
        Some(Redirect { settings: folder.join(settings), by })
    })
}

/// The value of `-s` or `--settings` among arguments. Maven 3.9 takes one argument a line from
/// maven.config, 3.8 splits at blanks too; a file that means it in either way is counted.
fn option(arguments: &[u8]) -> Option<PathBuf> {
    let lines = arguments.split(|byte| *byte == b'\n');
    let lines = lines.filter(|line| !line.trim_ascii_start().starts_with(b"#"));
    let mut words =
        lines.flat_map(|line| line.split(u8::is_ascii_whitespace)).filter(|word| !word.is_empty());
    let path = |bytes: &[u8]| PathBuf::from(OsString::from_vec(bytes.to_vec()));
    while let Some(word) = words.next() {
        if word == b"-s" || word == b"--settings" {
            return words.next().map(path);
        }
        let joined = word.strip_prefix(b"--settings=").or_else(|| word.strip_prefix(b"-s="));
        // commons-cli takes -sFILE too; the other options that begin so have words of their own.
        let short =
            word.strip_prefix(b"-s").filter(|rest| rest.contains(&b'/') || rest.ends_with(b".xml"));
        if let Some(value) = joined.or(short).filter(|value| !value.is_empty()) {
            return Some(path(value));
        }
    }
    None
}
