//! devkit's tests through the real binary: one target, one module a topic.
#![expect(clippy::disallowed_methods, reason = "tests read the environment and write files")]

mod support;

mod cli;
mod docs;
mod fwd;
mod peers;
