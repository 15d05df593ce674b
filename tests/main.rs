//! devkit's tests through the real binary: one target, one module a topic.
#![expect(clippy::disallowed_methods, reason = "tests read the environment and write files")]
#![expect(clippy::print_stderr, reason = "a test says what it saw")]
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

mod cli;
mod dist;
mod docs;
mod envcheck;
mod fwd;
mod gomod_tag;
mod help;
mod kubecerts;
mod mvn_unblock;
mod peers;
mod screens;
mod slips;
mod yaml;
