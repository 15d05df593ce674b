//! `devkit kubecerts extract --p12`: what other programs find in the file.

use std::process::Command;

use super::world::{EC, RSA, World};
use crate::support::{peer, run};

const ED25519: &[&str] = &["ed25519"];

impl World {
    /// A client of an authority that has one above itself; its certificate comes with that one's.
    fn chain(&self, kind: &[&str]) {
        self.client("inter", "ca", 90, RSA);
        self.client("leaf", "inter", 90, kind);
        let chain = [self.read("leaf.crt"), self.read("inter.crt")].concat();
        self.write("client.crt", chain);
        self.write("client.key", self.read("leaf.key"));
        self.usual();
    }

    /// The kubeconfig again, with another name of its user.
    fn call_the_user(&self, name: &str) {
        let text = String::from_utf8(self.read("home/.kube/config")).unwrap();
        let text = text.replace("user: u,", &format!("user: \"{name}\","));
        self.home_config(&text.replace("- name: u\n", &format!("- name: \"{name}\"\n")));
    }
}

/// The lines of openssl's account that begin so, without that beginning.
fn told<'a>(account: &'a str, beginning: &str) -> Vec<&'a str> {
    let lines = account.lines().filter_map(|line| line.trim_start().strip_prefix(beginning));
    lines.map(str::trim).collect()
}

#[test]
fn names_order_and_every_password_are_read_by_openssl_and_nss() {
    let Some(world) = World::new() else { return };
    let Some(pk12util) = peer::need("pk12util") else { return };
    let rows = [
        (RSA, "u", "a pass word"),
        (EC, "管理员", "pässwörd 密码"),
        (ED25519, "emoji 😀", ""),
        (EC, "a:b", "long enough for more than one block of the hash, which has 64 bytes"),
    ];
    for (kind, user, password) in rows {
        world.chain(kind);
        world.call_the_user(user);
        world.write("password", format!("{password}\n"));
        let from = if password.is_empty() { "/dev/null" } else { "../password" };
        for compat in [false, true] {
            let row = format!("{user} {password} {compat}");
            let compat = if compat { &["--p12-compat"][..] } else { &[] };
            let args = ["extract", "--force", "--p12", "c.p12", "--password-file", from];
            let ran = world.devkit(&[&args[..], compat].concat());
            assert_eq!(ran.code, Some(0), "{row}: {}", ran.stderr);

            let args = ["pkcs12", "-in", "work/c.p12", "-passin", "file:password", "-nodes"];
            let legacy = if compat.is_empty() { &[][..] } else { &["-legacy"] };
            let account = world.openssl(&[&args[..], legacy].concat()).stdout;
            let ids = told(&account, "localKeyID:");
            assert!(ids.len() == 2 && ids[0] == ids[1] && ids[0].len() > 40, "{row}: {account}");
            let subjects = told(&account, "subject=");
            assert_eq!(
                subjects,
                ["O = system:masters, CN = leaf", "O = system:masters, CN = inter"]
            );
            world.write("all.pem", &account);
            world.openssl(&["pkey", "-in", "all.pem", "-out", "a.key"]);
            world.openssl(&["pkey", "-in", "leaf.key", "-out", "b.key"]);
            assert_eq!(world.read("a.key"), world.read("b.key"), "{row}");

            let mut list = Command::new(&pk12util);
            list.args(["-l", "work/c.p12", "-w", "password"]).current_dir(world.dir.path());
            list.env("LC_ALL", "C.UTF-8");
            let ran = run(list);
            assert_eq!(ran.code, Some(0), "{row}: {}", ran.stderr);
            // openssl shows one byte of each character only.
            let names = told(&ran.stdout, "Friendly Name:");
            let leaf = "O=system:masters, CN=leaf";
            assert_eq!(names, [leaf, "O=system:masters, CN=inter", user], "{row}");
            assert!(ran.stdout.contains("has private key"), "{row}: {}", ran.stdout);
        }
    }
}

#[test]
fn no_two_files_share_a_salt() {
    let Some(world) = World::new() else { return };
    world.usual();
    world.write("password", "secret\n");
    let salts = |compat: &[&str]| {
        let args = ["extract", "--force", "--p12", "c.p12", "--password-file", "../password"];
        assert_eq!(world.devkit(&[&args[..], compat].concat()).code, Some(0));
        // The salts of both encryptions and of the MAC are the only strings of so few bytes that
        // are not encrypted.
        let tree = world.openssl(&["asn1parse", "-inform", "DER", "-in", "work/c.p12"]).stdout;
        let inner = tree.lines().find(|line| line.contains("OCTET STRING")).unwrap();
        let at = inner.trim_start().split(':').next().unwrap().to_owned();
        let args = ["asn1parse", "-inform", "DER", "-in", "work/c.p12", "-strparse", &at];
        let tree = tree + &world.openssl(&args).stdout;
        let dumped = tree.lines().filter_map(|line| line.split_once("[HEX DUMP]:"));
        let short: Vec<String> =
            dumped.map(|(_, hex)| hex.to_owned()).filter(|hex| hex.len() <= 64).collect();
        short
    };
    for compat in [&[][..], &["--p12-compat"]] {
        let mut all = [salts(compat), salts(compat)].concat();
        let count = all.len();
        all.sort();
        all.dedup();
        assert!(all.len() == count && count >= 6, "{compat:?}: {all:?}");
    }
}
