//! `devkit gomod-tag`, with the real git and real Gos.

mod gomod;
mod scenarios;
mod world;
