//! `devkit envcheck`.

mod answers;
mod files;
mod names;
mod page;
mod readers;
mod reports;
mod shells;
mod values;
