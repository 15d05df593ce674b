//! The command `devkit envcheck`: its arguments, and what of the surroundings its library is handed.

mod entry;
mod environ;
mod files;
mod name;
mod probe;
mod rules;

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use devkit_envcheck::{
    Chain, Context, Format, Input, Limits, Report, UnknownContext, Verdict, counts_by_default,
};
use devkit_text::escape;
use serde::Serialize;

pub(crate) use self::entry::RECIPE;
use self::rules::Rules;
use crate::amounts::whole;
use crate::exit;
use crate::failure::Failure;
use crate::findings::ReportOption;
use crate::host::Host;
use crate::stdin;
use crate::ui::{self, Answer as _, Documents, Ui};

const SCHEMA: &str = "devkit.envcheck/1";

/// Tell where an environment variable name is accepted, and where it is lost
///
/// Exit code 0: it works. 1: a context that was asked for (else a POSIX shell or execve) rejects, drops or
/// mangles it; a file fails in the contexts of its format. An argument with '=' is NAME=VALUE; one that is
/// there as a file, and has a '/' or a known file name, is a file; after -- everything is a name; - reads
/// names from standard input, one a line.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag")]
struct Args {
    /// Names, NAME=VALUE, or files that set variables; - reads names from standard input
    #[arg(value_name = "NAME|FILE")]
    names: Vec<OsString>,
    /// Everything after -- is a name
    #[arg(last = true, value_name = "NAME", hide = true)]
    more: Vec<OsString>,
    /// Only these contexts: bash, docker.env, k8s.env@1.31
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    context: Vec<String>,
    /// Follow the name along a chain: k8s@1.34,sh=dash,spring
    #[arg(long, value_name = "CHAIN")]
    through: Option<String>,
    /// Verdicts that make the exit code 1
    #[arg(
        help_heading = "Exit code",
        long,
        value_name = "VERDICT,…",
        value_delimiter = ',',
        hide_possible_values = true,
        default_value = "rejected,dropped,mangled"
    )]
    fail_on: Vec<FailOn>,
    /// A file that sets variables, whatever it is called
    #[arg(long, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// What kind of file it is: dotenv, docker-env-file, kubernetes, dockerfile, compose, systemd,
    /// environment-file, github-workflow [default: by name and content]
    #[arg(help_heading = "Names and files", long, value_name = "FORMAT", value_parser = files::format)]
    format: Option<Format>,
    #[command(flatten)]
    annotations: ReportOption,
    /// Names are given as hexadecimal digits
    #[arg(help_heading = "Names and files", long)]
    hex: bool,
    /// Lines of standard input are NAME=VALUE
    #[arg(help_heading = "Names and files", long)]
    values: bool,
    /// The variables of this process, as bytes
    #[arg(help_heading = "Names and files", long, conflicts_with_all = ["names", "more", "pid", "file"])]
    env: bool,
    /// The variables of a running process, as bytes
    #[arg(help_heading = "Names and files", long, value_name = "PID", value_parser = whole::<u32>("the number of a process is wanted, such as 4121"), conflicts_with_all = ["names", "more", "file"])]
    pid: Option<u32>,
    /// Ask the shells of this machine, and show where they differ from the table
    #[arg(help_heading = "This machine", long, conflicts_with_all = ["env", "pid", "through"])]
    probe: bool,
    /// Explain the rule of a context
    #[arg(long, value_name = "ID", conflicts_with_all = ["names", "more", "env", "pid", "probe"])]
    explain: Option<String>,
    /// List the contexts, their versions and rules
    #[arg(long, conflicts_with_all = ["names", "more", "env", "pid", "probe", "explain"])]
    list_contexts: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FailOn {
    Rejected,
    Dropped,
    Mangled,
    Changed,
}

impl From<FailOn> for Verdict {
    fn from(value: FailOn) -> Self {
        match value {
            FailOn::Rejected => Self::Rejected,
            FailOn::Dropped => Self::Dropped,
            FailOn::Mangled => Self::Mangled,
            FailOn::Changed => Self::Changed,
        }
    }
}

/// A name, as `--json` tells it.
#[derive(Serialize)]
struct NameDocument<'a> {
    schema: &'static str,
    #[serde(flatten)]
    report: &'a Report,
}

