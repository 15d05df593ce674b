//! Which modules a release is of.

use crate::repository::{Module, Repository};

/// What the user asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Every module, but hidden ones.
    pub all: bool,
    /// Of those, only what has changed since its last version.
    pub changed: bool,
    /// Folders, module paths and patterns; no others then.
    pub modules: Vec<String>,
    /// Those not.
    pub exclude: Vec<String>,
    /// Those that have no version yet, too.
    pub include_new: bool,
}

/// Patterns that no module fits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unmatched(pub Vec<String>);

impl Selection {
    /// The modules that are meant, by their places, as far as that does not take their changes; and
    /// the names that fit none.
    ///
    /// Without a word: those that have a version, or all if none has one.
    #[must_use]
    pub fn of(&self, repository: &Repository, more: &[String]) -> (Vec<usize>, Unmatched) {
        let modules = &repository.modules;
        let any_released = modules.iter().any(|module| !module.releases.is_empty());
        let named: Vec<&String> = self.modules.iter().chain(more).collect();
        let is_meant = |module: &Module| {
            let is_named = named.iter().any(|pattern| fits(pattern, module));
            let by_default = !any_released || !module.releases.is_empty() || self.include_new;
            // With names, only those; a version for one name beside --all is no selection.
            let by_set = if self.all { true } else { named.is_empty() && by_default };
            is_named || by_set && !module.is_hidden
        };
        let is_excluded =
            |module: &Module| self.exclude.iter().any(|pattern| fits(pattern, module));
        let selected = modules
            .iter()
            .enumerate()
            .filter(|(_, module)| is_meant(module) && !is_excluded(module))
            .map(|(at, _)| at)
            .collect();
        let fits_none = |pattern: &&String| !modules.iter().any(|module| fits(pattern, module));
        let unmatched = named.into_iter().chain(&self.exclude).filter(fits_none).cloned();
        (selected, Unmatched(unmatched.collect()))
    }
}

/// Whether a folder, a module path or a pattern means a module.
#[must_use]
pub fn fits(pattern: &str, module: &Module) -> bool {
    let folder = pattern.strip_prefix("./").unwrap_or(pattern).trim_end_matches('/');
    let folder = if folder == "." { "" } else { folder };
    if folder == module.folder || pattern == module.name() {
        return true;
    }
    let is_pattern = pattern.contains(['*', '?']) || pattern.ends_with("...");
    is_pattern
        && (glob(folder.as_bytes(), module.folder.as_bytes())
            || glob(folder.as_bytes(), module.name().as_bytes()))
}

/// `*` and `?` stop at `/`; `**` does not, nor does Go's `...`. `a/**` and `a/...` are `a`, too.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    if matches!(pattern, b"/**" | b"/...") && text.is_empty() {
        return true;
    }
    let any = |rest: &[u8]| (0..=text.len()).any(|at| glob(rest, &text[at..]));
    match pattern {
        [] => text.is_empty(),
        [b'*', b'*', rest @ ..] | [b'.', b'.', b'.', rest @ ..] => any(rest),
        [b'*', rest @ ..] => {
            let end = text.iter().position(|byte| *byte == b'/').unwrap_or(text.len());
            (0..=end).any(|at| glob(rest, &text[at..]))
        }
        [b'?', rest @ ..] => text.first().is_some_and(|c| *c != b'/') && glob(rest, &text[1..]),
        [c, rest @ ..] => text.first() == Some(c) && glob(rest, &text[1..]),
    }
}
