//! The real programs that tests and benches talk to, and the packages they come in.

use std::env;
use std::fs;

use crate::run::{Result, check, find, program};

/// A real peer.
pub(crate) struct Peer {
    /// The program.
    pub(crate) program: &'static str,
    /// The package on Debian.
    package: &'static str,
    /// What it is for.
    purpose: &'static str,
}

pub(crate) const fn peer(
    program: &'static str,
    package: &'static str,
    purpose: &'static str,
) -> Peer {
    Peer { program, package, purpose }
}

/// What the tests want to find.
pub(crate) const PEERS: &[Peer] = &[
    peer("containerd", "containerd", "fwd: a real control socket"),
    peer("ctr", "containerd", "fwd: its client"),
    peer("redis-server", "redis-server", "fwd: a server on a Unix socket"),
    peer("redis-cli", "redis-tools", "fwd: its client"),
    peer("curl", "curl", "fwd: a client for HTTP over Unix sockets"),
    peer("socat", "socat", "fwd: a client that half-closes; bench"),
    peer("ssh", "openssh-client", "fwd: a client with a ProxyCommand"),
    peer("nc", "netcat-openbsd", "README: the second terminal"),
    peer("ss", "iproute2", "fwd: socket options from outside"),
    peer("strace", "strace", "fwd: which system calls are made"),
    peer("perl", "perl-base", "fwd: a client under another user"),
    peer("setpriv", "util-linux", "fwd: another user"),
    peer("prlimit", "util-linux", "fwd: another descriptor limit"),
    peer("unshare", "util-linux", "fwd: another hosts file"),
    peer("kubectl", "kubernetes-client", "kubecerts: reads the same files"),
    peer("openssl", "openssl", "kubecerts: certificates, a server that demands one, PKCS#12"),
    peer("keytool", "default-jre-headless", "kubecerts: PKCS#12 in Java"),
    peer("pk12util", "libnss3-tools", "kubecerts: PKCS#12 in NSS, as Firefox has it"),
    peer("chromium", "chromium", "kubecerts: a browser for the page of tap"),
    peer("git", "git", "kubecerts: work trees"),
    peer("script", "bsdutils", "kubecerts: a terminal"),
    peer("bash", "bash", "completions; envcheck"),
    peer("zsh", "zsh", "completions; envcheck"),
    peer("fish", "fish", "completions; envcheck"),
    peer("dash", "dash", "envcheck: a shell"),
    peer("busybox", "busybox", "envcheck: a shell"),
    peer("ksh93", "ksh93u+m", "envcheck: a shell"),
    peer("mksh", "mksh", "envcheck: a shell"),
    peer("posh", "posh", "envcheck: a shell"),
    peer("yash", "yash", "envcheck: a shell"),
    peer("tcsh", "tcsh", "envcheck: a shell"),
    peer("bsd-csh", "csh", "envcheck: a shell"),
    peer("rc", "rc", "envcheck: a shell"),
    peer("elvish", "elvish", "envcheck: a shell"),
    peer("xonsh", "xonsh", "envcheck: a shell"),
    peer("sudo", "sudo", "envcheck: what it lets through"),
    peer("java", "default-jre-headless", "envcheck: a reader"),
    peer("javac", "default-jdk-headless", "envcheck: compiles a reader"),
    peer("mvn", "maven", "mvn-unblock: what blocks; fetches other Mavens"),
    peer("go", "golang-go", "gomod-tag: what it reads in go.mod files"),
    peer("node", "nodejs", "envcheck: a reader"),
    peer("npm", "npm", "reports: fetches the validator of SARIF"),
    peer("python3", "python3", "envcheck: a reader"),
    peer("ruby", "ruby", "envcheck: a reader"),
    peer("php", "php-cli", "envcheck: a reader"),
    peer("docker", "docker.io", "envcheck: what its arguments may be"),
    peer("systemd-analyze", "systemd", "envcheck: what it ignores"),
    peer("groff", "groff-base", "man pages"),
    peer("chroot", "coreutils", "dist: an empty root"),
];

/// Installs what is missing, if that is possible here.
pub(crate) fn install(peers: &[Peer]) -> Result<()> {
    let mut packages: Vec<&str> = missing(peers).iter().map(|peer| peer.package).collect();
    packages.sort_unstable();
    packages.dedup();
    if packages.is_empty() {
        return Ok(());
    }
    let list = packages.join(" ");
    if find("apt-get").is_none() || !is_root() {
        println!("peers: cannot install {list}: that takes root on a Debian system");
        return Ok(());
    }
    println!("peers: installing {list}");
    let apt = |args: &[&str]| {
        let mut command = program("apt-get", args);
        command.env("DEBIAN_FRONTEND", "noninteractive");
        check(command)
    };
    apt(&["update", "-q"])?;
    apt(&[&["install", "-q", "-y", "--no-install-recommends"], packages.as_slice()].concat())
}

/// Shows what there is and what is not.
pub(crate) fn show(peers: &[Peer]) {
    let missing = missing(peers);
    let found: Vec<&str> =
        peers.iter().map(|peer| peer.program).filter(|name| find(name).is_some()).collect();
    println!("peers found: {}", found.join(" "));
    for peer in missing {
        println!("peer missing: {} (package {}): {}", peer.program, peer.package, peer.purpose);
    }
}

/// The peers that are not there.
pub(crate) fn missing(peers: &[Peer]) -> Vec<&Peer> {
    peers.iter().filter(|peer| find(peer.program).is_none()).collect()
}

/// Whether this is a run whose outcome decides about landing.
pub(crate) fn in_ci() -> bool {
    env::var_os("CI").is_some_and(|value| value == "true")
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    uids.and_then(|uids| uids.split_whitespace().nth(1)) == Some("0")
}
