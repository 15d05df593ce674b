//! What the writers make of a finding, hostile text and odd places among it.

mod annotations;
mod excerpts;
mod hostile;
mod messages;
mod texts;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::{Emphasis, Finding, PathNames, Place, Position, TextWriter, message};

/// A path whose name is not UTF-8.
fn odd_path() -> PathBuf {
    Path::new(OsStr::from_bytes(b"/home/u/caf\xe9.xml")).to_owned()
}

fn at(line: usize, column: usize) -> Position {
    Position { line, column }
}

/// Findings of every shape, with `text` wherever something foreign can be.
fn shapes(text: &str) -> Vec<Finding> {
    let line = format!("a{text}b{text}");
    let place = || Place::new(Path::new("src/a.xml"), at(2, 2)).spanning(9..10);
    let named = Path::new(text).to_owned();
    let bare = Finding::warning("some-code", message!("'{}' is odd", text));
    vec![
        bare.clone(),
        bare.clone().at(place()).labelled(text),
        bare.clone().at(place().seen_in(&format!("x\n{line}\n"), 3)).labelled(message!("{}", text)),
        bare.clone().at(Place::file(Path::new("-"))),
        bare.clone().at(Place::new(odd_path(), at(1, 1)).seen_in(&line, 0)),
        bare.clone().at(Place::file(named.clone())),
        bare.clone().at(Place::new(named.clone(), at(1, usize::MAX)).seen_in(&line, usize::MAX)),
        bare.clone().at(place()).related(Place::new(named.clone(), at(7, 1)), text),
        bare.clone().because(message!("{}", crate::SeveralLines(text))).hint(text.to_owned()),
        Finding::error(text.to_owned(), message!("{} and {}", named, crate::Argument::of(text))),
    ]
}

/// Without colour, at 60 columns.
fn writer(paths: &PathNames) -> TextWriter<'_> {
    fn plain(_: Emphasis, text: &str) -> String {
        text.to_owned()
    }
    TextWriter { paths, columns: Some(60), unicode: true, paint: &plain }
}
