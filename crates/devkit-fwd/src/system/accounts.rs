//! User and group names, as the system's account database has them.

use crate::error::Error;

/// Turns a user name or a number into a user id.
///
/// # Errors
///
/// [`Error::UnknownUser`] when there is no such name.
pub fn uid(name: &str) -> Result<u32, Error> {
    if let Some(id) = number(name) {
        return Ok(id);
    }
    match devkit_lookup::user(name) {
        Ok(Some(uid)) => Ok(uid),
        _ => Err(Error::UnknownUser { kind: "user", name: name.into() }),
    }
}

/// Turns a group name or a number into a group id.
///
/// # Errors
///
/// [`Error::UnknownUser`] when there is no such name.
pub fn gid(name: &str) -> Result<u32, Error> {
    if let Some(id) = number(name) {
        return Ok(id);
    }
    match devkit_lookup::group(name) {
        Ok(Some(gid)) => Ok(gid),
        _ => Err(Error::UnknownUser { kind: "group", name: name.into() }),
    }
}

/// 4294967295 is chown's "leave it as it is", and no account's number.
fn number(name: &str) -> Option<u32> {
    let digits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| name.parse().ok()).flatten().filter(|id| *id != u32::MAX)
}
