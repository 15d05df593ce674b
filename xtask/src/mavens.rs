//! Mavens beside the installed one: those that came before and after it. They are artifacts like
//! any other, so that the installed Maven fetches them from wherever its settings say.

use std::fs;
use std::path::{Path, PathBuf};

use crate::peers;
use crate::run::{Result, check, find, program, target};

/// The last without a blocker, the newest of the line in use, the next major.
const VERSIONS: &[&str] = &["3.6.3", "3.9.16", "4.0.0-rc-6"];
/// Networks fail now and then.
const ATTEMPTS: usize = 3;
const COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.6.0:copy";

/// The folder that holds them, fetched if need be. Those that cannot be had are missing from it.
pub(crate) fn fetch() -> Result<PathBuf> {
    let folder = target().join("peers/maven");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let Some(maven) = find("mvn") else { return Ok(folder) };
    for version in VERSIONS {
        let home = folder.join(format!("apache-maven-{version}"));
        if home.join("bin/mvn").is_file() {
            continue;
        }
        println!("peers: fetching Maven {version}");
        let mut result = Ok(());
        for _ in 0..ATTEMPTS {
            result = fetch_one(&maven, version, &folder, &home);
            if result.is_ok() {
                break;
            }
        }
        match result {
            Err(error) if peers::in_ci() => return Err(error),
            Err(error) => println!("peer missing: Maven {version}: {error}"),
            Ok(()) => {}
        }
    }
    Ok(folder)
}

fn fetch_one(maven: &Path, version: &str, folder: &Path, home: &Path) -> Result<()> {
    // Whole or not at all: unpacked elsewhere, then put into place.
    let scratch = folder.join("fetching");
    let _ = fs::remove_dir_all(&scratch);
    let failed = |error: std::io::Error| format!("{}: {error}", scratch.display());
    fs::create_dir_all(&scratch).map_err(failed)?;
    let artifact = format!("-Dartifact=org.apache.maven:apache-maven:{version}:tar.gz:bin");
    let output = format!("-DoutputDirectory={}", scratch.display());
    // In a folder without a project: ours would not be read, but one around it might.
    let mut copy = program(maven, &["-B", "-q", COPY, &artifact, &output]);
    copy.current_dir(&scratch);
    check(copy)?;
    let mut unpack = program("tar", &["xzf", &format!("apache-maven-{version}-bin.tar.gz")]);
    unpack.current_dir(&scratch);
    check(unpack)?;
    fs::rename(scratch.join(format!("apache-maven-{version}")), home).map_err(failed)?;
    fs::remove_dir_all(&scratch).map_err(failed)
}
