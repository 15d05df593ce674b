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

mod error;
mod exposure;
mod input;
mod listen;
mod plan;
mod serve;
mod socket;
mod system;

#[cfg(test)]
mod tests;

pub use error::{Error, Holder, Right, SourceRule};
pub use exposure::{Exposure, Rights};
pub use input::cidr::{Cidr, CidrError};
pub use input::endpoint::{
    Address, AddressError, AddressProblem, Destination, Family, Source, TcpAddress, TcpHost,
    UnixAddress,
};
pub use input::options::{Engine, FileRule, Networks, Options, Peers};
pub use listen::activation::Activation;
pub use plan::{Gravity, Plan};
pub use serve::event::{Closed, Event, Pause, Peer, Reason, Stats};
pub use serve::forwarder::{Control, Forwarder, OnEvent};
pub use system::accounts::{gid, uid};
pub use system::limits::raise as raise_descriptor_limit;
