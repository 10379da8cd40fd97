//! `esp-prov` prints what `esp_prov.py` prints.

use std::net::TcpListener;

use crate::support::{Device, ESP_PROV, Finished, command, run, with_input};

const USER: [&str; 4] = ["--sec2_username", "wifiprov", "--sec2_pwd", "abcd1234"];

fn esp_prov(args: &[&str]) -> Finished {
    run(command(ESP_PROV, args))
}

#[test]
fn a_whole_session_reads_like_the_original_s() {
    let device = Device::start(&["--sec-ver", "1"]);
    let args = ["--custom_data", "hello", "--proto_ver", "V1.1"];
    // Proof of possession, a wrong number, another scan, the network, its passphrase: asked for in this order.
    let finished = device.esp_prov(&args, "abcd1234\n9\n0\n2\nmypassword\n");
    device.wait_for("Received data: hello");
    insta::assert_snapshot!(finished.redacted());
}

#[test]
fn with_everything_given_nothing_is_asked() {
    let device = Device::start(&["--generation", "network"]);
    let finished = device.esp_prov(
        &[&USER[..], &["--ssid", "myssid", "--passphrase", "mypassword"]].concat(),
        "",
    );
    insta::assert_snapshot!(finished.redacted());
}

#[test]
fn user_and_password_are_asked_for_in_a_pipe() {
    let device = Device::start(&[]);
    let finished = device.esp_prov(
        &["--sec_ver", "2", "--ssid", "InsecureWiFiAP", "--passphrase", ""],
        "wifiprov\nabcd1234\n",
    );
    insta::assert_snapshot!(finished.redacted());
}

#[test]
fn a_wrong_passphrase_is_a_failure_and_its_old_code_can_be_had() {
    let device = Device::start(&["--attempts", "1"]);
    let args = [&USER[..], &["--ssid", "myssid", "--passphrase", "wrong"]].concat();
    // A device with one attempt never says how many are left, so it is asked for as long as the original asks.
    insta::assert_snapshot!(device.esp_prov(&args, "").redacted());

    let device = Device::start(&["--attempts", "3"]);
    let all = [&["--transport", "httpd", "--service_name", &device.host], &args[..]].concat();
    let mut old = command(ESP_PROV, &all);
    old.env("ESP_PROV_COMPAT_EXIT", "0");
    let old = with_input(old, "");
    assert_eq!(old.code, 0);
    assert!(
        old.stdout.ends_with("---- Provisioning failed! ----\n"),
        "{}",
        old.stdout
    );
}

#[test]
fn failed_attempts_are_told_as_the_original_tells_them() {
    for (generation, word) in [
        ("wifi", "\nsta_state: Connecting\n"),
        ("network", "\nwifi_sta_state: Connecting\n"),
    ] {
        let device = Device::start(&["--attempts", "3", "--generation", generation]);
        let finished = device.esp_prov(&[&USER[..], &["--ssid", "nosuch", "--passphrase", ""]].concat(), "");
        assert!(finished.stdout.contains(word), "{}", finished.stdout);
        assert!(
            finished
                .stdout
                .contains("attempt_failed {\n  attempts_remaining: 2\n}\n\n"),
            "{}",
            finished.stdout
        );
        assert!(
            finished.stdout.contains("---- Failure reason: Incorrect SSID ----"),
            "{}",
            finished.stdout
        );
    }
}

#[test]
fn a_wrong_secret_is_told_and_ends_with_1() {
    let device = Device::start(&["--sec-ver", "1"]);
    insta::assert_snapshot!(device.esp_prov(&["--pop", "wrong"], "").redacted());
}

#[test]
fn a_scheme_the_device_does_not_speak_ends_with_1() {
    let device = Device::start(&["--sec-ver", "1"]);
    let finished = device.esp_prov(&[&["--sec_ver", "2"], &USER[..]].concat(), "");
    finished.assert_raised("RuntimeError: Error in establishing session");
    let finished = device.esp_prov(&["--sec_ver", "7"], "");
    finished.assert_raised("ValueError: Invalid Security Version");
}

#[test]
fn a_version_that_does_not_match_ends_with_1() {
    let device = Device::start(&["--sec-ver", "0"]);
    let finished = device.esp_prov(&["--proto_ver", "v9"], "");
    finished.assert_raised("RuntimeError: Error in protocol version matching");
}

#[test]
fn a_device_that_is_not_there_ends_with_1() {
    let address = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("it has one")
        .to_string();
    insta::assert_snapshot!(esp_prov(&["--transport", "softap", "--service_name", &address]).redacted());
}

#[test]
fn a_transport_that_does_not_exist_ends_with_1() {
    let finished = esp_prov(&["--transport", "pigeon"]);
    finished.assert_raised("RuntimeError: Failed to establish connection");
    assert!(finished.stderr.ends_with("takes softap, httpd, ble or console\n"));
}

#[test]
fn a_name_without_an_address_ends_with_1() {
    let finished = esp_prov(&["--transport", "SoftAP", "--service_name", "no.such.host.invalid:80"]);
    assert_eq!(
        (finished.code, finished.stdout.as_str()),
        (1, "Unable to resolve hostname: no.such.host.invalid:80\n")
    );
}

#[test]
fn control_commands_end_with_0_even_when_refused() {
    let device = Device::start(&["--sec-ver", "0"]);
    let refused = device.esp_prov(&["--reprov"], "");
    assert_eq!(refused.code, 0);
    assert!(
        refused.stdout.ends_with("==== Reprovisioning WiFi====\n\n"),
        "{}",
        refused.stdout
    );
    let both = device.esp_prov(&["--reprov", "--reset"], "");
    assert_eq!(both.code, 0);
    assert!(both.stdout.contains("==== Resetting WiFi====\n"), "{}", both.stdout);
}

