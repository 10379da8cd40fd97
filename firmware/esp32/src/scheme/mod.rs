//! The ways in which clients reach the device: one is built.

#[cfg(feature = "ble")]
mod ble;
#[cfg(feature = "console")]
mod console;
#[cfg(feature = "softap")]
mod softap;

#[cfg(feature = "ble")]
pub(crate) use ble::{TRANSPORT, provision};
#[cfg(feature = "console")]
pub(crate) use console::{TRANSPORT, provision};
#[cfg(feature = "softap")]
pub(crate) use softap::{TRANSPORT, provision};
