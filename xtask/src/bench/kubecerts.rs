//! devkit kubecerts and kubectl reading the same kubeconfig, in turns.
//!
//! What is compared is the CPU time of whole runs, the median of the rounds.
#![expect(clippy::cast_precision_loss, reason = "measured figures have fewer digits than f64")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Folder, Missed, Settings, cpu_of_children, median, shuffle};
use crate::peers::{self, Peer, peer};
use crate::run::{Result, find, program, target};

const PEERS: &[Peer] = &[
    peer("openssl", "openssl", "it makes the certificates"),
    peer("kubectl", "kubernetes-client", "the peer"),
];
/// Runs whose CPU time is taken together, because the kernel tells it in hundredths of a second.
const RUNS: usize = 5;

/// A kubeconfig, and the most milliseconds of CPU that an extraction from it may take.
struct Load {
    name: &'static str,
    contexts: usize,
    bar: f64,
}

const LOADS: &[Load] = &[
    Load { name: "extract, 1 context", contexts: 1, bar: 10.0 },
    Load { name: "extract, 2,000 contexts", contexts: 2000, bar: 100.0 },
];

pub(super) fn run(settings: &Settings, missed: &mut Missed) -> Result<()> {
    peers::show(PEERS);
    let folder = Folder::new("kubecerts")?;
    let data = certificates(&folder.0)?;
    println!("{} rounds of {RUNS} runs", settings.rounds);
    for load in LOADS {
        let text = kubeconfig(&data, load.contexts);
        let size = text.len() as f64 / 1e6;
        fs::write(folder.0.join("config"), text).map_err(|error| format!("config: {error}"))?;
        let mut commands = vec![("devkit", target().join("release/devkit"))];
        commands.extend(find("kubectl").map(|kubectl| ("kubectl", kubectl)));
        let mut measured = vec![Vec::new(); commands.len()];
        for round in 0..settings.rounds {
            let mut order: Vec<usize> = (0..commands.len()).collect();
            shuffle(&mut order, round);
            for at in order {
                let (name, program) = &commands[at];
                measured[at].push(measure(name, program, &folder.0, load.contexts)?);
            }
        }
        let medians: Vec<f64> = measured.into_iter().map(median).collect();
        print!("  {:28} {size:4.1} MB  CPU ms", load.name);
        for ((name, _), cpu) in commands.iter().zip(&medians) {
            print!("  {name} {cpu:.1}");
        }
        if let [devkit, kubectl] = medians[..] {
            print!(" ({:.2} of it)", devkit / kubectl);
        }
        let text = format!("{}: {:.1} ms of CPU, bar {:.0}", load.name, medians[0], load.bar);
        missed.unless(medians[0] <= load.bar, text);
    }
    Ok(())
}

/// Milliseconds of CPU that a run takes: the files of a context in the middle.
fn measure(name: &str, program: &Path, folder: &Path, contexts: usize) -> Result<f64> {
    let before = cpu_of_children();
    for _ in 0..RUNS {
        let mut command = Command::new(program);
        match name {
            "devkit" => command.args(["kubecerts", "extract", "--force", "-q", "--out", "out"]),
            _ => command.args(["config", "view", "--raw", "--flatten", "--minify", "-o", "json"]),
        };
        command.args(["--kubeconfig", "config", "--context", &format!("c{}", contexts / 2)]);
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
        let status = command.status().map_err(|error| format!("{name}: {error}"))?;
        if !status.success() {
            return Err(format!("{name} does not read the kubeconfig"));
        }
    }
    Ok((cpu_of_children() - before) * 1000.0 / RUNS as f64)
}

/// What each kubeconfig holds: CA, client certificate and key in base64.
fn certificates(folder: &Path) -> Result<[String; 3]> {
    let openssl = find("openssl").ok_or("openssl is missing, and it makes the certificates")?;
    let run = |args: &str| {
        let mut command = Command::new(&openssl);
        command.args(args.split(' ')).current_dir(folder).stderr(Stdio::null());
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            _ => Err(format!("openssl {args} failed")),
        }
    };
    // The files are as k3s makes them but for the CA, which is as kubeadm's.
    let (rsa, ec) =
        ("-nodes -newkey rsa:2048", "-nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256");
    run(&format!("req -x509 {rsa} -days 30 -subj /CN=ca -keyout ca.key -out ca.crt"))?;
    run(&format!("req {ec} -subj /O=system:masters/CN=u -keyout u.key -out u.csr"))?;
    run("x509 -req -in u.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out u.crt")?;
    let base64 = |name: &str| {
        let mut command = program(&openssl, &["base64", "-A", "-in", name]);
        let output = command.current_dir(folder).output().map_err(|error| error.to_string())?;
        String::from_utf8(output.stdout).map_err(|error| error.to_string())
    };
    Ok([base64("ca.crt")?, base64("u.crt")?, base64("u.key")?])
}

fn kubeconfig([ca, cert, key]: &[String; 3], contexts: usize) -> String {
    let mut text = "apiVersion: v1\nkind: Config\ncurrent-context: c0\nclusters:\n".to_owned();
    for n in 0..contexts {
        let _ = write!(
            text,
            "- cluster:\n    certificate-authority-data: {ca}\n    server: https://10.0.0.1:6443\n  \
             name: k{n}\n"
        );
    }
    text.push_str("contexts:\n");
    for n in 0..contexts {
        let _ = write!(text, "- context:\n    cluster: k{n}\n    user: u{n}\n  name: c{n}\n");
    }
    text.push_str("users:\n");
    for n in 0..contexts {
        let _ = write!(
            text,
            "- name: u{n}\n  user:\n    client-certificate-data: {cert}\n    client-key-data: {key}\n"
        );
    }
    text
}
