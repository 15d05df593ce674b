//! The list of subcommands: one module, one variant, one arm each.

mod completions;
mod envcheck;
mod fwd;
mod gomod_tag;
mod kubecerts;
mod man;
mod mvn_unblock;

use crate::host::Host;
use crate::ui::Ui;

/// Names the binary may be linked to, and the subcommand each stands for.
pub(crate) const CALLED_AS: &[(&str, &str)] = &[
    ("sockfwd", "fwd"),
    ("kubecerts", "kubecerts"),
    ("envcheck", "envcheck"),
    ("mvn-unblock", "mvn-unblock"),
    ("gomod-tag", "gomod-tag"),
];

/// The commands by task, in the order of the help text.
pub(crate) const GROUPS: &[(&str, &[&str])] = &[
    ("Network and Kubernetes", &["fwd", "kubecerts"]),
    ("Diagnose", &["envcheck"]),
    ("Build and release", &["mvn-unblock", "gomod-tag"]),
    ("About devkit", &["completions", "man", "help"]),
];

/// What the help text shows as examples.
pub(crate) const EXAMPLES: &[&str] = &[
    "devkit fwd -s 127.0.0.1:8090 -d echo:",
    "devkit fwd -s tcp://127.0.0.1:8090 -d unix:///run/containerd/containerd.sock",
    "devkit kubecerts extract --context staging --out certs/",
    "devkit envcheck eureka.client.serviceUrl.defaultZone",
    "devkit mvn-unblock --repo corp-releases",
    "devkit gomod-tag v0.1.0",
];

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Forward connections between sockets: TCP, Unix, stdio
    Fwd(Box<fwd::Args>),
    /// Extract client certificate, key and cluster CA from a kubeconfig
    Kubecerts(kubecerts::Args),
    /// Tell where an environment variable name is accepted, and where it is lost
    Envcheck(Box<envcheck::Args>),
    /// Make Maven 3.8.1 and newer use http:// repositories again
    MvnUnblock(Box<mvn_unblock::Args>),
    /// Tag every Go module of a repository
    #[command(about = "Tag every Go module of a repository: <module dir>/<version>")]
    GomodTag(Box<gomod_tag::Args>),
    /// Print a completion script (bash, zsh, fish, powershell, elvish)
    Completions(completions::Args),
    /// Print a man page, or write all of them
    Man(man::Args),
}

impl Command {
    /// Runs it and gives the exit code. `whole`: the command line with all commands, for those that
    /// describe it.
    pub(crate) fn run(
        self,
        ui: &Ui,
        host: &Host,
        whole: fn() -> clap::Command,
    ) -> anyhow::Result<u8> {
        match self {
            Self::Fwd(args) => fwd::run(ui, host, &args),
            Self::Kubecerts(args) => kubecerts::run(ui, host, &args),
            Self::Envcheck(args) => envcheck::run(ui, host, &args),
            Self::MvnUnblock(args) => mvn_unblock::run(ui, host, &args),
            Self::GomodTag(args) => gomod_tag::run(ui, host, &args),
            Self::Completions(args) => completions::run(ui, &args, whole()),
            Self::Man(args) => man::run(ui, &args, whole()),
        }
    }
}
