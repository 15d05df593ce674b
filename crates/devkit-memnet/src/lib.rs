//! Connections within one process, for tests and services that should need no port and no path.
//!
//! A [`Listener`] accepts what its [`Dialer`]s connect, as often as one likes, until it is closed.
//! Both ends of a connection are a [`Stream`], which behaves as a Unix stream socket of Linux does,
//! in order, in errors and in ends:
//!
//! - bytes that were delivered are read first; only then an error or the end is seen;
//! - [`Stream::shutdown`] ends one direction, for both ends, and leaves the other open;
//! - a stream that is dropped with nothing left to read ends properly: the peer reads what is left
//!   and then the end of file;
//! - a stream that is dropped with bytes unread resets its peer: `ConnectionReset`, once;
//! - whoever writes to a peer that is gone gets `BrokenPipe`;
//! - a listener that goes resets the connections which nobody has accepted, and refuses further ones.
//!
//! ```
//! use std::net::Shutdown;
//!
//! use devkit_memnet::Listener;
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let listener = Listener::new();
//! let dialer = listener.dialer();
//! let server = tokio::spawn(async move {
//!     let mut stream = listener.accept().await?;
//!     let mut question = Vec::new();
//!     stream.read_to_end(&mut question).await?;
//!     stream.write_all(&question).await
//! });
//! let mut stream = dialer.connect().await?;
//! stream.write_all(b"hello").await?;
//! stream.shutdown(Shutdown::Write)?;
//! let mut answer = String::new();
//! stream.read_to_string(&mut answer).await?;
//! assert_eq!(answer, "hello");
//! server.await??;
//! // The listener went with its task.
//! let refused = dialer.connect().await.unwrap_err();
//! assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
//! # Ok(())
//! # }
//! ```
//!
//! # Where it differs from a socket
//!
//! - Capacity is counted in bytes, exactly; the kernel also counts its own bookkeeping.
//! - The backlog holds as many connections as it says; `listen(2)` of Linux takes one more.
//! - Errors have the kind of the system's errors, but no `raw_os_error`.
//! - There is no address, no credentials of the peer, no passing of descriptors, no `MSG_PEEK`.
//!
//! # Runtimes
//!
//! Nothing here needs a reactor or a timer: streams work in any executor. Inside a tokio runtime,
//! reading, writing, accepting and connecting take part in cooperative scheduling
//! ([`tokio::task::coop`]), so a task whose peer is always ready still yields.

mod connection;
mod listener;
mod queue;
mod stream;
#[cfg(test)]
mod tests;

pub use listener::{Dialer, Listener, ListenerOptions};
pub use stream::Stream;
