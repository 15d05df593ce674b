//! An old Go beside the installed one: a module like any other, which the installed Go fetches from
//! wherever its settings say.

use std::env;
use std::fs;
use std::path::PathBuf;

use crate::peers;
use crate::run::{Result, check, find, program, target};

/// One from before toolchains, workspaces of modules with `go 1.24`, and much else.
const VERSION: &str = "1.19.13";

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
    match check(fetch) {
        Ok(()) if old.is_file() => Ok(Some(old)),
        Err(error) if peers::in_ci() => Err(error),
        outcome => {
            println!("peer missing: Go {VERSION}: {outcome:?}");
            Ok(None)
        }
    }
}
