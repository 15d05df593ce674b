//! Looks up hosts, users and groups by their names, for the whole workspace.
//!
//! All look-ups are here, because they are what a binary takes from the system that it runs on: the C
//! library reads `/etc/hosts`, `/etc/resolv.conf`, `/etc/passwd` and `/etc/group`, and where it is one
//! that is linked dynamically, whatever `/etc/nsswitch.conf` names. `cargo xtask tidy` finds a look-up
//! elsewhere.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;

use nix::unistd::{Group, Uid, User};

#[cfg(test)]
mod tests;

/// Whether only files and the servers of `/etc/resolv.conf` are asked: musl, which released binaries for
/// Linux have in them, knows no modules of the system.
pub const KNOWS_NO_MODULES: bool = cfg!(target_env = "musl");

/// The addresses of a host, in the order in which they should be tried. It blocks.
///
/// # Errors
///
/// What the resolver says: no such name, no answer.
pub fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok((host, port).to_socket_addrs()?.collect())
}

/// The addresses of a host, without blocking: a thread of tokio's waits for the resolver.
///
/// # Errors
///
/// As for [`addresses`].
#[cfg(feature = "tokio")]
pub async fn addresses_in_time(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok(tokio::net::lookup_host((host, port)).await?.collect())
}

/// The number of a user by its name; nothing where there is none.
///
/// # Errors
///
/// What the user database says.
pub fn user(name: &str) -> io::Result<Option<u32>> {
    Ok(User::from_name(name)?.map(|user| user.uid.as_raw()))
}

/// The number of a group by its name; nothing where there is none.
///
/// # Errors
///
/// What the group database says.
pub fn group(name: &str) -> io::Result<Option<u32>> {
    Ok(Group::from_name(name)?.map(|group| group.gid.as_raw()))
}

/// The home folder that the user database has for a user's number; nothing where it does not have the
/// number.
///
/// # Errors
///
/// What the user database says.
pub fn home(user: u32) -> io::Result<Option<PathBuf>> {
    Ok(User::from_uid(Uid::from_raw(user))?.map(|user| user.dir))
}
