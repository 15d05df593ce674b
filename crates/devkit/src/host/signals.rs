//! The signals that mean something to a command that goes on until it is stopped.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit;

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// To stop; the code is for a stop that is not waited for.
    Stop(u8),
    /// To say how it stands.
    Report,
}

/// Hears signals instead of dying of them, from the moment that this is made.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// Nothing where SIGHUP is ignored: nohup(1) asks to be spared, and a handler would undo that.
    hang_up: Option<Signal>,
    report: Option<Signal>,
}

impl Signals {
    /// Signals that stop a command.
    pub(crate) fn new() -> io::Result<Self> {
        let hang_up = !hang_up_is_ignored();
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: hang_up.then(|| signal(SignalKind::hangup())).transpose()?,
            report: None,
        })
    }

    /// Signals that stop a command, and SIGUSR1, which asks for a report.
    pub(crate) fn with_report() -> io::Result<Self> {
        Ok(Self { report: Some(signal(SignalKind::user_defined1())?), ..Self::new()? })
    }

    /// The next one.
    pub(crate) async fn next(&mut self) -> Heard {
        tokio::select! {
            _ = self.terminate.recv() => Heard::Stop(exit::TERMINATED),
            _ = self.interrupt.recv() => Heard::Stop(exit::INTERRUPTED),
            () = heard(&mut self.hang_up) => Heard::Stop(exit::TERMINATED),
            () = heard(&mut self.report) => Heard::Report,
        }
    }
}

/// Waits for a signal, and for ever where it is not listened to.
async fn heard(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// nohup(1) has a command ignore SIGHUP, and a handler would undo that.
fn hang_up_is_ignored() -> bool {
    const SIGHUP_BIT: u64 = 1;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok())
        .is_some_and(|mask| mask & SIGHUP_BIT != 0)
}
