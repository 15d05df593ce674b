//! The command `devkit fwd`: its arguments, signals and the run itself.

mod entry;
mod explain;
mod log;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::num::{NonZeroU16, NonZeroUsize};
use std::os::fd::AsFd;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use devkit_fwd::{
    Activation, Cidr, Control, Destination, Engine, Event, FileRule, Forwarder, Networks, Options,
    Peers, Plan, Reason, Source,
};

pub(crate) use self::entry::RECIPE;
use self::log::Log;
use crate::amounts::whole;
use crate::exit;
use crate::failure::{self, Failure};
use crate::findings;
use crate::host::signals::{Heard, Signals};
use crate::host::{Host, runtime};
use crate::stdin;
use crate::ui::Ui;

/// Threads that resolve names: one that hangs must not be followed by hundreds.
const MOST_RESOLVERS: usize = 16;

/// The address forms: the same table in `--help`, the man page and `docs/fwd.md`.
const ADDRESSES: &str = "\
Addresses:
  tcp://HOST:PORT  HOST:PORT     TCP; all addresses of a name
  tcp4://…  tcp6://…             only its IPv4, only its IPv6 addresses
  [V6]:PORT  :PORT  PORT         without a host: loopback
  unix:///PATH  unix:PATH  /PATH a Unix socket file
  unix:@NAME  unix://@NAME       a Linux abstract name
  fd://                          as SOURCE: sockets passed by systemd (LISTEN_FDS)
  stdio:                         as SOURCE: one connection on stdin and stdout
  echo:                          as DESTINATION: answers what it gets";

/// What stands below the options.
fn topics() -> String {
    format!("{ADDRESSES}\n\n{SIGNALS}")
}

const SIGNALS: &str = "\
Signals: SIGTERM or Ctrl-C stops in good order, a second one at once; SIGUSR1 prints statistics.";

/// Forward connections between sockets: TCP, Unix, stdio
///
/// Each connection to SOURCE is carried to DESTINATION, which is dialled anew each time. A half-close is
/// kept, a reset is passed on as a reset, and a SOURCE that other machines can reach needs a word about
/// who may connect.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "devkit fwd -s <ADDRESS> -d <ADDRESS> [OPTIONS]",
    after_long_help = topics()
)]
struct Args {
    /// Where to listen; a bare port or :PORT is on loopback
    #[arg(short, long, value_name = "ADDRESS")]
    source: OsString,
    /// Where each connection goes
    #[arg(short, long, value_name = "ADDRESS")]
    destination: OsString,
    /// TCP: admit these networks only (CIDR), on loopback too
    #[arg(long, value_name = "CIDR,…", value_delimiter = ',', conflicts_with = "allow_any")]
    allow: Vec<Cidr>,
    /// TCP: admit whoever can reach the port
    #[arg(long)]
    allow_any: bool,
    /// Unix: admit these users only
    #[arg(
        help_heading = "Who may connect",
        long,
        value_name = "UID|NAME,…",
        value_delimiter = ','
    )]
    allow_uid: Vec<String>,
    /// Unix: admit members of these groups only, besides --allow-uid
    #[arg(
        help_heading = "Who may connect",
        long,
        value_name = "GID|NAME,…",
        value_delimiter = ','
    )]
    allow_gid: Vec<String>,
    /// Mode of the socket file [default: 0600]
    #[arg(long, value_name = "OCTAL", value_parser = octal_mode)]
    mode: Option<u32>,
    /// Give the socket file to this user
    #[arg(help_heading = "Socket file", long, value_name = "USER")]
    owner: Option<String>,
    /// Give the socket file to this group
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// Time for resolving and dialling
    #[arg(help_heading = "Times", long, value_name = "TIME", default_value = "5s", value_parser = positive)]
    connect_timeout: Duration,
    /// Cut a connection on which nothing moved for this long
    #[arg(help_heading = "Times", long, value_name = "TIME|none", default_value = "none", value_parser = positive_or_none)]
    idle_timeout: TimeLimit,
    /// Cut a half-closed connection on which nothing moved for this long
    #[arg(help_heading = "Times", long, value_name = "TIME|none", default_value = "1h", value_parser = positive_or_none)]
    half_close_timeout: TimeLimit,
    /// Time for open connections to finish after SIGTERM or Ctrl-C
    #[arg(help_heading = "Times", long, value_name = "TIME", default_value = "10s", value_parser = time)]
    drain: Duration,
    /// Connections at once; more wait [default: what the descriptor limit allows]
    #[arg(help_heading = "Load", long, value_name = "N", value_parser = whole::<NonZeroUsize>("a number from 1 on is wanted, such as 1000"))]
    max_connections: Option<NonZeroUsize>,
    /// Threads that carry connections
    #[arg(help_heading = "Load", long, value_name = "N", default_value = "1", value_parser = whole::<NonZeroU16>("a number from 1 to 65535 is wanted"))]
    workers: NonZeroU16,
    /// How bytes are moved: 'adaptive' splices streams where that is cheaper, 'copy' never does
    #[arg(
        help_heading = "Load",
        long,
        value_name = "HOW",
        default_value = "adaptive",
        env = "DEVKIT_FWD_ENGINE"
    )]
    engine: HowToMove,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum HowToMove {
    Adaptive,
    Copy,
}

