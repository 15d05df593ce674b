//! What was done, or would be: for people and for programs.

use std::path::Path;

use devkit_mvn_unblock::{
    Change, Mirror, Plan, Remedy, RepositoryId, Request, Splice, Verdict, diff, mirror, pom,
};
use devkit_report::{Detailed, JsonPath};
use devkit_text::escape;
use serde::Serialize;

use super::super::{Names, SCHEMA, render, warn};
use super::Options;
use super::asked::{ANY_URL, Asked};
use crate::exit;
use crate::ui::{self, Answer, Documents, To, Ui};

/// What was done, as `--json` tells it.
#[derive(Serialize)]
struct ChangeDocument<'a> {
    schema: &'static str,
    file: Option<JsonPath<'a>>,
    encoding: &'a str,
    action: &'static str,
    backup: Option<JsonPath<'a>>,
    mirrors_before: &'a [Mirror],
    mirrors_after: &'a [Mirror],
    splices: Vec<SpliceDocument<'a>>,
    repositories: Vec<RepositoryDocument<'a>>,
    warnings: &'a [Detailed<Remedy>],
}

#[derive(Serialize)]
struct SpliceDocument<'a> {
    start: usize,
    end: usize,
    text: &'a str,
}

#[derive(Serialize)]
struct RepositoryDocument<'a> {
    id: &'a str,
    url: Option<String>,
    verdict_before: Verdict,
    verdict: Verdict,
}

/// What was done, or would be.
pub(super) struct Done<'a> {
    pub(super) args: &'a Options,
    pub(super) names: &'a Names<'a>,
    pub(super) asked: &'a Asked,
    /// The file as people know it.
    pub(super) name: String,
    /// The file behind all links; none for standard input.
    pub(super) file: Option<&'a Path>,
    pub(super) plan: &'a Plan,
    pub(super) old: Option<&'a [u8]>,
    pub(super) backup: Option<&'a Path>,
    pub(super) written: bool,
    pub(super) warnings: &'a [Detailed<Remedy>],
    /// The warnings for programs.
    pub(super) whole: &'a [Detailed<Remedy>],
}

impl Done<'_> {
    fn action(&self) -> &'static str {
        match (self.plan.change, self.written) {
            (Change::None, _) => "unchanged",
            (Change::Edit, true) => "changed",
            (Change::Edit, false) => "would-change",
            (Change::Create, true) => "created",
            (Change::Create, false) => "would-create",
        }
    }

    fn changes(&self) -> bool {
        self.plan.change != Change::None
    }
}

impl Answer for Done<'_> {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        to.add(&document(self))
    }

    fn remarks(&self, ui: &Ui) {
        warn(ui, self.warnings);
    }

    fn text(&self, ui: &Ui) -> String {
        let mut text = String::new();
        if self.changes() {
            let old = match self.old {
                Some(old) => (self.name.as_str(), old),
                None => (diff::NO_FILE, &b""[..]),
            };
            let diff = diff::unified(old, (&self.name, &self.plan.output));
            text.push_str(&ui::diff::painted(ui, To::Out, &diff));
        }
        let said = if self.written {
            let effect = render::effect(&self.asked.request, self.plan, &self.names.reach());
            let kept = match self.backup {
                Some(backup) => {
                    let backup = backup.file_name().unwrap_or_default().as_encoded_bytes();
                    format!("the old file is kept as {}", escape(backup))
                }
                None => format!("{} is new", self.name),
            };
            format!("{effect}; {kept}")
        } else if self.changes() {
            return text;
        } else {
            render::already(self.plan, &self.name)
        };
        text + &ui.paragraph(To::Out, &ui.sign(true).then(format!(" {said}")))
    }

    fn afterwards(&self, ui: &Ui) {
        if !self.changes() {
            return;
        }
        ui.say(&ui.paragraph(To::Err, &render::notice(&self.asked.request).into()));
        if self.asked.request == Request::Open {
            ui.say(&format!("narrower: {}\n", narrower(self.names)));
        }
        if self.written {
            ui.say(&format!("undo:     {} --undo\n", self.names.command()));
        } else {
            ui.say("nothing is written\n");
        }
    }

    /// The diff of a dry run is what was asked for.
    fn is_account(&self) -> bool {
        !(self.args.dry_run && self.changes())
    }

    fn exit(&self) -> u8 {
        if self.args.check && self.changes() { exit::NO } else { exit::DONE }
    }
}

fn document<'a>(done: &'a Done<'_>) -> ChangeDocument<'a> {
    let (plan, asked) = (done.plan, done.asked);
    let effective = |mirrors: &[Mirror]| mirror::merged(mirrors, &[Mirror::stock()]);
    let (before, after) = (effective(&plan.before), effective(&plan.after));
    let repositories = asked.repositories.iter().map(|repository| RepositoryDocument {
        id: &repository.id,
        url: Some(devkit_mvn_unblock::masked(&repository.url))
            .filter(|_| repository.url != ANY_URL),
        verdict_before: mirror::verdict(&before, repository).0,
        verdict: mirror::verdict(&after, repository).0,
    });
    ChangeDocument {
        schema: SCHEMA,
        file: done.file.map(JsonPath),
        encoding: &plan.encoding,
        action: done.action(),
        backup: done.backup.map(JsonPath),
        mirrors_before: &plan.before,
        mirrors_after: &plan.after,
        splices: plan.splices.iter().map(SpliceDocument::new).collect(),
        repositories: repositories.collect(),
        warnings: done.whole,
    }
}

impl<'a> SpliceDocument<'a> {
    fn new(splice: &'a Splice) -> Self {
        Self { start: splice.start, end: splice.end, text: &splice.text }
    }
}

/// The command that frees only what the project in this folder needs.
fn narrower(names: &Names<'_>) -> String {
    let project = pom::read(Path::new("."), &names.property()).ok();
    let mut ids: Vec<String> = Vec::new();
    for declared in project.into_iter().flat_map(|project| project.declared) {
        let id = declared.repository.id.clone();
        if declared.repository.is_external_http()
            && RepositoryId::parse(&id).is_ok()
            && !ids.contains(&id)
        {
            ids.push(id);
        }
    }
    if ids.is_empty() {
        return format!(
            "{} --project DIR     (only the http repositories that a project names)",
            names.command()
        );
    }
    let options: Vec<String> = ids.iter().map(|id| format!("--repo {}", ui::quoted(id))).collect();
    format!("{} {}     (http repositories of ./pom.xml)", names.command(), options.join(" "))
}
