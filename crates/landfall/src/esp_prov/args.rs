//! The flags of `esp_prov.py` (spec esp_prov.md 1).

use clap::Parser;

use crate::secrets::Hidden;

/// Provisions devices that speak protocomm, with the flags of Espressif's esp_prov.py
#[derive(Parser)]
#[command(
    name = "esp-prov",
    infer_long_args = true,
    args_override_self = true,
    // As in Python: a secret may be a number below zero.
    allow_negative_numbers = true,
    disable_version_flag = true,
    after_help = "\
Exit codes:
  0  done
  1  failed, also where the device did not join its network
     (with ESP_PROV_COMPAT_EXIT=0 in the environment that is 0, as in esp_prov.py)
  2  the command line is wrong

With LANDFALL_HCI in the environment, --transport ble uses that Bluetooth controller (tcp:HOST:PORT, or a serial port)
instead of the system's Bluetooth.

`landfall provision` does the same for people, and tells more."
)]
pub(crate) struct Args {
    /// Way to the device: softap or httpd, ble, console (with the last you carry the data by hand)
    #[arg(long = "transport", value_name = "MODE")]
    pub(super) transport: String,
    /// HTTP: host or host:port of the device, 192.168.4.1:80 by default; BLE: its name [default: scan and choose]
    #[arg(long = "service_name", value_name = "NAME")]
    pub(super) service_name: Option<String>,
    /// Protocol version to check for
    #[arg(
        long = "proto_ver",
        value_name = "VER",
        default_value = "",
        hide_default_value = true
    )]
    pub(super) proto_ver: String,
    /// Security scheme: 0, 1 or 2 [default: what the device says]
    #[arg(long = "sec_ver", value_name = "N")]
    pub(super) sec_ver: Option<i64>,
    /// Proof of possession, for security 1
    #[arg(long = "pop", value_name = "POP", default_value = "", hide_default_value = true)]
    pub(super) pop: Hidden,
    /// User name, for security 2
    #[arg(
        long = "sec2_username",
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    pub(super) sec2_username: String,
    /// Password, for security 2
    #[arg(
        long = "sec2_pwd",
        value_name = "PASSWORD",
        default_value = "",
        hide_default_value = true
    )]
    pub(super) sec2_pwd: Hidden,
    /// Print salt and verifier for security 2, and nothing else; needs --sec_ver 2
    #[arg(long = "sec2_gen_cred")]
    pub(super) sec2_gen_cred: bool,
    /// Length of that salt, in bytes
    #[arg(long = "sec2_salt_len", value_name = "N", default_value_t = 16)]
    pub(super) sec2_salt_len: i64,
    /// Name of the network [default: scan and choose]
    #[arg(long = "ssid", value_name = "SSID", default_value = "", hide_default_value = true)]
    pub(super) ssid: String,
    /// Passphrase of the network, '' for an open one [default: ask]
    #[arg(long = "passphrase", value_name = "PASSPHRASE")]
    pub(super) passphrase: Option<Hidden>,
    /// Text to send to the endpoint custom-data first
    #[arg(
        long = "custom_data",
        value_name = "DATA",
        default_value = "",
        hide_default_value = true
    )]
    pub(super) custom_data: String,
    /// Have the device accept new credentials after a failure, and nothing else
    #[arg(long = "reset")]
    pub(super) reset: bool,
    /// Have the device leave its network and accept new credentials, and nothing else
    #[arg(long = "reprov")]
    pub(super) reprov: bool,
    /// Tell more
    #[arg(short = 'v', long = "verbose")]
    pub(super) verbose: bool,
    /// Dataset of the Thread network, in hex [default: scan and choose]
    #[arg(long = "dataset_tlvs", value_name = "HEX")]
    pub(super) dataset_tlvs: Option<Hidden>,
    /// Bluetooth adapter [default: hci0, or another that is on]
    #[arg(long = "ble_adapter", value_name = "ADAPTER")]
    pub(super) ble_adapter: Option<String>,
}
