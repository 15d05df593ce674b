//! One way to tell an answer: as documents for programs or as text for people, with an exit code.

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
        if !self.quiet {
            answer.remarks(self);
        }
        if !(self.quiet && answer.is_account()) {
            self.text(&answer.text(self))?;
        }
        if !self.quiet {
            answer.afterwards(self);
        }
        Ok(answer.exit())
    }
}
