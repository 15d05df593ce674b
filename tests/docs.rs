//! What the README and the manual say is true.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::forwarder::Forwarder;
use crate::support::socket::{Conn, Kind};
use crate::support::{DEVKIT, commands, devkit, folder, peer, run};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

/// The README and the pages of the manual; the changelog and the page for developers speak of no
/// command that is to be pasted.
fn pages() -> Vec<String> {
    let mut pages = vec!["README.md".to_owned()];
    for folder in ["docs", "docs/recipes"] {
        for file in fs::read_dir(root().join(folder)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            let path = format!("{folder}/{name}");
            if Path::new(&name).extension().is_some_and(|kind| kind == "md")
                && !["changelog.md", "architecture.md"].contains(&name.as_str())
            {
                pages.push(path);
            }
        }
    }
    pages
}

/// The arguments of every `devkit …` command in a page.
pub(crate) fn commands(page: &str) -> Vec<Vec<String>> {
    let names = commands::names();
    let mut found = Vec::new();
    for line in read(page).lines() {
        for (at, _) in line.match_indices("devkit ") {
            let before = line[..at].chars().next_back();
            if !matches!(before, None | Some(' ' | '`' | '\'')) {
                continue;
            }
            let rest =
                line[at + "devkit ".len()..].split(['`', '\'', '#', '<', '>', '|', '…']).next();
            let words: Vec<String> = rest
                .unwrap()
                .split_whitespace()
                .map(
                    |word| if word == "." { word } else { word.trim_end_matches([',', '.', '\\']) },
                )
                .map(str::to_owned)
                .filter(|word| !word.is_empty())
                .collect();
            if words.len() > 1 && names.contains(&words[0]) {
                found.push(words);
            }
        }
    }
    found
}

#[test]
fn every_command_in_the_readme_and_the_manual_is_understood() {
    let dir = folder();
    let with_page = commands::all().into_iter().filter(|command| command.page.is_some());
    let recipes: Vec<String> = with_page.map(|command| command.name).collect();
    let mut seen = 0;
    for page in pages() {
        for mut words in commands(&page) {
            // What follows is another program's.
            let own = words.iter().position(|word| word == "--").unwrap_or(words.len());
            words.truncate(own);
            if words.iter().any(|word| word == "SOURCE") {
                continue;
            }
            seen += 1;
            let mut command = devkit(dir.path(), &words);
            // Nothing is to be done: --help ends it once everything before it has been parsed, which
            // a wrong flag or a missing value would not survive.
            if recipes.contains(&words[0]) {
                command.arg("--help");
            } else if words[0] == "man" && words[1] == "--out" {
                command = devkit(dir.path(), ["man", "--out", "out"]);
            }
            let ran = run(command);
            assert_eq!(ran.code, Some(0), "{page}: {words:?}: {}", ran.stderr);
        }
    }
    assert!(seen >= 10, "only {seen} commands were found");
}

#[test]
fn the_readmes_first_command_answers_the_second_terminal() {
    let first = read("README.md");
    let line = first.lines().find(|line| line.contains("cargo devkit fwd")).unwrap();
    let (command, comment) = line.split_once('#').unwrap();
    let words: Vec<&str> = command.split_whitespace().collect();
    assert_eq!(words, ["cargo", "devkit", "fwd", "-s", "127.0.0.1:8090", "-d", "echo:"]);
    // The alias is the one that builds and runs the binary.
    let alias = read(".cargo/config.toml");
    assert!(alias.contains("devkit = \"run --package devkit --\""));
    let second = comment.split_once("then: ").unwrap().1.trim();
    assert_eq!(second, "printf hi | nc -N 127.0.0.1 8090");
    if peer::need("nc").is_none() {
        return;
    }
    // The same with a port that is certainly free.
    let dir = folder();
    let fwd = Forwarder::start(Kind::Tcp, "echo:", dir.path(), &[]);
    let port = fwd.address.rsplit(':').next().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", &second.replace("8090", port)]);
    let ran = run(command);
    assert_eq!((ran.stdout.as_str(), ran.code), ("hi", Some(0)), "{}", ran.stderr);
}

