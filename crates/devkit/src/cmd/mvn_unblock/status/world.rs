//! The mirrors and repositories that there are: of the user, of the installation, of their profiles.

use std::path::{Path, PathBuf};

use devkit_mvn_unblock::mirror::{self, Mirror};
use devkit_mvn_unblock::{Declaration, Origin, Parsed, Remedy, Repository, Settings};
use devkit_report::{Detailed, Place, message};
use devkit_text::words;

use super::super::{Names, SettingsFiles, standard_input, trouble, warning};
use crate::failure::Failure;

/// The mirrors that there are, and where from.
pub(crate) struct World {
    /// The user's settings.
    pub(crate) file: PathBuf,
    /// The settings of the installation, if they were found.
    pub(super) installation: Option<PathBuf>,
    pub(super) user: Vec<Mirror>,
    of_installation: Vec<Mirror>,
    /// Repositories of profiles, with the file they are in.
    pub(super) repositories: Vec<(Repository, Declaration)>,
    pub(crate) warnings: Vec<Detailed<Remedy>>,
}

impl World {
    pub(crate) fn read(names: &Names<'_>, files: &SettingsFiles) -> anyhow::Result<Self> {
        let file = names.file()?;
        let mut world = Self {
            installation: files.global_settings.clone().or_else(|| names.installation()),
            user: Vec::new(),
            of_installation: vec![Mirror::stock()],
            repositories: Vec::new(),
            warnings: names.redirected(),
            file,
        };
        let path = world.file.clone();
        let bytes = if names.is_standard_input(&path) {
            Some(standard_input("the settings")?)
        } else {
            devkit_fs::look(&path).map_err(|error| trouble::writing(&path, None, error))?.1
        };
        if let Some(bytes) = bytes {
            let failed = |error| trouble::unread(&path, &bytes, &error);
            let parsed = Parsed::new(&bytes).map_err(failed)?;
            let settings = Settings::read(&parsed, &names.property()).map_err(failed)?;
            world.user = settings.mirrors();
            world.take_repositories(names, &settings, &path);
            world.warnings.extend(settings.notes(&path));
        }
        if let Some(path) = world.installation.clone() {
            world.read_installation(names, &path, files.global_settings.is_some())?;
        }
        Ok(world)
    }

    fn read_installation(
        &mut self,
        names: &Names<'_>,
        path: &Path,
        is_explicit: bool,
    ) -> anyhow::Result<()> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if is_explicit => {
                return Err(Failure::new("io", message!("cannot read {}", path))
                    .because(words(&error))
                    .hint("--global-settings takes conf/settings.xml of an installation")
                    .into());
            }
            Err(_) => Vec::new(),
        };
        let read = || {
            let parsed = Parsed::new(&bytes)?;
            let settings = Settings::read(&parsed, &names.property())?;
            self.of_installation = settings.mirrors();
            for mirror in &mut self.of_installation {
                if let Origin::User { entry, at } = mirror.origin {
                    mirror.origin = Origin::Installation { file: path.to_owned(), entry, at };
                }
            }
            self.take_repositories(names, &settings, path);
            Ok(())
        };
        let mut read = read;
        match read() {
            Ok(()) => Ok(()),
            Err(error) if is_explicit => Err(trouble::unread(path, &bytes, &error).into()),
            Err(error) => {
                let message = message!(
                    "{} cannot be read ({}); the mirrors of Maven as it comes are taken",
                    path,
                    trouble::reason(&bytes, &error)
                );
                self.warnings.push(warning("installation-unread", message));
                Ok(())
            }
        }
    }

    fn take_repositories(&mut self, names: &Names<'_>, settings: &Settings<'_>, file: &Path) {
        for found in settings.repositories(&names.property()) {
            let profile = Some(found.profile.clone());
            let place = Declaration { place: Place::new(file, found.at), profile };
            self.repositories.push((found.repository(), place));
        }
    }

    /// The mirrors that count.
    pub(crate) fn effective(&self) -> Vec<Mirror> {
        mirror::merged(&self.user, &self.of_installation)
    }

    /// All, also those that do not count.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Mirror> {
        self.user.iter().chain(&self.of_installation)
    }

    pub(crate) fn origin(&self, names: &Names<'_>, origin: &Origin) -> String {
        match origin {
            Origin::User { at, .. } => format!("{}:{}", names.show(&self.file), at.line),
            Origin::Installation { file, at, .. } => format!("{}:{}", names.show(file), at.line),
            Origin::Stock => "Maven 3.8.1 and newer".into(),
        }
    }
}
