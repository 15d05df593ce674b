//! The command `devkit man`: manual pages in roff.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use anyhow::Context as _;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};
use serde::Serialize;

use super::RECIPES;
use crate::failure::Failure;
use crate::host::Host;
use crate::line;
use crate::recipe::{self, Recipe, Task};
use crate::ui::{self, Documents, To, Ui};

const SCHEMA: &str = "devkit.man/1";

pub(crate) const RECIPE: Recipe = Recipe {
    name: "man",
    links: &[],
    also: &["manual", "manpage"],
    task: Task::About,
    page: None,
    headlines: &[],
    examples: &["devkit man fwd | man -l -", "devkit man --out ~/.local/share/man/man1"],
    slips: &[],
    arguments: <Args as clap::Args>::augment_args,
    run: |ui, host, matches| run(ui, host, &recipe::read(matches)?),
};

/// Print a man page, or write all of them
#[derive(Debug, clap::Args)]
struct Args {
    /// The command to print the page of (fwd, kubecerts extract); without one, devkit's own
    #[arg(conflicts_with = "out")]
    command: Vec<String>,
    /// Write all pages into this folder instead
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// With `--json`.
#[derive(Serialize)]
struct ManDocument {
    schema: &'static str,
    pages: Vec<Page>,
}

/// A page, or where it was written.
#[derive(Serialize)]
struct Page {
    name: String,
    roff: Option<String>,
    path: Option<PathBuf>,
}

fn run(ui: &Ui, host: &Host, args: &Args) -> anyhow::Result<u8> {
    let mut devkit = line::command(RECIPES);
    devkit.build();
    if let Some(folder) = &args.out {
        return ui.answer(&WrittenPages { pages: write_all(ui, &devkit, folder)? });
    }
    let command = find(&devkit, &args.command)?;
    let (name, roff) = (page_name(command), page(command)?);
    ui.answer(&PrintedPage { host, name, roff, asked: args.command.join(" ") })
}

#[expect(clippy::disallowed_methods, reason = "a page that is torn is made again by the next run")]
fn write_all(
    ui: &Ui,
    devkit: &clap::Command,
    folder: &Path,
) -> anyhow::Result<Vec<(String, PathBuf)>> {
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let mut pages = Vec::new();
    for command in all(devkit) {
        let name = page_name(command);
        let file = folder.join(format!("{name}.1"));
        fs::write(&file, page(command)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
        if ui.shows_progress() {
            // The name as it is, whatever letters the locale has.
            ui::message(&format!("{}\n", file.display()));
        }
        pages.push((name, file));
    }
    Ok(pages)
}

/// Pages that were written into a folder, by name and file.
struct WrittenPages {
    pages: Vec<(String, PathBuf)>,
}

impl ui::Answer for WrittenPages {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        let page = |(name, file): &(String, PathBuf)| {
            let path = std::path::absolute(file).context("cannot tell the current folder")?;
            Ok(Page { name: name.clone(), roff: None, path: Some(path) })
        };
        let pages = self.pages.iter().map(page).collect::<anyhow::Result<_>>()?;
        to.add(&ManDocument { schema: SCHEMA, pages })
    }

    /// Each page was told when it was written.
    fn text(&self, _: &Ui) -> String {
        String::new()
    }
}

/// A page that is wanted here.
struct PrintedPage<'a> {
    host: &'a Host,
    name: String,
    roff: String,
    /// The command as it was asked for.
    asked: String,
}

impl ui::Answer for PrintedPage<'_> {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        let page = Page { name: self.name.clone(), roff: Some(self.roff.clone()), path: None };
        to.add(&ManDocument { schema: SCHEMA, pages: vec![page] })
    }

    fn text(&self, _: &Ui) -> String {
        self.roff.clone()
    }

    fn write(&self, ui: &Ui, text: &str) -> anyhow::Result<()> {
        match ui.width(To::Out) {
            Some(_) => show(ui, self.host, &self.asked, text),
            None => ui::bytes(text.as_bytes()),
        }
    }
}

/// Shows a page on a terminal as man(1) shows it; nobody reads roff. Where there is no man(1), the page
/// is printed all the same, and how it becomes legible is said behind it.
fn show(ui: &Ui, host: &Host, command: &str, roff: &str) -> anyhow::Result<()> {
    let man = host.programs().find("man");
    if man.is_some_and(|man| is_shown_by(&man, roff)) {
        return Ok(());
    }
    ui::bytes(roff.as_bytes())?;
    let line = format!("devkit man {command}");
    ui.say(&format!(
        "this is roff, and man(1) is not here to show it: {} | groff -man -Tutf8 | less -R\n",
        line.trim_end()
    ));
    Ok(())
}

