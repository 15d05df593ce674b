//! `devkit envcheck`.

mod answers;
mod files;
mod names;
mod page;
mod readers;
mod shells;
mod values;
