//! Steps 5 and 6 of spec transports.md 1.7: which characteristic is which endpoint.

use landfall_client::{
    TransportError,
    ble::{Characteristic, GattLink},
    protocomm::{Endpoint, gatt::EndpointNumber},
};

use crate::esp_prov::{Raised, console::say, link::unconnected};

/// How endpoints are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// By the names that the device gives them, in lower case.
    ByName,
    /// By their UUIDs, as of firmware that gives no names.
    ByNumber,
}

/// A link whose characteristics have the names by which the original knows them.
pub(super) struct Named<L> {
    link: L,
    naming: Naming,
    /// What was found already, for the first who asks.
    found: Option<Vec<Characteristic>>,
}

/// What the original looks for, in its order.
const NEEDED: [Endpoint<'static>; 3] = [Endpoint::SESSION, Endpoint::CONFIG, Endpoint::VERSION];

impl Naming {
    /// How the endpoints among `found` are told apart; says what is looked for where it is not by name.
    pub(super) fn of(found: &[Characteristic]) -> Result<Self, Raised> {
        let has_name = |endpoint: &Endpoint<'_>| {
            let named = |characteristic| name_of(characteristic).is_some_and(|name| name == endpoint.as_str());
            found.iter().any(named)
        };
        if NEEDED.iter().all(has_name) {
            return Ok(Self::ByName);
        }
        let service = found.first().map(|characteristic| characteristic.service);
        for endpoint in NEEDED {
            let number = EndpointNumber::built_in(endpoint);
            // Not the original's AND of the number with the service's own, which suits early firmware only.
            let expected = service
                .zip(number)
                .map(|(service, number)| service.characteristic(number));
            if let Some(uuid) = expected {
                say(&format!("checking for characteristic {uuid}"));
            }
            if !found.iter().any(|characteristic| Some(characteristic.uuid) == expected) {
                say(&format!("'{endpoint}' endpoint not found"));
                return Err(unconnected().hint("the device's service is not that of provisioning: landfall info"));
            }
        }
        Ok(Self::ByNumber)
    }

    fn apply(self, characteristic: Characteristic) -> Characteristic {
        let name = match self {
            Self::ByName => name_of(&characteristic),
            // Those of provisioning itself are found by their numbers where they have no names.
            Self::ByNumber => is_custom_data(&characteristic).then(|| Endpoint::CUSTOM_DATA.to_string()),
        };
        Characteristic { name, ..characteristic }
    }
}

impl<L> Named<L> {
    /// Names the characteristics of `link`, on which `found` were found.
    pub(super) fn new(link: L, naming: Naming, found: Vec<Characteristic>) -> Self {
        Self {
            link,
            naming,
            found: Some(found),
        }
    }
}

impl<L: GattLink> GattLink for Named<L> {
    async fn characteristics(&mut self) -> Result<Vec<Characteristic>, TransportError> {
        let found = match self.found.take() {
            Some(found) => found,
            None => self.link.characteristics().await?,
        };
        Ok(found.into_iter().map(|found| self.naming.apply(found)).collect())
    }

    async fn write(&mut self, characteristic: &Characteristic, value: &[u8]) -> Result<(), TransportError> {
        self.link.write(characteristic, value).await
    }

    async fn read(&mut self, characteristic: &Characteristic) -> Result<Vec<u8>, TransportError> {
        self.link.read(characteristic).await
    }

    async fn reconnect(&mut self) -> Result<(), TransportError> {
        self.found = None;
        self.link.reconnect().await
    }

    fn is_connected(&self) -> bool {
        self.link.is_connected()
    }
}

fn name_of(characteristic: &Characteristic) -> Option<String> {
    characteristic.name.as_deref().map(str::to_lowercase)
}

/// Whether it stands where the example application has its own endpoint, the first that is added.
fn is_custom_data(characteristic: &Characteristic) -> bool {
    let number = EndpointNumber::application(0);
    number.is_some_and(|number| characteristic.service.characteristic(number) == characteristic.uuid)
}

#[cfg(test)]
mod tests {
    use landfall_client::protocomm::gatt::ServiceUuid;

    use super::*;

    /// The endpoints of a device, with the names that it gives them.
    fn device(names: [Option<&str>; 3]) -> Vec<Characteristic> {
        let endpoints = NEEDED.into_iter().zip(names);
        let characteristics = endpoints.map(|(endpoint, name)| {
            let number = EndpointNumber::built_in(endpoint).expect("a built-in endpoint");
            Characteristic {
                service: ServiceUuid::EXAMPLE,
                uuid: ServiceUuid::EXAMPLE.characteristic(number),
                name: name.map(str::to_owned),
                handle: number.get(),
            }
        });
        characteristics.collect()
    }

    #[test]
    fn names_count_in_lower_case() {
        let found = device([Some("Prov-Session"), Some("PROV-CONFIG"), Some("proto-ver")]);
        let naming = Naming::of(&found).expect("it has all that is needed");
        assert_eq!(naming, Naming::ByName);
        let names: Vec<_> = found.into_iter().map(|found| naming.apply(found).name).collect();
        assert_eq!(
            names,
            NEEDED.map(|endpoint| Some(endpoint.to_string())),
            "as they are asked for"
        );
    }

    #[test]
    fn without_one_name_all_that_count_are_the_numbers() {
        let mut found = device([Some("prov-session"), None, Some("proto-ver")]);
        let number = EndpointNumber::application(0).expect("the first of an application's");
        found.push(Characteristic {
            uuid: ServiceUuid::EXAMPLE.characteristic(number),
            ..found[0].clone()
        });
        let naming = Naming::of(&found).expect("it has all that is needed");
        assert_eq!(naming, Naming::ByNumber);
        let names: Vec<_> = found.into_iter().map(|found| naming.apply(found).name).collect();
        assert_eq!(names, [None, None, None, Some("custom-data".to_owned())]);
    }

    #[test]
    fn an_endpoint_that_is_not_there_is_missed() {
        let found = device([None; 3]);
        assert!(Naming::of(&found[..2]).is_err());
        assert!(Naming::of(&[]).is_err());
    }
}
