//! What went wrong, in the user's words, and what to do next.

#[cfg(test)]
mod tests;

use std::path::Path;

use devkit_fs::{Barrier, EditError};
use devkit_mvn_unblock::{BadId, EncodingError, Error, Text, mask, pom::ProjectError};
use devkit_report::{Excerpt, Place, Position, Words, line_of, message};
use devkit_text::words;

use crate::failure::Failure;
use crate::ui;

/// A settings file that is not touched. `bytes` are what is in it.
pub(super) fn settings(file: &Path, bytes: &[u8], error: &Error) -> Failure {
    refused(file, bytes, error, ", so nothing was changed")
}

/// A settings file that is only to be read.
pub(super) fn unread(file: &Path, bytes: &[u8], error: &Error) -> Failure {
    refused(file, bytes, error, "")
}

fn refused(file: &Path, bytes: &[u8], error: &Error, so: &'static str) -> Failure {
    let so = Words(so);
    let text = match error {
        Error::Encoding(_) => message!("the encoding of {} is not clear{}", file, so),
        Error::Malformed { well_formed: false, .. } => {
            message!("{} is not well-formed XML{}", file, so)
        }
        Error::Malformed { .. } | Error::DuplicateSection { .. } => {
            message!("{} is no file that Maven accepts{}", file, so)
        }
        Error::StillBlocked { .. } => message!("no edit of {} would help{}", file, so),
        Error::NotSettings { .. } => {
            message!("{} is no settings file that Maven reads{}", file, so)
        }
    };
    explained(file, bytes, error, Failure::new(error.code(), text)).hint(hint(error))
}

/// With why, at its place if there is one.
fn explained(file: &Path, bytes: &[u8], error: &Error, failure: Failure) -> Failure {
    let why = reason(bytes, error);
    let Some(at) = error.at() else { return failure.because(why) };
    let width = match error {
        Error::Malformed { width, .. } => *width,
        _ => 1,
    };
    let place = Place::new(file, at);
    let place = match marked(bytes, at, width) {
        Some(excerpt) => place.with_excerpt(excerpt),
        None => place,
    };
    let failure = failure.at(place).labelled(why);
    match error {
        Error::DuplicateSection { first, .. } => {
            let first = Place::new(file, Position { line: *first, column: 1 });
            let finding = failure.finding.clone().related(first, message!("the first one"));
            Failure { finding, ..failure }
        }
        _ => failure,
    }
}

/// Why a file is refused, unless that could hold a part of a secret.
pub(super) fn reason(bytes: &[u8], error: &Error) -> String {
    let Error::Malformed { at, well_formed: false, .. } = error else { return error.to_string() };
    // Behind the last line nothing stands, and nothing secret.
    if lines(bytes, *at).is_none_or(|lines| lines.before) {
        return error.to_string();
    }
    "what stands there is no XML, and may be secret; in text, '&' is written &amp; and '<' is \
     written &lt;"
        .into()
}

/// A line of a file, with what is secret masked.
struct Lines {
    masked: String,
    /// Whether nothing of what is before the place, and of the place itself, is secret.
    before: bool,
}

fn lines(bytes: &[u8], at: Position) -> Option<Lines> {
    let text = Text::decode(bytes).ok()?;
    let line = |text: &str| line_of(text, at.line).map(str::to_owned);
    let (original, masked) = (line(text.as_str())?, line(&mask(text.as_str()))?);
    let with_place: String = original.chars().take(at.column).collect();
    let before = masked.starts_with(&with_place);
    Some(Lines { masked, before })
}

fn hint(error: &Error) -> &'static str {
    match error {
        Error::Encoding(EncodingError::Malformed { .. } | EncodingError::NotReversible(_)) => {
            "save the file in the encoding that its first line names, or as UTF-8"
        }
        Error::Encoding(_) => {
            "correct the encoding in the first line, or save the file as UTF-8 without one"
        }
        // Nearly: Maven 3 knows some names of HTML, such as &nbsp;, which XML does not.
        Error::Malformed { .. } => "correct it there, then run this again",
        Error::NotSettings { .. } => {
            "settings are <settings> without a prefix; name another file with --settings"
        }
        Error::StillBlocked { .. } => {
            "it blocks more than http://; --repo ID lets single repositories past it, or take it out by \
             hand"
        }
        Error::DuplicateSection { .. } => "put both into one; Maven refuses this file too",
    }
}

/// The line with what is wrong in it. None if what is secret in it would move the marker.
fn marked(bytes: &[u8], at: Position, width: usize) -> Option<Excerpt> {
    let Lines { masked, before } = lines(bytes, at)?;
    before.then(|| Excerpt::new(&masked, at.column, width))
}

/// A file that cannot be read or put into place; `again` is what asks for the same change.
pub(super) fn writing(file: &Path, again: Option<&str>, error: EditError) -> anyhow::Error {
    let failure = match error {
        EditError::NotRegular { path, kind } => {
            Failure::new("io", message!("{} is {}, and no file", path, kind))
                .hint("name the settings file: --settings FILE")
        }
        EditError::ReadOnly { path, why } => {
            let text = message!("{} cannot be replaced, so nothing was changed", path);
            let failure = Failure::new("read-only", text).because(why.to_string());
            match again {
                Some(again) => failure.hint(way_round(file, why, again)),
                None => failure.hint("the old file lies beside it; take from it what you need"),
            }
        }
        EditError::Changed { path } => {
            let text = message!("{} was changed by somebody else meanwhile", path);
            Failure::new("changed-meanwhile", text).hint("nothing was changed; run this again")
        }
        EditError::Io { action, path, source } => {
            let text = message!("cannot {} {}", action, path);
            Failure::new("io", text).because(words(&source)).hint("nothing was changed")
        }
    };
    failure.into()
}

/// How to build with changed settings that cannot be put into place. The name of the copy is never
/// that of the file: the shell would empty it before it is read.
fn way_round(file: &Path, why: Barrier, again: &str) -> String {
    let copy = "patched-settings.xml";
    let copy = if file.file_name().is_some_and(|name| name == copy) { "patched.xml" } else { copy };
    match why {
        Barrier::Folder if !file.exists() => format!(
            "make the file elsewhere: devkit mvn-unblock --settings {copy}{again}, then mvn -s {copy}"
        ),
        _ => {
            let from = ui::quoted(&file.to_string_lossy());
            format!(
                "have Maven read a changed copy: devkit mvn-unblock --settings -{again} < {from} > \
                 {copy} && mvn -s {copy}"
            )
        }
    }
}

/// A text that is no id of a repository.
pub(super) fn id(error: &BadId) -> Failure {
    Failure::new("usage", error.to_string()).hint(
        "--repo takes the <id> of a repository, as its POM has it; devkit mvn-unblock status lists them",
    )
}

/// A project that cannot be read.
pub(super) fn project(error: &ProjectError) -> Failure {
    match error {
        ProjectError::NoPom { path } => Failure::new("io", message!("there is no {}", path))
            .hint("--project takes the folder of a pom.xml"),
        ProjectError::Io { path, source } => {
            Failure::new("io", message!("cannot read {}", path)).because(words(source))
        }
        ProjectError::Malformed { path, source } => {
            let failure = Failure::new(source.code(), message!("{} is no POM", path));
            let bytes = std::fs::read(path).unwrap_or_default();
            explained(path, &bytes, source, failure).hint("correct it, then run this again")
        }
    }
}
