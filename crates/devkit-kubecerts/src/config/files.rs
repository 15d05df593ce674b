//! Which files count, and what they come to together: client-go's loading rules
//! (`tools/clientcmd/loader.go`).

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use devkit_report::{Finding, Place, message};

use crate::config::kubeconfig::{self, Cluster, Context, Entry, User};
use crate::error::Error;
use crate::secret::{safe_path, safe_place};
use crate::warning::{Code, found};

/// What decides which files are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sources<'a> {
    /// `--kubeconfig`: this file, and no other. It is one name, not a list.
    pub flag: Option<&'a Path>,
    /// The value of `KUBECONFIG`: a list of files.
    pub variable: Option<&'a OsStr>,
    /// The value of `HOME`.
    pub home: Option<&'a Path>,
}

/// A file as it was read, once.
#[derive(Debug, Clone)]
pub struct FileBytes {
    /// All of it.
    pub bytes: zeroize::Zeroizing<Vec<u8>>,
    /// Whether others than its owner can read it.
    pub readable_by_others: bool,
}

/// Reads a file: the system's `read`, or standard input for `-`.
pub type Read<'a> = &'a dyn Fn(&Path) -> io::Result<FileBytes>;

/// All files together. A name stands for the entry of the first file that has it, whole.
#[derive(Debug)]
pub struct Kubeconfig {
    pub(crate) files: Vec<Arc<Path>>,
    pub(crate) contexts: Vec<Entry<Context>>,
    pub(crate) clusters: Vec<Entry<Cluster>>,
    pub(crate) users: Vec<Entry<User>>,
    pub(crate) current_context: Option<(String, Arc<Path>)>,
    pub(crate) warnings: Vec<Finding>,
}

impl Kubeconfig {
    /// Reads the files that kubectl would read.
    ///
    /// # Errors
    ///
    /// [`Error::NoKubeconfig`] and [`Error::FileNotFound`] where nothing is there, and whatever is
    /// wrong with any of the files: one that is broken makes all of them unusable, as in kubectl.
    pub fn load(sources: &Sources<'_>, read: Read<'_>) -> Result<Self, Error> {
        let (paths, explicit) = sources.paths();
        let mut all = Self {
            files: Vec::new(),
            contexts: Vec::new(),
            clusters: Vec::new(),
            users: Vec::new(),
            current_context: None,
            warnings: Vec::new(),
        };
        for path in &paths {
            let file = match read(path) {
                Ok(file) => file,
                // A list may name files that are not there.
                Err(error) if is_missing(&error) && !explicit => continue,
                Err(error) if is_missing(&error) => {
                    return Err(Error::FileNotFound { path: path.clone(), named_by: None });
                }
                Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
                    return Err(Error::IsDirectory { path: path.clone(), named_by: None });
                }
                Err(source) => {
                    return Err(Error::Unreadable { path: path.clone(), named_by: None, source });
                }
            };
            all.add(path, &file)?;
        }
        if all.files.is_empty() {
            return Err(Error::NoKubeconfig { tried: paths });
        }
        all.forget_repeated();
        Ok(all)
    }

    fn add(&mut self, path: &Path, file: &FileBytes) -> Result<(), Error> {
        let path: Arc<Path> = path.into();
        let config = kubeconfig::parse(&path, &file.bytes)?;
        if file.readable_by_others {
            let message = message!("{} can be read by others than its owner", safe_path(&path));
            let place = safe_place(&Place::file(Arc::clone(&path)));
            self.warnings.push(found(Code::KubeconfigReadableByOthers, message).at(place));
        }
        self.warnings.extend(config.warnings);
        self.contexts.extend(config.contexts);
        self.clusters.extend(config.clusters);
        self.users.extend(config.users);
        if self.current_context.is_none() && !config.current_context.is_empty() {
            self.current_context = Some((config.current_context, Arc::clone(&path)));
        }
        self.files.push(path);
        Ok(())
    }

    fn forget_repeated(&mut self) {
        fn first_of_each<T>(entries: &mut Vec<Entry<T>>) {
            let mut names = std::collections::HashSet::new();
            entries.retain(|entry| names.insert(entry.name.clone()));
        }
        first_of_each(&mut self.contexts);
        first_of_each(&mut self.clusters);
        first_of_each(&mut self.users);
    }

    /// The files that were there, in their order.
    #[must_use]
    pub fn files(&self) -> &[Arc<Path>] {
        &self.files
    }

    /// What concerns the files as a whole.
    #[must_use]
    pub fn warnings(&self) -> &[Finding] {
        &self.warnings
    }

    /// The current context, and the file that says so.
    #[must_use]
    pub fn current_context(&self) -> Option<(&str, &Path)> {
        self.current_context.as_ref().map(|(name, file)| (name.as_str(), &**file))
    }
}

impl Sources<'_> {
    /// The files in their order, and whether the one there is was asked for by name.
    fn paths(&self) -> (Vec<PathBuf>, bool) {
        if let Some(flag) = self.flag.filter(|path| !path.as_os_str().is_empty()) {
            return (vec![flag.into()], true);
        }
        if let Some(list) = self.variable.filter(|list| !list.is_empty()) {
            let mut paths: Vec<PathBuf> = Vec::new();
            for name in list.as_bytes().split(|b| *b == b':').filter(|name| !name.is_empty()) {
                let path = PathBuf::from(OsStr::from_bytes(name));
                // Compared as bytes: `./a` and `a` are two names.
                if !paths.iter().any(|known| known.as_os_str() == path.as_os_str()) {
                    paths.push(path);
                }
            }
            return (paths, false);
        }
        let folder = self.home.unwrap_or(Path::new("")).join(".kube");
        let (usual, old) = (folder.join("config"), folder.join(".kubeconfig"));
        // kubectl would copy the old one to the usual place. Each is read once: the second only where
        // the first is not there.
        let missing = usual.symlink_metadata().is_err_and(|error| is_missing(&error));
        (vec![if missing && old.is_file() { old } else { usual }], false)
    }
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}
