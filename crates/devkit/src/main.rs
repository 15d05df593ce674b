//! The `devkit` command: parses arguments, calls one library, and knows the terminal.

mod amounts;
mod cli;
mod cmd;
mod exit;
mod failure;
mod findings;
mod help;
mod host;
mod line;
mod meant;
mod preset;
mod recipe;
mod stdin;
mod typed;
mod ui;
mod usage;

use std::process::ExitCode;

use crate::cli::ParsedLine;

fn main() -> ExitCode {
    let args = cli::real_arguments(std::env::args_os().collect());
    let host = host::Host::read();
    let mut ui = ui::Ui::before_parsing(&args, &host.variables);
    let result = cli::parse(args, &mut ui, &host.variables).and_then(|parsed| match parsed {
        ParsedLine::Run(recipe, matches) => (recipe.run)(&ui, &host, &matches),
        ParsedLine::Printed(code) => Ok(code),
    });
    let code = result.unwrap_or_else(|error| failure::report(&ui, &error));
    ExitCode::from(code)
}
