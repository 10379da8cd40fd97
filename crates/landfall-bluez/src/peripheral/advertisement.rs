use std::collections::HashMap;

use zbus::{ObjectPath, Variant};

use super::{
    Config,
    objects::{self, Properties},
};

pub(super) const ADVERTISEMENT: &str = "org.bluez.LEAdvertisement1";

/// What the scan response has room for.
const NAME_LEN: usize = 29;
/// What flags and UUID leave in the advertisement for a company's number and its data.
const MANUFACTURER_DATA_LEN: usize = 8;
/// How often a device advertises, in ms (spec transports.md 1.4).
const INTERVAL: u32 = 160;

/// The path under which BlueZ finds the advertisement.
pub(super) fn path() -> ObjectPath<'static> {
    objects::path("/advertisement")
}

/// What a device advertises, as BlueZ is told.
pub(super) fn properties(config: &Config<'_>) -> Properties {
    let mut properties = Properties::from([
        ("Type", Variant::from("peripheral")),
        ("ServiceUUIDs", Variant::from(vec![config.service.uuid().to_string()])),
        ("LocalName", Variant::from(cut(config.name).to_owned())),
        ("Discoverable", Variant::from(true)),
        ("MinInterval", Variant::from(INTERVAL)),
        ("MaxInterval", Variant::from(INTERVAL)),
    ]);
    let data = config.manufacturer_data;
    let data = data.get(..MANUFACTURER_DATA_LEN).unwrap_or(data);
    if let Some((company, data)) = data.split_first_chunk() {
        let data = HashMap::from([(u16::from_le_bytes(*company), Variant::from(data.to_vec()))]);
        properties.insert("ManufacturerData", Variant::from(data));
    }
    properties
}

/// The beginning of a name that fits into the scan response. D-Bus takes whole characters only.
fn cut(name: &str) -> &str {
    (0..=NAME_LEN.min(name.len()))
        .rev()
        .find_map(|end| name.get(..end))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use landfall_protocomm::gatt::ServiceUuid;

    use super::*;

    fn advertised(name: &str, manufacturer_data: &[u8]) -> BTreeMap<&'static str, String> {
        let config = Config {
            service: ServiceUuid::EXAMPLE,
            endpoints: &[],
            name,
            manufacturer_data,
            encryption: false,
            notify: false,
        };
        let properties = properties(&config).into_iter();
        properties.map(|(name, value)| (name, value.to_string())).collect()
    }

    #[test]
    fn a_device_is_found_by_service_and_name() {
        let advertised = advertised("PROV_A", &[]);
        assert_eq!(advertised["LocalName"], r#""PROV_A""#);
        assert_eq!(
            advertised["ServiceUUIDs"],
            r#"["021a9004-0382-4aea-bff4-6b3f1c5adfb4"]"#
        );
        assert_eq!(advertised["MinInterval"], "uint32 160");
        assert_eq!(advertised.get("ManufacturerData"), None);
    }

    #[test]
    fn names_end_at_29_bytes_and_between_characters() {
        let cut_at = |name: &str| advertised(name, &[])["LocalName"].len() - 2;
        assert_eq!(cut_at(&"n".repeat(40)), 29);
        assert_eq!(cut_at(&"ü".repeat(40)), 28);
        assert_eq!(cut_at(""), 0);
    }

    #[test]
    fn manufacturer_data_begin_with_the_company_and_end_at_8_bytes() {
        let data = |data: &[u8]| advertised("", data).get("ManufacturerData").cloned();
        assert_eq!(data(&[0xe5]), None);
        assert_eq!(data(&[0xe5, 2]).as_deref(), Some("{uint16 741: <@ay []>}"));
        assert_eq!(
            data(&[0xe5, 2, 1, 2, 3, 4, 5, 6, 7]).as_deref(),
            Some("{uint16 741: <[byte 0x01, 0x02, 0x03, 0x04, 0x05, 0x06]>}")
        );
    }
}
