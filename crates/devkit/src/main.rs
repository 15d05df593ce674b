//! The `devkit` command: parses arguments, calls one library, and knows the terminal.
#![expect(clippy::disallowed_methods, reason = "the binary is what reads the environment")]

mod amounts;
mod cli;
mod cmd;
mod excerpt;
mod exit;
mod failure;
mod signals;
mod ui;

use std::process::ExitCode;

use crate::cli::Parsed;

fn main() -> ExitCode {
    let args = cli::real_arguments(std::env::args_os().collect());
    let mut ui = ui::Ui::before_parsing(&args);
    let result = cli::parse(args, &mut ui).and_then(|parsed| match parsed {
        Parsed::Run(command) => command.run(&mut ui),
        Parsed::Printed(code) => Ok(code),
    });
    let code = result.unwrap_or_else(|error| failure::report(&ui, &error));
    ExitCode::from(code)
}
