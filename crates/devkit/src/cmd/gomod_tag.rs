//! The command `devkit gomod-tag`: its arguments, and what of the surroundings its library is handed.

mod annotate;
mod api;
mod beforehand;
mod entry;
mod list;
mod options;
mod render;
mod run;
mod status;
mod tag;
mod trouble;
mod verify;

use std::path::Path;

use devkit_gomod_tag::{Git, Repository};

pub(crate) use self::entry::RECIPE;
use crate::host::Host;
use crate::stdin;
use crate::ui::Ui;

/// The schema of a plan, and of what became of it.
const SCHEMA: &str = "devkit.gomod-tag/1";

#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true,
    disable_version_flag = true,
    about = "Tag every Go module of a repository: <module dir>/<version>",
    long_about = "Tag every Go module of a repository: <module dir>/<version>\n\n\
        Finds the modules, shows which gets which tag and what would keep Go from using it, asks, and \
        makes all the tags or none. A version alone is short for: devkit gomod-tag tag --version \
        VERSION. Nothing is ever moved or deleted, and the remote is asked only with --push."
)]
struct Args {
    #[command(flatten)]
    tag: tag::TagArgs,
    #[command(subcommand)]
    command: Option<Sub>,
}

#[derive(Debug, clap::Subcommand)]
enum Sub {
    List(list::Args),
    Status(status::Args),
    Plan(tag::PlanArgs),
    Tag(Box<tag::TagArgs>),
    Verify(verify::Args),
}

fn run(ui: &Ui, host: &Host, args: &Args) -> anyhow::Result<u8> {
    match &args.command {
        Some(Sub::List(args)) => list::run(ui, args),
        Some(Sub::Status(args)) => status::run(ui, args),
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
