//! `landfall simulate --transport ble`: on a controller of its own, and on a stand-in for the system's Bluetooth.

use std::{net::TcpListener, process::Command};

use landfall_testbus::{
    TestBus,
    bluez::host::{FakeHost, HostState},
};

use crate::{
    air::Air,
    failures::assert_problem,
    support::{Device, Finished, LANDFALL, SYSTEM_BUS, command, landfall, run},
};

const SIMULATE: [&str; 5] = ["simulate", "--transport", "ble", "--name", "PROV_261FCC"];

fn on_bus(address: &str, args: &[&str]) -> Command {
    let mut command = command(LANDFALL, &[&SIMULATE, args].concat());
    command.env(SYSTEM_BUS, address);
    command
}

/// What becomes of a device on a computer whose Bluetooth is so.
async fn on_computer(state: HostState, args: &[&str]) -> Finished {
    let bus = TestBus::start();
    let _host = FakeHost::start(bus.address(), state).await;
    let command = on_bus(bus.address(), args);
    apart(|| run(command)).await
}

/// Waits for a program while the stand-in goes on.
async fn apart<T: Send + 'static>(wait: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(wait).await.expect("it does not panic")
}

#[tokio::test]
async fn bluetooth_that_cannot_be_used_is_told_by_kind() {
    let off = HostState {
        is_on: false,
        ..HostState::default()
    };
    let refusing = |error| HostState {
        refuses_power: Some(error),
        ..off.clone()
    };
    let none = HostState {
        has_adapter: false,
        ..HostState::default()
    };
    for (state, code) in [
        (none, "bluetooth-no-adapter"),
        (refusing("org.bluez.Error.Failed"), "bluetooth-off"),
        (refusing("org.bluez.Error.Blocked"), "bluetooth-blocked"),
    ] {
        assert_problem(&on_computer(state, &[]).await, code, 3);
    }
    let other = on_computer(HostState::default(), &["--adapter", "hci7"]).await;
    assert_problem(&other, "bluetooth-no-adapter", 3);
    assert!(
        other.stderr.contains("hci7") && other.stderr.contains("hci0"),
        "{}",
        other.stderr
    );
}

#[tokio::test]
async fn a_service_that_is_not_there_is_told_from_one_that_is_forbidden() {
    assert_problem(&landfall(&SIMULATE), "bluetooth-no-service", 3);
    let bus = TestBus::start();
    assert_problem(&run(on_bus(bus.address(), &[])), "bluetooth-no-service", 3);
    let forbidding = TestBus::start_with(r#"<deny send_destination="org.bluez"/>"#);
    let _host = FakeHost::start(forbidding.address(), HostState::default()).await;
    let command = on_bus(forbidding.address(), &[]);
    assert_problem(&apart(|| run(command)).await, "bluetooth-not-permitted", 3);
}

#[test]
fn a_controller_that_does_not_answer_is_told_from_one_that_is_not_there() {
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr();
    let gone = format!("tcp:{}", gone.expect("it has one"));
    assert_problem(
        &landfall(&[&SIMULATE[..], &["--hci", &gone]].concat()),
        "controller-unusable",
        3,
    );
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = format!("tcp:{}", silent.local_addr().expect("it has one"));
    assert_problem(
        &landfall(&[&SIMULATE[..], &["--hci", &silent]].concat()),
        "controller-silent",
        7,
    );
}

#[test]
fn what_a_device_is_called_on_the_air_is_an_event_of_members() {
    let air = Air::with(&[]);
    let device = Device::over_bluetooth(air.of_device(), &["--sec-ver", "0"]);
    let line = device.wait_for("Listening on ");
    let on = format!("Listening on Bluetooth, controller {}", air.of_device());
    assert!(line.contains(&on), "{line}");
    assert!(
        device
            .wait_for(r#""name":"PROV_261FCC""#)
            .contains(r#""transport":"ble""#)
    );

    let air = Air::with(&[]);
    let options = [
        "--hci",
        air.of_device(),
        "--json",
        "--service-uuid",
        "1775244d-6b43-439b-877c-060f2d9bed07",
    ];
    let device = Device::of(command(LANDFALL, &[&SIMULATE[..], &options].concat()));
    let line = device.wait_for("device_listening");
    let event: serde_json::Value = serde_json::from_str(&line).expect("an event");
    assert_eq!(
        (
            &event["transport"],
            &event["controller"],
            &event["service_uuid"],
            &event["url"]
        ),
        (
            &"ble".into(),
            &air.of_device().into(),
            &"1775244d-6b43-439b-877c-060f2d9bed07".into(),
            &serde_json::Value::Null
        )
    );
}

#[test]
fn settings_of_bluetooth_are_told_to_be_unused_elsewhere() {
    let device = Device::start(&[]);
    let taken = device.host.as_str();
    let unused = ["--hci", "tcp:127.0.0.1:1", "--ble-encryption", "--keep-ble-on"];
    let ended = landfall(&[&["simulate", "--listen", taken], &unused[..]].concat());
    for name in ["hci", "ble-encryption", "keep-ble-on"] {
        let hint = format!("softap takes no {name}: it is not used; you may want --transport ble");
        assert!(ended.stderr.contains(&hint), "{}", ended.stderr);
    }
    let address = [
        "--ble-address",
        "C0:00:00:00:00:01",
        "--manufacturer-data",
        "e5020102030405060708",
    ];
    let ended = landfall(&[&SIMULATE[..], &address].concat());
    assert!(
        ended.stderr.contains("the system's Bluetooth takes no ble-address"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("there is room for 8 bytes"), "{}", ended.stderr);
}

#[test]
fn settings_that_bluetooth_cannot_have_are_refused() {
    for unusable in [
        ["--ble-address", "80:00:00:00:00:01"],
        ["--manufacturer-data", "e5"],
        ["--ble-mtu", "22"],
        ["--keep-ble-on=always", "--once"],
    ] {
        assert_eq!(landfall(&[&SIMULATE[..], &unusable].concat()).code, 2, "{unusable:?}");
    }
}

#[tokio::test]
async fn a_daemon_that_is_restarted_is_waited_for() {
    let bus = TestBus::start();
    let host = FakeHost::start(bus.address(), HostState::default()).await;
    let command = on_bus(bus.address(), &["--sec-ver", "0"]);
    let (device, line) = apart(|| {
        let device = Device::of(command);
        let line = device.wait_for("Listening on Bluetooth");
        (device, line)
    })
    .await;
    assert!(line.contains("adapter hci0, address "), "{line}");
    host.stop().await;
    let device = apart(|| {
        device.wait_for("no client can find the device: ");
        device
    })
    .await;
    let _host = FakeHost::start(bus.address(), HostState::default()).await;
    let code = apart(|| {
        device.wait_for("Clients can find the device again");
        device.end("TERM")
    });
    assert_eq!(code.await, Some(0));
}
