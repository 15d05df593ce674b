//! `devkit kubecerts tap`: arguments, the command that is listened to, and the end of both.

mod explain;
mod log;
mod session;
mod view;

use std::ffi::OsString;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context as _;
use clap::builder::{PathBufValueParser, TypedValueParser};
use devkit_kubecerts::{Code, Connection, Secret};
use devkit_report::Finding;
use devkit_tap::{
    ApiVersion, AuthMethod, Credentials, ExecCluster, ExecConfig, Filter, FilterError, HarFile,
    HarLimits, Interactive, PluginSurroundings, Secrets, Server, Setup, Tap,
};
use tokio::sync::watch;

use self::log::{LogOptions, Passed, TapLog};
use self::session::{Ended, Folder};
use super::{Selection, WARN_DAYS};
use crate::amounts::{count, parse_size};
use crate::exit;
use crate::failure::{self, Failure};
use crate::findings;
use crate::host::signals::{Heard, Signals};
use crate::host::{Host, clock, runtime};
use crate::stdin;
use crate::ui::{self, Ui};

/// The bytes of a compressed body that are looked at, even where less is kept.
const LEAST_DECODED: u64 = 4 << 20;

/// Threads for calls that block: plugins, name look-ups and the command itself.
const MOST_WAITING: usize = 512;

/// Show what kubectl says to the API server, as it says it
///
/// Listens on loopback, writes a kubeconfig that leads there, and passes every request on with the context's
/// own credentials. Each request is one line on standard error. With COMMAND, that runs with KUBECONFIG set,
/// and its exit code is the exit code; without, the way to the kubeconfig is printed, until Ctrl-C. Tokens,
/// keys and the data of Secrets are not shown.
#[derive(Debug, clap::Args)]
#[command(override_usage = "devkit kubecerts tap [OPTIONS] [-- COMMAND ARG…]\n       \
                      devkit kubecerts tap --view FILE [--out PAGE]")]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    /// Where to listen: a loopback address; port 0 is any that is free
    #[arg(help_heading = "Connection", long, value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = listen_on)]
    listen: SocketAddr,
    /// Write a HAR file, complete at any moment: for a browser's developer tools, and for --view
    #[arg(long, value_name = "FILE", value_parser = file())]
    har: Option<PathBuf>,
    /// Begin another, numbered HAR file before one grows larger
    #[arg(help_heading = "What is kept", long, value_name = "SIZE", value_parser = parse_size, requires = "har")]
    har_max: Option<u64>,
    /// Only these, in kubectl's words: a verb, a resource, or both
    #[arg(long, value_name = "WORDS", value_parser = filter)]
    filter: Vec<Filter>,
    /// Write the log as JSON Lines too
    #[arg(help_heading = "What is kept", long, value_name = "FILE", value_parser = file())]
    log: Option<PathBuf>,
    /// How much of the bodies is shown
    #[arg(long, value_name = "HOW", default_value = "none")]
    bodies: HowMuch,
    /// Ask the server for JSON where kubectl would take protobuf too
    #[arg(help_heading = "Connection", long)]
    json_accept: bool,
    /// Leave tokens, keys and Secrets as they are
    #[arg(help_heading = "What is kept", long)]
    show_secrets: bool,
    /// The most of each body that is kept for log and HAR file
    #[arg(help_heading = "What is kept", long, value_name = "SIZE", default_value = "1MiB", value_parser = parse_size)]
    max_body: u64,
    /// Make a HAR file into a page to read it with
    #[arg(long, value_name = "FILE", conflicts_with_all =
        ["har", "log", "command", "kubeconfig", "filter", "bodies", "json_accept", "show_secrets"])]
    view: Option<PathBuf>,
    /// Where the page goes [default: standard output]
    #[arg(help_heading = "Pages", long, value_name = "PAGE", requires = "view")]
    out: Option<PathBuf>,
    /// What to run
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum HowMuch {
    None,
    Short,
    Full,
}

fn filter(text: &str) -> Result<Filter, String> {
    Filter::parse(text).map_err(|error| match &error {
        FilterError::NotAVerb { nearest, .. } if !nearest.is_empty() => {
            format!("{error}; did you mean {}?", nearest.join(" or "))
        }
        _ => error.to_string(),
    })
}

/// An address; a port alone is one of loopback.
fn listen_on(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix("localhost:").or_else(|| text.strip_prefix(':')).unwrap_or(text);
    let loopback = port.parse().map(|port: u16| (Ipv4Addr::LOCALHOST, port).into());
    loopback
        .or_else(|_| text.parse())
        .map_err(|_| "an address and a port are wanted, such as 127.0.0.1:8443".into())
}

/// A file, and not standard output, which is the command's.
fn file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| {
        if path.as_os_str() == "-" {
            return Err("standard output is the command's; name a file, or /dev/stderr");
        }
        Ok(path)
    })
}

