//! What `esp-prov` makes of answers to its question for the result that simulated devices do not give.

use landfall_protocomm::{
    device::Security,
    wire::{ConfigRequest, ConfigResponse, Connected, StationDetail, StationState, StationStatus, Status},
};

use crate::{
    esp_prov_fake::{Fake, encoded},
    support::{ESP_PROV, Finished, command, with_input},
};

/// A device that answers the question for its result with each of `states` in turn, and then no more; `None` refuses.
fn device(states: Vec<Option<StationStatus<'static>>>) -> String {
    let mut states = states.into_iter();
    let fake = Fake::new(Security::Security1 { pop: None }, move |endpoint, request| {
        if endpoint == "proto-ver" {
            return Some(br#"{"prov":{"ver":"v1.1","sec_ver":1,"cap":["no_pop","wifi_scan"]}}"#.to_vec());
        }
        let response = match ConfigRequest::decode(request).ok()? {
            ConfigRequest::SetConfig(_) => ConfigResponse::SetConfig(Status::Success),
            ConfigRequest::ApplyConfig => ConfigResponse::ApplyConfig(Status::Success),
            _ => ConfigResponse::GetStatus(states.next()??),
        };
        Some(encoded(response.encoded_len(), |out| response.encode(out)))
    });
    fake.serve()
}

fn state(state: StationState) -> Option<StationStatus<'static>> {
    Some(StationStatus {
        status: Status::Success,
        state,
        detail: None,
    })
}

fn attempts_left(attempts_remaining: u32) -> Option<StationStatus<'static>> {
    Some(StationStatus {
        state: StationState::Connecting,
        detail: Some(StationDetail::AttemptFailed { attempts_remaining }),
        ..StationStatus::default()
    })
}

fn connected() -> Option<StationStatus<'static>> {
    Some(StationStatus {
        detail: Some(StationDetail::Connected(Connected::default())),
        ..StationStatus::default()
    })
}

fn esp_prov(host: &str) -> Finished {
    let args = [
        "--transport",
        "softap",
        "--service_name",
        host,
        "--ssid",
        "x",
        "--passphrase",
        "",
    ];
    with_input(command(ESP_PROV, &args), "")
}

#[test]
fn answers_without_a_result_are_told_in_the_original_s_words_and_asked_for_again() {
    // The third is no answer at all: a new session is opened before the fourth.
    let host = device(vec![
        state(StationState::Disconnected),
        state(StationState::Other(9)),
        None,
        connected(),
    ]);
    let finished = esp_prov(&host);
    assert_eq!((finished.code, finished.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(finished.redacted());
}

#[test]
fn connected_without_details_is_not_believed() {
    let error = Some(StationStatus {
        status: Status::InternalError,
        ..StationStatus::default()
    });
    let host = device(vec![
        state(StationState::Connected),
        error,
        state(StationState::Connecting),
        connected(),
    ]);
    let finished = esp_prov(&host);
    assert_eq!((finished.code, finished.stderr.as_str()), (0, ""));
    for left in [2, 1] {
        let expected = format!(
            "\n==== Wi-Fi connection state  ====\n\
             Waiting to poll status again (status unknown, {left} tries left)...\n"
        );
        assert!(finished.stdout.contains(&expected), "{}", finished.stdout);
    }
}

/// What is told of a device that has failed without a reason: it reads as the reason's number 0.
const FAILED: &str = "\n==== Wi-Fi connection state  ====\n\
                      ---- WiFi state: Connection Failed ----\n\
                      ---- Failure reason: Incorrect Password ----\n";

#[test]
fn a_device_that_fails_and_joins_all_the_same_has_joined() {
    // More failures than the original would hear of, but within the time that it gives.
    let mut states = vec![state(StationState::ConnectionFailed); 6];
    states.push(connected());
    let finished = esp_prov(&device(states));
    assert_eq!((finished.code, finished.stderr.as_str()), (0, ""));
    let told = format!("{FAILED}Waiting to poll status again (status failed, 2 tries left)...\n");
    assert!(finished.stdout.contains(&told), "{}", finished.stdout);
    let end = "==== WiFi state: Connected ====\n==== Provisioning was successful ====\n";
    assert!(finished.stdout.ends_with(end), "{}", finished.stdout);
}

#[test]
fn a_device_that_counts_its_attempts_has_failed_for_good() {
    let mut states = vec![attempts_left(1)];
    states.extend([state(StationState::ConnectionFailed); 4]);
    // Nobody asks for this one.
    states.push(connected());
    let finished = esp_prov(&device(states));
    assert_eq!((finished.code, finished.stderr.as_str()), (1, ""));
    assert_eq!(finished.stdout.matches(FAILED).count(), 4, "{}", finished.stdout);
    let end = format!("{FAILED}---- Provisioning failed! ----\n");
    assert!(finished.stdout.ends_with(&end), "{}", finished.stdout);
}
