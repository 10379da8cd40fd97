//! The client: finds out what a device is, opens a session, scans, hands over credentials and waits for the result.
//!
//! Flows are plain async functions over two traits: [`Transport`] carries requests, [`Environment`] gives time and
//! randomness. So the same code runs on tokio, in a browser and in a test with virtual time.
#![no_std]

extern crate alloc;
#[cfg(any(test, feature = "system"))]
extern crate std;

mod connection;
#[cfg(feature = "console")]
pub mod console;
mod environment;
mod error;
#[cfg(feature = "http")]
pub mod http;
mod joining;
mod message;
mod network;
mod provision;
mod scan;
mod secret;
mod session;
#[cfg(test)]
mod tests;
mod transport;
mod version;

pub use connection::Connection;
pub use environment::Environment;
#[cfg(feature = "system")]
pub use environment::SystemEnvironment;
pub use error::Error;
pub use landfall_protocomm as protocomm;
pub use network::Network;
pub use provision::{Joined, Outcome, Progress, Provisioning};
pub use scan::{FoundNetwork, ScanOptions};
pub use secret::Secret;
pub use transport::{Transport, TransportError};
pub use version::{Capabilities, VersionInfo};