/// A duration, or never.
#[derive(Debug, Clone, Copy)]
struct TimeLimit(Option<Duration>);

fn run(ui: &Ui, host: &Host, args: &Args) -> anyhow::Result<u8> {
    let source = Source::parse(&args.source)
        .map_err(|error| explain::address("-s", &args.source, &error))?;
    let destination = Destination::parse(&args.destination)
        .map_err(|error| explain::address("-d", &args.destination, &error))?;
    let stdio = source == Source::Stdio;
    if stdio {
        failure::refuse_json(
            ui,
            "--json and -s stdio: both need standard output",
            "leave out --json",
        )?;
    }
    devkit_fwd::raise_descriptor_limit();
    let activation = Activation {
        listen_pid: host.variables.get("LISTEN_PID").map(OsStr::to_owned),
        listen_fds: host.variables.get("LISTEN_FDS").map(OsStr::to_owned),
        pid: std::process::id(),
    };
    let explained = |error| explain::error(args, error);
    let options = args.options().map_err(explained)?;
    let plan = Plan::new(&source, destination, options, &activation).map_err(explained)?;
    for warning in plan.warnings() {
        if !ui.is_quiet() || warning.detail.is_grave {
            findings::tell(ui, &explain::warning(warning));
        }
    }

    let runtime = runtime::event_loop(MOST_RESOLVERS)?;
    let log = Arc::new(Log::new(ui, args.admission()));
    let outcome = runtime.block_on(async {
        // First of all: from here on a signal no longer ends the process on the spot, which would
        // leave the socket file behind.
        let signals = Signals::with_report().context("cannot listen for signals")?;
        let forwarder = plan.listen().map_err(explained)?;
        if stdio {
            carry(ui, args, forwarder, signals, &log).await
        } else {
            serve(args, forwarder, signals, &log).await
        }
    });
    // Tasks that are still there are dropped, which resets their connections; a resolver or a
    // terminal that blocks a thread is not waited for.
    runtime.shutdown_background();
    log.finish();
    outcome
}

/// Serves a listening source until it is told to stop.
async fn serve(
    args: &Args,
    forwarder: Forwarder,
    mut signals: Signals,
    log: &Arc<Log>,
) -> anyhow::Result<u8> {
    let control = forwarder.control();
    let on_event = {
        let log = Arc::clone(log);
        Arc::new(move |event: Event| log.event(&event))
    };
    let summaries = tokio::spawn(Arc::clone(log).summarise());
    let mut serving = pin!(forwarder.serve(on_event));
    let mut obedience = Obedience::new();
    let outcome = loop {
        tokio::select! {
            result = &mut serving => break result.map(|stats| {
                log.stopped(&stats);
                exit::DONE
            }),
            heard = signals.next() => if let Some(code) = obedience.obey(heard, &control, log) {
                break Ok(code);
            },
        }
    };
    summaries.abort();
    outcome.map_err(|error| explain::error(args, error).into())
}

/// Carries the one connection of `stdio:`.
async fn carry(
    ui: &Ui,
    args: &Args,
    forwarder: Forwarder,
    mut signals: Signals,
    log: &Log,
) -> anyhow::Result<u8> {
    if ui.shows_progress() {
        stdin::say_so("input");
    }
    let (input, output) =
        standard_streams().context("cannot take over standard input and output")?;
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let on_event = Arc::new(move |event: Event| drop(tell.send(event)));
    let control = forwarder.control();
    let mut serving = pin!(forwarder.serve_stdio(input, output, on_event));
    let mut obedience = Obedience::new();
    loop {
        tokio::select! {
            result = &mut serving => {
                result.map_err(|error| explain::error(args, error))?;
                break;
            }
            heard = signals.next() => if let Some(code) = obedience.obey(heard, &control, log) {
                return Ok(code);
            },
        }
    }
    while let Ok(event) = told.try_recv() {
        match event {
            Event::Failed { destination, code, message, .. } => {
                return Err(Failure::new(code, format!("cannot reach {destination}"))
                    .because(message)
                    .hint("start what should answer there, or choose another -d")
                    .into());
            }
            Event::Closed(closed)
                if !matches!(closed.reason, Reason::Ended | Reason::ClientReset) =>
            {
                return Err(explain::cut(&args.destination, closed.reason).into());
            }
            _ => {}
        }
    }
    Ok(exit::DONE)
}

