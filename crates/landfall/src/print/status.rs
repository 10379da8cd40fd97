//! What a device of ours is doing, for whoever asks it.

use serde::{Deserialize, Serialize};

use super::text::{Name, printable};

/// What `landfall device status` tells, as the running device says it; nothing in it is secret.
///
/// The names and fields are what `--json` promises: additions are fine, changes break somebody's script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeviceStatus {
    pub(crate) name: String,
    /// How clients reach the device.
    pub(crate) transport: String,
    /// The Wi-Fi interface.
    pub(crate) interface: String,
    /// Who drives it.
    pub(crate) backend: String,
    /// Whether clients can come.
    pub(crate) provisioning: Provisioning,
    /// Seconds until it closes, if it does by itself.
    pub(crate) window_left_s: Option<u64>,
    /// Whether a network is stored.
    pub(crate) provisioned: bool,
    /// What the device is doing about its network.
    pub(crate) network: NetworkState,
    /// The network that is meant.
    #[serde(flatten)]
    pub(crate) ssid: Option<Name>,
    /// The device's address in it.
    pub(crate) ip: Option<String>,
    /// What went wrong last, in words.
    pub(crate) last_failure: Option<String>,
}

/// Whether clients can come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Provisioning {
    /// They can.
    Open,
    /// They cannot: the device is on a network, or its window has passed.
    Closed,
}

/// What a device is doing about its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NetworkState {
    /// Nothing: it has none, or a client's did not work.
    None,
    /// It is trying to join.
    Joining,
    /// It is on it, with an address.
    Joined,
    /// It was lost, or could not be joined; the device tries again.
    Lost,
}

impl DeviceStatus {
    /// It as lines for people.
    pub(super) fn lines(&self) -> Vec<String> {
        let row = |label: &str, value: String| format!("{label:<14}{value}");
        let mut lines = vec![
            row("Device", format!("{} over {}", said(&self.name), said(&self.transport))),
            row(
                "Wi-Fi",
                format!("{}, driven by {}", said(&self.interface), said(&self.backend)),
            ),
            row("Provisioning", self.provisioning()),
            row("Network", self.network()),
        ];
        lines.extend(self.last_failure.as_deref().map(|why| row("Last failure", said(why))));
        lines
    }

    /// It in a few words that stay true until something happens: there is no time in them.
    pub(crate) fn summary(&self) -> String {
        let provisioning = match self.provisioning {
            Provisioning::Closed => "closed",
            Provisioning::Open => "open",
        };
        format!("provisioning {provisioning}; network: {}", self.network())
    }

    fn provisioning(&self) -> String {
        match (self.provisioning, self.window_left_s) {
            (Provisioning::Closed, _) => "closed".to_owned(),
            (Provisioning::Open, None) => "open".to_owned(),
            (Provisioning::Open, Some(left)) => format!("open for {} min {:02} s more", left / 60, left % 60),
        }
    }

    fn network(&self) -> String {
        let name = self.ssid.as_ref().map_or_else(String::new, |name| said(&name.ssid));
        match self.network {
            NetworkState::None if self.provisioned => "none at the moment".to_owned(),
            NetworkState::None => "none".to_owned(),
            NetworkState::Joining => format!("joining {name}"),
            NetworkState::Joined => format!("{name}, as {}", said(self.ip.as_deref().unwrap_or_default())),
            NetworkState::Lost => format!("not on {name}; it is tried again"),
        }
    }
}

fn said(text: &str) -> String {
    printable(text.as_bytes())
}
