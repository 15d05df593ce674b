//! `devkit kubecerts`.

mod apiserver;
mod certificates;
mod corpus;
mod differential;
mod errors;
mod extract;
mod manual;
mod p12;
mod page;
mod reports;
mod tap;
mod tapped;
mod world;
