//! The crate from outside, on the host: a device and its client in one task, as on a chip, among networks that are
//! played.

mod bad_input;
#[cfg(feature = "ble")]
mod ble;
#[cfg(feature = "console")]
mod console;
mod executor;
#[cfg(feature = "flash")]
mod factory;
#[cfg(feature = "flash")]
mod flash;
mod harness;
mod page;
mod provisioning;
#[cfg(feature = "qr")]
mod qr;
mod sizes;
#[cfg(feature = "softap")]
mod softap;
mod station;
mod wire;
mod world;
