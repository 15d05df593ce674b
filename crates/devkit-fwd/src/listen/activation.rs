//! Socket activation: sockets that a service manager opened and passed on.

use std::ffi::OsString;

use super::listener::{self, SocketListener};
use crate::error::Error;
use crate::system::sys;

/// What the environment says about passed sockets.
///
/// Rule: `sd_listen_fds(3)`: `LISTEN_PID` names the process they are for, `LISTEN_FDS` their number.
#[derive(Debug, Clone, Default)]
pub struct Activation {
    /// The value of `LISTEN_PID`.
    pub listen_pid: Option<OsString>,
    /// The value of `LISTEN_FDS`.
    pub listen_fds: Option<OsString>,
    /// The id of this process.
    pub pid: u32,
}

impl Activation {
    /// Takes the sockets. To be called before anything else opens descriptors.
    pub(crate) fn take(&self) -> Result<Vec<SocketListener>, Error> {
        let count = self.count().map_err(Error::Activation)?;
        let fds = sys::take_passed_fds(count);
        if fds.len() < usize::from(count) {
            let message = format!("LISTEN_FDS promises {count}, and {} are open", fds.len());
            return Err(Error::Activation(message));
        }
        fds.into_iter().map(|fd| listener::passed(fd).map_err(Error::Activation)).collect()
    }

    fn count(&self) -> Result<u16, String> {
        let (Some(pid), Some(fds)) = (&self.listen_pid, &self.listen_fds) else {
            return Err("LISTEN_PID and LISTEN_FDS are not set".into());
        };
        match pid.to_str().and_then(|pid| pid.parse::<u32>().ok()) {
            Some(pid) if pid == self.pid => {}
            Some(pid) => return Err(format!("LISTEN_PID names process {pid}, not this one")),
            None => return Err("LISTEN_PID is no number".into()),
        }
        match fds.to_str().and_then(|fds| fds.parse::<u16>().ok()) {
            Some(0) => Err("LISTEN_FDS is 0".into()),
            // More than a process usually may have open: a mistake, and not one to loop over.
            Some(count) if count <= 1024 => Ok(count),
            _ => Err("LISTEN_FDS is no number up to 1024".into()),
        }
    }
}
