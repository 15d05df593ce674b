//! `go.mod` files as devkit reads them, and as the real Go does.

mod gomod;
