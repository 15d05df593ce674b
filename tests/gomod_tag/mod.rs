//! `devkit gomod-tag`, with the real git and real Gos.

mod corners;
mod faults;
mod gomod;
mod names;
mod promises;
mod reports;
mod scenarios;
mod sums;
mod world;
