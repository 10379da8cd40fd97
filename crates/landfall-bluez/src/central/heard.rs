use std::collections::HashMap;

use landfall_protocomm::gatt::Uuid;
use zbus::OwnedVariant;

use super::news::Properties;

/// What BlueZ tells of a device that is near.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// Its address, in the order in which it is written.
    pub address: [u8; 6],
    /// Whether the device chose the address; otherwise its maker did.
    pub is_random: bool,
    /// Its name, as it says.
    pub name: Option<String>,
    /// Signal strength when it was heard last, dBm. Of a device that is connected to this computer it is not known.
    pub rssi: Option<i16>,
    /// The services that it offers.
    pub services: Vec<Uuid>,
    /// What its maker adds, company number first.
    pub manufacturer_data: Option<Vec<u8>>,
    is_connected: bool,
}

impl Heard {
    /// Takes in what is told of the device, now or more than before.
    pub(super) fn take_in(&mut self, properties: &Properties) {
        if let Some(address) = get::<String>(properties, "Address").as_deref().and_then(parse_address) {
            self.address = address;
        }
        if let Some(kind) = get::<String>(properties, "AddressType") {
            self.is_random = kind == "random";
        }
        // Its "Alias" would be the address when there is no name.
        self.name = get(properties, "Name").or_else(|| self.name.take());
        self.rssi = get(properties, "RSSI").or(self.rssi);
        self.is_connected = get(properties, "Connected").unwrap_or(self.is_connected);
        if let Some(uuids) = get::<Vec<String>>(properties, "UUIDs") {
            self.services = uuids.iter().filter_map(|uuid| uuid.parse().ok()).collect();
        }
        if let Some(data) = get::<HashMap<u16, OwnedVariant>>(properties, "ManufacturerData") {
            self.manufacturer_data = data.into_iter().min_by_key(|(company, _)| *company).map(with_company);
        }
    }

    /// Whether it is near, and not just remembered.
    pub(super) const fn is_near(&self) -> bool {
        self.rssi.is_some() || self.is_connected
    }
}

/// Reads a property, if it is told and of the type that it ought to have.
pub(super) fn get<T: TryFrom<OwnedVariant>>(properties: &Properties, name: &str) -> Option<T> {
    T::try_from(properties.get(name)?.clone()).ok()
}

/// Six pairs of hex digits with a ':' between them.
fn parse_address(text: &str) -> Option<[u8; 6]> {
    let mut pairs = text.split(':').map(|pair| u8::from_str_radix(pair, 16).ok());
    let mut address = [0; 6];
    for byte in &mut address {
        *byte = pairs.next()??;
    }
    Some(address)
}

/// Puts the company's number where it is on the air.
fn with_company((company, data): (u16, OwnedVariant)) -> Vec<u8> {
    let data = Vec::<u8>::try_from(data).unwrap_or_default();
    [&company.to_le_bytes()[..], &data].concat()
}

#[cfg(test)]
mod tests {
    use zbus::Variant;

    use super::*;

    fn told<const N: usize>(properties: [(&str, Variant<'static>); N]) -> Properties {
        let owned = |(name, value): (&str, Variant<'static>)| {
            let value = OwnedVariant::try_from(value).expect("no file descriptors");
            (name.to_owned(), value)
        };
        properties.into_iter().map(owned).collect()
    }

    #[test]
    fn a_device_without_a_name_has_none_though_bluez_makes_one_up() {
        let mut heard = Heard::default();
        heard.take_in(&told([
            ("Address", Variant::from("F0:F1:F2:F3:F4:05")),
            ("AddressType", Variant::from("random")),
            ("Alias", Variant::from("F0-F1-F2-F3-F4-05")),
        ]));
        assert_eq!(heard.name, None);
        assert_eq!(
            (heard.address, heard.is_random),
            ([0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0x05], true)
        );
        assert!(!heard.is_near(), "it is remembered, and not heard");
        heard.take_in(&told([
            ("RSSI", Variant::from(-60_i16)),
            ("Name", Variant::from("PROV_AB12")),
        ]));
        assert_eq!((heard.name.as_deref(), heard.rssi), (Some("PROV_AB12"), Some(-60)));
        assert!(heard.is_near());
    }

    #[test]
    fn properties_of_other_types_and_texts_that_are_no_addresses_are_passed_over() {
        let mut heard = Heard::default();
        heard.take_in(&told([
            ("Address", Variant::from("F0:F1")),
            ("RSSI", Variant::from("near")),
            ("UUIDs", Variant::from(vec!["1801".to_owned(), "no UUID".to_owned()])),
            ("ManufacturerData", Variant::from(7_u8)),
        ]));
        let services = [Uuid::from_assigned(0x1801)].to_vec();
        assert_eq!(
            heard,
            Heard {
                services,
                ..Heard::default()
            }
        );
    }
}
