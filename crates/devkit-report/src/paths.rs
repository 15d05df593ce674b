//! How paths are told: as they were typed, or with `~` for the home folder; and which of them lie in the
//! folder that annotations are about.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

use devkit_text::escape;

/// What a reader of messages knows, so that paths can be short. The default tells every path whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PathNames {
    home: Option<PathBuf>,
    typed: Vec<PathBuf>,
    base: Option<PathBuf>,
}

impl PathNames {
    /// With `~` for this folder. A home that is `/` itself says nothing about a path.
    #[must_use]
    pub fn at_home(self, home: Option<PathBuf>) -> Self {
        Self { home: home.filter(|home| home.components().count() > 1), ..self }
    }

    /// A path that was typed is told in the same way. `-` then means standard input.
    #[must_use]
    pub fn typed(mut self, path: impl Into<PathBuf>) -> Self {
        self.typed.push(path.into());
        self
    }

    /// The folder that annotations are about: the working folder, or the root of a repository.
    #[must_use]
    pub fn below(self, base: impl Into<PathBuf>) -> Self {
        Self { base: Some(base.into()), ..self }
    }

    /// The folder that annotations are about.
    #[must_use]
    pub fn base(&self) -> Option<&Path> {
        self.base.as_deref()
    }

    /// Whether a path stands for standard input.
    #[must_use]
    pub fn is_standard_input(&self, path: &Path) -> bool {
        path == Path::new("-") && self.is_typed(path)
    }

    /// A path for people, escaped.
    #[must_use]
    pub fn show(&self, path: &Path) -> String {
        if self.is_standard_input(path) {
            return "standard input".into();
        }
        let home = self.home.as_deref().filter(|_| !self.is_typed(path));
        match home.and_then(|home| path.strip_prefix(home).ok()) {
            Some(rest) if rest.as_os_str().is_empty() => "~".into(),
            Some(rest) => escape(Path::new("~").join(rest).as_os_str().as_encoded_bytes()),
            None => escape(path.as_os_str().as_encoded_bytes()),
        }
    }

    /// A path for annotations: relative if it lies below the base, else absolute where that can be
    /// known. `.` and `..` are gone.
    #[must_use]
    pub fn annotated<'p>(&self, path: &'p Path) -> Cow<'p, Path> {
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        if path.components().all(plain) && !path.starts_with(".") {
            return Cow::Borrowed(path);
        }
        let Some(base) = &self.base else { return Cow::Owned(settled(path)) };
        let whole = settled(&base.join(path));
        match whole.strip_prefix(settled(base)) {
            Ok(rest) => Cow::Owned(rest.to_owned()),
            Err(_) => Cow::Owned(whole),
        }
    }

    fn is_typed(&self, path: &Path) -> bool {
        self.typed.iter().any(|typed| typed == path)
    }
}

/// The path without `.`, and without `..` as far as the path itself tells what is above.
fn settled(path: &Path) -> PathBuf {
    let mut settled = PathBuf::new();
    for part in path.components() {
        let above = settled.components().next_back();
        match (part, above) {
            (Component::CurDir, _) | (Component::ParentDir, Some(Component::RootDir)) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                settled.pop();
            }
            (part, _) => settled.push(part),
        }
    }
    settled
}
