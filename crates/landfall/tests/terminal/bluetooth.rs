//! Choosing a device among those that are heard over Bluetooth.

use crate::{
    air::{Air, Beacon},
    support::Device,
    tmux::{Surroundings, Terminal},
};

const OTHERS: [Beacon; 3] = [
    Beacon::device("PROV_weak", 1, -80),
    Beacon::device("PROV_strong", 2, -30),
    Beacon {
        name: "some headphones",
        number: 3,
        rssi: -20,
        service: None,
    },
];

/// A device called PROV_261FCC on `air`, and a terminal for its clients.
#[track_caller]
fn meet(air: &Air) -> (Device, Terminal) {
    let device = Device::over_bluetooth(air.of_device(), &[]);
    let variables = [
        ("LANG", "C.UTF-8"),
        ("LANDFALL_PASSWORD", "abcd1234"),
        ("LANDFALL_HCI", air.of_client()),
    ];
    let surroundings = Surroundings {
        variables: &variables,
        ..Surroundings::USUAL
    };
    let terminal = Terminal::start(&device, surroundings);
    (device, terminal)
}

/// Where in the list each of these is.
#[track_caller]
fn order(shown: &str, names: &[&str]) -> Vec<usize> {
    let line = |name: &&str| shown.lines().position(|line| line.contains(*name));
    names
        .iter()
        .map(|name| line(name).unwrap_or_else(|| panic!("{name} is not shown:\n{shown}")))
        .collect()
}

#[test]
fn a_device_is_chosen_among_those_that_are_heard() {
    let air = Air::with(&OTHERS);
    let (device, terminal) = meet(&air);
    terminal.landfall("provision --transport ble --ssid myssid --passphrase mypassword");
    // The headphones too: in which order devices are heard is up to chance.
    terminal.wait_for("Show all devices that are heard (1 more) ...");
    let shown = terminal.wait_for("3 devices");
    assert!(
        shown.contains("Which device?") && shown.contains("Scanning ..."),
        "{shown}"
    );
    let lines = order(&shown, &["PROV_strong", "PROV_261FCC", "PROV_weak"]);
    assert!(lines.is_sorted(), "strongest first: {shown}");
    terminal.press(&["2"]);
    terminal.wait_for_cursor_on("PROV_261FCC");
    terminal.press(&["Enter"]);
    let shown = terminal.wait_for_exit(0);
    assert!(shown.contains("Device: PROV_261FCC ("), "{shown}");
    assert!(!shown.contains("PROV_weak"), "the list is gone: {shown}");
    assert!(shown.contains("The device is on myssid"), "{shown}");
    device.wait_for("Provisioning successful");
    terminal.assert_restored();
}

#[test]
fn devices_come_while_the_scan_runs_and_the_cursor_stays_on_its_own() {
    let air = Air::with(&OTHERS[..1]);
    let (_device, terminal) = meet(&air);
    terminal.landfall("info --transport ble");
    terminal.wait_for("2 devices");
    terminal.press(&["End", "Up"]);
    terminal.wait_for_cursor_on("PROV_weak");
    air.add(OTHERS[1]);
    let shown = terminal.wait_for("3 devices");
    order(&shown, &["PROV_strong"]);
    terminal.wait_for_cursor_on("PROV_weak");
    terminal.press(&["a"]);
    air.add(OTHERS[2]);
    let shown = terminal.wait_for("4 devices");
    order(&shown, &["some headphones"]);
    terminal.wait_for_cursor_on("PROV_weak");
    terminal.press(&["a"]);
    terminal.wait_for("3 devices");
    air.clear();
    terminal.press(&["r"]);
    let shown = terminal.wait_for("1 device");
    order(&shown, &["PROV_261FCC"]);
    assert!(!shown.contains("PROV_weak"), "{shown}");
    terminal.wait_for_cursor_on("PROV_261FCC");
    terminal.press(&["Enter"]);
    let shown = terminal.wait_for_exit(0);
    assert!(shown.contains("Device        PROV_261FCC ("), "{shown}");
}

#[test]
fn leaving_the_devices_ends_with_130_and_leaves_the_terminal_as_it_was() {
    let air = Air::with(&OTHERS);
    let (_device, terminal) = meet(&air);
    for keys in ["q", "Escape", "C-c"] {
        terminal.landfall("info --transport ble");
        terminal.wait_for("3 devices");
        terminal.press(&[keys]);
        let shown = terminal.wait_for_exit(130);
        assert!(!shown.contains("Which device?"), "{shown}");
        terminal.assert_restored();
    }
}

#[test]
fn ctrl_c_ends_the_search_for_a_named_device() {
    let air = Air::with(&OTHERS);
    let (_device, terminal) = meet(&air);
    terminal.landfall("info --device PROV_nobody");
    terminal.wait_for("Looking for PROV_nobody ...");
    terminal.press(&["C-c"]);
    terminal.wait_for_exit(130);
    terminal.assert_restored();
}
