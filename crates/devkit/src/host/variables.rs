//! The environment of the process, read once.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;

/// Names and values. A name that is there twice has its first value, as getenv(3) has it.
#[derive(Default)]
pub(crate) struct Variables(BTreeMap<OsString, OsString>);

impl Variables {
    /// The variables of this process.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub(crate) fn read() -> Self {
        let mut variables = BTreeMap::new();
        for (name, value) in std::env::vars_os() {
            variables.entry(name).or_insert(value);
        }
        Self(variables)
    }

    /// The value of a variable, empty or not.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// The value of a variable that is set and not empty.
    pub(crate) fn set(&self, name: &str) -> Option<&OsStr> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// The value of a variable, where it is UTF-8.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.to_str()
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

/// Values can be secret, and even names say more than a log should.
impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} variables", self.0.len())
    }
}
