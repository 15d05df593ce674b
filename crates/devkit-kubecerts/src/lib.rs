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
mod connection;
mod error;
mod files;
pub mod git;
mod inspect;
mod key;
mod kubeconfig;
mod material;
mod p12;
mod pem;
pub mod plan;
mod report;
mod secret;
mod select;
#[cfg(test)]
mod tests;
mod warning;
mod x509;

pub use auth::Auth;
pub use base64::Base64Error;
pub use connection::{Command, Connection};
pub use error::{Error, Kind, Named, NoCertificate};
pub use files::{FileBytes, Kubeconfig, Read, Sources};
pub use inspect::{Clock, Inspection, inspect};
pub use kubeconfig::{Exec, Impersonation};
pub use material::{Item, Material};
pub use p12::{Profile, pack};
pub use report::{Part, Report};
pub use secret::{Secret, safe_path, safe_place, told, told_path};
pub use select::{Choice, Selected};
pub use warning::{Code, no_client_certificate, of_error};
pub use x509::{Certificate, Role, spaced, validity};