fn run(ui: &Ui, host: &Host, args: &Args) -> anyhow::Result<u8> {
    if args.list_contexts {
        return ui.answer(&Rules::All(&devkit_envcheck::all_contexts()));
    }
    if let Some(id) = &args.explain {
        let contexts = devkit_envcheck::contexts(id).map_err(|e| unknown(&e, "--explain"))?;
        return ui.answer(&Rules::Explained(&contexts));
    }
    let chosen = args.contexts()?;
    if args.env || args.pid.is_some() {
        return environ::run(ui, args, &chosen);
    }
    let (items, several) = args.items()?;
    if items.is_empty() && !several {
        return Err(Failure::new("usage", "no name is given")
            .hint("devkit envcheck NAME; '' is the empty name, - reads names from standard input")
            .into());
    }
    let is_name = |item: &Item| matches!(item, Item::Name(_));
    if args.annotations.report.is_some() && items.iter().any(is_name) {
        return Err(Failure::new("usage", "--report is about files, and a name is no file")
            .hint("a file that is not there is taken for a name: --file FILE says that it is one")
            .into());
    }
    if args.probe {
        let names = items.into_iter().filter_map(Item::name).collect::<Vec<_>>();
        return probe::run(ui, host.programs(), &names);
    }
    let chain = match &args.through {
        Some(text) => Some(Chain::parse(text).map_err(|error| unknown(&error, "--through"))?),
        None => None,
    };
    let asked = Asked { chosen, chain };
    let answers: anyhow::Result<Vec<OneAnswer>> =
        items.into_iter().map(|item| asked.answer(item, args.format)).collect();
    tell(ui, host, &Answers::new(args, &asked, answers?))
}

/// What is asked of every name.
struct Asked {
    /// The contexts that were named.
    chosen: Vec<Context>,
    chain: Option<Chain>,
}

/// An argument, or a line of standard input.
enum Item {
    Name(Input),
    File(PathBuf),
}

impl Item {
    fn name(self) -> Option<Input> {
        match self {
            Self::Name(input) => Some(input),
            Self::File(_) => None,
        }
    }
}

enum OneAnswer {
    Name(Box<Report>),
    File(files::Checked),
}

impl Asked {
    /// Whether a name is asked about everywhere. A chain alone is a question of its own.
    fn everywhere(&self) -> bool {
        self.chosen.is_empty() && self.chain.is_none()
    }

    fn answer(&self, item: Item, format: Option<Format>) -> anyhow::Result<OneAnswer> {
        let input = match item {
            Item::Name(input) => input,
            Item::File(path) => {
                return Ok(OneAnswer::File(files::check(&path, format, &self.chosen)?));
            }
        };
        let all;
        let contexts = if self.everywhere() {
            all = devkit_envcheck::all_contexts();
            &all
        } else {
            &self.chosen
        };
        let mut report = Report::new(&input, contexts, &limits());
        let value = input.value.as_deref().unwrap_or(b"7");
        report.chain = self.chain.as_ref().map(|chain| chain.walk(&input.name, value));
        Ok(OneAnswer::Name(Box::new(report)))
    }
}

/// All answers of one run.
struct Answers<'a> {
    args: &'a Args,
    /// Whether names are asked about everywhere.
    everywhere: bool,
    items: Vec<OneAnswer>,
    /// Names of which several would become the same.
    collisions: Vec<(String, Vec<Vec<u8>>)>,
    /// Verdicts that make the answer no.
    on: Vec<Verdict>,
}

impl<'a> Answers<'a> {
    fn new(args: &'a Args, asked: &Asked, mut answers: Vec<OneAnswer>) -> Self {
        let reports = answers.iter_mut().filter_map(|answer| match answer {
            OneAnswer::Name(report) => Some(&mut **report),
            OneAnswer::File(_) => None,
        });
        let collisions = devkit_envcheck::name_collisions(&mut reports.collect::<Vec<_>>());
        let on = args.fail_on.iter().map(|verdict| (*verdict).into()).collect();
        Self { args, everywhere: asked.everywhere(), items: answers, collisions, on }
    }

    fn counts(&self) -> impl Fn(&Context) -> bool {
        let everywhere = self.everywhere;
        move |context| !everywhere || counts_by_default(context)
    }

    fn files(&self) -> Vec<&files::Checked> {
        let files = self.items.iter().filter_map(|answer| match answer {
            OneAnswer::File(checked) => Some(checked),
            OneAnswer::Name(_) => None,
        });
        files.collect()
    }
}

impl ui::Answer for Answers<'_> {
    fn documents(&self, to: &mut Documents) -> anyhow::Result<()> {
        self.items.iter().try_for_each(|answer| match answer {
            OneAnswer::Name(report) => to.add(&NameDocument { schema: SCHEMA, report }),
            OneAnswer::File(checked) => to.add(checked),
        })
    }

    fn text(&self, ui: &Ui) -> String {
        let mut problems = Vec::new();
        let text = |answer: &OneAnswer| match answer {
            OneAnswer::Name(report) => name::report(ui, report, self.everywhere, &self.counts()),
            OneAnswer::File(checked) => {
                let (text, told) = files::text(ui, checked, &self.on);
                problems.push(told);
                text
            }
        };
        let mut all: Vec<String> = self.items.iter().map(text).collect();
        all.extend(files::sum(&problems));
        all.join("\n")
    }

    fn remarks(&self, ui: &Ui) {
        for (name, names) in &self.collisions {
            let names: Vec<String> = names.iter().map(|name| escape(name)).collect();
            let names = names.join(" and ");
            ui.warning("collision", format!("{names} would be one variable, {name}"));
        }
    }

    fn is_account(&self) -> bool {
        true
    }

    fn exit(&self) -> u8 {
        let fails = self.items.iter().any(|answer| match answer {
            OneAnswer::Name(report) => report.fails(&self.on, &self.counts()),
            OneAnswer::File(checked) => checked.fails(&self.on),
        });
        if fails { exit::NO } else { exit::DONE }
    }
}

