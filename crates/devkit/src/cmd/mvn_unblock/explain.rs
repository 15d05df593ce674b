//! `devkit mvn-unblock explain`: which mirror Maven takes, rule by rule.

use std::path::Path;

use devkit_mvn_unblock::mirror::{self, Match};
use devkit_mvn_unblock::{Mirror, Origin, Remedy, Repository, RepositoryId, Verdict};
use devkit_report::Detailed;
use devkit_text::escape;
use serde::Serialize;

use super::status::World;
use super::{Names, SCHEMA, SettingsFiles, warn};
use crate::findings;
use crate::host::Host;
use crate::ui::{self, Answer, Documents, Fit, Phrase, Table, To, Ui, column};

/// Explain which mirror Maven takes for a repository, and why
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The repository's id
    #[arg(value_name = "ID")]
    id: String,
    /// Its URL, as the POM declares it
    #[arg(value_name = "URL")]
    url: String,
    /// Its layout
    #[arg(
        help_heading = "Maven's installation",
        long,
        value_name = "LAYOUT",
        default_value = "default"
    )]
    layout: String,
    #[command(flatten)]
    files: SettingsFiles,
}

#[derive(Serialize)]
struct ExplainDocument<'a> {
    schema: &'static str,
    repository: ExplainedRepository<'a>,
    mirrors: &'a [ExplainedStep<'a>],
    verdict: Verdict,
    mirror: Option<&'a str>,
    warnings: &'a [Detailed<Remedy>],
}

#[derive(Serialize)]
struct ExplainedRepository<'a> {
    id: &'a str,
    url: String,
    external_http: bool,
}

/// A mirror, and what it has to do with the repository.
#[derive(Serialize)]
struct ExplainedStep<'a> {
    #[serde(flatten)]
    mirror: &'a Mirror,
    /// `ignored` for a second one of an id.
    #[serde(rename = "match")]
    found: FoundMirror,
    taken: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case", untagged)]
enum FoundMirror {
    Counts(Match),
    Ignored(&'static str),
}

/// `before` are settings that were named before the subcommand.
pub(super) fn run(ui: &Ui, host: &Host, args: &Args, before: Option<&Path>) -> anyhow::Result<u8> {
    let names = Names::new(ui, host, args.files.settings.as_deref().or(before));
    let world = World::read(&names, &args.files)?;
    let layout = Some(args.layout.clone()).filter(|layout| layout != "default");
    let repository = Repository { id: args.id.clone(), url: args.url.clone(), layout };
    let effective = world.effective();
    let taken = mirror::choose(&effective, &repository).map(|(at, _)| &effective[at]);
    let steps: Vec<ExplainedStep<'_>> = world
        .all()
        .map(|mirror| {
            let counts = effective.contains(mirror);
            let found = if counts {
                FoundMirror::Counts(mirror::matching(mirror, &repository))
            } else {
                FoundMirror::Ignored("ignored")
            };
            ExplainedStep { mirror, found, taken: taken == Some(mirror) }
        })
        .collect();
    let (verdict, _) = mirror::verdict(&effective, &repository);
    let whole = findings::absolute(ui, &world.warnings);
    let taken = taken.cloned();
    ui.answer(&Explained { names, world: &world, repository, steps, verdict, taken, whole })
}

/// Which mirror is taken, and why.
struct Explained<'a> {
    names: Names<'a>,
    world: &'a World,
    repository: Repository,
    steps: Vec<ExplainedStep<'a>>,
    verdict: Verdict,
    taken: Option<Mirror>,
    /// The warnings, for programs.
    whole: Vec<Detailed<Remedy>>,
}

