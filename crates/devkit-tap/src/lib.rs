//! What kubectl says to its API server, read as it passes.
//!
//! A [`Tap`] listens on loopback and passes requests on to the server of a context
//! ([`devkit_kubecerts::Connection`]), proving who asks by the context's own [`Credentials`]. What
//! passes is told as [`Event`]s; an [`Exchange`] is shown with [`Exchange::shown`], which takes
//! secrets out, in kubectl's words ([`Asked`]), and kept in a [`HarFile`], which [`page`] makes
//! readable.

mod credential;
mod decode;
mod dial;
mod environment;
mod event;
mod exchange;
mod filter;
mod har;
mod local;
pub mod page;
mod percent;
mod proxy;
mod record;
pub mod redact;
mod server;
#[cfg(test)]
mod tests;
mod tls;
mod words;

pub use credential::{
    ApiVersion, ClientCertificate, CredentialError, Credentials, Current, ExecCluster, ExecConfig,
    FindProgram, Interactive, MakeStdio, Surroundings, Way,
};
pub use decode::{Bodies, Envelope, Frame, Shown, Unzip};
pub use dial::DialError;
pub use event::{Event, OnEvent};
pub use exchange::{Exchange, Recorded, Request, Response, Run, Times};
pub use filter::{Filter, FilterError};
pub use har::{Appended, BodyText, Entry, EntryParts, HarError, HarFile, HarLimits};
pub use proxy::{Setup, Tap, TapError, Unreachable};
pub use redact::Secrets;
pub use server::Server;
pub use tls::{HandshakeProblem, TlsError};
pub use words::{Asked, Class, Patch, Resource, Scope, Subject, Verb};
