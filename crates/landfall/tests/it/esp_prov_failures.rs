//! What ends `esp_prov.py` with a traceback ends `esp-prov` with a line, a cause and a way out.

use std::{
    io::{self, Read as _, Write as _},
    net::TcpListener,
    process::{Command, Stdio},
    thread,
};

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
    assert!(
        finished
            .stdout
            .ends_with("\n==== Sending Wi-Fi Credentials to Target ====\n"),
        "{}",
        finished.stdout
    );
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
    assert!(
        finished
            .stdout
            .ends_with("\n==== Applying Wi-Fi Config to Target ====\n"),
        "{}",
        finished.stdout
    );
    finished.assert_raised("RuntimeError: Error in apply Wi-Fi config");
}

#[test]
fn an_http_status_is_told_by_its_number() {
    for (status, number) in [("405 Method Not Allowed", 405), ("500 Internal Server Error", 500)] {
        let address = refuser(status);
        let args = ["--transport", "softap", "--service_name", &address];
        let finished = run(command(ESP_PROV, &args));
        let expected = format!(
            "++++ Connecting to {address}++++\n\
             Server responded with error code {number}\n\
             Security capabilities could not be determined, please specify \"--sec_ver\" explicitly\n"
        );
        assert_eq!(finished.stdout, expected);
        finished.assert_raised("ValueError: Invalid Security Version");
    }
}

/// Somebody on a port of this machine who answers every request with an HTTP status: the address.
fn refuser(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it has one").to_string();
    // The thread ends with the test's process.
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let _ = client.read(&mut [0; 1024]);
            let _ = write!(client, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            // Closed with something unread, the connection would be reset.
            let _ = io::copy(&mut client, &mut io::sink());
        }
    });
    address
}

#[test]
fn the_system_s_request_to_end_is_obeyed_at_a_question() {
    let device = Device::start(&["--sec-ver", "1"]);
    let args = ["--transport", "softap", "--service_name", &device.host];
    let mut child = command(ESP_PROV, &args)
        .stdin(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let (mut shown, mut byte) = (String::new(), [0]);
    let mut stderr = child.stderr.take().expect("it was piped");
    while !shown.ends_with("Proof of Possession required: ") {
        stderr.read_exact(&mut byte).expect("it asks");
        shown.push(char::from(byte[0]));
    }
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
    stderr.read_to_string(&mut shown).expect("it prints UTF-8");
    assert_eq!(child.wait().expect("it ends").code(), Some(143), "{shown}");
    assert!(shown.contains("SystemExit: ended by the system"), "{shown}");
}
