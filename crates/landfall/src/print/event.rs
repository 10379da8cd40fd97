//! What happened, apart from how it is said.
//!
//! The names and fields are what `--json` promises: additions are fine, changes break somebody's script.

mod device;

use landfall_client::{
    FoundNetwork, Joined, VersionInfo,
    protocomm::wire::{AuthMode, WifiFailReason},
};
use serde::{Serialize, Serializer};

use super::{
    heard::HeardDevice,
    status::DeviceStatus,
    text::{Name, address, auth_name, hex},
};

pub(crate) use device::{Advertised, DeviceEvent, Place, Way};

/// Something a command tells.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event<'a> {
    /// What a device says of itself.
    Info {
        host: &'a str,
        version: &'a str,
        security: Option<u8>,
        security_patch: Option<u32>,
        capabilities: Vec<&'a str>,
        applications: Vec<&'a str>,
    },
    /// Devices are listened for over Bluetooth.
    BluetoothScanning,
    /// A device was heard, or has said more of itself.
    BluetoothFound(HeardDevice),
    /// A connection is being made to this device.
    BluetoothConnecting(HeardDevice),
    /// This computer sets out for a device's access point.
    AccessPointJoining {
        #[serde(flatten)]
        name: Name,
        #[serde(skip)]
        shown: String,
        interface: &'a str,
    },
    /// This computer is in a device's access point.
    AccessPointJoined { interface: &'a str, ip: String },
    /// This computer has left a device's access point; the network is the one where it is again.
    AccessPointLeft {
        #[serde(flatten)]
        name: Option<Name>,
        #[serde(skip)]
        shown: Option<String>,
        interface: &'a str,
    },
    /// The device was told to scan.
    Scanning,
    /// The networks a device sees.
    Networks(FoundNetworks),
    /// The name on the device's label.
    Label { name: &'a str },
    /// The session is open.
    SessionEstablished { scheme: u8 },
    /// The device has the credentials.
    CredentialsSent {
        #[serde(flatten)]
        name: Name,
        #[serde(skip)]
        shown: String,
    },
    /// The device begins to join.
    Applied,
    /// The device is trying.
    Connecting,
    /// An attempt failed and another follows.
    AttemptFailed { attempts_remaining: u32 },
    /// The connection to the device is being made again.
    Reconnecting,
    /// The device is on the network.
    Joined {
        #[serde(flatten)]
        name: Name,
        #[serde(skip)]
        shown: String,
        ip: String,
        bssid: String,
        channel: i32,
        auth: String,
    },
    /// The device gave up.
    Failed { reason: Reason },
    /// What an endpoint answered.
    Answer {
        endpoint: &'a str,
        #[serde(rename = "text", serialize_with = "lossy")]
        octets: &'a [u8],
        hex: String,
    },
    /// The device accepts new credentials after a failure.
    ResetDone,
    /// The device left its network and accepts new credentials.
    ReprovisionDone,
    /// Salt and verifier, in hex.
    Credentials {
        username: &'a str,
        salt: String,
        verifier: String,
    },
    /// What a QR code says.
    Qr { payload: &'a str, url: String },
    /// A file was written.
    Written { file: String },
    /// Something that can be provisioned, or asked whether it can be.
    Discovered(Discovered),
    /// A setting, what it is set to, and where that comes from.
    Setting {
        key: &'a str,
        value: serde_json::Value,
        origin: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        place: Option<String>,
        secret: bool,
        #[serde(skip)]
        shown: String,
    },
    /// What a running device of ours is doing.
    DeviceStatus(&'a DeviceStatus),
    /// A running device of ours was opened for clients.
    DeviceOpened,
    /// A device of ours has forgotten its network.
    DeviceForgot,
    /// A demo has come to its end.
    DemoDone { seconds: f64 },
    /// Something a device of ours tells.
    #[serde(untagged)]
    Device(DeviceEvent<'a>),
}

/// A device, or a place where one may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Discovered {
    /// What `--host`, `--port` or `--device` takes; the name of an access point.
    pub(crate) place: String,
    pub(crate) transport: &'static str,
    /// How strongly this computer hears the device or its access point, dBm.
    pub(crate) signal_dbm: Option<i32>,
    pub(crate) security: Option<u8>,
    pub(crate) state: DiscoveredState,
    pub(crate) version: Option<String>,
    /// What the system calls the hardware of a serial port.
    pub(crate) hardware: Option<String>,
    /// Why no more is known.
    pub(crate) reason: Option<String>,
    #[serde(flatten)]
    pub(crate) heard: Option<OnAir>,
    /// Cells that most places take.
    #[serde(skip)]
    pub(crate) place_width: usize,
    /// Whether none was found before.
    #[serde(skip)]
    pub(crate) is_first: bool,
}

/// What was heard on the air.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum OnAir {
    /// A device over Bluetooth.
    Device {
        name: Option<String>,
        address: String,
        service: Option<String>,
        /// In hex, the maker's number first.
        manufacturer_data: Option<String>,
    },
    /// An access point.
    AccessPoint {
        #[serde(flatten)]
        name: Name,
        #[serde(skip)]
        octets: Vec<u8>,
        bssid: Option<String>,
        channel: Option<u32>,
        #[serde(rename = "auth", serialize_with = "auth")]
        auth_mode: AuthMode,
        /// How strongly it is heard, where that is not told in dBm.
        signal_percent: Option<u8>,
    },
}

/// What is known of a discovered device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DiscoveredState {
    /// It can be provisioned.
    Ready,
    /// Another client is at it.
    Busy,
    /// Nobody asked: opening a port might restart what is plugged in, and a connection keeps other clients out.
    NotAsked,
    /// It does not answer.
    NoAnswer,
    /// The port cannot be opened.
    Unusable,
    /// The access point's network has to be joined first.
    NotJoined,
    /// This computer is in the access point's network.
    Joined,
}

/// Why a network was not joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reason {
    /// The passphrase is wrong.
    WrongPassword,
    /// No such network.
    NetworkNotFound,
    /// The device gave a reason that has no name.
    Unknown,
}

