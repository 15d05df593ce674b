//! `devkit mvn-unblock`: the command, and real Mavens beside it.

mod maven;
mod world;
