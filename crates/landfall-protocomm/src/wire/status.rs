use core::fmt;

use super::message::numbers;

/// How a device answers a request (spec protocol.md 3.1). Stock devices send only 0, 4 and 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Status {
    /// 0
    #[default]
    Success,
    /// 1
    InvalidSecScheme,
    /// 2
    InvalidProto,
    /// 3
    TooManySessions,
    /// 4
    InvalidArgument,
    /// 5
    InternalError,
    /// 6
    CryptoError,
    /// 7
    InvalidSession,
    /// A number this version of the protocol does not name.
    Other(i32),
}

numbers!(Status {
    Success = 0,
    InvalidSecScheme = 1,
    InvalidProto = 2,
    TooManySessions = 3,
    InvalidArgument = 4,
    InternalError = 5,
    CryptoError = 6,
    InvalidSession = 7,
});

/// How an access point authenticates stations (`WifiAuthMode`).
///
/// The device copies its driver's number, so values beyond the protocol's eight occur; they are named where known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AuthMode {
    /// 0
    #[default]
    Open,
    /// 1
    Wep,
    /// 2
    WpaPsk,
    /// 3
    Wpa2Psk,
    /// 4
    WpaWpa2Psk,
    /// 5
    Wpa2Enterprise,
    /// 6
    Wpa3Psk,
    /// 7
    Wpa2Wpa3Psk,
    /// 8; outside the protocol's own list
    WapiPsk,
    /// 9; outside the protocol's own list
    Owe,
    /// 10; outside the protocol's own list
    Wpa3Enterprise192,
    /// Any other number.
    Other(i32),
}

impl AuthMode {
    /// Whether a station needs a secret to join: always, except for open and OWE networks. A mode without a name
    /// counts as needing one.
    pub fn needs_passphrase(self) -> bool {
        !matches!(self, Self::Open | Self::Owe)
    }
}

/// The names esp_prov prints; `AUTH_` and the number where there is none.
impl fmt::Display for AuthMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Open => "Open",
            Self::Wep => "WEP",
            Self::WpaPsk => "WPA_PSK",
            Self::Wpa2Psk => "WPA2_PSK",
            Self::WpaWpa2Psk => "WPA_WPA2_PSK",
            Self::Wpa2Enterprise => "WPA2_ENTERPRISE",
            Self::Wpa3Psk => "WPA3_PSK",
            Self::Wpa2Wpa3Psk => "WPA2_WPA3_PSK",
            Self::WapiPsk => "WAPI_PSK",
            Self::Owe => "OWE",
            Self::Wpa3Enterprise192 => "WPA3_ENT_192",
            Self::Other(number) => return write!(f, "AUTH_{number}"),
        })
    }
}

numbers!(AuthMode {
    Open = 0,
    Wep = 1,
    WpaPsk = 2,
    Wpa2Psk = 3,
    WpaWpa2Psk = 4,
    Wpa2Enterprise = 5,
    Wpa3Psk = 6,
    Wpa2Wpa3Psk = 7,
    WapiPsk = 8,
    Owe = 9,
    Wpa3Enterprise192 = 10,
});
