//! `devkit mvn-unblock`: the command, and real Mavens beside it.

mod contract;
mod corpus;
mod faults;
mod maven;
mod probe;
mod promises;
mod reports;
mod resident;
mod simulation;
mod world;
