//! No secret is ever printed: not by the client, not by the device, not in an error.

use std::fs;

use crate::support::{Device, ESP_PROV, Finished, LANDFALL, command, run, with_input};

const PASSWORD: &str = "sesame-PWD-4711";
const PASSPHRASE: &str = "hush-PSK-0815";

#[track_caller]
fn assert_silent(what: &str, text: &str) {
    for secret in [PASSWORD, PASSPHRASE] {
        assert!(!text.contains(secret), "{what} prints {secret}:\n{text}");
    }
}

#[track_caller]
fn assert_kept(what: &str, finished: &Finished) {
    assert_silent(what, &finished.stdout);
    assert_silent(what, &finished.stderr);
}

#[test]
fn flags_files_variables_and_pipes_all_keep_their_secret() {
    let device = Device::start(&["-v", "--attempts", "1", "--password", PASSWORD]);
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("secret");
    fs::write(&file, format!("{PASSWORD}\n")).expect("it can be written");
    let file = file.to_str().expect("text");
    let common = ["provision", "-v", "--host", &device.host, "--ssid", "myssid"];

    let by_flag = [&common[..], &["--password", PASSWORD, "--passphrase", PASSPHRASE]].concat();
    let by_file = [
        &common[..],
        &["--password-file", file, "--passphrase", PASSPHRASE, "--json"],
    ]
    .concat();
    let by_pipe = [&common[..], &["--password-file", file, "--passphrase-file", "-"]].concat();
    let mut by_variable = command(LANDFALL, &common);
    by_variable
        .env("LANDFALL_PASSWORD", PASSWORD)
        .env("LANDFALL_PASSPHRASE", PASSPHRASE);
    for (how, finished) in [
        ("a flag", run(command(LANDFALL, &by_flag))),
        ("a file", run(command(LANDFALL, &by_file))),
        ("a pipe", with_input(command(LANDFALL, &by_pipe), PASSPHRASE)),
        ("a variable", run(by_variable)),
    ] {
        // The passphrase is wrong in this world: that it was tried shows that both secrets arrived.
        assert_eq!(finished.code, 5, "{how}: {}", finished.stderr);
        assert_kept(how, &finished);
    }
    assert_silent("the device", &device.log());
    assert!(device.log().contains("Password : ********"));
}

#[test]
fn esp_prov_shows_no_secret_even_when_it_tells_more() {
    for scheme in ["1", "2"] {
        let own: &[&str] = if scheme == "1" {
            &["--pop", PASSWORD]
        } else {
            &["--password", PASSWORD]
        };
        // A device that counts its attempts has failed for good, which is told at once.
        let device = Device::start(&[&["--sec-ver", scheme, "--attempts", "3"], own].concat());
        let args = [
            "-v",
            "--pop",
            PASSWORD,
            "--sec2_username",
            "wifiprov",
            "--sec2_pwd",
            PASSWORD,
            "--ssid",
            "myssid",
            "--passphrase",
            PASSPHRASE,
        ];
        let finished = device.esp_prov(&args, "");
        assert_eq!(finished.code, 1, "{}", finished.stderr);
        assert!(
            finished.stdout.contains("++++ Client Public Key:\t0x"),
            "{}",
            finished.stdout
        );
        assert_kept("esp-prov", &finished);
    }
}

#[test]
fn errors_do_not_repeat_secrets() {
    let qr = format!("{{\"pop\":\"{PASSWORD}\"");
    for args in [
        &["scan", "--host", "127.0.0.1:1", "--password", PASSWORD][..],
        &["scan", "--qr", &qr],
        &["scan", "--pop", PASSWORD, "--pop-file", "x"],
        &[
            "simulate",
            "--sec-ver",
            "1",
            "--password",
            PASSWORD,
            "--world",
            "/nonexistent",
        ],
        &["simulate", "--salt", "00", "--verifier", PASSWORD],
        &["credentials", "--username", "zoë", "--password", PASSWORD],
    ] {
        let failed = run(command(LANDFALL, args));
        assert_ne!(failed.code, 0, "{args:?}");
        assert_kept("an error", &failed);
    }
    let failed = run(command(ESP_PROV, &["--transport", "x", "--pop", PASSWORD]));
    assert_kept("an error of esp-prov", &failed);
}
