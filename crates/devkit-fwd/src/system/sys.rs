//! The system calls that no library has a safe function for, each behind one of ours.
#![expect(unsafe_code, reason = "system calls without a safe wrapper")]

use std::io;
#[cfg(target_os = "linux")]
use std::os::fd::AsRawFd as _;
use std::os::fd::{AsFd, FromRawFd, OwnedFd, RawFd};

use nix::libc;

/// The first descriptor that a service manager passes on, `SD_LISTEN_FDS_START`.
pub(crate) const FIRST_PASSED_FD: RawFd = 3;

/// Takes ownership of the descriptors that a service manager passed to this process.
///
/// To be called once, before anything else opens descriptors: then 3 and up are the passed ones.
pub(crate) fn take_passed_fds(count: u16) -> Vec<OwnedFd> {
    (FIRST_PASSED_FD..FIRST_PASSED_FD + RawFd::from(count))
        .filter(|fd| {
            // SAFETY: F_GETFD reads a flag and touches no memory; a closed fd gives EBADF.
            unsafe { libc::fcntl(*fd, libc::F_GETFD) != -1 }
        })
        .map(|fd| {
            // SAFETY: the fd is open, as just seen, and by the protocol of sd_listen_fds(3) it is
            // ours alone: LISTEN_PID named this process, and the caller asks only once.
            unsafe { OwnedFd::from_raw_fd(fd) }
        })
        .collect()
}

/// Bytes in a socket's send queue: not acknowledged by the peer's kernel (TCP, a FIN included), not
/// read by the peer (Unix, with what the kernel needs to keep them).
#[cfg(target_os = "linux")]
pub(crate) fn queued(socket: impl AsFd) -> io::Result<usize> {
    let mut bytes: libc::c_int = 0;
    // SAFETY: TIOCOUTQ (SIOCOUTQ of tcp(7) and unix(7)) writes one int, and `bytes` lives until after the call.
    let result = unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(usize::try_from(bytes).unwrap_or(0))
}

/// Elsewhere there is no such question; nothing is waited for. Untested.
#[cfg(not(target_os = "linux"))]
pub(crate) fn queued(_: impl AsFd) -> io::Result<usize> {
    Ok(0)
}

/// The supplementary groups of a Unix socket's peer (`SO_PEERGROUPS`, Linux 4.13).
#[cfg(target_os = "linux")]
pub(crate) fn peer_groups(socket: impl AsFd) -> io::Result<Vec<u32>> {
    let mut groups = vec![0u32; 64];
    loop {
        let room = groups.len() * size_of::<libc::gid_t>();
        let mut bytes = libc::socklen_t::try_from(room).unwrap_or(libc::socklen_t::MAX);
        // SAFETY: the kernel writes at most `bytes` bytes, which is what `groups` holds, and sets
        // `bytes` to what it wrote or, with ERANGE, to what it would need.
        let result = unsafe {
            libc::getsockopt(
                socket.as_fd().as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERGROUPS,
                groups.as_mut_ptr().cast(),
                &raw mut bytes,
            )
        };
        let count = bytes as usize / size_of::<libc::gid_t>();
        if result == 0 {
            groups.truncate(count);
            return Ok(groups);
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::ERANGE) || count <= groups.len() {
            return Err(error);
        }
        groups.resize(count, 0);
    }
}

/// Elsewhere only the primary group is known. Untested.
#[cfg(not(target_os = "linux"))]
pub(crate) fn peer_groups(_: impl AsFd) -> io::Result<Vec<u32>> {
    Ok(Vec::new())
}
