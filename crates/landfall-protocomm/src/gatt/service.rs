use crate::{
    Endpoint,
    gatt::{EndpointNumber, ServiceUuid, Uuid},
};

/// The service that a device offers: one characteristic for each endpoint (spec transports.md 1.2).
#[derive(Debug, Clone, Copy)]
pub struct ServiceDescription<'a> {
    /// Its UUID, from which those of the characteristics follow.
    pub uuid: ServiceUuid,
    /// The endpoints' names, each once. Those that an application adds have numbers in the order in which they stand
    /// here; the built-in ones may stand anywhere.
    pub endpoints: &'a [&'a str],
}

/// One characteristic of the service: to be read, and written with response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CharacteristicDescription<'a> {
    /// The endpoint's name, the text of the descriptor 0x2901.
    pub name: &'a str,
    /// The UUID.
    pub uuid: Uuid,
}

/// The built-in endpoints in the order in which their characteristics stand in the table.
const TABLE_ORDER: [Endpoint<'static>; 5] = [
    Endpoint::CTRL,
    Endpoint::SCAN,
    Endpoint::SESSION,
    Endpoint::CONFIG,
    Endpoint::VERSION,
];

impl<'a> ServiceDescription<'a> {
    /// The characteristics in the order of the table: the built-in endpoints that the device has, then its own. An
    /// application's 173rd endpoint and those after it have no number, and so no characteristic.
    pub fn characteristics(&self) -> impl Iterator<Item = CharacteristicDescription<'a>> + Clone + use<'a> {
        let (service, endpoints) = (self.uuid, self.endpoints);
        let described = move |name, number| CharacteristicDescription {
            name,
            uuid: service.characteristic(number),
        };
        let built_in = TABLE_ORDER.into_iter().filter_map(move |endpoint| {
            let name = endpoints.iter().find(|name| **name == endpoint.as_str())?;
            Some(described(*name, EndpointNumber::built_in(endpoint)?))
        });
        let own = endpoints
            .iter()
            .filter(|name| TABLE_ORDER.iter().all(|built_in| built_in.as_str() != **name))
            .zip(0..)
            .filter_map(move |(name, before)| Some(described(*name, EndpointNumber::application(before)?)));
        built_in.chain(own)
    }
}

#[cfg(test)]
mod tests {
    use std::{string::ToString, vec::Vec};

    use super::*;

    #[test]
    fn characteristics_stand_in_the_order_of_the_original() {
        let service = ServiceDescription {
            uuid: ServiceUuid::EXAMPLE,
            endpoints: &[
                "custom-data",
                "prov-session",
                "proto-ver",
                "prov-config",
                "prov-scan",
                "prov-ctrl",
                "second",
            ],
        };
        let table: Vec<_> = service
            .characteristics()
            .map(|characteristic| (characteristic.name, characteristic.uuid.to_string()[4..8].to_string()))
            .collect();
        let expected = [
            ("prov-ctrl", "ff4f"),
            ("prov-scan", "ff50"),
            ("prov-session", "ff51"),
            ("prov-config", "ff52"),
            ("proto-ver", "ff53"),
            ("custom-data", "ff54"),
            ("second", "ff55"),
        ];
        assert_eq!(table, expected.map(|(name, number)| (name, number.to_string())));
    }

    #[test]
    fn a_device_without_some_endpoints_has_no_characteristics_for_them() {
        let service = ServiceDescription {
            uuid: ServiceUuid::COMPONENT,
            endpoints: &["prov-session", "proto-ver"],
        };
        let names: Vec<_> = service.characteristics().map(|described| described.name).collect();
        assert_eq!(names, ["prov-session", "proto-ver"]);
    }
}
