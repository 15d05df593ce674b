//! Forwards stream connections between sockets: TCP, Unix, abstract, passed on, stdio.
//!
//! Data flows one way: a [`Source`] and a [`Destination`] are parsed, [`Plan::new`] judges them with
//! the [`Options`] and changes nothing, [`Plan::listen`] opens the sockets, [`Forwarder::serve`]
//! runs until [`Control::stop`] and tells [`Event`]s on the way.
//!
//! What it promises about the bytes:
//!
//! - A half-close is kept: each direction ends by itself, for as long as the other takes.
//! - A reset is passed on as a reset (TCP), never as a proper end.
//! - What was read before an end is delivered before the end is.
//! - A receiver that does not read holds its sender back; nothing is stored but one read.
//!
//! Not forwarded, because a byte stream has no place for it: passed descriptors and credentials
//! (`SCM_RIGHTS`, `SCM_CREDENTIALS`), out-of-band data, and who the client is.

mod accounts;
mod activation;
mod cidr;
mod dial;
mod endpoint;
mod error;
mod event;
mod exposure;
mod holder;
mod limits;
mod listen;
mod options;
mod pipe;
mod plan;
mod relay;
mod serve;
mod socket_file;
mod stdio;
mod stream;
mod sun_path;
mod sys;
mod transport;
mod workers;

#[cfg(test)]
mod tests;

pub use accounts::{gid, uid};
pub use activation::Activation;
pub use cidr::{Cidr, CidrError};
pub use endpoint::{
    Address, AddressError, AddressProblem, Destination, Family, Host, Source, TcpAddress,
    UnixAddress,
};
pub use error::{Error, Holder, Right, Rule};
pub use event::{Closed, Event, Pause, Peer, Reason, Stats};
pub use exposure::{Exposure, Rights};
pub use limits::raise as raise_descriptor_limit;
pub use options::{Engine, FileRule, Networks, Options, Peers};
pub use plan::{Gravity, Plan};
pub use serve::{Control, Forwarder, OnEvent};
