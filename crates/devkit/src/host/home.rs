//! The user's home folder. Programs do not agree on what it is, so each rule has a name.

use std::path::{Path, PathBuf};

use super::variables::Variables;

/// Where the home folder is, by the variable and by the user database.
#[derive(Debug, Default)]
pub(crate) struct Home {
    variable: Option<PathBuf>,
    account: Option<PathBuf>,
}

impl Home {
    pub(crate) fn of(variables: &Variables) -> Self {
        Self { variable: variables.set("HOME").map(PathBuf::from), account: account() }
    }

    /// The home folder of kubectl, which reads `HOME` and nothing else (client-go, `homedir.HomeDir`).
    pub(crate) fn of_kubectl(&self) -> Option<&Path> {
        self.variable.as_deref()
    }

    /// The home folder of Java, `user.home`: the user database's, whatever `HOME` says.
    pub(crate) fn of_java(&self) -> Option<&Path> {
        self.account.as_deref()
    }

    /// The home folder of shells and most programs: `HOME`, else the user database's.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.of_kubectl().or(self.of_java())
    }
}

/// The home folder of the user database. One of a single letter is none to Java, which then takes
/// `HOME` too.
fn account() -> Option<PathBuf> {
    let home = devkit_lookup::home(nix::unistd::getuid().as_raw()).ok().flatten();
    home.filter(|home| home.as_os_str().len() > 1)
}
