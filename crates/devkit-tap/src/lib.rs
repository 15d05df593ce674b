//! What kubectl says to its API server, read as it passes.
//!
//! A [`Tap`] listens on loopback and passes requests on to the server of a context
//! ([`devkit_kubecerts::Connection`]), proving who asks by the context's own [`Credentials`]. What
//! passes is told as [`TapEvent`]s; an [`Exchange`] is shown with [`Exchange::shown`], which takes
//! secrets out, in kubectl's words ([`RequestInfo`]), and kept in a [`HarFile`], which [`page`] makes
//! readable.

mod har;
mod local;
pub mod page;
mod percent;
mod proxy;
mod reading;
#[cfg(test)]
mod tests;
mod traffic;
mod upstream;

pub use har::{Appended, BodyText, EntryParts, HarEntry, HarError, HarFile, HarLimits};
pub use proxy::{Setup, Tap, TapError, Unreachable};
pub use reading::decode::{Bodies, Envelope, Frame, Shown, Unzip};
pub use reading::filter::{Filter, FilterError};
pub use reading::redact::{self, Secrets};
pub use reading::words::{Patch, RequestInfo, Resource, Scope, Subject, SubjectClass, Verb};
pub use traffic::event::{OnTapEvent, TapEvent};
pub use traffic::exchange::{
    Exchange, KubectlRun, Recorded, RecordedRequest, RecordedResponse, Times,
};
pub use upstream::credential::{
    ApiVersion, AuthMethod, ClientCertificate, CredentialError, Credentials, Current, ExecCluster,
    ExecConfig, FindProgram, Interactive, MakeStdio, PluginSurroundings,
};
pub use upstream::dial::DialError;
pub use upstream::server::Server;
pub use upstream::tls::{HandshakeProblem, TlsError};
