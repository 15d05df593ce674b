//! The problems that keep a release from being made, and what should be known about it.

use std::path::Path;

use devkit_report::{Detailed, Excerpt, Finding, Message, Place, Position, Severity};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::go::gomod::{GoMod, Token};
use crate::repository::shown_folder;

/// What is the matter. Codes are promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// A version that Go does not take from a tag, or that is lower than the last.
    BadVersion,
    /// A `module` line that Go cannot fetch.
    BadModulePath,
    /// A module that does not lie where its path says.
    PathMismatch,
    /// A version and a path of other major versions.
    MajorMismatch,
    /// Two modules that Go cannot tell apart.
    DuplicateModule,
    /// A requirement that nobody outside can fulfil.
    RequireUnresolvable,
    /// A requirement of a version that lacks what has been changed since.
    RequireBehind,
    /// A new module whose packages are in a required version of the one around it, too.
    CarveOut,
    /// Files that keep Go from making a zip file.
    ZipInvalid,
    /// A tag of that name is on another commit, or at the remote.
    TagExists,
    /// A tag of which this one would be a folder, or the other way round.
    RefConflict,
    /// Files that are not committed.
    Dirty,
    /// A commit that no branch has.
    CommitNotOnBranch,
    /// A repository without its whole history.
    Shallow,
    /// A tag could not be signed.
    SignFailed,
    /// git does not know who makes the tag.
    NoIdentity,
    /// There is nothing to release at all, or nothing of that name.
    NoModules,
    /// `go install path@version` refuses modules with `replace` or `exclude`.
    ReplaceBlocksInstall,
    /// A `replace` that nobody outside follows.
    ReplaceIgnored,
    /// A module without a license, whose documentation is not shown.
    NoLicense,
}

impl Code {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::BadVersion,
        Self::BadModulePath,
        Self::PathMismatch,
        Self::MajorMismatch,
        Self::DuplicateModule,
        Self::RequireUnresolvable,
        Self::RequireBehind,
        Self::CarveOut,
        Self::ZipInvalid,
        Self::TagExists,
        Self::RefConflict,
        Self::Dirty,
        Self::CommitNotOnBranch,
        Self::Shallow,
        Self::SignFailed,
        Self::NoIdentity,
        Self::NoModules,
        Self::ReplaceBlocksInstall,
        Self::ReplaceIgnored,
        Self::NoLicense,
    ];

    /// What the code means, in words.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::BadVersion => "a version that Go does not take from a tag, or a lower one",
            Self::BadModulePath => "a module path that Go cannot fetch",
            Self::PathMismatch => "a module that does not lie where its path says",
            Self::MajorMismatch => "a version and a module path of other major versions",
            Self::DuplicateModule => "two modules that Go cannot tell apart",
            Self::RequireUnresolvable => "a requirement that nobody outside can fulfil",
            Self::RequireBehind => "a requirement of a version that lacks what has changed since",
            Self::CarveOut => "packages that are in two modules",
            Self::ZipInvalid => "files that keep Go from making a zip file",
            Self::TagExists => "a tag of that name, which leads elsewhere",
            Self::RefConflict => "a tag that git cannot keep beside another one",
            Self::Dirty => "files that are not committed",
            Self::CommitNotOnBranch => "a commit that no branch has",
            Self::Shallow => "a repository without its whole history",
            Self::SignFailed => "a tag that could not be signed",
            Self::NoIdentity => "tags of somebody whom git does not know",
            Self::NoModules => "nothing to release, or nothing of that name",
            Self::ReplaceBlocksInstall => "a module that go install refuses",
            Self::ReplaceIgnored => "a replace that nobody outside follows",
            Self::NoLicense => "a module without a license, whose documentation is not shown",
        }
    }

    /// The code as it is written in output and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadVersion => "bad-version",
            Self::BadModulePath => "bad-module-path",
            Self::PathMismatch => "path-mismatch",
            Self::MajorMismatch => "major-mismatch",
            Self::DuplicateModule => "duplicate-module",
            Self::RequireUnresolvable => "require-unresolvable",
            Self::RequireBehind => "require-behind",
            Self::CarveOut => "carve-out",
            Self::ZipInvalid => "zip-invalid",
            Self::TagExists => "tag-exists",
            Self::RefConflict => "ref-conflict",
            Self::Dirty => "dirty",
            Self::CommitNotOnBranch => "commit-not-on-branch",
            Self::Shallow => "shallow",
            Self::SignFailed => "sign-failed",
            Self::NoIdentity => "no-identity",
            Self::NoModules => "no-modules",
            Self::ReplaceBlocksInstall => "replace-blocks-install",
            Self::ReplaceIgnored => "replace-ignored",
            Self::NoLicense => "no-license",
        }
    }
}

/// What only this recipe knows of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What is the matter.
    pub code: Code,
    /// The module's folder; `None`: it is about the whole repository.
    pub folder: Option<String>,
}

impl Serialize for Judgement {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(1))?;
        map.serialize_entry("directory", &self.folder.as_deref().map(shown_folder))?;
        map.end()
    }
}

/// Something that stops a release.
pub(crate) fn problem(
    code: Code,
    message: impl Into<Message>,
    hint: impl Into<Message>,
) -> Detailed<Judgement> {
    Finding::error(code.as_str(), message).hint(hint).with(Judgement { code, folder: None })
}

/// Says more about a finding.
pub(crate) trait Judge: Sized {
    /// Why, where a place does not tell.
    fn because(self, cause: impl Into<Message>) -> Self;
    /// Which module it is about, by its folder.
    fn of(self, folder: &str) -> Self;
    /// Where it is, and what is wrong there.
    fn at(self, place: Option<(Place, Message)>) -> Self;
    /// Only to be known: it stops nothing.
    fn warns(self) -> Self;
}

impl Judge for Detailed<Judgement> {
    fn because(self, cause: impl Into<Message>) -> Self {
        Self { finding: self.finding.because(cause), ..self }
    }

    fn of(mut self, folder: &str) -> Self {
        self.detail.folder = Some(folder.to_owned());
        self
    }

    fn at(mut self, place: Option<(Place, Message)>) -> Self {
        if let Some((place, label)) = place {
            self.finding = self.finding.at(place).labelled(label);
        }
        self
    }

    fn warns(mut self) -> Self {
        self.finding.severity = Severity::Warning;
        self
    }
}

/// A word of a `go.mod` file, which is named from the root of the repository; and what is wrong with it.
pub(crate) fn go_mod_place(
    file: &str,
    go_mod: &GoMod,
    token: &Token,
    label: impl Into<Message>,
) -> (Place, Message) {
    let text = go_mod.as_str();
    let start = token.span.start.min(text.len());
    let (before, rest) = text.split_at(start);
    let in_line = before.rsplit('\n').next().unwrap_or_default();
    let line = [in_line, rest.split('\n').next().unwrap_or_default()].concat();
    let column = 1 + in_line.chars().count();
    let width = text.get(token.span.clone()).map_or(1, |word| word.chars().count()).max(1);
    let at = Position { line: 1 + before.matches('\n').count(), column };
    let excerpt = Excerpt::new(line.trim_end_matches('\r'), column, width);
    let place = Place::new(Path::new(file), at).spanning(token.span.clone());
    (place.with_excerpt(excerpt), label.into())
}
