//! Connected sockets, and the pipes between two, as the relay uses them.

pub(crate) mod pipe;
pub(crate) mod stream;
pub(crate) mod transport;
