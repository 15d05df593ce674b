//! The options of a plan, and what they come to.

use clap::ValueEnum;
use devkit_gomod_tag::apply::PushMode;
use devkit_gomod_tag::git::{Git, TagKind};
use devkit_gomod_tag::options::{Next, Options, Surroundings};
use devkit_gomod_tag::{Bump, Selection};

use crate::failure::Failure;

/// Which modules.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Modules")]
pub(super) struct Chosen {
    /// Every module, but those below testdata, vendor, _x and .x
    #[arg(long)]
    all: bool,
    /// Only what has changed since its last version
    #[arg(help_heading = None, long)]
    changed: bool,
    /// Only this one: a folder, a path or a pattern
    ///
    /// a folder counts from the repository's root; may be repeated
    #[arg(help_heading = None, long, value_name = "DIR|PATH|GLOB", conflicts_with = "all")]
    module: Vec<String>,
    /// Not this one
    #[arg(long, value_name = "DIR|PATH|GLOB")]
    exclude: Vec<String>,
    /// Also modules that have no version yet
    #[arg(long)]
    include_new: bool,
}

/// Where the modules are.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Repository")]
pub(super) struct Where {
    /// The commit [default: HEAD]
    #[arg(long, value_name = "REV")]
    pub(super) commit: Option<String>,
    /// The branch that has to have the commit [default: any]
    #[arg(long, value_name = "BRANCH")]
    branch: Option<String>,
    /// The import path of the repository's root [default: what most modules have]
    #[arg(long, value_name = "IMPORTPATH")]
    pub(super) root: Option<String>,
}

/// Which versions, without the one for all.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Versions")]
pub(super) struct Steps {
    /// patch, minor, major, prerelease, release, auto
    ///
    /// the next version of this kind; auto chooses by the commits' messages
    #[arg(help_heading = None, long, value_name = "STEP", hide_possible_values = true)]
    bump: Option<BumpStep>,
    /// The version of one module
    #[arg(long, value_name = "DIR=VERSION")]
    set: Vec<String>,
    /// One version for all, counted from the highest
    #[arg(long)]
    lockstep: bool,
    /// Bring what the modules require of each other to the new versions: go.mod, go.sum, one commit
    #[arg(long)]
    pub(super) update_requires: bool,
    /// Ask gorelease whether each version fits what changed in the API
    #[arg(long)]
    pub(super) api: bool,
}

/// By how much a version goes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BumpStep {
    Patch,
    Minor,
    Major,
    Prerelease,
    Release,
    Auto,
}

/// What is done.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "What is done")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct Doing {
    /// Do not ask
    #[arg(help_heading = None, short, long)]
    pub(super) yes: bool,
    /// Only show the plan
    #[arg(help_heading = None, short = 'n', long)]
    pub(super) dry_run: bool,
    /// Send the tags: atomic, all at once, or each
    #[arg(help_heading = None,
        long,
        value_name = "MODE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "atomic",
        hide_possible_values = true
    )]
    push: Option<Push>,
    /// The remote [default: where the branch is pushed to, or origin]
    #[arg(long, value_name = "REMOTE", requires = "push")]
    pub(super) remote: Option<String>,
    /// Stop after the commit of --update-requires, for a pull request
    #[arg(long, requires = "update_requires", conflicts_with = "push")]
    pub(super) commit_only: bool,
    /// The message of the commit of --update-requires; without it, of the tags
    #[arg(short, long, value_name = "TEXT")]
    pub(super) message: Option<String>,
    /// Make tags with a message
    #[arg(long)]
    annotate: bool,
    /// Sign the tags [default: what git's tag.gpgSign says]
    #[arg(long, conflicts_with = "no_sign")]
    sign: bool,
    /// Do not sign them
    #[arg(long)]
    no_sign: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Push {
    /// All tags in one push, all or none
    Atomic,
    /// Pushes each tag by itself, for hosts that start no workflow for more than three at once
    Each,
}

