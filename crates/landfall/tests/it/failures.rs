//! What goes wrong has a code of its own, a cause and a way out.

use core::time::Duration;
use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    time::Instant,
};

use crate::{
    relay::{Instead, relay, relay_but},
    support::{Device, Finished, LANDFALL, PROVISION, command, landfall},
};

/// The command failed with the problem `code` of docs/errors.md, and said what to do.
#[track_caller]
pub(crate) fn assert_problem(finished: &Finished, code: &str, exit: i32) {
    let all = format!("{}\n{}", finished.stdout, finished.stderr);
    assert!(finished.stderr.contains(&format!("error[{code}]: ")), "{all}");
    assert!(finished.stderr.contains("\ncause: "), "{all}");
    assert!(finished.stderr.contains("\nhint: "), "{all}");
    assert_eq!(finished.code, exit, "{all}");
}

#[test]
fn options_that_make_no_sense_end_with_2() {
    assert_eq!(landfall(&["provision", "--sec-ver", "3"]).code, 2);
    let salted = ["simulate", "--salt", "00", "--verifier", "no hex"];
    assert_problem(&landfall(&salted), "not-hex", 2);
    assert_problem(&landfall(&["send", "x", "zz", "--hex"]), "not-hex", 2);
    assert_problem(&landfall(&["send", "x", ""]), "nothing-to-send", 2);
    assert_problem(&landfall(&["info", "--transport", "console"]), "answer-missing", 2);
    let device = Device::start(&[]);
    let long = "x".repeat(33);
    let provision = [
        "provision",
        "--password",
        "abcd1234",
        "--ssid",
        &long,
        "--passphrase",
        "",
    ];
    assert_problem(&device.client(&provision), "bad-argument", 2);
    assert_problem(
        &device.client(&["provision", "--password", "abcd1234", "--ssid", "home"]),
        "answer-missing",
        2,
    );
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name).display().to_string();
    let unreadable = landfall(&["provision", "--ssid", "x", "--passphrase-file", "/nonexistent"]);
    assert_problem(&unreadable, "file-unreadable", 2);
    assert!(unreadable.stderr.contains("/nonexistent"), "{}", unreadable.stderr);
    let svg = path("no/such/directory.svg");
    assert_problem(&landfall(&["qr", "--name", "x", "--svg", &svg]), "file-unwritable", 1);
    fs::write(path("world.toml"), "[[access_point]]\nssid = 5\n").expect("a file");
    let world = landfall(&["simulate", "--listen", "127.0.0.1:0", "--world", &path("world.toml")]);
    assert_problem(&world, "world-invalid", 2);
    fs::write(path("pop"), b"\xff\xfe").expect("a file");
    let pop = landfall(&["simulate", "--sec-ver", "1", "--pop-file", &path("pop")]);
    assert_problem(&pop, "not-text", 2);
    let state = landfall(&["simulate", "--listen", "127.0.0.1:0", "--state", &path("pop")]);
    assert_problem(&state, "store-unusable", 1);
}

#[test]
fn labels_that_cannot_be_used_are_told_apart() {
    assert_problem(&landfall(&["provision", "--qr", "{\"pop\":"]), "qr-unreadable", 2);
    let pigeon = r#"{"ver":"v1","name":"PROV_261FCC","pop":"abcd1234","transport":"pigeon"}"#;
    assert_problem(
        &landfall(&["provision", "--qr", pigeon, "--ssid", "x", "--passphrase", ""]),
        "qr-transport",
        2,
    );
    assert_problem(&landfall(&["qr", &"x".repeat(3000)]), "qr-too-long", 2);
}

#[test]
fn a_device_that_is_not_there_ends_with_3() {
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("it has one");
    let failed = landfall(&["info", "--host", &address.to_string()]);
    assert_problem(&failed, "unreachable", 3);
    insta::assert_snapshot!(failed.redacted());
    assert_problem(&landfall(&["info", "--port", "/nonexistent/tty"]), "port-unusable", 3);
}

