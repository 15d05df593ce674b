//! `status --probe` against hosts that speak https, and hosts that do not.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::world::World;
use crate::support::{self, peer, run};

/// `openssl s_server`, ended with the test.
struct Https {
    child: Child,
    port: u16,
}

impl Https {
    fn serve(openssl: &Path, folder: &Path) -> Self {
        let mut command = Command::new(openssl);
        command.current_dir(folder).args(["s_server", "-accept", "127.0.0.2:0", "-www"]);
        command.args(["-key", "key.pem", "-cert", "certificate.pem"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = loop {
            let line = lines.next().expect("it says where it listens").unwrap();
            if let Some(address) = line.strip_prefix("ACCEPT ") {
                break address.rsplit(':').next().unwrap().parse().unwrap();
            }
        };
        // What else it says must find a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, port }
    }
}

impl Drop for Https {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An authority, and a certificate that it has signed for an address.
fn certificates(openssl: &Path, world: &World, name: &str, address: &str) {
    let folder = world.path().join(name);
    std::fs::create_dir(&folder).unwrap();
    let extension = format!("subjectAltName=IP:{address}");
    let p256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    for args in [
        &["-x509", "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem"][..],
        &[
            "-x509",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-subj",
            "/CN=nexus",
            "-addext",
            &extension,
            "-addext",
            "basicConstraints=CA:FALSE",
            "-keyout",
            "key.pem",
            "-out",
            "certificate.pem",
        ][..],
    ] {
        let mut command = Command::new(openssl);
        command.current_dir(&folder).arg("req").args(p256).args(args);
        let ran = run(command);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    }
}

fn probed(world: &World, authority: &str, args: &[&str]) -> support::Ran {
    let mut command = world.command(["status", "--project", "project", "--probe"]);
    command.args(args).env("SSL_CERT_FILE", world.path().join(authority));
    run(command)
}

#[test]
fn a_host_that_speaks_https_too_is_named_with_the_place_to_change() {
    let Some(openssl) = peer::need("openssl") else { return };
    let world = World::new();
    certificates(&openssl, &world, "right", "127.0.0.2");
    certificates(&openssl, &world, "other", "127.0.0.3");
    let right = Https::serve(&openssl, &world.path().join("right"));
    let other = Https::serve(&openssl, &world.path().join("other"));
    world.file(
        "project/pom.xml",
        format!(
            "<project>\n<repositories>\n\
             <repository><id>a</id><url>http://joe:hunter2@127.0.0.2:{}/releases</url></repository>\n\
             <repository><id>b</id><url>http://127.0.0.2:{}/</url></repository>\n\
             <repository><id>c</id><url>http://localhost:{0}/</url></repository>\n\
             </repositories>\n</project>",
            right.port, other.port
        ),
    );
    let ran = probed(&world, "right/ca.pem", &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let better = format!(
        "\nbetter:    https://127.0.0.2:{}/releases answers too; use it in project/pom.xml line 3\n",
        right.port
    );
    assert!(ran.stdout.contains(&better), "{}", ran.stdout);
    let untrusted = format!(
        "untrusted: https://127.0.0.2:{}/ answers, and its certificate is not trusted here: nobody \
         who is trusted here has signed it\n",
        other.port
    );
    assert!(ran.stdout.contains(&untrusted), "{}", ran.stdout);
    assert!(!ran.stdout.contains("hunter2") && !ran.stderr.contains("hunter2"));

    let ran = probed(&world, "right/ca.pem", &["--json"]);
    assert!(!ran.stdout.contains("hunter2"), "{}", ran.stdout);
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let url = format!("https://127.0.0.2:{}/releases", right.port);
    let answer = serde_json::json!([{ "url": url, "outcome": "answers", "status": 200 }]);
    assert_eq!(document["repositories"][0]["https"], answer);
    assert_eq!(document["repositories"][1]["https"][0]["outcome"], "untrusted");
    // What is not blocked is not asked.
    assert_eq!(document["repositories"][2]["https"], serde_json::Value::Null);

    // A certificate for another address, of an authority that is trusted.
    let ran = probed(&world, "other/ca.pem", &[]);
    assert!(ran.stdout.contains("not trusted here: it is for another name"), "{}", ran.stdout);
    // Without an authority nothing is trusted, and the reason is told.
    world.file("none.pem", "");
    let ran = probed(&world, "none.pem", &[]);
    assert!(ran.stderr.contains("[no-trusted-certificates]"), "{}", ran.stderr);
    assert!(!ran.stdout.contains("better:"), "{}", ran.stdout);
}

#[test]
fn a_host_without_https_is_told_with_the_reason() {
    let world = World::new();
    let listener = TcpListener::bind("127.0.0.2:0").unwrap();
    let plain = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    // As servers of plain http answer the greeting of TLS. It ends with the test's process.
    std::thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            count.fetch_add(1, Ordering::SeqCst);
            let _ = connection.read(&mut [0; 4096]);
            let _ = connection.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        }
    });
    let closed = {
        let listener = TcpListener::bind("127.0.0.2:0").unwrap();
        listener.local_addr().unwrap()
    };
    world.file(
        "project/pom.xml",
        format!(
            "<project><repositories><repository><id>a</id><url>http://{plain}/repo</url></repository>\
             <repository><id>b</id><url>http://{closed}/x</url></repository></repositories></project>"
        ),
    );
    let ran = probed(&world, "none.pem", &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    for line in [
        format!(
            "no https:  http://{plain}/repo (https://{plain}/repo does not: what answers there does \
             not speak TLS; "
        ),
        format!("no https:  http://{closed}/x (https://{closed}/x does not: connection refused; "),
    ] {
        assert!(ran.stdout.contains(&line), "{line}\n{}", ran.stdout);
    }
    // Without --probe nobody is asked.
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    world.ends(1, ["status", "--project", "project"]);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}