#[test]
fn a_proof_of_possession_that_is_not_needed_is_ignored() {
    let device = Device::start(&["--sec-ver", "1", "--pop", ""]);
    let finished = device.esp_prov(&["--pop", "x", "--reset"], "");
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    assert!(finished.stdout.contains("Proof of Possession will be ignored\n"));
}

#[test]
fn flags_can_be_shortened_and_given_twice_as_in_python() {
    let device = Device::start(&["--sec-ver", "0"]);
    let finished = esp_prov(&[
        "--trans=softap",
        "--service",
        "127.0.0.1:1",
        "--service_n",
        &device.host,
        "--ss",
        "myssid",
        "--pass",
        "mypassword",
    ]);
    assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);
}

#[test]
fn a_bad_command_line_ends_with_2() {
    for args in [
        &[][..],
        &["--transport"],
        &["--transport", "softap", "--nosuch"],
        &["--transport", "softap", "--sec_ver", "x"],
    ] {
        assert_eq!(esp_prov(args).code, 2, "{args:?}");
    }
}

#[test]
fn salt_and_verifier_come_as_the_original_prints_them() {
    let finished = esp_prov(
        &[
            &["--transport", "softap", "--sec_ver", "2", "--sec2_gen_cred"],
            &USER[..],
        ]
        .concat(),
    );
    assert_eq!((finished.code, finished.stderr.as_str()), (0, ""));
    let lines: Vec<&str> = finished.stdout.split('\n').collect();
    assert_eq!(
        lines[..2],
        [
            "==== Salt-verifier for security scheme 2 (SRP6a) ====",
            "static const char sec2_salt[] = {"
        ]
    );
    assert_eq!(lines[3..6], ["};", "", "static const char sec2_verifier[] = {"]);
    assert!(lines[6].ends_with(", "), "a blank ends every line but the last");
    assert!(finished.stdout.ends_with("\n};\n\n"));
}

#[test]
fn salt_and_verifier_need_a_user_and_a_password() {
    let finished = esp_prov(&["--transport", "softap", "--sec_ver", "2", "--sec2_gen_cred"]);
    finished.assert_raised("ValueError: Username/password cannot be empty for security scheme 2 (SRP6a)");
}

#[test]
fn a_salt_has_the_length_asked_for_or_there_is_none() {
    let salted = |length: &str| {
        let generate = [
            "--transport",
            "softap",
            "--sec_ver",
            "2",
            "--sec2_gen_cred",
            "--sec2_salt_len",
            length,
        ];
        esp_prov(&[&generate[..], &USER].concat())
    };
    for length in [1, 16, 64] {
        let finished = salted(&length.to_string());
        let (salt, _) = finished.stdout.split_once("};").expect("two arrays");
        assert_eq!((finished.code, salt.matches("0x").count()), (0, length));
    }
    for length in ["0", "-1", "65"] {
        salted(length).assert_raised("ValueError: the salt must have 1 to 64 bytes");
    }
    assert_eq!(salted("many").code, 2);
}

#[test]
fn a_secret_may_be_a_number_below_zero_as_in_python() {
    let device = Device::start(&["--sec-ver", "1", "--pop=-12345"]);
    let finished = device.esp_prov(&["--pop", "-12345", "--reset"], "");
    assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);
}

#[test]
fn verbose_lines_show_what_travels_and_no_secret() {
    let device = Device::start(&["--sec-ver", "1"]);
    let args = [
        "-v",
        "--pop",
        "abcd1234",
        "--ssid",
        "myssid",
        "--passphrase",
        "mypassword",
    ];
    let finished = device.esp_prov(&args, "");
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    let lines = &finished.stdout;
    assert_eq!(lines.matches("proto-ver response :  {\n").count(), 1, "{lines}");
    let with_tabs = "{\n\t\"prov\":\t{\n\t\t\"ver\":\t\"v1.1\",\n";
    assert!(lines.contains(with_tabs), "{lines}");
    for value in [
        "Client Public Key",
        "Device Public Key",
        "Device Random",
        "Client Verify",
        "Device Verify",
    ] {
        let line = format!("\n\x1b[32;20m++++ {value}:\t0x");
        assert_eq!(lines.matches(&line).count(), 1, "{value}: {lines}");
    }
    for request in ["SetConfig cmd", "ApplyConfig cmd", "Encrypted CmdGetStatus"] {
        assert!(
            lines.contains(&format!("\n++++ Client -> Device ({request}): 0x")),
            "{request}: {lines}"
        );
    }
}

#[test]
fn verbose_lines_leave_out_a_passphrase_that_travels_in_the_clear() {
    let device = Device::start(&["--sec-ver", "0"]);
    let finished = device.esp_prov(&["-v", "--ssid", "myssid", "--passphrase", "mypassword"], "");
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    assert!(!finished.stdout.contains("SetConfig"), "{}", finished.stdout);
    assert!(
        finished
            .stdout
            .contains("++++ Client -> Device (ApplyConfig cmd): 0x0804 ++++\n")
    );
}

#[test]
fn hidden_questions_go_to_standard_error_where_there_is_no_terminal() {
    let device = Device::start(&["--sec-ver", "1"]);
    let finished = device.esp_prov(&["--reset"], "abcd1234\n");
    assert_eq!(
        (finished.code, finished.stderr.as_str()),
        (0, "Proof of Possession required: \n")
    );
    assert!(!finished.stdout.contains("Proof"), "{}", finished.stdout);
}

#[test]
fn input_that_ends_too_early_ends_with_1() {
    let device = Device::start(&["--sec-ver", "0"]);
    let finished = device.esp_prov(&["--ssid", "myssid"], "");
    finished.assert_raised("Enter passphrase for myssid : \nEOFError: EOF when reading a line");
}
