//! Ctrl-C, wherever it comes: the terminal is the shell's again, and the device is free for the next client.

use std::process::Command;

use crate::{
    path,
    support::{Device, PROVISION},
    tmux::{Surroundings, Terminal},
    world,
};

/// What follows an interruption.
#[track_caller]
fn assert_clean(terminal: &Terminal, device: &Device) {
    terminal.assert_restored();
    let done = device.client(&PROVISION);
    assert_eq!(done.code, 0, "a fresh provisioning:\n{}{}", done.stdout, done.stderr);
}

/// Types Ctrl-C and expects the end that it has.
#[track_caller]
fn interrupt(terminal: &Terminal) -> String {
    terminal.press(&["C-c"]);
    let shown = terminal.wait_for_exit(130);
    assert!(shown.contains("error[interrupted]"), "{shown}");
    shown
}

#[test]
fn at_a_hidden_question_of_esp_prov() {
    let device = Device::start(&["--sec-ver", "1"]);
    let terminal = Terminal::of(&device);
    let host = &device.host;
    terminal.line(&format!(
        "clear; esp-prov --transport softap --service_name {host}; echo exit $?"
    ));
    terminal.wait_for("Proof of Possession required: ");
    terminal.press(&["C-c"]);
    let shown = terminal.wait_for_exit(130);
    assert!(shown.contains("KeyboardInterrupt: interrupted"), "{shown}");
    terminal.assert_restored();
}

#[test]
fn the_system_s_request_to_end_restores_the_terminal_at_a_hidden_question_of_esp_prov() {
    let device = Device::start(&["--sec-ver", "1"]);
    let terminal = Terminal::of(&device);
    let host = &device.host;
    terminal.line(&format!(
        "clear; sh -c 'echo process $$; exec esp-prov --transport softap --service_name {host}'; echo exit $?"
    ));
    let shown = terminal.wait_for("Proof of Possession required: ");
    let process = shown.lines().find_map(|line| line.strip_prefix("process "));
    let id = process.expect("it was told before the prompt");
    let killed = Command::new("kill").args(["-TERM", id]).status().expect("kill runs");
    assert!(killed.success());
    let shown = terminal.wait_for_exit(143);
    assert!(shown.contains("SystemExit: ended by the system"), "{shown}");
    terminal.assert_restored();
}

#[test]
fn at_the_list() {
    let device = Device::start(&[]);
    let terminal = Terminal::of(&device);
    terminal.landfall("provision");
    terminal.wait_for("4 networks");
    let shown = interrupt(&terminal);
    assert!(!shown.contains("4 networks"), "the list is gone:\n{shown}");
    assert_clean(&terminal, &device);
}

#[test]
fn at_the_list_while_the_device_scans() {
    let world = world("scan_ms = 3000\n[[access_point]]\nssid = \"myssid\"\npassphrase = \"mypassword\"\n");
    let device = Device::start(&["--world", path(&world)]);
    let terminal = Terminal::of(&device);
    terminal.landfall("provision");
    terminal.wait_for("Scanning ...");
    interrupt(&terminal);
    assert_clean(&terminal, &device);
}

#[test]
fn at_the_name_of_a_hidden_network() {
    let device = Device::start(&[]);
    let terminal = Terminal::of(&device);
    terminal.landfall("provision");
    terminal.wait_for("4 networks");
    terminal.press(&["h"]);
    terminal.wait_for("Name of the network");
    terminal.text("Back");
    interrupt(&terminal);
    assert_clean(&terminal, &device);
}

#[test]
fn at_the_passphrase() {
    let device = Device::start(&[]);
    let terminal = Terminal::of(&device);
    terminal.landfall("provision");
    terminal.wait_for("4 networks");
    terminal.press(&["Enter"]);
    terminal.wait_for("Passphrase of MyHomeWiFiAP");
    terminal.text("mypass");
    interrupt(&terminal);
    assert_clean(&terminal, &device);
}

