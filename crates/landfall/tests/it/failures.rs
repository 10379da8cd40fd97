//! What goes wrong has a code of its own, a cause and a way out.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
};

use crate::support::{Device, Finished, LANDFALL, command, landfall};

#[track_caller]
fn assert_code(finished: &Finished, code: i32) {
    assert_eq!(finished.code, code, "{}\n{}", finished.stdout, finished.stderr);
    assert!(finished.stderr.starts_with("error: "), "{}", finished.stderr);
    assert!(finished.stderr.contains("\nhint: "), "{}", finished.stderr);
}

#[test]
fn a_command_line_that_makes_no_sense_ends_with_2() {
    assert_eq!(landfall(&["provision", "--sec-ver", "3"]).code, 2);
    assert_code(&landfall(&["simulate", "--salt", "00", "--verifier", "no hex"]), 2);
    assert_code(&landfall(&["send", "x", "zz", "--hex"]), 2);
    assert_code(
        &landfall(&["provision", "--ssid", "x", "--passphrase-file", "/nonexistent"]),
        2,
    );
}

#[test]
fn a_device_that_is_not_there_ends_with_3() {
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("it has one");
    let failed = landfall(&["info", "--host", &address.to_string()]);
    assert_code(&failed, 3);
    insta::assert_snapshot!(failed.redacted());
}

#[test]
fn a_secret_that_the_device_refuses_ends_with_4() {
    for (scheme, flag) in [("1", "--pop"), ("2", "--password")] {
        let device = Device::start(&["--sec-ver", scheme]);
        let failed = device.client(&["scan", flag, "abcd1235"]);
        assert_code(&failed, 4);
        device.wait_for("Received incorrect username and/or PoP for establishing secure session!");
        assert_eq!(
            device.client(&["send", "custom-data", "x", flag, "abcd1234"]).code,
            0,
            "the next honest client gets in"
        );
    }
}

#[test]
fn a_secret_that_nobody_gave_ends_with_4() {
    assert_code(&Device::start(&["--sec-ver", "1"]).client(&["scan"]), 4);
    let failed = Device::start(&["--sec-ver", "2"]).client(&["scan"]);
    assert_code(&failed, 4);
    insta::assert_snapshot!(failed.redacted());
}

#[test]
fn a_wrong_passphrase_ends_with_5_and_the_right_one_then_works() {
    let device = Device::start(&["--attempts", "2"]);
    let provision = |passphrase| {
        device.client(&[
            "provision",
            "--password",
            "abcd1234",
            "--ssid",
            "myssid",
            "--passphrase",
            passphrase,
        ])
    };
    let failed = provision("notmypassword");
    assert_code(&failed, 5);
    insta::assert_snapshot!(failed.redacted());
    assert_eq!(provision("mypassword").code, 0);
}

#[test]
fn a_network_that_is_not_there_ends_with_6() {
    let device = Device::start(&["--attempts", "1"]);
    let failed = device.client(&[
        "provision",
        "--password",
        "abcd1234",
        "--ssid",
        "nosuch",
        "--passphrase",
        "mypassword",
    ]);
    assert_code(&failed, 6);
    insta::assert_snapshot!(failed.redacted());
}

#[test]
fn a_device_that_does_not_answer_ends_with_7() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("it has one").to_string();
    assert_code(&landfall(&["info", "--host", &address, "--timeout", "1"]), 7);
}

#[test]
fn a_device_at_work_for_another_client_ends_with_8() {
    let device = Device::start(&["--sec-ver", "0"]);
    let mut first = TcpStream::connect(&device.host).expect("it listens");
    // Security 0's request for a session (spec protocol.md 4): the client is in the middle of its work.
    first
        .write_all(b"POST /prov-session HTTP/1.1\r\nContent-Length: 5\r\n\r\n\x52\x03\xa2\x01\x00")
        .expect("it reads");
    assert_ne!(first.read(&mut [0; 512]).expect("it answers"), 0);
    assert_code(&device.client(&["scan"]), 8);
}

#[test]
fn a_failure_is_an_event_too() {
    let device = Device::start(&[]);
    let failed = device.client(&["scan", "--json", "--password", "wrong"]);
    let error = failed.events().pop().expect("an event");
    assert_eq!(
        (error["event"].as_str(), error["code"].as_u64()),
        (Some("error"), Some(4))
    );
    assert!(error["hints"].as_array().is_some_and(|hints| !hints.is_empty()));
}

#[test]
fn a_device_that_wants_no_secret_where_one_was_given_is_refused_unless_meant() {
    let device = Device::start(&["--sec-ver", "0"]);
    assert_code(&device.client(&["scan", "--password", "abcd1234"]), 1);
    assert_eq!(
        device
            .client(&["scan", "--password", "abcd1234", "--sec-ver", "0"])
            .code,
        0
    );
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let script = format!("set -o pipefail; {LANDFALL} demo --sec-ver 0 | head -n 1");
    assert_eq!(
        command("bash", &["-c", &script])
            .output()
            .expect("bash runs")
            .status
            .code(),
        Some(0)
    );
}

#[test]
fn a_device_of_2022_is_refused_where_that_is_asked_for() {
    let device = Device::start(&["--insecure-static-nonce"]);
    assert_code(
        &device.client(&["scan", "--password", "abcd1234", "--require-patched"]),
        1,
    );
}
