//! Certificates by openssl, and kubeconfigs around them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use base64::Engine as _;
use tempfile::TempDir;

use crate::support::{Ran, devkit, folder, peer, run};

/// A folder with a CA, clients and a home.
pub(super) struct World {
    pub(super) dir: TempDir,
    openssl: PathBuf,
}

/// A key's kind, as openssl's `-newkey` takes it.
pub(super) const RSA: &[&str] = &["rsa:2048"];
pub(super) const EC: &[&str] = &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

impl World {
    /// Nothing where there is no openssl.
    pub(super) fn new() -> Option<Self> {
        let openssl = peer::need("openssl")?;
        let world = Self { dir: folder(), openssl };
        fs::create_dir_all(world.path("home/.kube")).unwrap();
        fs::create_dir_all(world.path("work")).unwrap();
        world.take_usual_keys();
        Some(world)
    }

    /// The authority `ca` and its `client`: made once, and copied, because RSA keys take their time.
    fn take_usual_keys(&self) {
        const NAMES: [&str; 6] =
            ["ca.key", "ca.crt", "ca.srl", "client.key", "client.csr", "client.crt"];
        static USUAL: OnceLock<[Vec<u8>; 6]> = OnceLock::new();
        let usual = USUAL.get_or_init(|| {
            let first = Self { dir: folder(), openssl: self.openssl.clone() };
            first.authority("ca");
            first.client("client", "ca", 90, RSA);
            NAMES.map(|name| first.read(name))
        });
        for (name, bytes) in NAMES.iter().zip(usual) {
            self.write(name, bytes);
            let mode = if name.contains("key") { 0o600 } else { 0o644 };
            fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(super) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    #[track_caller]
    pub(super) fn openssl(&self, args: &[&str]) -> Ran {
        let mut command = Command::new(&self.openssl);
        command.args(args).current_dir(self.dir.path());
        let ran = run(command);
        assert_eq!(ran.code, Some(0), "openssl {args:?}: {}", ran.stderr);
        ran
    }

    /// `NAME.crt` and `NAME.key`, self-signed.
    pub(super) fn authority(&self, name: &str) {
        let (key, crt, subject) =
            (format!("{name}.key"), format!("{name}.crt"), format!("/CN={name}"));
        let args = ["req", "-x509", "-nodes", "-days", "3650", "-keyout", &key, "-out", &crt];
        self.openssl(&[&args[..], &["-subj", &subject, "-newkey"], RSA].concat());
    }

    /// `NAME.crt` and `NAME.key`, signed by an authority.
    pub(super) fn client(&self, name: &str, authority: &str, days: i32, kind: &[&str]) {
        let (key, csr, crt) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.crt"));
        let subject = format!("/O=system:masters/CN={name}");
        let args = ["req", "-nodes", "-keyout", &key, "-out", &csr, "-subj", &subject, "-newkey"];
        self.openssl(&[&args[..], kind].concat());
        let (ca, ca_key, days) =
            (format!("{authority}.crt"), format!("{authority}.key"), days.to_string());
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            &csr,
            "-CA",
            &ca,
            "-CAkey",
            &ca_key,
            "-CAcreateserial",
            "-days",
            &days,
            "-out",
            &crt,
        ]);
    }

    pub(super) fn data(&self, name: &str) -> String {
        base64::engine::general_purpose::STANDARD.encode(self.read(name))
    }

    /// The kubeconfig of the home folder: one context `c`.
    pub(super) fn config(&self, user: &str, cluster: &str) {
        let text = format!(
            "current-context: c\ncontexts:\n- name: c\n  context: {{cluster: k, user: u, namespace: ns}}\n\
             clusters:\n- name: k\n  cluster:\n    server: https://10.0.0.1:6443\n    {cluster}\n\
             users:\n- name: u\n  user:\n    {user}\n"
        );
        self.home_config(&text);
    }

    pub(super) fn home_config(&self, text: &str) {
        self.write("home/.kube/config", text);
        let private = fs::Permissions::from_mode(0o600);
        fs::set_permissions(self.path("home/.kube/config"), private).unwrap();
    }

    /// The usual one: certificate, key and CA as data.
    pub(super) fn usual(&self) {
        let user = format!(
            "client-certificate-data: {}\n    client-key-data: {}",
            self.data("client.crt"),
            self.data("client.key")
        );
        self.config(&user, &format!("certificate-authority-data: {}", self.data("ca.crt")));
    }

    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = devkit(&self.path("work"), [&["kubecerts"], args].concat());
        command.env("HOME", self.path("home"));
        command
    }

    pub(super) fn devkit(&self, args: &[&str]) -> Ran {
        run(self.command(args))
    }

    /// The names in a folder.
    pub(super) fn names(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.path(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// The codes of a report's warnings.
pub(super) fn codes(value: &serde_json::Value) -> Vec<&str> {
    let list = value["warnings"].as_array().unwrap();
    list.iter().map(|warning| warning["code"].as_str().unwrap()).collect()
}

/// Whether a file of a folder is private.
pub(super) fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
