//! What a run finds around it: each thing is read in one place and handed down as a value.

pub(crate) mod clock;
pub(crate) mod home;
pub(crate) mod programs;
pub(crate) mod runtime;
pub(crate) mod signals;
pub(crate) mod variables;

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use self::home::Home;
use self::programs::Programs;
use self::variables::Variables;

/// The machine, user and environment of one run. What costs a look-up is looked up at the first
/// question only, because `--help` asks nothing.
#[derive(Debug, Default)]
pub(crate) struct Host {
    /// The environment, as it was at the start.
    pub(crate) variables: Variables,
    /// The time at the start, which all judgements of one run share.
    pub(crate) started: jiff::Timestamp,
    folder: OnceCell<PathBuf>,
    home: OnceCell<Home>,
    programs: OnceCell<Programs>,
}

impl Host {
    /// Reads the environment and the clock.
    pub(crate) fn read() -> Self {
        Self { variables: Variables::read(), started: clock::now(), ..Self::default() }
    }

    /// The working folder; empty where it is gone.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks for it")]
    pub(crate) fn folder(&self) -> &Path {
        self.folder.get_or_init(|| std::env::current_dir().unwrap_or_default())
    }

    /// The home folders of the user.
    pub(crate) fn home(&self) -> &Home {
        self.home.get_or_init(|| Home::of(&self.variables))
    }

    /// The programs of the `PATH`.
    pub(crate) fn programs(&self) -> &Programs {
        self.programs.get_or_init(|| Programs::on(self.variables.get("PATH")))
    }
}
