//! `devkit kubecerts`.

mod apiserver;
mod corpus;
mod differential;
mod errors;
mod extract;
mod manual;
mod p12;
mod page;
mod tap;
mod tapped;
mod world;
