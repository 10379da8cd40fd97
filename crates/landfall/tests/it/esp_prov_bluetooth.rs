//! `esp-prov --transport ble` over Bluetooth itself: devices and client are on virtual controllers.

use crate::{
    air::{Air, Beacon},
    esp_prov_user::assert_documented,
    support::{Device, ESP_PROV, Finished, command, redact, with_input},
};

const NETWORK: [&str; 4] = ["--ssid", "myssid", "--passphrase", "mypassword"];

/// What is in range besides.
const HEADPHONES: Beacon = Beacon {
    name: "BT_DEVICE_SBC",
    number: 0x0f,
    rssi: -50,
    service: None,
};
const NAMELESS: Beacon = Beacon {
    name: "",
    number: 0x10,
    ..HEADPHONES
};

/// A device on an air of its own, when it advertises.
#[track_caller]
fn device_on(air: &Air, args: &[&str]) -> Device {
    Device::over_bluetooth(air.of_device(), args)
}

/// Runs `esp-prov` on the client's controller, with `input` at its standard input.
fn esp_prov(air: &Air, args: &[&str], input: &str) -> Finished {
    let mut command = command(ESP_PROV, &[&["--transport", "ble"], args].concat());
    command.env("LANDFALL_HCI", air.of_client());
    with_input(command, input)
}

#[test]
fn a_device_is_chosen_by_number_and_provisioned() {
    let air = Air::with(&[HEADPHONES, NAMELESS]);
    let device = device_on(&air, &["--sec-ver", "2"]);
    let finished = esp_prov(&air, &["--passphrase", "mypassword"], "4\n1\nwifiprov\nabcd1234\n1\n");
    assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);
    insta::assert_snapshot!(redact(&finished.stdout));
    device.wait_for("Provisioning stopped");
    assert!(device.log().contains("BLE transport: Connected!"), "{}", device.log());
}

#[test]
fn the_documented_session_is_what_is_printed() {
    let air = Air::with(&[HEADPHONES, NAMELESS]);
    let _device = device_on(&air, &["--sec-ver", "1"]);
    let args = ["--sec_ver", "1", "--pop", "abcd1234"];
    let finished = esp_prov(&air, &[&args[..], &NETWORK].concat(), "1\n");
    assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);
    // Between question and choice a person sees what was typed.
    let shown = finished.stdout.replace("(0 to rescan) : ", "(0 to rescan) : 1\n");
    assert_documented(&shown);
}

#[test]
fn a_device_is_named_and_everything_given() {
    let air = Air::with(&[]);
    let device = device_on(&air, &["--sec-ver", "1"]);
    let args = [
        "--service_name",
        "PROV_261FCC",
        "--pop",
        "abcd1234",
        "--custom_data",
        "hello",
    ];
    let finished = esp_prov(&air, &[&args[..], &NETWORK].concat(), "");
    assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);
    device.wait_for("Received data: hello");
    let begin = "Discovering...\nConnecting...\nGetting Services...\n==== Security Scheme: 1 ====\n";
    assert!(finished.stdout.starts_with(begin), "{}", finished.stdout);
    let end = "==== Provisioning was successful ====\nDisconnecting...\n";
    assert!(finished.stdout.ends_with(end), "{}", finished.stdout);
}

#[test]
fn a_wrong_secret_is_told_and_the_device_let_go() {
    let air = Air::with(&[]);
    let device = device_on(&air, &["--sec-ver", "2"]);
    let args = [
        "--service_name",
        "PROV_261FCC",
        "--sec2_username",
        "wifiprov",
        "--sec2_pwd",
        "wrong",
    ];
    let finished = esp_prov(&air, &[&args[..], &NETWORK].concat(), "");
    finished.assert_raised("RuntimeError: Error in establishing session");
    let end = "\n==== Starting Session ====\n\
        Connection Failure : the device refused the request without an answer\n\
        Failed to establish session. Ensure that security scheme and proof of possession are correct\n\
        Disconnecting...\n";
    assert!(finished.stdout.ends_with(end), "{}", finished.stdout);
    device.wait_for("BLE transport: Disconnected!");
    let right = [
        "--service_name",
        "PROV_261FCC",
        "--sec2_username",
        "wifiprov",
        "--sec2_pwd",
        "abcd1234",
    ];
    assert_eq!(esp_prov(&air, &[&right[..], &NETWORK].concat(), "").code, 0);
}

#[test]
fn a_device_that_nobody_hears_is_not_found() {
    let air = Air::with(&[]);
    let finished = esp_prov(&air, &[], "");
    finished.assert_raised("RuntimeError: Failed to establish connection");
    assert_eq!(finished.stdout, "Discovering...\nNo devices found!\n");
    let _device = device_on(&air, &[]);
    let finished = esp_prov(&air, &["--service_name", "prov_261fcc"], "");
    finished.assert_raised("RuntimeError: Failed to establish connection");
    assert_eq!(finished.stdout, "Discovering...\nDevice not found\n");
}

#[test]
fn zero_scans_again() {
    let air = Air::with(&[]);
    let _device = device_on(&air, &["--sec-ver", "0"]);
    let finished = esp_prov(&air, &["--reset"], "0\n1\n");
    assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);
    let lists = finished.stdout.matches("==== BLE Discovery results ====").count();
    assert_eq!(lists, 2, "{}", finished.stdout);
    assert_eq!(
        finished.stdout.matches("Discovering...").count(),
        1,
        "{}",
        finished.stdout
    );
}

#[test]
fn a_controller_that_is_not_there_is_told() {
    let mut nowhere = command(ESP_PROV, &["--transport", "ble"]);
    nowhere.env("LANDFALL_HCI", "tcp:127.0.0.1:1");
    let finished = with_input(nowhere, "");
    finished.assert_raised("RuntimeError: Failed to establish connection");
    assert!(
        finished
            .stdout
            .contains("Bluetooth cannot be used: the controller at tcp:127.0.0.1:1: "),
        "{}",
        finished.stdout
    );
    let mut nonsense = command(ESP_PROV, &["--transport", "ble"]);
    nonsense.env("LANDFALL_HCI", "tcp:");
    let finished = with_input(nonsense, "");
    assert!(
        finished.stderr.starts_with("ValueError: LANDFALL_HCI: "),
        "{}",
        finished.stderr
    );
}

#[test]
fn without_bluetooth_the_data_is_carried_by_hand() {
    let finished = with_input(command(ESP_PROV, &["--transport", "ble"]), "n\n");
    assert!(
        finished
            .stderr
            .starts_with("note: Bluetooth cannot be used: its service is not running. So you carry the data"),
        "{}",
        finished.stderr
    );
    assert!(
        finished.stdout.starts_with("BLE client is running in console mode\n"),
        "{}",
        finished.stdout
    );
}
