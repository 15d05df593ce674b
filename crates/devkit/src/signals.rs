//! Signals that somebody asked to be spared from.

/// nohup(1) has a command ignore SIGHUP, and a handler would undo that.
pub(crate) fn hang_up_is_ignored() -> bool {
    const SIGHUP_BIT: u64 = 1;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok())
        .is_some_and(|mask| mask & SIGHUP_BIT != 0)
}
