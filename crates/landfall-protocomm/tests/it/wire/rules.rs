//! The rules of spec protocol.md section 2, one by one.

use landfall_protocomm::wire::{
    AuthMode, ConfigRequest, ConfigResponse, Connected, CtrlRequest, CtrlResponse, DecodeError, EncodeError, ScanEntry,
    ScanRequest, ScanResponse, ScanResponseBody, ScanStart, Scheme, Sec0Body, SessionData, SessionPayload, SetConfig,
    StationDetail, StationState, StationStatus, Status, WifiFailReason,
};

use super::Codec;

#[test]
fn empty_input_is_the_message_with_number_0_if_that_needs_no_content() {
    assert_eq!(ConfigRequest::decode(b""), Ok(ConfigRequest::GetStatus));
    assert_eq!(SessionData::decode(b""), Ok(SessionData::default()));
    assert_eq!(ScanRequest::decode(b""), Err(DecodeError::MissingBody(0)));
    assert_eq!(CtrlRequest::decode(b""), Err(DecodeError::UnknownMessage(0)));
}

#[test]
fn requests_are_written_as_esp_prov_writes_them() {
    assert_eq!(ConfigRequest::GetStatus.encoded(), b"\x52\x00");
    assert_eq!(ConfigRequest::ApplyConfig.encoded(), b"\x08\x04");
    assert_eq!(ConfigRequest::GetThreadStatus.encoded(), b"\x08\x06\x82\x01\x00");
    assert_eq!(ConfigRequest::ApplyThreadConfig.encoded(), b"\x08\x0a");
    assert_eq!(
        ConfigRequest::SetConfig(SetConfig::default()).encoded(),
        b"\x08\x02\x62\x00"
    );
    assert_eq!(ScanRequest::Status.encoded(), b"\x08\x02");
    assert_eq!(ScanRequest::ThreadStatus.encoded(), b"\x08\x08");
    assert_eq!(ScanRequest::Start(ScanStart::default()).encoded(), b"\x52\x00");
    assert_eq!(CtrlRequest::Reset.encoded(), b"\x08\x01");
    assert_eq!(CtrlRequest::Reprov.encoded(), b"\x08\x03");
    assert_eq!(CtrlRequest::ThreadReset.encoded(), b"\x08\x05");
    assert_eq!(CtrlRequest::ThreadReprov.encoded(), b"\x08\x07");
}

#[test]
fn requests_without_arguments_are_read_with_and_without_sub_message() {
    for bytes in [&b"\x08\x00\x52\x00"[..], b"\x08\x00", b"\x52\x00"] {
        assert_eq!(ConfigRequest::decode(bytes), Ok(ConfigRequest::GetStatus));
    }
    assert_eq!(
        ConfigRequest::decode(b"\x08\x0a\xa2\x01\x00"),
        Ok(ConfigRequest::ApplyThreadConfig)
    );
    assert_eq!(ConfigRequest::decode(b"\x08\x06"), Ok(ConfigRequest::GetThreadStatus));
    assert_eq!(
        ScanRequest::decode(b"\x08\x08\x92\x01\x00"),
        Ok(ScanRequest::ThreadStatus)
    );
    assert_eq!(
        CtrlRequest::decode(b"\x08\x07\x8a\x01\x00"),
        Ok(CtrlRequest::ThreadReprov)
    );
}

#[test]
fn requests_with_arguments_fail_without_their_own_sub_message() {
    for (bytes, msg) in [
        (&b"\x08\x02"[..], 2),
        (b"\x08\x08", 8),
        (b"\x08\x02\x72\x00", 2),
        (b"\x08\x02\x5a\x00", 2),
    ] {
        assert_eq!(ConfigRequest::decode(bytes), Err(DecodeError::MissingBody(msg)));
    }
    for (bytes, msg) in [
        (&b"\x08\x00"[..], 0),
        (b"\x08\x04\x52\x00", 4),
        (b"\x08\x06", 6),
        (b"\x08\x0a", 10),
    ] {
        assert_eq!(ScanRequest::decode(bytes), Err(DecodeError::MissingBody(msg)));
    }
}

#[test]
fn later_member_of_the_oneof_makes_the_arguments_void() {
    let set_then_response = b"\x08\x02\x62\x03\x0a\x01a\x5a\x00";
    assert_eq!(
        ConfigRequest::decode(set_then_response),
        Err(DecodeError::MissingBody(2))
    );
    let set_apply_set = b"\x08\x02\x62\x03\x0a\x01a\x72\x00\x62\x03\x12\x01p";
    let last = SetConfig {
        passphrase: b"p",
        ..SetConfig::default()
    };
    assert_eq!(ConfigRequest::decode(set_apply_set), Ok(ConfigRequest::SetConfig(last)));
}