/// Prints all answers and gives the exit code.
fn tell(ui: &Ui, host: &Host, answers: &Answers<'_>) -> anyhow::Result<u8> {
    let Some(annotations) = answers.args.annotations.report else { return ui.answer(answers) };
    files::annotate(ui, host, annotations, &answers.files(), &answers.on)?;
    answers.remarks(ui);
    Ok(answers.exit())
}

fn unknown(error: &UnknownContext, option: &str) -> Failure {
    let hint = match error.nearest.as_slice() {
        [] => "devkit envcheck --list-contexts shows the known ones".to_owned(),
        near => format!(
            "did you mean {}? devkit envcheck --list-contexts shows all",
            near.iter().map(|id| format!("'{id}'")).collect::<Vec<_>>().join(" or ")
        ),
    };
    Failure::new("unknown-context", format!("unknown context '{}' in {option}", error.id))
        .hint(hint)
}

impl Args {
    fn contexts(&self) -> anyhow::Result<Vec<Context>> {
        let mut all = Vec::new();
        for id in &self.context {
            all.extend(
                devkit_envcheck::contexts(id).map_err(|error| unknown(&error, "--context"))?,
            );
        }
        Ok(all)
    }

    /// What is asked about, and whether it came in any number.
    fn items(&self) -> anyhow::Result<(Vec<Item>, bool)> {
        let mut items = Vec::new();
        let mut several = false;
        for argument in &self.names {
            let bytes = argument.as_bytes();
            if bytes == b"-" && self.format.is_some() {
                items.push(Item::File(argument.into()));
            } else if bytes == b"-" {
                several = true;
                items.extend(self.lines()?.into_iter().map(Item::Name));
            } else if self.hex {
                items.push(Item::Name(Input { name: unhex(bytes)?, value: None }));
            } else if files::is_file(argument) {
                items.push(Item::File(argument.into()));
            } else {
                items.push(Item::Name(split(bytes)));
            }
        }
        items.extend(self.file.iter().cloned().map(Item::File));
        for name in &self.more {
            let bytes = name.as_bytes();
            let name = if self.hex { unhex(bytes)? } else { bytes.to_vec() };
            items.push(Item::Name(Input { name, value: None }));
        }
        Ok((items, several))
    }

    fn lines(&self) -> anyhow::Result<Vec<Input>> {
        let bytes = stdin::read("the names").map_err(|error| {
            Failure::new("io", "cannot read standard input")
                .because(devkit_text::words(&error))
                .hint("give the names as arguments")
        })?;
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines
            .map(|line| {
                let line = if self.hex { unhex(line.trim_ascii())? } else { line.to_vec() };
                Ok(if self.values { split(&line) } else { Input { name: line, value: None } })
            })
            .collect()
    }
}

/// `NAME=VALUE`, or a name alone. What starts with `=` has an empty name.
fn split(bytes: &[u8]) -> Input {
    match bytes.iter().position(|byte| *byte == b'=') {
        Some(at) => Input { name: bytes[..at].to_vec(), value: Some(bytes[at + 1..].to_vec()) },
        None => Input { name: bytes.to_vec(), value: None },
    }
}

fn unhex(digits: &[u8]) -> anyhow::Result<Vec<u8>> {
    let pair = |pair: &[u8]| {
        let text = str::from_utf8(pair).ok().filter(|text| text.len() == 2)?;
        let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        u8::from_str_radix(text, 16).ok().filter(|_| digits)
    };
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(pair).collect();
    bytes.ok_or_else(|| {
        Failure::new("usage", format!("'{}' is no name in hexadecimal digits", escape(digits)))
            .hint("two digits for each byte: 6361662e is caf.")
            .into()
    })
}

/// What this machine's kernel allows this process's children.
fn limits() -> Limits {
    use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
    use nix::unistd::{SysconfVar, sysconf};
    let page = sysconf(SysconfVar::PAGE_SIZE).ok().flatten();
    let page = page.and_then(|page| usize::try_from(page).ok()).unwrap_or(4096);
    let stack = getrlimit(Resource::RLIMIT_STACK).map_or(8 << 20, |(soft, _)| soft);
    Limits::new(page, (stack != RLIM_INFINITY).then_some(stack))
}
