//! Every error of settings, projects and edits, with hostile text in each field.

use std::io;

use devkit_fs::{Barrier, EditError};
use devkit_mvn_unblock::pom::ProjectError;
use devkit_mvn_unblock::{BadId, EncodingError, Error};
use devkit_report::Position;
use proptest::prelude::*;

use super::{id, project, settings, unread, writing};
use crate::failure::Failure;
use crate::failure::tests::{assert_tame, every, hostile, path};

const AT: Position = Position { line: 1, column: 2 };

every! {
    fn encodings(text) -> EncodingError {
        EncodingError::Unknown(_) => EncodingError::Unknown(text.into()),
        EncodingError::Contradiction { .. } =>
            EncodingError::Contradiction { declared: text.into(), found: "UTF-16LE" },
        EncodingError::Malformed { .. } =>
            EncodingError::Malformed { encoding: text.into(), at: 3 },
        EncodingError::NotReversible(_) => EncodingError::NotReversible(text.into()),
    }
}

every! {
    fn refusals(text) -> Error {
        Error::Encoding(_) => Error::Encoding(EncodingError::Unknown(text.into())),
        Error::Malformed { .. } =>
            Error::Malformed { at: AT, width: 3, why: text.into(), well_formed: false },
        Error::NotSettings { .. } => Error::NotSettings { at: AT, why: text.into() },
        Error::DuplicateSection { .. } =>
            Error::DuplicateSection { at: AT, name: text.into(), first: 1 },
        Error::StillBlocked { .. } => Error::StillBlocked { mirror: text.into() },
    }
}

every! {
    fn projects(text) -> ProjectError {
        ProjectError::NoPom { .. } => ProjectError::NoPom { path: path(text) },
        ProjectError::Io { .. } =>
            ProjectError::Io { path: path(text), source: io::Error::other(text) },
        ProjectError::Malformed { .. } => ProjectError::Malformed {
            path: path(text),
            source: Error::NotSettings { at: AT, why: text.into() },
        },
    }
}

every! {
    fn edits(text) -> EditError {
        EditError::NotRegular { .. } =>
            EditError::NotRegular { path: path(text), kind: "a folder" },
        EditError::ReadOnly { .. } =>
            EditError::ReadOnly { path: path(text), why: Barrier::Folder },
        EditError::Changed { .. } => EditError::Changed { path: path(text) },
        EditError::Io { .. } =>
            EditError::Io { action: "read", path: path(text), source: io::Error::other(text) },
    }
}

proptest! {
    #[test]
    fn no_error_of_settings_has_hostile_text(text in hostile()) {
        let file = path(&text);
        let errors = encodings(&text).into_iter().map(Error::Encoding);
        for error in errors.chain(refusals(&text)) {
            for bytes in [text.as_bytes(), b"<a>x</a>"] {
                assert_tame(&settings(&file, bytes, &error));
                assert_tame(&unread(&file, bytes, &error));
            }
        }
        for error in projects(&text) {
            assert_tame(&project(&error));
        }
        for error in edits(&text) {
            let error = writing(&file, Some(&text), error);
            assert_tame(error.downcast_ref::<Failure>().unwrap());
        }
        assert_tame(&id(&BadId { id: text.clone(), why: "is none" }));
    }
}