#[test]
fn message_of_the_other_direction_or_without_a_name_is_unknown() {
    assert_eq!(ConfigRequest::decode(b"\x08\x01"), Err(DecodeError::UnknownMessage(1)));
    assert_eq!(ConfigRequest::decode(b"\x08\x0c"), Err(DecodeError::UnknownMessage(12)));
    assert_eq!(ConfigResponse::decode(b"\x08\x04"), Err(DecodeError::UnknownMessage(4)));
    assert_eq!(ScanRequest::decode(b"\x08\x07"), Err(DecodeError::UnknownMessage(7)));
    assert_eq!(ScanResponse::decode(b"\x5a\x00"), Err(DecodeError::UnknownMessage(0)));
    assert_eq!(CtrlRequest::decode(b"\x08\x02"), Err(DecodeError::UnknownMessage(2)));
    assert_eq!(CtrlRequest::decode(b"\x08\x09"), Err(DecodeError::UnknownMessage(9)));
    assert_eq!(CtrlResponse::decode(b"\x08\x01"), Err(DecodeError::UnknownMessage(1)));
    let minus_one = b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    assert_eq!(ConfigRequest::decode(minus_one), Err(DecodeError::UnknownMessage(-1)));
    let largest = b"\x08\xff\xff\xff\xff\x07";
    assert_eq!(
        ConfigRequest::decode(largest),
        Err(DecodeError::UnknownMessage(i32::MAX))
    );
}

#[test]
fn response_without_its_sub_message_is_refused_as_cut_short() {
    assert_eq!(ConfigResponse::decode(b"\x08\x01"), Err(DecodeError::MissingBody(1)));
    assert_eq!(ConfigResponse::decode(b"\x08\x03"), Err(DecodeError::MissingBody(3)));
    assert_eq!(ScanResponse::decode(b"\x08\x01"), Err(DecodeError::MissingBody(1)));
    assert_eq!(
        CtrlResponse::decode(b"\x08\x02\x10\x05"),
        Err(DecodeError::MissingBody(2))
    );
}

#[test]
fn status_that_the_device_cannot_tell_reads_as_connected_without_details() {
    let nothing = StationStatus::default();
    assert_eq!(
        ConfigResponse::decode(b"\x08\x01\x5a\x00"),
        Ok(ConfigResponse::GetStatus(nothing))
    );
    assert_eq!((nothing.state, nothing.detail), (StationState::Connected, None));
}

#[test]
fn unknown_fields_of_every_wire_type_are_skipped() {
    let strangers = b"\xf8\x01\x05\xf9\x0112345678\xfa\x01\x02xy\xfd\x011234";
    let request = [strangers, &b"\x08\x04"[..], strangers].concat();
    assert_eq!(ConfigRequest::decode(&request), Ok(ConfigRequest::ApplyConfig));
}

#[test]
fn groups_are_refused_as_the_device_refuses_them() {
    for group in [&b"\xfb\x01\xfc\x01"[..], b"\xfc\x01", b"\xfe\x01", b"\xff\x01"] {
        assert_eq!(ConfigRequest::decode(group), Err(DecodeError::Malformed("wire type")));
    }
}

#[test]
fn repeated_scalar_takes_the_last_and_repeated_sub_message_merges() {
    let bytes = b"\x08\x04\x62\x06\x0a\x01a\x12\x01p\x08\x02\x62\x03\x0a\x01b";
    let merged = SetConfig {
        ssid: b"b",
        passphrase: b"p",
        ..SetConfig::default()
    };
    assert_eq!(ConfigRequest::decode(bytes), Ok(ConfigRequest::SetConfig(merged)));
}

#[test]
fn entries_of_a_repeated_scan_result_make_one_list() {
    let bytes = b"\x7a\x05\x0a\x03\x0a\x01a\x08\x05\x7a\x0a\x0a\x03\x0a\x01b\x0a\x03\x0a\x01c";
    let ScanResponseBody::Result(entries) = ScanResponse::decode(bytes).unwrap().body else {
        panic!("not a scan result");
    };
    let names: Vec<_> = entries.iter().map(|entry| entry.ssid).collect();
    assert_eq!(names, [b"a", b"b", b"c"]);
    assert_eq!(entries.len(), 3);
    assert!(!entries.is_empty());
}

#[test]
fn entries_before_another_member_of_the_oneof_are_void() {
    let bytes = b"\x7a\x05\x0a\x03\x0a\x01a\x6a\x00\x08\x05\x7a\x05\x0a\x03\x0a\x01b";
    let ScanResponseBody::Result(entries) = ScanResponse::decode(bytes).unwrap().body else {
        panic!("not a scan result");
    };
    let last = ScanEntry {
        ssid: b"b",
        ..ScanEntry::default()
    };
    assert_eq!(entries.iter().collect::<Vec<_>>(), [last]);
}

