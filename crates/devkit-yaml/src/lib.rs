//! YAML as the program that will read the file takes it.
//!
//! Three programs read three kinds of files, and no two of them agree on what YAML is: kubectl
//! turns it into JSON by go-yaml 2, Compose reads it by go-yaml 4, GitHub's runner by rules of its
//! own. A [`Dialect`] is one of them. What comes out has the value, how it was written, its tag and
//! its place.
//!
//! A decoder into Rust types hides all that a judgement needs: whether a scalar was quoted, which
//! tag it had, that a key was there twice. So this crate works on a parser's events: bytes become
//! text (`source`), text becomes events (`events`), events a tree (`tree`), and the tree the values
//! that a program makes of it (`resolve`, `scalar`). No error and no `Debug` tells a value of the
//! file, for it may be a key.

mod breaks;
mod dialect;
mod error;
mod events;
mod json;
mod mend;
mod node;
mod number;
mod resolve;
mod scalar;
mod source;
mod stream;
mod strict;
mod time;
mod tree;
mod work;

#[cfg(test)]
mod tests;

pub use dialect::Dialect;
pub use error::YamlError;
pub use node::{DuplicateKey, KeyValue, Mapping, Mark, Node, Notation, Value};
pub use number::Numeric;
pub use stream::{FirstDocument, YamlDocument, documents, first_document};
