//! `devkit kubecerts`.

mod corpus;
mod differential;
