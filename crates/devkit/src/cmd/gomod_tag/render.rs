//! A plan and what became of it, for people and for programs.

use std::fmt::Write as _;

use devkit_gomod_tag::git::{Git, Oid};
use devkit_gomod_tag::plan::{Dependent, Plan};
use devkit_gomod_tag::repository::shown_folder;
use devkit_gomod_tag::row::{Row, Why};
use devkit_gomod_tag::update::Bumped;
use devkit_gomod_tag::{Code, Judgement, Repository};
use devkit_report::Detailed;
use devkit_text::escape;
use serde::Serialize;

use super::SCHEMA;
use super::api::ApiReport;
use crate::findings;
use crate::ui::{self, Fit, Table, To, Ui, column};

/// A plan, as `--json` tells it.
#[derive(Serialize)]
pub(super) struct PlanDocument<'a> {
    schema: &'static str,
    /// The commit that has or gets the tags.
    commit: &'a str,
    branch: Option<&'a str>,
    /// The import path of the repository's root.
    root: Option<&'a str>,
    dry_run: bool,
    tags: Vec<TagDocument<'a>>,
    /// Requirements that change.
    requires: Vec<RequireDocument<'a>>,
    /// Files of the commit that comes before the tags.
    files: Vec<&'a str>,
    dependents: Vec<DependentDocument<'a>>,
    skipped: Vec<Skipped<'a>>,
    /// Commits that say nothing, because they are no Conventional Commits.
    uncounted: Vec<Uncounted<'a>>,
    warnings: &'a [Detailed<Judgement>],
    problems: &'a [Detailed<Judgement>],
}

#[derive(Serialize)]
struct TagDocument<'a> {
    directory: &'a str,
    module: &'a str,
    current: Option<String>,
    next: Option<String>,
    tag: Option<&'a str>,
    state: State,
    why: Vec<&'static str>,
    /// Files that have changed since the current version.
    changed: Vec<String>,
    /// What gorelease says, if it was asked.
    api: Option<ApiDocument<'a>>,
}

#[derive(Serialize)]
struct ApiDocument<'a> {
    ok: bool,
    report: &'a str,
}

/// What there is of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    /// The tag is not there.
    Planned,
    /// The tag was there, on this very commit.
    Exists,
    /// The tag was made.
    Created,
    /// The remote has it, too.
    Pushed,
}

#[derive(Serialize)]
struct RequireDocument<'a> {
    directory: &'a str,
    module: &'a str,
    from: &'a str,
    to: &'a str,
}

#[derive(Serialize)]
struct DependentDocument<'a> {
    directory: &'a str,
    requires: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct Skipped<'a> {
    directory: &'a str,
    why: &'a str,
}

#[derive(Serialize)]
struct Uncounted<'a> {
    directory: &'a str,
    commits: &'a [String],
}

impl<'a> PlanDocument<'a> {
    pub(super) fn new(
        repository: &'a Repository,
        plan: &'a Plan,
        commit: &'a Oid,
        dry_run: bool,
        state: impl Fn(&Row) -> State,
    ) -> Self {
        let tag = |row: &'a Row| TagDocument {
            directory: shown_folder(&row.folder),
            module: &row.path,
            current: row.current.as_ref().map(ToString::to_string),
            next: row.next.as_ref().map(ToString::to_string),
            tag: row.tag.as_deref(),
            state: state(row),
            why: row.why.iter().map(code).collect(),
            changed: row.changed.iter().flatten().map(|path| escape(path)).collect(),
            api: None,
        };
        let require = |bumped: &'a Bumped| RequireDocument {
            directory: shown_folder(&bumped.folder),
            module: &bumped.path,
            from: &bumped.from,
            to: &bumped.to,
        };
        let dependent = |dependent: &'a Dependent| DependentDocument {
            directory: shown_folder(&dependent.folder),
            requires: &dependent.requires,
            version: &dependent.version,
        };
        let skipped = plan
            .skipped
            .iter()
            .map(|(folder, why)| Skipped { directory: shown_folder(folder), why });
        let uncounted = plan
            .uncounted
            .iter()
            .map(|(folder, commits)| Uncounted { directory: shown_folder(folder), commits });
        Self {
            schema: SCHEMA,
            commit: commit.as_str(),
            branch: plan.branch.as_deref(),
            root: repository.root.as_deref(),
            dry_run,
            tags: plan.rows.iter().map(tag).collect(),
            requires: plan.update.requires.iter().map(require).collect(),
            files: plan.update.files.iter().map(|file| &*file.path).collect(),
            dependents: plan.dependents.iter().map(dependent).collect(),
            skipped: skipped.collect(),
            uncounted: uncounted.collect(),
            warnings: &plan.warnings,
            problems: &plan.problems,
        }
    }
}

