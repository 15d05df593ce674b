//! The programs of the `PATH`.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The folders of the `PATH`, absolute ones alone: what is found must not depend on the working
/// folder, from which somebody else's program could be run.
#[derive(Debug, Default, Clone)]
pub(crate) struct Programs {
    folders: Vec<PathBuf>,
}

impl Programs {
    pub(crate) fn on(path: Option<&OsStr>) -> Self {
        let folders = path.into_iter().flat_map(std::env::split_paths);
        Self { folders: folders.filter(|folder| folder.is_absolute()).collect() }
    }

    /// The first program of a name. A name with a `/` is a path, and is looked for nowhere.
    pub(crate) fn find(&self, name: &str) -> Option<PathBuf> {
        if name.is_empty() || name.contains('/') {
            return None;
        }
        let mut files = self.folders.iter().map(|folder| folder.join(name));
        files.find(|file| is_program(file))
    }
}

fn is_program(file: &Path) -> bool {
    let found = std::fs::metadata(file);
    found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::fs::{self, File, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::Programs;

    #[test]
    fn only_programs_in_absolute_folders_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let place = |sub: &str, name: &str, mode: u32| {
            let sub = folder.path().join(sub);
            fs::create_dir_all(&sub).unwrap();
            File::create(sub.join(name)).unwrap();
            fs::set_permissions(sub.join(name), Permissions::from_mode(mode)).unwrap();
        };
        place("a", "tool", 0o644);
        place("b", "tool", 0o755);
        place("c", "tool", 0o755);
        fs::create_dir_all(folder.path().join("a/other")).unwrap();
        let path = |folders: &[&str]| -> OsString {
            let whole = folders.iter().map(|name| match name.strip_prefix("./") {
                Some(relative) => relative.into(),
                None if name.is_empty() => "".into(),
                None => folder.path().join(name),
            });
            std::env::join_paths(whole).unwrap()
        };
        for (folders, name, found) in [
            (&["a", "b", "c"][..], "tool", Some("b/tool")),
            (&["c", "b"], "tool", Some("c/tool")),
            (&["./src", "", "b"], "tool", Some("b/tool")),
            (&["./src", ""], "main.rs", None),
            (&["a"], "tool", None),
            (&["a", "b"], "other", None),
            (&["b"], "", None),
            (&["b"], "../b/tool", None),
        ] {
            let found = found.map(|found| folder.path().join(found));
            assert_eq!(Programs::on(Some(&path(folders))).find(name), found, "{folders:?} {name}");
        }
        assert_eq!(Programs::on(None).find("sh"), None);
    }
}
