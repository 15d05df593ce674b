//! Selects modules by folders, module paths and patterns.

use crate::repository::{Module, Repository};

/// What the user asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Every module, but hidden ones.
    pub all: bool,
    /// Only modules that have changed since their last version.
    pub changed: bool,
    /// Folders, module paths and patterns; no others then.
    pub modules: Vec<String>,
    /// Modules that are not meant, by the same kinds of names.
    pub exclude: Vec<String>,
    /// Modules that have no version yet are meant, too.
    pub include_new: bool,
}

/// Patterns that no module fits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unmatched(pub Vec<String>);

impl Selection {
    /// The modules that are meant, by their places, as far as that does not take their changes; and
    /// the names that fit none. Without a word: those that have a version, or all if none has one.
    ///
    /// `more` are meant, too; and nothing but them and names if `is_selection`.
    #[must_use]
    pub fn of(
        &self,
        repository: &Repository,
        more: &[String],
        is_selection: bool,
    ) -> (Vec<usize>, Unmatched) {
        let modules = &repository.modules;
        let any_released = modules.iter().any(|module| !module.releases.is_empty());
        let is_named =
            |names: &[String], module: &Module| names.iter().any(|name| fits(name, module));
        let has_names = !self.modules.is_empty() || is_selection && !more.is_empty();
        let is_meant = |module: &Module| {
            let by_default = !any_released || !module.releases.is_empty() || self.include_new;
            let by_set = self.all || !has_names && by_default;
            is_named(&self.modules, module) || by_set && !module.is_hidden
        };
        let selected = modules
            .iter()
            .enumerate()
            .filter(|(_, module)| {
                is_named(more, module) || is_meant(module) && !is_named(&self.exclude, module)
            })
            .map(|(at, _)| at)
            .collect();
        let fits_none = |pattern: &&String| !modules.iter().any(|module| fits(pattern, module));
        let named = self.modules.iter().chain(more).chain(&self.exclude);
        (selected, Unmatched(named.filter(fits_none).cloned().collect()))
    }
}

/// Whether a folder, a module path or a pattern means a module.
#[must_use]
pub fn fits(pattern: &str, module: &Module) -> bool {
    let folder = pattern.strip_prefix("./").unwrap_or(pattern).trim_end_matches('/');
    let folder = if folder == "." { "" } else { folder };
    if folder == module.folder || pattern.trim_end_matches('/') == module.name() {
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