impl Answer for Explained<'_> {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        let Self { repository, .. } = self;
        let external_http = repository.is_external_http();
        let url = devkit_mvn_unblock::masked(&repository.url);
        to.add(&ExplainDocument {
            schema: SCHEMA,
            repository: ExplainedRepository { id: &repository.id, url, external_http },
            mirrors: &self.steps,
            verdict: self.verdict,
            mirror: self.taken.as_ref().map(|mirror| mirror.id.as_str()),
            warnings: &self.whole,
        })
    }

    fn remarks(&self, ui: &Ui) {
        warn(ui, &self.world.warnings);
    }

    fn text(&self, ui: &Ui) -> String {
        let Self { repository, .. } = self;
        let is_meant = repository.is_external_http();
        let kind = if is_meant { "external http" } else { "not external http" };
        let url = devkit_mvn_unblock::masked(&repository.url);
        let (id, address) = (escape(repository.id.as_bytes()), escape(url.as_bytes()));
        let heading = format!("repository {id} ({address}): {kind}");
        let mut text = ui.paragraph(To::Out, &heading.into());
        if self.steps.is_empty() {
            text.push_str("there is no mirror\n");
        } else {
            text.push_str(&self.table(ui));
        }
        text + &ui.paragraph(To::Out, &outcome(ui, self))
    }

    fn is_account(&self) -> bool {
        true
    }
}

impl Explained<'_> {
    fn table(&self, ui: &Ui) -> String {
        let mut table = Table::new(&[
            column("", Fit::Keep),
            column("mirror", Fit::Wrap),
            column("mirrorOf", Fit::Wrap),
            column("from", Fit::Wrap),
            column("why", Fit::Wrap),
        ]);
        for step in &self.steps {
            table.row([
                if step.taken { "→".into() } else { "".into() },
                escape(step.mirror.id.as_bytes()).into(),
                escape(step.mirror.mirror_of.as_bytes()).into(),
                self.world.origin(&self.names, &step.mirror.origin).into(),
                why(step, self.taken.as_ref()).into(),
            ]);
        }
        table.text(ui, To::Out)
    }
}

fn why(step: &ExplainedStep<'_>, taken: Option<&Mirror>) -> String {
    let FoundMirror::Counts(found) = &step.found else {
        return "ignored: a mirror before it has the same id".into();
    };
    let text = match found {
        Match::WholeId => "the whole pattern is the id, which counts before all lists".into(),
        Match::Id => "the list holds the id".into(),
        Match::Wildcard(wildcard) => format!("{wildcard} matches"),
        Match::Excluded => "the id is excluded".into(),
        Match::No => "no match".into(),
        Match::Layout => "for other layouts".into(),
    };
    match taken {
        Some(taken) if found.matches() && !step.taken => {
            format!("{text}, but {} comes first", escape(taken.id.as_bytes()))
        }
        _ => text,
    }
}

fn outcome(ui: &Ui, explained: &Explained<'_>) -> Phrase {
    let Explained { names, world, repository, verdict, taken, .. } = explained;
    let mark = ui.sign(verdict.is_open());
    let Some(mirror) = taken else {
        return mark.then(" no mirror catches it: Maven asks the repository itself");
    };
    let (id, url) =
        (escape(mirror.id.as_bytes()), escape(devkit_mvn_unblock::masked(&mirror.url).as_bytes()));
    let remedy = || {
        let from = match mirror.origin {
            Origin::User { .. } => world.origin(names, &mirror.origin),
            _ => "the installation".into(),
        };
        let repo = ui::quoted(&repository.id);
        match &mirror.origin {
            // Only its own blocker can be taken the place of, without a word about it in the file.
            Origin::Installation { file, .. } if mirror.id != mirror::BLOCKER => {
                format!("by {id} of {from}; {} is where to change that", names.show(file))
            }
            _ if RepositoryId::parse(&repository.id).is_err() => {
                format!("by {id} of {from}; of this id, no list can let it through")
            }
            _ => format!("by {id} of {from}; {} --repo {repo} lets it through", names.command()),
        }
    };
    mark.then(match verdict {
        Verdict::Blocked => format!(" blocked {}", remedy()),
        Verdict::Dead => format!(" sent to {url}, where nobody answers, {}", remedy()),
        Verdict::Direct | Verdict::Mirrored => {
            format!(" Maven asks {url} in its place, with the credentials of server '{id}'")
        }
    })
}
