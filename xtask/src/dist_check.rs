//! `cargo xtask dist-check`: the released binary where the C library is another one, or none, and names
//! are looked up as each distribution does it.
//!
//! A root is made of another Debian release's C library and name-service modules, with no more of that
//! system. In it a static binary with glibc dies, which is shown first: a root that does not bite proves
//! nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::dist::{self, copy, make};
use crate::run::{Result, check, find, output, program, target};

/// Releases of Debian whose C library is newer and older than that of the one before.
const RELEASES: &[&str] = &["trixie", "bullseye"];

/// What has to be in a root for its C library to load the modules.
const PACKAGES: &[&str] = &[
    "libc6",
    "libcap2",
    "libgcc-s1",
    "libnss-mdns",
    "libnss-myhostname",
    "libnss-resolve",
    "libnss-sss",
    "libnss-systemd",
];

/// The lines of `/etc/nsswitch.conf` by which a system looks up hosts and accounts.
struct Switch {
    system: &'static str,
    hosts: &'static str,
    accounts: &'static str,
}

const SWITCHES: &[Switch] = &[
    Switch { system: "Debian, a server", hosts: "files dns", accounts: "files systemd" },
    Switch {
        system: "Debian, Ubuntu, a desktop",
        hosts: "files mdns4_minimal [NOTFOUND=return] dns",
        accounts: "files systemd",
    },
    Switch {
        system: "Fedora",
        hosts: "files myhostname resolve [!UNAVAIL=return] dns",
        accounts: "files systemd sss",
    },
    Switch {
        system: "Arch",
        hosts: "mymachines resolve [!UNAVAIL=return] files myhostname dns",
        accounts: "files systemd",
    },
    Switch { system: "with sssd", hosts: "files sss dns", accounts: "files sss" },
    Switch { system: "without modules", hosts: "files dns", accounts: "files" },
];

/// A command that looks something up, who runs it, and how it should end.
struct Look {
    args: &'static [&'static str],
    /// A number that is in no file, else root.
    is_nobody: bool,
    code: i32,
}

const LOOKS: &[Look] = &[
    Look { args: &["--version"], is_nobody: true, code: 0 },
    Look { args: &["fwd", "-s", "stdio:", "-d", "db.internal:5432"], is_nobody: false, code: 2 },
    Look {
        args: &["fwd", "-s", "db.internal:0", "-d", "echo:", "--allow", "10.0.0.0/8"],
        is_nobody: false,
        code: 2,
    },
    Look {
        args: &["fwd", "-s", "unix:/s.sock", "-d", "echo:", "--owner", "deploy"],
        is_nobody: false,
        code: 2,
    },
    Look {
        args: &["fwd", "-s", "unix:/s.sock", "-d", "echo:", "--group", "team"],
        is_nobody: false,
        code: 2,
    },
    // No home folder is known, which is said.
    Look { args: &["mvn-unblock", "status"], is_nobody: true, code: 2 },
    Look { args: &["mvn-unblock", "-n", "--settings", "/none.xml"], is_nobody: true, code: 0 },
    Look {
        args: &["mvn-unblock", "status", "--probe", "--settings", "/settings.xml"],
        is_nobody: true,
        code: 1,
    },
    Look {
        args: &["kubecerts", "tap", "--kubeconfig", "/config", "--", "/devkit", "--version"],
        is_nobody: true,
        code: 2,
    },
    Look { args: &["envcheck", "my.var", "--context", "dash"], is_nobody: true, code: 1 },
];

