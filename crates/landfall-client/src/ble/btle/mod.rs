//! The operating system's Bluetooth by way of btleplug: macOS and Windows, and Linux where BlueZ's own feature is off.
//!
//! This was compiled and its translations were tested, on Linux. It was not run on macOS or Windows.
//!
//! macOS hides the addresses of devices. What stands for an address is then made from the identifier that it gives
//! instead, which is the same for the same device on the same computer, and nowhere else.

mod serve;

use core::{future::Future, ops::ControlFlow, time::Duration};
use std::{string::ToString, vec::Vec};

use btleplug::{
    Error,
    api::{
        AddressType, BDAddr, Central as _, CentralEvent, CentralState, Manager as _, Peripheral as _,
        PeripheralProperties, ScanFilter,
    },
    platform::{Adapter, Manager, Peripheral, PeripheralId},
};
use futures_util::StreamExt as _;
use landfall_protocomm::gatt::Uuid;
use tokio::{
    runtime::Handle,
    time::{Instant, timeout, timeout_at},
};

use self::serve::BtleStack;
use super::{
    Address, AddressKind, BleTransport, Discovery, Filter, Found, StackLink,
    discovery::{RSSI_UNKNOWN, Search},
    stack::provisioning_service,
};
use crate::{RadioProblem, TransportError};

/// Finds out whether Bluetooth and the adapter called `adapter` (any without a name) are there and may be used. The
/// adapter may be off.
///
/// # Errors
/// [`TransportError::Radio`].
///
/// # Panics
/// Outside a tokio runtime with I/O and time enabled.
pub async fn check(adapter: Option<&str>) -> Result<(), TransportError> {
    open(adapter).await.map(|_| ())
}

