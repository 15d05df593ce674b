//! The problems that keep a release from being made, and what should be known about it.

use crate::gomod::{GoMod, Token};

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

/// Something that stops a release, or a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is the matter.
    pub code: Code,
    /// The module's folder; `None`: it is about the whole repository.
    pub folder: Option<String>,
    /// What is the matter, as a sentence without a full stop.
    pub message: String,
    /// Where.
    pub place: Option<Place>,
    /// Why, where a place does not tell.
    pub cause: Option<String>,
    /// The repair.
    pub hint: String,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// From the root of the repository.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In bytes, from 1.
    pub column: usize,
    /// The line.
    pub text: String,
    /// Bytes that are meant.
    pub width: usize,
    /// What is the matter with them.
    pub label: String,
}

impl Problem {
    pub(crate) fn new(code: Code, message: impl Into<String>, hint: impl Into<String>) -> Self {
        let (message, hint) = (message.into(), hint.into());
        Self { code, folder: None, message, place: None, cause: None, hint }
    }

    pub(crate) fn because(self, cause: impl Into<String>) -> Self {
        Self { cause: Some(cause.into()), ..self }
    }

    pub(crate) fn of(self, folder: &str) -> Self {
        Self { folder: Some(folder.to_owned()), ..self }
    }

    pub(crate) fn at(self, place: Option<Place>) -> Self {
        Self { place, ..self }
    }
}

impl Place {
    /// A word of a `go.mod` file.
    pub(crate) fn of(file: String, go_mod: &GoMod, token: &Token, label: &str) -> Self {
        Self::at(file, go_mod.as_str(), token.span.clone(), label)
    }

    /// Bytes of a text.
    pub(crate) fn at(file: String, text: &str, span: std::ops::Range<usize>, label: &str) -> Self {
        let before = &text[..span.start.min(text.len())];
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let shown = text[start..].lines().next().unwrap_or_default().to_owned();
        Self {
            file,
            line: 1 + before.matches('\n').count(),
            column: 1 + before.len() - start,
            text: shown,
            width: span.len().max(1),
            label: label.to_owned(),
        }
    }
}
