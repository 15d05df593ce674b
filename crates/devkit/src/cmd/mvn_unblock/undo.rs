//! `devkit mvn-unblock --undo`: what was there before.

use std::path::Path;

use devkit_fs::Edit;
use devkit_mvn_unblock::{Undo, diff, undo};
use devkit_report::{JsonPath, message};
use devkit_text::{escape, words};
use serde::Serialize;

use super::change::Options;
use super::{Names, SCHEMA, trouble};
use crate::failure::Failure;
use crate::host::Host;
use crate::ui::{self, Answer, Documents, To, Ui};

#[derive(Serialize)]
struct UndoDocument<'a> {
    schema: &'static str,
    file: JsonPath<'a>,
    action: &'static str,
    backup: Option<JsonPath<'a>>,
}

pub(super) fn run(ui: &Ui, host: &Host, args: &Options) -> anyhow::Result<u8> {
    let names = Names::new(ui, host, args.settings.as_deref());
    let file = names.file()?;
    if names.is_standard_input(&file) {
        return Err(Failure::new("usage", "there is nothing to undo on standard input")
            .hint("name the file: --settings FILE")
            .into());
    }
    let failed = |error| trouble::writing(&file, None, error);
    let name = names.show(&file);
    let (target, current) = devkit_fs::look(&file).map_err(failed)?;
    let unreadable = |error: std::io::Error| {
        Failure::new("io", message!("cannot look for backups beside {}", file))
            .because(words(&error))
    };
    // A missing folder holds none.
    let backups = match devkit_fs::backups(&target) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        result => result.map_err(unreadable)?,
    };
    let newest = backups.first();
    let old = match newest {
        Some(path) => devkit_fs::look(path).map_err(failed)?.1,
        None => None,
    };
    let decision = undo(current.as_deref(), old.as_deref(), &names.property());
    let now = current.as_deref().unwrap_or_default();
    let action = match (&decision, args.dry_run) {
        (Undo::Restore, false) => "restored",
        (Undo::Restore, true) => "would-restore",
        (Undo::Remove, false) => "removed",
        (Undo::Remove, true) => "would-remove",
        (Undo::Changed { left }, _) => {
            return Err(changed(ui, &names, &target, newest.map(|path| &**path), left, now).into());
        }
        (Undo::Nothing, _) => {
            let text = message!("there is nothing to undo: devkit has left no backup of {}", file);
            return Err(Failure::new("nothing-to-undo", text)
                .hint(format!("{} status tells how it stands", names.command()))
                .into());
        }
    };
    if !args.dry_run {
        let edit = Edit::open(&file).map_err(failed)?;
        if edit.contents() != current.as_deref() {
            return Err(failed(devkit_fs::EditError::Changed { path: target }));
        }
        match newest {
            Some(backup) if decision == Undo::Restore => edit.restore(backup).map_err(failed)?,
            _ => edit.remove().map_err(failed)?,
        }
    }
    let restored = old.as_deref().filter(|_| decision == Undo::Restore);
    let newest = newest.map(|path| &**path);
    let dry_run = args.dry_run;
    ui.answer(&Undone { name: &name, target: &target, action, now, restored, newest, dry_run })
}

/// What was undone, or would be.
struct Undone<'a> {
    /// The file as people know it.
    name: &'a str,
    /// The file behind all links.
    target: &'a Path,
    action: &'static str,
    now: &'a [u8],
    /// What is in the file again; nothing where the file is gone again.
    restored: Option<&'a [u8]>,
    newest: Option<&'a Path>,
    dry_run: bool,
}

impl Answer for Undone<'_> {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        let backup = self.newest.filter(|_| self.dry_run && self.restored.is_some());
        let (file, backup) = (JsonPath(self.target), backup.map(JsonPath));
        to.add(&UndoDocument { schema: SCHEMA, file, action: self.action, backup })
    }

    fn text(&self, ui: &Ui) -> String {
        let name = self.name;
        let old = match self.restored {
            Some(old) => (name, old),
            None => (diff::NO_FILE, &b""[..]),
        };
        let diff = diff::unified((name, self.now), old);
        let text = ui::diff::painted(ui, To::Out, &diff);
        if self.dry_run {
            return text;
        }
        let what = match self.newest.filter(|_| self.restored.is_some()) {
            Some(backup) => format!(" {name} is as it was, from {}", file_name(backup)),
            None => format!(" {name} is gone again; devkit had made it"),
        };
        text + &ui.paragraph(To::Out, &ui.sign(true).then(what))
    }

    fn is_account(&self) -> bool {
        true
    }
}

/// The file is not as devkit left it: what has changed since is shown, and stays.
fn changed(
    ui: &Ui,
    names: &Names<'_>,
    target: &Path,
    backup: Option<&Path>,
    left: &[u8],
    now: &[u8],
) -> Failure {
    let name = names.show(target);
    let label = format!("{name} as devkit left it");
    let mut differs = diff::unified((&label, left), (&name, now));
    if differs.is_empty() {
        differs = format!("{name} differs from what devkit left only in what is secret\n");
    }
    let differs = ui::diff::painted(ui, To::Err, &differs);
    let text = message!("{} has changed since devkit left it, so nothing was undone", target);
    Failure::new("changed-meanwhile", text).showing(differs).hint(if let Some(backup) = backup {
        message!("what was there before is in {}: take from it what you need", backup)
    } else {
        message!("take the entry out by hand")
    })
}

fn file_name(path: &Path) -> String {
    escape(path.file_name().unwrap_or_default().as_encoded_bytes())
}
