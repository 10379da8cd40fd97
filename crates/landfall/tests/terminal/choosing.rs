//! Choosing a network, and getting in.

use crate::{path, support::Device, tmux::Terminal, world};

#[test]
fn a_network_is_chosen_by_arrows() {
    let device = Device::start(&[]);
    let terminal = Terminal::of(&device);
    terminal.landfall("provision");
    terminal.wait_for("4 networks");
    terminal.wait_for_cursor_on("MyHomeWiFiAP");
    terminal.press(&["Down", "Down", "Up"]);
    terminal.wait_for_cursor_on("MobileHotspot");
    terminal.press(&["End"]);
    terminal.wait_for_cursor_on("Other network");
    terminal.press(&["Home", "j"]);
    terminal.wait_for_cursor_on("MobileHotspot");
    terminal.press(&["Enter"]);
    let shown = terminal.wait_for("Passphrase of MobileHotspot (WPA2): ");
    assert!(
        shown.contains("Network: MobileHotspot (WPA2)"),
        "the choice replaces the list:\n{shown}"
    );
    assert!(!shown.contains("MyHomeWiFiAP"), "{shown}");
    terminal.line("mypassword");
    let shown = terminal.wait_for_exit(0);
    assert!(shown.contains("The device is on MobileHotspot"), "{shown}");
    terminal.assert_restored();
}

#[test]
fn a_number_jumps_and_a_wrong_one_is_told() {
    let device = Device::start(&[]);
    let terminal = Terminal::of(&device);
    terminal.landfall("provision");
    terminal.wait_for("4 networks");
    terminal.press(&["3"]);
    terminal.wait_for_cursor_on("NeighborsWiFiAP");
    terminal.press(&["9"]);
    terminal.wait_for("There is no number 9: the networks have 1 to 4.");
    terminal.wait_for_cursor_on("NeighborsWiFiAP");
    terminal.press(&["2"]);
    terminal.wait_for_cursor_on("MobileHotspot");
    terminal.press(&["q"]);
    let shown = terminal.wait_for_exit(130);
    assert!(shown.contains("no network was chosen"), "{shown}");
    terminal.assert_restored();
}

#[test]
fn the_device_scans_again_and_the_cursor_stays() {
    let world = world(
        "scan_ms = 5000\n[[access_point]]\nssid = \"one\"\nrssi = -40\n[[access_point]]\nssid = \"two\"\nrssi = -50\n",
    );
    let device = Device::start(&["--world", path(&world)]);
    let terminal = Terminal::of(&device);
    terminal.landfall("provision");
    terminal.wait_for("2 networks");
    terminal.press(&["2"]);
    terminal.press(&["r"]);
    terminal.wait_until("a second scan", |shown| {
        shown.contains("Scanning ...") && shown.contains("2 networks")
    });
    terminal.press(&["r"]);
    terminal.wait_for("The device is scanning already.");
    terminal.wait_until("its end", |shown| {
        !shown.contains("Scanning ...") && shown.contains("2 networks")
    });
    terminal.wait_for_cursor_on("two");
}

#[test]
fn a_hidden_network_is_named_and_joined() {
    let world = world(
        "[[access_point]]\nssid = \"Office\"\npassphrase = \"correct horse\"\n\
         [[access_point]]\nssid = \"Backroom\"\npassphrase = \"out of sight\"\nhidden = true\n",
    );
    let device = Device::start(&["--world", path(&world)]);
    let terminal = Terminal::of(&device);
    terminal.landfall("provision");
    terminal.wait_for("1 network");
    terminal.press(&["h"]);
    terminal.wait_for("Name of the network (empty for the list): ");
    terminal.line("");
    terminal.wait_for("1 network");
    terminal.press(&["End", "Enter"]);
    terminal.wait_for("Name of the network (empty for the list): ");
    terminal.line("Backroom");
    terminal.wait_for("Passphrase of Backroom (empty if it is open): ");
    terminal.line("out of sight");
    let shown = terminal.wait_for_exit(0);
    assert!(shown.contains("The device is on Backroom"), "{shown}");
}