/// Standard input and output as files of our own. Descriptor 1 is pointed elsewhere, so that
/// closing the file is what the reader sees.
fn standard_streams() -> io::Result<(File, File)> {
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    nix::unistd::dup2_stdout(File::options().write(true).open("/dev/null")?)?;
    Ok((input.into(), output.into()))
}

impl Args {
    fn options(&self) -> Result<Options, devkit_fwd::Error> {
        let uid = |name: &String| devkit_fwd::uid(name);
        let gid = |name: &String| devkit_fwd::gid(name);
        let networks = match (self.allow_any, self.allow.as_slice()) {
            (true, _) => Networks::Any,
            (false, []) => Networks::Unsaid,
            (false, networks) => Networks::Only(networks.to_vec()),
        };
        Ok(Options {
            networks,
            peers: Peers {
                uids: self.allow_uid.iter().map(uid).collect::<Result<_, _>>()?,
                gids: self.allow_gid.iter().map(gid).collect::<Result<_, _>>()?,
            },
            file: FileRule {
                mode: self.mode,
                owner: self.owner.as_ref().map(uid).transpose()?,
                group: self.group.as_ref().map(gid).transpose()?,
            },
            connect_timeout: self.connect_timeout,
            idle_timeout: self.idle_timeout.0,
            half_close_timeout: self.half_close_timeout.0,
            drain: self.drain,
            max_connections: self.max_connections,
            workers: self.workers,
            engine: match self.engine {
                HowToMove::Adaptive => Engine::Adaptive,
                HowToMove::Copy => Engine::Copy,
            },
        })
    }

    /// Who may connect, for the first line of the log; nothing where there is no rule.
    fn admission(&self) -> Option<String> {
        let list = |title: &str, names: &[String]| {
            (!names.is_empty()).then(|| format!("{title} {}", names.join(", ")))
        };
        let networks: Vec<String> = self.allow.iter().map(ToString::to_string).collect();
        let rules: Vec<String> =
            [list("", &networks), list("uid", &self.allow_uid), list("gid", &self.allow_gid)]
                .into_iter()
                .flatten()
                .map(|rule| rule.trim().to_owned())
                .collect();
        (!rules.is_empty()).then(|| format!("{} only", rules.join(" or ")))
    }
}

/// How a forwarder answers signals.
struct Obedience {
    started: Instant,
    stopping: bool,
}

impl Obedience {
    fn new() -> Self {
        Self { started: Instant::now(), stopping: false }
    }

    /// Gives an exit code when it is to end at once.
    fn obey(&mut self, heard: Heard, control: &Control, log: &Log) -> Option<u8> {
        match heard {
            Heard::Stop(code) if self.stopping => return Some(code),
            Heard::Stop(_) => {
                self.stopping = true;
                control.stop();
            }
            Heard::Report => log.stats(&control.stats(), self.started.elapsed()),
        }
        None
    }
}

fn octal_mode(text: &str) -> Result<u32, String> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    match u32::from_str_radix(digits, 8) {
        Ok(mode) if mode <= 0o777 && !digits.starts_with('+') => Ok(mode),
        _ => Err("an octal number from 0 to 0777 is wanted, such as 0660".into()),
    }
}

fn time(text: &str) -> Result<Duration, String> {
    let wanted = "a time with its unit is wanted, such as 500ms, 5s, 10m or 1h30m";
    let span: jiff::SignedDuration = text.parse().map_err(|_| wanted.to_owned())?;
    Duration::try_from(span).map_err(|_| wanted.to_owned())
}

fn positive(text: &str) -> Result<Duration, String> {
    match time(text)? {
        Duration::ZERO => Err("it must be longer than nothing".into()),
        duration => Ok(duration),
    }
}

fn positive_or_none(text: &str) -> Result<TimeLimit, String> {
    match text {
        "none" => Ok(TimeLimit(None)),
        _ => match positive(text) {
            Ok(duration) => Ok(TimeLimit(Some(duration))),
            Err(error) => Err(format!("{error}; 'none' never does")),
        },
    }
}