#[test]
fn bad_entry_fails_when_the_response_is_decoded_not_when_it_is_walked() {
    assert_eq!(
        ScanResponse::decode(b"\x08\x05\x7a\x04\x0a\x02\x0a\x01"),
        Err(DecodeError::Truncated)
    );
}

#[test]
fn bad_content_of_a_member_nobody_asks_for_is_an_error_too() {
    let apply_with_cut_set_config = b"\x08\x04\x62\x02\x0a\x01";
    assert_eq!(
        ConfigRequest::decode(apply_with_cut_set_config),
        Err(DecodeError::Truncated)
    );
    let apply_with_cut_response = b"\x08\x04\x5a\x01\x08";
    assert_eq!(
        ConfigRequest::decode(apply_with_cut_response),
        Err(DecodeError::Truncated)
    );
}

#[test]
fn known_field_of_another_wire_type_is_malformed() {
    for bytes in [
        &b"\x0a\x00"[..],
        b"\x0d1234",
        b"\x50\x00",
        b"\x08\x02\x62\x02\x08\x01",
        b"\x08\x02\x62\x03\x22\x01a",
    ] {
        assert_eq!(
            ConfigRequest::decode(bytes),
            Err(DecodeError::Malformed("wire type of a known field"))
        );
    }
}

#[test]
fn status_field_belongs_to_scan_and_ctrl_only() {
    assert_eq!(
        ConfigRequest::decode(b"\x08\x04\x12\x01x"),
        Ok(ConfigRequest::ApplyConfig)
    );
    assert!(ScanRequest::decode(b"\x08\x02\x12\x01x").is_err());
    assert!(CtrlRequest::decode(b"\x08\x01\x12\x01x").is_err());
    assert_eq!(ScanRequest::decode(b"\x08\x02\x10\x05"), Ok(ScanRequest::Status));
}

#[test]
fn varint_has_64_bits_at_most() {
    let padded_four = b"\x08\x84\x80\x80\x80\x80\x80\x80\x80\x80\x00";
    assert_eq!(ConfigRequest::decode(padded_four), Ok(ConfigRequest::ApplyConfig));
    let bit_64 = b"\x08\x84\x80\x80\x80\x80\x80\x80\x80\x80\x02";
    let eleven = b"\x08\x84\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00";
    for bytes in [&bit_64[..], eleven] {
        assert_eq!(
            ConfigRequest::decode(bytes),
            Err(DecodeError::Malformed("varint above 64 bits"))
        );
    }
}

#[test]
fn number_beyond_32_bits_is_cut_off() {
    let four_and_bit_32 = b"\x08\x84\x80\x80\x80\x10";
    assert_eq!(ConfigRequest::decode(four_and_bit_32), Ok(ConfigRequest::ApplyConfig));
}

#[test]
fn any_number_but_0_is_true() {
    let bit_32_only = b"\x52\x06\x08\x80\x80\x80\x80\x10";
    let blocking = ScanStart {
        blocking: true,
        ..ScanStart::default()
    };
    assert_eq!(ScanRequest::decode(bit_32_only), Ok(ScanRequest::Start(blocking)));
}

#[test]
fn field_number_0_and_numbers_above_29_bits_are_malformed() {
    assert_eq!(
        ConfigRequest::decode(b"\x00\x00"),
        Err(DecodeError::Malformed("field number 0"))
    );
    let bit_29 = b"\x80\x80\x80\x80\x10\x00";
    assert_eq!(
        ConfigRequest::decode(bit_29),
        Err(DecodeError::Malformed("field number above 2^29"))
    );
}

#[test]
fn length_beyond_the_input_is_truncated_however_large() {
    assert_eq!(ConfigRequest::decode(b"\x62\x01"), Err(DecodeError::Truncated));
    let all_ones = b"\x62\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    assert_eq!(ConfigRequest::decode(all_ones), Err(DecodeError::Truncated));
}

#[test]
fn negative_number_takes_ten_bytes() {
    let config = SetConfig {
        channel: -1,
        ..SetConfig::default()
    };
    let bytes = b"\x08\x02\x62\x0b\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
    assert_eq!(ConfigRequest::SetConfig(config).encoded(), bytes);
    assert_eq!(ConfigRequest::decode(bytes), Ok(ConfigRequest::SetConfig(config)));
}