impl<'a> PlanDocument<'a> {
    /// Adds what gorelease says.
    pub(super) fn with_api(mut self, answers: &'a [ApiReport]) -> Self {
        for tag in &mut self.tags {
            let answer =
                answers.iter().find(|answer| shown_folder(&answer.folder) == tag.directory);
            tag.api = answer.map(|it| ApiDocument { ok: it.ok, report: &it.report });
        }
        self
    }
}

fn code(why: &Why) -> &'static str {
    match why {
        Why::FirstRelease => "first-release",
        Why::Changed(_) => "changed",
        Why::RequiresBumped => "requires-bumped",
        Why::Lockstep => "lockstep",
        Why::Tagged => "tagged",
        Why::Backport => "backport",
        Why::Prerelease => "prerelease",
        Why::Forced => "forced",
    }
}

fn words(why: &Why) -> String {
    match why {
        Why::FirstRelease => "first release".into(),
        Why::Changed(1) => "changed 1 file".into(),
        Why::Changed(count) => format!("changed {count} files"),
        Why::RequiresBumped => "requires bumped".into(),
        Why::Lockstep => "lockstep".into(),
        Why::Tagged => "is tagged already".into(),
        Why::Backport => "goes on with an older line".into(),
        Why::Prerelease => "after a pre-release".into(),
        Why::Forced => "forced".into(),
    }
}

fn whys(row: &Row) -> String {
    let words: Vec<String> = row.why.iter().map(words).collect();
    words.join(", ")
}

/// The table of a plan.
pub(super) fn table(ui: &Ui, repository: &Repository, plan: &Plan) -> String {
    if plan.rows.is_empty() {
        return String::new();
    }
    let arrow = if ui.unicode { "→" } else { "->" };
    let has_next = plan.rows.iter().any(|row| row.next.is_some());
    let mut table = Table::new(&[
        column("directory", Fit::Wrap),
        column("module", Fit::Wrap),
        column(if has_next { "current → next" } else { "current" }, Fit::Keep),
        column("tag", Fit::Wrap),
        column("why", Fit::Wrap),
    ]);
    let current = |row: &Row| row.current.as_ref().map_or("-".to_owned(), ToString::to_string);
    let width = plan.rows.iter().map(|row| current(row).len()).max().unwrap_or(0);
    for row in &plan.rows {
        let next = row.next.as_ref().map_or("?".to_owned(), ToString::to_string);
        let versions =
            if has_next { format!("{:width$} {arrow} {next}", current(row)) } else { current(row) };
        let no_tag = if has_next { "-" } else { "" };
        table.row([
            escape(shown_folder(&row.folder).as_bytes()).into(),
            odd_path(repository, &row.folder, &row.path).into(),
            versions.into(),
            row.tag.as_deref().unwrap_or(no_tag).into(),
            whys(row).into(),
        ]);
    }
    let named = plan.rows.iter().map(|row| odd_path(repository, &row.folder, &row.path));
    paths(repository, named) + &table.text(ui, To::Out)
}

