//! A computer that is to join a device's access point, and cannot. What it does there is a scenario of the lab.

use crate::{failures::assert_problem, support::landfall};

/// No computer has this.
const NO_INTERFACE: [&str; 2] = ["--interface", "nowhere0"];

#[test]
fn an_interface_that_is_not_there_is_told_by_every_command() {
    let secret = ["--pop", "abcd1234"];
    let network = ["--ssid", "home", "--passphrase", ""];
    for (command, more) in [
        (&["info"][..], &[][..]),
        (&["scan"], &secret),
        (&["reset"], &secret),
        (&["reprovision"], &secret),
        (&["send", "custom-data", "x"], &secret),
        (
            &["provision"],
            &[secret, [network[0], network[1]], [network[2], network[3]]].concat(),
        ),
    ] {
        let words = [command, &["--join", "PROV_261FCC"], &NO_INTERFACE, more].concat();
        let failed = landfall(&words);
        assert_problem(&failed, "wifi-no-adapter", 3);
        assert!(failed.stderr.contains("nowhere0"), "{}", failed.stderr);
    }
}

#[test]
fn the_name_comes_from_the_label_where_there_is_one() {
    let label = r#"{"ver":"v1","name":"PROV_261FCC","pop":"abcd1234","transport":"ble","password":"too short"}"#;
    let scan = |label: &str| landfall(&[&["scan", "--qr", label, "--join"][..], &NO_INTERFACE].concat());
    assert_problem(&scan(label), "wifi-no-adapter", 3);
    let short = scan(&label.replace("too short", "short"));
    assert_problem(&short, "bad-argument", 2);
    assert!(short.stderr.contains("the key of an access point"), "{}", short.stderr);
    let nameless = scan(r#"{"ver":"v1","pop":"abcd1234","transport":"softap"}"#);
    assert_problem(&nameless, "answer-missing", 2);
}

#[test]
fn what_cannot_be_an_access_point_is_refused() {
    let info = |words: &[&str]| landfall(&[&["info"], words, &NO_INTERFACE].concat());
    assert_problem(&info(&["--join"]), "answer-missing", 2);
    assert_problem(&info(&["--join", "x".repeat(33).as_str()]), "bad-argument", 2);
    assert_problem(&info(&["--join", "PROV_1", "--transport", "ble"]), "bad-argument", 2);
    for wrong in [
        &["--join", "PROV_1", "--service-key", "short"][..],
        &[
            "--join",
            "PROV_1",
            "--service-key",
            "0123456789012345678901234567890123456789012345678901234567890123",
        ],
    ] {
        assert_problem(&info(wrong), "bad-argument", 2);
    }
    for wrong in [
        &["--join", "x", "--port", "/dev/null"][..],
        &["--join", "x", "--device", "y"],
    ] {
        assert_eq!(info(wrong).code, 2, "{wrong:?}");
    }
}