/// The networks of a scan, strongest first.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FoundNetworks {
    pub(crate) networks: Vec<NetworkRow>,
}

/// One network: all access points with one name and one way of authentication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct NetworkRow {
    #[serde(flatten)]
    pub(crate) name: Name,
    #[serde(skip)]
    pub(crate) octets: Vec<u8>,
    /// Strongest signal, dBm.
    pub(crate) rssi: i32,
    /// Channels in use, strongest first.
    pub(crate) channels: Vec<u32>,
    #[serde(rename = "auth", serialize_with = "auth")]
    pub(crate) auth_mode: AuthMode,
    /// Addresses of the access points, strongest first.
    pub(crate) bssids: Vec<String>,
    pub(crate) access_points: usize,
}

impl<'a> Event<'a> {
    /// What the device at `host` says of itself.
    pub(crate) fn info(host: &'a str, info: &'a VersionInfo) -> Self {
        let capabilities = info
            .capabilities
            .as_ref()
            .map(|all| all.0.iter().map(String::as_str).collect());
        Self::Info {
            host,
            version: &info.version,
            security: info.scheme(),
            security_patch: info.security_patch,
            capabilities: capabilities.unwrap_or_default(),
            applications: info.applications.iter().map(String::as_str).collect(),
        }
    }

    /// The device has the credentials of the network `ssid`.
    pub(crate) fn credentials_sent(ssid: &[u8]) -> Self {
        Self::CredentialsSent {
            name: Name::new(ssid),
            shown: super::text::printable(ssid),
        }
    }

    /// The device is on the network.
    pub(crate) fn joined(joined: &Joined) -> Self {
        Self::Joined {
            name: Name::new(&joined.ssid),
            shown: super::text::printable(&joined.ssid),
            ip: super::text::printable(joined.ip.as_bytes()),
            bssid: address(&joined.bssid),
            channel: joined.channel,
            auth: auth_name(joined.auth),
        }
    }

    /// This computer sets out for the access point `ssid` with `interface`.
    pub(crate) fn access_point_joining(ssid: &[u8], interface: &'a str) -> Self {
        Self::AccessPointJoining {
            name: Name::new(ssid),
            shown: super::text::printable(ssid),
            interface,
        }
    }

    /// This computer's `interface` is back in the network `ssid`, if it was in one.
    pub(crate) fn access_point_left(ssid: Option<&[u8]>, interface: &'a str) -> Self {
        Self::AccessPointLeft {
            name: ssid.map(Name::new),
            shown: ssid.map(super::text::printable),
            interface,
        }
    }

    /// `endpoint` answered with `octets`.
    pub(crate) fn answer(endpoint: &'a str, octets: &'a [u8]) -> Self {
        Self::Answer {
            endpoint,
            octets,
            hex: hex(octets),
        }
    }

    /// Whether it tells that something is under way now.
    pub(super) fn begins_step(&self) -> bool {
        matches!(
            self,
            Self::BluetoothScanning
                | Self::BluetoothConnecting(_)
                | Self::AccessPointJoining { .. }
                | Self::Scanning
                | Self::Applied
                | Self::Connecting
        )
    }

