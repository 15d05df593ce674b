//! The cluster, which all tests share, and how a client is run with and without a tap.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use tempfile::TempDir;

use crate::support::{DEVKIT, Ran, finish_within, folder};

/// What nobody but server and client is to see.
pub(crate) const TOKEN: &str = "planted-token-of-the-context";
pub(crate) const VALUE: &str = "planted-value-of-a-secret";

/// An API server migrates its storage and fills its caches before it is ready.
const START: Duration = Duration::from_secs(120);
/// kubectl waits for what it deletes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running API server with its etcd.
pub(crate) struct Cluster {
    /// The folder of the programs that `cargo xtask test --with-apiserver` has built.
    pub(crate) bin: PathBuf,
    /// That of Python's packages.
    python: PathBuf,
    /// The port of its only kubelet.
    pub(crate) kubelet: u16,
    /// With the contexts `certificate` and `token`, both of which may do all.
    kubeconfig: String,
    servers: Vec<Child>,
}

impl Cluster {
    pub(crate) fn get() -> &'static Self {
        static CLUSTER: OnceLock<Cluster> = OnceLock::new();
        CLUSTER.get_or_init(|| {
            let (started, starting) = mpsc::channel();
            // The servers are killed when the thread that started them ends, and this one ends with
            // the process, however that comes.
            thread::spawn(move || {
                started.send(Self::start()).unwrap();
                loop {
                    thread::park();
                }
            });
            starting.recv().expect("the API server starts")
        })
    }

    fn start() -> Self {
        let given = |name| PathBuf::from(std::env::var_os(name).expect("xtask gives the folders"));
        let (bin, python) = (given("DEVKIT_APISERVER"), given("DEVKIT_PYTHON"));
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("apiserver");
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        let ca = Ca::new();
        let path = |name: &str| dir.join(name).to_str().unwrap().to_owned();
        let write = |name: &str, text: &str| fs::write(dir.join(name), text).unwrap();
        let (certificate, key) = ca.issue("kube-apiserver", None);
        let (client, client_key) = ca.issue("admin", Some("system:masters"));
        write("ca.crt", &ca.pem);
        write("server.crt", &certificate);
        write("server.key", &key);
        let accounts = KeyPair::generate().unwrap();
        write("accounts.key", &accounts.serialize_pem());
        write("accounts.pub", &accounts.public_key_pem());
        write("tokens.csv", &format!("{TOKEN},admin,1,system:masters\n"));
        let [etcd, etcd_peer, server, kubelet] = free_ports();
        let etcd = format!("http://127.0.0.1:{etcd}");
        let etcd_peer = format!("http://127.0.0.1:{etcd_peer}");
        let cluster = format!("default={etcd_peer}");
        let mut servers = vec![serve(
            &dir,
            &bin.join("etcd"),
            &[
                ("data-dir", &path("etcd")),
                ("listen-client-urls", &etcd),
                ("advertise-client-urls", &etcd),
                ("listen-peer-urls", &etcd_peer),
                ("initial-advertise-peer-urls", &etcd_peer),
                ("initial-cluster", &cluster),
                ("unsafe-no-fsync", "true"),
            ],
        )];
        servers.push(serve(
            &dir,
            &bin.join("kube-apiserver"),
            &[
                ("etcd-servers", &etcd),
                ("bind-address", "127.0.0.1"),
                ("advertise-address", "127.0.0.1"),
                ("endpoint-reconciler-type", "none"),
                ("secure-port", &server.to_string()),
                ("cert-dir", &path("certificates")),
                ("tls-cert-file", &path("server.crt")),
                ("tls-private-key-file", &path("server.key")),
                ("client-ca-file", &path("ca.crt")),
                ("token-auth-file", &path("tokens.csv")),
                ("kubelet-certificate-authority", &path("ca.crt")),
                ("kubelet-client-certificate", &path("server.crt")),
                ("kubelet-client-key", &path("server.key")),
                ("service-account-issuer", "https://kubernetes.default.svc"),
                ("service-account-key-file", &path("accounts.pub")),
                ("service-account-signing-key-file", &path("accounts.key")),
                ("service-cluster-ip-range", "10.0.0.0/24"),
                ("authorization-mode", "RBAC"),
                // Nothing makes the accounts that it would ask for.
                ("disable-admission-plugins", "ServiceAccount"),
            ],
        ));
        let at = format!("127.0.0.1:{kubelet}");
        let words = [at, path("server.crt"), path("server.key")];
        servers.push(start(&dir, &bin.join("kubelet"), &words));
        let encode = |text: &str| BASE64_STANDARD.encode(text);
        let kubeconfig = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: certificate\nclusters:\n- name: k\n  \
             cluster: {{server: 'https://127.0.0.1:{server}', certificate-authority-data: {}}}\n\
             contexts:\n- name: certificate\n  context: {{cluster: k, user: certificate}}\n\
             - name: token\n  context: {{cluster: k, user: token}}\nusers:\n- name: certificate\n  \
             user: {{client-certificate-data: {}, client-key-data: {}}}\n\
             - name: token\n  user: {{token: {TOKEN}}}\n",
            encode(&ca.pem),
            encode(&client),
            encode(&client_key)
        );
        let mut cluster = Self { bin, python, kubelet, kubeconfig, servers };
        cluster.wait(&dir);
        cluster
    }

    fn wait(&mut self, dir: &Path) {
        let deadline = Instant::now() + START;
        let kubectl = self.bin.join("kubectl");
        let ready = |cluster: &Self| {
            let world = cluster.world("certificate");
            world.direct(&kubectl, &["get", "--raw", "/readyz"]).stdout == "ok"
        };
        while !ready(self) {
            let log = || fs::read_to_string(dir.join("kube-apiserver.log")).unwrap_or_default();
            let all_run = self.servers.iter_mut().all(|one| one.try_wait().unwrap().is_none());
            assert!(
                all_run && Instant::now() < deadline,
                "the API server does not start:\n{}",
                log()
            );
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// A user's machine, with a kubeconfig whose current context is this one.
    pub(crate) fn world(&self, context: &str) -> World<'_> {
        World::new(self, context)
    }
}

