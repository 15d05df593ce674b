//! realm, built from its published parts: its command is in no registry.

use std::fs;
use std::path::PathBuf;

use crate::run::{Result, cargo, check, target};

const MANIFEST: &str = r#"[package]
name = "realm-peer"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
realm_core = "=0.5.1"
realm_io = "=0.5.4"
tokio = { version = "1", features = ["rt-multi-thread", "macros"] }

[profile.release]
lto = "fat"
codegen-units = 1
"#;

/// What realm's own command does with `-l LISTEN -r REMOTE`.
const PROGRAM: &str = r#"use realm_core::endpoint::{BindOpts, ConnectOpts, Endpoint, RemoteAddr};

#[tokio::main]
async fn main() {
    let addresses: Vec<std::net::SocketAddr> =
        std::env::args().skip(1).map(|text| text.parse().expect("an address")).collect();
    let endpoint = Endpoint {
        laddr: addresses[0],
        raddr: RemoteAddr::SocketAddr(addresses[1]),
        bind_opts: BindOpts::default(),
        conn_opts: ConnectOpts::default(),
        extra_raddrs: Vec::new(),
    };
    realm_core::tcp::run_tcp(endpoint).await.expect("it serves");
}
"#;

/// The program, which takes where to listen and where to connect; `None` if it cannot be had.
pub(super) fn build() -> Option<PathBuf> {
    match try_build() {
        Ok(program) => Some(program),
        Err(error) => {
            println!("peer missing: realm: {error}");
            None
        }
    }
}

fn try_build() -> Result<PathBuf> {
    let folder = target().join("peers/realm");
    let written = |name: &str, text: &str| {
        let file = folder.join(name);
        fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))
    };
    fs::create_dir_all(folder.join("src"))
        .map_err(|error| format!("{}: {error}", folder.display()))?;
    written("Cargo.toml", MANIFEST)?;
    written("src/main.rs", PROGRAM)?;
    let mut build = cargo(&["build", "--release", "-q"]);
    build.current_dir(&folder).env("CARGO_TARGET_DIR", folder.join("target"));
    check(build)?;
    Ok(folder.join("target/release/realm-peer"))
}
