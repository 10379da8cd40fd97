//! Bluetooth on a controller of one's own, virtual or on a serial port, without a Bluetooth stack of the operating
//! system's: trouble-host is the stack.
//!
//! A controller does one thing at a time: what is here must not be used twice at once with one.

mod serve;

use core::{fmt::Display, ops::ControlFlow, time::Duration};
use std::{format, vec::Vec};

pub use landfall_trouble::hci::{HciAddress, InvalidHciAddress};
use landfall_trouble::{
    AddrKind, Address as HostAddress, Seed,
    central::{self, Central, Controller},
};

use self::serve::HciStack;
use super::{Address, AddressKind, BleTransport, Discovery, Filter, Found, Report, StackLink, discovery::Search};
use crate::{RadioProblem, TransportError};

/// Listens for `time` with the controller at `hci`, and gives all devices heard. `on_found` sees each as soon as it is
/// heard, and again when it has said more of itself; it may break the scan off.
///
/// # Errors
/// [`TransportError::Radio`] if the controller cannot be reached or does not work.
///
/// # Panics
/// Outside a tokio runtime with I/O and time enabled.
pub async fn discover(
    hci: &HciAddress,
    time: Duration,
    mut on_found: impl FnMut(&Found) -> ControlFlow<()>,
) -> Result<Vec<Found>, TransportError> {
    let controller = open(hci).await?;
    let mut discovery = Discovery::default();
    let seed = seed();
    let scan = central::run(controller, Some(own_address()), &seed, async |central| {
        let hear = |report: &central::Report| match discovery.hear(&as_report(report)) {
            Some(found) => on_found(found),
            None => ControlFlow::Continue(()),
        };
        central.scan(time, hear).await
    });
    match tokio::time::timeout(time + CONTROLLER_TIME, scan).await {
        Ok(Ok(Ok(_))) => Ok(discovery.into_found()),
        Ok(Ok(Err(_)) | Err(_)) => Err(not_working(hci)),
        Err(_) => Err(not_answering(hci)),
    }
}

/// Listens with the controller at `hci` until a device is heard that `filter` wants, or for `time` at most.
///
/// # Errors
/// Those of [`discover`]; a device that is not heard is no error.
///
/// # Panics
/// As [`discover`].
pub async fn find(hci: &HciAddress, filter: &Filter, time: Duration) -> Result<Option<Found>, TransportError> {
    let mut search = Search::new(filter);
    discover(hci, time, |found| search.see(found)).await?;
    Ok(search.into_found())
}

/// Connects to `device`, which was heard before, over the controller at `hci`.
///
/// The host has a thread of its own until the transport is dropped, which then waits for the goodbye (2 s at most).
///
/// # Errors
/// [`TransportError::Unreachable`] if the device is, [`TransportError::Radio`] if the controller cannot be used.
///
/// # Panics
/// As [`discover`].
pub async fn connect(hci: &HciAddress, device: &Found) -> Result<BleTransport<StackLink>, TransportError> {
    let stack = HciStack {
        hci: hci.clone(),
        device: device.clone(),
    };
    Ok(BleTransport::new(StackLink::open(stack).await?))
}

async fn open(hci: &HciAddress) -> Result<impl Controller + use<>, TransportError> {
    let opened = tokio::time::timeout(CONTROLLER_TIME, hci.open()).await;
    match opened {
        Ok(Ok(controller)) => Ok(controller),
        Ok(Err(error)) => Err(no_controller(hci, false, &error)),
        Err(_) => Err(not_answering(hci)),
    }
}

fn not_working(hci: &HciAddress) -> TransportError {
    no_controller(hci, false, &"it does not work as a Bluetooth controller")
}

fn not_answering(hci: &HciAddress) -> TransportError {
    no_controller(hci, true, &"it does not answer")
}

fn no_controller(hci: &HciAddress, is_silent: bool, why: &dyn Display) -> TransportError {
    let why = format!("the controller at {hci}: {why}");
    RadioProblem::Controller { is_silent, why }.into()
}

/// An address for this host, drawn at random, as a controller need not have one of its own.
fn own_address() -> HostAddress {
    let mut bytes = [0; 6];
    getrandom::fill(&mut bytes).expect("the operating system always has a random source");
    // Both highest bits say "static random".
    let [.., highest] = &mut bytes;
    *highest |= 0xc0;
    HostAddress::random(bytes)
}

/// What keys of encrypted links are drawn from.
fn seed() -> Seed {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the operating system always has a random source");
    Seed::new(bytes)
}

fn as_report(report: &central::Report) -> Report<'_> {
    Report {
        address: Address::from_le_bytes(report.address.addr.into_inner()),
        kind: match report.address.kind {
            AddrKind::PUBLIC | AddrKind::RESOLVABLE_PRIVATE_OR_PUBLIC => AddressKind::Public,
            _ => AddressKind::Random,
        },
        rssi: report.rssi,
        data: &report.data,
    }
}

fn host_address(found: &Found) -> HostAddress {
    let kind = match found.kind {
        AddressKind::Public => AddrKind::PUBLIC,
        AddressKind::Random => AddrKind::RANDOM,
    };
    HostAddress {
        kind,
        ..HostAddress::random(found.address.to_le_bytes())
    }
}

/// A controller that works answers in this time.
const CONTROLLER_TIME: Duration = Duration::from_secs(5);
