//! The commands without a device.

use std::fs;

use crate::support::{Device, LANDFALL, command, landfall, with_input};

#[test]
fn a_device_takes_the_verifier_that_credentials_made() {
    let made = with_input(
        command(LANDFALL, &["credentials", "--username", "alice", "--format", "hex"]),
        "open sesame\n",
    );
    assert_eq!(made.code, 0, "{}", made.stderr);
    let value = |name: &str| {
        let line = made
            .stdout
            .lines()
            .find(|line| line.starts_with(name))
            .expect("it is printed");
        line.split_whitespace().last().expect("a value follows").to_owned()
    };
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("verifier");
    fs::write(&file, value("verifier")).expect("it can be written");
    let device = Device::start(&[
        "--username",
        "alice",
        "--salt",
        &value("salt"),
        "--verifier",
        file.to_str().expect("text"),
    ]);
    let answer = device.client(&[
        "send",
        "custom-data",
        "x",
        "--username",
        "alice",
        "--password",
        "open sesame",
    ]);
    assert_eq!(
        (answer.code, answer.stdout.lines().last()),
        (0, Some("SUCCESS\\x00")),
        "{}",
        answer.stderr
    );
}

#[test]
fn credentials_come_as_c_arrays_in_the_layout_of_the_original() {
    let made = with_input(
        command(LANDFALL, &["credentials", "--username", "wifiprov"]),
        "abcd1234\n",
    );
    let lines: Vec<&str> = made.stdout.lines().collect();
    assert_eq!(lines[0], "static const char sec2_salt[] = {");
    assert_eq!(lines[1].len(), 4 + 16 * 6 - 2);
    assert_eq!(lines[2..5], ["};", "", "static const char sec2_verifier[] = {"]);
    assert!(lines[5].starts_with("    0x") && lines[5].ends_with(", ") && lines[5].len() == 4 + 16 * 6);
    assert!(made.stdout.ends_with("\n};\n\n"));
}

#[test]
fn credentials_come_as_json() {
    let made = with_input(
        command(
            LANDFALL,
            &[
                "credentials",
                "--username",
                "alice",
                "--format",
                "json",
                "--salt-len",
                "24",
            ],
        ),
        "pw\n",
    );
    let object: serde_json::Value = serde_json::from_str(&made.stdout).expect("JSON");
    assert_eq!(object["username"], "alice");
    assert_eq!(object["salt"].as_str().map(str::len), Some(48));
    assert!(object["verifier"].as_str().is_some_and(|verifier| verifier.len() > 700));
}

#[test]
fn credentials_that_known_clients_cannot_use_are_refused_with_a_way_out() {
    let refused = with_input(command(LANDFALL, &["credentials", "--username", "zoë"]), "pw\n");
    insta::assert_snapshot!(refused.redacted());
}

#[test]
fn a_code_shows_its_payload_and_goes_into_a_picture() {
    let directory = tempfile::tempdir().expect("a directory");
    let svg = directory.path().join("label.svg");
    let drawn = landfall(&[
        "qr",
        "--name",
        "PROV_261FCC",
        "--pop",
        "abcd1234",
        "--svg",
        svg.to_str().expect("text"),
    ]);
    assert!(fs::read_to_string(&svg).expect("it was written").contains("<svg"));
    insta::assert_snapshot!(drawn.redacted());
}

#[test]
fn a_code_is_black_on_white_where_there_is_colour() {
    let drawn = landfall(&["qr", "x", "--color", "always"]);
    assert!(
        drawn
            .stdout
            .lines()
            .next()
            .is_some_and(|line| line.starts_with("\x1b[") && line.ends_with("\x1b[0m"))
    );
}
