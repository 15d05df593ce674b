//! Pipes for splice(2): what goes through them is never copied into this process.
//!
//! A flow has one only while bytes are on their way, so that idle connections hold none. The rules
//! are those of a pipe's slots, of which each piece takes one, however small: a pipe is filled only
//! when it is empty, because then "would block" can only mean the socket; and one that is not empty
//! is closed rather than kept, because the bytes are somebody's.

use std::io;
#[cfg(target_os = "linux")]
use std::os::fd::BorrowedFd;

use super::transport::Conduit;

#[cfg(target_os = "linux")]
pub(crate) use self::linux::Pipe;
#[cfg(not(target_os = "linux"))]
pub(crate) use self::none::Pipe;

/// A socket that hands itself to `splice(2)` when it is ready.
#[cfg(target_os = "linux")]
pub(crate) trait Spliced {
    /// Reads by `splice`, which is handed the socket. Whatever came, there may be more: a pipe has no
    /// room for all of it.
    fn try_splice(
        &self,
        splice: impl Fn(BorrowedFd<'_>) -> nix::Result<usize>,
    ) -> io::Result<usize>;

    /// Writes by `splice`.
    fn try_splice_into(
        &self,
        splice: impl Fn(BorrowedFd<'_>) -> nix::Result<usize>,
    ) -> io::Result<usize>;
}

#[cfg(target_os = "linux")]
mod linux {
    use std::cell::RefCell;
    use std::os::fd::OwnedFd;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use nix::fcntl::{FcntlArg, OFlag, SpliceFFlags, fcntl, splice};
    use nix::unistd::pipe2;

    use super::{Conduit, Spliced, io};
    use crate::system::limits;

    /// Bytes of a pipe, where the user's budget (`pipe-user-pages-soft`) allows.
    const SIZE: i32 = 1024 * 1024;
    /// Below this, copying is as good.
    const LEAST: i32 = 64 * 1024;
    /// Pipes of a thread that wait for a flow to need them.
    const MOST_KEPT: usize = 8;

    thread_local! {
        static KEPT: RefCell<Vec<PipeEnds>> = const { RefCell::new(Vec::new()) };
    }

    /// Pipes of all threads, kept or not.
    static OPEN: AtomicUsize = AtomicUsize::new(0);

    /// Where bytes come out, and where they go in. Counted as long as it is open.
    #[derive(Debug)]
    struct PipeEnds {
        output: OwnedFd,
        input: OwnedFd,
    }

    impl PipeEnds {
        fn open() -> Option<Self> {
            if OPEN.fetch_add(1, Relaxed) >= limits::pipes() {
                OPEN.fetch_sub(1, Relaxed);
                return None;
            }
            let Ok((output, input)) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK) else {
                OPEN.fetch_sub(1, Relaxed);
                return None;
            };
            let ends = Self { output, input };
            // Whether or not it was granted, this tells how large it is.
            let _ = fcntl(&ends.input, FcntlArg::F_SETPIPE_SZ(SIZE));
            (fcntl(&ends.input, FcntlArg::F_GETPIPE_SZ).ok()? >= LEAST).then_some(ends)
        }
    }

    impl Drop for PipeEnds {
        fn drop(&mut self) {
            OPEN.fetch_sub(1, Relaxed);
        }
    }

    /// A pipe and how many bytes are in it.
    #[derive(Debug)]
    pub(crate) struct Pipe {
        /// Nothing once they are given back.
        ends: Option<PipeEnds>,
        held: usize,
    }

    impl<S: Spliced> Conduit<S> for Pipe {
        fn take() -> Option<Self> {
            let ends = KEPT.with_borrow_mut(Vec::pop).or_else(PipeEnds::open)?;
            Some(Self { ends: Some(ends), held: 0 })
        }

        fn is_empty(&self) -> bool {
            self.held == 0
        }

        /// 0 may be the end, or not: old kernels say it without one.
        fn fill(&mut self, from: &S, most: usize) -> io::Result<usize> {
            debug_assert!(self.held == 0, "would block could mean the pipe");
            let Some(PipeEnds { input, .. }) = &self.ends else { return Ok(0) };
            let count =
                from.try_splice(|socket| splice(socket, None, input, None, most, flags()))?;
            self.held = count;
            Ok(count)
        }

        fn drain(&mut self, to: &S) -> io::Result<usize> {
            let Some(PipeEnds { output, .. }) = &self.ends else { return Ok(0) };
            let held = self.held;
            let count =
                to.try_splice_into(|socket| splice(output, None, socket, None, held, flags()))?;
            self.held -= count;
            Ok(count)
        }
    }

    /// Without `SPLICE_F_MORE`, which would hold back the last bytes for 200 ms.
    fn flags() -> SpliceFFlags {
        SpliceFFlags::SPLICE_F_NONBLOCK | SpliceFFlags::SPLICE_F_MOVE
    }

    impl Drop for Pipe {
        fn drop(&mut self) {
            let Some(ends) = self.ends.take().filter(|_| self.held == 0) else { return };
            // A thread that ends may have dropped its pool already.
            let _ = KEPT.try_with(|kept| {
                let mut kept = kept.borrow_mut();
                // What one thread keeps is missing to the others.
                if kept.len() < MOST_KEPT && OPEN.load(Relaxed) <= limits::pipes() / 2 {
                    kept.push(ends);
                }
            });
        }
    }
}

/// Elsewhere everything is copied. Untested.
#[cfg(not(target_os = "linux"))]
mod none {
    use super::{Conduit, io};

    #[derive(Debug)]
    pub(crate) enum Pipe {}

    impl<S> Conduit<S> for Pipe {
        fn take() -> Option<Self> {
            None
        }

        fn is_empty(&self) -> bool {
            match *self {}
        }

        fn fill(&mut self, _: &S, _: usize) -> io::Result<usize> {
            match *self {}
        }

        fn drain(&mut self, _: &S) -> io::Result<usize> {
            match *self {}
        }
    }
}