#[test]
fn enumeration_keeps_numbers_without_a_name() {
    let status = StationStatus {
        status: Status::Other(8),
        state: StationState::Other(-4),
        detail: Some(StationDetail::FailReason(WifiFailReason::Other(2))),
    };
    let bytes = ConfigResponse::GetStatus(status).encoded();
    assert_eq!(ConfigResponse::decode(&bytes), Ok(ConfigResponse::GetStatus(status)));
    let session = SessionData {
        sec_ver: Scheme::Other(3),
        payload: None,
    };
    assert_eq!(SessionData::decode(b"\x10\x03"), Ok(session));
}

#[test]
fn auth_modes_beyond_the_protocol_are_read_and_named() {
    let modes = (0..17).map(AuthMode::from);
    let names: Vec<_> = modes.clone().map(|mode| mode.to_string()).collect();
    let expected = "Open WEP WPA_PSK WPA2_PSK WPA_WPA2_PSK WPA2_ENTERPRISE WPA3_PSK WPA2_WPA3_PSK WAPI_PSK OWE \
        WPA3_ENT_192 AUTH_11 AUTH_12 AUTH_13 AUTH_14 AUTH_15 AUTH_16";
    assert_eq!(names.join(" "), expected);
    assert!(modes.clone().map(i32::from).eq(0..17));
    let open: Vec<_> = modes.filter(|mode| !mode.needs_passphrase()).collect();
    assert_eq!(open, [AuthMode::Open, AuthMode::Owe]);
}

#[test]
fn session_keeps_what_the_schemes_judge_themselves() {
    let scheme1_number_with_payload_of_scheme0 = b"\x10\x01\x52\x07\x08\x07\xaa\x01\x02\x08\x04";
    let body = Some(Sec0Body::Response {
        status: Status::InvalidArgument,
    });
    let payload = Some(SessionPayload::Sec0 { msg: 7, body });
    let expected = SessionData {
        sec_ver: Scheme::Security1,
        payload,
    };
    assert_eq!(
        SessionData::decode(scheme1_number_with_payload_of_scheme0),
        Ok(expected)
    );
}

#[test]
fn buffer_too_small_is_told_and_left_alone() {
    let request = ConfigRequest::SetConfig(SetConfig {
        ssid: b"ssid",
        ..SetConfig::default()
    });
    let needed = request.encoded_len();
    for available in 0..needed {
        let mut out = vec![0xEE; available];
        assert_eq!(request.encode(&mut out), Err(EncodeError { needed, available }));
        assert!(out.iter().all(|byte| *byte == 0xEE));
    }
}

#[test]
fn debug_shows_the_network_name_but_no_secret() {
    let config = SetConfig {
        ssid: b"caf\xc3\xa9\xff\n\"",
        passphrase: b"opensesame",
        bssid: &[7; 6],
        channel: 3,
    };
    let shown = format!(
        "{:?} {:#?} {config:?}",
        ConfigRequest::SetConfig(config),
        ConfigRequest::SetConfig(config)
    );
    assert!(shown.contains("\"café\u{fffd}\\n\\\"\""), "{shown}");
    assert_eq!(shown.matches("<hidden>").count(), 3);
    assert_secret_absent(&shown, b"opensesame");

    let dataset = b"\x05\x10networkkey123456";
    let shown = format!("{:?}", ConfigRequest::SetThreadConfig { dataset });
    assert_eq!(shown, "SetThreadConfig { dataset: <hidden> }");
    assert_secret_absent(&shown, dataset);
}

#[test]
fn fail_reason_is_written_even_if_0_and_replaces_other_details() {
    let connected_then_reason = b"\x08\x01\x5a\x07\x5a\x03\x1a\x01a\x50\x00";
    let reason = StationDetail::FailReason(WifiFailReason::AuthError);
    let status = StationStatus {
        detail: Some(reason),
        ..StationStatus::default()
    };
    assert_eq!(
        ConfigResponse::decode(connected_then_reason),
        Ok(ConfigResponse::GetStatus(status))
    );
    assert_eq!(ConfigResponse::GetStatus(status).encoded(), b"\x08\x01\x5a\x02\x50\x00");

    let reason_then_connected = b"\x08\x01\x5a\x07\x50\x00\x5a\x03\x1a\x01a";
    let connected = StationDetail::Connected(Connected {
        ssid: b"a",
        ..Connected::default()
    });
    let status = StationStatus {
        detail: Some(connected),
        ..StationStatus::default()
    };
    assert_eq!(
        ConfigResponse::decode(reason_then_connected),
        Ok(ConfigResponse::GetStatus(status))
    );
}

/// Neither as text nor as the list of numbers that a derived `Debug` prints.
#[track_caller]
fn assert_secret_absent(shown: &str, secret: &[u8]) {
    let numbers = format!("{secret:?}");
    let text = String::from_utf8_lossy(secret);
    assert!(!shown.contains(&*text), "{shown}");
    assert!(!shown.contains(numbers.trim_matches(['[', ']'])), "{shown}");
}
