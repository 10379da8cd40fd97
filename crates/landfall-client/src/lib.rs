//! The client: finds out what a device is, opens a session, scans, hands over credentials and waits for the result.
//!
//! Flows are plain async functions over two traits: [`Transport`] carries requests, [`Environment`] gives time and
//! randomness. So the same code runs on tokio, in a browser and in a test with virtual time.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `http` (default) | [the HTTP transport](http) |
//! | `console` | [the console transport](console): a serial port, or any stream of bytes |
//! | `bluez` | [Bluetooth of the operating system](ble::radio) on Linux, over D-Bus; elsewhere it adds nothing |
//! | `btleplug` | the same on macOS and Windows, by way of btleplug; it was tried on neither. On Linux it needs libdbus (Debian: libdbus-1-dev), and is used where `bluez` is off |
//! | `hci` | [Bluetooth on a controller of one's own](ble::hci), on trouble-host |
//! | `system` | [`SystemEnvironment`]: clock, timers and random source of the operating system, on tokio; the others turn it on |
#![no_std]

extern crate alloc;
#[cfg(any(test, feature = "system"))]
extern crate std;

pub mod ble;
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
pub use transport::{RadioProblem, Transport, TransportError};
pub use version::{Capabilities, VersionInfo};
