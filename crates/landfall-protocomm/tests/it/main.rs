//! The crate at its public surface, one module for each topic.

mod handshake;
mod oracle;
mod srp;
mod wire;
