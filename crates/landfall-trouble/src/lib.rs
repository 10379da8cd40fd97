//! Unified provisioning over Bluetooth Low Energy on [trouble-host](trouble_host), for chips and for controllers that
//! an operating system reaches over HCI.
//!
//! * [`peripheral`]: the device's end: advertising and the GATT service.
//! * `central` (feature `central`): the client's end.
//! * `hci` (feature `std`): controllers over TCP and on serial ports.
#![no_std]

#[cfg(any(test, feature = "std"))]
extern crate std;

#[cfg(feature = "central")]
pub mod central;
mod filter;
#[cfg(feature = "std")]
pub mod hci;
pub mod peripheral;
mod seed;
mod waking;
mod watch;

pub use self::seed::Seed;
pub use trouble_host::{Address, prelude::AddrKind};