/// Whether man(1) has shown it. One that is a stub, as in small images, fails.
fn is_shown_by(man: &Path, roff: &str) -> bool {
    let mut command = Command::new(man);
    let Ok(mut child) = command.args(["-l", "-"]).stdin(Stdio::piped()).spawn() else {
        return false;
    };
    if let Some(mut stdin) = child.stdin.take() {
        // A reader who has seen enough closes it, which is no error.
        let _ = stdin.write_all(roff.as_bytes());
    }
    child.wait().is_ok_and(|status| status.success())
}

/// The command of these words: `kubecerts tap`, or `kubecerts-tap` as its page is called.
fn find<'a>(devkit: &'a clap::Command, words: &[String]) -> anyhow::Result<&'a clap::Command> {
    let wanted: Vec<&str> =
        std::iter::once("devkit").chain(words.iter().map(String::as_str)).collect();
    let wanted = wanted.join("-");
    let found = all(devkit).into_iter().find(|command| page_name(command) == wanted);
    let Some(found) = found else {
        let names = all(devkit).into_iter().map(page_name).collect::<Vec<_>>();
        let near = devkit_text::nearest(&wanted, names.iter().map(String::as_str));
        let near = near.iter().find_map(|name| name.strip_prefix("devkit-"));
        let names: Vec<_> = devkit.get_subcommands().map(clap::Command::get_name).collect();
        let typed = devkit_text::escape(words.join(" ").as_bytes());
        let hint = match near {
            Some(near) => format!("did you mean '{near}'? devkit man {near}"),
            None => format!("there are {}", names.join(", ")),
        };
        return Err(Failure::new("usage", format!("there is no command '{typed}'"))
            .hint(hint)
            .into());
    };
    Ok(found)
}

/// A command and all below it. What `help` knows are no commands of their own.
fn all(command: &clap::Command) -> Vec<&clap::Command> {
    let below = command.get_subcommands().filter(|below| below.get_name() != "help");
    std::iter::once(command).chain(below.flat_map(all)).collect()
}

fn page_name(command: &clap::Command) -> String {
    command.get_display_name().unwrap_or(command.get_name()).to_owned()
}

fn page(command: &clap::Command) -> anyhow::Result<String> {
    let mut roff = Vec::new();
    let shown = match command.find_subcommand("help") {
        Some(_) => command.clone().mut_subcommand("help", |help| help.hide(true)),
        None => command.clone(),
    };
    let man = Man::new(shown.clone());
    let mut render = || -> io::Result<()> {
        man.render_title(&mut roff)?;
        man.render_name_section(&mut roff)?;
        man.render_synopsis_section(&mut roff)?;
        man.render_description_section(&mut roff)?;
        man.render_options_section(&mut roff)?;
        if shown.has_subcommands() {
            man.render_subcommands_section(&mut roff)?;
        }
        let topics = shown.get_after_long_help().or_else(|| shown.get_after_help());
        if let Some(topics) = topics {
            let topics = topics.to_string();
            verbatim("NOTES", topics.lines()).to_writer(&mut roff)?;
        }
        let examples = examples(&page_name(command));
        if !examples.is_empty() {
            verbatim("EXAMPLES", examples.into_iter()).to_writer(&mut roff)?;
        }
        man.render_version_section(&mut roff)
    };
    render().context("cannot make a man page")?;
    String::from_utf8(roff).context("cannot make a man page")
}

/// A section of tables or commands, whose lines must stay as they are.
fn verbatim<'a>(title: &str, lines: impl Iterator<Item = &'a str>) -> Roff {
    let mut section = Roff::new();
    section.control("SH", [title]).control("nf", []);
    for line in lines {
        section.text([roman(line)]);
    }
    section.control("fi", []);
    section
}

/// The examples of a command, by the name of its page.
fn examples(page_name: &str) -> Vec<&'static str> {
    let Some(name) = page_name.strip_prefix("devkit-") else {
        return RECIPES.iter().flat_map(|recipe| recipe.headlines.iter().copied()).collect();
    };
    // A page's name has '-' where the command line has a blank.
    let of = |recipe: &Recipe| {
        let below = name.strip_prefix(recipe.name)?;
        Some(
            recipe
                .examples_of(&format!("{}{}", recipe.name, below.replacen('-', " ", 1)))
                .collect(),
        )
    };
    RECIPES.iter().find_map(of).unwrap_or_default()
}
