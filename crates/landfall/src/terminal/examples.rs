//! Networks and devices for tests.

use landfall_client::{
    FoundNetwork,
    ble::{Address, AddressKind, Filter, Found},
    protocomm::{gatt::ServiceUuid, wire::AuthMode},
};

use crate::print::{FoundNetworks, HeardDevice, NetworkRow};

/// What a device has found.
pub(crate) fn found(rows: impl IntoIterator<Item = NetworkRow>) -> FoundNetworks {
    FoundNetworks {
        networks: rows.into_iter().collect(),
    }
}

/// A network with a name.
pub(crate) fn named(name: &str, rssi: i32) -> NetworkRow {
    row(name, 0, rssi)
}

/// A network that hides its name, of access point `number`.
pub(crate) fn hidden(number: u8, rssi: i32) -> NetworkRow {
    row("", number, rssi)
}

fn row(name: &str, access_point: u8, rssi: i32) -> NetworkRow {
    let point = FoundNetwork {
        ssid: name.into(),
        bssid: vec![0x02, 0, 0, 0, 0, access_point],
        channel: 6,
        rssi,
        auth: AuthMode::Wpa2Psk,
    };
    let mut rows = FoundNetworks::new(&[point]).networks;
    rows.pop().expect("one access point makes one network")
}

/// A device that was heard, wanted if its name begins as most devices' names do; without a name if `name` is empty.
pub(crate) fn heard(name: &str, number: u8, rssi: i8) -> HeardDevice {
    let found = Found {
        name: (!name.is_empty()).then(|| name.to_owned()),
        address: Address([0xc0, 0, 0, 0, 0, number]),
        kind: AddressKind::Random,
        rssi,
        service: (!name.is_empty()).then_some(ServiceUuid::EXAMPLE),
        manufacturer_data: None,
    };
    HeardDevice::new(&found, name.starts_with(Filter::COMMON_PREFIX))
}
