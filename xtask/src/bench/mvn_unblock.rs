//! devkit mvn-unblock on a large settings.xml, beside what scripts use for the same edit.
//!
//! What is compared is the CPU time of whole runs, the median of the rounds.
#![expect(clippy::cast_precision_loss, reason = "measured figures have fewer digits than f64")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Folder, Missed, Settings, cpu_of_children, median, shuffle};
use crate::peers::{self, Peer, peer};
use crate::run::{Result, find, target};

const PEERS: &[Peer] = &[
    peer("xmlstarlet", "xmlstarlet", "a peer: it writes the whole file anew"),
    peer("python3", "python3", "a peer: its ElementTree does the same"),
];
/// Runs whose CPU time is taken together, because the kernel tells it in hundredths of a second.
const RUNS: usize = 10;
/// Milliseconds of CPU that the edit of a megabyte may take.
const BAR: f64 = 20.0;

const PYTHON: &str = "import sys, xml.etree.ElementTree as E
tree = E.parse('settings.xml')
mirror = E.SubElement(tree.getroot().find('mirrors'), 'mirror')
for name, text in ('id', 'maven-default-http-blocker'), ('mirrorOf', '!*'), ('url', 'http://0.0.0.0/'):
    E.SubElement(mirror, name).text = text
tree.write('out.xml')";

pub(super) fn run(settings: &Settings, missed: &mut Missed) -> Result<()> {
    peers::show(PEERS);
    let folder = Folder::new("mvn-unblock")?;
    let text = large();
    let size = text.len() as f64 / 1e6;
    fs::write(folder.0.join("settings.xml"), text).map_err(|error| error.to_string())?;
    let mut names = vec!["devkit"];
    names.extend(PEERS.iter().map(|peer| peer.program).filter(|name| find(name).is_some()));
    println!("{} rounds of {RUNS} runs", settings.rounds);
    let mut measured = vec![Vec::new(); names.len()];
    for round in 0..settings.rounds {
        let mut order: Vec<usize> = (0..names.len()).collect();
        shuffle(&mut order, round);
        for at in order {
            measured[at].push(measure(names[at], &folder.0)?);
        }
    }
    let medians: Vec<f64> = measured.into_iter().map(median).collect();
    print!("  edit, {size:.1} MB  CPU ms");
    for (name, cpu) in names.iter().zip(&medians) {
        print!("  {name} {cpu:.1} ({:.2})", medians[0] / cpu);
    }
    let text = format!("edit of {size:.1} MB: {:.1} ms of CPU, bar {BAR:.0}", medians[0]);
    missed.unless(medians[0] <= BAR, text);
    Ok(())
}

/// Milliseconds of CPU that one edit takes.
fn measure(name: &str, folder: &Path) -> Result<f64> {
    let before = cpu_of_children();
    for _ in 0..RUNS {
        let program = if name == "devkit" { target().join("release/devkit") } else { name.into() };
        let mut command = Command::new(program);
        match name {
            // A new file each time, by way of a copy that the run before has not changed.
            "devkit" => {
                fs::copy(folder.join("settings.xml"), folder.join("edited.xml"))
                    .map_err(|error| error.to_string())?;
                command.args(["mvn-unblock", "-q", "--settings", "edited.xml"])
            }
            "python3" => command.args(["-c", PYTHON]),
            _ => command.args([
                "ed",
                "-P",
                "-s",
                "/settings/mirrors",
                "-t",
                "elem",
                "-n",
                "mirror",
                "settings.xml",
            ]),
        };
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
        let status = command.status().map_err(|error| format!("{name}: {error}"))?;
        if !status.success() {
            return Err(format!("{name} does not edit the settings"));
        }
    }
    Ok((cpu_of_children() - before) * 1000.0 / RUNS as f64)
}

/// A megabyte of servers and profiles, with mirrors in the middle.
fn large() -> String {
    let mut text = "<settings>\n  <servers>\n".to_owned();
    for n in 0..4000 {
        let _ = writeln!(
            text,
            "    <server>\n      <id>server-{n}</id>\n      <username>deployer</username>\n      \
             <password>secret-{n}</password>\n    </server>"
        );
    }
    text.push_str("  </servers>\n  <mirrors>\n  </mirrors>\n  <profiles>\n");
    for n in 0..2500 {
        let _ = writeln!(
            text,
            "    <profile>\n      <id>profile-{n}</id>\n      <repositories>\n        <repository>\n          \
             <id>corp-{n}</id>\n          <url>http://corp.example/{n}</url>\n        </repository>\n      \
             </repositories>\n    </profile>"
        );
    }
    text.push_str("  </profiles>\n</settings>\n");
    text
}