/// Listens for `time` with the adapter called `adapter`, and gives all devices heard. `on_found` sees each as soon as it
/// is heard, and again when it has said more of itself; it may break the scan off.
///
/// # Errors
/// [`TransportError::Radio`] if Bluetooth cannot be used.
///
/// # Panics
/// As [`check`].
pub async fn discover(
    adapter: Option<&str>,
    time: Duration,
    mut on_found: impl FnMut(&Found) -> ControlFlow<()>,
) -> Result<Vec<Found>, TransportError> {
    let mut discovery = Discovery::default();
    let adapter = open(adapter).await?;
    scan(&adapter, time, |_, found| match discovery.be_told(found) {
        Some(found) => on_found(found),
        None => ControlFlow::Continue(()),
    })
    .await?;
    Ok(discovery.into_found())
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
/// The connection has a thread of its own until the transport is dropped, which then waits for the goodbye.
///
/// # Errors
/// [`TransportError::Unreachable`] if the device is, [`TransportError::Radio`] if Bluetooth cannot be used.
///
/// # Panics
/// As [`check`].
pub async fn connect(adapter: Option<&str>, device: &Found) -> Result<BleTransport<StackLink>, TransportError> {
    let stack = BtleStack {
        adapter: adapter.map(ToString::to_string),
        device: device.clone(),
    };
    Ok(BleTransport::new(StackLink::open(stack).await?))
}

/// For what the operating system answers by itself.
const SYSTEM_TIME: Duration = Duration::from_secs(5);

/// The adapter whose description or address has `wanted` in it, or the first.
async fn open(wanted: Option<&str>) -> Result<Adapter, TransportError> {
    let adapters = in_time(SYSTEM_TIME, async { Manager::new().await?.adapters().await }).await?;
    let mut known = Vec::new();
    for adapter in adapters {
        let name = in_time(SYSTEM_TIME, adapter.adapter_info()).await?;
        let address = in_time(SYSTEM_TIME, adapter.adapter_address()).await?;
        let address = address.map(|address| address.to_string()).unwrap_or_default();
        let is_wanted = |wanted: &str| name.contains(wanted) || address.eq_ignore_ascii_case(wanted);
        if wanted.is_none_or(is_wanted) {
            return Ok(adapter);
        }
        known.push(name);
    }
    Err(match wanted.filter(|_| !known.is_empty()) {
        Some(wanted) => RadioProblem::NoSuchAdapter {
            wanted: wanted.to_string(),
            known,
        },
        None => RadioProblem::NoAdapter,
    }
    .into())
}

/// Listens for `time`; `on_heard` may break it off.
async fn scan(
    adapter: &Adapter,
    time: Duration,
    mut on_heard: impl FnMut(Peripheral, Found) -> ControlFlow<()>,
) -> Result<(), TransportError> {
    if in_time(SYSTEM_TIME, adapter.adapter_state()).await? == CentralState::PoweredOff {
        return Err(RadioProblem::Off.into());
    }
    let mut events = in_time(SYSTEM_TIME, adapter.events()).await?;
    let running = Scan {
        adapter: Some(adapter.clone()),
    };
    in_time(SYSTEM_TIME, adapter.start_scan(ScanFilter::default())).await?;
    let end = Instant::now() + time;
    while let Ok(Some(event)) = timeout_at(end, events.next()).await {
        let Some(id) = subject(&event) else {
            continue;
        };
        // A device may be gone again.
        let Ok(peripheral) = adapter.peripheral(id).await else {
            continue;
        };
        let Ok(Some(properties)) = peripheral.properties().await else {
            continue;
        };
        let found = as_found(&id.to_string(), &properties);
        // One without a signal is only remembered.
        if properties.rssi.is_some() && on_heard(peripheral, found).is_break() {
            break;
        }
    }
    running.stop().await;
    Ok(())
}

/// A scan, which ends with this in whatever way.
struct Scan {
    adapter: Option<Adapter>,
}

impl Scan {
    async fn stop(mut self) {
        if let Some(adapter) = self.adapter.take() {
            // It fails only if there is none any more.
            _ = timeout(SYSTEM_TIME, adapter.stop_scan()).await;
        }
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        if let (Some(adapter), Ok(runtime)) = (self.adapter.take(), Handle::try_current()) {
            runtime.spawn(async move { adapter.stop_scan().await });
        }
    }
}

/// The device that an event tells of.
const fn subject(event: &CentralEvent) -> Option<&PeripheralId> {
    match event {
        CentralEvent::DeviceDiscovered(id)
        | CentralEvent::DeviceUpdated(id)
        | CentralEvent::ManufacturerDataAdvertisement { id, .. }
        | CentralEvent::ServicesAdvertisement { id, .. }
        | CentralEvent::RssiUpdate { id, .. } => Some(id),
        _ => None,
    }
}

fn as_found(id: &str, properties: &PeripheralProperties) -> Found {
    let services: Vec<_> = properties
        .services
        .iter()
        .map(|uuid| Uuid::from_u128(uuid.as_u128()))
        .collect();
    let company = properties.manufacturer_data.iter().min_by_key(|(company, _)| **company);
    Found {
        name: properties
            .advertisement_name
            .clone()
            .or_else(|| properties.local_name.clone()),
        address: address(id, properties.address),
        kind: match properties.address_type {
            Some(AddressType::Public) => AddressKind::Public,
            _ => AddressKind::Random,
        },
        rssi: properties
            .rssi
            .and_then(|rssi| i8::try_from(rssi).ok())
            .unwrap_or(RSSI_UNKNOWN),
        service: provisioning_service(&services),
        manufacturer_data: company.map(|(company, data)| [&company.to_le_bytes()[..], data].concat()),
    }
}

/// The device's address, or what stands for it where the system hides it (FNV-1a of the identifier).
fn address(id: &str, told: BDAddr) -> Address {
    if told != BDAddr::default() {
        return Address(told.into_inner());
    }
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let [a, b, c, d, e, f, ..] = hash.to_be_bytes();
    Address([a, b, c, d, e, f])
}

/// Waits for the operating system's answer.
async fn in_time<T>(time: Duration, answer: impl Future<Output = Result<T, Error>>) -> Result<T, TransportError> {
    match timeout(time, answer).await {
        Ok(answer) => answer.map_err(problem),
        Err(_) => Err(RadioProblem::Failed("it does not answer".to_string()).into()),
    }
}

/// What an error means for whoever wants to use Bluetooth.
fn problem(error: Error) -> TransportError {
    let problem = match error {
        Error::PermissionDenied => RadioProblem::NotPermitted,
        Error::NoAdapterAvailable => RadioProblem::NoAdapter,
        other => RadioProblem::Failed(other.to_string()),
    };
    problem.into()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn heard() -> PeripheralProperties {
        PeripheralProperties {
            address: BDAddr::from([0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0x05]),
            address_type: Some(AddressType::Public),
            local_name: Some("remembered".to_string()),
            advertisement_name: Some("PROV_AB12".to_string()),
            rssi: Some(-60),
            manufacturer_data: HashMap::from([(0x02e5, [7].to_vec())]),
            ..PeripheralProperties::default()
        }
    }

    #[test]
    fn a_device_is_what_it_says_now() {
        let found = as_found("hci0/dev_F0_F1_F2_F3_F4_05", &heard());
        assert_eq!(found.name.as_deref(), Some("PROV_AB12"));
        assert_eq!(found.address.to_string(), "F0:F1:F2:F3:F4:05");
        assert_eq!((found.kind, found.rssi), (AddressKind::Public, -60));
        assert_eq!(found.manufacturer_data.as_deref(), Some(&[0xe5, 0x02, 7][..]));
    }

    #[test]
    fn devices_without_addresses_are_told_apart_and_known_again() {
        let hidden = PeripheralProperties {
            address: BDAddr::default(),
            ..heard()
        };
        let [one, other] = [
            "6BA7B810-9DAD-11D1-80B4-00C04FD430C8",
            "6BA7B811-9DAD-11D1-80B4-00C04FD430C8",
        ];
        assert_eq!(as_found(one, &hidden), as_found(one, &hidden));
        assert_ne!(as_found(one, &hidden).address, as_found(other, &hidden).address);
    }

    #[test]
    fn a_signal_that_no_radio_has_is_unknown() {
        for rssi in [None, Some(-300)] {
            let heard = PeripheralProperties { rssi, ..heard() };
            assert_eq!(as_found("", &heard).rssi, RSSI_UNKNOWN);
        }
    }

    #[test]
    fn problems_are_told_apart() {
        let radio = TransportError::Radio;
        assert_eq!(problem(Error::PermissionDenied), radio(RadioProblem::NotPermitted));
        assert_eq!(problem(Error::NoAdapterAvailable), radio(RadioProblem::NoAdapter));
        let other = Error::RuntimeError("of its own".to_string());
        assert!(matches!(problem(other), TransportError::Radio(RadioProblem::Failed(_))));
    }
}
