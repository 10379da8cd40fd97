use alloc::vec::Vec;

use landfall_protocomm::{Endpoint, gatt::EndpointNumber};

use super::Characteristic;

/// Which characteristic is which endpoint (spec transports.md 1.1 and 1.2).
pub(super) struct Endpoints(pub(super) Vec<Characteristic>);

impl Endpoints {
    /// The characteristic behind `endpoint`.
    ///
    /// A name that the device gives decides, with its case. One that has no name is known by its UUID; what stands for
    /// an application's endpoint then cannot be told.
    pub(super) fn find(&self, endpoint: Endpoint<'_>) -> Option<&Characteristic> {
        self.named(endpoint).or_else(|| self.numbered(endpoint))
    }

    fn named(&self, endpoint: Endpoint<'_>) -> Option<&Characteristic> {
        self.0
            .iter()
            .find(|characteristic| characteristic.name.as_deref() == Some(endpoint.as_str()))
    }

    fn numbered(&self, endpoint: Endpoint<'_>) -> Option<&Characteristic> {
        let number = EndpointNumber::built_in(endpoint)?;
        self.0
            .iter()
            .filter(|characteristic| characteristic.name.is_none())
            .find(|characteristic| characteristic.service.characteristic(number) == characteristic.uuid)
    }
}
