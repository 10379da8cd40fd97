//! The provisioning manager: what a device does between "nobody told me a network" and "I am on it", as a state
//! machine without I/O, clock or allocator.
//!
//! # Contract
//! Inputs go in ([`Manager::handle_request`], [`Manager::handle_wifi`], [`Manager::handle_timeout`], sessions opening
//! and closing, commands such as [`Manager::stop`]). After **every** input call [`Manager::poll`] until it gives
//! [`Output::WakeAt`]; then wait for the next input, or for that moment and call [`Manager::handle_timeout`].
//!
//! What the manager wants done comes out as [`Output`]s. It never waits, and it believes only what comes in.
#![no_std]

#[cfg(test)]
extern crate std;

mod checksum;
mod config;
mod event;
pub mod factory;
mod manager;
mod name;
mod network;
mod payload;
mod phase;
mod scan;
mod state;
mod text;
mod version;

pub use checksum::crc32;
pub use config::{AppInfo, AttemptLimit, AutoStop, Config, Generation, InvalidConfig};
pub use event::{Command, Event, FailReason, Output};
pub use manager::{Handled, Manager, Refused, RequestError};
pub use name::ServiceName;
pub use network::{AccessPoint, Bssid, Credentials, InvalidCredentials, Passphrase, Ssid, Station};
pub use payload::{Payload, PayloadSecret, PayloadTransport};
pub use scan::{ScanChannels, ScanPlan};
pub use state::{DisconnectReason, State, WifiEvent};
