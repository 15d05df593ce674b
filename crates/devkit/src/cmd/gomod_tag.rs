//! The command `devkit gomod-tag`: its arguments, and what of the surroundings its library is handed.

mod api;
mod list;
mod options;
mod render;
mod run;
mod tag;
mod trouble;
mod verify;

use std::path::Path;

use devkit_gomod_tag::{Git, Repository};

use crate::host::Host;
use crate::stdin;
use crate::ui::Ui;

/// Of a plan, and of what became of it.
const SCHEMA: &str = "devkit.gomod-tag/1";

const EXAMPLES: &str = "\
Examples:
  devkit gomod-tag list
  devkit gomod-tag v0.1.0
  devkit gomod-tag tag --all --version v0.1.0 --push
  devkit gomod-tag status
  devkit gomod-tag plan --changed --bump minor
  devkit gomod-tag tag --module client --module server --bump patch --yes
  devkit gomod-tag tag --changed --bump auto --update-requires --push=each
  devkit gomod-tag verify";

#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true,
    disable_version_flag = true,
    long_about = "Tag every Go module of a repository: <module dir>/<version>\n\n\
        Finds the modules, shows which gets which tag and what would keep Go from using it, asks, and \
        makes all the tags or none. A version alone is short for: devkit gomod-tag tag --version \
        VERSION. Nothing is ever moved or deleted, and the remote is asked only with --push.",
    after_long_help = EXAMPLES
)]
pub(crate) struct Args {
    #[command(flatten)]
    tag: tag::TagArgs,
    #[command(subcommand)]
    command: Option<Sub>,
}

#[derive(Debug, clap::Subcommand)]
enum Sub {
    /// List the modules, their latest versions, and why one cannot be released
    List(list::Args),
    /// Show what has changed since the last versions; exit code 1 if something has
    Status(tag::StatusArgs),
    /// Show which tags would be made, and what stands against them
    Plan(tag::PlanArgs),
    /// Show the same, ask, and make the tags: all or none
    Tag(Box<tag::TagArgs>),
    /// Have the real go resolve, download and build versions from this repository, offline
    Verify(verify::Args),
}

pub(crate) fn run(ui: &Ui, host: &Host, args: &Args) -> anyhow::Result<u8> {
    match &args.command {
        Some(Sub::List(args)) => list::run(ui, args),
        Some(Sub::Status(args)) => tag::status(ui, args),
        Some(Sub::Plan(args)) => tag::plan(ui, host, args),
        Some(Sub::Tag(args)) => tag::tag(ui, host, args),
        Some(Sub::Verify(args)) => verify::run(ui, host, args),
        None => tag::tag(ui, host, &args.tag),
    }
}

/// Reads the repository that the working directory is in.
fn repository(rev: Option<&str>, root: Option<&str>) -> anyhow::Result<Repository> {
    let git = Git::open(Path::new("."), stdin::may_ask()).map_err(trouble::git)?;
    let root = root.map(options::root).transpose()?;
    let is_new = rev.is_none();
    Repository::read(git, rev.unwrap_or("HEAD"), root.as_deref())
        .map_err(|error| trouble::unread(error, is_new).into())
}
