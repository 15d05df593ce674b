//! devkit's chores, with nothing but the standard library, so that they build in a moment.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to its developer")]
#![expect(clippy::disallowed_methods, reason = "a chore reads the environment and writes files")]

mod apiserver;
mod bench;
mod circles;
mod dist;
mod dist_check;
mod envcheck;
mod gos;
mod imports;
mod lint;
mod map;
mod mavens;
mod new_recipe;
mod peers;
mod recipes;
mod run;
mod sarif;
mod test;
mod tidy;
mod yaml;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask test [OPTIONS] [-- ARGS]                     all tests, with the real peers they need
    --install-peers   fetch missing peers through apt-get (as root on a Debian system)
    --quick           without the static binary and its tests
    --with-apiserver  with a real kube-apiserver too, built at first (2 cores: some minutes)
cargo xtask lint                                         format, clippy, docs, licences, budgets
cargo xtask tidy                                         is everything where it belongs
cargo xtask map                                          the code map of docs/architecture.md, from the modules' own words
cargo xtask new-recipe NAME                              a recipe that compiles, to begin with
cargo xtask bench RECIPE [--quick] [--rounds N]   devkit against its peers: fwd, memnet, kubecerts, tap,
                                                         mvn-unblock, gomod-tag
cargo xtask peers envcheck                               the table of rules against Kubernetes, Spring, dotenv packages
cargo xtask peers yaml [--write]                         the corpus of YAML against compose-go
cargo xtask dist [--target TRIPLE]                       static binary, pages, archive, checksum
cargo xtask dist-check                                   that binary where the C library is another one, or none (as root)";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rest = args.get(1..).unwrap_or_default();
    let result = match args.first().map(String::as_str) {
        Some("test") => test::run(rest),
        Some("lint") => lint::run(),
        Some("tidy") => tidy::run(),
        Some("map") => map::run(),
        Some("new-recipe") => new_recipe::run(rest),
        Some("bench") => bench::run(rest),
        Some("peers") => match rest.first().map(String::as_str) {
            Some("yaml") => yaml::run(rest.iter().any(|arg| arg == "--write")),
            _ => envcheck::run(),
        },
        Some("dist") => dist::run(rest),
        Some("dist-check") => dist_check::run(),
        Some("help" | "--help" | "-h") => {
            println!("{HELP}");
            Ok(())
        }
        _ => Err(format!("no such chore\n{HELP}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
