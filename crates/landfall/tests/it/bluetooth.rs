//! Devices over Bluetooth, on virtual controllers.

use std::net::TcpListener;

use crate::{
    air::{Air, Beacon},
    failures::assert_problem,
    support::{Device, Finished, LANDFALL, PROVISION, command, landfall, run},
};

const EVERYBODY: [Beacon; 3] = [
    Beacon::device("PROV_weak", 1, -80),
    Beacon::device("PROV_strong", 2, -40),
    Beacon {
        name: "some headphones",
        number: 3,
        rssi: -30,
        service: None,
    },
];

/// A simulated device with development credentials on an air of its own.
#[track_caller]
fn device_on(air: &Air, args: &[&str]) -> Device {
    Device::over_bluetooth(air.of_device(), args)
}

/// Runs `landfall` with `args` and the client's controller.
fn client(air: &Air, args: &[&str]) -> Finished {
    landfall(&[args, &["--hci", air.of_client()]].concat())
}

#[test]
fn the_only_device_on_the_air_is_provisioned_without_being_named() {
    for scheme in ["0", "1", "2"] {
        let air = Air::with(&EVERYBODY[2..]);
        let device = device_on(&air, &["--sec-ver", scheme]);
        let secret: &[&str] = match scheme {
            "0" => &["--sec-ver", "0"],
            "1" => &["--pop", "abcd1234"],
            _ => &["--password", "abcd1234"],
        };
        let network = ["provision", "--ssid", "myssid", "--passphrase", "mypassword", "--json"];
        let finished = client(&air, &[&network, secret].concat());
        assert_eq!(finished.code, 0, "{}\n{}", finished.stdout, finished.stderr);
        let events = finished.event_names();
        for expected in [
            "bluetooth_scanning",
            "bluetooth_found",
            "bluetooth_connecting",
            "joined",
        ] {
            assert!(events.iter().any(|event| event == expected), "{expected}: {events:?}");
        }
        device.wait_for("Provisioning successful");
    }
}

#[test]
fn every_command_finds_a_device_by_its_name_and_by_its_address() {
    let air = Air::with(&EVERYBODY);
    let _device = device_on(&air, &["--no-auto-stop"]);
    let info = client(&air, &["info", "--device", "PROV_261FCC", "--json"]);
    assert_eq!(info.code, 0, "{}", info.stderr);
    let events = info.events();
    let found = events
        .iter()
        .find(|event| event["event"] == "bluetooth_connecting")
        .expect("it tells to what it connects");
    assert_eq!(
        (
            found["name"].as_str(),
            found["rssi"].as_i64(),
            found["service"].as_str()
        ),
        (
            Some("PROV_261FCC"),
            Some(-45),
            Some("021a9004-0382-4aea-bff4-6b3f1c5adfb4")
        )
    );
    let address = found["address"].as_str().expect("it has an address");
    let place = events.last().expect("info comes last")["host"].as_str();
    assert_eq!(place, Some(format!("PROV_261FCC ({address})").as_str()));
    let secret = ["--device", address, "--password", "abcd1234"];
    let scan = client(&air, &[&["scan"], &secret[..]].concat());
    assert_eq!(scan.code, 0, "{}", scan.stderr);
    assert!(scan.stdout.contains("MyHomeWiFiAP"), "{}", scan.stdout);
    let sent = client(&air, &[&["send", "custom-data", "hello"], &secret[..]].concat());
    assert_eq!(sent.code, 0, "{}", sent.stderr);
    let reset = client(&air, &[&["reset"], &secret[..]].concat());
    assert_eq!(reset.code, 0, "{}", reset.stderr);
}

#[test]
fn the_words_on_the_way_tell_where_it_goes() {
    let air = Air::with(&[]);
    let _device = device_on(&air, &[]);
    let finished = client(&air, &PROVISION);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    let shown = finished.stdout;
    assert!(shown.contains("Listening for devices over Bluetooth ...\n"), "{shown}");
    assert!(shown.contains("Connecting to PROV_261FCC ("), "{shown}");
}

#[test]
fn a_label_names_the_device_and_its_secret() {
    let air = Air::with(&EVERYBODY);
    let device = device_on(&air, &["--sec-ver", "1"]);
    let name = ["qr", "--name", "PROV_261FCC", "--pop", "abcd1234"];
    let code = landfall(&[&name[..], &["--transport", "ble", "--json"]].concat()).events();
    let label = code[0]["payload"].as_str().expect("the code's text");
    let mut program = command(
        LANDFALL,
        &[
            "provision",
            "--qr",
            label,
            "--ssid",
            "myssid",
            "--passphrase",
            "mypassword",
        ],
    );
    program.env("LANDFALL_HCI", air.of_client());
    let finished = run(program);
    assert_eq!(finished.code, 0, "{}\n{}", finished.stdout, finished.stderr);
    device.wait_for("Provisioning successful");
}

#[test]
fn what_is_typed_counts_before_what_the_label_says() {
    let device = Device::start(&["--sec-ver", "1"]);
    let label = r#"{"ver":"v1","name":"PROV_261FCC","pop":"abcd1234","transport":"ble"}"#;
    let finished = device.client(&["scan", "--qr", label]);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
}

