//! What a device of ours tells.

use core::fmt;

use serde::Serialize;

use super::{Reason, lossy};
use crate::print::text::Name;

/// Something a device of ours tells; its names begin with `device_`.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(clippy::enum_variant_names, reason = "the variants' names are the events' names")]
pub(crate) enum DeviceEvent<'a> {
    /// Nothing is stored: provisioning begins.
    DeviceUnprovisioned,
    /// A network is stored: it is being joined.
    DeviceAlreadyProvisioned,
    /// The service is reachable.
    DeviceListening {
        name: &'a str,
        #[serde(flatten)]
        place: &'a Place,
    },
    /// START.
    DeviceStarted,
    /// The QR code.
    DeviceQr { payload: &'a str, url: String },
    /// CRED_RECV.
    DeviceCredentialsReceived {
        #[serde(flatten)]
        name: Name,
        #[serde(skip)]
        shown: String,
    },
    /// An attempt failed and another follows.
    DeviceAttemptFailed { reason: Option<Reason>, remaining: u8 },
    /// CRED_FAIL.
    DeviceCredentialsFailed { reason: Reason },
    /// CRED_SUCCESS.
    DeviceCredentialsSucceeded,
    /// The device has an address.
    DeviceConnected { ip: String },
    /// The network was lost.
    DeviceDisconnected,
    /// A client's connection was opened.
    DeviceClientConnected { transport: Way, client: String },
    /// A client's connection was closed.
    DeviceClientDisconnected { transport: Way, client: String },
    /// Nobody can find the device for a while.
    DeviceUnreachable { reason: String },
    /// Clients can find the device again.
    DeviceReachable,
    /// A client proved itself.
    DeviceSessionEstablished,
    /// A client did not know the secret.
    DeviceSecretRefused,
    /// A client's handshake made no sense.
    DeviceBadHandshake,
    /// Handshakes are refused for a while.
    DeviceLockedOut,
    /// Data for the application.
    DeviceDataReceived {
        #[serde(rename = "text", serialize_with = "lossy")]
        octets: &'a [u8],
    },
    /// Nobody came in time, or somebody has come: no client can come any more.
    DeviceClosed,
    /// The network was forgotten.
    DeviceReset,
    /// Something the device's owner should know.
    DeviceWarning { text: String },
    /// END.
    DeviceEnded,
    /// The application is alive.
    DeviceHello,
}

/// How clients reach a simulated device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Way {
    /// HTTP.
    SoftAp,
    /// Bluetooth.
    Ble,
    /// A console.
    Console,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SoftAp => "SoftAP",
            Self::Ble => "BLE",
            Self::Console => "Console",
        })
    }
}

/// Where clients find a simulated device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "transport", rename_all = "lowercase")]
pub(crate) enum Place {
    /// At a URL.
    SoftAp { url: String },
    /// At the path of a port.
    Console { url: String },
    /// On the air.
    Ble(Advertised),
}

/// How a simulated device is found over Bluetooth.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Advertised {
    /// The system's adapter, such as `hci0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) adapter: Option<String>,
    /// A controller of its own, as `--hci` names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) controller: Option<String>,
    /// The address under which it is found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<String>,
    pub(crate) service_uuid: String,
}
