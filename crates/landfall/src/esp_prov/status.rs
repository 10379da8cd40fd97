//! Asking until the device has come to a result (spec esp_prov.md 2, step 13).

use core::time::Duration;

use landfall_client::{
    Environment, Error, Secret, Transport, TransportError,
    protocomm::{
        Endpoint,
        wire::{ConfigRequest, ConfigResponse, StationDetail, StationState, Status, WifiFailReason},
    },
};

use super::{console::say, flow::Run, text::error_text};

/// How provisioning ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The device is on the network.
    Joined,
    /// The device did not join, or cannot be asked.
    Failed,
}

/// What the device says, as far as it decides what is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Connected,
    Connecting,
    AttemptFailed {
        remaining: u32,
    },
    Disconnected,
    Failed(Option<WifiFailReason>),
    Unknown,
    /// The request failed, with this text.
    None(String),
}

/// Asks until there is a result, and prints each step of it.
///
/// The original sleeps 5 s before each question. This one asks often, but tells of a device that is still connecting
/// only as often as the original would, or when another attempt has failed.
pub(super) async fn poll<T: Transport, E: Environment>(run: &mut Run<'_, T, E>, secret: &Secret) -> Verdict {
    let mut tries_left = 3;
    let mut told = (Answer::Connecting, run.device.environment().now());
    let mut wait = FIRST_WAIT;
    loop {
        run.device.environment().sleep(wait).await;
        let answer = ask(run, secret).await;
        let now = run.device.environment().now();
        let is_going = matches!(answer, Answer::Connecting | Answer::AttemptFailed { .. });
        if is_going && told.0 == answer && now.saturating_sub(told.1) < TELLING {
            wait = ASKING;
            continue;
        }
        told = (answer.clone(), now);
        tell(&answer, run.has_capability("wifi_prov").await);
        let Some(status) = retry_word(&answer) else {
            if is_going {
                wait = ASKING;
                continue;
            }
            say("==== Provisioning was successful ====");
            return Verdict::Joined;
        };
        if tries_left == 0 {
            say("---- Provisioning failed! ----");
            return Verdict::Failed;
        }
        tries_left -= 1;
        say(&format!(
            "Waiting to poll status again (status {status}, {tries_left} tries left)..."
        ));
        // A device that has given up says so for good; one that cannot be reached may be changing channels.
        wait = if matches!(answer, Answer::Failed(_)) {
            ASKING
        } else {
            TELLING
        };
    }
}

/// Before the first question; a device starts joining a second after ApplyConfig (spec manager.md 5).
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// Between two questions.
const ASKING: Duration = Duration::from_millis(250);
/// Between two questions of the original.
const TELLING: Duration = Duration::from_secs(5);

async fn ask<T: Transport, E: Environment>(run: &mut Run<'_, T, E>, secret: &Secret) -> Answer {
    match try_ask(run, secret).await {
        Ok(answer) => answer,
        Err(error) => Answer::None(error_text(&error)),
    }
}

async fn try_ask<T: Transport, E: Environment>(run: &mut Run<'_, T, E>, secret: &Secret) -> Result<Answer, Error> {
    if !run.device.has_session() {
        // A session in doubt is never used again; the original would go on with it.
        run.device.transport_mut().reconnect().await?;
        run.device.open_session(secret).await?;
    }
    let request = ConfigRequest::GetStatus;
    let mut message = vec![0; request.encoded_len()];
    request
        .encode(&mut message)
        .map_err(|_| Error::InvalidInput("the request is too long"))?;
    let answer = run.device.request(Endpoint::CONFIG.as_str(), &message).await?;
    let Ok(ConfigResponse::GetStatus(station)) = ConfigResponse::decode(&answer) else {
        return Err(Error::Transport(TransportError::Refused));
    };
    if station.status != Status::Success {
        return Ok(Answer::Unknown);
    }
    Ok(match (station.state, station.detail) {
        // Without details it means nothing (spec protocol.md 8.1).
        (StationState::Connected, Some(StationDetail::Connected(_))) => Answer::Connected,
        (StationState::Connecting, Some(StationDetail::AttemptFailed { attempts_remaining })) => {
            Answer::AttemptFailed {
                remaining: attempts_remaining,
            }
        }
        (StationState::Connecting, _) => Answer::Connecting,
        (StationState::Disconnected, _) => Answer::Disconnected,
        (StationState::ConnectionFailed, Some(StationDetail::FailReason(reason))) => Answer::Failed(Some(reason)),
        (StationState::ConnectionFailed, _) => Answer::Failed(None),
        (StationState::Connected | StationState::Other(_), _) => Answer::Unknown,
    })
}

/// The word for an answer that is asked for again a few times; `None` for one that is not.
fn retry_word(answer: &Answer) -> Option<&'static str> {
    match answer {
        Answer::Connected | Answer::Connecting | Answer::AttemptFailed { .. } => None,
        Answer::Disconnected => Some("disconnected"),
        Answer::Failed(_) => Some("failed"),
        Answer::Unknown => Some("unknown"),
        Answer::None(_) => Some("None"),
    }
}

fn tell(answer: &Answer, is_network_provisioning: bool) {
    say("\n==== Wi-Fi connection state  ====");
    match answer {
        Answer::Connected => say("==== WiFi state: Connected ===="),
        Answer::Connecting => say("++++ WiFi state: Connecting... ++++"),
        Answer::AttemptFailed { remaining } => {
            say("++++ WiFi state: Connecting... ++++");
            say(&attempt_failed(*remaining, is_network_provisioning));
        }
        Answer::Disconnected => say("---- WiFi state: Disconnected ----"),
        Answer::Failed(reason) => {
            say("---- WiFi state: Connection Failed ----");
            match reason {
                Some(WifiFailReason::AuthError) => say("---- Failure reason: Incorrect Password ----"),
                Some(WifiFailReason::NetworkNotFound) => say("---- Failure reason: Incorrect SSID ----"),
                _ => {}
            }
        }
        Answer::Unknown => {}
        Answer::None(text) => say(text),
    }
}

/// The status in protobuf's text form; the original prints less of it for the last attempt.
fn attempt_failed(remaining: u32, is_network_provisioning: bool) -> String {
    let block = format!("attempt_failed {{\n  attempts_remaining: {remaining}\n}}");
    if remaining == 0 {
        return block;
    }
    let state = if is_network_provisioning {
        "wifi_sta_state"
    } else {
        "sta_state"
    };
    format!("{state}: Connecting\n{block}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_attempt_is_told_in_protobuf_text_form() {
        assert_eq!(
            attempt_failed(4, false),
            "sta_state: Connecting\nattempt_failed {\n  attempts_remaining: 4\n}\n"
        );
        assert_eq!(
            attempt_failed(1, true),
            "wifi_sta_state: Connecting\nattempt_failed {\n  attempts_remaining: 1\n}\n"
        );
        assert_eq!(attempt_failed(0, false), "attempt_failed {\n  attempts_remaining: 0\n}");
    }
}