pub(super) fn run(ui: &Ui, host: &Host, args: &Args) -> anyhow::Result<u8> {
    failure::refuse_json(
        ui,
        "tap has no --json: standard output is the command's",
        "--log FILE writes the log as JSON Lines, and a HAR file is JSON already",
    )?;
    if let Some(har) = &args.view {
        return view::run(har, args.out.as_deref());
    }
    let loaded = args.selection.load(ui, host)?;
    let selected = loaded.select(&args.selection)?;
    let explained = |error| super::explain::error(&loaded.names, &error);
    let mut connection = selected.connection(&|path| loaded.files.read(path)).map_err(explained)?;
    let report = loaded.examine(&selected, &[], WARN_DAYS);
    let way = way(&connection)?;
    let expired = report.warnings.iter().find(|warning| warning.code == Code::CertExpired.name());
    if let Some(expired) = expired.filter(|_| matches!(way, AuthMethod::None)) {
        return Err(Failure::new("cert-expired", expired.message.clone())
            .hint("get a new kubeconfig; the server would refuse every request")
            .into());
    }
    loaded.warn(ui, &[&report]);
    let parsed = Server::of(&connection);
    let url = parsed.as_ref().map(Server::url).unwrap_or_default();
    let has_ca = connection.ca.is_some();
    let server = explain::ServerContext { url, names: &loaded.names, has_ca };
    let credentials = Credentials::new(way, surroundings(host));
    // After the plugin's part, which is told of the kubeconfig's alone.
    if connection.proxy_url.is_none() {
        let named = parsed.as_ref().and_then(|server| server.proxy(|name| variable(host, name)));
        connection.proxy_url = named;
    }
    let secrets = if args.show_secrets { Secrets::Show } else { Secrets::Hide };
    if args.show_secrets {
        let text = "tokens, keys and Secrets are shown as they are";
        findings::tell(ui, &Finding::warning("secrets-shown", text));
    }
    // Neither tokens nor Secrets belong into a core dump. kubectl gets the usual again.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_dumpable(false);
    let mut fresh = Fresh::of(args.har.as_deref());
    let har = match &args.har {
        None => None,
        Some(path) => {
            let har = HarFile::create(path, HarLimits { max_bytes: args.har_max });
            Some(har.map_err(|error| fresh.keep_and(explain::har(path, &error)))?)
        }
    };
    let wanted = LogOptions {
        filters: args.filter.clone(),
        bodies: args.bodies,
        secrets,
        url: server.url.clone(),
        quiet: ui.is_quiet(),
        most_decoded: args.max_body.max(LEAST_DECODED),
    };
    let log = TapLog::start(ui, wanted, har, args.log.as_deref())?;
    let setup = Setup {
        listen: args.listen,
        context: selected.context().unwrap_or("tap").to_owned(),
        connection,
        credentials,
        most_kept: usize::try_from(args.max_body).unwrap_or(usize::MAX),
        json_accept: args.json_accept,
        now: clock::now,
    };
    let runtime = runtime::event_loop(MOST_WAITING)?;
    let ended = runtime.block_on(listen(ui, host, args, setup, &server, &log, &mut fresh));
    runtime.shutdown_background();
    let counts = log.finish();
    let ended = ended?;
    if fresh.kept {
        warn(ui, &counts, matches!(ended, Ended::Code(_)));
    }
    Ok(match ended {
        Ended::Stopped => exit::DONE,
        Ended::Code(code) => code,
    })
}

/// Says what may have kept requests out of the log.
fn warn(ui: &Ui, counts: &Passed, command: bool) {
    let Passed { requests, wanted, refused } = *counts;
    if refused > 0 {
        let text = format!(
            "{} came without the token of tap: kubectl's --token and --username replace it; choose \
             by tap's own --context or --user",
            count(refused, "request")
        );
        ui.warning("not-admitted", &text);
    } else if requests == 0 && command {
        ui.warning(
            "nothing-tapped",
            "no request came: does the command name a kubeconfig or a context itself? tap has \
             --kubeconfig and --context for that",
        );
    } else if requests > 0 && wanted == 0 {
        let text = format!("none of {} matches --filter", count(requests, "request"));
        ui.warning("nothing-matched", &text);
    }
}

/// A HAR file in the making. Nothing is in it until the tap serves, and it would be in the way of
/// the next try.
struct Fresh<'a> {
    path: Option<&'a Path>,
    kept: bool,
}

impl<'a> Fresh<'a> {
    /// Only what is not there yet is this one's to remove.
    fn of(path: Option<&'a Path>) -> Self {
        Self { path: path.filter(|path| path.symlink_metadata().is_err()), kept: false }
    }

    fn keep_and<T>(&mut self, value: T) -> T {
        self.kept = true;
        value
    }
}

impl Drop for Fresh<'_> {
    fn drop(&mut self) {
        if let Some(path) = self.path.filter(|_| !self.kept) {
            let _ = std::fs::remove_file(path);
        }
    }
}

