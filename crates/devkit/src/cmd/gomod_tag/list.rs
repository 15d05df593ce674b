//! `devkit gomod-tag list`: the modules of a repository.

use std::fmt::Write as _;

use devkit_gomod_tag::{Judgement, Module, Repository, not_releasable, shallow};
use devkit_report::{Detailed, Severity};
use devkit_text::escape;
use serde::Serialize;

use super::render;
use crate::ui::{Answer, Documents, Fit, Table, To, Ui, column};

/// List the modules, their versions, and why one cannot be released
#[derive(Debug, clap::Args)]
#[command(disable_version_flag = true)]
pub(super) struct Args {
    /// The commit [default: HEAD]
    #[arg(long, value_name = "REV")]
    commit: Option<String>,
    /// The import path of the repository's root [default: what most modules have]
    #[arg(long, value_name = "IMPORTPATH")]
    root: Option<String>,
}

#[derive(Serialize)]
struct ListDocument<'a> {
    schema: &'static str,
    commit: &'a str,
    root: Option<&'a str>,
    modules: Vec<ModuleDocument<'a>>,
}

#[derive(Serialize)]
struct ModuleDocument<'a> {
    directory: &'a str,
    module: &'a str,
    /// What its tags begin with; null if it has none.
    tag_prefix: Option<String>,
    latest: Option<String>,
    /// How many versions it has.
    versions: usize,
    releasable: bool,
    problem: Option<&'a Detailed<Judgement>>,
    /// Whether it lies where nothing is released unless it is named.
    hidden: bool,
    /// Tags that look like versions of it, and that Go ignores.
    ignored_tags: Vec<IgnoredTag<'a>>,
    /// Directives of its go.mod that devkit does not know.
    unknown_directives: Vec<&'a str>,
}

#[derive(Serialize)]
struct IgnoredTag<'a> {
    tag: &'a str,
    why: String,
}

pub(super) fn run(ui: &Ui, args: &Args) -> anyhow::Result<u8> {
    let repository = super::repository(args.commit.as_deref(), args.root.as_deref())?;
    let root = repository.root.as_deref();
    let problems: Vec<Option<Detailed<Judgement>>> =
        repository.modules.iter().map(|module| not_releasable(module, root)).collect();
    ui.answer(&Modules { repository, problems })
}

/// The modules of a commit.
struct Modules {
    repository: Repository,
    /// What keeps each from being released.
    problems: Vec<Option<Detailed<Judgement>>>,
}

impl Answer for Modules {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        let modules = self.repository.modules.iter().zip(&self.problems);
        to.add(&ListDocument {
            schema: "devkit.gomod-tag.list/1",
            commit: self.repository.commit.oid.as_str(),
            root: self.repository.root.as_deref(),
            modules: modules.map(|(module, problem)| document(module, problem.as_ref())).collect(),
        })
    }

    fn remarks(&self, ui: &Ui) {
        // A list stops at nothing.
        let shallow = shallow(&self.repository.git).map(|mut found| {
            found.finding.severity = Severity::Warning;
            found
        });
        render::warn(ui, shallow.as_slice());
    }

    fn text(&self, ui: &Ui) -> String {
        text(ui, &self.repository, &self.problems)
    }
}

fn document<'a>(
    module: &'a Module,
    problem: Option<&'a Detailed<Judgement>>,
) -> ModuleDocument<'a> {
    let ignored = module.odd_tags.iter();
    ModuleDocument {
        directory: module.shown_folder(),
        module: module.name(),
        tag_prefix: module.prefix.as_ref().ok().map(ToString::to_string),
        latest: module.current().map(|release| release.version.to_string()),
        versions: module.releases.len(),
        releasable: problem.is_none(),
        problem,
        hidden: module.is_hidden,
        ignored_tags: ignored.map(|(tag, why)| IgnoredTag { tag, why: why.to_string() }).collect(),
        unknown_directives: module.unknown_directives(),
    }
}

fn text(ui: &Ui, repository: &Repository, problems: &[Option<Detailed<Judgement>>]) -> String {
    if repository.modules.is_empty() {
        return "no modules: there is no go.mod in this commit\n".into();
    }
    let mut table = Table::new(&[
        column("directory", Fit::Wrap),
        column("module", Fit::Wrap),
        column("latest", Fit::Keep),
        column("releasable", Fit::Wrap),
    ]);
    let any_released = repository.modules.iter().any(|module| !module.releases.is_empty());
    for (module, problem) in repository.modules.iter().zip(problems) {
        let latest = module.current().map_or("-".to_owned(), |it| it.version.to_string());
        let state = match problem {
            Some(problem) => {
                let code = &problem.code;
                ui.sign(false).then(format!(" {} [{code}]", problem.message))
            }
            None if module.is_hidden => ui.sign(true).then(" only if --module names it"),
            None if any_released && module.releases.is_empty() => {
                ui.sign(true).then(" new: --module or --include-new")
            }
            None => ui.sign(true),
        };
        table.row([
            escape(module.shown_folder().as_bytes()).into(),
            render::odd_path(repository, &module.folder, module.name()).into(),
            latest.into(),
            state,
        ]);
    }
    let modules = repository.modules.iter();
    let named = modules.map(|module| render::odd_path(repository, &module.folder, module.name()));
    let mut text = render::paths(repository, named) + &table.text(ui, To::Out);
    text.push_str(&without_license(ui, repository));
    for module in &repository.modules {
        for (tag, why) in &module.odd_tags {
            let _ = writeln!(text, "tag {} is no version: {why}", escape(tag.as_bytes()));
        }
        for word in module.unknown_directives() {
            let file = module.file("go.mod");
            let word = escape(word.as_bytes());
            let _ = writeln!(text, "{}: unknown directive '{word}'", escape(file.as_bytes()));
        }
    }
    text
}

/// The modules without a licence, told once and together.
fn without_license(ui: &Ui, repository: &Repository) -> String {
    let without: Vec<&Module> =
        repository.modules.iter().filter(|module| !repository.has_license(module)).collect();
    let folder = |module: &Module| escape(module.shown_folder().as_bytes());
    let which = match without.as_slice() {
        [] => return String::new(),
        _ if without.len() == repository.modules.len() => "there is no LICENSE file".to_owned(),
        [one] => format!("{} has no LICENSE file", folder(one)),
        [first, others @ ..] => {
            format!("{} and {} more have no LICENSE file", folder(first), others.len())
        }
    };
    let note = format!(
        "note: {which}, so pkg.go.dev does not show documentation; one in the folder of a module or \
         in the root is taken"
    );
    ui.paragraph(To::Out, &note.into())
}