#[test]
fn several_devices_are_listed_where_nobody_can_choose() {
    let air = Air::with(&EVERYBODY);
    let failed = client(&air, &["info"]);
    assert_problem(&failed, "several-devices", 2);
    insta::assert_snapshot!(failed.redacted());
}

#[test]
fn a_device_that_is_not_heard_is_told_with_those_that_are() {
    let air = Air::with(&EVERYBODY);
    let failed = client(&air, &["info", "--device", "PROV_261FCC", "--timeout", "1"]);
    assert_problem(&failed, "device-not-heard", 3);
    insta::assert_snapshot!("a_named_device_is_not_heard", failed.redacted());
    let failed = client(&air, &["info", "--prefix", "ACME_", "--timeout", "1"]);
    assert_problem(&failed, "device-not-heard", 3);
    insta::assert_snapshot!("no_device_with_the_prefix_is_heard", failed.redacted());
    let silent = Air::with(&[]);
    let failed = client(&silent, &["info", "--timeout", "1"]);
    assert_problem(&failed, "device-not-heard", 3);
    insta::assert_snapshot!("nothing_is_heard", failed.redacted());
}

#[test]
fn prefix_and_service_say_which_devices_are_meant() {
    let air = Air::with(&EVERYBODY);
    let service = "0b0a9004-0382-4aea-bff4-6b3f1c5adfb4";
    let device = Device::over_bluetooth(air.of_device(), &["--name", "ACME_1", "--service-uuid", service]);
    let secret = ["scan", "--password", "abcd1234"];
    for which in [["--prefix", "ACME"], ["--service-uuid", service]] {
        let finished = client(&air, &[&secret[..], &which].concat());
        assert_eq!(finished.code, 0, "{which:?}\n{}", finished.stderr);
        device.wait_for("Secured session established!");
    }
    assert_problem(&client(&air, &["info", "--prefix", ""]), "several-devices", 2);
}

#[test]
fn a_device_that_takes_no_connection_is_told_so() {
    let air = Air::with(&EVERYBODY[..1]);
    let failed = client(&air, &["info", "--device", "PROV_weak"]);
    assert_problem(&failed, "bluetooth-unreachable", 3);
    let failed = client(&air, &["info", "--device", "PROV_weak", "--timeout", "3"]);
    assert_problem(&failed, "bluetooth-no-answer", 7);
}

#[test]
fn a_controller_that_is_not_there_is_told_so() {
    let failed = landfall(&["info", "--hci", "tcp:127.0.0.1:1", "--device", "PROV_261FCC"]);
    assert_problem(&failed, "controller-unusable", 3);
    assert!(failed.stderr.contains("tcp:127.0.0.1:1"), "{}", failed.stderr);
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = format!("tcp:{}", silent.local_addr().expect("it has one"));
    let failed = landfall(&["info", "--hci", &silent, "--device", "PROV_261FCC", "--timeout", "1"]);
    assert_problem(&failed, "controller-silent", 7);
}

#[test]
fn options_of_another_transport_are_refused_clearly() {
    for (options, words) in [
        (
            ["--transport", "softap", "--device", "PROV_1"],
            "--device cannot be used with --transport softap",
        ),
        (
            ["--transport", "console", "--adapter", "hci0"],
            "--adapter cannot be used with --transport console",
        ),
        (
            ["--transport", "ble", "--host", "127.0.0.1:1"],
            "--host cannot be used with --transport ble",
        ),
        (
            ["--transport", "http", "--port", "/dev/ttyUSB0"],
            "--port cannot be used with --transport http",
        ),
    ] {
        let failed = landfall(&[&["info"], &options[..]].concat());
        assert_problem(&failed, "bad-argument", 2);
        assert!(failed.stderr.contains(words), "{}", failed.stderr);
    }
    for pair in [
        ["--hci", "tcp:127.0.0.1:1", "--adapter", "hci0"],
        ["--device", "PROV_1", "--host", "127.0.0.1:1"],
        ["--device", "PROV_1", "--prefix", "PROV_"],
        ["--hci", "tcp:127.0.0.1:1", "--port", "/dev/ttyUSB0"],
    ] {
        let failed = landfall(&[&["info"], &pair[..]].concat());
        assert_eq!(failed.code, 2);
        assert!(failed.stderr.contains("cannot be used with"), "{}", failed.stderr);
    }
    let mut both = command(LANDFALL, &["info", "--transport", "ble"]);
    both.env("LANDFALL_HCI", "tcp:127.0.0.1:1")
        .env("LANDFALL_ADAPTER", "hci0");
    assert_problem(&run(both), "bad-argument", 2);
    let mut broken = command(LANDFALL, &["info", "--transport", "ble"]);
    broken.env("LANDFALL_HCI", "hci0");
    assert_problem(&run(broken), "bad-argument", 2);
    assert_eq!(landfall(&["info", "--service-uuid", "nonsense"]).code, 2);
}