async fn listen(
    ui: &Ui,
    host: &Host,
    args: &Args,
    setup: Setup,
    server: &explain::ServerContext<'_>,
    log: &TapLog,
    fresh: &mut Fresh<'_>,
) -> anyhow::Result<Ended> {
    // First of all: from here on a signal no longer ends the process on the spot, which would leave
    // the kubeconfig behind.
    let mut signals = Signals::new().context("cannot listen for signals")?;
    let tap =
        Tap::bind(setup, log.on_event()).await.map_err(|error| explain::tap(server, &error))?;
    let reached = tokio::select! {
        reached = tap.reach() => reached,
        Heard::Stop(code) = signals.next() => return Ok(Ended::Code(code)),
    };
    reached.map_err(|error| explain::unreachable(server, &error))?;
    let (folder, address) = (Folder::new(host, &tap.kubeconfig())?, tap.address());
    fresh.kept = true;
    let (stop, stopped) = watch::channel(false);
    let serving = tokio::spawn(tap.serve(stopped));
    let ended = if args.command.is_empty() {
        let path = folder.kubeconfig().to_string_lossy().into_owned();
        ui::bytes(format!("export KUBECONFIG={}\n", ui::quoted(&path)).as_bytes())?;
        ui.aside(&format!("listening on https://{address} until Ctrl-C\n"));
        signals.next().await;
        Ok(Ended::Stopped)
    } else {
        // kubectl keeps what it discovers for each address, and this one does not come again.
        let own = args.listen.port() == 0 && host.variables.get("KUBECACHEDIR").is_none();
        let cache = own.then(|| folder.cache());
        session::run(&args.command, folder.kubeconfig(), cache, &mut signals).await
    };
    stop.send_replace(true);
    let _ = serving.await;
    drop(folder);
    ended
}

/// How the context's user proves who it is.
fn way(connection: &Connection) -> anyhow::Result<AuthMethod> {
    if let Some(name) = &connection.auth_provider {
        let name = devkit_kubecerts::told(name);
        return Err(Failure::new("auth-provider", format!("no tap for auth-provider '{name}'"))
            .hint("kubectl has given it up too; the provider's exec plugin does the same")
            .into());
    }
    // A plugin comes last: client-go asks it only for requests that have no Authorization yet.
    let token_file = connection.token_file.as_ref();
    // client-go takes the token where the file cannot be read at first.
    let readable = |path: &&PathBuf| connection.token.is_none() || File::open(path).is_ok();
    if let Some(path) = token_file.filter(readable) {
        return Ok(AuthMethod::TokenFile(path.clone()));
    }
    if let Some(token) = &connection.token {
        return Ok(AuthMethod::Token(token.clone()));
    }
    if let Some((username, password)) = &connection.basic {
        return Ok(AuthMethod::Basic { username: username.clone(), password: password.clone() });
    }
    Ok(match &connection.exec {
        Some(command) => AuthMethod::Exec(Box::new(plugin(connection, command)?)),
        None => AuthMethod::None,
    })
}

fn plugin(
    connection: &Connection,
    command: &devkit_kubecerts::Command,
) -> anyhow::Result<ExecConfig> {
    let exec = &command.exec;
    let api_version = ApiVersion::parse(&exec.api_version).ok_or_else(|| {
        Failure::new("exec-version-unknown", "the exec section's apiVersion is none that is known")
            .hint("client.authentication.k8s.io/v1 or v1beta1")
    })?;
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let mode = given(&exec.interactive_mode);
    let interactive = Interactive::parse(mode.as_deref(), api_version)
        .map_err(|error| explain::credential(&error))?;
    let cluster = exec.provide_cluster_info.then(|| ExecCluster {
        server: connection.server.clone(),
        tls_server_name: connection.tls_server_name.clone(),
        insecure_skip_tls_verify: connection.insecure_skip_tls_verify,
        certificate_authority: connection.ca.as_ref().map(|ca| ca.bytes.to_vec()),
        proxy_url: connection.proxy_url.clone(),
        disable_compression: connection.disable_compression,
        config: exec.cluster_config.clone(),
    });
    let text = |value: &Secret| String::from_utf8_lossy(value).into_owned();
    Ok(ExecConfig {
        api_version,
        command: command.program.to_string_lossy().into_owned(),
        args: exec.arguments.clone(),
        env: exec.variables.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        install_hint: given(&exec.install_hint),
        interactive,
        cluster,
    })
}

fn surroundings(host: &Host) -> PluginSurroundings {
    let variables = host.variables.all();
    let programs = host.programs().clone();
    PluginSurroundings {
        environment: variables.map(|(name, value)| (name.into(), value.into())).collect(),
        find: Box::new(move |name| programs.find(name)),
        terminal: stdin::is_terminal().then(|| Box::new(Stdio::inherit) as _),
        stderr: Box::new(Stdio::inherit),
    }
}

fn variable(host: &Host, name: &str) -> Option<String> {
    host.variables.text(name).map(str::to_owned)
}