#[test]
fn at_the_password_of_the_device() {
    for (scheme, prompt) in [("1", "Proof of possession: "), ("2", "Password: ")] {
        let device = Device::start(&["--sec-ver", scheme]);
        let variables = &[("LANG", "C.UTF-8")];
        let terminal = Terminal::start(
            &device,
            Surroundings {
                variables,
                ..Surroundings::USUAL
            },
        );
        terminal.landfall("provision");
        terminal.wait_for(prompt);
        terminal.text("abcd");
        interrupt(&terminal);
        terminal.assert_restored();
        let secret = ["--pop", "abcd1234", "--password", "abcd1234"];
        let network = ["provision", "--ssid", "myssid", "--passphrase", "mypassword"];
        assert_eq!(device.client(&[&network[..], &secret].concat()).code, 0);
    }
}

#[test]
fn at_the_second_try() {
    let device = Device::start(&["--attempts", "1"]);
    let terminal = Terminal::of(&device);
    terminal.landfall("provision --ssid myssid");
    terminal.wait_for("Passphrase of myssid");
    terminal.line("notmypassword");
    terminal.wait_for("Try again (empty to give up): ");
    interrupt(&terminal);
    assert_clean(&terminal, &device);
}

#[test]
fn while_the_device_is_joining() {
    let world = world("refuse_ms = 3000\n[[access_point]]\nssid = \"myssid\"\npassphrase = \"mypassword\"\n");
    let device = Device::start(&["--attempts", "2", "--world", path(&world)]);
    let terminal = Terminal::of(&device);
    terminal.landfall("provision --ssid myssid");
    terminal.wait_for("Passphrase of myssid");
    terminal.line("notmypassword");
    terminal.wait_for("The device is joining myssid ...");
    let shown = interrupt(&terminal);
    assert!(shown.contains("goes on joining by itself"), "{shown}");
    assert!(shown.contains("landfall reset"), "{shown}");
    assert_clean(&terminal, &device);
}

#[test]
fn while_a_device_that_does_not_answer_any_more_is_joining() {
    let device = Device::start(&[]);
    let terminal = Terminal::of(&device);
    for second in [false, true] {
        terminal.landfall("provision --ssid myssid --passphrase notmypassword");
        terminal.wait_for("The device is joining myssid ...");
        device.signal("STOP");
        terminal.press(&["C-c"]);
        terminal.wait_for("Asking the device how it is doing ...");
        if second {
            terminal.press(&["C-c"]);
        }
        let shown = terminal.wait_for_exit(130);
        assert_eq!(shown.contains("does not answer any more"), !second, "{shown}");
        device.signal("CONT");
        terminal.assert_restored();
    }
    assert_clean(&terminal, &device);
}

#[test]
fn while_the_device_scans_for_a_list_to_look_at() {
    let world = world("scan_ms = 3000\n[[access_point]]\nssid = \"myssid\"\npassphrase = \"mypassword\"\n");
    let device = Device::start(&["--world", path(&world)]);
    let terminal = Terminal::of(&device);
    terminal.landfall("scan");
    terminal.wait_for("Scanning ...");
    interrupt(&terminal);
    assert_clean(&terminal, &device);
}

#[test]
fn the_systems_request_to_end_restores_the_terminal_at_the_list_and_at_a_secret() {
    let device = Device::start(&[]);
    let terminal = Terminal::of(&device);
    for (arguments, prompt) in [
        ("provision", "4 networks"),
        ("provision --ssid myssid", "Passphrase of myssid"),
    ] {
        terminal.line(&format!(
            "clear; sh -c 'echo process $$; exec landfall {arguments}'; echo exit $?"
        ));
        let shown = terminal.wait_for(prompt);
        let process = shown.lines().find_map(|line| line.strip_prefix("process "));
        let id = process.expect("it was told before the prompt");
        let killed = Command::new("kill").args(["-TERM", id]).status().expect("kill runs");
        assert!(killed.success());
        let shown = terminal.wait_for_exit(143);
        assert!(shown.contains("error[terminated]"), "{shown}");
        terminal.assert_restored();
    }
    assert_clean(&terminal, &device);
}
