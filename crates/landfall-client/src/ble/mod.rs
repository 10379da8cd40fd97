//! Bluetooth Low Energy (spec transports.md 1): a request is written to its endpoint's characteristic, and the answer is
//! read from it.
//!
//! What is here is the same over every Bluetooth stack; a stack is a [`GattLink`].

mod address;
mod att;
#[cfg(all(feature = "bluez", target_os = "linux"))]
pub mod bluez;
#[cfg(feature = "btleplug")]
pub mod btle;
mod discovery;
mod endpoints;
#[cfg(feature = "hci")]
pub mod hci;
mod link;
#[cfg(any(feature = "hci", feature = "bluez", feature = "btleplug"))]
pub mod radio;
#[cfg(any(feature = "hci", feature = "bluez", feature = "btleplug"))]
mod stack;
#[cfg(test)]
mod tests;

use alloc::{borrow::ToOwned, string::ToString, vec::Vec};
use core::{mem, time::Duration};

use landfall_protocomm::Endpoint;

use self::endpoints::Endpoints;
#[cfg(any(feature = "hci", feature = "bluez", feature = "btleplug"))]
pub use self::stack::StackLink;
pub use self::{
    address::{Address, AddressKind, InvalidAddress},
    att::AttError,
    discovery::{Discovery, Filter, Found, Report},
    link::{Characteristic, GattLink},
};
use crate::{Transport, TransportError};

/// A device over Bluetooth.
///
/// A session lives as long as its connection does. So a connection that the device has ended is not made again behind
/// the caller's back, unless the exchange before had failed: then nobody counts on the session any more.
pub struct BleTransport<L> {
    link: L,
    /// `None` until the device has been asked on this connection.
    endpoints: Option<Endpoints>,
    /// Whether it has been asked twice, as the first list may have come from a cache.
    listed_again: bool,
    last: Last,
}

/// How the last exchange ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// Both ends wait for the next one.
    Complete,
    /// The device refused, upon which some end the connection.
    Refused,
    /// Nobody knows what the other end waits for.
    Broken,
}

/// The longest value (spec transports.md 1.3).
const LONGEST_VALUE: usize = 512;

impl<L: GattLink> BleTransport<L> {
    /// Sends requests over `link`, which has a connection. Nothing is sent yet.
    pub fn new(link: L) -> Self {
        Self {
            link,
            endpoints: None,
            listed_again: false,
            last: Last::Complete,
        }
    }

    /// The link.
    pub fn link(&self) -> &L {
        &self.link
    }

    /// The link, taken out.
    pub fn into_link(self) -> L {
        self.link
    }

    /// The names of the endpoints that the device has told, in its order.
    ///
    /// # Errors
    /// As for [`GattLink::characteristics`].
    pub async fn endpoint_names(&mut self) -> Result<Vec<&str>, TransportError> {
        let endpoints = self.endpoints().await?;
        let names = endpoints.0.iter().filter_map(|found| found.name.as_deref());
        Ok(names.collect())
    }

    /// Makes sure that there is a connection on which nothing is under way.
    async fn make_ready(&mut self) -> Result<(), TransportError> {
        match (self.last, self.link.is_connected()) {
            (Last::Complete | Last::Refused, true) => Ok(()),
            (Last::Complete, false) => {
                self.last = Last::Broken;
                Err(TransportError::Lost("the device ended it".to_owned()))
            }
            (Last::Refused, false) | (Last::Broken, _) => self.reconnect().await,
        }
    }

    async fn exchange(&mut self, endpoint: Endpoint<'_>, request: &[u8]) -> Result<Vec<u8>, TransportError> {
        loop {
            let Some(characteristic) = self.endpoints().await?.find(endpoint).cloned() else {
                if self.list_again() {
                    continue;
                }
                return Err(TransportError::NoSuchEndpoint);
            };
            match self.link.write(&characteristic, request).await {
                // The device has taken no request, so this is not sending it twice.
                Err(TransportError::NoSuchEndpoint) if self.list_again() => {}
                result => {
                    result?;
                    return self.link.read(&characteristic).await;
                }
            }
        }
    }

    async fn endpoints(&mut self) -> Result<&Endpoints, TransportError> {
        let endpoints = match self.endpoints.take() {
            Some(endpoints) => endpoints,
            None => self.list().await?,
        };
        Ok(self.endpoints.insert(endpoints))
    }

    async fn list(&mut self) -> Result<Endpoints, TransportError> {
        let mut found = self.link.characteristics().await?;
        if found.is_empty() && self.list_again() {
            found = self.link.characteristics().await?;
        }
        if found.is_empty() {
            return Err(TransportError::Protocol(
                "the device has no provisioning service".to_owned(),
            ));
        }
        Ok(Endpoints(found))
    }

    /// Has the device asked again for its endpoints; `false` if that was done on this connection.
    fn list_again(&mut self) -> bool {
        if mem::replace(&mut self.listed_again, true) {
            return false;
        }
        self.endpoints = None;
        true
    }
}

impl<L: GattLink> Transport for BleTransport<L> {
    async fn send(&mut self, endpoint: &str, request: &[u8]) -> Result<Vec<u8>, TransportError> {
        let endpoint = Endpoint::new(endpoint).map_err(|error| TransportError::Protocol(error.to_string()))?;
        match request.len() {
            // Devices ignore it, and what is then read is the answer to an earlier request.
            0 => return Err(TransportError::EmptyRequest),
            1..=LONGEST_VALUE => {}
            _ => return Err(TransportError::TooLong(LONGEST_VALUE)),
        }
        let was_refused = self.last == Last::Refused;
        self.make_ready().await?;
        // Stays so if this future is dropped.
        self.last = Last::Broken;
        let mut answer = self.exchange(endpoint, request).await;
        // Bluedroid ends the connection after a refusal (spec transports.md 1.3), which may be seen only now. No session
        // has outlived it, so sending again does nothing twice.
        if was_refused && matches!(answer, Err(TransportError::Lost(_))) {
            self.reconnect().await?;
            self.last = Last::Broken;
            answer = self.exchange(endpoint, request).await;
        }
        self.last = match &answer {
            Ok(_) | Err(TransportError::NoSuchEndpoint) => Last::Complete,
            Err(
                TransportError::Refused
                | TransportError::Busy
                | TransportError::TooLong(_)
                | TransportError::EncryptionNeeded,
            ) => Last::Refused,
            Err(_) => Last::Broken,
        };
        answer
    }

    async fn reconnect(&mut self) -> Result<(), TransportError> {
        self.last = Last::Broken;
        self.endpoints = None;
        self.listed_again = false;
        self.link.reconnect().await?;
        self.last = Last::Complete;
        Ok(())
    }

    /// Each question is two round trips or more, on the radio with which the device joins.
    fn status_interval(&self) -> Duration {
        Duration::from_millis(500)
    }
}
