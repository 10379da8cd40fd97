//! Networks for tests.

use landfall_client::{FoundNetwork, protocomm::wire::AuthMode};

use crate::print::{FoundNetworks, NetworkRow};

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
