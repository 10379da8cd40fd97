//! The networks around the pair's device, and what clients say of them. Passphrases are long enough to be searched for.

use landfall_client::Network;
use landfall_device::World;
use landfall_manager::{Bssid, Credentials, Passphrase, Ssid};
use zeroize::Zeroizing;

/// The world with these networks in it.
///
/// # Panics
/// Never: its text is a constant.
pub fn world() -> World {
    World::from_toml(WORLD).expect("the pair's world is valid")
}

const WORLD: &str = r#"
[[access_point]]
ssid = "home"
passphrase = "home-passphrase-31"
channel = 6
rssi = -40

[[access_point]]
ssid = "home"
passphrase = "home-passphrase-31"
channel = 11
rssi = -70

[[access_point]]
ssid = "cafe"
channel = 1
rssi = -60

[[access_point]]
ssid = "flaky"
passphrase = "flaky-passphrase-32"
channel = 3
rssi = -85
join_ms = 1500
flakiness = 0.4

[[access_point]]
ssid = "previous"
passphrase = "previous-passphrase"
channel = 13
rssi = -50
"#;

/// Passphrase of [`home`].
pub const HOME_PASSPHRASE: &[u8] = b"home-passphrase-31";
/// What somebody took for it.
pub const WRONG_PASSPHRASE: &[u8] = b"mistyped-passphrase";
/// Passphrase of [`flaky`].
pub const FLAKY_PASSPHRASE: &[u8] = b"flaky-passphrase-32";
/// Passphrase of [`previous`].
pub const PREVIOUS_PASSPHRASE: &[u8] = b"previous-passphrase";

/// A network that is joined at once.
pub fn home() -> Network {
    network(b"home", HOME_PASSPHRASE)
}

/// A network without a passphrase.
pub fn open() -> Network {
    network(b"cafe", b"")
}

/// A network whose access point often does not answer.
pub fn flaky() -> Network {
    network(b"flaky", FLAKY_PASSPHRASE)
}

/// The network that a device was on before.
pub fn previous() -> Network {
    network(b"previous", PREVIOUS_PASSPHRASE)
}

/// [`home`], mistyped.
pub fn home_with_wrong_passphrase() -> Network {
    network(b"home", WRONG_PASSPHRASE)
}

/// A network that is not there.
pub fn absent() -> Network {
    network(b"nowhere", HOME_PASSPHRASE)
}

/// `network` as a device keeps it.
///
/// # Panics
/// If no device can keep it.
#[track_caller]
pub fn credentials(network: &Network) -> Credentials {
    Credentials {
        ssid: Ssid::new(&network.ssid).expect("a network's name has at most 32 octets"),
        passphrase: Passphrase::new(&network.passphrase).expect("a passphrase has at most 63 octets"),
        bssid: network.bssid.map(Bssid),
        channel: network.channel,
    }
}

fn network(ssid: &[u8], passphrase: &[u8]) -> Network {
    Network {
        ssid: ssid.to_vec(),
        passphrase: Zeroizing::new(passphrase.to_vec()),
        bssid: None,
        channel: None,
    }
}