#[test]
fn a_secret_that_the_device_refuses_ends_with_4() {
    for (scheme, flag) in [("1", "--pop"), ("2", "--password")] {
        let device = Device::start(&["--sec-ver", scheme]);
        let failed = device.client(&["scan", flag, "abcd1235"]);
        assert_problem(&failed, "wrong-secret", 4);
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
    assert_problem(&Device::start(&["--sec-ver", "1"]).client(&["scan"]), "pop-missing", 4);
    let failed = Device::start(&["--sec-ver", "2"]).client(&["scan"]);
    assert_problem(&failed, "password-missing", 4);
    insta::assert_snapshot!(failed.redacted());
}

#[test]
fn a_device_that_cannot_prove_itself_is_an_impostor() {
    let device = Device::start(&["--sec-ver", "2"]);
    let mut seen = 0;
    let address = relay(&device.host, move |endpoint, mut body| {
        seen += usize::from(endpoint == "prov-session");
        if endpoint == "prov-session" && seen == 2 {
            // The device's proof fills most of its second answer.
            let middle = body.len() / 2;
            body[middle] ^= 1;
        }
        Some(body)
    });
    let failed = landfall(&["scan", "--password", "abcd1234", "--host", &address]);
    assert_problem(&failed, "impostor", 4);
}

#[test]
fn a_wrong_passphrase_ends_with_5_and_the_right_one_then_works() {
    let device = Device::start(&["--attempts", "2"]);
    let failed = device.client(&[&PROVISION[..], &["--passphrase", "notmypassword"]].concat());
    assert_problem(&failed, "wrong-passphrase", 5);
    insta::assert_snapshot!(failed.redacted());
    assert_eq!(device.client(&PROVISION).code, 0);
}

#[test]
fn a_network_that_is_not_there_ends_with_6() {
    let device = Device::start(&["--attempts", "1"]);
    let failed = device.client(&[&PROVISION[..], &["--ssid", "nosuch"]].concat());
    assert_problem(&failed, "network-not-found", 6);
    insta::assert_snapshot!(failed.redacted());
}

#[test]
fn a_device_that_sees_no_network_at_all_ends_with_6() {
    let directory = tempfile::tempdir().expect("a directory");
    let world = directory.path().join("world.toml");
    fs::write(&world, "access_point = []\n").expect("a file");
    let device = Device::start(&["--world", &world.display().to_string()]);
    assert_problem(
        &device.client(&["provision", "--password", "abcd1234"]),
        "no-networks",
        6,
    );
}

#[test]
fn a_device_that_comes_to_no_result_ends_with_7() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("it has one").to_string();
    assert_problem(
        &landfall(&["info", "--host", &address, "--timeout", "1"]),
        "no-answer",
        7,
    );

    let directory = tempfile::tempdir().expect("a directory");
    let world = directory.path().join("world.toml");
    let slow = "[[access_point]]\nssid = \"myssid\"\npassphrase = \"mypassword\"\njoin_ms = 60000\n";
    fs::write(&world, slow).expect("a file");
    let device = Device::start(&["--world", &world.display().to_string()]);
    let failed = device.client(&[&PROVISION[..], &["--timeout", "8"]].concat());
    assert_problem(&failed, "no-result", 7);
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
    assert_problem(&device.client(&["scan"]), "busy", 8);
}

#[test]
fn a_device_that_goes_away_is_told_from_one_that_refuses() {
    let device = Device::start(&["--sec-ver", "0"]);
    // What ends inside the answer is no refusal.
    let cut = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = cut.local_addr().expect("it has one").to_string();
    std::thread::spawn(move || {
        for mut stream in cut.incoming().flatten() {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"prov\"");
        }
    });
    assert_problem(&landfall(&["info", "--host", &address]), "connection-lost", 1);
    assert_problem(&device.client(&["send", "prov-config", "x"]), "request-refused", 1);
    assert_problem(&device.client(&["send", "nosuch", "x"]), "no-such-endpoint", 1);
}

