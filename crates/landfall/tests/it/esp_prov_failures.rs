//! What ends `esp_prov.py` with a traceback ends `esp-prov` with a line, a cause and a way out.

use crate::{
    relay::relay,
    support::{Device, ESP_PROV, Finished, command, run},
};

/// Runs `esp-prov` against a device of security 0 whose answers `change` has gone over.
fn esp_prov(
    args: &[&str],
    change: impl FnMut(&str, Vec<u8>) -> Option<Vec<u8>> + Send + 'static,
) -> (Device, Finished) {
    let device = Device::start(&["--sec-ver", "0"]);
    let address = relay(&device.host, change);
    let finished = run(command(
        ESP_PROV,
        &[&["--transport", "softap", "--service_name", &address], args].concat(),
    ));
    (device, finished)
}

#[test]
fn custom_data_that_is_refused_ends_with_1() {
    let args = [
        "--custom_data",
        "hello",
        "--ssid",
        "myssid",
        "--passphrase",
        "mypassword",
    ];
    let (_device, finished) = esp_prov(&args, |endpoint, body| (endpoint != "custom-data").then_some(body));
    finished.assert_raised("RuntimeError: Error in custom data");
}

#[test]
fn a_device_that_cannot_scan_ends_with_1_where_no_network_is_named() {
    let (_device, finished) = esp_prov(&[], |endpoint, body| {
        let text = String::from_utf8_lossy(&body).replace("wifi_scan", "no_scans_");
        Some(if endpoint == "proto-ver" {
            text.into_bytes()
        } else {
            body
        })
    });
    finished.assert_raised("RuntimeError: Wi-Fi Scan List is not supported by provisioning service");
}

#[test]
fn a_scan_that_is_refused_ends_with_1() {
    let (_device, finished) = esp_prov(&[], |endpoint, body| (endpoint != "prov-scan").then_some(body));
    finished.assert_raised("RuntimeError: Error in scanning Wi-Fi APs");
}

#[test]
fn credentials_that_are_refused_end_with_1() {
    let args = ["--ssid", "myssid", "--passphrase", "mypassword"];
    let (_device, finished) = esp_prov(&args, |endpoint, body| {
        // SetConfig answered with InvalidArgument (spec protocol.md 8.1).
        Some(if endpoint == "prov-config" {
            b"\x08\x03\x6a\x02\x08\x02".to_vec()
        } else {
            body
        })
    });
    finished.assert_raised("RuntimeError: Error in send Wi-Fi config");

    let (_device, finished) = esp_prov(&args, |endpoint, body| {
        // ApplyConfig answered with InternalError.
        let applied = endpoint == "prov-config" && body.starts_with(b"\x08\x05");
        Some(if applied {
            b"\x08\x05\x7a\x02\x08\x05".to_vec()
        } else {
            body
        })
    });
    finished.assert_raised("RuntimeError: Error in apply Wi-Fi config");
}