/// All options of what makes tags, but the version.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Acting {
    #[command(flatten)]
    pub(super) chosen: Chosen,
    #[command(flatten)]
    pub(super) steps: Steps,
    #[command(flatten)]
    pub(super) place: Where,
    #[command(flatten)]
    pub(super) doing: Doing,
}

impl Chosen {
    pub(super) fn selection(&self) -> Selection {
        Selection {
            all: self.all,
            changed: self.changed,
            modules: self.module.clone(),
            exclude: self.exclude.clone(),
            include_new: self.include_new,
        }
    }
}

impl Where {
    pub(super) fn options(&self, chosen: &Chosen) -> Options {
        Options {
            selection: chosen.selection(),
            branch: self.branch.clone(),
            surroundings: match &self.commit {
                Some(_) => Surroundings::Branch,
                None => Surroundings::WorkTree,
            },
            ..Options::default()
        }
    }
}

impl Steps {
    /// Adds the versions to options.
    pub(super) fn add(&self, version: Option<&str>, to: &mut Options) -> anyhow::Result<()> {
        to.next = match (version, self.bump) {
            (Some(_), Some(_)) => {
                return Err(Failure::new("usage", "--bump and a version exclude each other")
                    .hint("--bump counts from the last version; leave one of the two out")
                    .into());
            }
            (Some(version), None) => Next::Exactly(version.to_owned()),
            (None, Some(BumpStep::Auto)) => Next::Auto,
            (None, Some(BumpStep::Patch)) => Next::Bump(Bump::Patch),
            (None, Some(BumpStep::Minor)) => Next::Bump(Bump::Minor),
            (None, Some(BumpStep::Major)) => Next::Bump(Bump::Major),
            (None, Some(BumpStep::Prerelease)) => Next::Bump(Bump::Prerelease),
            (None, Some(BumpStep::Release)) => Next::Bump(Bump::Release),
            (None, None) => Next::Unsaid,
        };
        if self.lockstep && to.next == Next::Unsaid {
            return Err(Failure::new("usage", "--lockstep needs --bump, or --version")
                .hint("for example: --lockstep --bump minor")
                .into());
        }
        to.lockstep = self.lockstep;
        to.update_requires = self.update_requires;
        for set in &self.set {
            let Some((module, version)) = set.split_once('=') else {
                let shown = devkit_text::escape(set.as_bytes());
                return Err(Failure::new("usage", format!("--set {shown} names no version"))
                    .hint("a folder and its version: --set client=v1.2.3; the root is .")
                    .into());
            };
            if to.set.iter().any(|(known, _)| known == module) {
                let shown = devkit_text::escape(module.as_bytes());
                return Err(Failure::new("usage", format!("--set names {shown} twice"))
                    .hint("leave one of the two out")
                    .into());
            }
            to.set.push((module.to_owned(), version.to_owned()));
        }
        Ok(())
    }
}

impl Doing {
    pub(super) fn push(&self) -> Option<PushMode> {
        self.push.map(|push| match push {
            Push::Atomic => PushMode::Atomic,
            Push::Each => PushMode::Each,
        })
    }

    /// What tags are made with.
    pub(super) fn kind(&self, git: &Git, updates: bool) -> TagKind {
        if self.sign || !self.no_sign && git.is_on("tag.gpgSign") {
            TagKind::Signed
        } else if self.annotate || self.message.is_some() && !updates {
            TagKind::Annotated
        } else {
            TagKind::Lightweight
        }
    }
}

/// The import path of a repository, as it was typed.
pub(super) fn root(text: &str) -> anyhow::Result<String> {
    let root = text.trim_end_matches('/');
    if root.is_empty() || root.contains("://") {
        let shown = devkit_text::escape(text.as_bytes());
        return Err(Failure::new("usage", format!("{shown} is no import path"))
            .hint("without https://, as it is written in imports: --root go.example.com/kit")
            .into());
    }
    Ok(root.to_owned())
}
