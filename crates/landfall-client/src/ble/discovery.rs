use alloc::{
    string::{String, ToString},
    vec::Vec,
};

#[cfg(any(feature = "hci", feature = "bluez", feature = "btleplug"))]
use core::ops::ControlFlow;

use landfall_protocomm::gatt::{ServiceUuid, Uuid};

use super::{Address, AddressKind};

/// A device that was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name, as it says; bytes that are no text are replaced.
    pub name: Option<String>,
    /// Its address.
    pub address: Address,
    /// The kind of its address.
    pub kind: AddressKind,
    /// Signal strength when it was heard last, dBm; 127 if the controller does not know.
    pub rssi: i8,
    /// The service that it offers, if it says one that may be a provisioning service: one with a UUID of its own.
    pub service: Option<ServiceUuid>,
    /// What its maker adds, company number first.
    pub manufacturer_data: Option<Vec<u8>>,
}

/// An advertisement or a scan response, as a Bluetooth stack reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report<'a> {
    /// Who sent it.
    pub address: Address,
    /// The kind of its address.
    pub kind: AddressKind,
    /// Signal strength, dBm.
    pub rssi: i8,
    /// The advertising data.
    pub data: &'a [u8],
}

/// Devices heard during a scan, in the order in which they were first heard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovery {
    found: Vec<Found>,
}

impl Discovery {
    /// Takes a report. Gives the device if it is new, or has said something new about itself: a name comes in the scan
    /// response only (spec transports.md 1.4).
    pub fn hear(&mut self, report: &Report<'_>) -> Option<&Found> {
        self.learn(report.address, report.kind, |found| found.take_in(report))
    }

    /// Takes what the operating system tells of a device; otherwise as [`Discovery::hear`].
    #[cfg(any(feature = "bluez", feature = "btleplug"))]
    pub(super) fn be_told(&mut self, told: Found) -> Option<&Found> {
        self.learn(told.address, told.kind, |found| {
            found.rssi = told.rssi;
            found.name = told.name.or_else(|| found.name.take());
            found.service = told.service.or(found.service);
            found.manufacturer_data = told.manufacturer_data.or_else(|| found.manufacturer_data.take());
        })
    }

    /// Has a device, which may be new, take in what was learned. Gives it if it is new, or other than before.
    fn learn(&mut self, address: Address, kind: AddressKind, take_in: impl FnOnce(&mut Found)) -> Option<&Found> {
        let same = |found: &Found| (found.address, found.kind) == (address, kind);
        let (index, is_new) = match self.found.iter().position(same) {
            Some(index) => (index, false),
            None if self.found.len() < MOST_DEVICES => {
                self.found.push(Found::unknown(address, kind));
                (self.found.len() - 1, true)
            }
            None => return None,
        };
        let found = self.found.get_mut(index)?;
        let known = (found.name.clone(), found.service, found.manufacturer_data.clone());
        take_in(found);
        let says_more = known != (found.name.clone(), found.service, found.manufacturer_data.clone());
        (is_new || says_more).then_some(found)
    }

    /// All devices heard so far.
    pub fn found(&self) -> &[Found] {
        &self.found
    }

    /// All devices heard.
    pub fn into_found(self) -> Vec<Found> {
        self.found
    }
}

/// Which devices are wanted; what is not said does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// What the name begins with.
    pub prefix: Option<String>,
    /// The whole name.
    pub name: Option<String>,
    /// The address, of either kind.
    pub address: Option<Address>,
    /// The service.
    pub service: Option<ServiceUuid>,
}

impl Filter {
    /// What the names of devices that wait to be provisioned commonly begin with.
    pub const COMMON_PREFIX: &'static str = "PROV_";

    /// Whether `found` is wanted.
    pub fn matches(&self, found: &Found) -> bool {
        let name = found.name.as_deref();
        let prefix = self.prefix.as_deref();
        prefix.is_none_or(|prefix| name.is_some_and(|name| name.starts_with(prefix)))
            && self.name.as_deref().is_none_or(|wanted| name == Some(wanted))
            && self.address.is_none_or(|address| address == found.address)
            && self.service.is_none_or(|service| found.service == Some(service))
    }
}

/// Looks among the devices of a scan for the first that is wanted.
#[cfg(any(feature = "hci", feature = "bluez", feature = "btleplug"))]
pub(super) struct Search<'a> {
    filter: &'a Filter,
    wanted: Option<Found>,
}

#[cfg(any(feature = "hci", feature = "bluez", feature = "btleplug"))]
impl<'a> Search<'a> {
    pub(super) fn new(filter: &'a Filter) -> Self {
        Self { filter, wanted: None }
    }

    /// Takes a look at a device; ends the scan if it is the one.
    pub(super) fn see(&mut self, found: &Found) -> ControlFlow<()> {
        if self.filter.matches(found) {
            self.wanted = Some(found.clone());
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    pub(super) fn into_found(self) -> Option<Found> {
        self.wanted
    }
}

impl Found {
    /// A device of which no more is known than its address.
    const fn unknown(address: Address, kind: AddressKind) -> Self {
        Self {
            name: None,
            address,
            kind,
            rssi: RSSI_UNKNOWN,
            service: None,
            manufacturer_data: None,
        }
    }

    /// Takes in what a report says.
    fn take_in(&mut self, report: &Report<'_>) {
        self.rssi = report.rssi;
        for (kind, data) in structures(report.data) {
            match kind {
                COMPLETE_NAME => self.name = Some(text(data)),
                SHORTENED_NAME => _ = self.name.get_or_insert_with(|| text(data)),
                SOME_UUIDS_128 | ALL_UUIDS_128 => self.service = first_uuid(data).or(self.service),
                SOME_UUIDS_16 | ALL_UUIDS_16 if lists_early(data) => {
                    self.service = self.service.or(Some(ServiceUuid::EARLY));
                }
                MANUFACTURER_DATA => self.manufacturer_data = Some(data.to_vec()),
                _ => {}
            }
        }
    }
}

/// The structures of advertising data: a length, a type, and the rest. What is cut off ends it, and so does a length of
/// 0.
fn structures(mut data: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    core::iter::from_fn(move || {
        let (&len, rest) = data.split_first()?;
        let (structure, rest) = rest.split_at_checked(usize::from(len))?;
        data = rest;
        let (&kind, content) = structure.split_first()?;
        Some((kind, content))
    })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).to_string()
}

fn first_uuid(list: &[u8]) -> Option<ServiceUuid> {
    let bytes = *list.first_chunk()?;
    Some(ServiceUuid::new(Uuid::from_le_bytes(bytes)))
}

/// Whether early firmware's service is in a list of assigned numbers: its UUID is made from one.
fn lists_early(list: &[u8]) -> bool {
    let (numbers, _) = list.as_chunks();
    numbers
        .iter()
        .any(|number| Uuid::from_assigned(u16::from_le_bytes(*number)) == ServiceUuid::EARLY.uuid())
}

const SOME_UUIDS_16: u8 = 0x02;
const ALL_UUIDS_16: u8 = 0x03;
const SOME_UUIDS_128: u8 = 0x06;
const ALL_UUIDS_128: u8 = 0x07;
const SHORTENED_NAME: u8 = 0x08;
const COMPLETE_NAME: u8 = 0x09;
const MANUFACTURER_DATA: u8 = 0xff;
/// What a controller says when it has not measured the strength of a signal.
pub(super) const RSSI_UNKNOWN: i8 = 127;
/// Addresses are free to invent, so somebody on the air could fill the memory.
const MOST_DEVICES: usize = 1024;