/// What else belongs to a plan: edits, who is left out, and the commit.
pub(super) fn rest(ui: &Ui, git: &Git, plan: &Plan) -> String {
    let mut text = String::new();
    let arrow = if ui.unicode { "→" } else { "->" };
    if !plan.update.requires.is_empty() {
        text.push_str("\nrequirements that change\n");
        let fits = [Fit::Wrap, Fit::Wrap, Fit::Keep];
        let mut table = Table::new(&fits.map(|fit| column("", fit)));
        for it in &plan.update.requires {
            let file = match &*it.folder {
                "" => "go.mod".to_owned(),
                folder => format!("{folder}/go.mod"),
            };
            table.row([
                format!("  {}", escape(file.as_bytes())).into(),
                escape(it.path.as_bytes()).into(),
                format!("{} {arrow} {}", escape(it.from.as_bytes()), it.to).into(),
            ]);
        }
        text.push_str(&table.text(ui, To::Out));
    }
    if !plan.update.files.is_empty() {
        let names: Vec<String> =
            plan.update.files.iter().map(|file| escape(file.path.as_bytes())).collect();
        let _ = writeln!(text, "\nfiles of the commit: {}", names.join(", "));
    }
    for (what, why) in &plan.update.without_sum {
        let _ =
            writeln!(text, "not in go.sum: {what}: {why}; go mod tidy adds it after the release");
    }
    for (folder, commits) in &plan.uncounted {
        let folder = escape(shown_folder(folder).as_bytes());
        let _ =
            writeln!(text, "not counted in {folder}, because they are no Conventional Commits:");
        for commit in commits {
            let _ = writeln!(text, "  {commit}");
        }
    }
    for (folder, why) in &plan.skipped {
        let _ = writeln!(text, "left out: {}: {why}", escape(shown_folder(folder).as_bytes()));
    }
    if !plan.dependents.is_empty() {
        const MOST: usize = 5;
        let mut folders: Vec<&str> =
            plan.rows.iter().map(|row| shown_folder(&row.folder)).collect();
        for dependent in &plan.dependents {
            let folder = shown_folder(&dependent.folder);
            let _ = writeln!(
                text,
                "not in this plan: {} requires {} {}",
                escape(folder.as_bytes()),
                escape(dependent.requires.as_bytes()),
                escape(dependent.version.as_bytes())
            );
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        let mut options = String::new();
        for folder in &folders {
            let _ = write!(options, " --module {}", ui::quoted(folder));
        }
        if folders.len() > MOST {
            " --all".clone_into(&mut options);
        }
        let _ = writeln!(text, "  with what requires it:{options} --update-requires");
    }
    if !plan.rows.is_empty() {
        let _ = write!(
            text,
            "\non commit {} \"{}\"",
            plan.commit.oid.short(),
            escape(plan.commit.subject.as_bytes())
        );
        let mut about = Vec::new();
        if let Some(branch) = &plan.branch {
            about.push(escape(branch.as_bytes()));
            about.extend(git.upstream(branch).map(|(name, track)| match &*track {
                "" => format!("same as {}", escape(name.as_bytes())),
                "gone" => format!("{} is gone", escape(name.as_bytes())),
                track => format!("{track} of {}", escape(name.as_bytes())),
            }));
        }
        let _ = if about.is_empty() {
            writeln!(text)
        } else {
            writeln!(text, " ({})", about.join(", "))
        };
    }
    text
}

/// The warnings of a plan. A missing licence is told by `list`, and not again at each run.
pub(super) fn warn(ui: &Ui, warnings: &[Detailed<Judgement>]) {
    let told =
        warnings.iter().filter(|warning| ui.verbose > 0 || warning.detail.code != Code::NoLicense);
    findings::warn(ui, told.map(|warning| &warning.finding));
}

/// A module's path, where it is another than the root's with the folder behind it.
pub(super) fn odd_path(repository: &Repository, folder: &str, path: &str) -> String {
    let expected = repository.root.as_deref().is_some_and(|root| {
        let rest = path.strip_prefix(root);
        rest.is_some_and(|rest| rest.strip_prefix('/').unwrap_or(rest) == folder)
    });
    if expected { String::new() } else { escape(path.as_bytes()) }
}

/// What the paths of modules are that a table does not name.
///
/// `named`: the paths that it does name, empty where the usual one is meant.
pub(super) fn paths(repository: &Repository, mut named: impl Iterator<Item = String>) -> String {
    match &repository.root {
        Some(root) if named.any(|path| path.is_empty()) => {
            format!("module paths: {}/<directory>\n", escape(root.as_bytes()))
        }
        _ => String::new(),
    }
}
