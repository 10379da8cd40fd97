//! Devices heard over the computer's own Bluetooth.

use core::time::Duration;
use std::time::Instant;

use landfall_testbus::bluez::{FakeAdapter, FakeBluez, FakeDevice, World};

use super::{softaps::neighbourhood, system::System};
use crate::{
    failures::assert_problem,
    support::{LANDFALL, SYSTEM_BUS, command, run},
};

fn device() -> FakeDevice {
    FakeDevice {
        manufacturer_data: Some((0x02e5, vec![0x0a, 0x0b])),
        ..FakeDevice::new("F0:00:00:00:00:01", "PROV_261FCC")
    }
}

#[test]
fn bluetooth_devices_and_access_points_are_heard_at_once_and_none_is_touched() {
    let system = System::new([neighbourhood()]);
    let daemon = FakeBluez::start(system.address(), World::with([device()]));
    let start = Instant::now();
    let found = system.discover(&["--time", "2"]);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    insta::assert_snapshot!(found.redacted());
    let log = daemon.log();
    assert!(log.iter().any(|asked| asked == "StartDiscovery"), "{log:?}");
    assert!(!log.iter().any(|asked| asked.starts_with("Connect")), "{log:?}");
}

#[test]
fn machines_get_the_makers_data_in_hex() {
    let system = System::new([]);
    let _daemon = FakeBluez::start(system.address(), World::with([device()]));
    let found = system.discover(&["--time", "1", "--json"]).events();
    let told = found.last().expect("it is heard");
    assert_eq!(told["manufacturer_data"], "e5020a0b");
    assert_eq!(
        (&told["place"], &told["address"]),
        (&"PROV_261FCC".into(), &"F0:00:00:00:00:01".into())
    );
}

#[test]
fn why_nothing_is_heard_over_bluetooth_is_told_with_what_else_is_missing() {
    let adapter = |is_blocked| FakeAdapter {
        is_on: false,
        is_blocked,
        ..FakeAdapter::new("hci0")
    };
    let with = |adapters| World {
        adapters,
        ..World::default()
    };
    for (world, expected) in [
        (with(vec![]), "nothing was heard over Bluetooth: there is no adapter"),
        (
            with(vec![adapter(false)]),
            "nothing was heard over Bluetooth: the adapter is switched off",
        ),
        (
            with(vec![adapter(true)]),
            "nothing was heard over Bluetooth: it is blocked by airplane mode, rfkill or a switch",
        ),
        (World::with([]), "no device was heard over Bluetooth in 1 s"),
    ] {
        let system = System::new([]);
        let _daemon = FakeBluez::start(system.address(), world);
        let found = system.discover(&["--time", "1"]);
        assert_problem(&found, "nothing-found", 3);
        assert!(found.stderr.contains(expected), "{expected}: {}", found.stderr);
    }
}

#[test]
fn an_adapter_that_was_named_and_is_missing_is_told_though_access_points_were_found() {
    let system = System::new([neighbourhood()]);
    let _daemon = FakeBluez::start(system.address(), World::with([device()]));
    let found = system.discover(&["--time", "1", "--adapter", "hci7"]);
    assert_eq!(found.code, 0, "{}", found.stderr);
    assert!(found.stderr.contains("there is no adapter hci7"), "{}", found.stderr);
    assert!(!found.stdout.contains("PROV_261FCC  ble"), "{}", found.stdout);

    let args = [
        "discover",
        "--device-dir",
        "/nowhere",
        "--host",
        "127.0.0.1:1",
        "--time",
        "1",
    ];
    let mut program = command(LANDFALL, &args);
    program
        .env(SYSTEM_BUS, system.address())
        .env("LANDFALL_ADAPTER", "hci0");
    let found = run(program);
    assert!(found.stdout.contains("PROV_261FCC  ble"), "{}", found.stdout);
    assert!(
        found
            .stderr
            .contains("--transport ble --adapter hci0 --device PROV_261FCC"),
        "{}",
        found.stderr
    );
}
