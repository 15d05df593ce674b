//! `devkit kubecerts tap` between a real kube-apiserver and clients that know nothing of it.
//!
//! `cargo xtask test --with-apiserver` builds what this needs, and says where it lies.
#![expect(clippy::disallowed_methods, reason = "tests read the environment and write files")]
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[expect(dead_code, clippy::print_stderr, reason = "other tests use the rest of it")]
#[path = "../support/mod.rs"]
mod support;

mod browsers;
mod clients;
mod kubectl;
mod streams;
mod world;
