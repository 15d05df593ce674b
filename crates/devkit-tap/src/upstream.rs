//! The way to the API server: its address, the proxy before it, TLS, and the proof of who asks.

pub(crate) mod credential;
pub(crate) mod dial;
mod environment;
pub(crate) mod server;
pub(crate) mod tls;
