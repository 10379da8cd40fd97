//! The client's end: listens for devices, connects to one, and writes and reads its values (spec transports.md 1.3).
//!
//! What BlueZ (5.66 was read and tried) does by itself, and what follows from it:
//!
//! * **Devices stay in its list**, with the names and services that they once had. One counts as heard only if BlueZ
//!   tells its signal strength, or is connected to it. After us a device is taken off the list again
//!   ([`Device::part`]), unless its user has paired with it or trusts it.
//! * **Services are cached** in memory and on disk, and those whose handles are the same are not asked again at the next
//!   connection. Taking the device off the list forgets them ([`Device::forget`]).
//! * **Long values** are written and read in parts as needed, up to 512 bytes. The MTU is BlueZ's affair.
//! * **Errors**: BlueZ tells the codes 0x05, 0x0c and 0x0f as the same error, so [`Error::Att`] says 0x05 for all
//!   three. All other codes come as they are.
//! * **What breaks off is told as success**: when the connection ends, or the device does not answer for 30 s, BlueZ
//!   says that a write succeeded, and that a value is empty. So an empty value counts only if the connection is still
//!   there a moment later, and a write is proved by the read after it.
//! * **Pairing**: BlueZ pairs by itself when a device demands an encrypted link, if there is somebody to ask; so there
//!   is, from [`Device::connect`] on. Where it does not, [`Peer`] has it done.
//! * **Saying goodbye takes 2 s**, as BlueZ waits so long for whoever else uses the device.

mod device;
mod heard;
mod news;
mod pairing;
mod peer;
mod scan;
mod state;

pub use self::{
    device::Device,
    heard::Heard,
    peer::{Characteristic, Peer, Service},
    scan::scan,
};

/// Why something did not work with a device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The device answered with an error of the attribute protocol.
    #[error("the device answered with ATT error {0:#04x}")]
    Att(u8),
    /// Nothing was heard of the device.
    #[error("the device is not heard")]
    NotHeard,
    /// No connection came about, or it ended before it was of use.
    #[error("no connection came about: {0}")]
    NotConnected(String),
    /// The connection is gone.
    #[error("the connection was lost")]
    Disconnected,
    /// The device did not answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// The device demands pairing, and that failed.
    #[error("pairing failed: {0}")]
    Pairing(String),
    /// BlueZ itself does not work, or not as expected.
    #[error(transparent)]
    Bluez(#[from] crate::Error),
}
