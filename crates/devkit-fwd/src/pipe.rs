//! Pipes for splice(2): what goes through them is never copied into this process.
//!
//! A flow has one only while bytes are on their way, so that idle connections hold none. The rules
//! are those of a pipe's slots, of which each piece takes one, however small: a pipe is filled only
//! when it is empty, because then "would block" can only mean the socket; and one that is not empty
//! is closed rather than kept, because the bytes are somebody's.

use std::io;

use crate::stream::Stream;

#[cfg(target_os = "linux")]
pub(crate) use self::linux::Pipe;
#[cfg(not(target_os = "linux"))]
pub(crate) use self::none::Pipe;

/// Bytes at a time: for the others' turn, and because the kernel refuses lengths beyond 2^63.
const MOST: usize = 1024 * 1024;

#[cfg(target_os = "linux")]
mod linux {
    use std::cell::RefCell;
    use std::os::fd::OwnedFd;

    use nix::fcntl::{FcntlArg, OFlag, SpliceFFlags, fcntl, splice};
    use nix::unistd::pipe2;

    use super::{MOST, Stream, io};
    use crate::limits;

    /// Bytes of a pipe, where the user's budget (`pipe-user-pages-soft`) allows.
    const SIZE: i32 = 1024 * 1024;
    /// Below this, copying is as good.
    const LEAST: i32 = 64 * 1024;
    /// Pipes that wait for a flow to need them.
    const KEPT: usize = 8;

    thread_local! {
        static POOL: RefCell<Pool> = const { RefCell::new(Pool { kept: Vec::new(), open: 0 }) };
    }

    struct Pool {
        kept: Vec<(OwnedFd, OwnedFd)>,
        /// Kept or not.
        open: usize,
    }

    /// A pipe and how many bytes are in it.
    #[derive(Debug)]
    pub(crate) struct Pipe {
        /// Where they come out, and where they go in. Nothing once they are given back.
        ends: Option<(OwnedFd, OwnedFd)>,
        held: usize,
    }

    impl Pipe {
        /// An empty one; nothing where there are enough of them, or the system has none to give.
        pub(crate) fn take() -> Option<Self> {
            POOL.with_borrow_mut(|pool| {
                if let Some(ends) = pool.kept.pop() {
                    return Some(Self { ends: Some(ends), held: 0 });
                }
                if pool.open >= limits::pipes() {
                    return None;
                }
                let ends = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).ok()?;
                // Whether or not it was granted, this tells how large it is.
                let _ = fcntl(&ends.1, FcntlArg::F_SETPIPE_SZ(SIZE));
                if fcntl(&ends.1, FcntlArg::F_GETPIPE_SZ).ok()? < LEAST {
                    return None;
                }
                pool.open += 1;
                Some(Self { ends: Some(ends), held: 0 })
            })
        }

        pub(crate) fn is_empty(&self) -> bool {
            self.held == 0
        }

        /// Takes what a socket has; to be called while it is empty. 0 may be the end, or not: old
        /// kernels say it without one.
        pub(crate) fn fill(&mut self, from: &Stream) -> io::Result<usize> {
            debug_assert!(self.is_empty(), "would block could mean the pipe");
            let Some((_, input)) = &self.ends else { return Ok(0) };
            let count =
                from.try_splice(|socket| splice(socket, None, input, None, MOST, flags()))?;
            self.held = count;
            Ok(count)
        }

        /// Gives a socket what it has room for.
        pub(crate) fn drain(&mut self, to: &Stream) -> io::Result<usize> {
            let Some((output, _)) = &self.ends else { return Ok(0) };
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
            let ends = self.ends.take();
            let empty = self.is_empty();
            // A thread that ends may have dropped the pool already.
            let _ = POOL.try_with(|pool| {
                let mut pool = pool.borrow_mut();
                if empty && pool.kept.len() < KEPT {
                    pool.kept.extend(ends);
                } else {
                    pool.open = pool.open.saturating_sub(1);
                }
            });
        }
    }
}

/// Elsewhere everything is copied. Untested.
#[cfg(not(target_os = "linux"))]
mod none {
    use super::{Stream, io};

    #[derive(Debug)]
    pub(crate) enum Pipe {}

    impl Pipe {
        pub(crate) fn take() -> Option<Self> {
            None
        }

        pub(crate) fn is_empty(&self) -> bool {
            match *self {}
        }

        pub(crate) fn fill(&mut self, _: &Stream) -> io::Result<usize> {
            match *self {}
        }

        pub(crate) fn drain(&mut self, _: &Stream) -> io::Result<usize> {
            match *self {}
        }
    }
}