/// Ports that nobody listens on at the moment.
fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// Starts a server with flags.
fn serve(dir: &Path, program: &Path, flags: &[(&str, &str)]) -> Child {
    let words = flags.iter().map(|(name, value)| format!("--{name}={value}"));
    start(dir, program, &words.collect::<Vec<_>>())
}

/// Starts a server that is killed with this thread, and whose output is a file.
fn start(dir: &Path, program: &Path, words: &[String]) -> Child {
    let log = format!("{}.log", program.file_name().unwrap().to_str().unwrap());
    let log = fs::File::create(dir.join(log)).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(program).args(words);
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    command.current_dir(dir).spawn().unwrap()
}

struct Ca {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = ca.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(ca, key) }
    }

    /// Certificate and key of somebody on loopback.
    fn issue(&self, name: &str, group: Option<&str>) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".into()]).unwrap();
        params.subject_alt_names.push(SanType::IpAddress(Ipv4Addr::LOCALHOST.into()));
        params.distinguished_name.push(DnType::CommonName, name);
        if let Some(group) = group {
            params.distinguished_name.push(DnType::OrganizationName, group);
        }
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// A user's machine.
pub(crate) struct World<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) dir: TempDir,
}

impl<'a> World<'a> {
    fn new(cluster: &'a Cluster, context: &str) -> Self {
        let dir = folder();
        let path = |name: &str| dir.path().join(name);
        for name in ["home", "runtime"] {
            fs::create_dir(path(name)).unwrap();
        }
        fs::set_permissions(path("runtime"), fs::Permissions::from_mode(0o700)).unwrap();
        let config = cluster
            .kubeconfig
            .replace("current-context: certificate", &format!("current-context: {context}"));
        fs::write(path("config"), config).unwrap();
        fs::set_permissions(path("config"), fs::Permissions::from_mode(0o600)).unwrap();
        Self { cluster, dir }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A program with this machine's kubeconfig, on its own.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.path("home")).env("XDG_RUNTIME_DIR", self.path("runtime"));
        command.env("LANG", "C.UTF-8").env("PYTHONPATH", &self.cluster.python);
        command.env("KUBECONFIG", self.path("config")).current_dir(self.dir.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn direct(&self, program: &Path, args: &[&str]) -> Ran {
        let mut command = self.command(program);
        finish_within(command.args(args).spawn().unwrap(), PATIENCE)
    }

    /// The same program below a tap with these options.
    pub(crate) fn tapped(&self, options: &[&str], program: &Path, args: &[&str]) -> Ran {
        let mut command = self.command(Path::new(DEVKIT));
        command.args(["kubecerts", "tap"]).args(options).arg("--").arg(program).args(args);
        finish_within(command.spawn().unwrap(), PATIENCE)
    }
}

/// Whatever a test was about: nothing that a tap has written holds what was planted.
impl Drop for World<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            return;
        }
        for file in fs::read_dir(self.dir.path()).unwrap() {
            let path = file.unwrap().path();
            if !path.extension().is_some_and(|kind| kind == "log" || kind == "har") {
                continue;
            }
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            for secret in [TOKEN, VALUE, &BASE64_STANDARD.encode(VALUE)] {
                assert!(!text.contains(secret), "a secret is in {}", path.display());
            }
        }
    }
}

/// A process that ends with the test.
pub(crate) struct Ended(pub(crate) Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
