//! The commands that talk to a device, on their good days.

use crate::support::{Device, LANDFALL, PROVISION, command, with_input};

#[test]
fn a_device_is_provisioned_and_both_ends_tell_of_it() {
    let device = Device::start(&["--once"]);
    let done = device.client(&PROVISION);
    insta::assert_snapshot!("client", done.redacted());
    device.wait_for("Provisioning stopped");
    insta::assert_snapshot!("device", crate::support::redact(&without_hello(&device.log())));
    assert_eq!(device.wait().0, Some(0));
}

/// The application's greetings come when they come.
pub(crate) fn without_hello(log: &str) -> String {
    log.lines()
        .filter(|line| !line.contains("Hello World!"))
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn each_scheme_says_what_it_needs() {
    let mut all = String::new();
    for args in [
        ["--sec-ver", "0", "--generation", "wifi"],
        ["--sec-ver", "1", "--generation", "network"],
        ["--sec-ver", "1", "--pop", ""],
        ["--sec-ver", "2", "--insecure-static-nonce", "--no-auto-stop"],
    ] {
        all += &Device::start(&args).client(&["info"]).redacted();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn each_scheme_carries_a_request() {
    for (device, client) in [
        (&["--sec-ver", "0"][..], &[][..]),
        (&["--sec-ver", "1"], &["--pop", "abcd1234"]),
        (&["--sec-ver", "1", "--pop", ""], &[]),
        (&["--sec-ver", "2"], &["--password", "abcd1234"]),
        (
            &["--username", "zed", "--password", "word"],
            &["--username", "zed", "--password", "word"],
        ),
        (&["--insecure-static-nonce"], &["--password", "abcd1234"]),
    ] {
        let device = Device::start(device);
        let answer = device.client(&[&["send", "custom-data", "0x\x1b"], client].concat());
        assert_eq!(
            (answer.code, answer.stdout.lines().last()),
            (0, Some("SUCCESS\\x00")),
            "{client:?}: {}",
            answer.stderr
        );
        device.wait_for("Received data: 0x\\x1b");
    }
}

#[test]
fn an_answer_can_be_had_as_it_is_and_data_as_hex() {
    let device = Device::start(&[]);
    let answer = device.client(&[
        "send",
        "custom-data",
        "68 69",
        "--hex",
        "--raw",
        "--password",
        "abcd1234",
    ]);
    assert_eq!((answer.code, answer.stdout.as_str()), (0, "SUCCESS\0"));
    device.wait_for("Received data: hi");
}

#[test]
fn a_scan_is_a_table_sorted_by_strength() {
    let device = Device::start(&[]);
    insta::assert_snapshot!("plain", device.client(&["scan", "--password", "abcd1234"]).redacted());
    let colored = device.client(&["scan", "--password", "abcd1234", "--color", "always"]);
    insta::assert_snapshot!("colored", colored.redacted());
}

#[test]
fn the_network_is_chosen_by_number_from_a_pipe() {
    let device = Device::start(&[]);
    let args = ["provision", "--password", "abcd1234", "--host", &device.host];
    let done = with_input(command(LANDFALL, &args), "9\n0\n2\nmypassword\n");
    insta::assert_snapshot!(done.redacted());
}

#[test]
fn an_open_network_needs_no_passphrase() {
    let device = Device::start(&[]);
    let done = with_input(
        command(
            LANDFALL,
            &["provision", "--password", "abcd1234", "--host", &device.host],
        ),
        "4\n",
    );
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stdout.contains("The device is on InsecureWiFiAP"));
}

#[test]
fn the_text_of_the_qr_code_is_all_that_is_needed() {
    let device = Device::start(&[]);
    let url = device.wait_for("qrcode.html?data=");
    let answer = device.client(&["send", "custom-data", "x", "--qr", &url]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
}

#[test]
fn machines_get_one_event_a_line() {
    let device = Device::start(&[]);
    let done = device.client(&[
        "provision",
        "--json",
        "--password",
        "abcd1234",
        "--ssid",
        "myssid",
        "--passphrase",
        "mypassword",
    ]);
    let mut names = done.event_names();
    names.dedup();
    assert_eq!(
        names,
        [
            "session_established",
            "credentials_sent",
            "applied",
            "connecting",
            "joined"
        ]
    );
    let joined = done.events().pop().expect("events");
    assert_eq!(
        (joined["ssid"].as_str(), joined.get("ssid_hex")),
        (Some("myssid"), None)
    );
    assert!(joined["ip"].is_string() && joined["at_ms"].is_u64());

    let device = Device::start(&[]);
    let scanned = device
        .client(&["scan", "--json", "--password", "abcd1234"])
        .events()
        .pop()
        .expect("events");
    assert_eq!(scanned["networks"][0]["bssids"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_device_that_stays_in_service_is_provisioned_again() {
    let device = Device::start(&["--no-auto-stop"]);
    let provision = [
        "provision",
        "--password",
        "abcd1234",
        "--ssid",
        "myssid",
        "--passphrase",
        "mypassword",
    ];
    assert_eq!(device.client(&provision).code, 0);
    let again = device.client(&["reprovision", "--password", "abcd1234"]);
    assert_eq!(
        (again.code, again.stdout.lines().last()),
        (0, Some("The device has left its network and accepts new credentials."))
    );
    assert_eq!(device.client(&provision).code, 0);
}

#[test]
fn quiet_leaves_the_result_alone() {
    let device = Device::start(&[]);
    let done = device.client(&[
        "provision",
        "-q",
        "--password",
        "abcd1234",
        "--ssid",
        "myssid",
        "--passphrase",
        "mypassword",
    ]);
    assert_eq!((done.stdout.lines().count(), done.stderr.as_str()), (1, ""));
}
