//! How much was done, for the test that it grows with the text and no faster.

#[cfg(test)]
thread_local! {
    /// How often an event came or a branch was looked at.
    pub(crate) static WORK: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Counts an event or a branch.
pub(crate) fn count() {
    #[cfg(test)]
    WORK.with(|work| work.set(work.get() + 1));
}
