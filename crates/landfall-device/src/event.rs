use core::time::Duration;

use landfall_manager::{self as manager, DisconnectReason, Ssid, Station};

use crate::ClientEvent;

/// What happens on a device, as it happens. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The provisioning manager has something to tell.
    Manager(manager::Event),
    /// A client came, went, or was turned away.
    Client(ClientEvent),
    /// A request failed; its client saw nothing but the connection closing.
    RequestFailed {
        /// Endpoint it was sent to.
        endpoint: String,
        /// Why, in words.
        error: String,
    },
    /// The station begins to join a network.
    Joining {
        /// Name of the network.
        ssid: Ssid,
    },
    /// The station is on the network whose credentials are stored.
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
    SaveFailed(String),
    /// What is the matter with the Wi-Fi, in words; what follows from it is told apart.
    WifiTrouble(String),
}
