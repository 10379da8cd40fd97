use core::{error, fmt, time::Duration};

use landfall_manager::{self as manager, DisconnectReason, FailReason, RequestError, Ssid, Station};
use landfall_protocomm::device;

use crate::ClientEvent;

/// What happens on a device, as it happens. Nothing in it is secret.
///
/// Shown, it is the line that Espressif's example logs (spec manager.md 9), where that has one.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event<'e> {
    /// A provisioning begins.
    Starting,
    /// The device goes to the network whose credentials are stored.
    AlreadyProvisioned,
    /// The provisioning manager has something to tell.
    Manager(manager::Event),
    /// A client came, went, or was turned away.
    Client {
        /// [`Service::NAME`](crate::Service::NAME).
        service: &'static str,
        /// What it did.
        event: ClientEvent,
    },
    /// A request failed; its client saw no more than that.
    RequestFailed {
        /// Endpoint it was sent to.
        endpoint: &'e str,
        /// Why.
        why: RequestFailure,
    },
    /// The station begins to join a network.
    Joining {
        /// Name of the network.
        ssid: Ssid,
    },
    /// The station is on a network, and has an address.
    Joined(Station),
    /// The station is not on the network whose credentials are stored, and tries again after a while.
    Unjoined {
        /// Name of the network.
        ssid: Ssid,
        /// Why.
        reason: DisconnectReason,
        /// Time until the next attempt.
        retry_in: Duration,
    },
    /// The credentials are stored for good.
    Saved {
        /// Name of the network.
        ssid: Ssid,
    },
    /// The credentials could not be stored: after a restart the device is as it was before.
    SaveFailed(&'e dyn error::Error),
}

/// Why a request got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestFailure {
    /// The manager refused it.
    #[error(transparent)]
    Refused(#[from] RequestError),
    /// The application refused it.
    #[error("the application refused the request")]
    Application,
}

impl Event<'_> {
    /// Whether it is to be logged as an error, as the original does.
    pub const fn is_error(&self) -> bool {
        matches!(
            self,
            Self::SaveFailed(_)
                | Self::Manager(
                    manager::Event::CredentialsFailed { .. }
                        | manager::Event::Security(
                            device::Event::InvalidSecurityParams
                                | device::Event::CredentialsMismatch
                                | device::Event::LockedOut { .. }
                        )
                )
        )
    }
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting => f.write_str("Starting provisioning"),
            Self::AlreadyProvisioned => f.write_str("Already provisioned, starting Wi-Fi STA"),
            Self::Manager(event) => write_manager(event, f),
            Self::Client { service, event } => write!(f, "{service} transport: {event}"),
            Self::RequestFailed { endpoint, why } => write!(f, "Request on {endpoint} failed: {why}"),
            Self::Joining { ssid } => write!(f, "Joining {ssid}"),
            Self::Joined(station) => write!(f, "Connected with IP Address:{}", station.ip),
            Self::Unjoined { .. } => f.write_str("Disconnected. Connecting to the AP again..."),
            Self::Saved { ssid } => write!(f, "Stored the credentials of {ssid}"),
            Self::SaveFailed(why) => write!(f, "The credentials could not be stored: {why}"),
        }
    }
}

fn write_manager(event: &manager::Event, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match event {
        manager::Event::Started => f.write_str("Provisioning started"),
        manager::Event::CredentialsReceived { ssid } => {
            write!(f, "Received Wi-Fi credentials\n\tSSID     : {ssid}")
        }
        manager::Event::AttemptFailed { reason, remaining } => {
            let why = reason.map_or("Wi-Fi network could not be joined", words);
            write!(f, "{why}; attempts left: {remaining}")
        }
        manager::Event::CredentialsFailed { reason } => write!(
            f,
            "Provisioning failed!\n\tReason : {}\n\tPlease reset to factory and retry provisioning",
            words(*reason)
        ),
        manager::Event::CredentialsSucceeded(_) => f.write_str("Provisioning successful"),
        manager::Event::Ended => f.write_str("Provisioning stopped"),
        manager::Event::Security(event) => write_security(event, f),
        unknown => write!(f, "{unknown:?}"),
    }
}

const fn words(reason: FailReason) -> &'static str {
    match reason {
        FailReason::AuthError => "Wi-Fi station authentication failed",
        FailReason::NetworkNotFound => "Wi-Fi access-point not found",
    }
}

fn write_security(event: &device::Event, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match event {
        device::Event::SetupOk => f.write_str("Secured session established!"),
        device::Event::InvalidSecurityParams => {
            f.write_str("Received invalid security parameters for establishing secure session!")
        }
        device::Event::CredentialsMismatch => {
            f.write_str("Received incorrect username and/or PoP for establishing secure session!")
        }
        device::Event::LockedOut { .. } => {
            f.write_str("Too many wrong proofs in a row: new sessions are refused for a while")
        }
        unknown => write!(f, "{unknown:?}"),
    }
}
