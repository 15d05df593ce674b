//! The way to tell an answer: as documents for programs or as text for people, with an exit code.

use anyhow::Context as _;
use devkit_report::to_json;
use serde::Serialize;

use super::{Ui, bytes};
use crate::exit;

/// What a command found out or did.
pub(crate) trait Answer {
    /// What `--json` prints.
    ///
    /// # Errors
    ///
    /// Where a document cannot be made.
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()>;

    /// What people read on standard output; empty where there is nothing to say.
    fn text(&self, ui: &Ui) -> String;

    /// What goes to standard error before it, unless `--json` or `--quiet` asks for less.
    fn remarks(&self, _ui: &Ui) {}

    /// What goes to standard error behind it, on the same terms.
    fn afterwards(&self, _ui: &Ui) {}

    /// Whether the text only tells what was done, so that `--quiet` leaves it out.
    fn is_account(&self) -> bool {
        false
    }

    /// What `--quiet` leaves of the text.
    fn brief(&self, ui: &Ui) -> String {
        if self.is_account() { String::new() } else { self.text(ui) }
    }

    /// Writes a text for people to standard output. A script goes there byte for byte, and a page of
    /// the manual through a pager.
    ///
    /// # Errors
    ///
    /// Where standard output cannot be written.
    fn write(&self, ui: &Ui, text: &str) -> anyhow::Result<()> {
        ui.text(text)
    }

    /// The exit code that it comes to.
    fn exit(&self) -> u8 {
        exit::DONE
    }
}

/// Documents of `--json`, a line each.
#[derive(Default)]
pub(crate) struct Documents(Vec<u8>);

impl Documents {
    /// Adds one.
    ///
    /// # Errors
    ///
    /// Where it cannot be made.
    pub(crate) fn add(&mut self, document: &impl Serialize) -> anyhow::Result<()> {
        let line = to_json(document).context("cannot make a JSON document")?;
        self.0.extend_from_slice(line.as_bytes());
        self.0.push(b'\n');
        Ok(())
    }
}

impl Ui {
    /// Tells an answer in the way that was asked for, and gives its exit code.
    ///
    /// # Errors
    ///
    /// Where standard output cannot be written.
    pub(crate) fn answer(&self, answer: &impl Answer) -> anyhow::Result<u8> {
        if self.json {
            let mut documents = Documents::default();
            answer.documents(&mut documents)?;
            bytes(&documents.0)?;
            return Ok(answer.exit());
        }
        if self.quiet {
            answer.write(self, &answer.brief(self))?;
            return Ok(answer.exit());
        }
        answer.remarks(self);
        answer.write(self, &answer.text(self))?;
        answer.afterwards(self);
        Ok(answer.exit())
    }

    /// A part of an answer's text that is known already; the document has it at the end.
    ///
    /// # Errors
    ///
    /// Where standard output cannot be written.
    pub(crate) fn so_far(&self, text: &str) -> anyhow::Result<()> {
        if self.json { Ok(()) } else { self.text(text) }
    }

    /// What is done, told as it happens.
    ///
    /// # Errors
    ///
    /// Where standard output cannot be written.
    pub(crate) fn progress(&self, text: &str) -> anyhow::Result<()> {
        if self.shows_progress() { self.text(text) } else { Ok(()) }
    }

    /// Whether somebody reads what is done.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.json && !self.quiet
    }

    /// What to do about an answer that is no, on standard error. A program has it in the document.
    pub(crate) fn advise(&self, text: &str) {
        if !self.json {
            self.say(text);
        }
    }

    /// What is told beside the answer, on standard error.
    pub(crate) fn aside(&self, text: &str) {
        if self.shows_progress() {
            self.say(text);
        }
    }
}
