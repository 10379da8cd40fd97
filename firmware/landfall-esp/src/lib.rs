//! Espressif's chips behind the traits of `landfall-embassy`: what is the chip's, and nothing of the protocol.
//!
//! * [`Wifi`]: the station, as a [`Drive`](landfall_embassy::Drive), with an IP stack whose address comes by DHCP.
//! * [`AccessPoint` (feature `softap`): the chip's own network, beside the station.
//! * `ble` (feature): the Bluetooth controller, for as long as it is needed.
//! * [`Partition`]: a piece of flash, as an [`embedded_storage_async`] NOR flash.
//! * [`Entropy`]: true randomness, which exists as long as the radio is on.
//! * `crypto` (feature `accelerated`, ESP32-C3): the chip's cryptographic peripherals.
//! * [`service_name`]: `PROV_` and the chip's address.
//!
//! One of the features `esp32c2`, `esp32c3` and `esp32c6` names the chip.
//!
//! **Nothing here ran on a chip yet**: it is compiled and linked, and read against the drivers' sources.

#![no_std]

extern crate alloc;

#[cfg(not(any(feature = "esp32c2", feature = "esp32c3", feature = "esp32c6")))]
compile_error!("name the chip: one of the features esp32c2, esp32c3 and esp32c6");

#[cfg(feature = "softap")]
mod access_point;
#[cfg(feature = "ble")]
pub mod ble;
#[cfg(all(feature = "accelerated", feature = "esp32c3"))]
pub mod crypto;
mod entropy;
mod flash;
mod name;
mod wifi;

#[cfg(feature = "softap")]
pub use access_point::{AccessPoint, AccessPointError};
pub use entropy::Entropy;
pub use flash::{Partition, PartitionError};
pub use name::{address, service_name};
pub use wifi::{Wifi, WifiSetupError};
