//! A tap that serves until it is told to stop, and other clients than kubectl.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::apiserver::BIG;
use super::tap::{tap, world};
use crate::support::{Ran, eventually, peer, run, wait};

/// Without a command, and the way to its kubeconfig.
struct Tapped {
    child: Child,
    kubeconfig: PathBuf,
    url: String,
}

impl Tapped {
    fn start(dir: &Path, args: &[&str]) -> Self {
        let mut command = tap(dir, args);
        command.stdout(Stdio::piped()).stderr(Stdio::null()).stdin(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let kubeconfig = PathBuf::from(line.trim().strip_prefix("export KUBECONFIG=").unwrap());
        let config: Value = serde_json::from_slice(&fs::read(&kubeconfig).unwrap()).unwrap();
        let cluster = &config["clusters"][0]["cluster"];
        let ca = cluster["certificate-authority-data"].as_str().unwrap();
        fs::write(dir.join("ca"), BASE64_STANDARD.decode(ca).unwrap()).unwrap();
        let token = config["users"][0]["user"]["token"].as_str().unwrap();
        fs::write(dir.join("header"), format!("Authorization: Bearer {token}")).unwrap();
        let url = cluster["server"].as_str().unwrap().to_owned();
        Self { child, kubeconfig, url }
    }

    fn curl(&self, dir: &Path, args: &[&str], path: &str) -> Ran {
        let mut command = Command::new("curl");
        command.args(["-sS", "--cacert", "ca", "-H", "@header"]).args(args);
        command.arg(format!("{}{path}", self.url)).current_dir(dir);
        run(command)
    }

    /// The most memory that it has had, in bytes.
    fn peak(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
    }
}

impl Drop for Tapped {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_large_answer_passes_without_being_kept() {
    if peer::need("curl").is_none() {
        return;
    }
    let (dir, _server) = world();
    let tapped = Tapped::start(dir.path(), &["--har", "run.har", "--bodies", "short"]);
    tapped.curl(dir.path(), &[], "/version");
    let before = tapped.peak();
    let ran = tapped.curl(dir.path(), &["-o", "/dev/null", "-w", "%{size_download}"], "/big");
    assert_eq!(ran.stdout, BIG.to_string(), "{}", ran.stderr);
    let grown = tapped.peak() - before;
    assert!(grown < 20_000_000, "memory grew by {grown} bytes");
}

#[test]
fn a_har_file_is_whole_after_a_kill() {
    if peer::need("curl").is_none() {
        return;
    }
    let (dir, _server) = world();
    let mut tapped = Tapped::start(dir.path(), &["--har", "run.har"]);
    let read = || -> Value {
        serde_json::from_slice(&fs::read(dir.path().join("run.har")).unwrap()).unwrap()
    };
    assert_eq!(read()["log"]["entries"].as_array().unwrap().len(), 0);
    for asked in 1..=3 {
        tapped.curl(dir.path(), &[], "/version");
        // curl may be done before the line is written.
        eventually("it is in the file", || {
            read()["log"]["entries"].as_array().unwrap().len() == asked
        });
    }
    tapped.child.kill().unwrap();
    wait(&mut tapped.child);
    assert_eq!(read()["log"]["entries"].as_array().unwrap().len(), 3);
    // Only a kill leaves the kubeconfig behind, and nobody answers there any more.
    fs::remove_dir_all(tapped.kubeconfig.parent().unwrap()).unwrap();
    assert_eq!(tapped.curl(dir.path(), &[], "/version").code, Some(7));
}

#[test]
fn the_certificate_is_one_that_python_takes_in_strict_mode() {
    if peer::need("python3").is_none() {
        return;
    }
    let (dir, _server) = world();
    let tapped = Tapped::start(dir.path(), &[]);
    let script = "import ssl, sys, urllib.request\n\
                  context = ssl.create_default_context(cafile='ca')\n\
                  context.verify_flags |= ssl.VERIFY_X509_STRICT\n\
                  request = urllib.request.Request(sys.argv[1] + '/version')\n\
                  request.add_header(*open('header').read().split(': '))\n\
                  handler = urllib.request.HTTPSHandler(context=context)\n\
                  none = urllib.request.ProxyHandler({})\n\
                  opener = urllib.request.build_opener(none, handler)\n\
                  print(opener.open(request).status)";
    let mut command = Command::new("python3");
    command.args(["-c", script, &tapped.url]).current_dir(dir.path());
    let ran = run(command);
    assert_eq!((ran.stdout.as_str(), ran.code), ("200\n", Some(0)), "{}", ran.stderr);
}