#[test]
fn an_open_network_asks_for_no_passphrase() {
    let device = Device::start(&[]);
    let terminal = Terminal::of(&device);
    terminal.landfall("provision");
    terminal.wait_for("4 networks");
    terminal.press(&["4", "Enter"]);
    let shown = terminal.wait_for_exit(0);
    assert!(
        shown.contains("InsecureWiFiAP is open: no passphrase is needed, everyone can read along."),
        "{shown}"
    );
    assert!(!shown.contains("Passphrase of"), "{shown}");
    assert!(shown.contains("The device is on InsecureWiFiAP"), "{shown}");
}

#[test]
fn a_wrong_passphrase_has_a_second_try() {
    let device = Device::start(&["--attempts", "1"]);
    let terminal = Terminal::of(&device);
    terminal.landfall("provision --ssid myssid");
    terminal.wait_for("Passphrase of myssid (empty if it is open): ");
    terminal.line("notmypassword");
    terminal.wait_for("The network refuses the passphrase. Try again (empty to give up): ");
    terminal.line("mypassword");
    let shown = terminal.wait_for_exit(0);
    assert!(shown.contains("The device is on myssid"), "{shown}");
}

#[test]
fn giving_up_after_a_wrong_passphrase_ends_with_5() {
    let device = Device::start(&["--attempts", "1"]);
    let terminal = Terminal::of(&device);
    terminal.landfall("provision --ssid myssid");
    terminal.wait_for("Passphrase of myssid");
    terminal.line("notmypassword");
    terminal.wait_for("Try again (empty to give up): ");
    terminal.line("");
    let shown = terminal.wait_for_exit(5);
    assert!(shown.contains("error[wrong-passphrase]"), "{shown}");
}

#[test]
fn a_passphrase_that_was_given_is_not_asked_for_again() {
    let device = Device::start(&["--attempts", "1"]);
    let terminal = Terminal::of(&device);
    terminal.landfall("provision --ssid myssid --passphrase notmypassword");
    let shown = terminal.wait_for_exit(5);
    assert!(!shown.contains("Try again"), "{shown}");
}

#[test]
fn a_network_that_is_not_there_leads_back_to_the_list() {
    let device = Device::start(&["--attempts", "1"]);
    let terminal = Terminal::of(&device);
    terminal.landfall("provision --ssid nosuch");
    terminal.wait_for("Passphrase of nosuch");
    terminal.line("mypassword");
    terminal.wait_for("The device sees no network called nosuch. Choose again.");
    terminal.wait_for("4 networks");
    terminal.press(&["4", "Enter"]);
    let shown = terminal.wait_for_exit(0);
    assert!(shown.contains("The device is on InsecureWiFiAP"), "{shown}");
}

#[test]
fn leaving_the_list_after_a_network_that_is_not_there_ends_with_6() {
    let device = Device::start(&["--attempts", "1"]);
    let terminal = Terminal::of(&device);
    terminal.landfall("provision --ssid nosuch");
    terminal.wait_for("Passphrase of nosuch");
    terminal.line("mypassword");
    terminal.wait_for("4 networks");
    terminal.press(&["Escape"]);
    terminal.wait_for_exit(6);
}

#[test]
fn a_passphrase_that_is_too_short_does_not_travel() {
    let device = Device::start(&[]);
    let terminal = Terminal::of(&device);
    terminal.landfall("provision");
    terminal.wait_for("4 networks");
    terminal.press(&["Enter"]);
    terminal.wait_for("Passphrase of MyHomeWiFiAP (WPA2): ");
    terminal.line("1234567");
    terminal.wait_for("A passphrase of WPA has 8 to 63 characters; this one is too short.");
    assert!(!device.log().contains("Received Wi-Fi credentials"), "{}", device.log());
}

#[test]
fn what_is_typed_ahead_belongs_to_the_next_question() {
    let device = Device::start(&[]);
    let terminal = Terminal::of(&device);
    terminal.landfall("provision");
    terminal.wait_for("4 networks");
    terminal.press(&["2", "Enter", "m", "y", "p", "a", "s", "s", "w", "o", "r", "d", "Enter"]);
    let shown = terminal.wait_for_exit(0);
    assert!(shown.contains("The device is on MobileHotspot"), "{shown}");
}
