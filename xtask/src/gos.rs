//! An old Go beside the installed one, and gorelease: modules like any other, which the installed Go
//! fetches from wherever its settings say.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::peers;
use crate::run::{Result, check, find, program, target};

/// A Go from before toolchains, workspaces of modules with `go 1.24`, and much else.
const VERSION: &str = "1.19.13";

/// What judges changes of an API.
const GORELEASE: &str = "golang.org/x/exp/cmd/gorelease@v0.0.0-20261113113407-e3970619a1a4";

/// gorelease, built if need be; `None` if it cannot be had.
pub(crate) fn gorelease() -> Result<Option<PathBuf>> {
    let folder = target().join("peers/go");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let Some(go) = find("go") else { return Ok(None) };
    let built = folder.join("bin/gorelease");
    if built.is_file() {
        return Ok(Some(built));
    }
    println!("peers: building gorelease");
    let mut install = program(&go, &["install", GORELEASE]);
    install.current_dir(&folder).env("GOPATH", &folder).env("GOFLAGS", "-modcacherw");
    had(check(install), &built, "gorelease")
}

/// What came of fetching a peer, which must be there in CI.
pub(crate) fn had(outcome: Result<()>, program: &Path, name: &str) -> Result<Option<PathBuf>> {
    match outcome {
        Ok(()) if program.is_file() => Ok(Some(program.to_owned())),
        Err(error) if peers::in_ci() => Err(error),
        outcome => {
            println!("peer missing: {name}: {outcome:?}");
            Ok(None)
        }
    }
}

/// The old Go, fetched if need be; `None` if it cannot be had.
pub(crate) fn fetch() -> Result<Option<PathBuf>> {
    let folder = target().join("peers/go");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let Some(go) = find("go") else { return Ok(None) };
    let system = match env::consts::ARCH {
        "x86_64" => "linux-amd64",
        "aarch64" => "linux-arm64",
        _ => return Ok(None),
    };
    let home = folder.join(format!("pkg/mod/golang.org/toolchain@v0.0.1-go{VERSION}.{system}"));
    let old = home.join("bin/go");
    if old.is_file() {
        return Ok(Some(old));
    }
    println!("peers: fetching Go {VERSION}");
    let mut fetch = program(&go, &["version"]);
    fetch
        .current_dir(&folder)
        .env("GOTOOLCHAIN", format!("go{VERSION}"))
        .env("GOPATH", &folder)
        .env("GOFLAGS", "-modcacherw");
    had(check(fetch), &old, &format!("Go {VERSION}"))
}
