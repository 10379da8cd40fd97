//! The operating system's Bluetooth on Linux: BlueZ, over D-Bus.
//!
//! What BlueZ does in its own way is told in [`landfall_bluez::central`].

mod serve;

use core::{ops::ControlFlow, time::Duration};
use std::{
    string::{String, ToString},
    vec::Vec,
};

use landfall_bluez::{
    Adapter, Bluez, Error,
    central::{Heard, scan},
};

use self::serve::BluezStack;
use super::{
    Address, AddressKind, BleTransport, Discovery, Filter, Found, StackLink,
    discovery::{RSSI_UNKNOWN, Search},
    stack::provisioning_service,
};
use crate::{RadioProblem, TransportError};

/// Finds out whether BlueZ and the adapter called `adapter` (`hci0`, or its address; any without a name) are there and
/// may be used. The adapter may be off.
///
/// # Errors
/// [`TransportError::Radio`].
///
/// # Panics
/// Outside a tokio runtime with I/O and time enabled.
pub async fn check(adapter: Option<&str>) -> Result<(), TransportError> {
    let place = Place::system(adapter);
    place.adapter().await.map(|_| ()).map_err(problem)
}

/// Listens for `time` with the adapter called `adapter`, and gives all devices heard. `on_found` sees each as soon as it
/// is heard, and again when it has said more of itself; it may break the scan off.
///
/// # Errors
/// [`TransportError::Radio`] if Bluetooth cannot be used, or not any more.
///
/// # Panics
/// As [`check`].
pub async fn discover(
    adapter: Option<&str>,
    time: Duration,
    on_found: impl FnMut(&Found) -> ControlFlow<()>,
) -> Result<Vec<Found>, TransportError> {
    Place::system(adapter).discover(time, on_found).await
}

/// Listens with the adapter called `adapter` until a device is heard that `filter` wants, or for `time` at most.
///
/// # Errors
/// Those of [`discover`]; a device that is not heard is no error.
///
/// # Panics
/// As [`check`].
pub async fn find(adapter: Option<&str>, filter: &Filter, time: Duration) -> Result<Option<Found>, TransportError> {
    let mut search = Search::new(filter);
    discover(adapter, time, |found| search.see(found)).await?;
    Ok(search.into_found())
}

/// Connects to `device`, which was heard before, with the adapter called `adapter`.
///
/// The connection has a thread of its own until the transport is dropped, which then waits for the goodbye: BlueZ takes
/// 2 s for it.
///
/// # Errors
/// [`TransportError::Unreachable`] if the device is, [`TransportError::Radio`] if Bluetooth cannot be used.
///
/// # Panics
/// As [`check`].
pub async fn connect(adapter: Option<&str>, device: &Found) -> Result<BleTransport<StackLink>, TransportError> {
    Place::system(adapter).connect(device).await
}

/// Where BlueZ and its adapter are found.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The address of the bus; without it, the system's.
    pub(super) bus: Option<String>,
    /// The adapter's name or address; without it, one that is on.
    pub(super) adapter: Option<String>,
}

impl Place {
    fn system(adapter: Option<&str>) -> Self {
        Self {
            bus: None,
            adapter: adapter.map(ToString::to_string),
        }
    }

    /// The adapter, over a connection to the bus of its own.
    async fn adapter(&self) -> Result<Adapter, Error> {
        let bluez = match &self.bus {
            Some(address) => Bluez::at(address).await?,
            None => Bluez::system().await?,
        };
        bluez.adapter(self.adapter.as_deref()).await
    }

    pub(super) async fn discover(
        &self,
        time: Duration,
        mut on_found: impl FnMut(&Found) -> ControlFlow<()>,
    ) -> Result<Vec<Found>, TransportError> {
        let mut discovery = Discovery::default();
        // BlueZ ends the scan with this connection to the bus, should nobody wait for it any more.
        let adapter = self.adapter().await.map_err(problem)?;
        let hear = |heard: &Heard| match discovery.be_told(as_found(heard)) {
            Some(found) => on_found(found),
            None => ControlFlow::Continue(()),
        };
        scan(&adapter, time, hear).await.map_err(problem)?;
        Ok(discovery.into_found())
    }

    pub(super) async fn connect(self, device: &Found) -> Result<BleTransport<StackLink>, TransportError> {
        let stack = BluezStack {
            place: self,
            device: device.clone(),
        };
        Ok(BleTransport::new(StackLink::open(stack).await?))
    }
}

fn as_found(heard: &Heard) -> Found {
    Found {
        name: heard.name.clone(),
        address: Address(heard.address),
        kind: match heard.is_random {
            true => AddressKind::Random,
            false => AddressKind::Public,
        },
        rssi: heard
            .rssi
            .map_or(RSSI_UNKNOWN, |rssi| i8::try_from(rssi).unwrap_or(RSSI_UNKNOWN)),
        service: provisioning_service(&heard.services),
        manufacturer_data: heard.manufacturer_data.clone(),
    }
}

/// What an error of BlueZ's means for whoever wants to use Bluetooth.
fn problem(error: Error) -> TransportError {
    let problem = match error {
        Error::NotRunning | Error::NoBus(_) => RadioProblem::NoService,
        Error::NotPermitted => RadioProblem::NotPermitted,
        Error::NoAdapter => RadioProblem::NoAdapter,
        Error::NoSuchAdapter { wanted, known } => RadioProblem::NoSuchAdapter { wanted, known },
        Error::Off { .. } => RadioProblem::Off,
        Error::Refused { name, .. } if name == "org.bluez.Error.NotReady" => RadioProblem::Off,
        Error::Blocked => RadioProblem::Blocked,
        other => RadioProblem::Failed(other.to_string()),
    };
    problem.into()
}
