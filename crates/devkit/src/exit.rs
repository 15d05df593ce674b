//! The exit codes, the same for every command; `docs/exit-codes.md` explains them.

/// Done, or the answer is yes.
pub(crate) const DONE: u8 = 0;
/// devkit did its job, and the answer is no.
pub(crate) const NO: u8 = 1;
/// Not done: wrong usage, bad input, a refused plan, failed I/O.
pub(crate) const TROUBLE: u8 = 2;
/// Ended by SIGINT before it was done.
pub(crate) const INTERRUPTED: u8 = 130;
/// Ended by SIGTERM before it was done.
pub(crate) const TERMINATED: u8 = 143;
