//! What a user writes: addresses, networks, and options.

pub(crate) mod cidr;
pub(crate) mod endpoint;
pub(crate) mod options;
