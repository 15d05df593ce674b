//! Kubeconfigs as kubectl loads them: files, contexts, and what a context says of its connection.

pub(crate) mod connection;
pub(crate) mod files;
pub(crate) mod kubeconfig;
pub(crate) mod material;
pub(crate) mod select;
