//! The validator of SARIF documents that the authors of the format publish, which knows the schema and
//! the rules beyond it: a package like any other, which npm fetches from wherever its settings say.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::gos::had;
use crate::run::{Result, check, find, program, target};

const PACKAGE: &str = "@microsoft/sarif-multitool-linux";
const VERSION: &str = "5.7.0";

/// The program, fetched if need be; `None` if it cannot be had.
pub(crate) fn multitool() -> Result<Option<PathBuf>> {
    let folder = target().join("peers/sarif");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let Some(npm) = find("npm") else { return Ok(None) };
    let multitool = folder.join("node_modules").join(PACKAGE).join("Sarif.Multitool");
    if multitool.is_file() {
        return Ok(Some(multitool));
    }
    println!("peers: fetching {PACKAGE}");
    let package = format!("{PACKAGE}@{VERSION}");
    let mut install = program(npm, &["install", "--no-save", "--ignore-scripts", &package]);
    install.arg("--prefix").arg(&folder);
    let outcome = check(install).and_then(|()| {
        // What the package's own script would do.
        fs::set_permissions(&multitool, fs::Permissions::from_mode(0o755))
            .map_err(|error| format!("{}: {error}", multitool.display()))
    });
    had(outcome, &multitool, PACKAGE)
}
