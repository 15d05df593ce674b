//! Kubeconfig files as kubectl reads them, and the certificates in them.
//!
//! Input → model → plan → apply → report: [`Kubeconfig::load`] reads the files that count,
//! [`Kubeconfig::select`] finds what a context stands for, [`Selected::material`] reads the bytes
//! it refers to, [`Report::new`] looks at them, [`plan::files`] says which files they become and
//! [`plan::apply`] writes those, all or none.
//!
//! Rules: client-go's `tools/clientcmd`, go-yaml 2.4 and Go's `encoding/{json,base64,pem}`. No
//! command that a kubeconfig names is ever run, and no byte of a key is in any message.

mod address;
mod auth;
mod base64;
mod config;
mod error;
pub mod git;
mod inspect;
mod p12;
mod pki;
pub mod plan;
mod report;
mod secret;
#[cfg(test)]
mod tests;
mod warning;

pub use auth::Auth;
pub use base64::Base64Error;
pub use config::connection::{Command, Connection};
pub use config::files::{FileBytes, Kubeconfig, Read, Sources};
pub use config::kubeconfig::{Exec, Impersonation};
pub use config::material::{Item, Material};
pub use config::select::{Choice, Selected};
pub use error::{Error, Kind, Named, NoCertificate};
pub use inspect::{Clock, Inspection, inspect};
pub use p12::{Profile, pack};
pub use pki::x509::{Certificate, Role, spaced, validity};
pub use report::{Part, Report};
pub use secret::{Secret, safe_path, safe_place, told, told_path};
pub use warning::{Code, no_client_certificate, of_error};
