//! Sockets that listen: new ones, their files, and those that a service manager passes on.

pub(crate) mod activation;
pub(crate) mod listener;
pub(crate) mod socket_file;
