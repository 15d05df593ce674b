//! A real API server, and clients that have never heard of devkit: kube-apiserver, etcd, a kubelet's
//! part, the kubectl of that version, a program with client-go, and Python's kubernetes package.
//!
//! The servers are modules like any other, which the installed Go fetches and builds. That takes
//! minutes and a gigabyte, so what is built stays in the user's cache folder, outside the tree.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::peers::{Peer, peer};
use crate::run::{Result, check, find, output, program, read};

/// The release whose API server, kubectl and client-go are built.
const KUBERNETES: &str = "1.36.3";
/// The client in it is 3.6.8.
const ETCD: &str = "v3.6.8";
/// Python's client for it.
const PYTHON_CLIENT: &str = "kubernetes==36.0.3";

/// What is wanted besides.
pub(crate) const PEERS: &[Peer] =
    &[peer("firefox-esr", "firefox-esr", "kubecerts tap: its importer of HAR files")];

/// What is built, and from which package of which module.
const PROGRAMS: &[(&str, &str, &str)] = &[
    ("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
    ("kube-apiserver", "kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver"),
    ("kubectl", "kubernetes", "k8s.io/kubernetes/cmd/kubectl"),
    ("kubelet", "kubernetes", "./kubelet"),
    ("client", "kubernetes", "./client"),
];
/// The two that are ours, and lie in `tests/apiserver`.
const OWN: &[&str] = &["kubelet", "client"];

/// What the tests are given.
pub(crate) struct Built {
    /// The folder of the programs.
    pub(crate) bin: PathBuf,
    /// The folder of Python's packages.
    pub(crate) python: PathBuf,
}

/// Builds and fetches what is not there yet.
pub(crate) fn fetch() -> Result<Built> {
    let folder = cache()?.join(format!("kubernetes-{KUBERNETES}"));
    let go = find("go").ok_or("there is no go to build an API server with")?;
    etcd_module(&folder.join("etcd"))?;
    kubernetes_module(&go, &folder.join("kubernetes"))?;
    for (name, module, package) in PROGRAMS {
        let built = folder.join("bin").join(name);
        // Our own program may have changed since.
        if built.is_file() && !OWN.contains(name) {
            continue;
        }
        println!("peers: building {name}");
        let mut command = program(&go, &["build", "-mod=mod", "-p", "2", "-trimpath"]);
        command.args(["-ldflags", &linked()]).arg("-o").arg(&built).arg(package);
        command.current_dir(folder.join(module)).env("CGO_ENABLED", "0").env("GOWORK", "off");
        check(command)?;
    }
    Ok(Built { bin: folder.join("bin"), python: python_package(PYTHON_CLIENT)? })
}

/// A Python package with all that it needs, fetched if need be: a folder for `PYTHONPATH`.
pub(crate) fn python_package(name: &str) -> Result<PathBuf> {
    let folder = cache()?.join(name.replace("==", "-"));
    if !folder.is_dir() {
        println!("peers: fetching {name}");
        let scratch = folder.with_extension("part");
        let _ = fs::remove_dir_all(&scratch);
        let mut pip = program("python3", &["-m", "pip", "install", "-q", "-q", "--target"]);
        pip.arg(&scratch).arg(name);
        check(pip)?;
        fs::rename(&scratch, &folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    Ok(folder)
}

/// The user's cache folder (XDG Base Directory Specification).
fn cache() -> Result<PathBuf> {
    let given = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = given("XDG_CACHE_HOME").or_else(|| Some(given("HOME")?.join(".cache")));
    Ok(base
        .ok_or("neither XDG_CACHE_HOME nor HOME says where to keep an API server")?
        .join("devkit/peers"))
}

/// Without symbols, and with the version that a release build has: kubectl compares it with the
/// server's.
fn linked() -> String {
    let mut flags = String::from("-s -w");
    let mut numbers = KUBERNETES.split('.');
    let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    for (name, value) in
        [("gitVersion", &format!("v{KUBERNETES}")[..]), ("gitMajor", major), ("gitMinor", minor)]
    {
        let _ = write!(flags, " -X k8s.io/component-base/version.{name}={value}");
    }
    flags
}

fn etcd_module(folder: &Path) -> Result<()> {
    let text = format!(
        "module example.org/etcd\n\ngo 1.24\n\nrequire go.etcd.io/etcd/server/v3 {ETCD}\n\n\
         tool go.etcd.io/etcd/server/v3\n"
    );
    module(folder, &text)
}

/// A module of ours that needs Kubernetes' one. That one builds by itself only inside its
/// repository: its parts lie in a folder there, and outside each is a module with a version.
fn kubernetes_module(go: &Path, folder: &Path) -> Result<()> {
    let name = format!("k8s.io/kubernetes@v{KUBERNETES}");
    let mut download = program(go, &["mod", "download", "-json", &name]);
    download.current_dir(env::temp_dir()).env("GOWORK", "off");
    let told = output(download)?;
    let path = told
        .lines()
        .find_map(|line| line.trim().strip_prefix("\"GoMod\": \"")?.strip_suffix("\","))
        .ok_or("go mod download does not say where go.mod is")?;
    let theirs = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let part = format!("v0.{}", KUBERNETES.split_once('.').unwrap_or_default().1);
    let mut text = format!(
        "module example.org/apiserver\n\n{}\n\nrequire k8s.io/kubernetes v{KUBERNETES}\n\n",
        theirs.lines().find(|line| line.starts_with("go ")).unwrap_or("go 1.26")
    );
    for line in theirs.lines() {
        if let Some((part_name, place)) = line.trim().split_once(" => ")
            && place.starts_with("./staging/")
        {
            let _ = writeln!(text, "replace {part_name} => {part_name} {part}");
        }
    }
    module(folder, &text)?;
    for name in OWN {
        let file = folder.join(name).join("main.go");
        let failed = |error: std::io::Error| format!("{}: {error}", file.display());
        fs::create_dir_all(folder.join(name)).map_err(failed)?;
        fs::write(&file, read(format!("tests/apiserver/{name}.go"))?).map_err(failed)?;
    }
    Ok(())
}

/// Writes a module, unless it is there: Go has added to it what it found.
fn module(folder: &Path, text: &str) -> Result<()> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(failed)?;
    if !folder.join("go.mod").is_file() {
        fs::write(folder.join("go.mod"), text).map_err(failed)?;
    }
    Ok(())
}
