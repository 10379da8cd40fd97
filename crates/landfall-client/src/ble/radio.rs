//! Bluetooth by whichever way there is: the operating system's, or a controller of one's own.
//!
//! What "the system's" is depends on where and with which features this is built: BlueZ on Linux (`bluez`), otherwise
//! what btleplug finds (`btleplug`: macOS, Windows).

use core::{ops::ControlFlow, time::Duration};
use std::{string::String, vec::Vec};

#[cfg(not(any(all(feature = "bluez", target_os = "linux"), feature = "btleplug")))]
use self::absent as system;
#[cfg(all(feature = "bluez", target_os = "linux"))]
use super::bluez as system;
#[cfg(all(feature = "btleplug", not(all(feature = "bluez", target_os = "linux"))))]
use super::btle as system;
#[cfg(feature = "hci")]
use super::hci::{self, HciAddress};
/// A connection over any [`Radio`].
pub use super::stack::StackLink as AnyLink;
use super::{BleTransport, Filter, Found};
use crate::TransportError;

/// What listens and speaks for this computer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Radio {
    /// A controller of one's own.
    #[cfg(feature = "hci")]
    Hci(HciAddress),
    /// The operating system's Bluetooth.
    System {
        /// The adapter's name (`hci0`) or address; without it, one that is on.
        adapter: Option<String>,
    },
}

/// Finds out whether the operating system's Bluetooth is there and may be used; it may be off. A controller of one's
/// own is not asked.
///
/// # Errors
/// [`TransportError::Radio`].
///
/// # Panics
/// As [`discover`].
pub async fn check(radio: &Radio) -> Result<(), TransportError> {
    match radio {
        #[cfg(feature = "hci")]
        Radio::Hci(_) => Ok(()),
        Radio::System { adapter } => system::check(adapter.as_deref()).await,
    }
}

/// Listens for `time`, and gives all devices heard. `on_found` sees each as soon as it is heard, and again when it has
/// said more of itself; it may break the scan off.
///
/// # Errors
/// [`TransportError::Radio`] if the system's Bluetooth or the controller of one's own cannot be used.
///
/// # Panics
/// Outside a tokio runtime with I/O and time enabled.
pub async fn discover(
    radio: &Radio,
    time: Duration,
    on_found: impl FnMut(&Found) -> ControlFlow<()>,
) -> Result<Vec<Found>, TransportError> {
    match radio {
        #[cfg(feature = "hci")]
        Radio::Hci(address) => hci::discover(address, time, on_found).await,
        Radio::System { adapter } => system::discover(adapter.as_deref(), time, on_found).await,
    }
}

/// Listens until a device is heard that `filter` wants, or for `time` at most.
///
/// # Errors
/// Those of [`discover`]; a device that is not heard is no error.
///
/// # Panics
/// As [`discover`].
pub async fn find(radio: &Radio, filter: &Filter, time: Duration) -> Result<Option<Found>, TransportError> {
    match radio {
        #[cfg(feature = "hci")]
        Radio::Hci(address) => hci::find(address, filter, time).await,
        Radio::System { adapter } => system::find(adapter.as_deref(), filter, time).await,
    }
}

/// Connects to `device`, which was heard before.
///
/// When the transport is dropped it says goodbye to the device, for which it takes its time (5 s at most).
///
/// # Errors
/// [`TransportError::Unreachable`] if the device is; [`TransportError::Radio`] if the system's Bluetooth or the
/// controller of one's own cannot be used.
///
/// # Panics
/// As [`discover`].
pub async fn connect(radio: &Radio, device: &Found) -> Result<BleTransport<AnyLink>, TransportError> {
    match radio {
        #[cfg(feature = "hci")]
        Radio::Hci(address) => hci::connect(address, device).await,
        Radio::System { adapter } => system::connect(adapter.as_deref(), device).await,
    }
}

/// Where neither BlueZ nor btleplug is built in.
#[cfg(not(any(all(feature = "bluez", target_os = "linux"), feature = "btleplug")))]
mod absent {
    use super::*;
    use crate::RadioProblem;

    pub(super) async fn check(_adapter: Option<&str>) -> Result<(), TransportError> {
        Err(not_built_in())
    }

    pub(super) async fn discover(
        _adapter: Option<&str>,
        _time: Duration,
        _on_found: impl FnMut(&Found) -> ControlFlow<()>,
    ) -> Result<Vec<Found>, TransportError> {
        Err(not_built_in())
    }

    pub(super) async fn find(
        _adapter: Option<&str>,
        _filter: &Filter,
        _time: Duration,
    ) -> Result<Option<Found>, TransportError> {
        Err(not_built_in())
    }

    pub(super) async fn connect(
        _adapter: Option<&str>,
        _device: &Found,
    ) -> Result<BleTransport<AnyLink>, TransportError> {
        Err(not_built_in())
    }

    fn not_built_in() -> TransportError {
        RadioProblem::Failed("the program was built without the operating system's".into()).into()
    }
}
