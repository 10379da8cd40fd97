//! Every recorded message, from bytes to value and from value to bytes.

use std::collections::BTreeSet;

use landfall_protocomm::wire::{
    ConfigRequest, ConfigResponse, CtrlRequest, CtrlResponse, ScanRequest, ScanResponse, Scheme, Sec1Body, SessionData,
    SessionPayload, Status,
};
use serde_json::Value;

use super::{
    Codec,
    recorded::{
        CONFIG_REQUESTS, CONFIG_RESPONSES, CTRL_REQUESTS, CTRL_RESPONSES, SCAN_REQUESTS, SCAN_RESPONSES, SESSION,
        Table, WRITTEN_SHORTER,
    },
};

#[test]
fn recorded_config_messages_are_read_and_written() {
    check("messages", CONFIG_REQUESTS);
    check("messages", CONFIG_RESPONSES);
}

#[test]
fn recorded_scan_messages_are_read_and_written() {
    check("messages", SCAN_REQUESTS);
    check("messages", SCAN_RESPONSES);
}

#[test]
fn recorded_ctrl_messages_are_read_and_written() {
    check("messages", CTRL_REQUESTS);
    check("messages", CTRL_RESPONSES);
}

#[test]
fn recorded_session_messages_are_read_and_written() {
    check("messages", SESSION);
}

#[test]
fn handshake_of_the_console_transcript_is_read_and_written() {
    for (index, member) in ["sc0", "sr0", "sc1", "sr1"].into_iter().enumerate() {
        let recorded = &load("seed_transcript")[index + 2];
        let bytes = unhex(&recorded["hex"]);
        let fields = &recorded["decoded"]["sec1"][member];
        let field = |name: &str| unhex(&fields[name]);
        let (client_pubkey, device_pubkey, device_random) =
            (field("client_pubkey"), field("device_pubkey"), field("device_random"));
        let (client_verify_data, device_verify_data) = (field("client_verify_data"), field("device_verify_data"));
        let status = Status::Success;
        let body = match member {
            "sc0" => Sec1Body::Command0 {
                client_pubkey: &client_pubkey,
            },
            "sr0" => Sec1Body::Response0 {
                status,
                device_pubkey: &device_pubkey,
                device_random: &device_random,
            },
            "sc1" => Sec1Body::Command1 {
                client_verify_data: &client_verify_data,
            },
            _ => Sec1Body::Response1 {
                status,
                device_verify_data: &device_verify_data,
            },
        };
        let payload = Some(SessionPayload::Sec1 {
            msg: index as i32,
            body: Some(body),
        });
        let expected = SessionData {
            sec_ver: Scheme::Security1,
            payload,
        };
        assert_eq!(SessionData::decode(&bytes), Ok(expected));
        assert_eq!(expected.encoded(), bytes);
    }
}

#[test]
fn plaintexts_inferred_from_the_console_transcript_are_read_and_written() {
    let plain = |index: usize| unhex(&load("seed_transcript")[index]["inferred_plain_prefix"]);
    assert_eq!(ConfigResponse::SetConfig(Status::Success).encoded(), plain(7));
    assert_eq!(ConfigRequest::ApplyConfig.encoded(), plain(8));
    assert_eq!(ConfigResponse::ApplyConfig(Status::Success).encoded(), plain(9));
    assert_eq!(ConfigRequest::GetStatus.encoded(), plain(10));
    for index in [8, 10] {
        assert_eq!(
            ConfigRequest::decode(&plain(index)).map(|request| request.encoded()),
            Ok(plain(index))
        );
    }
}

#[test]
fn no_recorded_message_is_left_out() {
    let mut checked = BTreeSet::new();
    checked.extend(CONFIG_REQUESTS.iter().map(|(name, _)| *name));
    checked.extend(CONFIG_RESPONSES.iter().map(|(name, _)| *name));
    checked.extend(SCAN_REQUESTS.iter().map(|(name, _)| *name));
    checked.extend(SCAN_RESPONSES.iter().map(|(name, _)| *name));
    checked.extend(CTRL_REQUESTS.iter().map(|(name, _)| *name));
    checked.extend(CTRL_RESPONSES.iter().map(|(name, _)| *name));
    checked.extend(SESSION.iter().map(|(name, _)| *name));
    let messages = load("messages");
    let recorded: BTreeSet<_> = messages
        .iter()
        .map(|message| message["name"].as_str().unwrap())
        .collect();
    assert_eq!(checked, recorded);
}

#[test]
fn every_truncation_of_every_recorded_message_decodes_or_fails_and_what_decodes_encodes_again() {
    for message in load("messages").iter().chain(&load("seed_transcript")) {
        let bytes = unhex(&message["hex"]);
        for length in 0..=bytes.len() {
            let cut = &bytes[..length];
            settles::<SessionData<'_>>(cut);
            settles::<ConfigRequest<'_>>(cut);
            settles::<ConfigResponse<'_>>(cut);
            settles::<ScanRequest>(cut);
            settles::<ScanResponse<'_>>(cut);
            settles::<CtrlRequest>(cut);
            settles::<CtrlResponse>(cut);
        }
    }
}

/// What decodes must encode, and to a message of the same meaning.
#[track_caller]
fn settles<'a, M: Codec<'a>>(bytes: &'a [u8]) {
    if let Ok(message) = M::decoded(bytes) {
        let again: &'static [u8] = message.encoded().leak();
        assert_eq!(M::decoded(again), Ok(message));
    }
}

#[track_caller]
fn check<M: Codec<'static>>(file: &str, table: Table<M>) {
    let recorded = load(file);
    for (name, expected) in table {
        let entry = recorded
            .iter()
            .find(|entry| entry["name"] == *name)
            .expect("a recorded message has the name");
        let bytes: &'static [u8] = unhex(&entry["hex"]).leak();
        assert_eq!(M::decoded(bytes).as_ref(), Ok(expected), "{name}");
        if WRITTEN_SHORTER.contains(name) {
            assert_eq!(expected.encoded(), bytes[..2], "{name}");
        } else {
            assert_eq!(expected.encoded(), bytes, "{name}");
        }
    }
}

fn load(file: &str) -> Vec<Value> {
    let path = format!("{}/tests/vectors/{file}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the vectors are there");
    let mut file: Value = serde_json::from_str(&text).expect("the vectors are JSON");
    serde_json::from_value(file["messages"].take()).expect("the file has a list of messages")
}

/// The bytes of a hexadecimal string; none for a value that is not there.
fn unhex(value: &Value) -> Vec<u8> {
    let digits = value.as_str().unwrap_or_default().as_bytes();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).expect("two hexadecimal digits"))
        .collect()
}
