//! A device's life beyond one provisioning.

use core::time::Duration;
use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::Instant,
};

use crate::support::{Device, LANDFALL, PROVISION, command, landfall, run};

#[test]
fn a_second_start_says_already_provisioned_and_erase_forgets() {
    let directory = tempfile::tempdir().expect("a directory");
    let state = ["--state", directory.path().to_str().expect("text")];
    let device = Device::start(&[&state[..], &["--once"]].concat());
    assert_eq!(device.client(&PROVISION).code, 0);
    assert_eq!(device.wait().0, Some(0));

    let again = Device::spawn(&state);
    again.wait_for("Hello World!");
    let log = again.log();
    assert!(
        log.contains("Already provisioned, starting Wi-Fi STA") && log.contains("Connected with IP Address:"),
        "{log}"
    );
    assert!(!log.contains("Starting provisioning"));
    drop(again);

    Device::start(&[&state[..], &["--erase"]].concat()).wait_for("Provisioning started");
}

#[test]
fn the_secret_chooses_the_scheme_and_one_for_another_scheme_is_told_to_be_unused() {
    let device = Device::start(&["--pop", "opensesame"]);
    assert!(device.client(&["info"]).stdout.contains("Security      1"));
    // The address is taken, so the program ends at once.
    let taken = device.host.as_str();
    let ended = landfall(&["simulate", "--sec-ver", "2", "--pop", "opensesame", "--listen", taken]);
    assert!(
        ended
            .stderr
            .contains("security 2 takes no proof of possession: it is not used"),
        "{}",
        ended.stderr
    );
    assert!(!ended.stderr.contains("opensesame"), "{}", ended.stderr);
}

#[test]
fn a_failed_provisioning_leaves_nothing_behind() {
    let directory = tempfile::tempdir().expect("a directory");
    let state = ["--state", directory.path().to_str().expect("text"), "--attempts", "1"];
    let device = Device::start(&state);
    let failed = device.client(&[
        "provision",
        "--password",
        "abcd1234",
        "--ssid",
        "myssid",
        "--passphrase",
        "wrong",
    ]);
    assert_eq!(failed.code, 5);
    drop(device);
    Device::start(&state).wait_for("Starting provisioning");
}

#[test]
fn both_signals_end_it_cleanly() {
    for signal in ["INT", "TERM"] {
        assert_eq!(Device::start(&[]).end(signal), Some(0), "{signal}");
    }
}

#[test]
fn it_can_be_ended_while_it_reads_a_secret() {
    let args = ["simulate", "--listen", "127.0.0.1:0", "--password-file", "-"];
    let mut child = command(LANDFALL, &args)
        .stdin(Stdio::piped())
        .spawn()
        .expect("the program runs");
    // It says nothing before it reads, so there is nothing else to wait for.
    thread::sleep(Duration::from_millis(500));
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupted.expect("kill runs").success());
    let deadline = Instant::now() + Duration::from_secs(20);
    while child.try_wait().expect("it can be asked").is_none() {
        if Instant::now() > deadline {
            child.kill().expect("it runs");
            panic!("it did not end");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_world_of_one_s_own_is_what_the_device_sees() {
    let directory = tempfile::tempdir().expect("a directory");
    let world = directory.path().join("world.toml");
    let built_in = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../landfall-device/src/wifi/built_in.toml"
    ));
    fs::write(
        &world,
        built_in
            .expect("it is there")
            .replace("MobileHotspot", "caf\u{e9} \\u001b[2J"),
    )
    .expect("it can be written");
    let device = Device::start(&["--world", world.to_str().expect("text")]);
    let seen = device.client(&["scan", "--password", "abcd1234"]);
    assert!(
        seen.stdout.contains("caf\u{e9} \\x1b[2J"),
        "{}{}",
        seen.stdout,
        seen.stderr
    );
}

#[test]
fn a_world_that_makes_no_sense_is_a_usage_error() {
    let directory = tempfile::tempdir().expect("a directory");
    let world = directory.path().join("world.toml");
    fs::write(&world, "colour = 1\n").expect("it can be written");
    let failed = landfall(&["simulate", "--world", world.to_str().expect("text")]);
    assert_eq!(failed.code, 2, "{}", failed.stderr);
    assert!(failed.stderr.contains("colour"), "{}", failed.stderr);
}

#[test]
fn a_port_in_use_is_told_with_a_way_out() {
    let device = Device::start(&[]);
    let failed = landfall(&["simulate", "--listen", &device.host]);
    assert_eq!(failed.code, 1);
    assert!(
        failed.stderr.contains("hint: ") && failed.stderr.contains("--listen"),
        "{}",
        failed.stderr
    );
}

#[test]
fn a_password_of_one_s_own_stays_out_of_the_code_unless_asked_for() {
    let own = ["--username", "alice", "--password", "open-sesame"];
    let hidden = Device::start(&own).wait_for("qrcode.html?data=");
    assert!(
        hidden.ends_with(r#"{"ver":"v1","name":"PROV_261FCC","transport":"softap"}"#),
        "{hidden}"
    );
    let shown = Device::start(&[&own[..], &["--qr-password"]].concat()).wait_for("qrcode.html?data=");
    assert!(shown.contains(r#""username":"alice","pop":"open-sesame""#), "{shown}");
}

#[test]
fn what_only_a_console_takes_is_told_to_be_unused_over_http() {
    let device = Device::start(&[]);
    // The address is taken, so the program ends at once.
    for flag in ["--port", "--link"] {
        let ended = landfall(&["simulate", flag, "tty", "--listen", &device.host]);
        let name = flag.trim_start_matches('-');
        let told = format!("softap takes no {name}: it is not used; you may want --transport console");
        assert!(ended.stderr.contains(&told), "{}", ended.stderr);
    }
}

#[test]
fn a_device_does_not_take_a_client_s_secret_of_the_environment_for_another_scheme() {
    let mut command = command(LANDFALL, &["simulate", "--sec-ver", "1", "--listen", "192.0.2.1:1"]);
    command.env("LANDFALL_PASSWORD", "sesame");
    let ended = run(command);
    assert!(
        ended.stderr.contains("security 1 takes no password: it is not used"),
        "{}",
        ended.stderr
    );
}
