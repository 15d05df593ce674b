//! What went wrong, in the user's words, and what to do next.

use std::path::Path;

use devkit_fs::{Barrier, EditError};
use devkit_mvn_unblock::{BadId, EncodingError, Error, Position, Text, mask, pom::ProjectError};
use devkit_text::{escape, words};

use super::Names;
use crate::excerpt::excerpt;
use crate::failure::Failure;
use crate::ui::{self, Ui};

/// A settings file that is not touched. `bytes` are what is in it.
pub(super) fn settings(
    ui: &Ui,
    names: &Names<'_>,
    file: &Path,
    bytes: &[u8],
    error: &Error,
) -> Failure {
    refused(ui, names, file, bytes, error, ", so nothing was changed")
}

/// A settings file that is only to be read.
pub(super) fn unread(
    ui: &Ui,
    names: &Names<'_>,
    file: &Path,
    bytes: &[u8],
    error: &Error,
) -> Failure {
    refused(ui, names, file, bytes, error, "")
}

fn refused(
    ui: &Ui,
    names: &Names<'_>,
    file: &Path,
    bytes: &[u8],
    error: &Error,
    so: &str,
) -> Failure {
    let name = names.show(file);
    let text = match error {
        Error::Encoding(_) => {
            format!("the encoding of {name} is not clear{so}")
        }
        Error::Malformed { well_formed: false, .. } => {
            format!("{name} is not well-formed XML{so}")
        }
        Error::Malformed { .. } | Error::DuplicateSection { .. } => {
            format!("{name} is no file that Maven accepts{so}")
        }
        Error::StillBlocked { .. } => {
            format!("no edit of {name} would help{so}")
        }
        Error::NotSettings { .. } => {
            format!("{name} is no settings file that Maven reads{so}")
        }
    };
    let failure = Failure::new(error.code(), text).hint(hint(error));
    let why = reason(bytes, error);
    let Some(at) = error.at() else { return failure.because(why) };
    let width = match error {
        Error::Malformed { width, .. } => *width,
        _ => 1,
    };
    let place = format!("{name}:{at}");
    // For a program all of it is in the message.
    if ui.json {
        return Failure {
            place: Some(place),
            ..failure.because(format!("line {}, column {}: {why}", at.line, at.column))
        };
    }
    match marked(bytes, at, width, &why) {
        Some(excerpt) => Failure { place: Some(format!("{place}\n{excerpt}")), ..failure },
        None => Failure { place: Some(place), ..failure.because(why) },
    }
}

/// Why a file is refused, unless that could hold a part of a secret.
pub(super) fn reason(bytes: &[u8], error: &Error) -> String {
    let Error::Malformed { at, well_formed: false, .. } = error else { return error.to_string() };
    // Behind the last line nothing stands, and nothing secret.
    if lines(bytes, *at).is_none_or(|lines| lines.before.is_some()) {
        return error.to_string();
    }
    "what stands there is no XML, and may be secret; in text, '&' is written &amp; and '<' is \
     written &lt;"
        .into()
}

/// A line of a file, with what is secret masked.
struct Lines {
    masked: String,
    /// What is before the place, if nothing of it and of the place itself is secret.
    before: Option<String>,
}

fn lines(bytes: &[u8], at: Position) -> Option<Lines> {
    let text = Text::decode(bytes).ok()?;
    let line = |text: &str| {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        text.lines().nth(at.line - 1).map(str::to_owned)
    };
    let (original, masked) = (line(text.as_str())?, line(&mask(text.as_str()))?);
    let with_place: String = original.chars().take(at.column).collect();
    let before = masked.starts_with(&with_place);
    let before = before.then(|| original.chars().take(at.column - 1).collect());
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

/// The line with a marker under what is wrong. None if what is secret in it would move the marker.
fn marked(bytes: &[u8], at: Position, width: usize, why: &str) -> Option<String> {
    let Lines { masked, before } = lines(bytes, at)?;
    Some(excerpt(at.line, &masked, &before?, width, why))
}

/// A file that cannot be read or put into place; `again` is what asks for the same change.
pub(super) fn writing(
    names: &Names<'_>,
    file: &Path,
    again: Option<&str>,
    error: EditError,
) -> anyhow::Error {
    let failure = match error {
        EditError::NotRegular { path, kind } => {
            Failure::new("io", format!("{} is {kind}, and no file", names.show(&path)))
                .hint("name the settings file: --settings FILE")
        }
        EditError::ReadOnly { path, why } => {
            let text = format!("{} cannot be replaced, so nothing was changed", names.show(&path));
            let failure = Failure::new("read-only", text).because(why.to_string());
            match again {
                Some(again) => failure.hint(way_round(file, why, again)),
                None => failure.hint("the old file lies beside it; take from it what you need"),
            }
        }
        EditError::Changed { path } => {
            let text = format!("{} was changed by somebody else meanwhile", names.show(&path));
            Failure::new("changed-meanwhile", text).hint("nothing was changed; run this again")
        }
        EditError::Io { action, path, source } => {
            let text = format!("cannot {action} {}", names.show(&path));
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
    let shown = |path: &Path| escape(path.as_os_str().as_encoded_bytes());
    match error {
        ProjectError::NoPom { path } => Failure::new("io", format!("there is no {}", shown(path)))
            .hint("--project takes the folder of a pom.xml"),
        ProjectError::Io { path, source } => {
            Failure::new("io", format!("cannot read {}", shown(path))).because(words(source))
        }
        ProjectError::Malformed { path, source } => {
            let place = source.at().map(|at| format!("{}:{at}", shown(path)));
            let failure = Failure::new(source.code(), format!("{} is no POM", shown(path)));
            let why = reason(&std::fs::read(path).unwrap_or_default(), source);
            Failure { place, ..failure.because(why) }.hint("correct it, then run this again")
        }
    }
}
