//! `devkit mvn-unblock`: the change itself.

mod asked;
mod done;

use std::path::{Path, PathBuf};

use devkit_fs::Edit;
use devkit_mvn_unblock::{
    Change, Parsed, Plan, Remedy, Repository, Request, Settings, mirror, plan,
};
use devkit_report::{Detailed, message};

use self::asked::{ANY_URL, Asked};
use self::done::Done;
use super::{Names, render, standard_input, trouble, warn, warning};
use crate::exit;
use crate::failure::{self, Failure};
use crate::findings;
use crate::host::Host;
use crate::ui::{self, To, Ui};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The settings to change [default: ~/.m2/settings.xml]
    ///
    /// '-' reads them from standard input and writes them to standard output
    #[arg(long, value_name = "FILE")]
    pub(super) settings: Option<PathBuf>,
    /// Let through the repository of this id only
    ///
    /// may be repeated
    #[arg(long, value_name = "ID")]
    repo: Vec<String>,
    /// Let through what Maven's log says it has blocked
    ///
    /// '-' is standard input
    #[arg(long, value_name = "FILE")]
    from_log: Option<PathBuf>,
    /// Let through the http:// repositories of a project
    ///
    /// those of its POM, local parents and modules, and profiles of the settings
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
    /// Show the change as a diff, and make none
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
    /// Exit code 1 if something would change; makes no change
    #[arg(help_heading = "In scripts", long)]
    check: bool,
    /// Bring back what was there before the last change
    #[arg(long, conflicts_with_all = ["repo", "from_log", "project", "check"])]
    pub(super) undo: bool,
}

pub(super) fn run(ui: &Ui, host: &Host, args: &Options) -> anyhow::Result<u8> {
    let names = Names::new(ui, host, args.settings.as_deref());
    let from_standard_input = args.settings.as_deref() == Some(Path::new("-"));
    let writes = !args.dry_run && !args.check;
    if from_standard_input && args.from_log.as_deref() == Some(Path::new("-")) {
        return Err(Failure::new(
            "usage",
            "standard input cannot be both the settings and the log",
        )
        .hint("name a file for one of them")
        .into());
    }
    if from_standard_input && writes {
        failure::refuse_json(
            ui,
            "--settings - writes the settings to standard output, where --json writes too",
            "with --dry-run or --check, --json tells what would change",
        )?;
    }
    if from_standard_input {
        let bytes = standard_input("the settings")?;
        let asked = args.asked(&names, Some(&bytes))?;
        return filter(ui, args, &names, &asked, &bytes);
    }
    let file = names.file()?;
    let (target, current) =
        devkit_fs::look(&file).map_err(|error| trouble::writing(&file, None, error))?;
    let asked = args.asked(&names, current.as_deref())?;
    let mut made = make(&names, &file, current.as_deref(), &asked)?;
    let (mut current, mut backup, mut written) = (current, None, false);
    if made.change != Change::None && writes {
        let again = asked.again();
        let failed = |error| trouble::writing(&file, Some(&again), error);
        let edit = Edit::open(&file).map_err(failed)?;
        if edit.contents() != current.as_deref() {
            // Another run has been faster.
            current = edit.contents().map(<[u8]>::to_vec);
            made = make(&names, &file, current.as_deref(), &asked)?;
        }
        written = made.change != Change::None;
        if written {
            backup = edit.replace(&made.output).map_err(failed)?;
        }
    }
    let mut warnings = names.redirected();
    warnings.extend(asked.warnings.iter().cloned());
    warnings.extend(made.notes.iter().cloned());
    warnings.extend(blocked_by_installation(&names, &made, &asked));
    let whole = findings::absolute(ui, &warnings);
    ui.answer(&Done {
        args,
        names: &names,
        asked: &asked,
        name: names.show(&file),
        file: Some(&target),
        plan: &made,
        old: current.as_deref(),
        backup: backup.as_deref(),
        written,
        warnings: &warnings,
        whole: &whole,
    })
}

fn make(
    names: &Names<'_>,
    file: &Path,
    current: Option<&[u8]>,
    asked: &Asked,
) -> anyhow::Result<Plan> {
    plan(file, current, &asked.request, &names.property())
        .map_err(|error| trouble::settings(file, current.unwrap_or_default(), &error).into())
}

/// Settings from standard input to standard output.
fn filter(
    ui: &Ui,
    args: &Options,
    names: &Names<'_>,
    asked: &Asked,
    bytes: &[u8],
) -> anyhow::Result<u8> {
    let file = Path::new("-");
    let made = make(names, file, Some(bytes), asked)?;
    let mut warnings = asked.warnings.clone();
    warnings.extend(made.notes.iter().cloned());
    if args.dry_run || args.check {
        let whole = findings::absolute(ui, &warnings);
        return ui.answer(&Done {
            args,
            names,
            asked,
            name: names.show(file),
            file: None,
            plan: &made,
            old: Some(bytes),
            backup: None,
            written: false,
            warnings: &warnings,
            whole: &whole,
        });
    }
    warn(ui, &warnings);
    ui::bytes(&made.output)?;
    let text = match made.change {
        Change::None => "the settings are right already; they are passed on as they are\n".into(),
        Change::Edit | Change::Create => {
            format!("{}\n", render::effect(&asked.request, &made, "this file"))
        }
    };
    ui.aside(&text);
    ui.aside(&ui.paragraph(To::Err, &render::notice(&asked.request).into()));
    Ok(exit::DONE)
}

impl Options {
    /// The first option that asks for a change, or belongs to one.
    pub(super) fn changing(&self) -> Option<&'static str> {
        let options = [
            ("--repo", !self.repo.is_empty()),
            ("--from-log", self.from_log.is_some()),
            ("--project", self.project.is_some()),
            ("--dry-run", self.dry_run),
            ("--check", self.check),
            ("--undo", self.undo),
        ];
        options.into_iter().find(|(_, used)| *used).map(|(name, _)| name)
    }
}

/// A mirror of the installation's own that blocks all the same.
fn blocked_by_installation(
    names: &Names<'_>,
    plan: &Plan,
    asked: &Asked,
) -> Option<Detailed<Remedy>> {
    let file = names.installation()?;
    let bytes = std::fs::read(&file).ok()?;
    let parsed = Parsed::new(&bytes).ok()?;
    let mirrors = Settings::read(&parsed, &names.property()).ok()?.mirrors();
    let effective = mirror::merged(&plan.after, &mirrors);
    let any = [Repository::new("repository", ANY_URL)];
    let wanted = match asked.request {
        Request::Open => &any[..],
        Request::Scoped(_) => &asked.repositories,
    };
    let (_, mirror) = wanted
        .iter()
        .map(|repository| mirror::verdict(&effective, repository))
        .find(|(verdict, _)| !verdict.is_open())?;
    let mirror = mirror.filter(|mirror| !plan.after.contains(mirror))?;
    let message = message!(
        "the mirror '{}' of {} blocks all the same; that file is where to change it",
        mirror.id,
        file
    );
    Some(warning("installation-blocks", message))
}
