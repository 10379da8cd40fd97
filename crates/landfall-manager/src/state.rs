use crate::{AccessPoint, FailReason, Station};

/// Where a provisioning stands (spec manager.md 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Not started, or over.
    Idle,
    /// STARTED: waiting for credentials.
    Started,
    /// CRED_RECV: credentials accepted, joining.
    Connecting,
    /// FAIL: joining failed; new credentials are welcome.
    Failed,
    /// SUCCESS: on the network.
    Connected,
    /// STOPPING: the service ends soon.
    Stopping,
}

/// What the Wi-Fi side reports.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum WifiEvent<'e> {
    /// The scan that was asked for is done.
    ScanDone(&'e [AccessPoint]),
    /// The scan that was asked for could not be made; the whole run ends. A channel that may not be used here is no
    /// failure: report `ScanDone` with nothing.
    ScanFailed,
    /// The station is on the network and has an IPv4 address. Counts as success only on the network that was asked
    /// for.
    Connected(Station),
    /// The station could not join, or lost its network. Counts from [`crate::Command::Connect`] on.
    Disconnected(DisconnectReason),
}

/// Why a station is not (or no more) on the network, as far as it decides what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DisconnectReason {
    /// The access point refused the passphrase.
    AuthError,
    /// No access point has this name.
    NetworkNotFound,
    /// Anything else: worth another try.
    Other,
}

impl DisconnectReason {
    /// What reason number `reason` of Espressif's Wi-Fi driver means (spec manager.md 5).
    pub const fn from_esp_reason(reason: u16) -> Self {
        match reason {
            14 | 15 | 202 | 204 => Self::AuthError,
            201 => Self::NetworkNotFound,
            _ => Self::Other,
        }
    }

    /// The reason a client is told, if the protocol has one.
    pub const fn fail_reason(self) -> Option<FailReason> {
        match self {
            Self::AuthError => Some(FailReason::AuthError),
            Self::NetworkNotFound => Some(FailReason::NetworkNotFound),
            Self::Other => None,
        }
    }
}
