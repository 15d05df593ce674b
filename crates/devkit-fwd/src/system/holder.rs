//! Who has the port: a look into `/proc`, for the error message only.

use std::net::{IpAddr, SocketAddr};
use std::os::unix::ffi::OsStrExt;
use std::{fs, path::PathBuf};

use crate::error::Holder;

/// The process listening on a TCP address, if this user may see it.
pub(crate) fn of_port(address: SocketAddr) -> Option<Holder> {
    let inodes: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| listeners(&table, address))
        .collect();
    let links: Vec<PathBuf> =
        inodes.iter().map(|inode| PathBuf::from(format!("socket:[{inode}]"))).collect();
    if links.is_empty() {
        return None;
    }
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Ok(fds) = fs::read_dir(process.path().join("fd")) else { continue };
        let has = |fd: fs::DirEntry| fs::read_link(fd.path()).is_ok_and(|to| links.contains(&to));
        if fds.flatten().any(has) {
            return of_pid(pid);
        }
    }
    None
}

/// The name of a process.
pub(crate) fn of_pid(pid: i32) -> Option<Holder> {
    let comm = fs::read(format!("/proc/{pid}/comm")).ok()?;
    let name = String::from_utf8_lossy(comm.trim_ascii_end()).into_owned();
    Some(Holder { name, pid })
}

/// The inodes of the sockets in a `/proc/net/tcp` table that listen where `address` wants to.
fn listeners(table: &str, address: SocketAddr) -> Vec<String> {
    const LISTEN: &str = "0A";
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_ascii_whitespace().collect();
            let (ip, port) = fields.get(1)?.split_once(':')?;
            let port = u16::from_str_radix(port, 16).ok()?;
            let here = parse_ip(ip)?.to_canonical();
            let wanted = address.ip().to_canonical();
            let overlaps = here == wanted || here.is_unspecified() || wanted.is_unspecified();
            let hit = *fields.get(3)? == LISTEN && port == address.port() && overlaps;
            hit.then(|| fields.get(9).map(|inode| (*inode).to_owned())).flatten()
        })
        .collect()
}

/// Addresses in these tables are 32-bit words in the machine's byte order.
fn parse_ip(hex: &str) -> Option<IpAddr> {
    if !hex.as_bytes().iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let words: Vec<[u8; 4]> = hex
        .as_bytes()
        .chunks(8)
        .map(|word| {
            let text = std::ffi::OsStr::from_bytes(word).to_str()?;
            Some(u32::from_str_radix(text, 16).ok()?.to_ne_bytes())
        })
        .collect::<Option<_>>()?;
    match words.as_slice() {
        [v4] => Some(IpAddr::from(*v4)),
        [a, b, c, d] => {
            let bytes: [u8; 16] = [*a, *b, *c, *d].concat().try_into().ok()?;
            Some(IpAddr::from(bytes))
        }
        _ => None,
    }
}
