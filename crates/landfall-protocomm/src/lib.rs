//! Espressif's *protocomm*, both ends: the messages of unified provisioning, its security schemes 0, 1 and 2,
//! and the sessions that carry them.
//!
//! The crate has no allocator, no clock, no random source and no I/O. Bytes, time ([`Instant`]) and randomness
//! ([`Random`]) are arguments; replies are written into the caller's buffer.
//!
//! * [`wire`]: what travels, as types: decode borrows from the input, encode writes into a slice.
//! * [`device`]: the device's side of a session.
//! * [`client`]: the client's side of a session.
//! * [`srp`]: SRP-6a as this protocol pads it, salts and verifiers.
//! * [`Crypto`]: what a chip's accelerators can do for a device; [`Software`] does it everywhere else.
//! * [`console`]: requests typed as lines, and what comes back.
//! * [`Endpoint`]: the names requests are sent to; [`gatt`]: where they are over Bluetooth Low Energy.
#![no_std]

#[cfg(test)]
extern crate std;

mod cipher;
pub mod client;
pub mod console;
mod crypto;
pub mod device;
mod endpoint;
mod field;
pub mod gatt;
mod random;
mod session;
pub mod srp;
mod time;
pub mod wire;

pub use crypto::{Base, Crypto, CryptoFailed, SelfTestFailed, Software, self_test};
pub use endpoint::{Endpoint, InvalidEndpoint};
pub use random::Random;
pub use session::{NonceRule, SessionId};
pub use time::Instant;
