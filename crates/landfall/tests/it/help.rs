//! The help texts are the reference, so they are kept whole.

use crate::support::{ESP_PROV, command, landfall, run};

const COMMANDS: [&str; 19] = [
    "discover",
    "demo",
    "simulate",
    "device",
    "device run",
    "device status",
    "device open",
    "device reset",
    "provision",
    "info",
    "scan",
    "send",
    "reset",
    "reprovision",
    "credentials",
    "qr",
    "factory",
    "completions",
    "man",
];

#[test]
fn the_help_of_landfall_names_its_commands_and_exit_codes() {
    insta::assert_snapshot!(landfall(&["--help"]).redacted());
}

#[test]
fn every_command_explains_itself() {
    let all: String = COMMANDS
        .iter()
        .map(|name| {
            let words: Vec<_> = name.split(' ').chain(["--help"]).collect();
            format!("##### {name}\n{}\n", landfall(&words).redacted())
        })
        .collect();
    insta::assert_snapshot!(all);
}

#[test]
fn the_help_of_esp_prov_names_every_flag_of_the_original() {
    let help = run(command(ESP_PROV, &["-h"]));
    for flag in [
        "--transport",
        "--service_name",
        "--proto_ver",
        "--sec_ver",
        "--pop",
        "--sec2_username",
        "--sec2_pwd",
        "--sec2_gen_cred",
        "--sec2_salt_len",
        "--ssid",
        "--passphrase",
        "--custom_data",
        "--reset",
        "--reprov",
        "--verbose",
        "--dataset_tlvs",
        "--ble_adapter",
    ] {
        assert!(help.stdout.contains(flag), "{flag} is missing");
    }
    insta::assert_snapshot!(help.redacted());
}

#[test]
fn without_a_command_the_help_is_a_usage_error() {
    assert_eq!(landfall(&[]).code, 2);
}
