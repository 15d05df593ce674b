//! `devkit fwd`, as its users and their peers see it.

mod access;
mod addresses;
mod data;
mod endings;
mod life;
mod listener;
mod output;
mod pressure;
mod stdio;
