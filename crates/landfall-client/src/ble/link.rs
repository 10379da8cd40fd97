use alloc::{string::String, vec::Vec};

use landfall_protocomm::gatt::{ServiceUuid, Uuid};

use crate::TransportError;

/// A connection to a device's GATT server: what a Bluetooth stack has to do for a [`BleTransport`](super::BleTransport).
///
/// An implementer carries values of up to 512 bytes whole, whatever the MTU, bounds every wait, and says of a failed
/// exchange what [`AttError::meaning`](super::AttError::meaning) says. A call may be cancelled by dropping its future;
/// the next one is then [`GattLink::reconnect`].
#[expect(
    async_fn_in_trait,
    reason = "flows are driven on one thread and need no Send bound; a link may have one"
)]
pub trait GattLink {
    /// Lists the characteristics of the provisioning service; none if the device has no such service.
    ///
    /// The first call on a connection may answer from a cache. A later one asks the device itself: the cache was
    /// found to be stale.
    ///
    /// # Errors
    /// [`TransportError::Lost`] and the like.
    async fn characteristics(&mut self) -> Result<Vec<Characteristic>, TransportError>;

    /// Writes `value`, and waits until the device has taken it: it answers when the request has been worked off, which
    /// takes seconds for some.
    ///
    /// # Errors
    /// [`TransportError::Refused`] if the device answers with a refusal, [`TransportError::NoSuchEndpoint`] if it has
    /// no such value (any more), [`TransportError::Lost`] and the like.
    async fn write(&mut self, characteristic: &Characteristic, value: &[u8]) -> Result<(), TransportError>;

    /// Reads the whole value.
    ///
    /// # Errors
    /// As for [`GattLink::write`].
    async fn read(&mut self, characteristic: &Characteristic) -> Result<Vec<u8>, TransportError>;

    /// Ends the connection, if there still is one, and makes a new one to the same device.
    ///
    /// # Errors
    /// [`TransportError::Unreachable`] and the like.
    async fn reconnect(&mut self) -> Result<(), TransportError>;

    /// Whether the connection is still there, as far as the stack knows.
    fn is_connected(&self) -> bool;
}

/// A characteristic of the provisioning service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Characteristic {
    /// The service it belongs to.
    pub service: ServiceUuid,
    /// Its own UUID.
    pub uuid: Uuid,
    /// Its user description (descriptor 0x2901), if it has one that is text: the endpoint's name.
    pub name: Option<String>,
    /// Where the value is found: the attribute's handle, or whatever the stack has instead.
    pub handle: u16,
}
