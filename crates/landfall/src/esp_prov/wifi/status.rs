//! Step 13 of spec esp_prov.md 2: what a device says of joining Wi-Fi.

use landfall_client::protocomm::wire::{
    ConfigRequest, ConfigResponse, StationDetail, StationState, StationStatus, Status, WifiFailReason,
};

use crate::esp_prov::{
    console::say,
    flow::Generation,
    poll::{Answer, Next},
};

/// What the device says of its station, as far as it decides what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Station {
    Connected,
    Connecting,
    AttemptFailed { remaining: u32 },
    Disconnected,
    Failed(WifiFailReason),
    Unknown,
}

impl From<StationStatus<'_>> for Station {
    fn from(station: StationStatus<'_>) -> Self {
        if station.status != Status::Success {
            return Self::Unknown;
        }
        match (station.state, station.detail) {
            // Without details it means nothing (spec protocol.md 8.1).
            (StationState::Connected, Some(StationDetail::Connected(_))) => Self::Connected,
            (StationState::Connecting, Some(StationDetail::AttemptFailed { attempts_remaining })) => {
                Self::AttemptFailed {
                    remaining: attempts_remaining,
                }
            }
            (StationState::Connecting, _) => Self::Connecting,
            (StationState::Disconnected, _) => Self::Disconnected,
            (StationState::ConnectionFailed, Some(StationDetail::FailReason(reason))) => Self::Failed(reason),
            // A reason that is not there reads as its number 0 (spec esp_prov.md 2, step 13).
            (StationState::ConnectionFailed, _) => Self::Failed(WifiFailReason::AuthError),
            (StationState::Connected | StationState::Other(_), _) => Self::Unknown,
        }
    }
}

impl Answer for Station {
    const HEADING: &'static str = "\n==== Wi-Fi connection state  ====";
    const REQUEST: ConfigRequest<'static> = ConfigRequest::GetStatus;
    const UNDER_WAY: Self = Self::Connecting;

    fn counts_attempts(&self) -> bool {
        matches!(self, Self::AttemptFailed { .. })
    }

    fn read(response: ConfigResponse<'_>) -> Option<Self> {
        match response {
            ConfigResponse::GetStatus(station) => Some(station.into()),
            _ => None,
        }
    }

    fn next(&self) -> Next {
        match self {
            Self::Connected => Next::Joined,
            Self::Connecting | Self::AttemptFailed { .. } => Next::UnderWay,
            Self::Disconnected => Next::Unclear("disconnected"),
            Self::Failed(_) => Next::GivenUp,
            Self::Unknown => Next::Unclear("unknown"),
        }
    }

    fn tell(&self, generation: Generation) {
        match self {
            Self::Connected => say("==== WiFi state: Connected ===="),
            Self::Connecting => say("++++ WiFi state: Connecting... ++++"),
            Self::AttemptFailed { remaining } => {
                say("++++ WiFi state: Connecting... ++++");
                say(&attempt_failed(*remaining, generation));
            }
            Self::Disconnected => say("---- WiFi state: Disconnected ----"),
            Self::Failed(reason) => {
                say("---- WiFi state: Connection Failed ----");
                match reason {
                    WifiFailReason::AuthError => say("---- Failure reason: Incorrect Password ----"),
                    WifiFailReason::NetworkNotFound => say("---- Failure reason: Incorrect SSID ----"),
                    WifiFailReason::Other(_) => {}
                }
            }
            Self::Unknown => {}
        }
    }
}

/// The status in protobuf's text form; the original prints less of it for the last attempt.
fn attempt_failed(remaining: u32, generation: Generation) -> String {
    let block = format!("attempt_failed {{\n  attempts_remaining: {remaining}\n}}");
    if remaining == 0 {
        return block;
    }
    let state = match generation {
        Generation::WifiProvisioning => "sta_state",
        Generation::NetworkProvisioning => "wifi_sta_state",
    };
    format!("{state}: Connecting\n{block}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_attempt_is_told_in_protobuf_text_form() {
        assert_eq!(
            attempt_failed(4, Generation::WifiProvisioning),
            "sta_state: Connecting\nattempt_failed {\n  attempts_remaining: 4\n}\n"
        );
        assert_eq!(
            attempt_failed(1, Generation::NetworkProvisioning),
            "wifi_sta_state: Connecting\nattempt_failed {\n  attempts_remaining: 1\n}\n"
        );
        assert_eq!(
            attempt_failed(0, Generation::WifiProvisioning),
            "attempt_failed {\n  attempts_remaining: 0\n}"
        );
    }
}
