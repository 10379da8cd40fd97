//! The commands that play a device.

use core::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum, value_parser};

use super::secret::{PasswordArgs, PopArgs};
use crate::secrets::Hidden;

/// Shows a simulated device being brought onto a network
#[derive(Args)]
#[command(
    after_help = "Examples:\n  landfall demo\n  landfall demo --fail wrong-password\n  landfall demo --sec-ver 1"
)]
pub(crate) struct Demo {
    /// Make the first try fail like this, then a second one succeed
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) fail: Option<FailFirst>,
    /// Security scheme of the device
    #[arg(long, value_name = "0|1|2", default_value_t = 2, value_parser = value_parser!(u8).range(0..=2))]
    pub(crate) sec_ver: u8,
}

/// How the demo's first try fails.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailFirst {
    /// The passphrase is wrong
    WrongPassword,
    /// No network has that name
    NotFound,
}

/// Plays a device without a network, for any client to provision
///
/// Without a secret the device takes the development credentials of Espressif's examples: proof of possession
/// abcd1234, or user name wifiprov with password abcd1234.
#[derive(Args)]
#[command(after_help = "\
Examples:
  landfall simulate
  landfall simulate --sec-ver 1 --pop abcd1234 --listen 0.0.0.0:8080
  landfall simulate --state ./device --world office.toml
  landfall provision --host 127.0.0.1:8080 --password abcd1234 --ssid myssid --passphrase mypassword")]
pub(crate) struct Simulate {
    /// Where to serve HTTP
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// Name of the device [default: PROV_ and six random hex digits]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The networks around the device, as TOML [default: a built-in world with `myssid`]
    #[arg(long, value_name = "FILE")]
    pub(crate) world: Option<PathBuf>,
    /// Where to keep the credentials [default: in memory only]
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// Forget the kept credentials first
    #[arg(long)]
    pub(crate) erase: bool,
    /// Attempts to join before credentials are given up
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = value_parser!(u8).range(1..))]
    pub(crate) attempts: u8,
    /// Stay in service after success, so that clients can provision again
    #[arg(long)]
    pub(crate) no_auto_stop: bool,
    /// Which of Espressif's components to be
    #[arg(long, value_enum, default_value_t = DeviceGeneration::Wifi)]
    pub(crate) generation: DeviceGeneration,
    /// End when provisioning has ended
    #[arg(long)]
    pub(crate) once: bool,
    #[command(flatten)]
    pub(crate) secret: DeviceSecret,
}

/// What the device asks of its clients.
#[derive(Args)]
#[command(next_help_heading = "Security")]
pub(crate) struct DeviceSecret {
    /// Security scheme [default: 1 with a proof of possession, else 2]
    #[arg(long, value_name = "0|1|2", value_parser = value_parser!(u8).range(0..=2))]
    pub(crate) sec_ver: Option<u8>,
    #[command(flatten)]
    pub(crate) pop: PopArgs,
    /// User name, for security 2
    #[arg(
        long,
        value_name = "NAME",
        env = "LANDFALL_USERNAME",
        hide_env_values = true,
        default_value = "wifiprov"
    )]
    pub(crate) username: String,
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
    /// Salt in hex, for security 2 without a password; see `landfall credentials`
    #[arg(long, value_name = "HEX", requires = "verifier", conflicts_with_all = ["password", "password_file"])]
    pub(crate) salt: Option<String>,
    /// Verifier in hex, or a file that holds it in hex
    #[arg(long, value_name = "HEX|FILE", requires = "salt")]
    pub(crate) verifier: Option<Hidden>,
    /// Put the given password into the QR code
    #[arg(long)]
    pub(crate) qr_password: bool,
    /// Reuse security 2's nonce as firmware of 2022 did, for clients of 2022. Insecure
    #[arg(long)]
    pub(crate) insecure_static_nonce: bool,
}

/// Which of Espressif's components a device claims to be.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeviceGeneration {
    /// wifi_provisioning, of ESP-IDF up to v5.5
    Wifi,
    /// network_provisioning, its successor
    Network,
}