#[test]
fn what_is_no_device_is_told_so() {
    for answer in [
        "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<html>It works!",
    ] {
        let web = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = web.local_addr().expect("it has one").to_string();
        std::thread::spawn(move || {
            for mut stream in web.incoming().flatten() {
                let _ = stream.read(&mut [0; 1024]);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        assert_problem(&landfall(&["info", "--host", &address]), "not-a-device", 1);
    }
}

/// A device of security 1 that says `version` of itself, or for which somebody on the way says so.
fn pretender(device: &Device, version: &'static str) -> String {
    relay(&device.host, move |endpoint, body| {
        Some(if endpoint == "proto-ver" { version.into() } else { body })
    })
}

#[test]
fn a_device_that_claims_to_need_no_secret_gets_no_passphrase_from_who_has_one() {
    let device = Device::start(&["--sec-ver", "1", "--pop", ""]);
    let address = pretender(
        &device,
        r#"{"prov":{"ver":"v1.1","sec_ver":1,"cap":["wifi_scan","no_pop"]}}"#,
    );
    for secret in [["--password", "abcd1234"], ["--pop", "abcd1234"]] {
        let wanted = [
            "provision",
            "--ssid",
            "myssid",
            "--passphrase",
            "mypassword",
            "--host",
            &address,
        ];
        let tried = landfall(&[&wanted[..], &secret].concat());
        assert_problem(&tried, "downgrade", 1);
        assert!(tried.stderr.contains("--sec-ver 1"), "{}", tried.stderr);
    }
}

/// Devices before ESP-IDF v5.1 have no `prov-ctrl`: some time after a failure they forget it by themselves (spec
/// versions.md 3).
#[test]
fn a_device_that_cannot_be_told_to_forget_a_failure_is_given_time_for_it() {
    let device = Device::start(&["--sec-ver", "0"]);
    let start = Instant::now();
    let address = relay_but(
        &device.host,
        move |endpoint, request| {
            let has_failed = start.elapsed() < Duration::from_secs(3);
            match (endpoint, request) {
                ("prov-ctrl", _) => Some(Instead::NotFound),
                // GetStatus: ConnectionFailed, by a wrong passphrase (spec protocol.md 8.1).
                ("prov-config", [0x52, ..]) if has_failed => {
                    Some(Instead::Body(&[0x08, 0x01, 0x5a, 0x04, 0x10, 0x03, 0x50, 0x00]))
                }
                // ApplyConfig: InternalError.
                ("prov-config", [0x08, 0x04, ..]) if has_failed => {
                    Some(Instead::Body(&[0x08, 0x05, 0x7a, 0x02, 0x08, 0x05]))
                }
                _ => None,
            }
        },
        |_, body| Some(body),
    );
    let wanted = ["provision", "--ssid", "myssid", "--passphrase", "mypassword"];
    let tried = landfall(&[&wanted[..], &["--host", &address]].concat());
    assert_eq!(tried.code, 0, "{}\n{}", tried.stdout, tried.stderr);
    assert!(start.elapsed() >= Duration::from_secs(3));
}

#[test]
fn a_scheme_that_nobody_knows_is_not_taken_for_one_that_lacks_its_secret() {
    let device = Device::start(&["--sec-ver", "1"]);
    let address = pretender(&device, r#"{"prov":{"ver":"v9","sec_ver":3,"cap":["wifi_scan"]}}"#);
    let tried = landfall(&["scan", "--password", "abcd1234", "--host", &address]);
    assert_problem(&tried, "scheme-unknown", 1);
    assert!(tried.stderr.contains("security 3"), "{}", tried.stderr);
}

#[test]
fn a_scheme_that_does_not_fit_is_told_so() {
    let device = Device::start(&["--sec-ver", "1"]);
    let other = device.client(&["scan", "--sec-ver", "2", "--password", "abcd1234"]);
    assert_problem(&other, "scheme-mismatch", 1);
    // The answer of firmware from before the announcement (spec versions.md).
    let old = relay(&device.host, |endpoint, body| {
        Some(if endpoint == "proto-ver" {
            b"SUCCESS".to_vec()
        } else {
            body
        })
    });
    assert_problem(
        &landfall(&["scan", "--pop", "abcd1234", "--host", &old]),
        "scheme-unknown",
        1,
    );
}

#[test]
fn a_handshake_that_makes_no_sense_opens_no_session() {
    let device = Device::start(&["--sec-ver", "1"]);
    let address = relay(&device.host, |endpoint, body| {
        // The key is cut off, and the lengths around it go with it: nothing of it can be read.
        Some(if endpoint == "prov-session" { vec![0x08] } else { body })
    });
    assert_problem(
        &landfall(&["scan", "--pop", "abcd1234", "--host", &address]),
        "no-session",
        1,
    );
}

/// Provisions the device of security 0 at `address`.
fn provision_plainly(address: &str) -> Finished {
    let options = ["--ssid", "nosuch", "--passphrase", "", "--timeout", "10"];
    landfall(&[&["provision", "--host", address], &options[..]].concat())
}

#[test]
fn answers_that_break_the_protocol_are_not_believed() {
    let device = Device::start(&["--sec-ver", "0", "--attempts", "1"]);
    let address = relay(&device.host, |endpoint, body| {
        Some(if endpoint == "prov-scan" {
            b"nonsense".to_vec()
        } else {
            body
        })
    });
    assert_problem(&landfall(&["scan", "--host", &address]), "bad-answer", 1);

    // SetConfig answered with InvalidArgument (spec protocol.md 8.1).
    let address = relay(&device.host, |endpoint, body| {
        Some(if endpoint == "prov-config" {
            b"\x08\x03\x6a\x02\x08\x02".to_vec()
        } else {
            body
        })
    });
    assert_problem(&provision_plainly(&address), "status-refused", 1);

    // A failure for a reason that has no name.
    let address = relay(&device.host, |endpoint, mut body| {
        if endpoint == "prov-config" && body.ends_with(b"\x10\x03\x50\x01") {
            body.pop();
            body.push(9);
        }
        Some(body)
    });
    assert_problem(&provision_plainly(&address), "not-joined", 1);
}

#[test]
fn what_a_device_does_not_offer_is_told_so() {
    let device = Device::start(&["--sec-ver", "0"]);
    assert_problem(&device.client(&["reprovision"]), "reprovision-refused", 1);
    let stays = Device::start(&["--no-auto-stop"]);
    assert_eq!(stays.client(&PROVISION).code, 0);
    let reset = stays.client(&["reset", "--password", "abcd1234"]);
    assert_problem(&reset, "reset-refused", 1);
    let address = relay(&device.host, |endpoint, body| {
        let text = String::from_utf8_lossy(&body).replace("wifi_scan", "no_scans_");
        Some(if endpoint == "proto-ver" {
            text.into_bytes()
        } else {
            body
        })
    });
    assert_problem(&landfall(&["scan", "--host", &address]), "scan-unsupported", 1);
}

#[test]
fn an_address_that_is_taken_is_told_so() {
    let device = Device::start(&[]);
    let second = landfall(&["simulate", "--listen", &device.host]);
    assert_problem(&second, "address-taken", 1);
}

#[test]
fn every_problem_of_the_documentation_is_provoked_by_a_test() {
    let documented = include_str!("../../../../docs/errors.md");
    let codes: Vec<&str> = documented
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .collect();
    assert!(codes.len() > 30, "{codes:?}");
    let directory = |path: &str| fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("it is there");
    let sources: String = directory("tests/it")
        .chain(directory("tests/it/snapshots"))
        .chain(directory("../../lab"))
        .filter_map(|entry| fs::read_to_string(entry.expect("it can be listed").path()).ok())
        .collect();
    let is_there = |code: &str| {
        [format!("{code}\""), format!("error[{code}]")]
            .iter()
            .any(|text| sources.contains(text))
    };
    let unprovoked: Vec<&&str> = codes
        .iter()
        .filter(|code| !UNPROVOKED.contains(code) && !is_there(code))
        .collect();
    assert!(unprovoked.is_empty(), "no test provokes {unprovoked:?}");
}

/// What only a broken system or a broken program shows, and what is provoked elsewhere.
const UNPROVOKED: [&str; 9] = [
    "system-refuses",
    "device-broken",
    // Needs a Bluetooth service that answers what no version of it is known to answer.
    "bluetooth-broken",
    // Need radios, and services that refuse what those of the lab never do.
    "wifi-broken",
    "wifi-not-permitted",
    "RuntimeError: the system refuses what the program needs",
    // Only a terminal has its Ctrl-C: tests/terminal.
    "KeyboardInterrupt: interrupted",
    // The text is replaced by one that says which value: esp_prov_thread.rs.
    "ValueError: a value that was given cannot be used",
    // Needs a console that ends lines at 255 characters: the testkit's console tests.
    "request-too-long",
];

#[test]
fn a_failure_is_an_event_too() {
    let device = Device::start(&[]);
    let failed = device.client(&["scan", "--json", "--password", "wrong"]);
    let error = failed.events().pop().expect("an event");
    assert_eq!(
        (
            error["event"].as_str(),
            error["code"].as_u64(),
            error["problem"].as_str()
        ),
        (Some("error"), Some(4), Some("wrong-secret"))
    );
    assert!(error["hints"].as_array().is_some_and(|hints| !hints.is_empty()));
}

#[test]
fn a_device_that_wants_no_secret_where_one_was_given_is_refused_unless_meant() {
    let device = Device::start(&["--sec-ver", "0"]);
    assert_problem(&device.client(&["scan", "--password", "abcd1234"]), "downgrade", 1);
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
    assert_problem(
        &device.client(&["scan", "--password", "abcd1234", "--require-patched"]),
        "insecure-device",
        1,
    );
}
