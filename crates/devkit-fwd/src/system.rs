//! What is asked of the system beside sockets: limits, accounts, processes, and long socket paths.

pub(crate) mod accounts;
pub(crate) mod holder;
pub(crate) mod limits;
pub(crate) mod sun_path;
pub(crate) mod sys;