#[test]
fn the_readmes_transcripts_are_what_is_printed() {
    let readme = read("README.md");
    let dir = folder();
    let refused = ["fwd", "-s", "0.0.0.0:8090", "-d", "/run/containerd/containerd.sock"];
    for line in run(devkit(dir.path(), refused)).stderr.lines() {
        assert!(readme.contains(&format!("    {line}\n")), "the README lacks: {line}");
    }
    let fwd = Forwarder::start(Kind::Tcp, "echo:", dir.path(), &[]);
    let port = fwd.address.rsplit(':').next().unwrap().to_owned();
    let mut conn = Conn::to(&fwd.address);
    let peer = conn.0.local_addr().unwrap().as_socket().unwrap().to_string();
    std::io::Write::write_all(&mut conn, b"hi").unwrap();
    conn.end();
    assert_eq!(conn.rest(), b"hi");
    let line = fwd.says("#1 closed");
    let mut fwd = fwd;
    fwd.stop();
    let shown = readme.lines().find(|line| line.contains("#1 closed")).unwrap().trim();
    // But for the time, the client's port and how long it took.
    let stable = |line: &str, peer: &str| {
        let rest = line.split_once(' ').unwrap().1.replace(peer, "PEER");
        rest.rsplit_once("  ").unwrap().0.to_owned()
    };
    assert_eq!(stable(&line, &peer), stable(shown, "127.0.0.1:51122"));
    let first = fwd.stderr().lines().next().unwrap().replace(&port, "8090");
    assert!(readme.contains(&format!("    {first}\n")), "{first}");
    assert!(readme.contains(&format!("    {}\n", fwd.says("stopped:"))));
}

#[test]
fn the_address_table_is_the_same_everywhere() {
    let dir = folder();
    let help = run(devkit(dir.path(), ["fwd", "--help"])).stdout;
    let table: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Addresses:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .collect();
    assert_eq!(table.len(), 8);
    let manual = read("docs/fwd.md");
    assert!(manual.contains(&(table.join("\n") + "\n")), "{table:#?}");
    let page = run(devkit(dir.path(), ["man", "fwd"])).stdout.replace("\\-", "-");
    for line in table {
        assert!(page.contains(line.trim()), "the man page lacks {line}");
    }
}

#[test]
fn every_option_is_in_the_manual() {
    let dir = folder();
    let help = run(devkit(dir.path(), ["fwd", "--help"])).stdout;
    let manual = read("docs/fwd.md");
    let options = help.split("Options (for every command)").next().unwrap();
    let flags: Vec<&str> = options
        .split_whitespace()
        .filter(|word| word.starts_with("--"))
        .map(|word| word.trim_end_matches([',', ';', '.']))
        .collect();
    assert!(flags.len() > 10);
    for flag in flags {
        let known = ["--source", "--destination", "--help", "--version"].contains(&flag);
        assert!(known || manual.contains(&format!("`{flag}")), "docs/fwd.md lacks {flag}");
    }
}

#[test]
fn every_code_in_the_manual_exists_and_every_one_that_exists_is_there() {
    let manual = read("docs/fwd.md");
    let mut made = Vec::new();
    let plan = read("crates/devkit-fwd/src/plan.rs");
    let warnings =
        plan.split("Finding::warning(\"").skip(1).filter_map(|rest| rest.split('"').next());
    made.extend(warnings.map(str::to_owned));
    for file in ["error", "serve/dial"] {
        let source = read(&format!("crates/devkit-fwd/src/{file}.rs"));
        let body = source.split("fn code(&self) -> &'static str {").nth(1).expect(file);
        let body = body.split("\n    }\n").next().unwrap();
        made.extend(body.split('"').skip(1).step_by(2).map(str::to_owned));
    }
    assert!(made.len() > 20, "{made:?}");
    for code in &made {
        let known = ["usage", "io"].contains(&code.as_str());
        assert!(known || manual.contains(&format!("`{code}`")), "docs/fwd.md lacks {code}");
    }
    // The other way round: what stands in its table of codes, and in the contract.
    let table = manual.split("| code | meaning |").nth(1).unwrap();
    let documented =
        table.lines().skip(2).map_while(|line| line.strip_prefix("| `")?.split('`').next());
    let documented: Vec<&str> = documented.collect();
    for code in [
        "bad-address",
        "address-in-use",
        "socket-in-use",
        "not-a-socket",
        "path-too-long",
        "not-loopback",
        "same-address",
        "unknown-user",
        "permission-denied",
    ] {
        assert!(documented.contains(&code), "the table lacks {code}");
    }
    for code in documented {
        assert!(
            made.iter().any(|made| made == code) || code == "bad-address",
            "nothing makes {code}"
        );
    }
    let common = read("docs/exit-codes.md");
    for name in ["usage", "io"] {
        assert!(common.contains(&format!("`{name}`")), "docs/exit-codes.md lacks {name}");
    }
}

#[test]
fn the_binary_under_test_is_this_one() {
    let dir = folder();
    let version = run(devkit(dir.path(), ["-V"])).stdout;
    assert_eq!(version, format!("devkit {}\n", env!("CARGO_PKG_VERSION")));
    assert!(Path::new(DEVKIT).ends_with("devkit"));
}
