//! Devices over the computer's own Bluetooth: a stand-in for BlueZ on a message bus of the test's own.

use core::time::Duration;
use std::{process::Command, thread};

use landfall_testbus::{
    TestBus,
    bluez::{FakeAdapter, FakeBluez, FakeDevice, Fault, World},
};

use crate::{
    failures::assert_problem,
    support::{Finished, LANDFALL, SYSTEM_BUS, command, run},
};

const KITCHEN: &str = "F0:00:00:00:00:01";
const GARAGE: &str = "F0:00:00:00:00:02";

/// `landfall` with `args`, on the bus at `address`.
fn client_at(address: &str, args: &[&str]) -> Command {
    let mut program = command(LANDFALL, args);
    program.env(SYSTEM_BUS, address);
    program
}

/// Runs `landfall` with `args` in a world of Bluetooth, and gives what the daemon was asked to do as well.
fn client_in(world: World, args: &[&str]) -> (Finished, Vec<String>) {
    let bus = TestBus::start();
    let daemon = FakeBluez::start(bus.address(), world);
    let finished = run(client_at(bus.address(), args));
    (finished, daemon.log())
}

/// A world whose adapter is not on.
fn with_adapter_off(is_blocked: bool) -> World {
    let adapter = FakeAdapter {
        is_on: false,
        is_blocked,
        ..FakeAdapter::new("hci0")
    };
    World {
        adapters: vec![adapter],
        ..World::default()
    }
}

const INFO: [&str; 5] = ["info", "--transport", "ble", "--timeout", "1"];
const INFO_OF_KITCHEN: [&str; 3] = ["info", "--device", "PROV_kitchen"];

#[test]
fn bluetooth_that_cannot_be_used_is_told_with_a_way_out() {
    let mut all = String::new();
    for (code, world) in [
        ("bluetooth-no-adapter", World::default()),
        ("bluetooth-off", with_adapter_off(false)),
        ("bluetooth-blocked", with_adapter_off(true)),
    ] {
        let (failed, _) = client_in(world, &INFO);
        assert_problem(&failed, code, 3);
        all += &format!("##### {code}\n{}", failed.redacted());
    }
    insta::assert_snapshot!(all);
}

#[test]
fn an_adapter_that_is_not_there_is_told_with_those_that_are() {
    let (failed, _) = client_in(World::with([]), &["info", "--adapter", "hci7"]);
    assert_problem(&failed, "bluetooth-no-adapter", 3);
    insta::assert_snapshot!(failed.redacted());
    let bus = TestBus::start();
    let _daemon = FakeBluez::start(bus.address(), World::with([]));
    let mut program = client_at(bus.address(), &INFO);
    program.env("LANDFALL_ADAPTER", "hci7");
    assert_problem(&run(program), "bluetooth-no-adapter", 3);
}

#[test]
fn a_bluetooth_service_that_is_not_there_is_told_from_one_that_is_forbidden() {
    let bus = TestBus::start();
    assert_problem(&run(client_at(bus.address(), &INFO)), "bluetooth-no-service", 3);
    let forbidden = TestBus::start_with(r#"<deny send_destination="org.bluez"/>"#);
    let _daemon = FakeBluez::start(forbidden.address(), World::with([]));
    assert_problem(
        &run(client_at(forbidden.address(), &INFO)),
        "bluetooth-not-permitted",
        3,
    );
    let failed = run(client_at("unix:path=/nonexistent/bus", &INFO));
    assert_problem(&failed, "bluetooth-no-service", 3);
}

#[test]
fn a_bluetooth_service_that_goes_away_is_told_so() {
    let bus = TestBus::start();
    let daemon = FakeBluez::start(bus.address(), World::with([]));
    let program = client_at(bus.address(), &["info", "--device", "PROV_kitchen"]);
    let client = thread::spawn(move || run(program));
    while !daemon.log().iter().any(|call| call == "StartDiscovery") {
        assert!(!client.is_finished(), "it does not listen");
        thread::sleep(Duration::from_millis(10));
    }
    daemon.stop();
    let failed = client.join().expect("it does not panic");
    assert_problem(&failed, "bluetooth-no-service", 3);
}

#[test]
fn several_devices_are_listed_with_how_to_choose_one() {
    let devices = [
        FakeDevice::new(KITCHEN, "PROV_kitchen"),
        FakeDevice::new(GARAGE, "PROV_garage"),
    ];
    let (failed, _) = client_in(World::with(devices.clone()), &INFO);
    assert_problem(&failed, "several-devices", 2);
    for told in ["PROV_kitchen (F0:00:00:00:00:01)", "PROV_garage (F0:00:00:00:00:02)"] {
        assert!(failed.stderr.contains(told), "{}", failed.stderr);
    }
    for which in ["PROV_garage", "f0:00:00:00:00:02"] {
        let (_, log) = client_in(World::with(devices.clone()), &["info", "--device", which]);
        assert!(log.contains(&format!("Connect {GARAGE}")), "{log:?}");
        assert!(!log.contains(&format!("Connect {KITCHEN}")), "{log:?}");
    }
    let (_, log) = client_in(World::with(devices), &[&INFO[..], &["--prefix", "PROV_k"]].concat());
    assert!(log.contains(&format!("Connect {KITCHEN}")), "{log:?}");
}

#[test]
fn a_device_that_refuses_the_connection_is_told_so() {
    let mut device = FakeDevice::new(KITCHEN, "PROV_kitchen");
    device.connects = [Some("Page Timeout"); 8].into();
    let (failed, _) = client_in(World::with([device]), &INFO_OF_KITCHEN);
    assert_problem(&failed, "bluetooth-unreachable", 3);
    assert!(
        failed.stderr.contains("PROV_kitchen (F0:00:00:00:00:01)"),
        "{}",
        failed.stderr
    );
}

#[test]
fn a_connection_that_cannot_be_encrypted_is_told_so() {
    let mut device = FakeDevice::new(KITCHEN, "PROV_kitchen");
    let refusal = Fault::Fails("NotAuthorized", "Operation Not Authorized");
    device.writes = [refusal; 8].into();
    let (failed, _) = client_in(World::with([device]), &INFO_OF_KITCHEN);
    assert_problem(&failed, "not-encrypted", 1);
}

#[test]
fn what_fails_on_a_connection_is_told_in_words_of_bluetooth() {
    let mut leaving = FakeDevice::new(KITCHEN, "PROV_kitchen");
    leaving.writes = [Fault::EndsWithoutAnswer; 8].into();
    let mut other = FakeDevice::new(KITCHEN, "PROV_kitchen");
    other.service.uuid = "0000180f-0000-1000-8000-00805f9b34fb".to_owned();
    other.service.characteristics.clear();
    for (code, device) in [("bluetooth-lost", leaving), ("not-provisioning", other)] {
        let (failed, _) = client_in(World::with([device]), &INFO_OF_KITCHEN);
        assert_problem(&failed, code, 1);
        for foreign in ["Wi-Fi", "--host"] {
            assert!(!failed.stderr.contains(foreign), "{}", failed.stderr);
        }
    }
}
