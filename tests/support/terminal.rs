//! A terminal for one command: what somebody sees on a screen of so many columns.

use std::fs::File;
use std::io::Read as _;
use std::process::{Command, Stdio};

use nix::pty::{Winsize, openpty};

use super::wait;

/// Runs a command on a terminal of its own, to its end, and gives all that came there, with the exit
/// code in a last line.
pub(crate) fn on_terminal(columns: u16, mut command: Command) -> String {
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let pair = openpty(Some(&size), None).expect("the system has a terminal left");
    let end = |of: &std::os::fd::OwnedFd| Stdio::from(of.try_clone().unwrap());
    command.stdin(Stdio::null()).stdout(end(&pair.slave)).stderr(end(&pair.slave));
    command.env("TERM", "xterm");
    let mut child = command.spawn().expect("the command starts");
    // Only the command is to hold the terminal, so that its end is the end of the output.
    drop((command, pair.slave));
    let reader = std::thread::spawn(move || {
        let mut screen = Vec::new();
        let mut terminal = File::from(pair.master);
        let mut part = [0; 4096];
        // Linux tells by an error that nobody holds the other end any more.
        while let Ok(count @ 1..) = terminal.read(&mut part) {
            screen.extend_from_slice(&part[..count]);
        }
        screen
    });
    let code = wait(&mut child).code();
    let screen = String::from_utf8(reader.join().unwrap()).unwrap();
    format!("{}[exit {}]\n", screen.replace("\r\n", "\n"), code.unwrap_or(-1))
}
