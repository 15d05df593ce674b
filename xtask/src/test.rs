//! `cargo xtask test`: the libraries' tests, the command's tests, the real peers.
//!
//! Everything is built first; then the tests of the command run beside those of the libraries and
//! the forwarder's second engine. Many of them wait for other programs, or for a time limit, and
//! others use the machine meanwhile.

mod binaries;
mod tally;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use self::binaries::TestBinary;
use self::tally::{Shown, Tally};
use crate::apiserver;
use crate::dist;
use crate::gos;
use crate::mavens;
use crate::peers::{self, PEERS};
use crate::run::{Result, cargo, target};
use crate::sarif;

/// Tests of the command at once, for each processor: most of them wait for others.
const AT_ONCE: usize = 2;

/// What the arguments ask for.
struct Options<'a> {
    install: bool,
    quick: bool,
    with_apiserver: bool,
    /// For `cargo test` and its tests: names of those that are to run, mostly.
    more: &'a [String],
}

impl<'a> Options<'a> {
    fn read(args: &'a [String]) -> Result<Self> {
        let (own, more) = match args.iter().position(|arg| arg == "--") {
            Some(at) => (&args[..at], &args[at + 1..]),
            None => (args, &args[..0]),
        };
        let mut options = Self { install: false, quick: false, with_apiserver: false, more };
        for arg in own {
            match arg.as_str() {
                "--install-peers" => options.install = true,
                "--quick" => options.quick = true,
                "--with-apiserver" => options.with_apiserver = true,
                _ => return Err(format!("test has no option {arg}")),
            }
        }
        Ok(options)
    }
}

pub(crate) fn run(args: &[String]) -> Result<()> {
    let options = Options::read(args)?;
    peers(&options)?;
    let skipped_list = target().join("skipped-tests");
    let _ = fs::remove_file(&skipped_list);
    let mut environment = vec![("DEVKIT_SKIPPED", skipped_list.clone())];
    // What is fetched comes by the network mostly, and building does not.
    let (fetched, built) = thread::scope(|scope| {
        let fetching = scope.spawn(|| if options.quick { Ok(Vec::new()) } else { fetch() });
        let built = build(options.quick);
        (fetching.join().expect("nothing panics there"), built)
    });
    let (binaries, binary) = built?;
    environment.extend(fetched?);
    environment.extend(binary.map(|binary| ("DEVKIT_STATIC", binary)));

    let tally = Mutex::new(Tally::default());
    let mut green = if options.more.is_empty() {
        all(binaries, &environment, &tally)?
    } else {
        let mut command = cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]);
        command.args(options.more).envs(environment.iter().cloned());
        tally::run(&mut command, Shown::AtOnce, &tally)?
    };
    if options.with_apiserver {
        println!("devkit kubecerts tap before a real API server:");
        peers::show(apiserver::PEERS);
        let mut command = cargo(&["test", "-p", "devkit", "--test", "apiserver", "--locked"]);
        command.args(options.more).env("DEVKIT_SKIPPED", &skipped_list);
        let built = apiserver::fetch()?;
        command.env("DEVKIT_APISERVER", built.bin).env("DEVKIT_PYTHON", built.python);
        green &= tally::run(&mut command, Shown::AtOnce, &tally)?;
    }
    let tally = tally.into_inner().expect("nothing panics with it");
    let black_box = tally.black_box;
    tally.show(&fs::read_to_string(&skipped_list).unwrap_or_default());
    if !green {
        return Err("tests failed".into());
    }
    if !black_box && options.more.is_empty() {
        return Err("the command's own tests did not run".into());
    }
    Ok(())
}

/// Installs the peers if that is asked for, and tells which are there.
fn peers(options: &Options) -> Result<()> {
    if options.install {
        peers::install(PEERS)?;
    }
    if options.install && options.with_apiserver {
        peers::install(apiserver::PEERS)?;
    }
    peers::show(PEERS);
    let missing = peers::missing(PEERS);
    if peers::in_ci() && !missing.is_empty() {
        let names: Vec<_> = missing.iter().map(|peer| peer.program).collect();
        return Err(format!("peers are missing in CI: {}", names.join(" ")));
    }
    Ok(())
}

/// The peers that no system's package brings, as the tests find them.
fn fetch() -> Result<Vec<(&'static str, PathBuf)>> {
    let mut found = vec![("DEVKIT_MAVENS", mavens::fetch()?)];
    found.extend(gos::fetch()?.map(|go| ("DEVKIT_OLD_GO", go)));
    found.extend(gos::gorelease()?.map(|program| ("DEVKIT_GORELEASE", program)));
    found.extend(sarif::multitool()?.map(|program| ("DEVKIT_SARIF_MULTITOOL", program)));
    Ok(found)
}

/// Builds all tests, and before them the binary that needs no library of the system: both lie in one
/// place for a moment, and the tests are about the usual one.
fn build(quick: bool) -> Result<(Vec<TestBinary>, Option<PathBuf>)> {
    let binary = match (!quick).then(dist::static_for_tests).transpose() {
        Err(error) if peers::in_ci() => return Err(error),
        Err(error) => {
            println!("no static binary here, its tests are skipped: {error}");
            None
        }
        Ok(binary) => binary,
    };
    Ok((binaries::build()?, binary))
}

/// Runs all tests, in two lanes; tells whether all went well.
fn all(
    binaries: Vec<TestBinary>,
    environment: &[(&'static str, PathBuf)],
    tally: &Mutex<Tally>,
) -> Result<bool> {
    let (command, others): (Vec<_>, Vec<_>) =
        binaries.into_iter().partition(TestBinary::is_of_the_command);
    let start = |binary: &TestBinary| {
        let mut started = binary.command();
        started.envs(environment.iter().cloned());
        started
    };
    thread::scope(|scope| {
        let beside = scope.spawn(|| -> Result<bool> {
            let mut green = true;
            for binary in &others {
                green &= tally::run(&mut start(binary), Shown::AtItsEnd(binary.shown()), tally)?;
            }
            let mut examples =
                cargo(&["test", "--workspace", "--locked", "--no-fail-fast", "--doc"]);
            let heading = "the examples of the documentation".to_owned();
            green &= tally::run(&mut examples, Shown::AtItsEnd(heading), tally)?;
            // The forwarder has two engines, and what it promises holds for both.
            for binary in &command {
                let mut again = start(binary);
                again.arg("fwd::").env("DEVKIT_FWD_ENGINE", "copy");
                let heading = "devkit fwd once more, with the engine that only copies".to_owned();
                green &= tally::run(&mut again, Shown::AtItsEnd(heading), tally)?;
            }
            Ok(green)
        });
        let mut green = true;
        for binary in &command {
            green &= tally::run(&mut at_once(start(binary)), Shown::AtOnce, tally)?;
        }
        Ok(green & beside.join().expect("nothing panics there")?)
    })
}

/// Tests that wait for others most of the time.
fn at_once(mut tests: Command) -> Command {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    tests.arg(format!("--test-threads={}", processors * AT_ONCE));
    tests
}