    /// Whether what was under way is over with it; a search goes on when a device was found.
    pub(super) fn ends_step(&self) -> bool {
        !self.is_progress() && !matches!(self, Self::Discovered(_)) || matches!(self, Self::SessionEstablished { .. })
    }

    /// Whether it tells of the way and not of the result: `--quiet` leaves it out.
    pub(super) fn is_progress(&self) -> bool {
        matches!(
            self,
            Self::BluetoothScanning
                | Self::BluetoothFound(_)
                | Self::BluetoothConnecting(_)
                | Self::AccessPointJoining { .. }
                | Self::AccessPointJoined { .. }
                | Self::AccessPointLeft { .. }
                | Self::Scanning
                | Self::Label { .. }
                | Self::SessionEstablished { .. }
                | Self::CredentialsSent { .. }
                | Self::Applied
                | Self::Connecting
                | Self::AttemptFailed { .. }
                | Self::Reconnecting
                | Self::DemoDone { .. }
                | Self::Device(DeviceEvent::DeviceHello)
        )
    }
}

impl FoundNetworks {
    /// Folds access points into networks, the strongest first in both. Hidden ones stay apart: they may be many
    /// networks.
    pub(crate) fn new(found: &[FoundNetwork]) -> Self {
        let mut sorted: Vec<&FoundNetwork> = found.iter().collect();
        sorted.sort_by_key(|point| core::cmp::Reverse(point.rssi));
        let mut networks: Vec<NetworkRow> = Vec::new();
        for point in sorted {
            let same = |row: &&mut NetworkRow| {
                !point.ssid.is_empty() && row.octets == point.ssid && row.auth_mode == point.auth
            };
            match networks.iter_mut().find(same) {
                Some(row) => row.fold(point),
                None => networks.push(NetworkRow::new(point)),
            }
        }
        Self { networks }
    }
}

impl NetworkRow {
    fn new(point: &FoundNetwork) -> Self {
        Self {
            name: Name::new(&point.ssid),
            octets: point.ssid.clone(),
            rssi: point.rssi,
            channels: vec![point.channel],
            auth_mode: point.auth,
            bssids: vec![address(&point.bssid)],
            access_points: 1,
        }
    }

    fn fold(&mut self, weaker: &FoundNetwork) {
        if !self.channels.contains(&weaker.channel) {
            self.channels.push(weaker.channel);
        }
        self.bssids.push(address(&weaker.bssid));
        self.access_points += 1;
    }
}

impl From<WifiFailReason> for Reason {
    fn from(reason: WifiFailReason) -> Self {
        match reason {
            WifiFailReason::AuthError => Self::WrongPassword,
            WifiFailReason::NetworkNotFound => Self::NetworkNotFound,
            WifiFailReason::Other(_) => Self::Unknown,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn auth<S: Serializer>(auth: &AuthMode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&auth_name(*auth))
}

fn lossy<S: Serializer>(octets: &&[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(ssid: &str, rssi: i32, channel: u32, auth: AuthMode) -> FoundNetwork {
        FoundNetwork {
            ssid: ssid.into(),
            bssid: vec![0x78, 0x8a, 0x20, 0x84, 0x19, channel as u8],
            channel,
            rssi,
            auth,
        }
    }

    #[test]
    fn access_points_of_one_network_fold_into_one_row_at_the_strongest_signal() {
        let found = [
            point("home", -70, 6, AuthMode::Wpa2Psk),
            point("", -60, 1, AuthMode::Open),
            point("home", -45, 1, AuthMode::Wpa2Psk),
            point("", -61, 1, AuthMode::Open),
        ];
        let rows = FoundNetworks::new(&found).networks;
        assert_eq!(
            rows.iter()
                .map(|row| (row.octets.as_slice(), row.rssi))
                .collect::<Vec<_>>(),
            [(b"home".as_slice(), -45), (b"", -60), (b"", -61)]
        );
        assert_eq!(
            (rows[0].access_points, rows[0].channels.as_slice()),
            (2, [1, 6].as_slice())
        );
    }

    #[test]
    fn an_open_network_does_not_hide_behind_a_protected_one_of_the_same_name() {
        let found = [
            point("home", -45, 1, AuthMode::Wpa2Psk),
            point("home", -30, 6, AuthMode::Open),
        ];
        assert_eq!(FoundNetworks::new(&found).networks.len(), 2);
    }
}