/// A program that does the same by a glibc of its own.
const GLIBC: &str = "#include <netdb.h>
#include <pwd.h>
#include <stddef.h>
int main(void) {
    struct addrinfo *found = NULL;
    getaddrinfo(\"db.internal\", \"5432\", NULL, &found);
    return getpwnam(\"deploy\") != NULL;
}
";

/// A server that only a name leads to.
const KUBECONFIG: &str = "apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: k, user: u}}]
clusters: [{name: k, cluster: {server: 'https://api.internal:6443', insecure-skip-tls-verify: true}}]
users: [{name: u, user: {token: none}}]
";

const SETTINGS: &str =
    "<settings><profiles><profile><id>p</id><repositories><repository><id>corp</id>
<url>http://repo.internal/</url></repository></repositories></profile></profiles></settings>
";

pub(crate) fn run() -> Result<()> {
    let binary = dist::released()?;
    let work = target().join("dist-check");
    make(&work)?;
    let glibc = static_glibc(&work)?;
    let mut bad = Vec::new();
    let mut bitten = false;
    println!("{:10} {:28} {:14} devkit", "libc of", "hosts and accounts as on", "static glibc");
    let empty = work.join("empty");
    furnish(&empty, &binary, None)?;
    row("none", "an empty image", None, &empty, &mut bad)?;
    for release in RELEASES {
        let root = root_of(&work, release)?;
        copy(&glibc, &root.join("glibc"))?;
        for switch in SWITCHES {
            furnish(&root, &binary, Some(switch))?;
            let died = within(&root, "/glibc", &[], false)?.code().is_none();
            bitten |= died;
            row(release, switch.system, Some(died), &root, &mut bad)?;
        }
    }
    if !bitten {
        return Err("no root has hurt a static glibc: they prove nothing".into());
    }
    if bad.is_empty() {
        println!("{} look-ups in each: all end as they should", LOOKS.len());
        return Ok(());
    }
    Err(bad.join("\n"))
}

/// Runs every command in a root and tells how they ended.
fn row(
    release: &str,
    system: &str,
    died: Option<bool>,
    root: &Path,
    bad: &mut Vec<String>,
) -> Result<()> {
    let before = bad.len();
    for look in LOOKS {
        let status = within(root, "/devkit", look.args, look.is_nobody)?;
        if status.code() != Some(look.code) {
            let how =
                status.signal().map_or_else(String::new, |signal| format!(" (signal {signal})"));
            bad.push(format!(
                "{release}, {system}: devkit {} ended with {status}{how}, and not with {}",
                look.args.join(" "),
                look.code
            ));
        }
    }
    let glibc = match died {
        None => "not asked",
        Some(true) => "dies",
        Some(false) => "lives",
    };
    let devkit = if bad.len() == before { "well" } else { "FAILS" };
    println!("{release:10} {system:28} {glibc:14} {devkit}");
    Ok(())
}

/// Runs a program of a root in it.
fn within(root: &Path, name: &str, args: &[&str], is_nobody: bool) -> Result<ExitStatus> {
    // By its path: the variables are gone by then.
    let mut command = Command::new(find("chroot").ok_or("there is no chroot here")?);
    if is_nobody {
        command.arg("--userspec=4242:4242");
    }
    command.arg(root).arg(name).args(args).env_clear();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // A shell in between would make a code of the signal.
    command.status().map_err(|error| format!("chroot: {error}"))
}

/// Puts the files of a system into a root.
fn furnish(root: &Path, binary: &Path, switch: Option<&Switch>) -> Result<()> {
    make(&root.join("etc"))?;
    make(&root.join("tmp"))?;
    let open = fs::Permissions::from_mode(0o1777);
    fs::set_permissions(root.join("tmp"), open).map_err(|error| format!("tmp: {error}"))?;
    copy(binary, &root.join("devkit"))?;
    write(&root.join("config"), KUBECONFIG)?;
    write(&root.join("settings.xml"), SETTINGS)?;
    let Some(switch) = switch else { return Ok(()) };
    let Switch { hosts, accounts, .. } = switch;
    let text = format!("hosts: {hosts}\npasswd: {accounts}\ngroup: {accounts}\n");
    write(&root.join("etc/nsswitch.conf"), &text)?;
    write(&root.join("etc/hosts"), "127.0.0.1 localhost\n")?;
    write(&root.join("etc/passwd"), "root:x:0:0::/root:/bin/sh\n")?;
    write(&root.join("etc/group"), "root:x:0:\n")?;
    // Nobody answers there, and that is soon clear.
    write(&root.join("etc/resolv.conf"), "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
}

/// A root with the C library and the modules of a release of Debian, fetched as the machine's own packages
/// are, and with lists of its own, so that those of the machine stay as they are.
fn root_of(work: &Path, release: &str) -> Result<PathBuf> {
    let root = work.join(release);
    let done = work.join(format!("{release}.done"));
    if done.is_file() {
        return Ok(root);
    }
    println!("dist-check: fetching the C library of {release}");
    let apt = work.join(format!("{release}.apt"));
    for folder in ["lists/partial", "archives/partial", "packages"] {
        make(&apt.join(folder))?;
    }
    let uris = output(program("apt-get", &["indextargets", "--format", "$(REPO_URI)"]))?;
    let uri = uris.lines().find(|uri| uri.ends_with("/debian/"));
    let uri = uri.ok_or("apt-get knows no archive of Debian: this is for a Debian system")?;
    let keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
    write(&apt.join("sources"), &format!("deb [signed-by={keys}] {uri} {release} main\n"))?;
    let settings = [
        ("Dir::State", ""),
        ("Dir::State::lists", "lists"),
        ("Dir::Cache", ""),
        ("Dir::Cache::archives", "archives"),
        ("Dir::Etc::sourcelist", "sources"),
    ];
    let settings =
        settings.map(|(name, file)| format!("{name} \"{}\";\n", apt.join(file).display()));
    let more = "Dir::State::status \"/dev/null\";\nDir::Etc::sourceparts \"/dev/null\";\n";
    write(&apt.join("settings"), &(settings.concat() + more))?;
    let ask = |args: &[&str]| {
        let mut command = program("apt-get", &["-q"]);
        command.args(args).env("APT_CONFIG", apt.join("settings")).stdout(Stdio::null());
        command.current_dir(apt.join("packages"));
        check(command)
    };
    ask(&["update"])?;
    ask(&[&["download"], PACKAGES].concat())?;
    make(&root)?;
    let packages =
        fs::read_dir(apt.join("packages")).map_err(|error| format!("packages: {error}"))?;
    for package in packages.flatten() {
        let mut unpack = program("dpkg-deb", &["-x"]);
        unpack.arg(package.path()).arg(&root);
        check(unpack)?;
    }
    write(&done, "")?;
    Ok(root)
}

fn static_glibc(work: &Path) -> Result<PathBuf> {
    let (source, made) = (work.join("glibc.c"), work.join("glibc"));
    write(&source, GLIBC)?;
    let mut compile = program("gcc", &["-static", "-w", "-o"]);
    // The linker warns of just what is shown here.
    compile.arg(&made).arg(&source).stderr(Stdio::null());
    check(compile)?;
    Ok(made)
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
}
